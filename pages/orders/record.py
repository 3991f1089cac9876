"""The record page of an order: lines, progress, timeline and next steps."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import quote

from sqlalchemy.orm import Session

from core.access import Actor
from core.addresses import KeyInPath, record_path
from core.database.sessions import actor_of
from core.i18n import N_, _
from core.permissions import Permission
from models.approvals import ApprovalDecision, Decision
from models.orders import STATUS_LABELS, Order, OrderStatus
from models.partners.partners import Partner
from models.partners.tiers import TIERS
from pages.components.base.assets import add_style
from pages.components.base.buttons import button, link_button, text_link
from pages.components.base.navigation import go_to, load_again
from pages.components.forms.dialogs import confirm
from pages.components.layout import content as page_content
from pages.components.layout.records import TimelineEntry, short_instant_text, timeline
from pages.orders._decision_facts import credit_facts, draw_decisions, draw_findings
from pages.orders._lines import draw_lines
from pages.orders.queries import region_full_name
from pages.resources.history import history_of
from pages.resources.value_texts import NOBODY
from pages.shell.calls import call, page
from pages.shell.navigation import staff_shell
from pages.shell.reading import read
from resources.orders import ORDERS
from services.accounts.users import people_names
from services.approvals.queries import last_decision
from services.orders.approval import decide_order, is_own_order
from services.orders.approval_facts import OrderFacts, order_facts
from services.orders.lifecycle import discard_order, get_order, submit_order, withdraw_order
from services.orders.shipping import ship_order


def register_orders() -> None:
    """Register the record; after ``/orders/new`` and ``/orders/import``, as a number may be any text."""
    page("/orders/{number}", permission=Permission.ORDER_VIEW, title=N_("Order"))(order_page)


async def order_page(number: KeyInPath) -> None:
    """Draw one order."""
    async with staff_shell(number, current="orders") as actor:
        add_style("lines.css")
        view = await read(actor, read_order, number)
        order = view.order
        label, _tone = STATUS_LABELS[OrderStatus(order.status)]
        with page_content.page_header(
            order.number,
            page_content.money_text(order.total_cents),
            chip_text=_(label),
            tone=page_content.tone_of(order.status),
            crumbs={_("Orders"): "/orders"},
        ):
            OrderSteps(order, actor).draw()
        page_content.steps(_way(view))
        _draw_reason(view)
        if view.facts:
            draw_findings(view.facts)
        with page_content.columns() as (content, rail):
            with content:
                _draw_approval(view.facts)
                with page_content.panel(_("Lines")):
                    draw_lines(order.lines, order.total_cents, order.tax_cents)
                with page_content.panel(_("Buyer and delivery")):
                    page_content.kv(_facts(view, actor))
            with rail, page_content.panel(_("History")):
                timeline(view.history)


@dataclass(frozen=True, slots=True)
class OrderView:
    """One order as its page shows it.

    Attributes:
        names: Person → name as people know them.
        decision: The last one.
        facts: What its approvers decide on or have decided on, for them only; None where nothing is to decide.
    """

    order: Order
    upstream: Partner | None
    names: dict[str, str]
    history: Sequence[TimelineEntry]
    decision: ApprovalDecision | None
    facts: OrderFacts | None = None

    def who(self, person: str | None) -> str:
        """Return the name of the person who did a step; "" if nobody did yet."""
        if not person:
            return ""
        return _(NOBODY[person]) if person in NOBODY else self.names.get(person, person)


def read_order(session: Session, number: str) -> OrderView:
    """Return an order with its lines, buyer, history and people. Raises ``NotFound`` ``orders.not_found``."""
    order = get_order(session, number)
    upstream = session.get(Partner, order.buyer.upstream_id) if order.buyer.upstream_id else None
    decision = last_decision(session, "orders", order.number)
    people = [order.placed_by, order.submitted_by, order.decided_by, order.shipped_by]
    names = people_names(session, [*people, decision.person if decision else None])
    needs_facts = order.status == OrderStatus.SUBMITTED or decision is not None
    is_approver = actor_of(session).can(Permission.ORDER_APPROVE)
    facts = order_facts(session, number) if needs_facts and is_approver else None
    return OrderView(order, upstream, names, history_of(session, ORDERS, number), decision, facts)


class OrderSteps:
    """Buttons for the next steps of an order; the service decides on each."""

    def __init__(self, order: Order, actor: Actor) -> None:
        self._order = order
        self._actor = actor

    def draw(self) -> None:
        """Draw a button for each step that the order's state and the viewer's rights allow."""
        status = OrderStatus(self._order.status)
        if self._actor.can(Permission.ORDER_PLACE):
            again = f"/orders/new?from={quote(self._order.number, safe='')}"
            link_button(_("Order again"), again, testid="action-reorder")
        if status is OrderStatus.DRAFT and self._actor.can(Permission.ORDER_PLACE):
            self._draw_draft()
        if status is OrderStatus.SUBMITTED:
            self._draw_submitted()
        if status is OrderStatus.APPROVED and self._actor.can(Permission.ORDER_SHIP):
            button(_("Mark as shipped"), self._ship, look="primary", testid="action-ship")

    def _draw_draft(self) -> None:
        button(_("Discard"), self._discard, look="danger", testid="action-discard")
        link_button(_("Change"), record_path("orders", self._order.number, "edit"), testid="action-edit")
        button(_("Submit order"), self._submit, look="primary", testid="action-submit")

    def _draw_submitted(self) -> None:
        if self._actor.can(Permission.ORDER_PLACE):
            button(_("Withdraw"), self._withdraw, testid="action-withdraw")
        if self._actor.can(Permission.ORDER_APPROVE) and not is_own_order(self._actor, self._order):
            button(_("Reject"), self._reject, look="danger", testid="action-reject")
            button(_("Return for change"), self._return, testid="action-return")
            button(_("Approve"), self._approve, look="primary", testid="action-approve")

    async def _submit(self) -> None:
        order = self._order
        self._seen(await call(submit_order, order.number, version=order.version, total_cents=order.total_cents))

    async def _withdraw(self) -> None:
        sentence = _("It becomes a draft again, and its hold on the credit is released.")
        question = _("Withdraw order {number}?", number=self._order.number)
        if await confirm(question, sentence, yes=_("Withdraw")) is not None:
            self._seen(await call(withdraw_order, self._order.number, version=self._order.version))

    async def _discard(self) -> None:
        question = _("Discard draft {number}?", number=self._order.number)
        sentence = _("The draft and its lines are removed. This cannot be undone.")
        if await confirm(question, sentence, yes=_("Discard"), danger=True) is not None:
            self._seen(await call(_discard, self._order.number, self._order.version), "/orders")

    async def _approve(self) -> None:
        version = self._order.version
        self._seen(await call(decide_order, self._order.number, Decision.APPROVED, "", version=version))

    async def _reject(self) -> None:
        reason = await confirm(
            _("Reject order {number}?", number=self._order.number),
            _("The submitter reads the reason. A rejected order cannot be submitted again."),
            yes=_("Reject"),
            danger=True,
            reason=_("Reason"),
        )
        if reason is not None:
            version = self._order.version
            self._seen(await call(decide_order, self._order.number, Decision.REJECTED, reason, version=version))

    async def _return(self) -> None:
        reason = await confirm(
            _("Return order {number} for change?", number=self._order.number),
            _("The submitter reads the reason, changes the order and submits it again."),
            yes=_("Return for change"),
            reason=_("Reason"),
        )
        if reason is not None:
            version = self._order.version
            self._seen(await call(decide_order, self._order.number, Decision.RETURNED, reason, version=version))

    async def _ship(self) -> None:
        question = _("Mark order {number} as shipped?", number=self._order.number)
        sentence = _("Its goods for {amount} have left.", amount=page_content.money_text(self._order.total_cents))
        if await confirm(question, sentence, yes=_("Shipped")) is not None:
            self._seen(await call(ship_order, self._order.number))

    def _seen(self, done: object, path: str = "") -> None:
        """Reload the page after success; an error was shown already."""
        if done is None:
            return
        if path:
            go_to(path)
        else:
            load_again()


def _draw_reason(view: OrderView) -> None:
    """Draw why the order was rejected or returned, for those who have to act."""
    decision = view.decision
    if decision is None or not decision.reason:
        return
    facts = {"name": view.who(decision.person), "reason": decision.reason}
    if view.order.status == OrderStatus.REJECTED:
        page_content.notice(_("{name} rejected this order: {reason}", **facts), "danger", testid="decision-reason")
    elif view.order.status == OrderStatus.DRAFT and decision.decision == Decision.RETURNED:
        sentence = _("{name} returned this order for change: {reason}", **facts)
        page_content.notice(sentence, "warning", testid="decision-reason")


def _draw_approval(facts: OrderFacts | None) -> None:
    """Draw on what credit an order is to be decided, or on what its decisions were based."""
    if facts is None:
        return
    with page_content.panel(_("Approval")):
        draw_decisions(facts)
        if facts.order.status == OrderStatus.SUBMITTED:
            page_content.kv(credit_facts(facts))


def _way(view: OrderView) -> list[page_content.Step]:
    order, status = view.order, OrderStatus(view.order.status)
    decided = status in (OrderStatus.APPROVED, OrderStatus.REJECTED, OrderStatus.SHIPPED)
    decision = _("Rejected") if status is OrderStatus.REJECTED else _("Approval")
    states: dict[OrderStatus, tuple[str, str, str, str]] = {
        OrderStatus.DRAFT: ("current", "open", "open", "open"),
        OrderStatus.SUBMITTED: ("done", "done", "current", "open"),
        OrderStatus.APPROVED: ("done", "done", "done", "current"),
        OrderStatus.REJECTED: ("done", "done", "failed", "open"),
        OrderStatus.SHIPPED: ("done", "done", "done", "done"),
    }
    done = (
        (order.placed_by, order.created_at),
        (order.submitted_by, order.submitted_at),
        (order.decided_by, order.decided_at) if decided else (None, None),
        (order.shipped_by, order.shipped_at),
    )
    labels = (_("Draft"), _("Submission"), decision, _("Shipping"))
    return [
        page_content.Step(label, view.who(person), state, short_instant_text(at) if person else "")  # type: ignore[arg-type]
        for label, (person, at), state in zip(labels, done, states[status], strict=True)
    ]


def _facts(view: OrderView, actor: Actor) -> dict[str, object]:
    order, buyer = view.order, view.order.buyer
    facts: dict[str, object] = {
        _("Buyer"): partial(text_link, f"{buyer.name} · {buyer.code}", record_path("partners", buyer.code)),
        _("Tier"): _(TIERS[buyer.tier].label),
    }
    if view.upstream is not None or actor.is_brand:
        facts[_("Upstream")] = view.upstream.name if view.upstream else _("The brand itself")
    return facts | {
        _("Ship to"): order.ship_to_name,
        _("Ship-to phone"): order.ship_to_phone,
        _("Ship-to region"): region_full_name(order.ship_to_region),
        _("Ship-to address"): order.ship_to_address,
        _("Note"): order.note,
    }


def _discard(session: Session, number: str, version: int) -> bool:
    discard_order(session, number, version=version)
    return True
