import os
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil
import pytest

from core.errors import InvalidInput
from importers.reading import _process
from importers.reading._child import inspect_text
from importers.reading._sliced_workbooks import XlsxWorkbook
from importers.reading._text_files import TextTable
from importers.reading.error_texts import TEXTS
from importers.reading.workbooks import inspect_file, read_sheet
from tests.importers.conftest import readers
from tests.importers.workbooks import (
    MAIN,
    open_document,
    refusal_of,
    row_xml,
    rows_of,
    saved,
    sheet_xml,
    text_file,
    write_xlsx,
)
from tests.support.reading_in_process import read_in_process
from tests.support.source import ROOT

pytestmark = pytest.mark.usefixtures("nothing_left_behind")

DATA = ROOT / "tests" / "data" / "workbooks"


# --- as in this process ---


def test_every_type_of_file_is_read_by_the_child_as_in_this_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    paths = [DATA / "errors.xls", DATA / "errors.xlsb", DATA / "dates.xls", open_document(tmp_path / "a.ods")]
    paths += [saved(tmp_path, ["a", "b"], ["x", 1.5]), text_file(tmp_path / "a.csv", ["a,b", "é,007"])]

    by_child = [(inspect_file(path, path.name), rows_of(path)) for path in paths]
    read_in_process(monkeypatch)

    assert [inspection.kind for inspection, _rows in by_child] == ["xls", "xlsb", "xls", "ods", "xlsx", "csv"]
    assert by_child == [(inspect_file(path, path.name), rows_of(path)) for path in paths]


# --- hostile ---


def test_one_stray_cell_in_the_last_corner_is_named(tmp_path: Path):
    corner = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml(row_xml(1, "a", "b") + corner))

    assert refusal_of(path).startswith(
        "imports.too_many_columns: Sheet “S1” of a.xlsx has a value in XFD1048576; at most 1000 columns are read."
    )


def test_one_stray_cell_far_below_does_no_harm(tmp_path: Path):
    path = write_xlsx(
        tmp_path / "a.xlsx",
        sheet_xml(row_xml(1, "a", "b") + '<row r="1048576"><c r="ALL1048576"><v>1</v></c></row>'),
    )

    assert [(row, cells[-1]) for row, cells in rows_of(path).items()] == [(1048576, 1)]


def test_entities_are_refused_wherever_they_are_declared(tmp_path: Path):
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    xml = sheet_xml(row_xml(1, "a") + row_xml(2, "b"))
    strings = f'<sst xmlns="{MAIN}"><si><t>a</t></si></sst>'
    in_sheet = write_xlsx(tmp_path / "a.xlsx", bomb + xml)
    in_strings = write_xlsx(tmp_path / "b.xlsx", xml.replace("<v>", "<v>"), strings=bomb + strings)
    in_list = write_xlsx(tmp_path / "c.xlsx", xml, workbook=bomb + "<workbook/>")

    assert refusal_of(in_sheet).startswith(
        "imports.doctype: a.xlsx declares entities in its part xl/worksheets/sheet1.xml"
    )
    assert refusal_of(in_strings).startswith(
        "imports.doctype: b.xlsx declares entities in its part xl/sharedStrings.xml"
    )
    assert refusal_of(in_list).startswith("imports.doctype: c.xlsx declares entities in its part xl/workbook.xml")


def test_a_file_that_needs_too_much_memory_is_stopped(tmp_path: Path, limits: pytest.MonkeyPatch):
    limits.setenv("QUDAO_READER_MEMORY_BYTES_MAX", str(64 * 1024 * 1024))
    strings = f'<sst xmlns="{MAIN}">' + "".join(f"<si><t>{n:064}</t></si>" for n in range(600_000)) + "</sst>"
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml('<row r="1"><c r="A1" t="s"><v>5</v></c></row>'), strings=strings)

    assert refusal_of(path).startswith("imports.memory: a.xlsx needs too much memory to read.")


def test_an_inspection_that_takes_too_long_is_stopped(tmp_path: Path, limits: pytest.MonkeyPatch):
    limits.setenv("QUDAO_INSPECT_S_MAX", "1")
    path = saved(tmp_path, ["a"], ["b"])

    with pytest.raises(InvalidInput) as caught:
        inspect_file(path, "list.xlsx")

    assert caught.value.code == "imports.took_too_long"


