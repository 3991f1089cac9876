"""Queries of the applicant's pages: the application, its inviter, and proposed upstreams."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.i18n import _
from models.partners.applications import Application
from models.partners.invites import Invite
from models.partners.partners import Partner
from models.partners.tiers import TIERS
from pages.applications.timeline import StoryLine, story_of
from services.applications.applicant import number_held
from services.applications.invites import find_invite, plain_code
from services.applications.queries import application_numbered, owner_account_status
from services.applications.upstreams import city_name, proposed_upstreams


@dataclass(frozen=True, slots=True)
class Inviter:
    """The inviter, as far as an applicant may know.

    Attributes:
        code: Of the invite, "" without one.
        by: The partner, or the brand, that becomes the upstream.
        is_assigned: Whether the brand chose that upstream, without an invite.
    """

    code: str
    by: str
    tiers: tuple[str, ...]
    is_assigned: bool = False


@dataclass(frozen=True, slots=True)
class ApplicantView:
    """An application as its applicant sees it.

    Attributes:
        upstream: Name of the partner it names as upstream; "" for none.
        account: "invited" while the owner's account waits for its password, "active" afterwards; "" before.
    """

    application: Application
    upstream: str
    account: str
    story: Sequence[StoryLine]


def read_inviter(session: Session, code: str) -> Inviter:
    """Return the inviter of a code. Raises as ``find_invite``."""
    return _invited(session, find_invite(session, code))


def read_fixed_upstream(session: Session, application: Application) -> Inviter | None:
    """Return the upstream of a resumed application if it is fixed, by the brand or by its invite.

    Raises:
        DomainError: The invite of a draft that was never submitted cannot be used any more, see ``find_invite``.
    """
    if "assigned" in application.stated:
        tiers = tuple(TIERS)
        return Inviter("", _under(session, application.upstream_id), tiers, is_assigned=True)
    code = plain_code(str(application.stated.get("invite", "")))
    if application.invite_id is not None and application.stated.get("used") == code:
        return _invited(session, session.get_one(Invite, application.invite_id))
    return read_inviter(session, code) if code else None


def read_proposals(session: Session, tier: str, region_code: str) -> dict[str, str]:
    """Return code → label of partners that may be chosen as upstream."""
    found = proposed_upstreams(session, tier, region_code)
    return {
        one.code: " · ".join(part for part in (one.name, _(TIERS[one.tier].label), one.city) if part) for one in found
    }


def read_application(session: Session, token: str) -> ApplicantView:
    """Return the application of a link. Raises ``NotFound`` ``applications.link_not_valid``."""
    number = number_held(session, token)
    application = application_numbered(session, number)
    upstream = session.get(Partner, application.upstream_id) if application.upstream_id else None
    account = owner_account_status(session, application)
    return ApplicantView(application, upstream.name if upstream else "", account, story_of(session, application))


def _invited(session: Session, invite: Invite) -> Inviter:
    return Inviter(invite.code, _under(session, invite.partner_id), invite.tier_codes)


def _under(session: Session, partner_id: int | None) -> str:
    above = session.get(Partner, partner_id) if partner_id else None
    if above is None:
        return _("the brand itself")
    parts = (above.name, _(TIERS[above.tier].label), city_name(above.region))
    return " · ".join(part for part in parts if part)


def read_licence(session: Session, token: str) -> str:
    """Return the hash of the licence picture of an application, "" for none."""
    return read_application(session, token).application.licence_sha256 or ""
