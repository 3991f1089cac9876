"""Saving rows of a plain table from drafts: staged, compared, then one insert and one update skip unchanged rows.

Form, API and import come here alike, with one row or ten thousand. What changed is found before anything is written,
so that an unchanged row costs no write and no event, and each change is recorded with the value before it.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Select,
    String,
    Table,
    and_,
    delete,
    func,
    insert,
    literal,
    not_,
    or_,
    select,
    true,
    update,
)
from sqlalchemy.orm import Session
from sqlalchemy.schema import CreateTable, MetaData

from core.clock import now
from core.database.bulk import insert_rows
from core.database.sessions import EVERYONE, actor_of, is_sqlite
from core.errors import CellProblem, Conflict, Problem
from core.events.log import EventDraft, record, record_selected
from core.i18n import N_
from core.kinds.standard import MISSING
from core.resource import noun_of
from services.saving.plans import Plan, Rows, Saved, SaveOptions, json_value

OF_THE_SYSTEM = frozenset({"id", "version", "created_at", "updated_at"})
"""Columns that saving sets itself; of the others it writes those that the rows name."""
ANALYZE_FROM = 1_000  # staged rows from which PostgreSQL plans better with statistics

KEY_NOT_AVAILABLE = Problem("rows.key_not_available", N_("cannot be used here: choose another"))
"""Problem of a key that belongs to a row the actor may not see."""


def save_rows(session: Session, plan: Plan, rows: Rows, options: SaveOptions) -> Saved:
    """Insert the rows that are new, update those that differ, leave the others alone.

    Raises:
        Conflict: ``rows.changed_meanwhile`` if ``options.version`` is not the row's any more.
    """
    if not rows.numbers:
        return Saved()
    staged = _stage(session, plan, rows)
    hidden, incomplete = _refuse_hidden(session, plan, staged), _refuse_incomplete(session, plan, staged, rows)
    saved = Saved(problems=[*hidden, *incomplete])
    if saved.problems:
        refused = {problem.row for problem in saved.problems}
        session.execute(delete(staged).where(staged.c.row.in_(refused)))
    changes = _changes(session, plan, staged, rows, options)
    saved.created = _record_created(session, plan, staged, rows, options)
    saved.new_rows = _new_numbers(session, plan, staged, rows, saved)
    saved.changes = {row: happening.changes for row, happening in changes.items()}
    saved.updated = len(changes)
    saved.unchanged = len(rows.numbers) - len(saved.problems) - saved.created - saved.updated
    if saved.created:
        _insert(session, plan, staged, rows)
    if saved.updated:
        _update(session, plan, staged, rows)
        record(
            session, f"{noun_of(plan.subject)}.changed", plan.subject, list(changes.values()), batch_id=options.batch_id
        )
    return saved


def _stage(session: Session, plan: Plan, rows: Rows) -> Table:
    model_columns = plan.model.__table__.c
    names = [one.key for one in model_columns if one.key not in OF_THE_SYSTEM or one.key in plan.derived_columns]
    staged = Table(
        f"staged_{plan.subject}",
        MetaData(),
        Column("row", BigInteger),
        Column("key_text", String),
        *(Column(name, model_columns[name].type) for name in names),
        prefixes=["TEMPORARY"],
    )
    session.execute(CreateTable(staged, if_not_exists=True))
    session.execute(delete(staged))
    stated = list(rows.columns)
    values = zip(rows.numbers, rows.keys, *(rows.columns[name] for name in stated), strict=True)
    insert_rows(session, staged, ["row", "key_text", *stated], list(values))
    if not is_sqlite(session) and len(rows.numbers) >= ANALYZE_FROM:
        session.connection().exec_driver_sql(f"ANALYZE {staged.name}")
    return staged


def _on_key(plan: Plan, staged: Table) -> ColumnElement[bool]:
    table = plan.model.__table__
    return and_(*(table.c[key] == staged.c[key] for key in plan.keys))


def _new_value(plan: Plan, staged: Table, name: str) -> ColumnElement[Any]:
    """Return the new value of an existing row's column; for a field with a default, blank keeps the old value."""
    if name in plan.defaults:
        return func.coalesce(staged.c[name], plan.model.__table__.c[name])
    return staged.c[name]


def _written(plan: Plan, rows: Rows) -> list[str]:
    return [name for name in rows.columns if name not in plan.keys]


def _differs(plan: Plan, staged: Table, rows: Rows) -> ColumnElement[bool]:
    table = plan.model.__table__
    return or_(
        *(table.c[name].is_distinct_from(_new_value(plan, staged, name)) for name in _written(plan, rows)),
        not_(true()),
    )


def _refuse_hidden(session: Session, plan: Plan, staged: Table) -> list[CellProblem]:
    """Refuse rows whose key belongs to a row the actor may not see: it must neither change nor show.

    The refusal does not say that somebody else uses the key.
    """
    visible = plan.model.visible_to(actor_of(session))
    if visible is EVERYONE:
        return []
    table = plan.model.__table__
    query = select(staged.c.row, staged.c.key_text).join(table, _on_key(plan, staged)).where(not_(visible))
    return [CellProblem(row, plan.keys[0], key, KEY_NOT_AVAILABLE) for row, key in session.execute(query)]


