"""Reads for onboarding: an application's events and account, invites with their uses, partners as upstreams."""

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.errors import NotFound
from core.events.log import Event
from core.i18n import N_
from core.permissions import Permission
from models.accounts.users import User, UserStatus
from models.partners.applications import Application
from models.partners.invites import Invite
from models.partners.partners import Partner, PartnerStatus
from models.partners.tiers import TIERS


def application_numbered(session: Session, number: str) -> Application:
    """Return an application that is known to exist."""
    return session.scalars(select(Application).where(Application.number == number)).one()


def applications_of_partner(session: Session, partner_id: int | None, limit: int) -> list[Application]:
    """Return the applications that a partner row stands for, the latest first."""
    query = select(Application).where(Application.partner_id == partner_id)
    return list(session.scalars(query.order_by(Application.id.desc()).limit(limit)))


def application_events(session: Session, number: str, limit: int) -> list[Event]:
    """Return the latest events of an application, oldest first."""
    query = select(Event).where(Event.subject == "applications", Event.subject_key == number)
    return list(session.scalars(query.order_by(Event.id.desc()).limit(limit)).all()[::-1])


def owner_account_status(session: Session, application: Application) -> str:
    """Return the status of the account that an approved applicant signs in with, "" for none."""
    if application.partner_id is None or application.email is None:
        return ""
    query = select(User.status).where(User.email == application.email, User.partner_id == application.partner_id)
    status = session.scalar(query)
    return UserStatus(status).value if status else ""


def possible_upstreams(session: Session, tier: str, text: str, limit: int) -> list[tuple[str, str, str]]:
    """Return (code, name, tier) of active partners under whom a tier may stand and that a text may mean."""
    allowed = TIERS[tier].upstreams if tier in TIERS else frozenset()
    query = select(Partner.code, Partner.name, Partner.tier).where(
        Partner.status == PartnerStatus.ACTIVE.value, Partner.tier.in_(sorted(allowed))
    )
    if text:
        query = query.where(
            or_(Partner.code.icontains(text, autoescape=True), Partner.name.icontains(text, autoescape=True))
        )
    rows = session.execute(query.order_by(Partner.name, Partner.code).limit(limit))
    return [(code, name, its_tier) for code, name, its_tier in rows]


def invite_with_uses(session: Session, code: str, limit: int) -> tuple[Invite, str, list[tuple[str, str, str]]]:
    """Return an invite, the name of who invites, and (number, name, status) of those who used it, the latest first.

    Raises:
        NotPermitted: The actor may not make invites.
        NotFound: ``invites.unknown``.
    """
    actor_of(session).require(Permission.INVITE_EDIT)
    invite = session.scalar(select(Invite).where(Invite.code == code))
    if invite is None:
        raise NotFound("invites.unknown", N_("There is no invite with this code. Look at it again, letter by letter."))
    partner = session.get(Partner, invite.partner_id) if invite.partner_id else None
    query = select(Application.number, Application.name, Application.status).where(Application.invite_id == invite.id)
    used = session.execute(query.order_by(Application.id.desc()).limit(limit))
    return invite, partner.name if partner else "", [(number, name or "", status) for number, name, status in used]
