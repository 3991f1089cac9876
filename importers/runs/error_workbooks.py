"""Error workbooks of imports, made from the stored file: at once, or by a job if it is large."""

from collections.abc import Iterator
from pathlib import Path

from core.access import Actor
from core.database.sessions import reading
from core.errors import CellProblem, InvalidInput
from core.files.contents import content_path
from core.kinds.standard import unknown_choice
from core.resource import Resource
from importers.reading.workbooks import read_sheet
from importers.runs.annotating import OWN_ROWS_MAX, MarkedCell, RefusedRow, is_too_large, write_errors_workbook
from importers.runs.batches import source_of
from importers.runs.mapping import match_headings
from importers.runs.runner import OnRead, Source
from models.imports import ImportBatch
from resources import SHEETS
from services.imports.batches import get_import, problems_of


def is_made_at_once(batch: ImportBatch) -> bool:
    """Return whether the error workbook of an import is small enough to be made in the request."""
    return row_count_of(batch) <= OWN_ROWS_MAX and not (
        batch.kind == "xlsx" and is_too_large(content_path(batch.sha256))
    )


def row_count_of(batch: ImportBatch) -> int:
    """Return the number of rows of an import, as far as known."""
    return batch.row_count or int((batch.checked or {}).get("rows", 0))


def write_batch_errors(actor: Actor, batch_id: int, target: Path, on_read: OnRead | None = None) -> ImportBatch:
    """Write to ``target`` the person's workbook with everything marked that was refused, and return the import.

    Args:
        actor: Whose import it is.
        batch_id: The import.
        target: Replaced if it exists.
        on_read: Called now and then with the number of the last row read, where a new workbook is written.

    Raises:
        InvalidInput: The file cannot be read any more.
        NotFound: ``imports.not_found``.
    """
    with reading(actor) as session:
        batch = get_import(session, batch_id)
        problems = problems_of(session, batch_id)
    source = source_of(batch, content_path(batch.sha256))
    positions = column_positions(actor, batch)
    marks = []
    for problem in problems:
        position = positions.get(problem.field)
        words = reason_text(SHEETS[batch.resource], problem)
        marks.append(MarkedCell(problem.row, None if position is None else position + 1, words))
    write_errors_workbook(
        source.path,
        source.kind,
        target,
        sheet=batch.sheet,
        header_row=batch.header_row,
        errors=marks,
        headings=batch.headings,
        refused=_rows_of(source, {problem.row for problem in problems}, on_read),
        row_count=row_count_of(batch),
    )
    return batch


def column_positions(actor: Actor, batch: ImportBatch) -> dict[str, int]:
    """Return field name → position of its column in the sheet of an import, from 0."""
    try:
        columns = match_headings(
            SHEETS[batch.resource],
            actor,
            batch.headings,
            mapping=batch.mapping,
            constants=batch.constants,
            match=batch.match,
        )
    except InvalidInput:  # it was refused as a whole
        return {}
    return columns.positions


def reason_text(resource: Resource, problem: CellProblem) -> str:
    """Return why a cell was refused, in the current language; the values it may have by the words people read."""
    choices = resource.field(problem.field).kind.choices if problem.field in resource.names else ()
    if problem.problem.code == "choice.unknown" and choices:  # kept in the language of who had it checked
        return unknown_choice(choices, problem.value).text
    return problem.problem.text


def _rows_of(source: Source, numbers: set[int], on_read: OnRead | None) -> Iterator[RefusedRow]:
    """Yield the rows of these numbers as they stand in the file, in order."""
    with read_sheet(source.path, source.name, sheet=source.sheet, header_row=source.header_row) as sheet:
        for chunk in sheet:
            for index in range(chunk.row_count):
                if chunk.first_row + index in numbers:
                    cells = (column[index] for column in chunk.columns)
                    yield RefusedRow(chunk.first_row + index, ["" if cell is None else str(cell) for cell in cells])
            if on_read is not None:
                on_read(chunk.first_row + chunk.row_count - 1)