def _new_numbers(session: Session, plan: Plan, staged: Table, rows: Rows, saved: Saved) -> list[int]:
    """Return the numbers of the rows that will be created; queried only where that is neither all nor none."""
    refused = {problem.row for problem in saved.problems}
    if not saved.created or saved.created == len(rows.numbers) - len(refused):
        return [row for row in rows.numbers if saved.created and row not in refused]
    return list(session.execute(_new_rows(plan, staged, staged.c.row)).scalars())


def _changes(session: Session, plan: Plan, staged: Table, rows: Rows, options: SaveOptions) -> dict[int, EventDraft]:
    """Return by row number what will change in rows that exist: stored values before and after, by field name."""
    table = plan.model.__table__
    names = [name for name in _written(plan, rows) if name not in plan.derived_columns]
    path = table.c.path if "path" in table.c else literal("")
    before = [table.c[name].label(f"before_{name}") for name in names]
    after = [_new_value(plan, staged, name).label(f"after_{name}") for name in names]
    query: Select[Any] = select(staged.c.row, staged.c.key_text, path, table.c.version, *before, *after)
    query = query.join_from(staged, table, _on_key(plan, staged)).order_by(staged.c.row)
    if options.version is not None:
        _require_version(session, query, options.version)
    happenings, fields = {}, [plan.field_name(name) for name in names]
    for row in session.execute(query.where(_differs(plan, staged, rows))):
        number, key, row_path, version, *values = row
        pairs = zip(fields, values[: len(names)], values[len(names) :], strict=True)
        changes = {name: [json_value(old), json_value(new)] for name, old, new in pairs if old != new}
        happenings[number] = EventDraft(key, row_path, changes, version=version + 1)
    return happenings


def _require_version(session: Session, query: Select[Any], version: int) -> None:
    found = session.execute(query).first()
    if found is not None and found.version != version:
        raise Conflict(
            "rows.changed_meanwhile",
            N_(
                "Someone else changed this while you had it open. Reload to see the new values, then change them again."
            ),
        )


def _record_created(session: Session, plan: Plan, staged: Table, rows: Rows, options: SaveOptions) -> int:
    """Record the rows that will be new, with their values, in one statement; return how many."""
    values = _new_values(plan, staged, rows)
    blank = {name for name, given in rows.columns.items() if all(value is None for value in given)} - {*plan.defaults}
    names = [name for name in values if name not in {*plan.keys, *plan.derived_columns, *blank}]
    new = _new_rows(
        plan,
        staged,
        staged.c.key_text.label("subject_key"),
        (func.coalesce(staged.c.path, "") if "path" in staged.c else literal("")).label("path"),
        literal(1).label("subject_version"),
        _json_object(session, staged, {plan.field_name(name): values[name] for name in names}).label("created_values"),
    ).order_by(staged.c.row)
    return record_selected(session, f"{noun_of(plan.subject)}.created", plan.subject, new, batch_id=options.batch_id)


def _new_values(plan: Plan, staged: Table, rows: Rows) -> dict[str, ColumnElement[Any]]:
    """Return column name → value of a new row: as stated, else its default."""
    columns = plan.model.__table__.c
    values: dict[str, ColumnElement[Any]] = {name: staged.c[name] for name in rows.columns}
    for name, default in plan.defaults.items():
        given = literal(default, columns[name].type)
        values[name] = func.coalesce(staged.c[name], given) if name in rows.columns else given
    return values


def _json_object(session: Session, staged: Table, values: Mapping[str, ColumnElement[Any]]) -> ColumnElement[Any]:
    """Return a JSON object of values of a staged row, as each database makes it fastest."""
    if not values:
        return literal({}, JSON)
    if is_sqlite(session):
        return func.json_object(*(part for name, value in values.items() for part in (literal(name), value)))
    row = select(*(value.label(name) for name, value in values.items())).correlate(staged).lateral("v")
    return select(func.row_to_json(row.table_valued())).scalar_subquery()


def _update(session: Session, plan: Plan, staged: Table, rows: Rows) -> None:
    table = plan.model.__table__
    at = literal(now(), table.c.updated_at.type)
    values = {name: _new_value(plan, staged, name) for name in _written(plan, rows)}
    changed = update(table).where(_on_key(plan, staged), _differs(plan, staged, rows))
    session.execute(changed.values(**values, version=table.c.version + 1, updated_at=at))


def _insert(session: Session, plan: Plan, staged: Table, rows: Rows) -> None:
    table = plan.model.__table__
    at = literal(now(), table.c.updated_at.type)
    values = _new_values(plan, staged, rows)
    values |= {"version": literal(1), "created_at": at, "updated_at": at}
    if "path" in table.c:
        values.setdefault("path", literal("", table.c.path.type))
    new = _new_rows(plan, staged, *values.values()).order_by(staged.c.row)
    session.execute(insert(table).from_select(list(values), new, include_defaults=False))


def _new_rows(plan: Plan, staged: Table, *columns: Any) -> Select[Any]:
    """Return the staged rows that the table does not have yet."""
    table = plan.model.__table__
    return select(*columns).select_from(staged.outerjoin(table, _on_key(plan, staged))).where(table.c.id.is_(None))


def _refuse_incomplete(session: Session, plan: Plan, staged: Table, rows: Rows) -> list[CellProblem]:
    """Refuse new rows that leave out what a new row needs; a row that exists may leave it as it is."""
    absent = [name for name in plan.required if name not in rows.columns]
    if not absent:
        return []
    new = session.execute(_new_rows(plan, staged, staged.c.row)).scalars()
    return [CellProblem(row, absent[0], "", MISSING) for row in new]
