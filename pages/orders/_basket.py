"""Basket: quantities of an order in whole boxes, with current prices."""

from collections.abc import Iterable
from datetime import date

from core.errors import Problem
from core.kinds.kind import Refused
from core.kinds.standard import QUANTITY
from services.orders.pricing import LineDraft, PricedLine, price_line
from services.orders.queries import Offered
from services.products.prices import Article


class Basket:
    """Single units by SKU, in the order in which they were chosen.

    Attributes:
        tier: Of the buyer. day: for which the prices hold.
        units: SKU to single units, more than 0.
    """

    def __init__(self, tier: str, day: date) -> None:
        self.tier = tier
        self.day = day
        self.units: dict[str, int] = {}
        self._known: dict[str, Offered] = {}

    def know(self, offered: Iterable[Offered]) -> None:
        """Add products and their prices."""
        self._known |= {one.article.sku: one for one in offered}

    def reprice(self, tier: str, day: date, offered: Iterable[Offered]) -> None:
        """Replace all prices, for another buyer or day."""
        self.tier, self.day, self._known = tier, day, {}
        self.know(offered)

    def chosen(self) -> list[Offered]:
        """Return the products in the basket."""
        return [self._known[sku] for sku in self.units if sku in self._known]

    def put(self, sku: str, units: int) -> None:
        """Set the units of a product; 0 removes it."""
        if units > 0:
            self.units[sku] = units
        else:
            self.units.pop(sku, None)

    def step(self, sku: str, boxes: int) -> None:
        """Add one box or take one away; the first step leads to the minimum, one below it to nothing."""
        article = self._known[sku].article
        units, box, least = self.units.get(sku, 0), article.box_units, _least(article)
        above = least if units < least else (units // box + 1) * box
        below = -(-units // box) * box - box
        self.put(sku, above if boxes > 0 else below if below >= least else 0)

    def state(self, sku: str, text: str) -> Problem | None:
        """Set the units of a product from typed text; return why the text is no quantity."""
        try:
            self.put(sku, QUANTITY.parse(text) if text.strip(" 0") else 0)
        except Refused as refused:
            return refused.problem
        return None

    def line(self, sku: str) -> PricedLine | Problem | None:
        """Return a product's line with its price, or why so many of it cannot be ordered; None if there are none."""
        if sku not in self.units:
            return None
        known = self._known.get(sku)
        article, offer = (known.article, known.offer) if known else (None, None)
        found = price_line(LineDraft(sku, self.units[sku]), article, offer, self.tier, self.day)
        return found if isinstance(found, PricedLine) else found[1]

    @property
    def total_cents(self) -> int:
        """Return the total of all lines that can be ordered, in cents."""
        return sum(line.total_cents for line in map(self.line, self.units) if isinstance(line, PricedLine))

    @property
    def pieces(self) -> int:
        """Return the number of single units in the basket."""
        return sum(self.units.values())

    @property
    def stated_lines(self) -> list[dict[str, str]]:
        """Return the lines as form input."""
        return [{"sku": sku, "quantity": str(units)} for sku, units in self.units.items()]


def _least(article: Article) -> int:
    return -(-article.minimum_quantity // article.box_units) * article.box_units
