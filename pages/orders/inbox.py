"""Orders in the inbox: what waits, what one decided, what one has sent; the facts, and the buttons that decide."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.access import Actor
from core.addresses import record_path
from core.database.sessions import actor_of
from core.i18n import N_, _
from core.permissions import Permission
from models.approvals import DECISION_LABELS, Decision
from models.orders import STATUS_LABELS, OrderStatus
from pages.approvals.bar import DecisionBar
from pages.approvals.spans import waiting_text
from pages.approvals.subjects import DONE, SENT, WAITING, InboxPage, InboxSubject, OnDone, OnStale
from pages.components.base.buttons import link_button, text_link
from pages.components.base.elements import Tag
from pages.components.layout.content import chip, money_text, notice, row, tone_of
from pages.components.layout.records import instant_text
from pages.components.layout.views import ListItem
from pages.orders._bulk import BulkDecision
from pages.orders._decision_facts import draw_order_facts
from pages.orders._lines import draw_lines
from pages.orders.record import OrderView, read_order
from services.accounts.users import people_names
from services.approvals.queries import decided_count
from services.approvals.worklist import waiting_count
from services.orders.approval import approve_order, reject_order, return_order
from services.orders.approval_facts import OrderFacts, WaitingOrder, order_facts, waiting_orders
from services.orders.queries import decided_orders, sent_orders, sent_waiting_count, waiting_numbers

SHOWN_MAX = 200


@dataclass(frozen=True, slots=True)
class OrderCase:
    """An order in the inbox: with all facts for who may decide, else as its record shows it.

    Attributes:
        names: Person → name as people know them.
    """

    facts: OrderFacts | None
    names: Mapping[str, str]
    view: OrderView | None = None


def read_inbox(session: Session, view: str) -> InboxPage:
    """Return a view of the inbox of the session's actor; who may not decide sees what they sent, whatever is asked."""
    actor, counts = actor_of(session), inbox_counts(session)
    if not actor.can(Permission.ORDER_APPROVE):
        return InboxPage(_sent(session, actor.person), counts)
    if view == DONE:
        return InboxPage(_decided(session, actor.person), counts)
    if view == SENT:
        return InboxPage(_sent(session, actor.person), counts)
    waiting = {one.number: one for one in waiting_orders(session, limit=SHOWN_MAX)}
    items = [_waiting_item(one) for one in waiting.values()]
    return InboxPage(items, counts, waiting, frozenset(item.key for item in items if item.is_late))


def inbox_counts(session: Session) -> dict[str, int]:
    """Return how many are in each view that the session's actor has; of what was sent only those that still wait."""
    actor = actor_of(session)
    counts = {SENT: sent_waiting_count(session, actor.person)}
    if actor.can(Permission.ORDER_APPROVE):
        counts |= {WAITING: waiting_count(session, "orders"), DONE: decided_count(session, "orders", actor.person)}
    return counts


def read_case(session: Session, number: str) -> OrderCase:
    """Return what to know before deciding; for who may not decide, the order itself. Raises as ``order_facts``."""
    if not actor_of(session).can(Permission.ORDER_APPROVE):
        return OrderCase(None, {}, read_order(session, number))
    facts = order_facts(session, number)
    order = facts.order
    return OrderCase(facts, people_names(session, [order.placed_by, order.submitted_by, order.decided_by]))


def _waiting_item(one: WaitingOrder) -> ListItem:
    age, is_late = waiting_text(one.submitted_at)
    why = _("Every order needs a decision")
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


def _draw_case(case: OrderCase, actor: Actor, draw_again: OnDone) -> None:
    if case.facts is not None:
        draw_order_facts(case.facts, case.names)
    elif case.view is not None:
        order = case.view.order
        with row():
            with Tag("h2", css="qd-heading"):
                text_link(order.number, record_path("orders", order.number))
            chip(_(STATUS_LABELS[OrderStatus(order.status)][0]), tone_of(order.status))
        draw_lines(order.lines, order.total_cents, order.tax_cents)


def _draw_bar(case: OrderCase, actor: Actor, on_done: OnDone, on_stale: OnStale) -> None:
    facts = case.facts
    if facts is None or facts.order.status != OrderStatus.SUBMITTED:
        number = facts.order.number if facts else case.view.order.number if case.view else ""
        link_button(_("Open the order"), record_path("orders", number))
        return
    if facts.is_own:
        sentence = _("You placed or submitted this order yourself: someone else has to decide it.")
        notice(sentence, "info", testid="own-order")
        return
    number = facts.order.number
    bar = DecisionBar(number, facts.order.version, on_done, on_stale)
    approved, rejected = _("Order {number} approved", number=number), _("Order {number} rejected", number=number)
    returned = _("Order {number} returned for change", number=number)
    bar.button("approve", _("Approve"), approve_order, approved, look="primary", key="a")
    bar.button("reject", _("Reject"), reject_order, rejected, look="danger", key="r", needs_reason=True)
    bar.button("return", _("Return for change"), return_order, returned, needs_reason=True)
    bar.reason(_("Opinion"), _("Opinion (needed to reject or return)"))


def _views(actor: Actor) -> dict[str, str]:
    if not actor.can(Permission.ORDER_APPROVE):
        return {SENT: _("Sent by me")}
    return {WAITING: _("To decide"), DONE: _("Decided"), SENT: _("Sent by me")}


INBOX = InboxSubject(
    name="orders",
    label=N_("Orders"),
    list_label=N_("Orders"),
    href="/approvals?subject=orders",
    place="approvals",
    parameter="order",
    permission=Permission.ORDER_VIEW,
    views=_views,
    empty={
        WAITING: (N_("Nothing waits for you"), N_("Orders appear here as soon as somebody submits one.")),
        DONE: (N_("Nothing decided yet"), N_("What you approve, reject or return appears here.")),
        SENT: (N_("Nothing sent yet"), N_("Orders that you submitted in the last 90 days appear here.")),
    },
    all_link=(N_("All orders"), "/orders"),
    hints=lambda actor: {"J K": _("Up and down"), "A": _("Approve"), "R": _("Reject")},
    read=read_inbox,
    read_counts=inbox_counts,
    read_waiting=read_waiting_numbers,
    read_case=read_case,
    draw_case=_draw_case,
    draw_bar=_draw_bar,
    bulk=BulkDecision,
    styles=("lines.css",),
)
