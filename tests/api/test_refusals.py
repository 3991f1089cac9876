"""A request beyond the rights of its key is recorded in the audit log, once."""

import pytest
from sqlalchemy import select

from core.database.sessions import reading
from core.events.log import Event
from services.accounts import denials
from tests.conftest import ADMIN, HUADONG_CLERK


@pytest.fixture(autouse=True)
def nobody_was_refused_before(monkeypatch):
    monkeypatch.setattr(denials, "_known", {})


def test_a_refused_program_is_recorded_once(programs):
    statuses = [programs.get(HUADONG_CLERK, path).status_code for path in ("/users", "/users/x@example.com", "/tokens")]

    with reading(ADMIN) as session:
        denials = session.scalars(select(Event).where(Event.action == "access.refused").order_by(Event.id)).all()
    assert statuses == [403] * 3
    assert [(one.person, one.subject_key, one.data["route"]) for one in denials] == [
        (HUADONG_CLERK.person, "user.view", "/api/v1/users"),
        (HUADONG_CLERK.person, "token.edit", "/api/v1/tokens"),
    ]
