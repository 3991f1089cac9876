"""Deciding many orders at once: named with count and total first, each decided on its own, with a result for each."""

from collections.abc import Awaitable, Callable, Sequence

from core.addresses import record_path
from core.i18n import _, ngettext
from core.permissions import Permission
from models.approvals import Decision
from pages.approvals.results import show_results
from pages.components.base import buttons
from pages.components.base.elements import Tag
from pages.components.forms.dialogs import confirm
from pages.components.layout.content import money_text
from pages.components.layout.records import Cell, LineColumn
from pages.shell.calls import call_each
from services.orders.approval import decide_order
from services.orders.approval_facts import WaitingOrder
from services.orders.states import TOO_MANY
from services.outcomes import Outcome


class BulkDecision:
    """The buttons for the lines ticked in an inbox; ``on_done`` gets their numbers."""

    def __init__(self, on_done: Callable[[Sequence[str]], Awaitable[None]]) -> None:
        self._on_done = on_done
        self._chosen: Sequence[WaitingOrder] = ()

    def draw(self) -> None:
        """Draw the buttons; they can be pressed once something is ticked."""
        self._reject_button = buttons.button(
            _("Reject chosen"), self._reject, look="danger", testid="action-reject-chosen", enabled=False
        )
        self._approve_button = buttons.button(
            _("Approve chosen"), self._approve, testid="action-approve-chosen", enabled=False
        )
        self._report = Tag("div", hidden=True)

    def choose(self, orders: Sequence[WaitingOrder]) -> None:
        """Note what is ticked now."""
        self._chosen = list(orders)
        count = f" ({len(orders)})" if orders else ""
        for button, label in (
            (self._reject_button, _("Reject chosen")),
            (self._approve_button, _("Approve chosen")),
        ):
            button.text = label + count
            button.set_enabled(bool(orders))

    async def _approve(self) -> None:
        chosen = self._chosen
        answer = await confirm(
            ngettext(
                "Approve {count} order for {total}?",
                "Approve {count} orders for {total} in all?",
                len(chosen),
                total=_total(chosen),
            ),
            _("Each is checked and decided on its own; what was changed since you saw it is left as it is."),
            yes=_("Approve"),
        )
        if answer is not None:
            await self._decide(chosen, Decision.APPROVED, "")

    async def _reject(self) -> None:
        chosen = self._chosen
        reason = await confirm(
            ngettext(
                "Reject {count} order for {total}?",
                "Reject {count} orders for {total} in all?",
                len(chosen),
                total=_total(chosen),
            ),
            _("Each submitter reads the reason. Rejected orders cannot be submitted again."),
            yes=_("Reject"),
            danger=True,
            reason=_("Reason"),
        )
        if reason is not None:
            await self._decide(chosen, Decision.REJECTED, reason)

    async def _decide(self, chosen: Sequence[WaitingOrder], decision: Decision, reason: str) -> None:
        versions = {one.number: one.version for one in chosen}
        outcomes = await call_each(
            Permission.ORDER_APPROVE,
            list(versions),
            lambda session, number: decide_order(session, number, decision, reason, version=versions[number]),
            too_many=TOO_MANY,
        )
        if outcomes is None:
            return
        self._tell(chosen, outcomes, decision)
        await self._on_done(list(versions))

    def _tell(self, chosen: Sequence[WaitingOrder], outcomes: Sequence[Outcome], decision: Decision) -> None:
        """Show a drawer with the result of each order."""
        orders = {one.number: one for one in chosen}
        done = [orders[one.key] for one in outcomes if one.ok]
        show_results(
            self._report,
            _("Result for each order"),
            outcomes,
            summary=_(
                "{count} of {all} decided, {total} in all", count=len(done), all=len(outcomes), total=_total(done)
            ),
            done=_("Approved") if decision is Decision.APPROVED else _("Rejected"),
            columns=[LineColumn("number", _("Order")), LineColumn("total", _("Amount"), "right")],
            cells=lambda key: {
                "number": Cell(key, href=record_path("orders", key), note=orders[key].buyer_name),
                "total": money_text(orders[key].total_cents),
            },
        )


def _total(orders: Sequence[WaitingOrder]) -> str:
    return money_text(sum(one.total_cents for one in orders))
