import gzip
import struct
import zipfile
from pathlib import Path

import pytest

from importers.reading.errors import FileError
from importers.reading.file_types import identify
from tests.importers.workbooks import row_xml, sheet_xml, write_xlsx
from tests.support.source import ROOT

DATA = ROOT / "tests" / "data" / "workbooks"
MIB = 1024 * 1024


def kind_of(path: Path) -> str:
    return identify(path, 200 * MIB, 1024 * MIB)


def refusal_of(path: Path, bytes_max: int = 200 * MIB, unpacked_bytes_max: int = 1024 * MIB) -> FileError:
    with pytest.raises(FileError) as caught:
        identify(path, bytes_max, unpacked_bytes_max)
    return caught.value


def file_of(folder: Path, content: bytes, name: str = "list.xlsx") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def test_content_and_not_the_name_tells_the_type(tmp_path: Path):
    workbook = write_xlsx(tmp_path / "really-xlsx.csv", sheet_xml(row_xml(1, "a")))

    kinds = [kind_of(workbook), kind_of(DATA / "errors.xls"), kind_of(DATA / "errors.xlsb")]
    kinds.append(kind_of(file_of(tmp_path, b"a,b\n1,2\n", "text.xlsx")))

    assert kinds == ["xlsx", "xls", "xlsb", "csv"]


def test_a_spreadsheet_is_distinguished_from_other_open_documents(tmp_path: Path):
    kinds = {"spreadsheet": tmp_path / "a.ods", "text": tmp_path / "b.ods"}
    for kind, path in kinds.items():
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("mimetype", f"application/vnd.oasis.opendocument.{kind}")
            archive.writestr("content.xml", "<x/>")

    assert kind_of(kinds["spreadsheet"]) == "ods"
    assert refusal_of(kinds["text"]).code == "not_a_workbook"


def test_an_open_document_whose_type_is_damaged_is_reported_as_such(tmp_path: Path):
    path = tmp_path / "a.ods"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", "<x/>")
    path.write_bytes(path.read_bytes().replace(b"opendocument", b"opendocumnet"))

    assert refusal_of(path).values["part"] == "mimetype"


@pytest.mark.parametrize(
    ("content", "code", "found"),
    [
        (b"%PDF-1.7 ...", "not_a_workbook", "PDF"),
        (b"\x89PNG\r\n\x1a\n", "not_a_workbook", "PNG"),
        (gzip.compress(b"a,b", mtime=0), "not_a_workbook", "gzip"),
        (b"ID;PWXL;N;E\r\n", "legacy_format", "SYLK"),
        (b"TABLE\r\n0,1\r\n", "legacy_format", "DIF"),
        (b"\x09\x08\x10\x00", None, None),
        (b"\x09\x04\x06\x00\x00\x00\x10\x00", "legacy_format", "Excel 4"),
        (b"\xef\xbb\xbf <HTML><table><tr><td>1</td></tr></table>", "html_disguised", None),
        (b"MIME-Version: 1.0\r\nContent-Type: multipart/related", "html_disguised", None),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "legacy_format",
            None,
        ),
        (b'<?xml version="1.0"?><customers/>', "not_a_workbook", "XML"),
        (b"", "empty", None),
    ],
)
def test_what_is_no_workbook_is_named(tmp_path: Path, content: bytes, code: str | None, found: str | None):
    path = file_of(tmp_path, content)

    if code is None:
        assert kind_of(path) == "csv"
        return
    refusal = refusal_of(path)

    assert refusal.code == code
    assert found is None or refusal.values["found"] == found


def test_a_workbook_with_a_password_is_reported_as_such():
    assert refusal_of(DATA / "password.xlsx").code == "encrypted"


def test_a_word_document_is_reported_as_such(tmp_path: Path):
    path = file_of(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500 + "WordDocument".encode("utf-16-le"))

    assert refusal_of(path).values == {"found": "Word"}


def test_size_is_checked_before_anything_else(tmp_path: Path):
    path = file_of(tmp_path, b"PK\x03\x04" + b"x" * 3 * MIB)

    refusal = refusal_of(path, bytes_max=2 * MIB)

    assert (refusal.code, refusal.values) == ("file_too_large", {"megabytes": 4, "limit": 2})


@pytest.mark.parametrize(
    "name", ["/xl/workbook.xml", "../evil.xml", "xl/../../evil.xml", "C:/evil.xml", "..\\evil.xml"]
)
def test_parts_with_names_that_lead_elsewhere_are_refused(tmp_path: Path, name: str):
    path = write_xlsx(tmp_path / "a.xlsx", sheet_xml(row_xml(1, "a")), extra={name: "x"})

    refusal = refusal_of(path)

    assert refusal.code == "part_name"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_part_that_is_there_twice_is_refused(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/workbook.xml", "<a/>")
        archive.writestr("XL/Workbook.xml", "<b/>")

    assert refusal_of(path).code == "part_twice"


def test_more_parts_than_any_workbook_has_are_refused(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(2_001):
            archive.writestr(f"xl/{number}.xml", "")

    assert refusal_of(path).values == {"count": 2001, "limit": 2000}


def test_a_list_of_parts_without_end_is_not_even_read(tmp_path: Path):
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 5, 5, 50 * MIB, 0, 0)

    assert refusal_of(file_of(tmp_path, b"PK\x03\x04" + b"\0" * 100 + end)).code == "too_many_parts"


def test_what_would_unpack_to_too_much_is_refused_before_it_is_unpacked(tmp_path: Path):
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<a/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 12 * MIB)

    by_ratio = refusal_of(path)
    by_size = refusal_of(path, unpacked_bytes_max=11 * MIB)

    assert (by_ratio.code, by_ratio.values["megabytes"]) == ("unpacked_too_large", 13)
    assert by_size.values["limit"] == 11


@pytest.mark.parametrize("cut", [30, 200, 400])
def test_a_zip_cut_short_is_damaged(tmp_path: Path, cut: int):
    whole = write_xlsx(tmp_path / "whole.xlsx", sheet_xml(row_xml(1, "a"))).read_bytes()

    assert refusal_of(file_of(tmp_path, whole[:-cut])).code == "damaged"
