"""Generator of demo orders: time, buyer, lines and status. Pure: nothing is stored.

Demand follows the trade: it grows over the months, is strong at the beginning of the week, and peaks in the weeks in
which partners stock up before Spring Festival and Mid-Autumn Festival; in the festival week nearly nobody orders.
"""

import heapq
import math
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from functools import cache
from random import Random
from typing import NamedTuple

from core.clock import BRAND_ZONE, day_of
from models.orders import LineUnit, OrderStatus
from services.demo._names import PREFIX, NameMaker
from services.demo._partners import DemoChannel, DemoPartner
from services.demo._products import Range
from services.money.credit import Buyer
from services.orders.contents import PricedOrder
from services.orders.drafts import OrderDraft, ship_to
from services.orders.pricing import LineDraft, PricedLine, price_line

SPRING_FESTIVALS = (
    date(2024, 2, 10), date(2025, 1, 29), date(2026, 2, 17), date(2027, 2, 6), date(2028, 1, 26), date(2029, 2, 13),
    date(2030, 2, 3), date(2031, 1, 23), date(2032, 2, 11), date(2033, 1, 31), date(2034, 2, 19), date(2035, 2, 8),
)  # fmt: skip
MID_AUTUMN_FESTIVALS = (
    date(2024, 9, 17), date(2025, 10, 6), date(2026, 9, 25), date(2027, 9, 15), date(2028, 10, 3), date(2029, 9, 22),
    date(2030, 9, 12), date(2031, 10, 1), date(2032, 9, 19), date(2033, 9, 8), date(2034, 9, 27), date(2035, 9, 16),
)  # fmt: skip
WEEKDAY_WEIGHTS = (1.3, 1.2, 1.1, 1.05, 1.0, 0.5, 0.35)  # Monday first
STOCKING_DAYS, STOCKING_SPREAD = 20, 9  # days before a festival with most orders, and how wide the peak is
GROWTH = 0.8  # of demand over the whole time, as a share of its beginning

WAITING_HOURS = (2, 31, 3, 5, 52, 6, 9, 14, 27, 20, 76, 23)
REJECTED_HOURS = (33, 170, 400, 80, 900, 2_000)
DRAFT_HOURS = (4, 28, 1, 50, 120, 22, 300, 700)
"""How long ago the orders that are no ordinary ones were placed; a small load takes the first of each."""
REJECTED_SHARE, DROP_SHIP_SHARE = 0.012, 0.03

ORDER_WEIGHTS = {"master_agent": 8.0, "agent_1": 5.0, "agent_2": 4.0, "dealer": 3.0, "store": 0.8}
BOXES = {
    "master_agent": (20, 30, 40, 50, 60, 80, 100, 120),
    "agent_1": (10, 15, 20, 25, 30, 40, 50),
    "agent_2": (6, 8, 10, 12, 15, 20, 25),
    "dealer": (3, 4, 5, 6, 8, 10, 12),
    "store": (1, 1, 1, 2, 2, 3, 4),
}
LINE_COUNT_WEIGHTS = (20, 22, 19, 14, 10, 7, 5, 3)  # of 1, 2, … 8 lines
NOTES = ("请工作日送货", "节前务必送达", "门店陈列用", "与上一单合并发货", "送货前请电话联系")
PLACER, APPROVERS = "wei@demo.example", ("ling@demo.example", "ling@demo.example", "mei@demo.example")

Moment = tuple[datetime, OrderStatus | None]
"""Time of an order, and its status if it was not simply completed."""


class DemoOrder(NamedTuple):
    """An order with its progress; instants and persons of later steps are None."""

    priced: PricedOrder
    status: OrderStatus
    placed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    shipped_at: datetime | None


