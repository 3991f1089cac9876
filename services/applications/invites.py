"""Invites: made by a partner for its own branch or by the brand for anyone, used by who holds the code, revoked."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.sessions import actor_of
from core.errors import Conflict, InvalidInput, NotFound, Problem
from core.events.log import EventDraft, record
from core.i18n import N_
from core.kinds.standard import half_width
from core.limits import STATED_LENGTH_MAX
from core.permissions import Permission
from models.partners.invites import CODE_LENGTH, Invite
from models.partners.partners import Partner, PartnerStatus
from models.partners.tiers import TIERS
from services.free_texts import parse_note
from services.outcomes import Outcome
from services.partners.tree import tier_problem

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"  # no 0 O, no 1 I L
STORE = "store"
"""Who is invited to become one registers where it stands, at /stores/register, and is a partner by that."""
USES_MAX = 1_000
DAYS_MAX = 365

_HOLDER = {"see_all": "the holder of an invite's code may use it"}
_CODES = {"see_all": "a code is given once across the brand"}
_ABOVE = {"see_all": "an anonymous user's invite is checked against its partner's current rights"}


@dataclass(frozen=True, slots=True)
class InviteDraft:
    """What an invite is to be.

    Attributes:
        partner: Code of the partner under whom applicants are to stand; None: the actor's own, or the brand itself.
        tiers: Codes of the tiers they may apply for.
        uses_max: 1 to ``USES_MAX``. days: how long it is valid, 1 to ``DAYS_MAX``.
    """

    partner: str | None = None
    tiers: Sequence[str] = ()
    uses_max: int = 1
    days: int = 30
    note: str = ""


def make_invite(session: Session, draft: InviteDraft) -> Invite:
    """Make an invite: brand staff for any partner or directly under the brand, a partner's owner for its branch.

    Raises:
        NotPermitted: The actor may not make invites.
        InvalidInput: ``invites.no_tiers``, ``invites.unknown_tier``, ``partners.tier_not_allowed``,
            ``partners.not_found``, ``invites.uses_out_of_range``, ``invites.days_out_of_range``; ``fields`` says where.
        Conflict: ``invites.partner_not_active``.
    """
    actor = actor_of(session)
    actor.require(Permission.INVITE_EDIT)
    note = parse_note(draft.note)
    inviter = _inviter(session, actor, draft.partner)
    _require_sound(draft, inviter)
    invite = Invite(
        code=_new_code(session),
        partner_id=inviter.id if inviter else None,
        path=inviter.path if inviter else "",
        tiers=";".join(dict.fromkeys(draft.tiers)),
        uses_max=draft.uses_max,
        used_count=0,
        expires_at=now() + timedelta(days=draft.days),
        note=note or None,
        made_by=actor.person,
    )
    session.add(invite)
    session.flush()
    facts = {"tiers": invite.tiers, "uses": invite.uses_max, "partner": inviter.code if inviter else ""}
    values = {"tiers": invite.tiers, "uses": invite.uses_max, "partner": invite.partner_id, "note": invite.note}
    happening = EventDraft(invite.code, invite.path, data=facts, version=1, created_values=values)
    record(session, "invite.created", "invites", [happening])
    return invite


def find_invite(session: Session, code: str) -> Invite:
    """Return the invite a person holds, if it can be used at all; its tiers say for what.

    Args:
        session: Anyone's: the code itself is what lets in.
        code: As typed: spaces, hyphens and small letters do not matter.

    Raises:
        NotFound: ``invites.unknown``.
        Conflict: ``invites.revoked`` (also if the partner who invites is not active any more), ``invites.expired``,
            ``invites.used_up``.
    """
    return _find(session, code, locked=False)


def require_invite(session: Session, code: str, tier: str) -> Invite:
    """Return the invite a person holds, if it can be used to apply for ``tier``; nothing is counted.

    Raises:
        NotFound, Conflict: As ``find_invite``; ``invites.tier_not_allowed``.
    """
    return for_tier(_find(session, code, locked=False), tier)


def use_invite(session: Session, code: str, tier: str) -> Invite:
    """Count one use of an invite, and keep everyone else from using it until the transaction ends.

    Raises:
        NotFound, Conflict: As ``require_invite``.
    """
    invite = for_tier(_find(session, code, locked=True), tier)
    invite.used_count, invite.version, invite.updated_at = invite.used_count + 1, invite.version + 1, now()
    facts = {"used": invite.used_count, "of": invite.uses_max, "tier": tier}
    happening = EventDraft(invite.code, invite.path, data=facts, version=invite.version)
    record(session, "invite.used", "invites", [happening])
    return invite


def revoke_invites(session: Session, codes: Sequence[str], note: str = "") -> list[Outcome]:
    """Take invites back: from now on nobody can use them; who has applied already is not affected.

    Returns:
        What became of each code: ``invites.unknown`` for one the actor may not see.

    Raises:
        NotPermitted: The actor may not make invites.
    """
    actor_of(session).require(Permission.INVITE_EDIT)
    checked = parse_note(note)
    query = select(Invite).where(Invite.code.in_(codes)).order_by(Invite.code).with_for_update()
    found = {invite.code: invite for invite in session.scalars(query)}
    for invite in found.values():
        if invite.revoked_at is None:
            invite.revoked_at = invite.updated_at = now()
            invite.version += 1
            facts = {"reason": checked} if checked else {}
            happening = EventDraft(invite.code, invite.path, data=facts, version=invite.version)
            record(session, "invite.revoked", "invites", [happening])
    return [Outcome(code, None if code in found else _unknown().problem) for code in dict.fromkeys(codes)]


def tiers_below(upstream_tier: str | None) -> list[str]:
    """Return the codes of the tiers that may stand directly under a tier; None for the brand: all of them."""
    return [code for code, tier in TIERS.items() if upstream_tier is None or upstream_tier in tier.upstreams]


def invite_path(invite: Invite) -> str:
    """Return the address, within this installation, at which the holder of an invite applies or registers a store."""
    return f"{'/stores/register' if invite.tier_codes == (STORE,) else '/apply'}?invite={invite.code}"


def plain_code(typed: str) -> str:
    """Return a code as stored from one as people type or read it out."""
    return "".join(sign for sign in half_width(typed[:STATED_LENGTH_MAX]).upper() if sign.isalnum())


def _inviter(session: Session, actor: Actor, code: str | None) -> Partner | None:
    if code is None and actor.is_brand:
        return None
    wanted = Partner.id == actor.partner_id if code is None else Partner.code == code
    found = session.scalar(select(Partner).where(wanted))
    if found is None:
        problem = Problem("partners.not_found", N_("names no partner: there is no {key}"), {"key": code or ""})
        raise InvalidInput(problem.code, problem.message, fields={"partner": problem}, key=code or "")
    if found.status != PartnerStatus.ACTIVE:
        raise Conflict(
            "invites.partner_not_active",
            N_("{name} is not active, so nobody can be invited to stand under it."),
            name=found.name,
        )
    return found


def _require_sound(draft: InviteDraft, inviter: Partner | None) -> None:
    problems: dict[str, Problem] = {}
    if not draft.tiers:
        problems["tiers"] = Problem("invites.no_tiers", N_("Choose at least one tier that may apply with the code."))
    for tier in draft.tiers:
        if tier not in TIERS:
            problems["tiers"] = Problem("invites.unknown_tier", N_("There is no tier “{tier}”."), {"tier": tier})
        elif inviter is not None and (found := tier_problem(tier, inviter.tier)):
            problems["tiers"] = found
    if not 1 <= draft.uses_max <= USES_MAX:
        message = N_("A code can be used 1 to {most} times.")
        problems["uses_max"] = Problem("invites.uses_out_of_range", message, {"most": USES_MAX})
    if not 1 <= draft.days <= DAYS_MAX:
        message = N_("A code can be valid for 1 to {most} days.")
        problems["days"] = Problem("invites.days_out_of_range", message, {"most": DAYS_MAX})
    if problems:
        first = next(iter(problems.values()))
        raise InvalidInput(first.code, first.message, fields=problems, **first.values)


def _new_code(session: Session) -> str:
    while True:
        code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
        if session.scalar(select(Invite.id).where(Invite.code == code).execution_options(**_CODES)) is None:
            return code


def _find(session: Session, typed: str, *, locked: bool) -> Invite:
    query = select(Invite).where(Invite.code == plain_code(typed)).execution_options(**_HOLDER, populate_existing=True)
    invite = session.scalar(query.with_for_update() if locked else query)
    if invite is None:
        raise _unknown()
    if invite.revoked_at is not None or not _may_invite(session, invite):
        raise Conflict("invites.revoked", N_("This invite code was taken back. Ask the sender for a new one."))
    if invite.expires_at <= now():
        raise Conflict("invites.expired", N_("This invite code has expired. Ask the sender for a new one."))
    if invite.used_count >= invite.uses_max:
        raise Conflict(
            "invites.used_up",
            N_("This invite code has been used as often as it may be. Ask the sender for a new one."),
        )
    return invite


def _may_invite(session: Session, invite: Invite) -> bool:
    if invite.partner_id is None:
        return True
    status = select(Partner.status).where(Partner.id == invite.partner_id).execution_options(**_ABOVE)
    return session.scalar(status) == PartnerStatus.ACTIVE


def for_tier(invite: Invite, tier: str) -> Invite:
    """Return the invite if it is for ``tier``. Raises ``Conflict`` ``invites.tier_not_allowed``."""
    if tier not in invite.tier_codes:
        raise Conflict(
            "invites.tier_not_allowed", N_("This invite code is not for that tier. Choose one that it is for.")
        )
    return invite


def _unknown() -> NotFound:
    return NotFound("invites.unknown", N_("There is no invite with this code. Look at it again, letter by letter."))
