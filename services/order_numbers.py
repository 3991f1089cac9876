"""Numbers of orders: ``SO-202611-000123``, counted up within each month of the brand's calendar."""

import re
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.prepared import Found, Prepared, Step, run_together
from models.number_series import NumberSeries

_OURS = re.compile(r"SO-\d{6}-\d+")


def _counted(insert: Any) -> Any:
    first = insert(NumberSeries)
    counted = first.on_conflict_do_update(
        index_elements=["name"], set_={"last": NumberSeries.last + first.excluded.last}
    )
    return counted.returning(NumberSeries.last)


_COUNTED = Prepared(
    {"sqlite": _counted(sqlite.insert), "postgresql": _counted(postgresql.insert)}, columns=("name", "last")
)


def next_order_numbers(session: Session, day: date, count: int) -> list[str]:
    """Return ``count`` numbers nobody else gets.

    Others who want one wait until this transaction ends: take numbers as late as possible.
    """
    return numbers_counted(day, count, run_together(session, counting(day, count))[0])


def counting(day: date, count: int) -> Step:
    """Return the step of ``next_order_numbers``, to be run together with others."""
    return _COUNTED, {"name": _name(day), "last": count}


def numbers_counted(day: date, count: int, found: Found) -> list[str]:
    """Return the numbers that ``counting`` brought."""
    last: int = found.scalar()
    return [f"{_name(day)}-{number:06}" for number in range(last - count + 1, last + 1)]


def is_of_our_series(number: str) -> bool:
    """Return whether a number looks like those given here, which nobody else may give."""
    return _OURS.fullmatch(number) is not None


@lru_cache(maxsize=100)
def _name(day: date) -> str:
    return f"SO-{day:%Y%m}"
