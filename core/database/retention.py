"""Retention: how long rows of a table are kept, declared beside the model or service they belong to; their purge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from core.clock import now

SLICE_ROWS = 500
"""Rows purged in one transaction, so that nobody waits long for it."""
_SEE: dict[str, Any] = {
    "see_all": "what nobody needs any more is dropped, whoever it belonged to",
    "synchronize_session": False,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """How long rows of a table are kept.

    Attributes:
        column: Mapped attribute, the instant from which the days count.
        days: A row is dropped once the instant is more than so many days ago.
        reason: English sentence: why it is dropped, and what stays.
        conditions: What must hold of a row besides.
        remove: ``remove(session, ids)`` drops the rows of these numbers; None deletes them.
    """

    column: Any
    days: int
    reason: str
    conditions: tuple[ColumnElement[bool], ...] = ()
    remove: Callable[[Session, Sequence[int]], None] | None = None

    @property
    def model(self) -> Any:
        """Return the mapped class of the rows."""
        return self.column.class_


def purge_slice(session: Session, retention: Retention) -> int:
    """Drop the first ``SLICE_ROWS`` rows whose time is over; return how many there were."""
    model = retention.model
    over = (retention.column < now() - timedelta(days=retention.days), *retention.conditions)
    query = select(model.id).where(*over).order_by(model.id).limit(SLICE_ROWS).with_for_update()
    ids = session.scalars(query, execution_options=_SEE).all()
    if ids and retention.remove is None:
        session.execute(delete(model).where(model.id.in_(ids)), execution_options=_SEE)
    elif ids and retention.remove is not None:
        retention.remove(session, ids)
    return len(ids)
