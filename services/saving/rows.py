"""Saving rows of a plain table from drafts: staged, compared, then one insert and one update skip unchanged rows.

Form, API and import come here alike, with one row or ten thousand. What changes is found before it is written, so that
an unchanged row costs no write and no event, and each change is recorded with the value before it. Each statement on
PostgreSQL sees what is committed by then: what one has inserted or locked, the next ones name by row number.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Column,
    ColumnElement,
    Select,
    String,
    Table,
    and_,
    any_,
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
from sqlalchemy.exc import IntegrityError
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

    Rows that differ are locked, in the order of their ids. Where somebody else adds the same key at the same moment,
    the row is theirs and is compared with what they stored; of a single new row, ``transact`` finds that out.

    Raises:
        Conflict: ``rows.changed_meanwhile`` if ``options.version`` is not the row's any more.
    """
    if not rows.numbers:
        return Saved()
    staged = _stage(session, plan, rows)
    saved = Saved(problems=_refuse_hidden(session, plan, staged))
    if options.version is not None:
        _require_version(session, plan, staged, options.version)
    saved.problems += _refuse_incomplete(session, plan, staged, rows)
    saved.new_rows = _insert(session, plan, staged, rows)
    saved.created = len(saved.new_rows)
    if saved.created:
        _record_created(session, plan, staged, rows, saved.new_rows, options)
    if saved.created + len(saved.problems) < len(rows.numbers):
        changes, hidden = _changes(session, plan, staged, rows)
        saved.problems += hidden
        saved.changes = {row: happening.changes for row, happening in changes.items()}
        saved.updated = len(changes)
        if changes:
            _update(session, plan, staged, rows, list(changes))
            happenings, batch_id = list(changes.values()), options.batch_id
            record(session, f"{noun_of(plan.subject)}.changed", plan.subject, happenings, batch_id=batch_id)
    saved.unchanged = len(rows.numbers) - len(saved.problems) - saved.created - saved.updated
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
    problems = [_hidden(plan, row, key) for row, key in session.execute(query)]
    _leave_out(session, staged, problems)
    return problems


def _hidden(plan: Plan, row: int, key: str) -> CellProblem:
    return CellProblem(row, plan.keys[0], key, KEY_NOT_AVAILABLE)


def _leave_out(session: Session, staged: Table, problems: list[CellProblem]) -> None:
    if problems:
        session.execute(delete(staged).where(staged.c.row.in_({problem.row for problem in problems})))


def _require_version(session: Session, plan: Plan, staged: Table, version: int) -> None:
    """Refuse a row that is not as the person saw it, and lock it so that it stays so."""
    table = plan.model.__table__
    query = select(table.c.version).join_from(staged, table, _on_key(plan, staged))
    found = session.scalar(query.with_for_update(of=table, key_share=True))
    if found is not None and found != version:
        raise Conflict(
            "rows.changed_meanwhile",
            N_(
                "Someone else changed this while you had it open. Reload to see the new values, then change them again."
            ),
        )


def _changes(
    session: Session, plan: Plan, staged: Table, rows: Rows
) -> tuple[dict[int, EventDraft], list[CellProblem]]:
    """Lock the rows that differ; return by row number what will change: stored values before and after, by field name.

    Rows that the actor cannot see any more now that they are locked are refused.
    """
    table = plan.model.__table__
    names = [name for name in _written(plan, rows) if name not in plan.derived_columns]
    path = table.c.path if "path" in table.c else literal("")
    before = [table.c[name].label(f"before_{name}") for name in names]
    after = [_new_value(plan, staged, name).label(f"after_{name}") for name in names]
    visible = plan.model.visible_to(actor_of(session)).label("is_visible")
    query: Select[Any] = select(staged.c.row, staged.c.key_text, path, table.c.version, visible, *before, *after)
    query = query.join_from(staged, table, _on_key(plan, staged)).where(_differs(plan, staged, rows))
    query = query.order_by(table.c.id).with_for_update(of=table, key_share=True)
    happenings, problems, fields = {}, [], [plan.field_name(name) for name in names]
    for row in sorted(session.execute(query), key=_number):
        number, key, row_path, version, is_visible, *values = row
        if not is_visible:
            problems.append(_hidden(plan, number, key))
            continue
        pairs = zip(fields, values[: len(names)], values[len(names) :], strict=True)
        changes = {name: [json_value(old), json_value(new)] for name, old, new in pairs if old != new}
        happenings[number] = EventDraft(key, row_path, changes, version=version + 1)
    return happenings, problems