def demand(day: date, first_day: date, days: int) -> float:
    """Return the relative demand of a day."""
    weight = WEEKDAY_WEIGHTS[day.weekday()] * (1 + GROWTH * (day - first_day).days / days)
    for festivals, height in ((SPRING_FESTIVALS, 2.2), (MID_AUTUMN_FESTIVALS, 1.7)):
        for festival in festivals:
            ahead = (festival - day).days - STOCKING_DAYS
            weight *= 1 + height * math.exp(-((ahead / STOCKING_SPREAD) ** 2))
    return weight * (0.12 if is_holiday(day) else 1)


def is_holiday(day: date) -> bool:
    """Return whether a day lies in the week of Spring Festival."""
    return any(-2 <= (day - festival).days <= 6 for festival in SPRING_FESTIVALS)


@cache
def is_before_festival(day: date) -> bool:
    """Return whether partners stock up on gifts."""
    return any(4 <= (one - day).days <= 45 for one in (*SPRING_FESTIVALS, *MID_AUTUMN_FESTIVALS))


def counts_per_day(count: int, first_day: date, last_day: date) -> Iterator[tuple[date, int]]:
    """Yield each day from first to last, both included, with its orders; they add up to ``count``."""
    days = (last_day - first_day).days + 1
    calendar = [first_day + timedelta(days=number) for number in range(days)]
    weights = [demand(day, first_day, days) for day in calendar]
    whole, so_far, given = math.fsum(weights), 0.0, 0
    for day, weight in zip(calendar, weights, strict=True):
        so_far += weight
        upto = count if day == last_day else round(count * so_far / whole)
        yield day, upto - given
        given = upto