def test_a_reader_that_dies_is_reported_in_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_process, "START", "import os; os.abort()")
    path = saved(tmp_path, ["a"], ["b"])

    assert refusal_of(path).startswith("imports.crashed: list.xlsx could not be read")


def test_more_rows_than_allowed_are_refused(tmp_path: Path, limits: pytest.MonkeyPatch):
    limits.setenv("QUDAO_IMPORT_ROWS_MAX", "2")
    path = saved(tmp_path, ["a"], ["b"], ["c"], ["d"])

    assert refusal_of(path).startswith("imports.too_many_rows: Sheet “Sheet” of list.xlsx has more than 2 rows.")


def test_names_out_of_foreign_files_are_shown_short_and_visible(tmp_path: Path):
    path = write_xlsx(tmp_path / "a.xlsx", extra={"xl/" + "x" * 300 + "\u202e/../y": "x"})

    text = refusal_of(path)

    assert "\u202e" not in text
    assert len(text) < 400


def test_leaving_a_reading_early_ends_the_child(tmp_path: Path):
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml("".join(row_xml(n, "x" * 90) for n in range(1, 30_000))))

    with read_sheet(path, "a.xlsx") as reading:
        assert next(iter(reading)).first_row == 2
        assert len(readers()) == 1


def test_the_child_ends_and_tidies_up_when_its_parent_is_killed(tmp_path: Path):
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml("".join(row_xml(n, "x" * 90) for n in range(1, 30_000))))
    program = (
        "import psutil, time; from pathlib import Path; from importers.reading.workbooks import read_sheet\n"
        f"with read_sheet(Path({str(path)!r}), 'a.xlsx') as reading:\n"
        "    next(iter(reading)); print(psutil.Process().children()[0].pid, flush=True); time.sleep(600)\n"
    )
    environment = {**os.environ, "TMPDIR": tempfile.gettempdir()}
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()

        _, alive = psutil.wait_procs([child], timeout=30)

    assert alive == []


def test_the_child_knows_only_the_standard_library_and_calamine(tmp_path: Path):
    program = _process.START.replace(
        "main()",
        "import sys; print(*sorted({name if name[:5] == 'core.' else name.split('.')[0] for name in sys.modules}))",
    )

    loaded = subprocess.run(
        [sys.executable, "-I", "-c", program, str(ROOT)], capture_output=True, text=True, check=True, cwd=tmp_path
    ).stdout.split()

    foreign = {
        name for name in loaded if name not in sys.stdlib_module_names and not name.startswith(("_", "sitecustom"))
    }
    assert foreign <= {"core", "core.limits", "importers", "python_calamine", "pyximport"}
    assert {"importers", "python_calamine"} <= foreign


def test_the_child_sees_no_secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("QUDAO_DATABASE_URL", "postgresql://someone:secret@db/qudao")
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml("".join(row_xml(n, "x" * 90) for n in range(1, 30_000))))

    with read_sheet(path, "a.xlsx") as reading:
        next(iter(reading))
        environment = readers()[0].environ()

    assert set(environment) <= {*_process.INHERITED_VARIABLES, "RUST_BACKTRACE", "LC_CTYPE"}


def test_it_works_from_any_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    saved(tmp_path, ["a"], ["b"])
    monkeypatch.chdir(tmp_path)

    assert rows_of(Path("list.xlsx")) == {2: ["b"]}


def test_every_refusal_has_a_sentence_that_names_the_file():
    assert [code for code, text in TEXTS.items() if "{file}" not in text] == []


def test_a_large_file_is_inspected_by_estimate_when_time_runs_out(tmp_path: Path):
    text = tmp_path / "a.csv"
    text.write_bytes(b"code,name,numbr\n" + b"".join(b"%06d,name,%03d\n" % (n, n % 1000) for n in range(99_999)))
    workbook = write_xlsx(tmp_path / "a.xlsx", sheet_xml("".join(row_xml(n, f"{n:09}") for n in range(1, 100_000))))

    of_text = TextTable(text, "a.csv")
    (_, _, _, _, ((_, _, text_rows, _, is_counted, *_),)) = next(
        inspect_text(of_text, {"count_s_max": -1, "size": text.stat().st_size})
    )
    overview = XlsxWorkbook(workbook, tmp_path).overview(0, deadline=0)

    assert (is_counted, overview.is_counted) == (False, False)
    assert abs(text_rows - 100_000) < 15_000
    assert abs(overview.last_row - 100_000) < 15_000
