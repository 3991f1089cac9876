"""Invites of the demo: valid, used up, expired and revoked."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any, NamedTuple

from sqlalchemy.orm import Session

from core.events.log import EventDraft, record
from models.partners.invites import CODE_LENGTH, Invite
from services.applications.invites import ALPHABET, STORE
from services.demo._partners import DemoChannel
from services.demo._rows import insert_numbered

COLUMNS = (
    "code", "partner_id", "path", "tiers", "uses_max", "used_count", "expires_at", "revoked_at", "note", "made_by",
    "version", "created_at", "updated_at",
)  # fmt: skip
BRAND, OWNER = "wei@demo.example", "hua@demo.example"


class InviteSpec(NamedTuple):
    """An invite of the demo. ``is_first``: whether it is the first master agent's, and not the brand's own.

    Attributes:
        made_days, lasts_days: Since it was made, and how long from then on it is valid.
        revoked_days: Since it was revoked; None if it was not.
    """

    tiers: str
    is_first: bool
    uses_max: int
    made_days: int
    lasts_days: int
    revoked_days: int | None = None
    note: str | None = None


INVITE_SPECS = (
    InviteSpec("agent_1;dealer", False, 5, 2, 30, note="秋季糖酒会展位"),
    InviteSpec("dealer", True, 3, 9, 30, note="浙北招商会"),
    InviteSpec("dealer", True, 1, 24, 60),
    InviteSpec(STORE, True, 20, 5, 60, note="门店自行登记"),
    InviteSpec("agent_1", False, 2, 75, 30, note="春季招商"),
    InviteSpec("micro_merchant;group_leader", True, 50, 120, 90),
    InviteSpec("agent_2;dealer", False, 10, 40, 60, revoked_days=31, note="发错了群，已收回"),
    InviteSpec("master_agent", False, 1, 14, 90, revoked_days=12),
)
"""Applicants name their invite by its position here."""


def add_invites(session: Session, ids: Sequence[int], channel: DemoChannel, random: Random, now: datetime) -> list[str]:
    """Add one invite of each kind under reserved numbers; return their codes.

    Where nobody came by an invite, as in a small load, it is not used; without partners the brand's own are all.
    """
    codes = ["".join(random.choices(ALPHABET, k=CODE_LENGTH)) for _ in INVITE_SPECS]
    first = channel.partners[0].buyer if channel.partners else None
    came = [applicant.invite for _, applicant in channel.applicants]
    rows: list[tuple[Any, ...]] = []
    for position, (kind, code) in enumerate(zip(INVITE_SPECS, codes, strict=True)):
        made_at = now - timedelta(days=kind.made_days)
        revoked_at = None if kind.revoked_days is None else now - timedelta(days=kind.revoked_days)
        inviter = first if kind.is_first else None
        rows.append(
            (
                code, inviter.id if inviter else None, inviter.path if inviter else "", kind.tiers, kind.uses_max,
                came.count(position), made_at + timedelta(days=kind.lasts_days), revoked_at, kind.note,
                OWNER if inviter else BRAND, 1, made_at, revoked_at or made_at,
            )
        )  # fmt: skip
    insert_numbered(session, Invite, ids, COLUMNS, rows)
    path = COLUMNS.index("path")
    happenings = [EventDraft(row[0], row[path], data={"demo": True}) for row in rows]
    record(session, "invite.created", "invites", happenings)
    return codes
