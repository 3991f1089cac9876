"""Prices by product, tier and day: saving them, and reading them for orders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Date, and_, bindparam, select
from sqlalchemy.orm import Session

from core.database.chunks import in_chunks
from core.database.operations import Operation
from core.database.prepared import Prepared, StatementResult
from core.database.sessions import actor_of
from core.drafts import Drafts
from core.errors import CellProblem, InvalidInput, Problem
from core.i18n import N_
from core.permissions import Permission
from models.partners.partners import Partner
from models.prices import Price
from models.products import Product, ProductStatus
from services.branch_statements import read_in_branch
from services.saving.lookups import look_up_references
from services.saving.plans import Plan, Rows, Saved, SaveOptions
from services.saving.rows import save_rows

PLAN = Plan(
    subject="prices",
    model=Price,
    keys=("product_id", "tier", "valid_from"),
    required=("unit_price",),
    field_names={"product_id": "sku"},
)
UNKNOWN_PRODUCT = Problem("products.not_found", N_("names no product: there is no {key}"))


class Article(NamedTuple):
    """A product as pricing needs it. See ``models.products.Product``."""

    product_id: int
    sku: str
    name: str
    unit: str
    box_units: int
    minimum_quantity: int
    tax_rate_ppm: int
    is_active: bool


class TierPrice(NamedTuple):
    """Unit price of a tier, at 4 decimals of a yuan, and its first day."""

    unit_price: int
    valid_from: date


def save_prices(session: Session, drafts: Drafts, options: SaveOptions) -> Saved:
    """Add prices that are new, change those that differ; a price is named by product, tier and first day.

    Raises:
        NotPermitted: The actor may not edit prices.
        InvalidInput: ``prices.match_not_possible``.
        Conflict: ``rows.changed_meanwhile``.
    """
    actor_of(session).require(Permission.PRICE_EDIT)
    if options.match and options.match != "sku":
        raise InvalidInput(
            "prices.match_not_possible",
            N_("Prices are found by product, tier and first day together, by nothing else."),
        )
    products, problems = look_up_references(session, drafts, "sku", Product.sku, UNKNOWN_PRODUCT)
    problems += _days_out_of_order(drafts)
    drafts = drafts.without({problem.row for problem in problems})

    columns: dict[str, list[Any]] = {name: values for name, values in drafts.columns.items() if name != "sku"}
    columns["product_id"] = [products[row][0] for row in drafts.rows]
    named = zip(drafts.columns["sku"], drafts.columns["tier"], drafts.columns["valid_from"], strict=True)
    keys = [f"{sku}~{tier}~{day.isoformat()}" for sku, tier, day in named]
    saved = save_rows(session, PLAN, Rows(drafts.rows, keys, columns), options)
    saved.problems = sorted([*problems, *saved.problems], key=lambda problem: problem.row)
    return saved


def _days_out_of_order(drafts: Drafts) -> list[CellProblem]:
    ends = drafts.columns.get("valid_to", [None] * len(drafts))
    return [
        CellProblem(
            row,
            "valid_to",
            end.isoformat(),
            Problem("prices.days_out_of_order", N_("is not after the first day {day}"), {"day": start.isoformat()}),
        )
        for row, start, end in zip(drafts.rows, drafts.columns["valid_from"], ends, strict=True)
        if end is not None and end <= start
    ]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Products with their prices by tier on one day.

    Attributes:
        articles: By sku. offers: by sku and tier; absent where a tier has no price.
    """

    day: date
    articles: dict[str, Article]
    offers: dict[tuple[str, str], TierPrice]

    def add(self, rows: Iterable[Any]) -> None:
        """Add the result of ``_catalogue``."""
        for row in rows:
            product_id, sku, name, unit, box_units, minimum, tax_rate_ppm, status, tier, unit_price, since = row
            if sku not in self.articles:
                is_active = status == ProductStatus.ACTIVE.value
                self.articles[sku] = Article(product_id, sku, name, unit, box_units, minimum, tax_rate_ppm, is_active)
            if tier is not None:
                self.offers[sku, tier] = TierPrice(unit_price, since)


_TIER_OF_BUYER = {
    "code": select(Partner.tier).where(Partner.code == bindparam("code")),
    "own_id": select(Partner.tier).where(Partner.id == bindparam("own_id")),
}


@lru_cache(maxsize=100)
def _catalogue(sku_count: int, tiers_of: int | str) -> Prepared:
    """Return the statement that reads products with their prices, by ``sku_0`` …, ``tier_0`` … and ``day``.

    Args:
        sku_count: How many products.
        tiers_of: How many tiers; or, instead of tiers, what names a buyer: prices of its tier are read.
    """
    skus = [bindparam(f"sku_{n}", type_=Product.sku.type) for n in range(sku_count)]
    day = bindparam("day", type_=Date)
    if isinstance(tiers_of, str):
        condition = Price.tier == _TIER_OF_BUYER[tiers_of].scalar_subquery()
    else:
        condition = Price.tier.in_([bindparam(f"tier_{n}", type_=Price.tier.type) for n in range(tiers_of)])
    return Prepared(
        select(
            Product.id,
            Product.sku,
            Product.name,
            Product.unit,
            Product.box_units,
            Product.minimum_quantity,
            Product.tax_rate_ppm,
            Product.status,
            Price.tier,
            Price.unit_price,
            Price.valid_from,
        )
        .outerjoin(Price, and_(Price.product_id == Product.id, condition, Price.holds_on(day)))
        .where(Product.sku.in_(skus))
        .order_by(Price.valid_from)  # the one that began last holds
    )


def price_catalogue(session: Session, skus: Iterable[str], tiers: Sequence[str], day: date) -> Catalogue:
    """Return the products of ``skus`` that exist, with the price of each of ``tiers`` on ``day``, in one query.

    The prices of any tier are read, without a row filter: ordering for a downstream partner needs that partner's.
    """
    found = Catalogue(day, {}, {})
    wanted = list(dict.fromkeys(skus))
    for chunk in in_chunks(wanted):
        few, sku_values = _padded("sku", chunk)
        tier_count, tier_values = _padded("tier", tiers or [""])
        found.add(read_in_branch(session, _catalogue(few, tier_count), day=day, **sku_values, **tier_values))
    return found


def catalogue_for(skus: Sequence[str], day: date, name: str, buyer: str | int) -> Operation[Catalogue]:
    """Return the operation that reads the products and the prices of one buyer's tier; see ``catalogue``.

    Args:
        skus: 1 to ``core.database.chunks.CHUNK_SIZE``.
        day: For which prices hold.
        name: What ``buyer`` is, "code" or "own_id": the prices are those of its tier.
        buyer: The partner.
    """
    count, values = _padded("sku", list(dict.fromkeys(skus)))

    def finish(session: Session, result: StatementResult) -> Catalogue:
        priced = Catalogue(day, {}, {})
        priced.add(result)
        return priced

    return Operation(_catalogue(count, name), {**values, "day": day, name: buyer}, finish)


def _padded(name: str, wanted: Sequence[str]) -> tuple[int, dict[str, str]]:
    """Return values by number; padded to a power of two with the last one, so that few statements are prepared."""
    count = 1 << (len(wanted) - 1).bit_length()
    return count, {f"{name}_{n}": wanted[min(n, len(wanted) - 1)] for n in range(count)}
