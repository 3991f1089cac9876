"""What the inbox of approvals reads: what waits, what one decided, what one has sent; and how long it waits."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import actor_of
from core.i18n import _, ngettext
from core.permissions import Permission
from models.approvals import DECISION_LABELS, Decision
from models.orders import STATUS_LABELS, OrderStatus
from pages.components.layout.content import money_text
from pages.components.layout.records import instant_text
from pages.components.layout.views import ListItem
from services.accounts.users import people_names
from services.approvals.order_facts import OrderFacts, WaitingOrder, order_facts, waiting_count, waiting_orders
from services.approvals.queries import decided_count, decided_orders, sent_orders, sent_waiting_count, waiting_numbers

LATE = timedelta(hours=24)
SHOWN_MAX = 200
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
    counts = {SENT_BY_ME: sent_waiting_count(session, actor.person)}
    if actor.can(Permission.ORDER_APPROVE):
        counts |= {WAITING: waiting_count(session), DONE: decided_count(session, actor.person)}
    return counts


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


def read_waiting_numbers(session: Session) -> set[str]:
    """Return the numbers of the orders that wait, for the question whether the list is still as it is."""
    return waiting_numbers(session, SHOWN_MAX)


def _decided(session: Session, person: str) -> list[ListItem]:
    found = []
    for one in decided_orders(session, person, SHOWN_MAX):
        what = " · ".join(filter(None, (_(DECISION_LABELS[Decision(one.decision)][0]), one.reason)))
        cents, at = money_text(one.total_cents), instant_text(one.decided_at)
        found.append(ListItem(one.number, one.buyer_name, cents, what, at))
    return found


def _sent(session: Session, person: str) -> list[ListItem]:
    found = []
    for one in sent_orders(session, person, SHOWN_MAX):
        what = f"{_(STATUS_LABELS[OrderStatus(one.status)][0])} · {one.number}"
        at = instant_text(one.submitted_at) if one.submitted_at else ""
        found.append(ListItem(one.number, one.buyer_name, money_text(one.total_cents), what, at))
    return found


def _span(waited: timedelta) -> str:
    minutes = int(waited.total_seconds() // 60)
    if minutes < 60:
        return _("{count} min", count=max(minutes, 1))
    if minutes < 48 * 60:
        return _("{count} h", count=minutes // 60)
    return ngettext("{count} day", "{count} days", minutes // (24 * 60))
