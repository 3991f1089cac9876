"""Removal of demo data: everything a load inserted and its dependent rows, unless a real row refers to it."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    FromClause,
    Select,
    Table,
    and_,
    delete,
    exists,
    false,
    literal,
    not_,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.access import Actor
from core.database.disk_space import essential_writes
from core.database.sessions import Base, transact
from core.errors import Conflict
from core.events.log import EventDraft, record
from core.i18n import N_
from models.approvals import CaseStatus, StepState
from services.approvals.subjects import SUBJECTS
from services.demo._credit import add_to_balances
from services.demo._rows import CLEARED, SUBJECT, LoadedRange, demo_marks, is_demo, table_of
from services.demo._stores import purge_stores
from services.demo.loading import NEEDED
from services.partners.tree import lock_tree

DEPENDENT_ROWS = {
    "order_lines": "order_id",
    "affiliations": "partner_id",
    "store_positions": "store_id",
    "store_findings": "store_id",
    "store_photos": "store_id",
    "credit_balances": "partner_id",
    "user_sessions": "user_id",
    "known_devices": "user_id",
    "recovery_codes": "user_id",
    "one_time_links": "user_id",
}
"""Table to the column that names its owner: dependent rows, deleted with their owner even if made by users."""
DERIVED_REFERENCES = {("store_findings", "other_store_id")}
"""Columns filled by programs only: rows that name a demo row there are deleted too, see ``purge_stores``."""
KEYS = ("number", "code", "sku", "email", "name", "id")
"""Columns by which a row is named to people; the first that a table has."""
SHOWN = 5  # rows named in a refusal
SLICE = 5_000  # orders deleted in one unit of work
Marks = Mapping[str, Sequence[LoadedRange]]


@essential_writes()
def clear_demo(actor: Actor) -> dict[str, Any]:
    """Remove the demo data. Events stay, and one more says that it was cleared.

    Decisions about orders are never deleted, so a demo order that somebody has decided keeps the demo data in place.
    What was removed before a failure stays removed; a repetition resumes.

    Returns:
        ``removed``: how many rows of each table were demo data; empty if there was none.

    Raises:
        NotPermitted: The actor is no administrator.
        Conflict: ``demo.referred_to``: nothing was removed.
    """
    for permission in NEEDED:
        actor.require(permission)
    removed: dict[str, int] = {}
    if not transact(actor, _start_clearing):
        return {"removed": removed}
    try:
        while count := transact(actor, _clear_orders):
            removed["orders"] = removed.get("orders", 0) + count
        transact(actor, lambda session: _clear_rest(session, removed))
    except IntegrityError as error:
        raise Conflict(
            "demo.changed_meanwhile",
            N_("Somebody has just made a row that refers to demo data. Clear again to see which one."),
        ) from error
    return {"removed": removed}


def referring_rows(session: Session, marks: Marks) -> Iterator[str]:
    """Yield each real row that refers to a demo row, as e.g. ``customers C1 → partners QH-D0001``."""
    for table, column, target in _references():
        is_own = DEPENDENT_ROWS.get(table.name) == column.name or (table.name, column.name) in DERIVED_REFERENCES
        if target.name in marks and not is_own:
            query = _referring(table, column, target, marks)
            for own, key, target_key in session.execute(query):
                yield f"{own} {key} → {target.name} {target_key}"


def decided_orders(session: Session, marks: Marks) -> Iterator[str]:
    """Yield each decision about a demo order, as e.g. ``approvals 凌 → orders QH-2611-000001``."""
    cases, decisions, orders = table_of("approval_cases"), table_of("approval_decisions"), table_of("orders")
    decided = select(decisions.c.name, cases.c.key).where(
        decisions.c.case_id == cases.c.id,
        cases.c.subject == "orders",
        cases.c.key == orders.c.number,
        is_demo(orders, marks.get("orders", ())),
    )
    for person, number in session.execute(decided.order_by(decisions.c.id).limit(SHOWN + 1)):
        yield f"approvals {person} → orders {number}"


def _clear_cases(session: Session, marks: Marks) -> None:
    """Delete the cases of demo rows without a decision; the others are history, and withdrawn if they are open."""
    cases, steps = table_of("approval_cases"), table_of("approval_steps")
    is_decided = exists().where(table_of("approval_decisions").c.case_id == cases.c.id)
    waits = steps.c.state == StepState.WAITING.value
    for name in SUBJECTS.keys() & marks.keys():
        table = table_of(name)
        of_demo = and_(
            cases.c.subject == name, cases.c.key.in_(select(table.c[_key(table)]).where(is_demo(table, marks[name])))
        )
        undecided = select(cases.c.id).where(of_demo, ~is_decided)
        session.execute(delete(steps).where(steps.c.case_id.in_(undecided)))
        session.execute(delete(cases).where(of_demo, ~is_decided))
        is_open = and_(of_demo, cases.c.status == CaseStatus.OPEN.value)
        open_ids = select(cases.c.id).where(is_open)
        session.execute(update(steps).where(steps.c.case_id.in_(open_ids), waits).values(state=StepState.CANCELLED))
        session.execute(update(cases).where(is_open).values(status=CaseStatus.WITHDRAWN))


def _references() -> Iterator[tuple[Table, Column[Any], Table]]:
    """Yield every foreign key: table, column, and the referenced table."""
    for table in Base.metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            yield table, key.parent, key.column.table


def _referring(table: Table, column: Column[Any], target: Table, marks: Marks) -> Select[Any]:
    """Return the query for real rows that refer to demo rows of ``target``."""
    own, named = table.alias("own"), target.alias("named")
    owner, key = _display_key(own, table)
    first = next(iter(table.primary_key)).name
    return (
        select(literal(owner), key, named.c[_key(target)])
        .where(
            own.c[column.name] == named.c.id,
            is_demo(named, marks[target.name]),
            not_(_will_be_deleted(own, table, marks)),
        )
        .order_by(own.c[first])
        .limit(SHOWN + 1)
    )


def _display_key(own: FromClause, table: Table) -> tuple[str, Any]:
    """Return the table name and the key by which people know a row; of a dependent row, those of its owner."""
    if table.name not in DEPENDENT_ROWS:
        return table.name, own.c[_key(table)]
    owner, column = _owner(table)
    return owner.name, select(owner.c[_key(owner)]).where(owner.c.id == own.c[column]).scalar_subquery()


def _will_be_deleted(own: FromClause, table: Table, marks: Marks) -> ColumnElement[bool]:
    """Return the condition that clearing the demo data deletes a row."""
    if table.name in marks:
        return is_demo(own, marks[table.name])
    if table.name not in DEPENDENT_ROWS:
        return false()
    owner, column = _owner(table)
    return exists().where(owner.c.id == own.c[column], is_demo(owner, marks.get(owner.name, ())))


def _owner(table: Table) -> tuple[Table, str]:
    column = DEPENDENT_ROWS[table.name]
    return next(iter(table.c[column].foreign_keys)).column.table, column


def _key(table: Table) -> str:
    return next(name for name in KEYS if name in table.c)


def _start_clearing(session: Session) -> bool:
    """Delete the cases of demo data and return whether there is demo data.

    Raises:
        Conflict: Real rows or decisions refer to it; nothing was removed.
    """
    lock_tree(session)
    marks = demo_marks(session)
    found = list(islice(chain(decided_orders(session, marks), referring_rows(session, marks)), SHOWN + 1))
    if found:
        raise Conflict(
            "demo.referred_to",
            N_(
                "Nothing was removed, because other rows refer to demo data: {rows}. Remove or change these first; "
                "decisions about orders cannot be removed, so after those only a new database is without demo data."
            ),
            rows="; ".join(found[:SHOWN]) + ("; …" if len(found) > SHOWN else ""),
        )
    _clear_cases(session, marks)
    return bool(marks)


def _clear_orders(session: Session) -> int:
    """Remove the next demo orders with their lines and what they use of their buyers' credit; return how many."""
    orders, lines = table_of("orders"), table_of("order_lines")
    chosen = is_demo(orders, demo_marks(session).get("orders", ()))
    ids = list(session.scalars(select(orders.c.id).where(chosen).order_by(orders.c.id).limit(SLICE)))
    if ids:
        chosen = and_(chosen, orders.c.id.between(ids[0], ids[-1]))
        add_to_balances(session, chosen, -1)
        session.execute(delete(lines).where(lines.c.order_id.in_(select(orders.c.id).where(chosen))))
        session.execute(delete(orders).where(chosen))
    return len(ids)


