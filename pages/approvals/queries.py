"""What the inbox of approvals reads: what waits, what one decided, what one has sent; and how long it waits."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import actor_of
from core.i18n import _, ngettext
from core.permissions import Permission
from models.approvals import DECISION_LABELS, Approval, Decision
from models.orders import STATUS_LABELS, Order, OrderStatus
from models.partners.partners import Partner
from pages.components.layout.content import money_text
from pages.components.layout.records import instant_text
from pages.components.layout.views import ListItem
from services.accounts.users import people_names
from services.approvals.order_facts import OrderFacts, WaitingOrder, order_facts, waiting_count, waiting_orders

LATE = timedelta(hours=24)
SHOWN_MAX = 200
SENT = timedelta(days=90)
WAITING, DONE, SENT_BY_ME = "", "done", "sent"
"""Names of the views, as in the address."""


@dataclass(frozen=True, slots=True)
class InboxPage:
    """One view of the inbox.

    Attributes:
        items: In the order to read them.
        waiting: Number → what waits, only in the view of what waits.
        counts: View → how many are there, of what was sent only those that still wait.
        late: Numbers of those that wait too long.
    """

    items: list[ListItem]
    counts: dict[str, int]
    waiting: dict[str, WaitingOrder] = field(default_factory=dict)
    late: set[str] = field(default_factory=set)


def read_inbox(session: Session, view: str) -> InboxPage:
    """Return a view of the inbox of the session's actor; who may not decide sees what they sent, whatever is asked."""
    actor, counts = actor_of(session), inbox_counts(session)
    if not actor.can(Permission.ORDER_APPROVE):
        return InboxPage(_sent(session, actor.person), counts)
    if view == DONE:
        return InboxPage(_decided(session, actor.person), counts)
    if view == SENT_BY_ME:
        return InboxPage(_sent(session, actor.person), counts)
    waiting = {one.number: one for one in waiting_orders(session, limit=SHOWN_MAX)}
    items = [_waiting_item(one) for one in waiting.values()]
    late = {item.key for item in items if item.is_late and not waiting[item.key].is_own}
    return InboxPage(items, counts, waiting, late)


def inbox_counts(session: Session) -> dict[str, int]:
    """Return how many are in each view that the session's actor has; of what was sent only those that still wait."""
    actor = actor_of(session)
    counts = {SENT_BY_ME: _sent_waiting(session, actor.person)}
    if actor.can(Permission.ORDER_APPROVE):
        counts |= {WAITING: waiting_count(session), DONE: _decided_count(session, actor.person)}
    return counts


def read_waiting_numbers(session: Session) -> set[str]:
    """Return the numbers of the orders that wait, for the question whether the list is still as it is."""
    query = select(Order.number).where(Order.status == OrderStatus.SUBMITTED.value)
    return set(session.scalars(query.order_by(Order.submitted_at, Order.id).limit(SHOWN_MAX)))


def read_facts(session: Session, number: str) -> tuple[OrderFacts, dict[str, str]]:
    """Return what to know before deciding, and how to call the people. Raises as ``order_facts``."""
    facts = order_facts(session, number)
    order = facts.order
    return facts, people_names(session, [order.placed_by, order.submitted_by, order.decided_by])


def waiting_text(since: datetime) -> tuple[str, bool]:
    """Return how long something waits, as people read it, and whether that is too long."""
    waited = now() - since
    if waited > LATE:
        return _("{time} late", time=_span(waited - LATE)), True
    return _("waiting {time}", time=_span(waited)), False


def _waiting_item(one: WaitingOrder) -> ListItem:
    age, is_late = waiting_text(one.submitted_at)
    why = _("Your own order") if one.is_own else _("Every order needs a decision")
    return ListItem(one.number, one.buyer_name, money_text(one.total_cents), why, age, is_late)


def _decided(session: Session, person: str) -> list[ListItem]:
    decided = (Approval.total_cents, Approval.decision, Approval.reason, Approval.decided_at)
    query = (
        select(Order.number, Partner.name, *decided)
        .join(Order, Approval.order_id == Order.id)
        .join(Partner, Order.buyer_id == Partner.id)
        .where(Approval.person == person)
        .order_by(Approval.id.desc())
        .limit(SHOWN_MAX)
    )
    found: dict[str, ListItem] = {}
    for number, buyer, cents, decision, reason, at in session.execute(query):
        what = " · ".join(filter(None, (_(DECISION_LABELS[Decision(decision)][0]), reason)))
        found.setdefault(number, ListItem(number, buyer, money_text(cents), what, instant_text(at)))
    return list(found.values())


def _decided_count(session: Session, person: str) -> int:
    query = select(func.count(func.distinct(Approval.order_id))).where(Approval.person == person)
    return session.scalar(query) or 0


def _sent(session: Session, person: str) -> list[ListItem]:
    query = (
        select(Order.number, Partner.name, Order.total_cents, Order.status, Order.submitted_at)
        .join(Partner, Order.buyer_id == Partner.id)
        .where(or_(Order.submitted_by == person, Order.placed_by == person))
        .where(Order.status != OrderStatus.DRAFT.value, Order.created_at >= now() - SENT)
        .order_by(Order.created_at.desc(), Order.id.desc())
        .limit(SHOWN_MAX)
    )
    found = []
    for number, buyer, cents, status, at in session.execute(query):
        label = _(STATUS_LABELS[OrderStatus(status)][0])
        found.append(ListItem(number, buyer, money_text(cents), f"{label} · {number}", instant_text(at) if at else ""))
    return found


def _sent_waiting(session: Session, person: str) -> int:
    query = select(func.count()).where(
        Order.status == OrderStatus.SUBMITTED.value, or_(Order.submitted_by == person, Order.placed_by == person)
    )
    return session.scalar(query) or 0


def _span(waited: timedelta) -> str:
    minutes = int(waited.total_seconds() // 60)
    if minutes < 60:
        return _("{count} min", count=max(minutes, 1))
    if minutes < 48 * 60:
        return _("{count} h", count=minutes // 60)
    return ngettext("{count} day", "{count} days", minutes // (24 * 60))
