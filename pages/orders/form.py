"""The order form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fastapi import Request
from sqlalchemy.orm import Session

from core.addresses import KeyInPath, record_path
from core.clock import today
from core.errors import DomainError
from core.i18n import N_, _, ngettext
from core.kinds.standard import NOTE_LENGTH_MAX
from core.permissions import Permission
from models.orders import OrderStatus
from pages.components.base.buttons import button
from pages.components.base.focus import focus_on
from pages.components.base.navigation import ask_before_leaving, go_to
from pages.components.base.toasts import toast
from pages.components.forms.basket import BasketBar, Fold, SubmitButton, ordering_page
from pages.components.forms.drafts import BrowserDraft
from pages.components.layout.content import money_text, notice, page_header, panel
from pages.orders._basket import Basket
from pages.orders._fields import SHIP_TO, OrderFields
from pages.orders._offers import Offers, Which
from pages.orders._paste_box import PasteBox
from pages.orders._saving import Draft, OrderInput, save_order
from pages.orders.queries import region_full_name
from pages.shell.calls import call_or_raise, page
from pages.shell.navigation import staff_shell
from pages.shell.reading import read, read_as_current_user
from pages.web.identity import page_actor
from services.orders.lifecycle import get_order
from services.orders.pricing import LINES_MAX
from services.orders.queries import Account, Offered, find_account, find_buyers, find_offers, find_written, usual_skus
from services.orders.states import find_order, require_order_status

UNITS_MAX = 10**9  # of one product in a draft from the browser


def register_order_form() -> None:
    """Register the form of a new order and that of a draft; before ``/orders/NUMBER``."""
    page("/orders/new", permission=Permission.ORDER_PLACE, title=N_("New order"))(new_order_page)
    page("/orders/{number}/edit", permission=Permission.ORDER_PLACE, title=N_("Change order"))(change_order_page)


async def new_order_page(request: Request) -> None:
    """Draw an empty form, or with ``?from=NUMBER`` one that holds the lines of an earlier order."""
    await _draw(await read(page_actor(), form_start, request.query_params.get("from")), _("New order"))


async def change_order_page(number: KeyInPath) -> None:
    """Draw the form of a draft."""
    await _draw(await read(page_actor(), form_start, number, is_change=True), _("Change order {number}", number=number))


@dataclass(frozen=True, slots=True)
class Start:
    """Initial state of the form.

    Attributes:
        account: The buyer, if it is known already. has_choice: whether it can be another one.
        header: Ship-to and note of the order it comes from.
        units: SKU to single units of that order.
        draft: The order to change; None for a new one.
        left_out: What of the earlier order cannot be ordered any more.
    """

    account: Account | None
    has_choice: bool
    header: Mapping[str, str | None]
    units: Mapping[str, int]
    draft: Draft | None = None
    left_out: Sequence[str] = ()

    @property
    def is_fresh(self) -> bool:
        """Return whether nothing is in the form yet."""
        return self.draft is None and not self.units


def form_start(session: Session, source: str | None, *, is_change: bool = False) -> Start:
    """Return the initial state: a buyer only, or an order to copy or to change.

    Raises:
        NotFound: ``orders.not_found``.
        Conflict: What is to be changed is no draft any more.
    """
    buyers = find_buyers(session)
    has_choice = len(buyers) > 1
    if source is None:
        return Start(find_account(session, None if has_choice else next(iter(buyers), None)), has_choice, {}, {})
    if is_change:
        require_order_status(find_order(session, source), OrderStatus.DRAFT)
    order = get_order(session, source)
    account = find_account(session, order.buyer.code)
    header = {name: getattr(order, name) for name in (*SHIP_TO, "note")}
    units = {line.sku: line.units for line in order.lines}
    if is_change:
        return Start(account, has_choice, header, units, Draft(source, order.version))
    found = find_offers(session, order.buyer.tier, skus=list(units), limit=LINES_MAX)
    sold = {one.article.sku for one in found if one.article.is_active and one.offer is not None}
    left_out = [f"{line.sku} {line.name}" for line in order.lines if line.sku not in sold]
    kept = {sku: count for sku, count in units.items() if sku in sold}
    return Start(account, has_choice, header, kept, None, left_out)


async def _draw(start: Start, title: str) -> None:
    async with staff_shell(title, current="orders"):
        form = OrderForm(start)
        only = start.account.buyer.name if start.account and not start.has_choice and start.draft is None else title
        with page_header(only):
            button(_("Paste an order"), form.paste.open, testid="action-paste")
        await form.draw()


class OrderForm:
    """The form of one order; it places or changes one order at most, however often a button is pressed."""

    def __init__(self, start: Start) -> None:
        self._start = start
        self._account = start.account
        self._is_saving = False
        self._kept: BrowserDraft | None = None
        self._basket = Basket(self._tier, today())
        self._offers = Offers(self._basket, self._find, self._show_sums)
        self._fields = OrderFields(start.header, self._show_summary)
        self.paste = PasteBox(self._basket, self._find_written, self._taken)

    async def draw(self) -> None:
        """Draw everything, with the first offers."""
        self.paste.draw()
        if self._start.is_fresh:
            self._kept = BrowserDraft(f"orders.new:{page_actor().person}", self._resume)
        if self._start.left_out:
            sentence = _("Not sold any more, or without a price, and left out:")
            notice(sentence, "warning", items=self._start.left_out, testid="left-out")
        buyer = self._account.buyer if self._account else None
        with ordering_page() as (offers, facts):
            with facts, panel(_("Order")):
                self._fold = Fold("")
                with self._fold.content:
                    self._fields.draw(buyer, self._search, self._buyer_chosen, has_choice=self._start.has_choice)
            with offers:
                self._offers.draw()
        self._bar = BasketBar()
        with self._bar.actions:
            button(_("Save draft"), self._save_draft, testid="action-save-draft")
            SubmitButton(_("Submit order"), self._submit)
        self._basket.units = dict(self._start.units)
        await self._reprice()
        self._show_summary()
        self._fold.open(self._account is None)

    @property
    def _tier(self) -> str:
        return self._account.buyer.tier if self._account else ""

    @property
    def _stated(self) -> OrderInput:
        header = {name: text or None for name, text in self._fields.stated.items()}
        return OrderInput(header, self._basket.stated_lines, self._basket.total_cents)

    async def _find(self, which: Which, text: str, limit: int) -> Sequence[Offered]:
        if self._account is None:
            return []
        if which == "chosen":
            words = text.lower()
            return [one for one in self._basket.chosen() if words in f"{one.article.sku} {one.article.name}".lower()]
        if which == "usual":
            skus = await read_as_current_user(usual_skus, self._account.buyer.id)
            return await read_as_current_user(find_offers, self._tier, text=text, skus=skus)
        return await read_as_current_user(find_offers, self._tier, text=text, limit=limit)

    async def _find_written(self, skus: Sequence[str]) -> Sequence[Offered]:
        return await read_as_current_user(find_written, self._tier, skus)

    async def _search(self, text: str) -> dict[str, str]:
        return await read_as_current_user(find_buyers, text)

    async def _buyer_chosen(self) -> None:
        code = self._fields.stated["buyer"]
        self._account = await read_as_current_user(find_account, code) if code else None
        self._fields.preset(self._account.buyer if self._account else None)
        await self._reprice()
        self._show_summary()
        self._fold.open(self._account is None)

    async def _reprice(self) -> None:
        """Reload the prices for the current buyer and day."""
        chosen = list(self._basket.units)
        found = (
            await read_as_current_user(find_offers, self._tier, skus=chosen, limit=LINES_MAX)
            if chosen and self._tier
            else []
        )
        self._basket.reprice(self._tier, today(), found)
        await self._offers.load()
        self._show_sums()

    async def _taken(self) -> None:
        await self._offers.load()
        self._show_sums()

    def _show_summary(self) -> None:
        buyer = f"{self._account.buyer.name} · " if self._account and self._start.has_choice else ""
        self._fold.say(buyer + self._fields.summary)

    def _show_sums(self) -> None:
        total = self._basket.total_cents
        note, is_short = _credit_text(self._account, total)
        count = ngettext("{count} piece", "{count} pieces", self._basket.pieces)
        self._bar.show(count, money_text(total), note, is_short=is_short)
        ask_before_leaving(self._basket.units != self._start.units)
        self._keep()

    def _keep(self) -> None:
        """Store the draft in the browser, so that it survives a lost connection and a restart of the server."""
        if self._kept is None or self._account is None:
            return
        stated, buyer = self._fields.stated, self._account.buyer
        if self._basket.units:
            label = f"{buyer.name} · {buyer.code}"
            self._kept.keep({"fields": stated, "label": label, "units": dict(self._basket.units)})
        else:
            self._kept.forget()

    async def _resume(self, state: Mapping[str, Any]) -> None:
        """Restore a draft of an earlier visit; products that cannot be ordered any more are left out."""
        fields, units = parse_browser_draft(state)
        buyer = fields.pop("buyer", "")
        if self._start.has_choice and buyer:
            self._account = await read_as_current_user(find_account, buyer)
            if self._account is not None:
                self._fields.fields["buyer"].resume(buyer, str(state.get("label") or buyer))
                self._fields.preset(self._account.buyer)
        if self._account is None or not units:
            return
        found = await read_as_current_user(find_offers, self._tier, skus=list(units), limit=LINES_MAX)
        sold = {one.article.sku for one in found if one.article.is_active and one.offer is not None}
        self._basket.units = {sku: count for sku, count in units.items() if sku in sold}
        for name in (*SHIP_TO, "note"):
            if text := fields.get(name):
                self._fields.fields[name].resume(text, region_full_name(text))
        await self._reprice()
        self._show_summary()
        self._fold.open(False)
        toast(_("Your draft is back: go on where you were."))

    async def _save_draft(self) -> None:
        await self._save(submit=False)

    async def _submit(self, shown_total: str) -> None:
        """Submit the order as the person saw it; another total is shown first."""
        total = money_text(self._basket.total_cents)
        if shown_total == total:
            await self._save(submit=True)
        else:
            sentence = _(
                "The order changed while you submitted it: it comes to {total} now. Submit it again.", total=total
            )
            focus_on(self._bar.refuse(sentence, []))

    async def _save(self, *, submit: bool) -> None:
        if self._is_saving:
            return
        self._is_saving = True  # and stays so once it is stored: a second click finds nothing to do
        number = ""
        try:
            saved = await call_or_raise(save_order, self._stated, self._start.draft, submit=submit)
            number = saved.number
        except DomainError as error:
            await self._refuse(error)
        finally:
            self._is_saving = bool(number)
        if number:
            ask_before_leaving(False)
            if self._kept is not None:
                self._kept.forget()
            go_to(record_path("orders", number))

    async def _refuse(self, error: DomainError) -> None:
        """Show an error, beside the fields it concerns and above the buttons."""
        if error.code == "orders.total_changed":
            await self._reprice()
        sentences = {name: problem.text for name, problem in error.fields.items()}
        items = []
        skus = list(self._basket.units)
        lines: dict[str, str] = {}
        for name, sentence in sentences.items():
            subject, _dot, rest = name.partition(".")
            if subject == "lines" and rest:
                sku = skus[int(rest.split(".")[0])]
                lines[sku] = sentence
                items.append(_("{label}: {problem}", label=sku, problem=sentence))
            elif name in self._fields.fields:
                items.append(_("{label}: {problem}", label=self._fields.fields[name].label, problem=sentence))
        said = self._bar.refuse(_("Please change this first:") if items else error.text, items)
        is_seen = self._offers.refuse(lines)
        if self._fields.refuse(sentences):
            self._fold.open()
        elif not is_seen:
            focus_on(said)


def parse_browser_draft(state: Mapping[str, Any]) -> tuple[dict[str, str], dict[str, int]]:
    """Return texts, and single units by SKU, of a draft from the browser; invalid values are left out."""
    fields, units = (kept if isinstance(kept := state.get(name), dict) else {} for name in ("fields", "units"))
    texts = {name: text[:NOTE_LENGTH_MAX] for name, text in fields.items() if isinstance(text, str)}
    counts = {sku: count for sku, count in units.items() if type(count) is int and 0 < count <= UNITS_MAX}
    return texts, dict(list(counts.items())[:LINES_MAX])


def _credit_text(account: Account | None, total_cents: int) -> tuple[str, bool]:
    """Return a text about the credit, and whether it does not cover the order."""
    if account is None or not account.sees_credit:
        return "", False
    if account.limit_cents is None:
        return _("Credit not limited"), False
    free = account.limit_cents - account.used_cents
    if total_cents > free:
        over = money_text(total_cents - free)
        return _("Credit left {left}: this order is {over} too much", left=money_text(free), over=over), True
    left = money_text(free - total_cents)
    return _("Credit left {left} · after this order {after}", left=money_text(free), after=left), False
