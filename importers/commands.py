"""The commands ``import``, ``export``, ``template`` and ``check``: files in, one object of facts out."""

import hashlib
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from core.access import command_line
from core.database.sessions import reading
from core.errors import InvalidInput, NotFound
from core.i18n import N_, _, ngettext, use_language
from core.permissions import Permission
from core.queries.finding import read_query, stream_rows
from core.resource import Resource
from importers.exporting import template_for, write_rows
from importers.pivots import write_pivot
from importers.portable import export_sqlite, exportable
from importers.runs.annotating import MarkedCell, RefusedRow, write_errors_workbook
from importers.runs.batches import import_file, kind_of
from importers.runs.notices import import_notices
from importers.runs.runner import ImportReport, Source, preview_import, require_importable
from models.imports import ALL_OR_NOTHING, GOOD_ROWS
from resources import BY_NAME, SHEETS
from services.installation.checks import broken_invariants
from services.installation.maintenance import actor_named, open_database
from services.reports.pivots import pivot, read_pivot

EVERYTHING, SQLITE_ENDING = "ALL", ".sqlite"
REFUSALS_SHOWN_MAX = 20  # lines on a terminal; the workbook has them all


@dataclass(frozen=True, slots=True)
class ImportOrder:
    """Options of the command ``import``. ``maps``: "HEADING=field". ``sets``: "field=value"."""

    resource: str
    file: Path
    dry_run: bool
    match: str
    mode: str
    maps: tuple[str, ...]
    sets: tuple[str, ...]
    sheet: str
    errors: Path | None


def import_rows(order: ImportOrder, email: str = "") -> dict[str, Any]:
    """Import a worksheet and return the report as facts.

    Raises:
        InvalidInput: The file cannot be taken at all.
        NotFound: ``resources.not_found``, ``files.not_found``.
        NotPermitted: The person may not edit the resource.
    """
    resource = resource_named(order.resource)
    if order.mode not in {GOOD_ROWS, ALL_OR_NOTHING}:
        raise InvalidInput(
            "imports.unknown_mode", N_("The mode is good-rows or all-or-nothing, not “{mode}”."), mode=order.mode
        )
    if not order.file.is_file():
        raise NotFound("files.not_found", N_("There is no file {file}."), file=order.file)
    source = Source(
        path=order.file,
        name=order.file.name,
        kind=kind_of(order.file),
        sheet=order.sheet or None,
        mapping=dict(pair_of(one, last=True) for one in order.maps),
        constants=dict(pair_of(one) for one in order.sets),
        match="" if order.match in resource.keys else order.match,
    )
    open_database()
    actor = actor_named(email)
    with use_language(actor.language):
        if order.dry_run:
            report = preview_import(resource, source, actor)
        else:
            report = import_file(resource, source, actor, sha256=_sha256(order.file), mode=order.mode)
        if order.errors is not None:
            write_errors(report, source, order.errors)
        facts = report_facts(report, order.resource)
        notices = import_notices(order.resource, report.created, actor)
        return facts | {"notices": notices} if notices else facts


def report_facts(report: ImportReport, name: str) -> dict[str, Any]:
    """Return a report as the one JSON object of the command ``import``."""
    errors = []
    for problem in report.problems:
        position = report.columns.positions.get(problem.field)
        heading = report.headings[position] if position is not None else problem.field
        errors.append(
            {
                "row": problem.row,
                "column": heading,
                "field": problem.field,
                "value": problem.value,
                "code": problem.problem.code,
                "message": _("{column}: {problem}", column=heading, problem=problem.problem.text)
                if heading
                else problem.problem.text,
            }
        )
    return {
        "batch": report.batch,
        "resource": name,
        "rows": report.rows,
        "created": report.created,
        "updated": report.updated,
        "unchanged": report.unchanged,
        "refused": report.refused,
        "applied": report.applied,
        "ignored": report.ignored,
        "errors": errors,
    }


def report_sentence(facts: dict[str, Any]) -> str:
    """Return what ``report_facts`` counted for a terminal, and below it what else its reader should know."""
    lines = [
        ngettext(
            "{count} row: {created} new, {updated} changed, {unchanged} unchanged, {refused} refused.",
            "{count} rows: {created} new, {updated} changed, {unchanged} unchanged, {refused} refused.",
            facts["rows"],
            **{name: facts[name] for name in ("created", "updated", "unchanged", "refused")},
        )
    ]
    if not facts["applied"]:
        lines.append(_("Nothing was stored."))
    if facts["ignored"]:
        lines.append(_("Columns left out: {headings}", headings=_(", ").join(facts["ignored"])))
    return "\n".join([*lines, *facts.get("notices", ())])


def refusal_lines(facts: dict[str, Any]) -> list[str]:
    """Return a line for each of the first cells that ``report_facts`` found wrong, ready to print one below another."""
    lines = []
    for error in facts["errors"][:REFUSALS_SHOWN_MAX]:
        place, value = _("Row {row}", row=error["row"]), error["value"]
        lines.append(f"  {place} · {error['message']}" + (f" (“{value}”)" if value else ""))
    if more := len(facts["errors"]) - len(lines):
        lines.append("  " + _("and {count} more; “--errors FILE.xlsx” writes all of them down", count=more))
    return [*lines, ""] if lines else []


def write_errors(report: ImportReport, source: Source, target: Path) -> None:
    """Write the workbook that shows what was refused where."""
    marks = []
    for problem in report.problems:
        position = report.columns.positions.get(problem.field)
        marks.append(MarkedCell(problem.row, None if position is None else position + 1, problem.problem.text))
    write_errors_workbook(
        source.path,
        source.kind,
        target,
        sheet=report.sheet,
        header_row=report.header_row,
        errors=marks,
        headings=report.headings,
        refused=[RefusedRow(row, cells) for row, cells in sorted(report.refused_cells.items())],
        row_count=report.rows,
    )


