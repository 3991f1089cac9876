"""Which scheduled backups stay: 7 days, 4 weeks, 12 months and the newest, whatever the clock does; others always."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from core.clock import day_of
from services.backups.retention import file_name, instant_of, names_to_remove

KEPT_MAX = 7 + 4 + 12
OTHERS = [
    "before-restore-20260101T000000Z.qudao",
    "before-0021-20260101T000000Z.db",
    "qudao-20260101T000000Z.qudao.partial",
    "qudao-20261301T000000Z.qudao",
    "Qudao-20260101T000000Z.qudao",
    "year-end.qudao",
]
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
instants = st.integers(0, 5 * 365 * 86_400).map(lambda seconds: BEGIN + timedelta(seconds=seconds))
folders = st.lists(instants, min_size=1, max_size=120, unique=True)


def left(names: list[str], at: datetime, newest: str) -> list[str]:
    gone = set(names_to_remove(names, at, newest=newest))
    return [name for name in names if name not in gone]


def nightly(first: date, nights: int) -> list[datetime]:
    """Return half past three in the morning of the brand's day, night by night."""
    begin = datetime(first.year, first.month, first.day, 19, 30, tzinfo=UTC)
    return [begin + timedelta(days=night) for night in range(nights)]


def test_a_name_states_when_the_backup_was_made():
    at = datetime(2026, 12, 1, 19, 30, 5, tzinfo=UTC)

    assert file_name(at) == "qudao-20261201T193005Z.qudao"
    assert instant_of(file_name(at)) == at
    assert [instant_of(name) for name in OTHERS] == [None] * len(OTHERS)


def test_after_two_years_of_nights_seven_days_four_weeks_and_twelve_months_are_there():
    kept: list[str] = []
    for at in nightly(date(2025, 1, 1), 730):
        kept = left([*kept, file_name(at)], at, file_name(at))

    days = [day_of(instant_of(name) or at) for name in kept]
    assert days[-7:] == [date(2026, 12, 26) + timedelta(days=n) for n in range(7)]
    assert [day for day in days if day >= date(2026, 12, 1)][:2] == [date(2026, 12, 13), date(2026, 12, 20)]
    assert [(day.year, day.month) for day in days[:9]] == [(2026, month) for month in range(2, 11)]
    assert all((day + timedelta(days=1)).day == 1 for day in days[:9])


def test_a_day_begins_at_midnight_of_the_brand_and_not_of_utc():
    before, after = (datetime(2026, 12, 1, hour, 30, tzinfo=UTC) for hour in (15, 16))
    names = [file_name(before), file_name(after)]
    week = [file_name(at) for at in nightly(date(2026, 12, 2), 7)]

    assert names_to_remove([*names, *week[:5]], after + timedelta(days=30), newest=week[4]) == []
    assert names[0] in names_to_remove([*names, *week], after + timedelta(days=30), newest=week[6])


@given(folders, instants, st.data())
def test_whatever_the_clock_says_only_scheduled_ones_go_and_the_newest_stays(made, at, data):
    names = [file_name(one) for one in made]
    newest = data.draw(st.sampled_from(names))

    gone = names_to_remove([*names, *OTHERS], at, newest=newest)

    past = [one for one in made if one <= at]
    assert set(gone) <= set(names) - {newest}
    assert not past or file_name(max(past)) not in gone
    assert not {file_name(one) for one in made if one > at} & set(gone)
    assert len(past) - len(gone) <= KEPT_MAX + 1


@given(folders)
def test_removing_night_by_night_leaves_what_removing_at_once_does(made):
    made = sorted(made)
    kept: list[str] = []
    for at in made:
        kept = left([*kept, file_name(at)], at, file_name(at))

    names = [file_name(at) for at in made]
    assert kept == left(names, made[-1], names[-1])
    assert names_to_remove(kept, made[-1], newest=names[-1]) == []


@given(folders)
def test_the_newest_of_each_of_the_last_seven_days_with_a_backup_stays(made):
    newest_of_day = {day_of(at): at for at in sorted(made)}

    names = [file_name(at) for at in made]
    kept = left(names, max(made), file_name(max(made)))

    assert {file_name(newest_of_day[day]) for day in sorted(newest_of_day)[-7:]} <= set(kept)
