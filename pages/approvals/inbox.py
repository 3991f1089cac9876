"""The inbox of approvals: what waits at the left, all there is to know at the right, the decision always in view."""

from collections.abc import Sequence

from fastapi import Request

from core.access import Actor
from core.addresses import record_path
from core.errors import Conflict, DomainError, NotFound
from core.i18n import N_, _
from core.permissions import Permission
from models.approvals import Decision
from models.orders import STATUS_LABELS, OrderStatus
from pages.approvals._bulk import BulkDecision
from pages.approvals._facts import draw_facts
from pages.approvals.queries import (
    DONE,
    SENT_BY_ME,
    WAITING,
    InboxPage,
    inbox_counts,
    read_facts,
    read_inbox,
    read_waiting_numbers,
)
from pages.components.base.assets import add_style
from pages.components.base.buttons import button, link_button, text_link
from pages.components.base.elements import Tag
from pages.components.base.toasts import toast
from pages.components.forms.fields import FormField, text_field
from pages.components.layout.content import (
    chip,
    empty_state,
    keys_hint,
    notice,
    page_header,
    panel,
    row,
    tone_of,
    update_subtitle,
)
from pages.components.layout.inbox import Inbox, poll
from pages.components.layout.views import View, view_tabs
from pages.orders.queries import read_as_current_user
from pages.orders.record import draw_lines, read_order
from pages.shell.calls import call_or_raise, page, permitted_actor, show_refusal
from pages.shell.navigation import count_again, staff_shell
from pages.shell.reading import read
from pages.web.identity import page_actor
from services.accounts.sessions import SignInNeeded
from services.approvals.order_facts import OrderFacts
from services.approvals.orders import decide_order

LOOK_AGAIN_S = 20.0
DECIDED = {
    Decision.APPROVED: N_("Order {number} approved"),
    Decision.REJECTED: N_("Order {number} rejected"),
    Decision.RETURNED: N_("Order {number} returned for change"),
}


def register_approvals() -> None:
    """Register the inbox."""
    page("/approvals", permission=Permission.ORDER_VIEW, title=N_("Waiting for me"))(approvals_page)


async def approvals_page(request: Request) -> None:
    """Draw the inbox; ``?view=`` chooses the view, ``?order=`` the line that is open at first."""
    actor = page_actor()
    view = request.query_params.get("view", WAITING)
    if not actor.can(Permission.ORDER_APPROVE):
        view = SENT_BY_ME
    elif view not in (WAITING, DONE, SENT_BY_ME):
        view = WAITING
    found = await read(actor, read_inbox, view)
    async with staff_shell(_("Waiting for me"), current="approvals", fill=True):
        add_style("lines.css")
        await ApprovalInbox(actor, view, found).draw(request.query_params.get("order", ""))


