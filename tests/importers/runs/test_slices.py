"""Slices: set aside and read back as they were; rows of one group stay together, whatever stands between them."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.drafts import Drafts
from core.kinds.kind import CellError
from core.resource import Resource
from importers.exporting import template_for
from importers.runs import _slices, runner
from importers.runs._slices import CheckedSlice, Spool, pack_slice, unpack_slice, whole_groups
from importers.runs.runner import ImportReport, Source, preview_import, read_slices
from importers.writing.xlsx import SheetColumn, write_xlsx
from resources import SHEETS
from resources.orders import ORDER_LINES
from resources.partners import PARTNERS
from tests.conftest import ADMIN, WEI
from tests.services.orders.support import add_range


def sheet(folder: Path, headings: list[str], rows: list[list[object]]) -> Source:
    path = folder / "rows.xlsx"
    with path.open("wb") as target:
        write_xlsx(target, "Sheet", [SheetColumn(heading) for heading in headings], rows)
    return Source(path=path, name=path.name, kind="xlsx")


@pytest.mark.parametrize("resource", [one for one in SHEETS.values() if one.save is not None], ids=lambda one: one.name)
def test_rows_of_every_resource_are_set_aside_and_read_back_as_they_were(resource: Resource, data_dir, tmp_path):
    path = tmp_path / "rows.xlsx"
    with path.open("wb") as target:
        template_for(resource, ADMIN, target)
    found = list(read_slices(resource, Source(path=path, name=path.name), ADMIN, ImportReport(resource.name)))
    damaged = CheckedSlice([5], Drafts([], {}), [], {"code": [CellError("#N/A")]}, [["#N/A"]])

    with Spool() as spool:
        for slice_ in [*found, damaged]:
            spool.add(pack_slice(slice_))
        back = [unpack_slice(plain) for plain in spool]
        again = [unpack_slice(plain) for plain in spool]

    assert back == again == [*found, damaged]
    assert back[-1].cells["code"][0].__class__ is CellError


@given(st.lists(st.lists(st.integers(0, 9), max_size=12), max_size=6), st.integers(1, 8))
def test_each_row_comes_once_with_all_of_its_group_and_slices_come_in_the_order_of_their_ends(groups, row_count):
    number, given_slices = 1, []
    for keys in groups:
        rows = list(range(number + 1, number + 1 + len(keys)))
        given_slices.append(CheckedSlice(rows, Drafts([], {}), [], {"key": list(keys)}, [[f"x{row}" for row in rows]]))
        number += len(keys)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_slices, "GROUPED_ROWS", row_count)
        found = list(whole_groups(iter(given_slices), lambda cells: cells["key"]))

    stated = {row: key for one in given_slices for row, key in zip(one.rows, one.cells["key"], strict=True)}
    assert sorted(row for one in found for row in one.rows) == sorted(stated)
    for one in found:
        assert one.rows == sorted(one.rows)
        assert list(one.cells["key"]) == [stated[row] for row in one.rows]
        assert [one.texts(row) for row in one.rows] == [[f"x{row}"] for row in one.rows]
    places = [set(one.cells["key"]) for one in found]
    assert sum(len(keys) for keys in places) == len(set(stated.values()))  # no group is in two slices
    assert [one.rows[-1] for one in found] == sorted(one.rows[-1] for one in found)
    assert all(len(one.rows) - list(one.cells["key"]).count(stated[one.rows[-1]]) < row_count for one in found)


def test_a_check_of_orders_in_pieces_finds_what_one_in_one_piece_finds(database, tmp_path, monkeypatch):
    add_range()
    rows = [
        ["A-1", "HD", "MILK", 10], ["", "SZ", "TEA", 24], ["A-2", "HD", "NOPE", 10], ["A-1", "HD", "TEA", 24],
        ["", "BF", "MILK", 10], ["A-2", "HD", "MILK", 10], ["", "SZ", "MILK", 20], ["A-3", "XX", "MILK", 10],
    ]  # fmt: skip
    source = sheet(tmp_path, ["number", "buyer", "sku", "quantity"], rows)
    whole = preview_import(ORDER_LINES, source, WEI)

    monkeypatch.setattr(_slices, "GROUPED_ROWS", 1)
    parts = list(read_slices(ORDER_LINES, source, WEI, ImportReport("orders")))
    in_pieces = preview_import(ORDER_LINES, source, WEI)

    assert [one.rows for one in parts] == [[2, 5], [6], [4, 7], [3, 8], [9]]
    assert (in_pieces.rows, in_pieces.created, in_pieces.refused) == (whole.rows, whole.created, whole.refused)
    assert (whole.created, whole.refused) == (5, 3)
    assert sorted(in_pieces.problems, key=lambda one: one.row) == whole.problems
    assert in_pieces.refused_cells == whole.refused_cells


def test_a_large_piece_is_tried_on_a_copy_and_nobody_waits_for_it(database, tmp_path, monkeypatch):
    rows = [["D1", "d", "dealer", "A1"], ["A1", "a", "agent_1", "HD"], ["HD", "other", "master_agent", ""]]
    source = sheet(tmp_path, ["code", "name", "tier", "upstream"], [*rows, ["D2", "x", "dealer", "NOPE"]])
    here = preview_import(PARTNERS, source, ADMIN)

    monkeypatch.setattr(runner, "COPY_ROWS_MIN", 1)
    copied = preview_import(PARTNERS, source, ADMIN)

    for one in (here, copied):
        assert (one.created, one.updated, one.unchanged, one.refused) == (2, 1, 0, 1)
    assert copied.problems == here.problems
    assert preview_import(PARTNERS, source, ADMIN).created == 2
