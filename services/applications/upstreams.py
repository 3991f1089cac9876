"""Upstreams of applicants: proposals for anonymous users, and validation of a chosen one."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.errors import InvalidInput, Problem
from core.i18n import N_
from core.permissions import Permission
from models.partners.invites import Invite
from models.partners.partners import Partner, PartnerStatus
from models.partners.tiers import TIERS
from models.regions.resolving import Region, code_range, region
from services.applications.invites import for_tier, use_invite

PROPOSED_MAX = 5


@dataclass(frozen=True, slots=True)
class Proposal:
    """A partner that an anonymous user may choose as upstream, with all that is shown of it.

    Attributes:
        code: Never shown; what was chosen is compared with it.
        city: Name of the region it stands in, down to its city; "" if it states none.
    """

    code: str
    name: str
    tier: str
    city: str


def proposed_upstreams(session: Session, tier: str, region_code: str) -> list[Proposal]:
    """Return active partners under whom a tier may stand and whose region covers an applicant's, nearest first.

    Nearest is the same county, then the same city, then the same province; at most ``PROPOSED_MAX``.
    """
    actor_of(session).require(Permission.PARTNER_EDIT)
    allowed = TIERS[tier].upstreams if tier in TIERS else frozenset()
    found: dict[str, Proposal] = {}
    for first, past in _ranges(region_code) if allowed else []:
        query = (
            select(Partner.code, Partner.name, Partner.tier, Partner.region)
            .where(Partner.status == PartnerStatus.ACTIVE.value, Partner.tier.in_(sorted(allowed)))
            .where(Partner.region >= first, Partner.region < past, Partner.code.not_in(list(found)))
            .order_by(Partner.name, Partner.code)
            .limit(PROPOSED_MAX - len(found))
        )
        for code, name, its_tier, where in session.execute(query):
            found[code] = Proposal(code, name, its_tier, city_name(where))
        if len(found) == PROPOSED_MAX:
            break
    return list(found.values())


def city_name(code: str | None) -> str:
    """Return a region's name down to its city, e.g. "江苏省 苏州市"."""
    at = region(code or "")
    while at is not None and at.level > 2:
        at = region(at.parent) if at.parent else None
    return at.full_name if at else ""


def chosen_upstream(session: Session, stated: Mapping[str, str], tier: str, region_code: str) -> Partner | None:
    """Return the partner an applicant chose among those proposed; None for "the brand decides".

    Staff who enter an application may choose any partner.

    Raises:
        InvalidInput: ``applications.upstream_not_proposed``: the choice does not fit the tier and region any more.
    """
    code = stated.get("upstream", "")
    if not code:
        return None
    found = session.scalar(select(Partner).where(Partner.code == code))
    is_proposed = code in {one.code for one in proposed_upstreams(session, tier, region_code)}
    if found is None or not (is_proposed or actor_of(session).person):
        message = N_("This upstream cannot be chosen any more. Choose another one, or let the brand decide.")
        problem = Problem("applications.upstream_not_proposed", message)
        raise InvalidInput(problem.code, problem.message, fields={"upstream": problem})
    return found


def used_invite(session: Session, code: str, tier: str) -> tuple[int, Partner | None]:
    """Count a use of an invite and return its number and whom it invites to stand under. Raises as ``use_invite``."""
    invite = use_invite(session, code, tier)
    return invite.id, session.get(Partner, invite.partner_id) if invite.partner_id else None


def upstream_of_invite(session: Session, invite_id: int, tier: str) -> Partner | None:
    """Return whom an invite that was used already invites to stand under. Raises ``invites.tier_not_allowed``."""
    invite = for_tier(session.get_one(Invite, invite_id), tier)
    return session.get(Partner, invite.partner_id) if invite.partner_id else None


def _ranges(code: str) -> list[tuple[str, str]]:
    """Return the ranges of codes of a region and of those it lies in, the narrowest first."""
    ranges = []
    at: Region | None = region(code)
    while at is not None:
        ranges.append(code_range(at.code))
        at = region(at.parent) if at.parent else None
    return ranges