def _open_circles(session: Session, marks: Marks) -> None:
    """Clear circular references between tables of demo rows: departments to their heads."""
    for key in (key for table in Base.metadata.sorted_tables for key in table.foreign_keys if key.use_alter):
        table = key.parent.table
        if marks.get(table.name):
            session.execute(update(table).where(is_demo(table, marks[table.name])).values({key.parent.name: None}))


def _clear_rest(session: Session, removed: dict[str, int]) -> None:
    """Remove all other demo rows, those that refer before those they refer to, and record it."""
    lock_tree(session)
    marks = demo_marks(session)
    if marks.get("stores"):
        purge_stores(session, is_demo(table_of("stores"), marks["stores"]))
    _open_circles(session, marks)
    for table in reversed(Base.metadata.sorted_tables):
        if table.name in DEPENDENT_ROWS:
            owner, column = _owner(table)
            owners = select(owner.c.id).where(is_demo(owner, marks.get(owner.name, ())))
            session.execute(delete(table).where(table.c[column].in_(owners)))
        elif marks.get(table.name):
            result: Any = session.execute(delete(table).where(is_demo(table, marks[table.name])))
            removed[table.name] = removed.get(table.name, 0) + int(result.rowcount)
    record(session, CLEARED, SUBJECT, [EventDraft(SUBJECT, data={"removed": removed})])
