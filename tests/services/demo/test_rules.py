"""The rules demo data is made by: numbers that are nobody's, and a year that looks like the trade's."""

from datetime import date, timedelta
from random import Random

from core.kinds.standard import PHONE
from core.kinds.uscc import is_valid
from models.regions._phone_places import place_given_out
from services.demo._names import PROVINCES, NameMaker, localities
from services.demo._orders import counts_per_day


def test_numbers_pass_the_rules_and_belong_to_nobody():
    names = NameMaker(Random(1))
    place = localities(PROVINCES[0])[0]

    mobiles = [names.mobile() for _ in range(1_000)]

    assert len(set(mobiles)) == 1_000
    assert all(PHONE.parse(mobile) == mobile and mobile.startswith("154") for mobile in mobiles)
    assert place_given_out(mobiles[0]) is None
    assert all(is_valid(names.uscc(place)) for _ in range(1_000))


def test_days_share_out_all_orders_and_most_come_before_the_festivals():
    per_day = dict(counts_per_day(100_000, date(2025, 5, 22), date(2026, 11, 21)))

    weeks = {name: sum(per_day[start + timedelta(days=n)] for n in range(7)) for name, start in {
        "before spring festival": date(2026, 1, 26),
        "spring festival": date(2026, 2, 16),
        "after it": date(2026, 3, 30),
        "before mid-autumn": date(2026, 9, 7),
        "a year before": date(2025, 6, 2),
        "a year later": date(2026, 6, 1),
    }.items()}  # fmt: skip
    assert sum(per_day.values()) == 100_000
    assert weeks["before spring festival"] > 2 * weeks["after it"] > 4 * weeks["spring festival"]
    assert weeks["before mid-autumn"] > 2 * weeks["after it"] * 9 // 10
    assert weeks["a year later"] > weeks["a year before"]
    assert per_day[date(2026, 6, 1)] > 2 * per_day[date(2026, 6, 7)]
