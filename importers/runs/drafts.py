"""Preparation of imports: choice of sheet, heading row and column mapping of uploaded files.

Whatever can be derived needs no choice by a person: the only sheet, headings that say exactly what they are, and what
was chosen before for sheets with the same headings.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import actor_of, reading, transact
from core.errors import InvalidInput, Problem
from core.files.contents import content_path
from core.i18n import N_, both_languages
from core.kinds.kind import Cell, Refused
from core.permissions import Permission
from core.resource import Resource
from importers.reading.error_texts import TEXTS
from importers.reading.workbooks import SheetInfo, inspect_file, read_sheet
from importers.runs.annotating import ERRORS_HEADING
from importers.runs.mapping import editable_fields, match_headings, plain_heading, suggest
from models.imports import GOOD_ROWS, ImportBatch
from resources import SHEETS
from services.imports.batches import (
    begin_import,
    confirm_columns,
    get_import,
    keep_file,
    last_with_headings,
    start_check,
)

Certainty = Literal["sure", "likely", "none", "chosen"]

SHEETS_MAX = 50  # kept of a workbook for choosing
SAMPLES_MAX = 5  # rows
SHOWN_LENGTH_MAX = 40  # characters of a sample
TOP_ROWS = 12
TOP_COLUMNS = 20
ROW_HEADING = N_("Row in your file")  # stands beside ``ERRORS_HEADING`` in a workbook of refused rows


@dataclass(frozen=True, slots=True)
class Upload:
    """A file whose content is stored already. ``name`` is what its owner calls it."""

    sha256: str
    size_bytes: int
    name: str


@dataclass(frozen=True, slots=True)
class ColumnProposal:
    """Proposed mapping of a column.

    Attributes:
        position: From 0.
        samples: What stands in its first rows, as text.
        field: Field name; "" = left out.
        certainty: "chosen" if a person said so, else as ``importers.runs.mapping.Suggestion``.
        is_repeated: Whether an earlier column has the same heading, so that a mapping by heading is ambiguous.
    """

    position: int
    heading: str
    samples: tuple[str, ...]
    field: str
    certainty: Certainty
    is_repeated: bool = False


@dataclass(frozen=True, slots=True)
class ColumnChoice:
    """Chosen column mapping, as ``importers.runs.runner.Source``; ``mode`` as ``importers.runs.batches``."""

    mapping: Mapping[str, str]
    constants: Mapping[str, str] = field(default_factory=dict)
    match: str = ""
    mode: str = GOOD_ROWS


def editor_of(resource: Resource) -> Permission:
    """Return the permission needed to import into a resource. Raises ``InvalidInput``: ``imports.not_importable``."""
    if resource.edit is None or SHEETS[resource.name].save is None:
        raise InvalidInput("imports.not_importable", N_("{resource} cannot be imported."), resource=resource.label)
    return resource.edit


def draft_import(actor: Actor, resource: Resource, upload: Upload) -> ImportBatch:
    """Inspect an uploaded file and begin its import, as far as possible without a choice by a person.

    Raises:
        InvalidInput: The file cannot be taken; one sentence says why and what to do.
        NotPermitted: The actor may not edit the resource.
    """
    permission = editor_of(resource)
    actor.require(permission)
    inspection = inspect_file(content_path(upload.sha256), upload.name)
    shown = [sheet for sheet in inspection.sheets if sheet.row_count and not sheet.hidden]
    usable = (shown or [sheet for sheet in inspection.sheets if sheet.row_count])[:SHEETS_MAX]
    if not usable:
        raise InvalidInput("imports.no_sheets", TEXTS["no_sheets"], file=upload.name)
    sheets = [_stored_sample(sheet) | {"known": _known_count(actor, resource, sheet.headings)} for sheet in usable]

    def begin(session: Session) -> ImportBatch:
        file = keep_file(session, upload.sha256, upload.size_bytes, upload.name)
        stated = {"file_id": file.id, "file_name": file.name, "sha256": upload.sha256, "kind": inspection.kind}
        batch = begin_import(session, permission, resource=resource.name, sheets=sheets, **stated)
        clear = [sheet for sheet in sheets if _remembered(session, resource, sheet["headings"]).mapping]
        if len(sheets) == 1 and sheets[0]["known"]:
            clear = sheets
        if len(clear) == 1:
            _take_sheet(session, resource, batch, clear[0])
        return batch

    return transact(actor, begin)


def choose_sheet(actor: Actor, resource: Resource, batch_id: int, name: str, header_row: int) -> ImportBatch:
    """Read a sheet of the file with its headings in row ``header_row``, as Excel counts.

    Raises:
        InvalidInput: There is no such sheet, or the row is blank.
        NotPermitted, NotFound, Conflict: As ``services.imports.batches.confirm_columns``.
    """
    with reading(actor) as session:
        batch = get_import(session, batch_id)
    sheet = next((one for one in batch.sheets if one["name"] == name), None)
    if sheet is None:
        names = ", ".join(one["name"] for one in batch.sheets)
        raise InvalidInput(
            "imports.sheet_not_found", TEXTS["sheet_not_found"], file=batch.file_name, sheet=name, sheets=names
        )
    if sheet["header_row"] != header_row:
        sheet = sheet | _below(batch, sheet["name"], header_row)

    def take(session: Session) -> ImportBatch:
        taken = get_import(session, batch_id, lock=True)
        others = [sheet if one["name"] == name else one for one in taken.sheets]
        confirm_columns(session, editor_of(resource), batch_id, sheets=others)
        _take_sheet(session, resource, taken, sheet)
        return taken

    return transact(actor, take)


def top_rows(actor: Actor, batch_id: int, name: str) -> list[tuple[int, list[str]]]:
    """Return the first rows of a sheet as (number, cells as text), from the first one that holds anything.

    Raises:
        InvalidInput: The sheet cannot be read.
        NotFound: ``imports.not_found``.
    """
    with reading(actor) as session:
        batch = get_import(session, batch_id)
    guessed = next((one["header_row"] for one in batch.sheets if one["name"] == name), 1)
    for row in range(1, max(guessed, 1) + 1):
        try:
            below = _below(batch, name, row, TOP_ROWS)
        except InvalidInput as refused:
            if refused.code != "imports.no_headings" or row == guessed:
                raise
            continue
        cells = [below["headings"], *below["samples"]]
        return [(row + index, [_sample_text(cell) for cell in one[:TOP_COLUMNS]]) for index, one in enumerate(cells)]
    return []


def propose_columns(session: Session, resource: Resource, batch: ImportBatch) -> list[ColumnProposal]:
    """Return the proposed or chosen mapping of each column with a heading."""
    rows: list[list[str]] = next((one["samples"] for one in batch.sheets if one["name"] == batch.sheet), [])
    remembered = batch.mapping or _remembered(session, resource, batch.headings).mapping
    seen: set[str] = set()
    proposals = []
    for position, guess in enumerate(suggest(SHEETS[resource.name], actor_of(session), batch.headings)):
        if not guess.heading.strip() or is_ours(guess.heading):
            continue
        name: str = guess.field
        certainty: Certainty = guess.certainty
        chosen = remembered.get(guess.heading)
        if chosen is not None and chosen != guess.field:
            name, certainty = chosen, "chosen"
        cells = [row[position] for row in rows if position < len(row)]
        samples = tuple(cell for cell in cells if cell)
        is_repeated = guess.heading in seen
        seen.add(guess.heading)
        proposals.append(
            ColumnProposal(position, guess.heading, samples, "" if is_repeated else name, certainty, is_repeated)
        )
    return proposals


def remembered_choice(session: Session, resource: Resource, batch: ImportBatch) -> ColumnChoice:
    """Return the column mapping: as chosen for this import, else as before for the same headings."""
    if batch.mapping:
        return ColumnChoice(batch.mapping, batch.constants, batch.match, batch.mode)
    return _remembered(session, resource, batch.headings)


def choose_columns(session: Session, resource: Resource, batch_id: int, choice: ColumnChoice) -> ImportBatch:
    """Read the columns of a sheet as chosen and let the rows be checked.

    Raises:
        InvalidInput: The columns do not make the resource's fields; ``fields`` names constants that are none.
        NotPermitted, NotFound, Conflict: As ``services.imports.batches.confirm_columns``.
    """
    actor, sheet_resource = actor_of(session), SHEETS[resource.name]
    batch = get_import(session, batch_id)
    match_headings(
        sheet_resource, actor, batch.headings, mapping=choice.mapping, constants=choice.constants, match=choice.match
    )
    _refuse_constants(sheet_resource, choice.constants)
    confirm_columns(
        session,
        editor_of(resource),
        batch_id,
        mapping=dict(choice.mapping),
        constants=dict(choice.constants),
        match=choice.match,
        mode=choice.mode,
    )
    return start_check(session, editor_of(resource), batch_id)


def is_ours(heading: str) -> bool:
    """Return whether a heading is one that we put into a workbook of refused rows."""
    return heading.strip() in {*both_languages(ERRORS_HEADING), *both_languages(ROW_HEADING)}


def _take_sheet(session: Session, resource: Resource, batch: ImportBatch, sheet: Mapping[str, Any]) -> None:
    """Store the choice of sheet; if its headings need no confirmation, start the check."""
    headings = list(sheet["headings"])
    known = _known_columns(session, resource, headings)
    confirm_columns(
        session,
        editor_of(resource),
        batch.id,
        sheet=sheet["name"],
        header_row=sheet["header_row"],
        headings=headings,
        headings_key=_key_of(headings),
        mapping={},
        constants={},
        match="",
    )
    if known is not None:
        choose_columns(session, resource, batch.id, known)


def _known_columns(session: Session, resource: Resource, headings: Sequence[str]) -> ColumnChoice | None:
    """Return the column mapping if it needs no confirmation: it was used before, or every heading is certain."""
    actor, sheet_resource = actor_of(session), SHEETS[resource.name]
    remembered = _remembered(session, resource, headings)
    ours = {heading: "" for heading in headings if is_ours(heading)}
    try:
        if remembered.mapping:
            match_headings(
                sheet_resource,
                actor,
                headings,
                mapping=remembered.mapping,
                constants=remembered.constants,
                match=remembered.match,
            )
            return remembered
        columns = match_headings(sheet_resource, actor, headings, mapping=ours)
    except InvalidInput:
        return None
    if set(columns.ignored) - ours.keys():
        return None
    return ColumnChoice(ours | {headings[position]: name for name, position in columns.positions.items()})


def _remembered(session: Session, resource: Resource, headings: Sequence[str]) -> ColumnChoice:
    """Return the column mapping of the last import with these headings, limited to fields the actor may edit."""
    actor = actor_of(session)
    earlier = last_with_headings(session, resource.name, _key_of(headings))
    if earlier is None or not earlier.mapping:
        return ColumnChoice({})
    allowed = {"", *(one.name for one in editable_fields(SHEETS[resource.name], actor))}
    known = {plain_heading(heading): name for heading, name in earlier.mapping.items()}
    mapping = {heading: known.get(plain_heading(heading), "") for heading in headings if heading.strip()}
    mapping = {heading: name if name in allowed else "" for heading, name in mapping.items()}
    is_own = earlier.person == actor.owner
    constants = {name: value for name, value in earlier.constants.items() if is_own and name in allowed}
    return ColumnChoice(mapping, constants, earlier.match if earlier.match in allowed else "", GOOD_ROWS)


def _refuse_constants(resource: Resource, constants: Mapping[str, str]) -> None:
    refused: dict[str, Problem] = {}
    for name, stated in constants.items():
        try:
            resource.field(name).kind.parse_cell(stated)
        except Refused as error:
            refused[name] = error.problem
    if refused:
        first = next(iter(refused.values()))
        raise InvalidInput(first.code, first.message, fields=refused, **first.values)


def _known_count(actor: Actor, resource: Resource, headings: Sequence[str]) -> int:
    """Return how many headings of a sheet surely are fields of the resource."""
    return sum(guess.certainty == "sure" for guess in suggest(SHEETS[resource.name], actor, headings))


def _below(batch: ImportBatch, name: str, header_row: int, count: int = SAMPLES_MAX) -> dict[str, Any]:
    """Return the headings in a row of a sheet and the rows below."""
    path = content_path(batch.sha256)
    with read_sheet(path, batch.file_name, sheet=name or None, header_row=header_row) as sheet:
        chunk = next(iter(sheet), None)
        rows = [] if chunk is None else [list(row) for row in zip(*(c[:count] for c in chunk.columns), strict=True)]
        samples = [[_sample_text(cell) for cell in row] for row in rows]
        return {"header_row": header_row, "headings": list(sheet.headings), "samples": samples}


def _stored_sample(sheet: SheetInfo) -> dict[str, Any]:
    """Return the stored description of an inspected sheet, as JSON."""
    return {
        "name": sheet.name,
        "rows": sheet.row_count,
        "is_counted": sheet.is_counted,
        "columns": sheet.column_count,
        "header_row": sheet.header_row,
        "headings": list(sheet.headings),
        "samples": [[_sample_text(cell) for cell in row] for row in sheet.samples],
    }


def _sample_text(cell: Cell) -> str:
    text = "" if cell is None else str(cell).strip()
    return text if len(text) <= SHOWN_LENGTH_MAX else f"{text[: SHOWN_LENGTH_MAX - 1]}…"


def _key_of(headings: Sequence[str]) -> str:
    """Return a digest of the headings, independent of their order and of headings we added."""
    plain = sorted({plain_heading(heading) for heading in headings if heading.strip() and not is_ours(heading)})
    return hashlib.sha256(json.dumps(plain).encode()).hexdigest() if plain else ""