class ApprovalInbox:
    """One view of the inbox on one person's screen."""

    def __init__(self, actor: Actor, view: str, found: InboxPage) -> None:
        self._actor = actor
        self._view = view
        self._found = found
        self._shown = ""
        self._facts: OrderFacts | None = None
        self._reason: FormField | None = None

    async def draw(self, number: str) -> None:
        """Draw the page, with one line open."""
        waits = self._view == WAITING
        may_decide = self._actor.can(Permission.ORDER_APPROVE)
        with page_header(_("Waiting for me") if may_decide else _("Sent by me"), self._subtitle()):
            if waits:
                keys_hint({"J K": _("Up and down"), "A": _("Approve"), "R": _("Reject")})
                self._bulk = BulkDecision(self._decided_many)
                self._bulk.draw()
        self._views = Tag("div")
        self._draw_views()
        self._news = Tag("div", css="qd-fresh", role="status", hidden=True)
        if not self._found.items:
            self._draw_nothing()
            return
        tickable = [one.number for one in self._found.waiting.values() if not one.is_own]
        self._inbox = Inbox(self._found.items, self._show, label=_("Orders"), on_tick=self._ticked, tickable=tickable)
        first = number if number in self._inbox.keys else self._inbox.keys[0]
        await self._inbox.open(first, leave_list=bool(number))
        if waits:
            poll(LOOK_AGAIN_S, self._look_for_news)

    def _subtitle(self) -> str:
        if self._view != WAITING:
            return ""
        count = _("{count} to decide", count=self._found.counts[WAITING])
        late = len(self._found.late)
        return f"{count} · " + _("{count} late", count=late) if late else count

    def _draw_views(self) -> None:
        labels = {WAITING: _("To decide"), DONE: _("Decided"), SENT_BY_ME: _("Sent by me")}
        counts = self._found.counts
        views = [View(view, labels[view], count=counts[view]) for view in labels if view in counts]
        self._views.clear()
        with self._views:
            view_tabs(views, current=self._view)

    async def _count_again(self) -> None:
        """Say how many are left, wherever this page says so."""
        with self._views:  # the button that was pressed may be gone by now
            self._found.counts.update(await read_as_current_user(inbox_counts))
            update_subtitle(self._subtitle())
            self._draw_views()
            await count_again()

    def _draw_nothing(self) -> None:
        texts = {
            WAITING: (_("Nothing waits for you"), _("Orders appear here as soon as somebody submits one.")),
            DONE: (_("Nothing decided yet"), _("What you approve, reject or return appears here.")),
            SENT_BY_ME: (_("Nothing sent yet"), _("Orders that you submitted in the last 90 days appear here.")),
        }
        with panel(), empty_state(*texts[self._view]):
            link_button(_("All orders"), "/orders")

    async def _show(self, number: str, problem: str = "", *, is_news: bool = False) -> None:
        """Draw one order at the right, as it is now; one that is there already stays, unless there is news of it.

        The buttons of the one before go first: a key pressed meanwhile must not decide an order no longer looked at.
        """
        if number == self._shown and not problem and not is_news:
            return
        self._shown, self._facts, self._reason = number, None, None
        with self._inbox.bar():
            pass
        try:
            if self._actor.can(Permission.ORDER_APPROVE):
                await self._show_facts(number, problem)
            else:
                await self._show_sent(number)
        except SignInNeeded as error:
            show_refusal(error)
        except DomainError as error:
            with self._inbox.detail():
                notice(error.text, "danger", testid="problem")

    async def _show_facts(self, number: str, problem: str) -> None:
        facts, names = await read_as_current_user(read_facts, number)
        if number != self._shown:
            return  # another one was opened meanwhile
        self._facts = facts
        with self._inbox.detail():
            if problem:
                notice(problem, "danger", testid="problem")
            draw_facts(facts, names)
        with self._inbox.bar():
            self._draw_bar(facts)

    async def _show_sent(self, number: str) -> None:
        order = (await read_as_current_user(read_order, number)).order
        if number != self._shown:
            return
        with self._inbox.detail():
            with row():
                with Tag("h2", css="qd-heading"):
                    text_link(order.number, record_path("orders", order.number))
                chip(_(STATUS_LABELS[OrderStatus(order.status)][0]), tone_of(order.status))
            draw_lines(order.lines, order.total_cents, order.tax_cents)
        with self._inbox.bar():
            link_button(_("Open the order"), record_path("orders", order.number))

    def _draw_bar(self, facts: OrderFacts) -> None:
        if facts.order.status != OrderStatus.SUBMITTED:
            link_button(_("Open the order"), record_path("orders", facts.order.number))
            return
        if facts.is_own:
            sentence = _("You placed or submitted this order yourself: someone else has to decide it.")
            notice(sentence, "info", testid="own-order")
            return
        button(_("Approve"), self._approve, look="primary", key="a", testid="action-approve")
        button(_("Reject"), self._reject, look="danger", key="r", testid="action-reject")
        button(_("Return for change"), self._return, testid="action-return")
        self._reason = text_field(
            "reason", _("Opinion"), placeholder=_("Opinion (needed to reject or return)"), max_length=2000
        )

    async def _approve(self) -> None:
        await self._decide(Decision.APPROVED)

    async def _reject(self) -> None:
        await self._decide(Decision.REJECTED)

    async def _return(self) -> None:
        await self._decide(Decision.RETURNED)

    async def _decide(self, decision: Decision) -> None:
        facts, field = self._facts, self._reason
        if facts is None or field is None:
            return
        number, reason = facts.order.number, str(field.value or "").strip()
        if decision is not Decision.APPROVED and not reason:
            field.refuse(_("Please give a reason"))
            field.control.run_method("focus")
            return
        try:
            await call_or_raise(decide_order, number, decision, reason, version=facts.order.version)
        except (Conflict, NotFound) as error:
            await self._show(number, error.text)
        except DomainError as error:
            show_refusal(error)
        else:
            toast(_(DECIDED[decision], number=number))
            await self._go_on(number)

    async def _go_on(self, number: str) -> None:
        """Take a decided order out of what waits and open the one after it; other views just show it as it is now."""
        if self._view != WAITING:
            await self._show(number, is_news=True)
            return
        if following := self._take_out(number):
            await self._inbox.open(following)
        else:
            self._shown, self._facts = "", None
            with self._inbox.detail(), empty_state(_("Nothing waits for you"), _("Everything here is decided.")):
                pass
            with self._inbox.bar():
                pass
        await self._count_again()

    def _take_out(self, number: str) -> str:
        """Take a line out of what waits; return the number of the line that follows, "" if none does."""
        self._found.waiting.pop(number, None)
        self._found.late.discard(number)
        return self._inbox.remove(number)

    def _ticked(self) -> None:
        chosen = [self._found.waiting[key] for key in self._inbox.keys if key in self._inbox.ticked]
        self._bulk.choose(chosen)

    async def _decided_many(self, done: Sequence[str]) -> None:
        """Take what was decided at once out of the list."""
        opened = self._inbox.current
        for number in done:
            self._take_out(number)
        await self._count_again()
        if opened in done and self._inbox.keys:
            await self._inbox.open(self._inbox.keys[0], leave_list=False)

    async def _look_for_news(self) -> None:
        """Say that the list has changed meanwhile; it changes on the screen only when the person says so."""
        try:
            numbers = await read_as_current_user(read_waiting_numbers)
        except SignInNeeded:
            return  # the next click says so
        known = set(self._found.waiting)
        added, gone = len(numbers - known), len(known - numbers)
        self._news.clear()
        self._news.put(hidden=not added and not gone)
        if not added and not gone:
            return
        parts = [_("{count} new", count=added)] if added else []
        parts += [_("{count} decided by others", count=gone)] if gone else []
        with self._news, notice(" · ".join(parts), "info", testid="news"):
            button(_("Refresh the list"), self._refresh, testid="action-refresh")

    async def _refresh(self) -> None:
        actor = await permitted_actor(Permission.ORDER_APPROVE)
        if actor is None:
            return
        self._found = await read(actor, read_inbox, WAITING)
        self._inbox.show_all(self._found.items, [w.number for w in self._found.waiting.values() if not w.is_own])
        await self._count_again()
        self._news.clear()
        self._news.put(hidden=True)
