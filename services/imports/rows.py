"""Outcomes of the rows of an import: stored in chunks, counted, read page by page.

A check stores the cells of every row and the changes, so that a person can review them before anything is saved.
An import stores one letter for each row; its changes are in the audit log, with the values before.
"""

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Row, delete, func, insert, select
from sqlalchemy.orm import Session

from core.kinds.kind import Cell
from models.imports import ImportSlice
from services.saving.plans import Saved

CHUNK_ROWS = 5_000  # a page of rows reads one chunk, or few
BLANK = "-"


class RowOutcome(StrEnum):
    """Outcome of a row; the letter is stored."""

    CREATED = "n"
    UPDATED = "c"
    UNCHANGED = "s"
    REFUSED = "w"


@dataclass(frozen=True, slots=True)
class SeenRow:
    """A row of a checked worksheet.

    Attributes:
        row: Its number, as the worksheet counts.
        cells: Field name → cell.
        changes: Field name → value before and after, as ``Kind.dump`` gives it.
    """

    row: int
    cells: Mapping[str, Cell]
    changes: Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class RowCounts:
    """Numbers of rows by outcome so far, and the number of the last row."""

    last_row: int
    rows: int
    created: int
    updated: int
    unchanged: int
    refused: int


def note_rows(
    session: Session,
    batch_id: int,
    rows: Sequence[int],
    saved: Saved,
    cells: Mapping[str, Sequence[Cell]] | None = None,
) -> None:
    """Store outcomes of rows, in the transaction that stores the progress.

    Args:
        session: The slice's.
        batch_id: The import.
        rows: Numbers of all its rows that are not blank, in order.
        saved: Their outcome.
        cells: Field name → one cell for each row, for review; None once imported.
    """
    outcomes = _outcomes(rows, saved)
    chunks = []
    for start, end in _chunks(rows):
        numbers = rows[start:end]
        letters = [BLANK] * (numbers[-1] - numbers[0] + 1)
        for number in numbers:
            letters[number - numbers[0]] = outcomes.get(number, RowOutcome.UNCHANGED).value
        counted = "".join(letters)
        chunks.append(
            {
                "batch_id": batch_id,
                "first_row": numbers[0],
                "last_row": numbers[-1],
                "row_count": len(numbers),
                **{f"{outcome.name.lower()}_count": counted.count(outcome.value) for outcome in RowOutcome},
                "fates": counted,
                "content": None if cells is None else _content(numbers, cells, slice(start, end), saved.changes),
            }
        )
    if chunks:
        session.execute(insert(ImportSlice), chunks)


def seen_rows(session: Session, batch_id: int, outcome: RowOutcome, *, limit: int, offset: int) -> list[SeenRow]:
    """Return checked rows with ``outcome``, in row order; none once they are imported.

    The caller has checked access to the import, see ``services.imports.batches.get_import``.
    """
    count = getattr(ImportSlice, f"{outcome.name.lower()}_count")
    query = select(ImportSlice.id, count).where(ImportSlice.batch_id == batch_id, count > 0)
    found: list[SeenRow] = []
    before = 0
    for chunk_id, number in session.execute(query.order_by(ImportSlice.first_row)).all():
        if before + number > offset and len(found) < limit:
            chunk = session.execute(_CHUNK.where(ImportSlice.id == chunk_id)).one()
            skipped = max(0, offset - before)
            found += _seen(chunk, outcome, skipped, limit - len(found))
        before += number
    return found


def counts_so_far(session: Session, batch_id: int) -> RowCounts:
    """Return the numbers of rows of an import by outcome."""
    row = session.execute(
        select(
            func.coalesce(func.max(ImportSlice.last_row), 0),
            *(
                func.coalesce(func.sum(getattr(ImportSlice, name)), 0)
                for name in ("row_count", *(f"{outcome.name.lower()}_count" for outcome in RowOutcome))
            ),
        ).where(ImportSlice.batch_id == batch_id)
    ).one()
    return RowCounts(*(int(value) for value in row))


def purge_rows(session: Session, batch_id: int) -> None:
    """Delete the stored rows of an import; the caller has checked access."""
    session.execute(delete(ImportSlice).where(ImportSlice.batch_id == batch_id), execution_options=OF_ONE_IMPORT)


OF_ONE_IMPORT = {"see_all": "dependent rows of an import are deleted with it, also by the schedule"}
_CHUNK = select(ImportSlice.first_row, ImportSlice.fates, ImportSlice.content)


def _outcomes(rows: Sequence[int], saved: Saved) -> dict[int, RowOutcome]:
    """Return row number → outcome of all rows but the unchanged ones."""
    outcomes = dict.fromkeys(saved.new_rows, RowOutcome.CREATED)
    outcomes |= dict.fromkeys(saved.changes, RowOutcome.UPDATED)
    return outcomes | dict.fromkeys({problem.row for problem in saved.problems}, RowOutcome.REFUSED)


def _chunks(rows: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield start and end of runs of rows that span at most ``CHUNK_ROWS`` row numbers."""
    start = 0
    for index, row in enumerate(rows):
        if row - rows[start] >= CHUNK_ROWS:
            yield start, index
            start = index
    if rows:
        yield start, len(rows)


def _content(
    numbers: Sequence[int], cells: Mapping[str, Sequence[Cell]], part: slice, changes: Mapping[int, Mapping[str, Any]]
) -> bytes:
    kept = {
        "cells": {name: column[part] for name, column in cells.items()},
        "changes": {str(number): changes[number] for number in numbers if number in changes},
    }
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":"))
    return zlib.compress(text.encode("utf-8", "surrogatepass"), 1)


def _seen(chunk: Row[int, str, bytes | None], outcome: RowOutcome, skipped: int, limit: int) -> list[SeenRow]:
    if chunk.content is None:
        return []
    kept = json.loads(zlib.decompress(chunk.content).decode("utf-8", "surrogatepass"))
    found = []
    position = -1  # among the rows that are not blank, as cells are stored
    for index, letter in enumerate(chunk.fates):
        position += letter != BLANK
        if letter != outcome.value:
            continue
        if skipped:
            skipped -= 1
            continue
        number = chunk.first_row + index
        cells = {name: column[position] for name, column in kept["cells"].items()}
        found.append(SeenRow(number, cells, kept["changes"].get(str(number), {})))
        if len(found) == limit:
            break
    return found