def _number(row: Any) -> int:
    number: int = row.row
    return number


def _record_created(
    session: Session, plan: Plan, staged: Table, rows: Rows, numbers: list[int], options: SaveOptions
) -> None:
    """Record the rows that were inserted, with their values, in one statement."""
    values = _new_values(plan, staged, rows)
    blank = {name for name, given in rows.columns.items() if all(value is None for value in given)} - {*plan.defaults}
    names = [name for name in values if name not in {*plan.keys, *plan.derived_columns, *blank}]
    new = select(
        staged.c.key_text.label("subject_key"),
        (func.coalesce(staged.c.path, "") if "path" in staged.c else literal("")).label("path"),
        literal(1).label("subject_version"),
        _json_object(session, staged, {plan.field_name(name): values[name] for name in names}).label("created_values"),
    ).where(_is_one_of(session, staged, rows, numbers))
    action = f"{noun_of(plan.subject)}.created"
    record_selected(session, action, plan.subject, new.order_by(staged.c.row), batch_id=options.batch_id)


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


def _update(session: Session, plan: Plan, staged: Table, rows: Rows, numbers: list[int]) -> None:
    """Update the rows that are locked, by number, and no row that somebody else has changed since."""
    table = plan.model.__table__
    at = literal(now(), table.c.updated_at.type)
    values = {name: _new_value(plan, staged, name) for name in _written(plan, rows)}
    changed = update(table).where(_on_key(plan, staged), _is_one_of(session, staged, rows, numbers))
    session.execute(changed.values(**values, version=table.c.version + 1, updated_at=at))


def _insert(session: Session, plan: Plan, staged: Table, rows: Rows) -> list[int]:
    """Insert the rows that the table does not have yet; return their numbers.

    A row that somebody else adds meanwhile is not new any more: then the others are looked up and inserted again. One
    row alone does without the savepoint that this takes.
    """
    new = _new_numbers(session, plan, staged)
    while len(new) > 1:
        try:
            with session.connection().begin_nested():
                _insert_numbers(session, plan, staged, rows, new)
        except IntegrityError:
            still_new = _new_numbers(session, plan, staged)
            if still_new == new:
                raise
            new = still_new
        else:
            return new
    if new:
        _insert_numbers(session, plan, staged, rows, new)
    return new


def _insert_numbers(session: Session, plan: Plan, staged: Table, rows: Rows, numbers: list[int]) -> None:
    table = plan.model.__table__
    at = literal(now(), table.c.updated_at.type)
    values = _new_values(plan, staged, rows)
    values |= {"version": literal(1), "created_at": at, "updated_at": at}
    if "path" in table.c:
        values.setdefault("path", literal("", table.c.path.type))
    new = select(*values.values()).where(_is_one_of(session, staged, rows, numbers)).order_by(staged.c.row)
    session.execute(insert(table).from_select(list(values), new, include_defaults=False))


def _new_numbers(session: Session, plan: Plan, staged: Table) -> list[int]:
    """Return the numbers of the staged rows that the table does not have yet."""
    table = plan.model.__table__
    query = select(staged.c.row).select_from(staged.outerjoin(table, _on_key(plan, staged)))
    return list(session.scalars(query.where(table.c.id.is_(None)).order_by(staged.c.row)))


def _is_one_of(session: Session, staged: Table, rows: Rows, numbers: list[int]) -> ColumnElement[bool]:
    """Return the condition that a staged row has one of these numbers, as one value of the statement."""
    if len(numbers) == len(rows.numbers):
        return true()
    if is_sqlite(session):
        listed: Any = func.json_each(literal(numbers, JSON)).table_valued("value")
        return staged.c.row.in_(select(listed.c.value))
    return staged.c.row == any_(literal(numbers, ARRAY(BigInteger)))


def _refuse_incomplete(session: Session, plan: Plan, staged: Table, rows: Rows) -> list[CellProblem]:
    """Refuse new rows that leave out what a new row needs; a row that exists may leave it as it is."""
    absent = [name for name in plan.required if name not in rows.columns]
    if not absent:
        return []
    problems = [CellProblem(row, absent[0], "", MISSING) for row in _new_numbers(session, plan, staged)]
    _leave_out(session, staged, problems)
    return problems
