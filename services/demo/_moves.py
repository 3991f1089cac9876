"""Affiliation requests of the demo: one in each status, and a partner that has moved already."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import insert, update
from sqlalchemy.orm import Session

from core.clock import day_of
from core.events.log import EventDraft, record
from models.partners.affiliation_requests import AffiliationRequest, Consent, RequestStatus
from models.partners.partners import Affiliation, Partner, PartnerStatus
from models.partners.tiers import TIERS
from services.approvals.cases import open_cases
from services.demo._partners import DemoChannel, DemoPartner
from services.demo._rows import insert_numbered, month_numbers
from services.partners.affiliation_states import DEADLINES
from services.partners.approval import AFFILIATION_APPROVALS

COLUMNS = (
    "number", "partner_id", "path", "from_upstream_id", "to_upstream_id", "valid_from", "reason", "status", "asked_by",
    "owner_answer", "owner_by", "owner_at", "upstream_answer", "upstream_by", "upstream_at", "objection", "objected_by",
    "objected_at", "waits_since", "due_at", "decided_by", "decided_at", "decision_note", "moved_at", "version",
    "created_at", "updated_at",
)  # fmt: skip
OWNER, STAFF, DECIDER = "hua@demo.example", "wei@demo.example", "ling@demo.example"
_NOBODY = -1
"""Stands for a missing row id."""


class RequestSpec(NamedTuple):
    """An affiliation request of the demo.

    Attributes:
        who: "any" partner, one "below" the first master agent, the "first" of those approved lately, or the "last".
        to: "first" (the first master agent), "other" (any other upstream) or "brand".
        hours: Since it was requested. since_hours: since somebody has to act, or nobody any more.
        days: From today to the day it is for; before today if negative.
    """

    who: str
    to: str
    status: RequestStatus
    hours: int
    since_hours: int
    days: int
    reason: str
    asked_by: str = STAFF
    owner: Consent | None = None
    upstream: Consent | None = None
    objection: str | None = None
    note: str | None = None
    is_decided: bool = False


REQUEST_SPECS = (
    RequestSpec("any", "first", RequestStatus.ASKED, 6, 6, 9, "新仓库离总代更近，发货更快"),
    RequestSpec("below", "other", RequestStatus.ASKED, 31, 31, 20, "由省内一级代理就近服务", OWNER),
    RequestSpec("first", "other", RequestStatus.UNDER_REVIEW, 100, 28, 14, "业务转到新的城市", owner=Consent.NO_ANSWER,
         upstream=Consent.NO_ANSWER, objection="刚签约不久，前期投入还没有收回"),
    RequestSpec("any", "first", RequestStatus.UNDER_REVIEW, 130, 58, 5, "原上级停止供应调味品", owner=Consent.NO_ANSWER,
         upstream=Consent.AGREED),
    RequestSpec("any", "brand", RequestStatus.APPROVED, 160, 24, 25, "年销售额达到直供标准", owner=Consent.NO_ANSWER,
         note="从下月起直供", is_decided=True),
    RequestSpec("any", "first", RequestStatus.REFUSED, 260, 240, 10, "希望由总代直接供货", upstream=Consent.DECLINED,
         note="本区已有代理，不能越级供货"),
    RequestSpec("any", "other", RequestStatus.WITHDRAWN, 350, 300, 30, "与原上级有分歧"),
    RequestSpec("last", "other", RequestStatus.DONE, 600, 240, -10, "划归本地代理", owner=Consent.NO_ANSWER,
         upstream=Consent.NO_ANSWER, note="双方电话确认", is_decided=True),
)  # fmt: skip


class Move(NamedTuple):
    """A request of a chosen partner: from one upstream to another; None is the brand itself."""

    wish: RequestSpec
    mover: DemoPartner
    from_upstream_id: int | None
    to_upstream_id: int | None


def moves_of(channel: DemoChannel) -> list[Move]:
    """Return the requests for which there is a partner and an upstream; a small load has fewer, or none."""
    found: list[Move] = []
    taken: set[int] = set()
    for wish in REQUEST_SPECS:
        for mover in _movers(channel, wish):
            other = _other_upstream(channel, mover, wish)
            if mover.buyer.id in taken or other is _NOBODY:
                continue
            taken.add(mover.buyer.id)
            is_done = wish.status is RequestStatus.DONE
            ends = (other, mover.upstream_id) if is_done else (mover.upstream_id, other)
            found.append(Move(wish, mover, *ends))
            break
    return found


def stood_under(moves: Sequence[Move]) -> dict[int, int | None]:
    """Return row number of each partner that has moved → that of its upstream before."""
    return {one.mover.buyer.id: one.from_upstream_id for one in moves if one.wish.status is RequestStatus.DONE}


def add_moves(session: Session, ids: Sequence[int], channel: DemoChannel, moves: Sequence[Move], now: datetime) -> None:
    """Add the changes of upstream under reserved numbers, and the affiliation history of those that are done."""
    ordered = sorted(moves, key=lambda one: -one.wish.hours)
    numbers = month_numbers("AF", (now - timedelta(hours=one.wish.hours) for one in ordered))
    rows = [_row(one, number, now) for one, number in zip(ordered, numbers, strict=True)]
    insert_numbered(session, AffiliationRequest, ids, COLUMNS, [[row.get(name) for name in COLUMNS] for row in rows])
    happenings = [EventDraft(row["number"], row["path"], data={"demo": True}) for row in rows]
    record(session, "affiliation.asked", "affiliation_requests", happenings)
    for one in ordered:
        if one.wish.status is RequestStatus.DONE:
            _let_have_moved(session, one, _day(one.wish, now))
    open_cases(session, AFFILIATION_APPROVALS, numbers)


def _movers(channel: DemoChannel, wish: RequestSpec) -> Iterator[DemoPartner]:
    """Yield candidates, dealers before agents: of those, the ones without a part to play in a fraud."""
    lately = [one for one, _ in channel.applicants if one.buyer.status == PartnerStatus.ACTIVE.value]
    if wish.who in {"first", "last"}:
        yield from lately[:1] if wish.who == "first" else lately[1:]
        return
    first = channel.partners[0] if channel.partners else None
    for tier in ("dealer", "agent_2"):
        for one in channel.ordering:
            is_below = first is not None and one.buyer.path.startswith(first.buyer.path)
            if one.buyer.tier == tier and one not in channel.twins and (wish.who == "any" or is_below):
                yield one


def _other_upstream(channel: DemoChannel, mover: DemoPartner, wish: RequestSpec) -> int | None:
    """Return the row number of where a partner is to move, or has come from; ``_NOBODY`` if there is no such place."""
    if wish.to == "brand":
        return None
    tiers, own = TIERS[mover.buyer.tier].upstreams, (mover.buyer.path, mover.upstream_id)
    places = channel.partners[:1] if wish.to == "first" else channel.ordering[1:]  # whose first is the first of all
    found = [one for one in places if one.buyer.tier in tiers and one.buyer.id != own[1]]
    found = [one for one in found if not one.buyer.path.startswith(own[0])]
    found.sort(key=lambda one: one.province != mover.province)
    return found[0].buyer.id if found else _NOBODY


def _row(move: Move, number: str, now: datetime) -> dict[str, Any]:
    """Return the row of a change of upstream; columns that are not named are None."""
    wish, buyer = move.wish, move.mover.buyer
    asked_at, since = (now - timedelta(hours=hours) for hours in (wish.hours, wish.since_hours))
    has_answered = wish.upstream in {Consent.AGREED, Consent.DECLINED}
    has_moved = wish.status is RequestStatus.DONE
    return {
        "number": number,
        "partner_id": buyer.id,
        "path": buyer.path,
        "from_upstream_id": move.from_upstream_id,
        "to_upstream_id": move.to_upstream_id,
        "valid_from": _day(wish, now),
        "reason": wish.reason,
        "status": wish.status.value,
        "asked_by": wish.asked_by,
        "owner_answer": wish.owner.value if wish.owner else None,
        "upstream_answer": wish.upstream.value if wish.upstream else None,
        "upstream_by": OWNER if has_answered else None,
        "upstream_at": since if has_answered else None,
        "objection": wish.objection,
        "objected_by": OWNER if wish.objection else None,
        "objected_at": since if wish.objection else None,
        "waits_since": since,
        "due_at": since + DEADLINES[wish.status] if wish.status in DEADLINES else None,
        "decided_by": DECIDER if wish.is_decided else None,
        "decided_at": since - timedelta(days=3 * has_moved) if wish.is_decided else None,
        "decision_note": wish.note,
        "moved_at": since if has_moved else None,
        "version": 1,
        "created_at": asked_at,
        "updated_at": since,
    }


def _day(wish: RequestSpec, now: datetime) -> date:
    return day_of(now) + timedelta(days=wish.days)


def _let_have_moved(session: Session, move: Move, day: date) -> None:
    """Rewrite a partner's affiliation history: another upstream until a day."""
    buyer = move.mover.buyer
    before = {"partner_id": buyer.id, "upstream_id": move.from_upstream_id, "path": buyer.path}
    session.execute(update(Affiliation).where(Affiliation.partner_id == buyer.id).values(valid_from=day))
    session.execute(insert(Affiliation).values(**before, valid_from=move.mover.valid_from, valid_to=day))
    session.execute(update(Partner).where(Partner.id == buyer.id).values(valid_from=day))
