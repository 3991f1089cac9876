"""Box to paste a chat message as order lines; ambiguous lines need a choice each."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence

from core.i18n import _, ngettext
from pages.components.base.buttons import button
from pages.components.base.elements import Tag
from pages.components.forms.fields import show_problems, text_field
from pages.components.layout.content import notice, panel, row
from pages.orders._basket import Basket
from pages.orders._paste_parsing import Interpretation, Unclear, parse_lines, pasted_lines, possible_skus
from services.orders.queries import Offered

Find = Callable[[Sequence[str]], Awaitable[Sequence[Offered]]]
"""Query of products that can be ordered, by SKU in any letter case."""


class PasteBox:
    """A box for pasted text, closed at first; clear lines go into the basket."""

    def __init__(self, basket: Basket, find: Find, on_change: Callable[[], Awaitable[None]]) -> None:
        self._basket = basket
        self._find = find
        self._on_change = on_change

    def draw(self) -> None:
        """Draw the box, closed."""
        self._box = Tag("div", hidden=True)
        with self._box, panel(_("Paste an order")):
            self._text = text_field(
                "pasted",
                _("One product a line: SKU and quantity"),
                multiline=True,
                hint=_("Quantities are pieces unless a line says boxes, e.g. “{example}”.", example="A01 20 · B02 3箱"),
            )
            with row():
                button(_("Take into the order"), self.take, look="primary", testid="action-read-pasted")
                button(_("Close"), self.close, look="quiet", testid="action-close-paste")
            self._told = Tag("div", role="status")
            self._asked = Tag("div", testid="unclear")

    def open(self) -> None:
        """Show the box."""
        self._box.put(hidden=None)
        self._text.focus()

    def close(self) -> None:
        """Hide the box."""
        self._box.put(hidden=True)

    async def take(self) -> None:
        """Read the text: clear lines go into the basket, ambiguous ones stay in the box for a choice."""
        lines = pasted_lines(str(self._text.value or ""))
        if not self._basket.tier:
            self._refuse(_("Choose the buyer first"))
            return
        if not lines:
            self._refuse(_("Paste at least one line"))
            return
        self._text.refuse("")
        found = await self._find(possible_skus(lines))
        self._basket.know(found)
        spelt = Counter(one.article.sku.lower() for one in found)
        articles = {one.article.sku.lower(): one.article for one in found if spelt[one.article.sku.lower()] == 1}
        clear, unclear = parse_lines(lines, articles)
        units: Counter[str] = Counter()
        for wanted in clear:
            units[wanted.sku] += wanted.units
        for sku, count in units.items():
            self._basket.put(sku, count)
        self._text.value = "\n".join(one.text for one in unclear)
        await self._on_change()
        self._tell(len(units), unclear)

    def _refuse(self, problem: str) -> None:
        show_problems({"pasted": self._text}, {"pasted": problem})

    def _tell(self, taken: int, unclear: Sequence[Unclear]) -> None:
        self._told.clear()
        self._asked.clear()
        with self._told:
            if taken:
                message = ngettext(
                    "{count} product taken into the order", "{count} products taken into the order", taken
                )
                notice(message, "ok", testid="pasted-taken")
            if unclear:
                question = ngettext(
                    "{count} line is not clear: please choose",
                    "{count} lines are not clear: please choose",
                    len(unclear),
                )
                notice(question, "warning")
        with self._asked:
            for one in unclear:
                self._ask(one)

    def _ask(self, unclear: Unclear) -> None:
        with Tag("div", css="qd-unclear") as made:
            Tag("p", unclear.text)
            Tag("small", unclear.problem.text)
            with row():
                for choice in unclear.choices:
                    self._choice(choice, made)
                button(_("Leave out"), made.delete, look="quiet")

    def _choice(self, choice: Interpretation, question: Tag) -> None:
        async def choose() -> None:
            self._basket.put(choice.wanted.sku, choice.wanted.units)
            await self._on_change()
            question.delete()  # with the button pressed, so last

        button(_choice_text(choice), choose, testid=f"action-choose-{choice.wanted.sku}-{choice.wanted.units}")


def _choice_text(choice: Interpretation) -> str:
    if choice.unit:
        return f"{choice.name} · {choice.quantity:,} {choice.unit}"
    return f"{choice.name} · " + ngettext("{count} box", "{count} boxes", choice.quantity)