def export_rows(
    name: str, file: Path, filters: Sequence[str] = (), fields: str = "", email: str = "", *, where: str = ""
) -> dict[str, Any]:
    """Export rows to a file that appears only when it is whole; ``ALL`` resources go into one .sqlite file.

    Args:
        name: Of the resource.
        file: Its ending says the format.
        filters: ``field=value`` each.
        fields: Names, separated by commas; "" for all.
        email: On whose behalf; "" for the operator.
        where: A condition in the grammar of ``core.expressions``; "" for none.

    Raises:
        InvalidInput: The condition, a filter, a field or the ending is unknown, a text fits into no worksheet, or the
            file cannot be written.
        NotFound: ``resources.not_found``.
        NotPermitted: The person may not see or export the resource.
    """
    if name == EVERYTHING or file.suffix.lower() == SQLITE_ENDING:
        return _export_sqlite(name, file, email, is_whole=not (filters or fields or where))
    resource = resource_named(name)
    open_database(reads=True)
    actor = actor_named(email)
    actor.require(Permission.EXPORT)
    with use_language(actor.language), reading(actor) as session:
        pairs = [pair_of(one) for one in filters]
        pairs += [(parameter, value) for parameter, value in (("fields", fields), ("where", where)) if value]
        query = read_query(resource, actor, pairs)
        shown = [resource.field(one) for one in query.fields]
        rows: Iterator[Sequence[Any]] = (row for rows in stream_rows(session, query) for row in rows)
        with _appearing(file) as target:
            count = write_rows(target, file.suffix.removeprefix(".").lower(), resource, shown, rows)
    return {"resource": name, "file": str(file), "rows": count}


def pivot_rows(name: str, file: Path, pairs: Sequence[tuple[str, str]], email: str = "") -> dict[str, Any]:
    """Write the pivot of a resource to an .xlsx or .csv file that appears only when it is whole.

    Args:
        pairs: Filters of the list, and ``by``, ``across`` and ``measure``, see ``services.reports.pivots.read_pivot``.

    Raises:
        InvalidInput: As ``services.reports.pivots.pivot``; the ending is unknown.
        NotFound: ``resources.not_found``.
        NotPermitted: The person may not see or export the resource.
    """
    resource_named(name)
    open_database(reads=True)
    actor = actor_named(email)
    actor.require(Permission.EXPORT)
    with use_language(actor.language), reading(actor) as session:
        found = pivot(session, read_pivot(BY_NAME[name], actor, pairs))
        with _appearing(file) as target:
            lines = write_pivot(target, file.suffix.removeprefix(".").lower(), found)
    return {"resource": name, "file": str(file), "rows": found.row_count, "lines": lines}


@contextmanager
def _appearing(file: Path) -> Iterator[BinaryIO]:
    """Open a file under another name; it gets its own, in place of what is there, at the end of the block."""
    descriptor, temporary = tempfile.mkstemp(dir=file.resolve().parent, prefix=".qudao-")
    try:
        with os.fdopen(descriptor, "wb") as target:
            yield target
        Path(temporary).replace(file)
    finally:
        Path(temporary).unlink(missing_ok=True)


def _export_sqlite(name: str, file: Path, email: str, *, is_whole: bool) -> dict[str, Any]:
    if file.suffix.lower() != SQLITE_ENDING:
        message = N_("Everything goes into one file that ends in .sqlite, not in “{ending}”.")
        raise InvalidInput("exports.unknown_format", message, ending=file.suffix)
    if not is_whole:
        sentence = N_("A .sqlite file has whole lists: leave out --filter, --where and --fields.")
        raise InvalidInput("exports.whole_only", sentence)
    sheet = None if name == EVERYTHING else resource_named(name)
    open_database()
    actor = actor_named(email)
    resources = [*dict.fromkeys([BY_NAME[name], sheet])] if sheet else exportable(actor)
    with use_language(actor.language):
        counts = export_sqlite(resources, file, actor)
    return {"resource": name, "file": str(file), "rows": sum(counts.values()), "tables": counts}


def write_template_file(name: str, file: Path, email: str = "") -> dict[str, Any]:
    """Write the workbook to fill in for a resource. Raises as ``export_rows``."""
    resource = resource_named(name)
    open_database(reads=True)
    actor = actor_named(email)
    require_importable(resource, actor)
    with use_language(actor.language), file.open("wb") as target:
        template_for(resource, actor, target)
    return {"resource": name, "file": str(file)}


def check_data() -> dict[str, Any]:
    """Check every invariant; return ``ok`` and what is ``broken``."""
    open_database(reads=True)
    with reading(command_line()) as session:
        broken = broken_invariants(session)
    return {"ok": not broken, "broken": broken}


def resource_named(name: str) -> Resource:
    """Return a resource. Raises ``NotFound``: ``resources.not_found``."""
    if name not in SHEETS:
        raise NotFound(
            "resources.not_found",
            N_("There is nothing called “{name}”. There are: {known}."),
            name=name,
            known=", ".join(SHEETS),
        )
    return SHEETS[name]


def pair_of(text: str, *, last: bool = False) -> tuple[str, str]:
    """Return what stands before and after "="; of a heading, which may hold one itself, the last counts.

    Raises:
        InvalidInput: ``commands.no_equals_sign``.
    """
    before, separator, after = text.rpartition("=") if last else text.partition("=")
    if not separator:
        raise InvalidInput("commands.no_equals_sign", N_("“{text}” needs the form NAME=VALUE."), text=text)
    return before.strip() if not last else before, after if not last else after.strip()


def _sha256(file: Path) -> str:
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()
