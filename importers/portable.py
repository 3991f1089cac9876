"""Whole resources as one SQLite file, for people with Datasette, Excel or SQL: everything the actor may see.

Values stand there as the API gives them: amounts as decimal yuan in text, exactly, days and instants as ISO 8601, the
code of a choice, the key of a reference. Beside an amount of a column stands the same in whole cents, to add up.
"""

import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.sessions import reading, unit_of_work
from core.errors import InvalidInput
from core.events.log import EventDraft, record
from core.i18n import LANGUAGES, N_, catalogue
from core.kinds.kind import dump_instant
from core.permissions import Permission
from core.process.late_imports import late_import
from core.queries.finding import read_query, stream_rows
from core.queries.grid_query import GridQuery
from core.resource import Field, Resource
from resources import ALL, EXPORTED

FORMAT = "sqlite"
CENTS = "_cents"
"""What follows the name of an amount where it stands in whole cents."""
_NAMES = frozenset({"name", "title", "contact"})
_WHOLE, _NUMBER = frozenset({"integer"}), frozenset({"latitude", "longitude", "accuracy"})


def exportable(actor: Actor) -> list[Resource]:
    """Return every resource the actor may view, with those that stand in the worksheets of others."""
    return [resource for resource in EXPORTED.values() if actor.can(resource.view)]


def export_sqlite(resources: Sequence[Resource], file: Path, actor: Actor) -> dict[str, int]:
    """Write resources to a SQLite file that appears only when it is whole, on record; return their numbers of rows.

    Raises:
        NotPermitted: ``access.denied``.
        InvalidInput: ``files.not_writable``.
    """
    actor.require(Permission.EXPORT)
    try:
        descriptor, temporary = tempfile.mkstemp(dir=file.resolve().parent, prefix=".qudao-")
        os.close(descriptor)
        try:
            counts = _write(resources, Path(temporary), actor)
            Path(temporary).replace(file)
        finally:
            Path(temporary).unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        message = N_("{file} cannot be written: {reason}. Nothing is left of it.")
        raise InvalidInput("files.not_writable", message, file=file, reason=_reason(error)) from error
    with unit_of_work(actor) as session:
        for name, count in counts.items():
            facts = {"rows": count, "query": "", "format": FORMAT}
            record(session, f"{name}.exported", name, [EventDraft("", actor.partner_path, data=facts)])
    return counts


def _write(resources: Sequence[Resource], path: Path, actor: Actor) -> dict[str, int]:
    files = late_import("importers.writing.sqlite_files")
    file, counts = files.SqliteFile(path), {}
    there = {resource.name for resource in resources}
    with reading(actor) as session:
        queries = {resource.name: read_query(resource, actor, []) for resource in resources}
        tables = {name: _table(query, there) for name, query in queries.items()}
        file.create(list(tables.values()))
        for name, query in queries.items():
            counts[name] = file.fill(tables[name], _rows(session, query))
    for name, columns, keys, rows in _tables_about(resources, counts, actor):
        table = files.FileTable(name, columns, keys)
        file.create([table])
        file.fill(table, rows)
    file.finish()
    return counts


def _table(query: GridQuery, there: set[str]) -> Any:
    """Return the table of a resource; ``there``: names of all tables of the file."""
    resource, fields = query.resource, _fields(query)
    return late_import("importers.writing.sqlite_files").FileTable(
        resource.name,
        dict(column for field in fields for column in _columns(field)),
        [name for name in resource.keys if name in query.fields],
        [one for field in fields for one in _references(resource, field, there)],
        [field.name for field in fields if _is_searched(field)],
    )


def _tables_about(
    resources: Sequence[Resource], counts: dict[str, int], actor: Actor
) -> Iterator[tuple[str, dict[str, type], list[str], list[tuple[Any, ...]]]]:
    """Yield (name, columns, keys, rows) of the tables that say what the others hold; their names begin with "_"."""
    of: dict[str, type] = {"resource": str}
    labels: dict[str, type] = {f"label_{language[:2]}": str for language in LANGUAGES}
    names = [(one.name, *_both(one.label), counts[one.name]) for one in resources]
    yield "_resources", of | labels | {"rows": int}, ["resource"], names
    kinds = {"position": int, "kind": str, "is_key": int, "refers_to": str}
    headings = [row for resource in resources for row in _headings(resource, actor)]
    yield "_headings", of | {"field": str} | labels | kinds, ["resource", "field"], headings
    choices = [row for resource in resources for row in _choices(resource, actor)]
    yield "_choices", of | {"field": str, "value": str} | labels, ["resource", "field", "value"], choices
    about = [("exported_at", dump_instant(now())), ("exported_by", actor.name), ("format", "1")]
    yield "_about", {"name": str, "value": str}, ["name"], about


def _fields(query: GridQuery) -> list[Field]:
    return [query.resource.field(name) for name in query.fields]


def _rows(session: Session, query: GridQuery) -> Iterator[list[Any]]:
    forms = [_forms(field) for field in _fields(query)]
    with closing(stream_rows(session, query)) as parts:
        for part in parts:
            for row in part:
                yield [form(value) for value, own in zip(row, forms, strict=True) for form in own]


def _forms(field: Field) -> list[Callable[[Any], Any]]:
    """Return how a stored value becomes that of each column of its field."""
    dump = field.kind.dump
    return [dump, lambda cents: cents] if field.kind.name == "money" else [dump]


def _columns(field: Field) -> list[tuple[str, type]]:
    if field.kind.name == "money":
        return [(field.name, str), (field.name + CENTS, int)]
    return [(field.name, int if field.kind.name in _WHOLE else float if field.kind.name in _NUMBER else str)]


def _references(resource: Resource, field: Field, there: set[str]) -> list[tuple[str, str, str]]:
    """Return (column, table, its column) if a field names a row of a table that is in the file, by its key."""
    owner = next((one for one in ALL if one.worksheet is resource), None)
    if owner is not None and owner.keys == (field.name,) and owner.name in there:
        return [(field.name, owner.name, field.name)]
    reference = field.kind.reference
    if reference is None or reference.resource not in there:
        return []
    keys = EXPORTED[reference.resource].keys
    return [(field.name, reference.resource, keys[0])] if len(keys) == 1 else []


def _is_searched(field: Field) -> bool:
    return field.kind.name == "text" and field.name.split("_")[-1] in _NAMES


def _headings(resource: Resource, actor: Actor) -> Iterator[tuple[Any, ...]]:
    for position, field in enumerate(resource.fields_for(actor), 1):
        refers_to = field.kind.reference.resource if field.kind.reference else None
        is_key = int(field.name in resource.keys)
        yield resource.name, field.name, *_both(field.label), position, field.kind.name, is_key, refers_to


def _choices(resource: Resource, actor: Actor) -> Iterator[tuple[str, ...]]:
    for field in resource.fields_for(actor):
        for choice in field.kind.choices:
            yield resource.name, field.name, choice.value, *_both(choice.label)


def _both(label: str) -> tuple[str, ...]:
    return tuple(catalogue(language).get(label, label) for language in LANGUAGES)


def _reason(error: OSError | sqlite3.Error) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
