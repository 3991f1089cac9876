from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.i18n import use_language
from importers.reading._text_files import detect_delimiter, detect_encoding
from importers.reading.workbooks import inspect_file, read_sheet
from tests.importers.workbooks import rows_of, text_file

pytestmark = pytest.mark.usefixtures("nothing_left_behind", "reading_in_process")

LINES = ["编码,名称,城市", "007,苏州贸易,苏州", "C-2,“华东”渠道,上海"]
ROWS = {2: ["007", "苏州贸易", "苏州"], 3: ["C-2", "“华东”渠道", "上海"]}


def written(folder: Path, content: bytes, name: str = "list.csv") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def refusal_of(path: Path) -> str:
    with pytest.raises(InvalidInput) as caught:
        rows_of(path)
    with use_language("en"):
        return f"{caught.value.code}: {caught.value.text}"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "gb18030"])
def test_every_usual_encoding_is_read(tmp_path: Path, encoding: str):
    path = text_file(tmp_path / "a.csv", LINES, encoding)

    assert rows_of(path) == ROWS
    assert inspect_file(path, "a.csv").encoding == encoding


def test_characters_of_no_known_encoding_are_refused(tmp_path: Path):
    path = written(tmp_path, "name,city\nAndré,Orléans\n".encode("latin-1"))

    assert refusal_of(path) == (
        "imports.encoding: The characters of list.csv are neither UTF-8, UTF-16 nor GB18030."
        " Save it as “CSV UTF-8” or as .xlsx."
    )


def test_an_encoding_that_breaks_late_is_not_taken(tmp_path: Path):
    path = written(tmp_path, b"a,b\n" + b"x,y\n" * 400_000 + "甲,乙\n".encode("gb18030"))

    assert detect_encoding(path) == "gb18030"


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|", "，"])
def test_the_delimiter_is_found(tmp_path: Path, delimiter: str):
    path = text_file(tmp_path / "a.txt", [line.replace(",", delimiter) for line in LINES])

    assert rows_of(path) == ROWS
    assert inspect_file(path, "a.txt").delimiter == delimiter


def test_commas_inside_cells_do_not_win_over_tabs():
    assert detect_delimiter("a\tb\tc\nx, y\t1,5\tz, z\nu, v\t2,5\tw, w\n") == "\t"


def test_a_single_column_has_no_delimiter(tmp_path: Path):
    path = text_file(tmp_path / "a.csv", ["phone", "13800000001", "13800000002"])

    assert rows_of(path) == {2: ["13800000001"], 3: ["13800000002"]}
    assert inspect_file(path, "a.csv").delimiter is None


def test_the_hint_of_excel_for_the_delimiter_is_no_row(tmp_path: Path):
    path = text_file(tmp_path / "a.csv", ["sep=|", "a,x|b", "1|2"])

    assert rows_of(path) == {2: ["1", "2"]}


def test_nothing_is_guessed_about_values(tmp_path: Path):
    path = text_file(tmp_path / "a.csv", ["a,b,c,d,e,f", '007,1e5,NA, x ,=1+1,"1,5"'])

    assert rows_of(path) == {2: ["007", "1e5", "NA", " x ", "=1+1", "1,5"]}


def test_line_breaks_in_quotes_belong_to_the_cell_and_every_kind_ends_a_row(tmp_path: Path):
    path = written(tmp_path, b'a,b\n1,"x\r\ny"\r\n2,"say ""hi"""\r3,z')

    assert rows_of(path) == {2: ["1", "x\r\ny"], 3: ["2", 'say "hi"'], 4: ["3", "z"]}


def test_blank_rows_keep_the_numbers_true(tmp_path: Path):
    path = written(tmp_path, b"a,b\n\n1,2\n,\n\n3,4\n\n\n")

    assert rows_of(path) == {3: ["1", "2"], 6: ["3", "4"]}
    assert inspect_file(path, "a.csv").sheets[0].row_count == 6


def test_ragged_rows_lose_nothing(tmp_path: Path):
    path = written(tmp_path, b"a,b\n1\n1,2,3,4\n")

    with read_sheet(path, "a.csv") as reading:
        chunks = [chunk.columns for chunk in reading]

    assert reading.headings == ["a", "b"]
    assert chunks == [[["1", "1"], [None, "2"], [None, "3"], [None, "4"]]]


def test_zero_bytes_stay_for_the_caller_to_refuse(tmp_path: Path):
    path = written(tmp_path, b"a,b\n1,x\x00y\n" + b"1,some more text\n" * 100)

    assert rows_of(path)[2] == ["1", "x\x00y"]


@pytest.mark.parametrize("bad", [b'1,"never closed\n2,x\n', b'1,"closed" too early\n2,x\n'])
def test_a_quotation_mark_out_of_place_is_named_with_its_row(tmp_path: Path, bad: bytes):
    path = written(tmp_path, b"a,b\n0,y\n" + bad)

    assert refusal_of(path) == (
        'imports.quote: A quotation mark in row 3 of list.csv is out of place or never closed. Write "" for a'
        " quotation mark inside a cell, or save the table as .xlsx."
    )


def test_too_many_columns_are_named_with_their_row(tmp_path: Path):
    path = written(tmp_path, b"a,b\n1,2\n" + b"," * 1000 + b"x\n")

    assert refusal_of(path).startswith("imports.too_many_columns: Row 3 of list.csv has more than 1000 columns.")


@pytest.mark.parametrize("content", [b"\n\n\n", b"  \n", b",,,\n,,\n"])
def test_a_text_without_rows_is_reported_as_such(tmp_path: Path, content: bytes):
    path = written(tmp_path, content)

    assert refusal_of(path) == "imports.no_rows: list.csv holds no rows. Put headings and rows into it."
    assert inspect_file(path, "list.csv").sheets[0].headings == ()


def test_binary_rubbish_is_no_text(tmp_path: Path):
    path = written(tmp_path, bytes(range(256)) * 40)

    assert refusal_of(path).startswith("imports.unknown_content: The content of list.csv is unknown or damaged.")


def test_print_files_of_fixed_width_are_reported_as_such(tmp_path: Path):
    path = written(tmp_path, b"name    city\nA       B\n", "list.prn")

    assert refusal_of(path).startswith("imports.legacy_format: list.prn is in an old format (PRN)")
