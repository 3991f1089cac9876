"""Outcomes of import rows are stored as reported, and read back page by page."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from core.database.sessions import reading, unit_of_work
from core.errors import CellProblem, Problem
from models.imports import ImportBatch, ImportSlice
from services.imports import rows as import_rows
from services.imports.rows import RowOutcome, counts_so_far, note_rows, purge_rows, seen_rows
from services.saving.plans import Saved
from tests.conftest import WEI

OUTCOMES = st.dictionaries(st.integers(2, 60), st.sampled_from(RowOutcome), max_size=40)
CELLS = st.sampled_from(["a", "店", "", None, 1, 2.5, True, "\ud800"])


@pytest.fixture
def batch(database) -> int:
    with unit_of_work(WEI) as session:
        batch = ImportBatch(person=WEI.person, resource="customers", file_name="rows.xlsx", sha256="0")
        session.add(batch)
        session.flush()
        return batch.id


def saved_of(outcomes: dict[int, RowOutcome]) -> Saved:
    """Return what a service would say that made these outcomes."""
    problem = Problem("tests.wrong", "is wrong")
    return Saved(
        problems=[
            CellProblem(row, "name", "", problem) for row, outcome in outcomes.items() if outcome == RowOutcome.REFUSED
        ],
        new_rows=[row for row, outcome in outcomes.items() if outcome == RowOutcome.CREATED],
        changes={row: {"name": [row, row + 1]} for row, outcome in outcomes.items() if outcome == RowOutcome.UPDATED},
    )


any_outcomes = given(
    outcomes=OUTCOMES, cells=st.lists(CELLS, min_size=40, max_size=40), size=st.integers(1, 7), piece=st.integers(1, 20)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=15)
@any_outcomes
def test_every_row_is_found_once_on_the_page_of_its_outcome_with_its_own_cells(batch, outcomes, cells, size, piece):
    require_found_once(batch, outcomes, cells, size, piece)


def require_found_once(batch: int, outcomes: dict[int, RowOutcome], cells: list, size: int, piece: int) -> None:
    """Store outcomes in pieces of ``piece`` rows, and fail unless pages of ``size`` rows hold each row once."""
    rows = sorted(outcomes)
    with pytest.MonkeyPatch.context() as patch, unit_of_work(WEI) as session:
        patch.setattr(import_rows, "CHUNK_ROWS", piece)
        session.execute(delete(ImportSlice))
        note_rows(session, batch, rows, saved_of(outcomes), {"name": cells[: len(rows)]})

    with reading(WEI) as session:
        counts = counts_so_far(session, batch)
        found = {
            outcome: [
                one
                for offset in range(0, len(rows) + size, size)
                for one in seen_rows(session, batch, outcome, limit=size, offset=offset)
            ]
            for outcome in RowOutcome
        }

    assert {outcome: [one.row for one in seen] for outcome, seen in found.items()} == {
        outcome: [row for row in rows if outcomes[row] == outcome] for outcome in RowOutcome
    }
    for seen in found.values():
        assert [one.cells["name"] for one in seen] == [cells[rows.index(one.row)] for one in seen]
    assert [dict(one.changes) for one in found[RowOutcome.UPDATED]] == [
        {"name": [one.row, one.row + 1]} for one in found[RowOutcome.UPDATED]
    ]
    assert (counts.rows, counts.last_row) == (len(rows), max(rows, default=0))
    assert [counts.created, counts.updated, counts.unchanged, counts.refused] == [
        sum(one == outcome for one in outcomes.values()) for outcome in RowOutcome
    ]


def test_a_far_away_row_costs_no_letter_for_each_row_between(batch):
    with unit_of_work(WEI) as session:
        note_rows(session, batch, [2, 1_000_000], Saved(created=2, new_rows=[2, 1_000_000]), {"name": ["a", "b"]})

    with reading(WEI) as session:
        pieces = session.execute(select(ImportSlice.first_row, ImportSlice.fates).order_by(ImportSlice.id)).all()
        found = seen_rows(session, batch, RowOutcome.CREATED, limit=10, offset=0)

    assert [tuple(piece) for piece in pieces] == [(2, "n"), (1_000_000, "n")]
    assert [(one.row, one.cells) for one in found] == [(2, {"name": "a"}), (1_000_000, {"name": "b"})]


def test_rows_without_cells_keep_their_outcome_and_show_nothing(batch):
    with unit_of_work(WEI) as session:
        note_rows(session, batch, [2, 4], Saved(created=1, unchanged=1, new_rows=[4]))

    with reading(WEI) as session:
        piece = session.scalars(select(ImportSlice)).one()
        assert (piece.fates, piece.content) == ("s-n", None)
        assert seen_rows(session, batch, RowOutcome.CREATED, limit=10, offset=0) == []


def test_purged_rows_are_gone(batch):
    with unit_of_work(WEI) as session:
        note_rows(session, batch, [2], Saved(created=1, new_rows=[2]), {"name": ["a"]})
        purge_rows(session, batch)

    with reading(WEI) as session:
        assert counts_so_far(session, batch).rows == 0
