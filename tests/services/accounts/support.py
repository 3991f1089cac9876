"""Helpers of the tests of sign-in, second factor and sessions."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from core.clock import freeze
from core.database.sessions import reading, transact, unit_of_work
from core.errors import DomainError
from core.events.log import Event
from services.accounts.administration import reset_password
from services.accounts.sessions import AUTHENTICATION, Browser, SessionUser, SignInNeeded, find_session_user
from services.accounts.sign_in import Entry, sign_in
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_CLERK, LING, MEI, WEI

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
PASSWORD = "purple kettle sings at dawn"


def give_passwords() -> None:
    """Let the cast sign in."""
    for actor in (LING, WEI, MEI, HUADONG_CLERK, BEIFANG_CLERK):
        transact(ADMIN, lambda session, email=actor.person: reset_password(session, email, PASSWORD))


def try_sign_in(
    email: str = LING.person, password: str = PASSWORD, address: str = "198.51.100.7", **more: str
) -> Entry:
    return sign_in(email, password, Browser(address, "Firefox"), **more)


def session_user(token: str) -> SessionUser:
    with reading(AUTHENTICATION) as session:
        return find_session_user(session, token)


def session_problem(token: str) -> str:
    """Return the code of why a session does not hold any more."""
    with pytest.raises(SignInNeeded) as refused:
        session_user(token)
    return refused.value.code


def events(action: str) -> list[Event]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(Event).where(Event.action == action).order_by(Event.id)))


def change(model, key, value, **values) -> None:
    """Change one row behind everybody's back."""
    with unit_of_work(ADMIN) as session:
        row = session.scalars(select(model).where(key == value)).one()
        for name, new in values.items():
            setattr(row, name, new)


def guess_password(times: int, *, at: datetime, email: str = LING.person, **more: str) -> list[str]:
    """Return the code of each refusal; each guess comes from an address of its own."""
    codes = []
    for number in range(times):
        with freeze(at), pytest.raises(DomainError) as refused:
            try_sign_in(email, "wrong wrong wrong wrong", f"203.0.113.{number}", **more)
        codes.append(refused.value.code)
    return codes
