"""Pricing of order lines in whole cents: pure functions without database or clock."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import NamedTuple

from core.errors import Problem
from core.i18n import N_
from core.kinds.standard import CENTS_MAX, PPM
from models.orders import LineUnit
from models.partners.tiers import tier_text
from services.products.prices import Article, TierPrice

PRICE_PER_CENT = 100  # unit prices have 4 decimals of a yuan, cents 2
LINES_MAX = 1_000


class LineDraft(NamedTuple):
    """A line as a person enters it. ``quantity`` counts ``unit``: single units or boxes."""

    sku: str
    quantity: int
    unit: str = LineUnit.UNIT.value


class PricedLine(NamedTuple):
    """A priced line, see ``models.orders.OrderLine``."""

    product_id: int
    sku: str
    name: str
    quantity: int
    unit: str
    units: int
    unit_price: int
    price_valid_from: date
    tax_rate_ppm: int
    total_cents: int
    tax_cents: int


class LineProblem(NamedTuple):
    """A problem of a line: its position from 0, the field, the reason."""

    position: int
    field: str
    problem: Problem


def price_lines(
    drafts: Sequence[LineDraft],
    articles: Mapping[str, Article],
    offers: Mapping[tuple[str, str], TierPrice],
    tier: str,
    day: date,
) -> tuple[list[PricedLine], list[LineProblem]]:
    """Return the priced lines and all problems.

    Args:
        drafts: At least one is needed, ``LINES_MAX`` are allowed.
        articles: By sku.
        offers: By sku and tier.
        tier: The buyer's.
        day: Of the offers, for the message about a missing one.
    """
    priced: list[PricedLine] = []
    problems: list[LineProblem] = []
    first_seen: dict[str, int] = {}
    for index, draft in enumerate(drafts):
        first = first_seen.setdefault(draft.sku, index)
        if first != index:
            repeated = N_("is in line {line} of this order already: put the quantities together")
            problems.append(
                LineProblem(index, "sku", Problem("orders.repeated_product", repeated, {"line": first + 1}))
            )
            continue
        line = price_line(draft, articles.get(draft.sku), offers.get((draft.sku, tier)), tier, day)
        if isinstance(line, PricedLine):
            priced.append(line)
        else:
            problems.append(LineProblem(index, *line))
    return priced, problems


def price_line(
    draft: LineDraft, article: Article | None, offer: TierPrice | None, tier: str, day: date
) -> PricedLine | tuple[str, Problem]:
    """Return a priced line, or the wrong field and the problem."""
    if article is None:
        return "sku", Problem("products.not_found", N_("names no product: there is no {key}"), {"key": draft.sku})
    if not article.is_active:
        return "sku", Problem("orders.product_inactive", N_("is not sold any more"))
    if offer is None:
        missing = N_("has no price for partners of tier {tier} on {day}: ask the brand to list one")
        return "sku", Problem("orders.no_price", missing, {"tier": tier_text(tier), "day": day.isoformat()})
    units = draft.quantity * article.box_units if draft.unit == LineUnit.BOX.value else draft.quantity
    if problem := quantity_problem(units, draft.unit, article):
        return "quantity", problem
    total_cents = rounded(units * offer.unit_price, PRICE_PER_CENT)
    if total_cents > CENTS_MAX:
        return "quantity", Problem("orders.total_too_large", N_("makes an amount too large to keep"))
    return PricedLine(
        article.product_id,
        article.sku,
        article.name,
        draft.quantity,
        draft.unit,
        units,
        offer.unit_price,
        offer.valid_from,
        article.tax_rate_ppm,
        total_cents,
        contained_tax_cents(total_cents, article.tax_rate_ppm),
    )


def quantity_problem(units: int, unit: str, article: Article) -> Problem | None:
    """Return why a quantity cannot be ordered, with the nearest that can; None if it can."""
    box = article.box_units
    least = -(-article.minimum_quantity // box) * box  # the minimum in whole boxes
    counted = box if unit == LineUnit.BOX.value else 1  # people read the unit they wrote
    if units < 1:
        return Problem("orders.quantity_not_positive", N_("must be a whole number from 1 up"))
    if units < article.minimum_quantity:
        too_few = N_("is less than the minimum order: the least is {least}")
        return Problem("orders.below_minimum", too_few, {"least": least // counted})
    if units % box:
        above = -(-units // box) * box
        below = above - box
        if below < least:
            only_above = N_("does not fill boxes of {box}: order {above}")
            return Problem("orders.box_multiple", only_above, {"box": box, "above": above})
        either = N_("does not fill boxes of {box}: order {below} or {above}")
        return Problem("orders.box_multiple", either, {"box": box, "below": below, "above": above})
    return None


def rounded(amount: int, divisor: int) -> int:
    """Return ``amount`` ÷ ``divisor``, rounded half away from zero (四舍五入)."""
    quotient, rest = divmod(abs(amount), divisor)
    quotient += 2 * rest >= divisor
    return -quotient if amount < 0 else quotient


def contained_tax_cents(total_cents: int, tax_rate_ppm: int) -> int:
    """Return the tax included in an amount: the amount less its net part, which is rounded to the cent."""
    return total_cents - rounded(total_cents * PPM, PPM + tax_rate_ppm)
