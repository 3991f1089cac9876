"""Numbers of a series, such as ``SO-202611-000123``, counted up within each month of the brand's calendar."""

import re
from datetime import date
from functools import lru_cache
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from core.clock import today
from core.database.operations import Operation
from core.database.prepared import Prepared, StatementResult
from models.number_series import NumberSeries

ORDERS = "SO"
_OF_ORDERS = re.compile(r"SO-\d{6}-\d+")


def _counted(insert: Any) -> Any:
    first = insert(NumberSeries)
    counted = first.on_conflict_do_update(
        index_elements=["name"], set_={"last": NumberSeries.last + first.excluded.last}
    )
    return counted.returning(NumberSeries.last)


_COUNTED = Prepared(
    {"sqlite": _counted(sqlite.insert), "postgresql": _counted(postgresql.insert)}, columns=("name", "last")
)


def next_numbers(series: str, count: int = 1) -> Operation[list[str]]:
    """Return the operation that takes ``count`` numbers of today's month out of a series such as "SO".

    Others wait for the lock until this transaction ends: take numbers as late as possible.
    """
    name = _name(series, today())

    def finish(session: Session, result: StatementResult) -> list[str]:
        last: int = result.scalar()
        return [f"{name}-{number:06}" for number in range(last - count + 1, last + 1)]

    return Operation(_COUNTED, {"name": name, "last": count}, finish)


def is_order_number(number: str) -> bool:
    """Return whether a number has the form of the orders' series, which is reserved for it."""
    return _OF_ORDERS.fullmatch(number) is not None


@lru_cache(maxsize=100)
def _name(series: str, day: date) -> str:
    return f"{series}-{day:%Y%m}"
