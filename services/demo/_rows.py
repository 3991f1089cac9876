"""Insertion of demo rows, and their marks: events in the audit log that name the rows of each table.

Each unit of work of a load records one ``demo.loaded`` with the numbers of its rows. Events are never changed, so the
mark can neither get lost nor grow, and a load that was killed is marked as far as it came.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, FromClause, Table, and_, false, func, or_, select
from sqlalchemy.orm import Session

from core.clock import BRAND_ZONE
from core.database.bulk import insert_rows
from core.database.sessions import Base, is_sqlite
from core.events.log import Event, EventDraft, record
from services.demo._names import PREFIX

SUBJECT = "demo"
LOADED, CLEARED = "demo.loaded", "demo.cleared"
Runs = list[tuple[int, int]]


class LoadedRange(NamedTuple):
    """A range of row ids that a load inserted, first to last, both included, and when."""

    first_id: int
    last_id: int
    loaded_at: datetime


def reserve_row_ids(session: Session, model: Any, count: int) -> list[int]:
    """Reserve ids for new rows of a table."""
    if is_sqlite(session):
        reason = {"see_all": "row numbers are unique across the brand"}
        highest = session.scalar(select(func.max(model.id)), execution_options=reason) or 0
        return list(range(highest + 1, highest + 1 + count))
    series = func.generate_series(1, count).table_valued("n")
    sequence = func.pg_get_serial_sequence(model.__tablename__, "id")
    return list(session.scalars(select(func.nextval(sequence)).select_from(series)))


def insert_numbered(
    session: Session, model: Any, ids: Sequence[int], columns: Sequence[str], rows: Iterable[Sequence[Any]]
) -> None:
    """Insert rows under reserved numbers."""
    insert_rows(session, model, ("id", *columns), [(row_id, *row) for row_id, row in zip(ids, rows, strict=True)])


def month_numbers(series: str, moments: Iterable[datetime]) -> list[str]:
    """Return a number for each instant, counted within its month: ``QH-AP-2611-0001``."""
    counts: Counter[str] = Counter()
    numbers = []
    for at in moments:
        month = f"{at.astimezone(BRAND_ZONE):%y%m}"
        counts[month] += 1
        numbers.append(f"{PREFIX}-{series}-{month}-{counts[month]:04}")
    return numbers


def mark_rows(session: Session, loaded: Mapping[Any, Sequence[int]], facts: Mapping[str, Any]) -> None:
    """Record that the rows of ``loaded`` (model to numbers) are demo data. To be called after they are inserted.

    Args:
        session: That of the rows.
        loaded: Models have ``created_at``; what belongs to a marked row needs no mark, see ``demo_clearing``.
        facts: What else the event is to say.
    """
    rows = {model.__tablename__: id_runs(ids) for model, ids in loaded.items() if ids}
    record(session, LOADED, SUBJECT, [EventDraft(SUBJECT, data={"rows": rows, **facts})])


def demo_marks(session: Session) -> dict[str, list[LoadedRange]]:
    """Return the ranges of demo rows since they were last cleared, by table name; adjacent ones merged."""
    of_demo = select(Event).where(Event.subject == SUBJECT, Event.subject_key == SUBJECT)
    cleared = session.scalar(select(func.max(Event.id)).where(Event.subject == SUBJECT, Event.action == CLEARED)) or 0
    marks: dict[str, list[LoadedRange]] = {}
    for event in session.scalars(of_demo.where(Event.action == LOADED, Event.id > cleared).order_by(Event.id)):
        for table, found in event.data["rows"].items():
            known = marks.setdefault(table, [])
            for first, last in found:
                if known and known[-1].last_id == first - 1:
                    first = known.pop().first_id
                known.append(LoadedRange(first, last, event.at))
    return marks


def is_demo(table: FromClause, marks: Sequence[LoadedRange]) -> ColumnElement[bool]:
    """Return the condition that a row of a table (or an alias of it) is demo data by the table's marks.

    A number that was freed and given again belongs to a later row: that one was made after the load.
    """
    made, number = table.c.created_at, table.c.id
    return or_(false(), *(and_(number.between(one.first_id, one.last_id), made <= one.loaded_at) for one in marks))


def table_of(name: str) -> Table:
    """Return the table with this name."""
    return Base.metadata.tables[name]


def id_runs(ids: Iterable[int]) -> Runs:
    """Return numbers as (first, last) of each run without a gap."""
    found: Runs = []
    for one in sorted(ids):
        if found and found[-1][1] == one - 1:
            found[-1] = (found[-1][0], one)
        else:
            found.append((one, one))
    return found
