"""Numbers of orders: ``SO-202611-000123``, counted up within each month of the brand's calendar."""

import re
from datetime import date
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.database import is_sqlite
from models.number_series import NumberSeries
from services.order_statements import write

_OURS = re.compile(r"SO-\d{6}-\d+")


def _counted(insert: Any) -> Any:
    first = insert(NumberSeries)
    counted = first.on_conflict_do_update(
        index_elements=["name"], set_={"last": NumberSeries.last + first.excluded.last}
    )
    return counted.returning(NumberSeries.last)


_COUNTED = {"sqlite": _counted(sqlite.insert), "postgresql": _counted(postgresql.insert)}


def next_order_numbers(session: Session, day: date, count: int) -> list[str]:
    """Return ``count`` numbers nobody else gets.

    Others who want one wait until this transaction ends: take numbers as late as possible.
    """
    name = f"SO-{day:%Y%m}"
    counted = _COUNTED["sqlite" if is_sqlite(session) else "postgresql"]
    last: int = write(session, counted, {"name": name, "last": count}).scalar_one()
    return [f"{name}-{number:06}" for number in range(last - count + 1, last + 1)]


def is_of_our_series(number: str) -> bool:
    """Return whether a number looks like those given here, which nobody else may give."""
    return _OURS.fullmatch(number) is not None
