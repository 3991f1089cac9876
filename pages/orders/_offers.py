"""List of products that a buyer can order, with steppers, in sync with the basket."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Literal

from core.i18n import _
from core.kinds.standard import UNIT_PRICE
from pages.components.base.buttons import button
from pages.components.base.elements import Tag
from pages.components.forms.basket import Offer, OfferRow, offer_list
from pages.components.forms.fields import text_field
from pages.components.layout.content import empty_state, money_text
from pages.orders._basket import Basket
from pages.resources.value_texts import value_text
from services.orders.pricing import PricedLine
from services.orders.queries import OFFERS_SHOWN, Offered

Which = Literal["all", "usual", "chosen"]
Find = Callable[[Which, str, int], Awaitable[Sequence[Offered]]]
"""Query of products: which ones, search words in SKU or name, limit."""

_TYPING_PAUSE_MS = 250


class Offers:
    """The list beside a basket; ``on_change`` is called after each change of the basket made here."""

    def __init__(self, basket: Basket, find: Find, on_change: Callable[[], None]) -> None:
        self._basket = basket
        self._find = find
        self._on_change = on_change
        self._which: Which = "all"
        self._limit = OFFERS_SHOWN
        self._rows: dict[str, OfferRow] = {}
        self._tabs: dict[Which, Tag] = {}
        self._turn = 0

    def draw(self) -> None:
        """Draw the search and the list, which ``load`` fills."""
        with Tag("div", css="qd-finder"):
            with Tag("div", css="qd-tabs", role="tablist", aria_label=_("Products")):
                for which, label in (("all", _("All")), ("usual", _("Often ordered")), ("chosen", _("Chosen"))):
                    self._tab(which, label)  # type: ignore[arg-type]
            self._text = text_field(
                "product", _("Find a product"), placeholder=_("SKU or name"), on_change=self._search
            )
            self._text.control.props(f"debounce={_TYPING_PAUSE_MS} clearable")
        headings = [_("Product"), _("SKU"), _("Minimum"), _("Per box"), _("Price"), _("Quantity"), _("Amount")]
        self._list = offer_list(headings, label=_("Products"))
        self._below = Tag("div")

    async def load(self) -> None:
        """Read the products again and draw them."""
        self._turn += 1
        turn = self._turn
        found = await self._find(self._which, str(self._text.value or "").strip(), self._limit)
        if turn != self._turn:
            return  # a newer search has begun meanwhile
        self._basket.know(found)
        self._rows = {}
        self._list.clear()
        with self._list:
            for one in found:
                self._draw_row(one)
        self._draw_below(len(found))
        for sku in self._rows:
            self._show(sku)

    def show(self) -> None:
        """Update the rows from the basket."""
        for sku in self._rows:
            self._show(sku)

    def refuse(self, problems: Mapping[str, str]) -> bool:
        """Show why products of the basket were refused, the focus on the first; return whether one is in view."""
        shown = [sku for sku in self._rows if sku in problems]
        for sku in shown:
            self._show(sku, problems[sku])
        if shown:
            self._rows[shown[0]].focus()
        return bool(shown)

    def _tab(self, which: Which, label: str) -> None:
        made = Tag("button", label, "qd-tab", type="button", role="tab", testid=f"view-{which}")
        made.put(aria_selected="true" if which == self._which else "false")
        made.on("click", lambda: self._choose(which), [])
        self._tabs[which] = made

    async def _choose(self, which: Which) -> None:
        self._which = which
        for name, tab in self._tabs.items():
            tab.put(aria_selected="true" if name == which else "false")
        await self.load()

    async def _search(self) -> None:
        self._limit = OFFERS_SHOWN
        await self.load()

    async def _more(self) -> None:
        self._limit += OFFERS_SHOWN
        await self.load()

    def _draw_row(self, one: Offered) -> None:
        article, sku = one.article, one.article.sku
        price = value_text(UNIT_PRICE, UNIT_PRICE.dump(one.offer.unit_price)) if one.offer else ""
        facts = {_("Minimum"): f"{article.minimum_quantity:,}", _("Per box"): f"{article.box_units:,} {article.unit}"}
        note = "" if one.offer else _("No price for this tier")
        row = OfferRow(
            Offer(sku, article.name, facts, price, note),
            lambda boxes: self._step(sku, boxes),
            lambda text: self._state(sku, text),
        )
        if one.offer:
            self._rows[sku] = row

    def _draw_below(self, count: int) -> None:
        self._below.clear()
        with self._below:
            if not count:
                self._draw_nothing()
            elif count == self._limit and self._which == "all":
                with Tag("div", css="qd-offer-more"):
                    button(_("Show more"), self._more, testid="action-more")

    def _draw_nothing(self) -> None:
        if not self._basket.tier:
            title = _("For whom is this order?")
            sentence = _("Choose the buyer: then the products and prices appear here.")
        elif self._which == "chosen":
            title, sentence = _("Nothing chosen yet"), _("Choose quantities in the list of all products.")
        elif self._which == "usual":
            title, sentence = _("No orders in the last 90 days"), _("What is ordered often appears here.")
        else:
            title, sentence = _("No product found"), _("Try fewer letters, or part of the SKU.")
        with empty_state(title, sentence):
            pass

    def _step(self, sku: str, boxes: int) -> None:
        self._basket.step(sku, boxes)
        self._show(sku)
        self._on_change()

    def _state(self, sku: str, text: str) -> None:
        problem = self._basket.state(sku, text)
        self._show(sku, problem.text if problem else "")
        self._on_change()

    def _show(self, sku: str, problem: str = "") -> None:
        line = self._basket.line(sku)
        total = money_text(line.total_cents) if isinstance(line, PricedLine) else ""
        why = problem or ("" if line is None or isinstance(line, PricedLine) else line.text)
        self._rows[sku].show(self._basket.units.get(sku, 0), total, why)
