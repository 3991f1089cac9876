"""What the demo brand 青禾 sells, and at which prices: sixty products in six categories, by rule."""

from datetime import date
from typing import NamedTuple

from models.products import ProductStatus
from services.demo._names import PREFIX
from services.products.prices import Article, TierPrice


class Category(NamedTuple):
    """Ten products: five series in two packings. ``retail_yuan``: of the first series in each packing."""

    code: str
    name: str
    noun: str
    series: tuple[str, ...]
    packings: tuple[str, str]
    retail_yuan: tuple[int, int]
    unit: str
    box_units: int
    tax_rate_ppm: int


class Goods(NamedTuple):
    """One product of the demo brand as its row has it, without the id."""

    sku: str
    name: str
    category: str
    unit: str
    box_units: int
    minimum_quantity: int
    barcode: str
    tax_rate_ppm: int
    status: str
    retail_yuan: int


GIFTS = "礼盒"
CATEGORIES = (
    Category("GF", GIFTS, "山茶油礼盒", ("如意", "团圆", "锦绣", "福满", "臻礼"), ("双瓶", "四瓶"), (168, 328), "盒", 6,
             130_000),
    Category("CY", "山茶油", "山茶油", ("家常", "初榨", "冷榨", "有机", "古法"), ("500mL", "1.6L"), (68, 188), "瓶", 12,
             90_000),
    Category("TW", "调味", "调味汁", ("鲜酿", "蒸鱼", "凉拌", "菌菇", "陈酿"), ("500mL", "1L"), (16, 28), "瓶", 12,
             130_000),
    Category("DM", "大米", "大米", ("长粒香", "稻花", "丝苗", "胚芽", "软香"), ("5kg", "10kg"), (49, 92), "袋", 4,
             90_000),
    Category("CH", "茶叶", "茶", ("绿", "红", "白", "乌龙", "茉莉"), ("100g", "250g"), (58, 128), "罐", 10, 130_000),
    Category("HF", "护肤", "山茶护肤品", ("润手", "洁面", "身体", "护发", "沐浴"), ("50mL", "200mL"), (39, 89), "支",
             24, 130_000),
)  # fmt: skip
TIER_SHARES = {"master_agent": 62, "agent_1": 67, "agent_2": 72, "dealer": 78, "store": 86}
"""Tier to what its partners pay, in per cent of the retail price."""
SERIES_STEP = 8  # per cent of the first series' price that each further series costs more
RISE = 4  # per cent, at the price change
INACTIVE = 29  # every so many-th product is not sold any more
CENT = 100  # unit prices have 4 decimals of a yuan


class PriceRow(NamedTuple):
    """One price of one product, see ``models.prices.Price``."""

    position: int
    tier: str
    unit_price: int
    valid_from: date
    valid_to: date | None


def goods() -> list[Goods]:
    """Return the sixty products."""
    found: list[Goods] = []
    for category in CATEGORIES:
        for rank, series in enumerate(category.series):
            for packing, first_yuan in zip(category.packings, category.retail_yuan, strict=True):
                number = len(found) + 1
                found.append(
                    Goods(
                        sku=f"{PREFIX}-{category.code}-{number:03}",
                        name=f"青禾{series}{category.noun} {packing}",
                        category=category.name,
                        unit=category.unit,
                        box_units=category.box_units,
                        minimum_quantity=category.box_units,
                        barcode=barcode(number),
                        tax_rate_ppm=category.tax_rate_ppm,
                        status=(ProductStatus.ACTIVE if number % INACTIVE else ProductStatus.INACTIVE).value,
                        retail_yuan=first_yuan * (100 + SERIES_STEP * rank) // 100,
                    )
                )
    return found


def barcode(number: int) -> str:
    """Return an EAN-13 of the range that shops give out themselves (it begins with 20), so it is nobody's."""
    digits = f"20{number:010}"
    total = sum(int(digit) * (3 if index % 2 else 1) for index, digit in enumerate(digits))
    return f"{digits}{-total % 10}"


def price_rows(products: list[Goods], first_day: date, change_day: date) -> list[PriceRow]:
    """Return two prices per product and tier: until ``change_day`` and, ``RISE`` per cent higher, from it on."""
    rows = []
    for position, one in enumerate(products):
        for tier, share in TIER_SHARES.items():
            cents = one.retail_yuan * share
            rows.append(PriceRow(position, tier, cents * CENT, first_day, change_day))
            rows.append(PriceRow(position, tier, cents * (100 + RISE) // 100 * CENT, change_day, None))
    return rows


class Range(NamedTuple):
    """Everything that can be ordered, with what each tier pays before the price change and since.

    Attributes:
        weights: How often each article is ordered, beside the others. gift_weights: the same before a festival.
        offers: By position of the article, tier, and whether the price change has come.
    """

    articles: list[Article]
    weights: list[int]
    gift_weights: list[int]
    offers: dict[tuple[int, str, bool], TierPrice]
    change_day: date


def make_range(products: list[Goods], ids: list[int], prices: list[PriceRow], change_day: date) -> Range:
    """Return the range that the products make with their prices. Inactive products weigh nothing."""
    articles, weights, gift_weights = [], [], []
    for position, (one, product_id) in enumerate(zip(products, ids, strict=True)):
        is_active = one.status == ProductStatus.ACTIVE.value
        articles.append(
            Article(
                product_id,
                one.sku,
                one.name,
                one.unit,
                one.box_units,
                one.minimum_quantity,
                one.tax_rate_ppm,
                is_active,
            )
        )
        weight = (100 // (1 + position * 7 % 20) + 4) * is_active  # a few sell much, many sell little
        weights.append(weight)
        gift_weights.append(weight * (5 if one.category == GIFTS else 1))
    offers = {
        (row.position, row.tier, row.valid_from >= change_day): TierPrice(row.unit_price, row.valid_from)
        for row in prices
    }
    return Range(articles, weights, gift_weights, offers, change_day)
