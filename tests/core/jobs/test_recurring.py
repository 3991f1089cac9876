"""When work recurs: once for each occurrence, on the days of the calendar, whatever clocks and months do."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.jobs.recurring import Recurring

SHANGHAI = ZoneInfo("Asia/Shanghai")
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/Sao_Paulo", "Australia/Lord_Howe", "Pacific/Apia", "Asia/Kolkata")
"""None, one hour, at midnight, half an hour, a day that was skipped, an offset of half an hour."""
STEP = timedelta(minutes=15)  # offsets of all zones are whole multiples of it
RULES = st.one_of(
    st.just({}),
    st.builds(lambda weekday: {"weekday": weekday}, st.integers(0, 6)),
    st.builds(lambda day: {"day": day}, st.integers(1, 31)),
)


def at(text: str, zone: ZoneInfo = SHANGHAI) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def days_of(rule: dict[str, int], first: date, count: int) -> list[date]:
    """Return the days of a rule, by asking each day of the calendar."""
    days = [first + timedelta(days=number) for number in range(count)]
    if "weekday" in rule:
        return [day for day in days if day.isoweekday() == rule["weekday"] + 1]
    if "day" in rule:
        lengths = {day: max(n for n in range(28, 32) if _exists(day, n)) for day in days}
        return [day for day in days if day.day == min(rule["day"], lengths[day])]
    return days


def _exists(day: date, number: int) -> bool:
    try:
        day.replace(day=number)
    except ValueError:
        return False
    return True


def first_instant(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """Return when the clocks of ``zone`` first show a time on a day, step by step; as much later if they skip it."""
    begins = datetime.combine(day, time(minute=clock.minute % 15), UTC) - timedelta(hours=16)
    instants = [begins + number * STEP for number in range(54 * 4)]
    wanted = datetime.combine(day, clock)
    shown = [one.astimezone(zone).replace(tzinfo=None) for one in instants]
    if wanted in shown:
        return instants[shown.index(wanted)]
    after = next(number for number, one in enumerate(shown) if one > wanted)
    return instants[after - 1] + (wanted - shown[after - 1])


@example("America/St_Johns", {}, time(0, 0), date(2010, 11, 7), 165)  # at 00:01 clocks went back to the day before
@given(
    st.sampled_from(ZONES),
    RULES,
    st.times().map(lambda one: one.replace(second=0, microsecond=0)),
    st.dates(date(2011, 1, 1), date(2030, 12, 1)),
    st.integers(0, 60 * 24),
)
def test_the_last_occurrence_is_the_one_that_a_walk_through_the_calendar_finds(zone_name, rule, clock, today, minutes):
    zone = ZoneInfo(zone_name)
    instant = datetime.combine(today, time(), UTC) + timedelta(minutes=minutes)
    days = days_of(rule, today - timedelta(days=45), 48)
    naive = {day: first_instant(day, clock, zone) for day in days if abs((day - today).days) < 3}
    near = [(begins_at, day) for day, begins_at in naive.items() if begins_at <= instant]
    expected_day = max(near)[1] if near else max(day for day in days if day <= today - timedelta(days=3))

    begins_at, key = Recurring("t.job", at=f"{clock:%H:%M}", **rule).last_occurrence(instant, zone)

    assert (key, begins_at <= instant) == (f"t.job@{expected_day}T{clock:%H:%M}", True)
    assert begins_at == first_instant(expected_day, clock, zone)


@pytest.mark.parametrize(
    ("clock", "summer_day", "winter_day"),
    [("02:30", "2026-03-29T03:30", "2026-10-25T02:30"), ("12:00", "2026-03-29T12:00", "2026-10-25T12:00")],
)
def test_a_time_that_clocks_skip_comes_as_much_later_and_one_they_show_twice_comes_once(clock, summer_day, winter_day):
    berlin, daily = ZoneInfo("Europe/Berlin"), Recurring("t.job", at=clock)

    for text in (summer_day, winter_day):
        day = text[:10]
        hours = [at(f"{day}T00:00", berlin).astimezone(UTC) + number * timedelta(minutes=30) for number in range(52)]
        found = {daily.last_occurrence(hour, berlin) for hour in hours}
        that_day = [begins_at for begins_at, key in found if key == f"t.job@{day}T{clock}"]
        assert that_day == [at(text, berlin).astimezone(UTC)]


def test_a_month_without_a_31st_has_it_on_its_last_day():
    monthly = Recurring("t.job", at="02:00", day=31)

    found = [monthly.last_occurrence(at(f"2028-{month:02}-15T12:00"))[1] for month in range(2, 7)]

    assert found == [f"t.job@2028-{day}T02:00" for day in ("01-31", "02-29", "03-31", "04-30", "05-31")]


def test_an_interval_keeps_the_names_its_runs_have_had():
    hourly = Recurring("t.job", every=timedelta(hours=1))

    assert hourly.last_occurrence(at("2026-11-20T08:59")) == (
        datetime(2026, 11, 20, 0, tzinfo=UTC),
        f"t.job@{int(datetime(2026, 11, 20, 0, tzinfo=UTC).timestamp()) // 3600}",
    )


@pytest.mark.parametrize(
    "rule",
    [
        {},
        {"every": timedelta(0)},
        {"every": timedelta(hours=1), "at": "02:00"},
        {"every": timedelta(hours=1), "day": 1},
        {"at": "25:00"},
        {"at": "02:00", "day": 0},
        {"at": "02:00", "day": 32},
        {"at": "02:00", "weekday": 7},
        {"at": "02:00", "weekday": 1, "day": 1},
    ],
)
def test_a_rule_that_means_nothing_is_refused(rule):
    with pytest.raises(ValueError, match=r"t\.job|[Hh]our"):
        Recurring("t.job", **rule)