def moments(random: Random, count: int, first_day: date, now: datetime) -> Iterator[Moment]:
    """Yield when each order is placed, in order; with its status if it was not simply completed."""
    kinds = (
        (WAITING_HOURS, OrderStatus.SUBMITTED),
        (REJECTED_HOURS, OrderStatus.REJECTED),
        (DRAFT_HOURS, OrderStatus.DRAFT),
    )
    special: list[Moment] = []
    for hours, status in kinds:
        special += [(now - timedelta(hours=ago), status) for ago in hours[: max(1, count // 8) if count >= 4 else 0]]
    special.sort()
    yield from heapq.merge(special, _ordinary(random, count - len(special), first_day, now), key=_instant)


def _instant(moment: Moment) -> datetime:
    return moment[0]


def _ordinary(random: Random, count: int, first_day: date, now: datetime) -> Iterator[Moment]:
    yesterday = day_of(now) - timedelta(days=1)
    for day, orders in counts_per_day(count, first_day, yesterday):
        midnight = datetime.combine(day, time(), BRAND_ZONE)
        for second in sorted(int(random.triangular(8 * 3600, 21 * 3600, 10 * 3600)) for _ in range(orders)):
            yield midnight + timedelta(seconds=second), None


class OrderMaker:
    """Generates the orders of a channel in order of time."""

    def __init__(self, random: Random, channel: DemoChannel, goods: Range, now: datetime) -> None:
        self.random, self.channel, self.goods, self.now = random, channel, goods, now
        self._numbers: Counter[str] = Counter()
        self._lines: dict[tuple[int, str, int, bool], PricedLine] = {}
        self._buyers = channel.ordering
        weights = [ORDER_WEIGHTS[one.buyer.tier] * random.lognormvariate(0, 0.6) for one in self._buyers]
        for one in (*channel.twins, *channel.diverting):
            weights[self._buyers.index(one)] = 1.5 * ORDER_WEIGHTS[one.buyer.tier]  # enough to be found out
        self._buyer_steps = _steps(weights)
        self._steps, self._gift_steps = _steps(goods.weights), _steps(goods.gift_weights)
        self._waiting = iter([*channel.overdue[:2], *channel.twins, *channel.diverting[:1]])
        self._neighbours: dict[int, list[Buyer]] = defaultdict(list)
        for one in self._buyers:
            self._neighbours[one.province].append(one.buyer)
        self._diverting = self._diverted()

    def make(self, placed_at: datetime, status: OrderStatus | None) -> DemoOrder:
        """Return the next order; without ``status`` it went through as far as its age allows."""
        day = day_of(placed_at)
        wanted = next(self._waiting, None) if status is OrderStatus.SUBMITTED else None
        partner = wanted or self.random.choices(self._buyers, cum_weights=self._buyer_steps)[0]
        buyer = partner.buyer
        header = self._ship_to(partner) | {"note": self.random.choice(NOTES) if self.random.random() < 0.06 else None}
        month = f"{day:%Y%m}"
        self._numbers[month] += 1
        number = f"{PREFIX}-{month}-{self._numbers[month]:06}"
        return self._advanced(PricedOrder(number, buyer, header, self._priced_lines(buyer, day)), placed_at, status)

    def _advanced(self, priced: PricedOrder, placed_at: datetime, status: OrderStatus | None) -> DemoOrder:
        random = self.random
        if status in {OrderStatus.SUBMITTED, OrderStatus.DRAFT}:
            return DemoOrder(priced, status or OrderStatus.DRAFT, placed_at, None, None, None)
        decided_at = min(placed_at + timedelta(minutes=random.randrange(12, 900)), self.now - timedelta(minutes=1))
        shipped_at = placed_at + timedelta(minutes=random.randrange(1_000, 5_000))
        approver = random.choice(APPROVERS)
        if status is OrderStatus.REJECTED or random.random() < REJECTED_SHARE:
            return DemoOrder(priced, OrderStatus.REJECTED, placed_at, approver, decided_at, None)
        if shipped_at < self.now:
            return DemoOrder(priced, OrderStatus.SHIPPED, placed_at, approver, decided_at, shipped_at)
        return DemoOrder(priced, OrderStatus.APPROVED, placed_at, approver, decided_at, None)

    def _priced_lines(self, buyer: Buyer, day: date) -> list[PricedLine]:
        count = self.random.choices(range(1, len(LINE_COUNT_WEIGHTS) + 1), LINE_COUNT_WEIGHTS)[0]
        steps = self._gift_steps if is_before_festival(day) else self._steps
        drawn = self.random.choices(range(len(self.goods.articles)), cum_weights=steps, k=count)
        boxes = self.random.choices(BOXES[buyer.tier], k=count)
        has_changed = day >= self.goods.change_day
        chosen = dict(zip(drawn, boxes, strict=True))  # a product stands in one line only
        return [self._line(position, buyer.tier, box, day, has_changed) for position, box in chosen.items()]

    def _line(self, position: int, tier: str, boxes: int, day: date, has_changed: bool) -> PricedLine:
        key = (position, tier, boxes, has_changed)
        line = self._lines.get(key)
        if line is None:
            article = self.goods.articles[position]
            offer = self.goods.offers[position, tier, has_changed]
            made = price_line(LineDraft(article.sku, boxes, LineUnit.BOX.value), article, offer, tier, day)
            if not isinstance(made, PricedLine):
                raise RuntimeError(f"demo product {article.sku} cannot be ordered: {made[1].code}")
            line = self._lines[key] = made
        return line

    def _ship_to(self, partner: DemoPartner) -> dict[str, str | None]:
        if self._diverting and partner is self.channel.diverting[0]:
            return dict(self._diverting)
        if self.random.random() < DROP_SHIP_SHARE:
            return ship_to(OrderDraft(), self.random.choice(self._neighbours[partner.province]))
        return ship_to(OrderDraft(), partner.buyer)

    def _diverted(self) -> dict[str, str | None]:
        """Return the ship-to address of the diverting agent: a warehouse in the town of another province's agent."""
        if not self.channel.diverting:
            return {}
        names, there = NameMaker(self.random), self.channel.diverting[1].buyer
        return ship_to(OrderDraft(), there) | {
            "ship_to_name": names.person(),
            "ship_to_phone": f"154{self.random.randrange(10**8):08}",
            "ship_to_address": f"{there.address}仓库",
        }


def _steps(weights: list[float] | list[int]) -> list[float]:
    total, steps = 0.0, []
    for weight in weights:
        total += weight
        steps.append(total)
    return steps
