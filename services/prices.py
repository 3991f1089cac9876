"""Prices: stated by staff, forms and worksheets; asked for by whatever is priced."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Date, and_, bindparam, select
from sqlalchemy.orm import Session

from core.access import Permission
from core.database import actor_of
from core.drafts import Drafts
from core.errors import CellProblem, InvalidInput, Problem
from core.i18n import N_
from models.prices import Price
from models.products import Product, ProductStatus
from services.order_pricing import Article, Offer
from services.order_statements import read
from services.saving import LOOKUP_SLICE, Plan, Rows, Saved, SaveOptions, resolve, save_rows

PLAN = Plan(
    subject="prices",
    noun="price",
    model=Price,
    keys=("product_id", "tier", "valid_from"),
    columns=("product_id", "tier", "unit_price", "valid_from", "valid_to"),
    required=("unit_price",),
)
UNKNOWN_PRODUCT = Problem("products.not_found", N_("names no product: there is no {key}"))


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
    products, problems = resolve(session, drafts, "sku", Product.sku, UNKNOWN_PRODUCT)
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
    """Products and what tiers pay for them on one day.

    Attributes:
        articles: By sku. offers: by sku and tier; absent where a tier has no price.
    """

    day: date
    articles: dict[str, Article]
    offers: dict[tuple[str, str], Offer]


_CATALOGUE = (
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
    .outerjoin(
        Price,
        and_(
            Price.product_id == Product.id,
            Price.tier.in_(bindparam("tiers", expanding=True)),
            Price.holds_on(bindparam("day", type_=Date)),
        ),
    )
    .where(Product.sku.in_(bindparam("skus", expanding=True)))
    .order_by(Price.valid_from)  # the one that began last holds
)


def catalogue(session: Session, skus: Iterable[str], tiers: Sequence[str], day: date) -> Catalogue:
    """Return the products of ``skus`` that exist, with the price of each of ``tiers`` on ``day``, in one query.

    The prices of any tier are read, whoever asks: who orders for a partner below needs that partner's.
    """
    found = Catalogue(day, {}, {})
    wanted = list(dict.fromkeys(skus))
    for start in range(0, len(wanted), LOOKUP_SLICE):
        rows = read(session, _CATALOGUE, skus=wanted[start : start + LOOKUP_SLICE], tiers=list(tiers), day=day)
        for product_id, sku, name, unit, box_units, minimum, tax_rate_ppm, status, tier, unit_price, since in rows:
            if sku not in found.articles:
                is_active = status == ProductStatus.ACTIVE.value
                found.articles[sku] = Article(product_id, sku, name, unit, box_units, minimum, tax_rate_ppm, is_active)
            if tier is not None:
                found.offers[sku, tier] = Offer(unit_price, since)
    return found
