"""What tests of onboarding share: an applicant who fills in the form, and those who answer."""

from collections.abc import Mapping
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import func, select

from core.access import Actor
from core.database.sessions import reading, transact
from core.errors import DomainError
from core.events.log import Event
from models.partners.applications import Application
from models.partners.invites import Invite
from models.partners.partners import Partner
from services.applications.applicant import attach_licence, begin_application, save_draft, submit_application
from services.applications.approval import approve_application, confirm_application
from services.applications.invites import InviteDraft, make_invite
from services.applications.states import reception
from services.files.pictures import take_picture
from tests.conftest import ADMIN, HUADONG_OWNER, LING

APPLICANT = reception("王磊", "en")
COMPANY: dict[str, str] = {
    "tier": "dealer",
    "region": "苏州市姑苏区",
    "name": "姑苏恒源商贸有限公司",
    "uscc": "91350100M000100Y43",
    "address": "观前街 1 号",
    "contact": "王磊",
    "phone": "138 0013 8000",
    "email": "Wang@Example.com",
}
PERSON: dict[str, str] = {
    "tier": "micro_merchant",
    "region": "320508",
    "name": "小李的店",
    "contact": "李敏",
    "phone": "13900139000",
    "email": "limin@example.com",
}


@cache
def licence_bytes() -> bytes:
    """Return a small picture that could be a licence."""
    target = BytesIO()
    Image.linear_gradient("L").convert("RGB").save(target, "JPEG")
    return target.getvalue()


def act(actor: Actor, service: Any, *arguments: Any, **named: Any) -> Any:
    """Run a service in a unit of work of its own, as a click does."""
    return transact(actor, lambda session: service(session, *arguments, **named))


def refused(code: str, actor: Actor, service: Any, *arguments: Any, **named: Any) -> DomainError:
    """Run a service that must refuse with ``code``; return the error."""
    with pytest.raises(DomainError) as caught:
        act(actor, service, *arguments, **named)
    assert caught.value.code == code
    return caught.value


def invite(actor: Actor = HUADONG_OWNER, tiers: tuple[str, ...] = ("dealer",), **named: Any) -> Invite:
    """Make an invite of Huadong's for dealers, unless said otherwise."""
    return act(actor, make_invite, InviteDraft(tiers=tiers, **named))


def begun(stated: Mapping[str, str] = COMPANY, **more: str) -> str:
    """Return the number of a draft with everything stated, a licence too."""
    number = act(APPLICANT, begin_application, {"tier": stated["tier"]}).number
    act(APPLICANT, save_draft, number, {**stated, **more}, 3)
    reference, _picture = take_picture(licence_bytes())
    act(APPLICANT, attach_licence, number, reference)
    return str(number)


def submitted(stated: Mapping[str, str] = COMPANY, **more: str) -> str:
    """Return the number of an application that was submitted."""
    number = begun(stated, **more)
    act(APPLICANT, submit_application, number, consent=True)
    return number


def invited(stated: Mapping[str, str] = COMPANY, **more: str) -> str:
    """Return the number of one that was submitted with an invite of Huadong's, whose word it waits for."""
    return submitted(stated, invite=invite(tiers=(stated["tier"],)).code, **more)


def confirmed(stated: Mapping[str, str] = COMPANY) -> str:
    """Return the number of one that Huadong confirmed and that waits for the brand."""
    number = invited(stated)
    act(HUADONG_OWNER, confirm_application, number)
    return number


def approved(stated: Mapping[str, str] = COMPANY) -> str:
    """Return the number of one that was approved."""
    number = confirmed(stated)
    act(LING, approve_application, number)
    return number


def stored(number: str) -> Application:
    """Return an application as it is."""
    with reading(ADMIN) as session:
        return session.scalars(select(Application).where(Application.number == number)).one()


def number_of(email: str) -> str:
    """Return the number of the application that states an address."""
    with reading(ADMIN) as session:
        return session.scalars(select(Application.number).where(Application.email == email)).one()


def partner_of(number: str) -> Partner:
    """Return the partner row that stands for an applicant."""
    with reading(ADMIN) as session:
        return session.get_one(Partner, stored(number).partner_id)


def told(number: str) -> list[str]:
    """Return what happened to an application, in order."""
    with reading(ADMIN) as session:
        query = select(Event.action).where(Event.subject == "applications", Event.subject_key == number)
        return [action.removeprefix("application.") for action in session.scalars(query.order_by(Event.id))]


def rows(model: Any) -> int:
    """Return how many rows a table has."""
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0
