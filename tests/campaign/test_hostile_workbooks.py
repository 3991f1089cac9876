"""Every odd, old, damaged and hostile file of the developers' set, read from end to end.

Needs ``QUDAO_DATASETS``, the folder that holds ``workbooks-a``.
"""

import csv
import json
import os
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from datetime import time as clock_time
from functools import cache
from pathlib import Path

import psutil
import pytest
from python_calamine import CalamineWorkbook

from core.errors import InvalidInput
from core.i18n import use_language
from core.kinds.kind import Cell, CellError
from core.settings import settings
from importers.reading.workbooks import Inspection, inspect_file, read_sheet

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(3600)]

# What people must be told about files that calamine alone cannot read, or reads wrongly.
REFUSALS_MAX = 70
Cells = dict[tuple[int, int], Cell]


@cache
def folder() -> Path:
    return Path(os.environ["QUDAO_DATASETS"]) / "workbooks-a"


@cache
def manifest() -> list[dict[str, str]]:
    with (folder() / "manifest.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    others = set(psutil.Process().children())  # a browser, or a database, of tests before
    yield
    assert list(tmp_path.iterdir()) == []
    assert set(psutil.Process().children()) <= others


def inspected(path: Path) -> Inspection | InvalidInput:
    try:
        return inspect_file(path, path.name)
    except InvalidInput as refusal:
        return refusal


def cells_of(path: Path, sheet: str, header_row: int) -> Cells:
    """Return every cell from ``header_row`` down by (row, column)."""
    found: Cells = {}
    with read_sheet(path, path.name, sheet=sheet or None, header_row=header_row) as reading:
        found |= {(header_row, column): text for column, text in enumerate(reading.headings) if text}
        for chunk in reading:
            for column, cells in enumerate(chunk.columns):
                found |= {(chunk.first_row + i, column): cell for i, cell in enumerate(cells) if cell is not None}
    return found


def as_text(cell: object) -> str:
    """Return a cell of calamine as our reading words it, heading or not."""
    if isinstance(cell, datetime):
        midnight = cell.time() == clock_time(0)
        seconds = "milliseconds" if cell.microsecond else "seconds"
        return cell.date().isoformat() if midnight else cell.isoformat(" ", seconds)
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, clock_time):
        return cell.isoformat("milliseconds" if cell.microsecond else "seconds")
    if isinstance(cell, timedelta):
        seconds = abs(cell) // timedelta(seconds=1)
        sign = "-" if cell < timedelta(0) else ""
        return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    return str(cell)


def test_every_file_is_inspected_in_time_or_refused_in_a_sentence_that_names_it():
    slow, wordless = [], []
    refused = 0
    for line in manifest():
        path = folder() / line["file"]
        started = time.monotonic()
        answer = inspected(path)
        if time.monotonic() - started > settings().inspect_s_max:
            slow.append(line["file"])
        if not isinstance(answer, InvalidInput):
            continue
        refused += 1
        for language in ("en", "zh_CN"):
            with use_language(language):
                sentence = answer.text
            whole = path.name in sentence and "{" not in sentence and sentence.endswith((".", "。"))
            chinese = any("一" <= sign <= "鿿" for sign in sentence.replace(path.name, ""))
            if not whole or not answer.code.startswith("imports.") or chinese != (language == "zh_CN"):
                wordless.append((line["file"], sentence))

    assert (slow, wordless) == ([], [])
    assert refused <= REFUSALS_MAX


def test_what_calamine_reads_arrives_cell_by_cell_and_nothing_else_but_errors_does():
    wrong = []
    for line in manifest():
        if line["calamine"] != "ok" or not line["sheets"]:
            continue
        path = folder() / line["file"]
        answer = inspected(path)
        if isinstance(answer, InvalidInput):
            continue
        expected = CalamineWorkbook.from_path(path)
        for name, *_ in (sheet for sheet in json.loads(line["sheets"]) if sheet[1] != "ERR"):
            if name not in {sheet.name for sheet in answer.sheets}:
                continue  # a sheet that is only a chart
            wrong += [(line["file"], name, *difference) for difference in differences(path, name, expected)]

    assert wrong == []


def differences(path: Path, name: str, workbook: CalamineWorkbook) -> list[tuple[object, ...]]:
    """Return (row, column, theirs, ours) of each cell that calamine reads otherwise than we do."""
    sheet = workbook.get_sheet_by_name(name)
    if sheet.start is None:
        return []
    top, left = sheet.start
    theirs = {
        (top + i + 1, left + j): cell
        for i, row in enumerate(sheet.to_python())
        for j, cell in enumerate(row)
        if cell != ""
    }
    seen = [place for place, cell in theirs.items() if str(cell).strip()]
    if not seen:
        return []
    try:
        ours = cells_of(path, name, min(seen)[0])
    except InvalidInput as refusal:
        return [] if refusal.code == "imports.memory" else [(0, 0, "", refusal.code)]
    found: list[tuple[object, ...]] = []
    for place, cell in ours.items():
        given = theirs.get(place)
        is_error = isinstance(cell, CellError) or str(cell).startswith("#") or str(cell).startswith("=")
        if given is None and not is_error:
            found.append((*place, None, cell))
        if given is not None and as_text(given) != str(cell):
            found.append((*place, given, cell))
    lost = [(*place, cell, None) for place, cell in theirs.items() if place not in ours and place >= min(seen)]
    return found + [entry for entry in lost if str(entry[2]).strip()]


def test_files_changed_at_random_never_break_the_reader():
    """2,000 small files with some bits turned, every third also cut short: read or refused, nothing else."""
    names = [line["file"] for line in manifest() if 0 < int(line["bytes"]) < 60_000]
    ends = {"read": 0, "refused": 0}
    for number in range(2_000):
        dice = random.Random(number)
        name = names[number % len(names)]
        content = bytearray((folder() / name).read_bytes())
        for _ in range(dice.randint(1, 8)):
            content[dice.randrange(len(content))] ^= 1 << dice.randrange(8)
        if number % 3 == 0:
            content = content[: dice.randrange(len(content))]
        with tempfile.NamedTemporaryFile(suffix=Path(name).suffix) as file:
            file.write(content)
            file.flush()
            ends[fate(Path(file.name))] += 1

    assert sum(ends.values()) == 2_000
    assert ends["refused"] > 500


def fate(path: Path) -> str:
    try:
        for sheet in inspect_file(path, path.name).sheets:
            with read_sheet(path, path.name, sheet=sheet.name or None, header_row=sheet.header_row or None) as reading:
                for _ in reading:
                    pass
    except InvalidInput:
        return "refused"
    return "read"
