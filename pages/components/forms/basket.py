"""Basket of an order form: a row with a stepper for each product, and a bar with the totals, always in view."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui.elements.mixins.value_element import ValueElement
from nicegui.events import GenericEventArguments

from core.i18n import _
from pages.components.base.assets import add_script, add_style
from pages.components.base.buttons import Button
from pages.components.base.elements import Tag
from pages.components.base.focus import focus_within
from pages.components.layout.content import notice

_SHOWN_TOTAL = "() => emit(document.querySelector('.qd-basket-sum b').textContent)"
_TOTAL_LENGTH_MAX = 40
_TYPED = "(event) => emit(event.target.value)"
_SELECT = "(event) => event.target.select()"


@dataclass(frozen=True, slots=True)
class Offer:
    """A product that can be ordered, as text.

    Attributes:
        key: Ends the test ids: ``field-quantity-KEY``, ``action-more-KEY``, ``action-less-KEY``.
        facts: Label to text, e.g. {"Minimum": "6"}.
        price: Of one unit; "" if it cannot be ordered, and ``note`` says why.
    """

    key: str
    name: str
    facts: dict[str, str]
    price: str
    note: str = ""


class QuantityInput(ValueElement[str]):
    """A plain input for a whole number; its value is the typed text, sent when the input loses focus."""

    VALUE_PROP = "value"
    LOOPBACK = False

    def __init__(self, key: str, label: str) -> None:
        super().__init__(tag="input", value="0")
        self.classes("qd-stepper-value")
        self.props.update({"inputmode": "numeric", "autocomplete": "off", "maxlength": 9, "aria-label": label})
        self.props["data-testid"] = f"field-quantity-{key}"
        self.on("change", self._typed, js_handler=_TYPED)
        self.on("focus", js_handler=_SELECT)

    def _typed(self, event: GenericEventArguments) -> None:
        self.set_value(str(event.args)[:20])
        self.update()


class OfferRow:
    """Row of a product with its price and quantity. On a phone a card, on a large screen a table row."""

    def __init__(self, offer: Offer, on_step: Callable[[int], None], on_type: Callable[[str], None]) -> None:
        self._on_type = on_type
        self._is_ours = False
        with Tag("li", css="qd-offer", data_chosen="false") as self._box:
            Tag("span", offer.name[:1], "qd-offer-picture", aria_hidden="true")
            Tag("b", offer.name, "qd-offer-name")
            with Tag("span", css="qd-offer-facts"):
                Tag("span", offer.key, "qd-offer-sku")
                for label, value in offer.facts.items():
                    with Tag("span", css="qd-offer-fact"):
                        Tag("span", f"{label} ", "qd-offer-label")
                        Tag("span", value)
            Tag("span", offer.price or offer.note, "qd-offer-price" if offer.price else "qd-offer-note")
            if offer.price:
                self._stepper(offer, on_step)
                self._total = Tag("span", "", "qd-offer-total")
                self._problem = Tag("span", "", "qd-offer-problem", hidden=True, role="alert")

    def show(self, quantity: int, total: str, problem: str = "") -> None:
        """Show how many are chosen, what they come to, and why that many cannot be ordered."""
        self._is_ours = True
        self._input.value = str(quantity)
        self._input.update()
        self._is_ours = False
        self._total.text = total if quantity else ""
        self._problem.text = problem
        self._problem.put(hidden=not problem)
        self._input.props.set_optional("aria-invalid", "true" if problem else None)
        self._less.put(aria_disabled=None if quantity else "true")  # and keeps the focus, unlike a disabled one
        self._box.put(data_chosen="true" if quantity else "false")

    def focus(self) -> None:
        """Put the focus on the quantity."""
        focus_within(self._input)

    def _stepper(self, offer: Offer, on_step: Callable[[int], None]) -> None:
        with Tag("span", css="qd-stepper", role="group", aria_label=offer.name):
            self._less = Tag("button", "−", type="button", testid=f"action-less-{offer.key}")
            self._less.put(aria_label=_("Less of {name}", name=offer.name), aria_disabled="true")
            self._less.on("click", lambda: on_step(-1), [])
            self._input = QuantityInput(offer.key, _("Quantity of {name}", name=offer.name))
            self._input.on_value_change(lambda event: self._typed(str(event.value)))
            more = Tag("button", "+", type="button", testid=f"action-more-{offer.key}")
            more.put(aria_label=_("More of {name}", name=offer.name))
            more.on("click", lambda: on_step(1), [])

    def _typed(self, text: str) -> None:
        if not self._is_ours:
            self._on_type(text)


def offer_list(headings: list[str], *, label: str) -> Tag:
    """Draw the list of rows; ``headings`` stand above the columns of a large screen."""
    with Tag("div", css="qd-offers"):
        with Tag("div", css="qd-offer qd-offer-head", aria_hidden="true"):
            for heading in headings:
                Tag("span", heading)
        return Tag("ul", aria_label=label, testid="offers")


@contextmanager
def ordering_page() -> Iterator[tuple[Tag, Tag]]:
    """Draw the two columns of an order form and return them: the offers, and the order's header.

    A lost connection is said above them at once; what is tapped until it is back does nothing.
    """
    add_style("basket.css")
    add_script("connection.js")
    with Tag("div", css="qd-offline", role="alert", hidden=True, data_needs_connection="", testid="offline"):
        Tag("b", _("No connection."))
        Tag("span", _("What is in the order is safe. It can be changed and submitted again as soon as you are back."))
    with Tag("div", css="qd-ordering"):
        offers = Tag("div", css="qd-stack")
        yield offers, Tag("div", css="qd-ordering-facts")


class Fold:
    """A collapsible section on small screens; a large one shows all of it.

    Attributes:
        content: Draw inside it.
    """

    def __init__(self, summary: str) -> None:
        with Tag("section", css="qd-fold-box", data_open="false") as self._box:
            self._head = Tag("button", css="qd-fold-head qd-icon-down", type="button", aria_expanded="false")
            with self._head:
                self._words = Tag("span", summary)
            self.content = Tag("div", css="qd-fold-content")
        self._head.on("click", lambda: self.open(self._box.props["data-open"] == "false"), [])

    def say(self, summary: str) -> None:
        """Change the summary line."""
        self._words.text = summary

    def open(self, is_open: bool = True) -> None:
        """Expand or collapse the section."""
        self._box.put(data_open="true" if is_open else "false")
        self._head.put(aria_expanded="true" if is_open else "false")


class SubmitButton(Button):
    """A button whose click states the total that the browser shows at that moment.

    Taps on their way and their answers cross: what the server knows may not be what the person sees.
    """

    def __init__(self, label: str, on_submit: Callable[[str], Awaitable[None]]) -> None:
        super().__init__(label, "qd-btn qd-btn-primary", None, testid="action-submit", key=None)
        self._on_submit = on_submit
        self.on("click", self._submit, js_handler=_SHOWN_TOTAL)

    async def _submit(self, event: GenericEventArguments) -> None:
        shown_total = str(event.args)[:_TOTAL_LENGTH_MAX]
        self._on_click = lambda: self._on_submit(shown_total)
        await self._click()


class BasketBar:
    """Bar at the lower edge with the number of pieces, sum, credit, and problems.

    Attributes:
        actions: Draw the buttons inside it.
    """

    def __init__(self) -> None:
        with Tag("div", css="qd-basket", role="region", aria_label=_("Your order")):
            self._problems = Tag("div", css="qd-basket-problems")
            with Tag("div", css="qd-basket-line"):
                with Tag("div", css="qd-basket-text", role="status"):
                    with Tag("div", css="qd-basket-sum"):
                        self._count = Tag("span", "", testid="basket-count")
                        self._total = Tag("b", "", testid="basket-total")
                    self._note = Tag("small", "", testid="basket-credit")
                self.actions = Tag("div", css="qd-basket-actions")

    def show(self, count: str, total: str, note: str, *, is_short: bool) -> None:
        """Show the sums; ``is_short`` marks a credit that does not cover them. Clears the problems."""
        self._count.text = count
        self._total.text = total
        self._note.text = note
        self._note.put(data_tone="danger" if is_short else None, hidden=not note)
        self._problems.clear()

    def refuse(self, sentence: str, items: Sequence[str]) -> Tag:
        """Show why it could not be saved, and return the message element."""
        self._problems.clear()
        with self._problems:
            return notice(sentence, "danger", items=items, testid="problem")
