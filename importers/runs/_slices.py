"""Batches of worksheet rows: checked cell by cell without any lock, spooled to disk, grouped."""

import marshal
import tempfile
from bisect import bisect_left
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from core.access import Actor
from core.drafts import Drafts, draft_rows
from core.errors import CellProblem, Problem
from core.i18n import N_
from core.kinds.kind import Cell, CellDate, CellError
from core.resource import Resource
from importers.reading.workbooks import Chunk
from importers.runs.mapping import ColumnMapping, editable_fields
from importers.writing.text import unguard

GROUPED_ROWS = 5_000
"""Rows from which a slice of whole groups is full; its last group may bring more. SQLite needs a third of a second."""
TOTALS = frozenset({"合计", "总计", "小计", "共计", "累计", "汇总", "本页合计", "total", "subtotal", "grand total"})
"""Words in a key column that mark a row of totals."""

Cells = Mapping[str, Sequence[Cell]]
"""Field name → one cell for each row."""


@dataclass(frozen=True, slots=True)
class CheckedSlice:
    """A batch of checked worksheet rows.

    Attributes:
        rows: Numbers of the rows that are not blank, ascending.
        drafts: Checked values of the good ones. problems: of the others.
        cells: Field name → one cell for each of ``rows``.
        columns: Every column of the sheet, one cell for each of ``rows``; () if rows need not be returned.
    """

    rows: list[int]
    drafts: Drafts
    problems: list[CellProblem]
    cells: dict[str, Sequence[Cell]]
    columns: Sequence[Sequence[Cell]] = ()

    def texts(self, row: int) -> list[str]:
        """Return the cells of a row as text, for handing them back."""
        index = bisect_left(self.rows, row)
        return ["" if column[index] is None else str(column[index]) for column in self.columns]


class Spool:
    """A temporary file of plain values that can be iterated any number of times."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile(prefix="qudao-import-")  # noqa: SIM115  (closed by ``__exit__``)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def add(self, value: Any) -> None:
        """Append a value: tuples, lists, dictionaries, texts, numbers and None."""
        self._file.seek(0, 2)
        data = marshal.dumps(value, 2)
        self._file.write(len(data).to_bytes(8, "big") + data)

    def clear(self) -> None:
        """Drop all values."""
        self._file.seek(0)
        self._file.truncate()

    def __iter__(self) -> Iterator[Any]:
        position, end = 0, self._file.seek(0, 2)
        while position < end:
            self._file.seek(position)
            size = int.from_bytes(self._file.read(8), "big")
            value = marshal.loads(self._file.read(size))  # noqa: S302  (our own plain values; it cannot name code to run)
            position = self._file.tell()
            yield value


def pack_slice(slice_: CheckedSlice) -> Any:
    """Return a slice as plain values, for a ``Spool``."""
    drafts = slice_.drafts
    return (
        slice_.rows,
        drafts.rows,
        {name: _packed_column(values) for name, values in drafts.columns.items()},
        pack_problems(slice_.problems),
        {name: _packed_column(values) for name, values in slice_.cells.items()},
        [_packed_column(values) for values in slice_.columns],
    )


def unpack_slice(plain: Any) -> CheckedSlice:
    """Return the slice that ``pack_slice`` was given."""
    rows, draft_numbers, drafts, problems, cells, columns = plain
    return CheckedSlice(
        rows,
        Drafts(draft_numbers, {name: _unpacked_column(column) for name, column in drafts.items()}),
        unpack_problems(problems),
        {name: _unpacked_column(column) for name, column in cells.items()},
        [_unpacked_column(column) for column in columns],
    )


def pack_problems(problems: Iterable[CellProblem]) -> Any:
    """Return problems as plain values, for a ``Spool``; what their sentences name becomes text."""
    return [
        (one.row, one.field, _plain(one.value), one.problem.code, one.problem.message, _texts(one.problem.values))
        for one in problems
    ]


def unpack_problems(plain: Any) -> list[CellProblem]:
    """Return the problems that ``pack_problems`` was given."""
    return [
        CellProblem(row, name, value, Problem(code, text, values)) for row, name, value, code, text, values in plain
    ]


def _texts(values: Mapping[str, object]) -> dict[str, object]:
    return {name: _plain(value) for name, value in values.items()}


def _plain(value: object) -> Any:
    """Return a text or whole number as it is, anything else as text."""
    return value if value is None or value.__class__ in {str, int} else str(value)


_MARKS: dict[type, str] = {date: "d", CellDate: "c", CellError: "e"}
_UNMARKED: dict[str, Callable[[str], Any]] = {"d": date.fromisoformat, "c": CellDate, "e": CellError}


def _packed_column(values: Sequence[Any]) -> tuple[list[Any], dict[int, str]]:
    """Return a column of plain values, and where it held dates ("d"), cells with dates ("c") and error values ("e")."""
    marks = {
        index: next(mark for kind, mark in _MARKS.items() if isinstance(value, kind))
        for index, value in enumerate(values)
        if isinstance(value, tuple(_MARKS))
    }
    if not marks:
        return list(values), marks
    return [str(value) if index in marks else value for index, value in enumerate(values)], marks


def _unpacked_column(column: tuple[list[Any], dict[int, str]]) -> list[Any]:
    values, marks = column
    for index, mark in marks.items():
        values[index] = _UNMARKED[mark](values[index])
    return values


class Checker:
    """Checks a worksheet's cells, chunk by chunk, and detects repeated keys.

    Args:
        resource: What the rows are.
        actor: Who imports.
        columns: Which column is which field.
        match: Field that existing rows are found by; "" for the key.
        is_text: Whether the file is a delimited text, whose guards against formulas are taken off.
        keeps_columns: Whether ``CheckedSlice.columns`` is filled.
    """

    def __init__(
        self,
        resource: Resource,
        actor: Actor,
        columns: ColumnMapping,
        *,
        match: str,
        is_text: bool,
        keeps_columns: bool,
    ) -> None:
        self._resource, self._columns, self._is_text = resource, columns, is_text
        self._fields = editable_fields(resource, actor)
        self._keys = (match,) if match else resource.keys
        self._keeps_columns = keeps_columns
        self._seen: dict[Any, int] = {}

    def check(self, chunk: Chunk) -> CheckedSlice:
        """Return the rows of a chunk that hold something."""
        errors = set(chunk.errors)
        cells = {name: self._cells(chunk, position, errors) for name, position in self._columns.positions.items()}
        used = _rows_with_content(cells, chunk.row_count)
        rows = [chunk.first_row + index for index in used]
        columns: list[list[Cell]] = chunk.columns if self._keeps_columns else []
        if len(used) < chunk.row_count:
            cells = {name: [values[index] for index in used] for name, values in cells.items()}
            columns = [[column[index] for index in used] for column in columns]
        cells |= {name: [value] * len(rows) for name, value in self._columns.constants.items()}
        drafts, problems = draft_rows(self._fields, rows, cells)
        totals = self._totals(drafts)
        drafts = drafts.without({one.row for one in totals})
        repeated = self._repeats(drafts)
        drafts = drafts.without({one.row for one in repeated})
        return CheckedSlice(rows, drafts, [*problems, *totals, *repeated], cells, columns)

    def _cells(self, chunk: Chunk, position: int, errors: set[tuple[int, int]]) -> Sequence[Cell]:
        values: Sequence[Cell] = chunk.columns[position]
        if self._is_text:  # a text file of ours has guarded what a spreadsheet program would take for a formula
            values = [unguard(value) if value.__class__ is str and value[:1] == "'" else value for value in values]
        if errors:
            values = [CellError(value) if (index, position) in errors else value for index, value in enumerate(values)]
        return values

    def _totals(self, drafts: Drafts) -> list[CellProblem]:
        """Return a problem for each row whose key is a word for a sum: it stands below a table and is no row of it."""
        looks = N_("looks like a row of totals, so it is left out")
        problem = Problem("imports.total_row", looks)
        return [
            CellProblem(row, name, value, problem)
            for name in self._resource.keys
            for row, value in zip(drafts.rows, drafts.columns.get(name, ()), strict=False)
            if value.__class__ is str and value.strip(":： ").lower() in TOTALS
        ]

    def _repeats(self, drafts: Drafts) -> list[CellProblem]:
        if not set(self._keys) <= drafts.columns.keys():
            return []  # part of the key is generated, so no two rows can have the same
        keys = list(zip(*(drafts.columns[name] for name in self._keys), strict=True))
        problems = []
        for row, key in zip(drafts.rows, keys, strict=True):
            first = self._seen.setdefault(key, row)
            if first != row and None not in key:
                repeated = N_("is already in row {row}")
                shown = "~".join(str(part) for part in key)
                problem = Problem("imports.repeated_key", repeated, {"row": first})
                problems.append(CellProblem(row, self._keys[0], shown, problem))
        return problems


def joined(slices: Sequence[CheckedSlice]) -> CheckedSlice:
    """Return slices as one, for rows that refer to each other."""
    first = slices[0] if slices else CheckedSlice([], Drafts([], {}), [], {})
    drafts = Drafts(
        [row for one in slices for row in one.drafts.rows],
        {name: [value for one in slices for value in one.drafts.columns[name]] for name in first.drafts.columns},
    )
    cells = {name: [cell for one in slices for cell in one.cells[name]] for name in first.cells}
    columns: list[list[Cell]] = [[] for _ in range(max((len(one.columns) for one in slices), default=0))]
    for one in slices:
        for index, column in enumerate(columns):
            blank: list[Cell] = [None] * len(one.rows)
            column += one.columns[index] if index < len(one.columns) else blank
    problems = [problem for one in slices for problem in one.problems]
    return CheckedSlice([row for one in slices for row in one.rows], drafts, problems, dict(cells), columns)


def whole_groups(
    slices: Iterable[CheckedSlice], keys_of: Callable[[Cells], Sequence[Hashable]]
) -> Iterator[CheckedSlice]:
    """Yield the rows of slices again in slices of whole groups, for rows that are saved together.

    Groups come in the order in which they end, so that each slice ends behind the one before it, and an import
    stopped after a slice resumes with the next. Memory is held for the groups that have begun and not ended.

    Args:
        slices: In the order of the worksheet. Their drafts are dropped: groups are saved from the cells.
        keys_of: Returns a key for each row; rows with equal keys are one group.
    """
    last_rows: dict[Hashable, int] = {}
    with Spool() as spool:
        for slice_ in slices:
            keys = list(keys_of(slice_.cells))
            last_rows.update(zip(keys, slice_.rows, strict=True))
            bare = CheckedSlice(slice_.rows, Drafts([], {}), slice_.problems, slice_.cells, slice_.columns)
            spool.add((pack_slice(bare), keys))
        begun: tuple[CheckedSlice, list[Hashable]] | None = None
        for plain, keys in spool:
            slice_ = unpack_slice(plain)
            if begun is not None:
                slice_, keys = joined([begun[0], slice_]), [*begun[1], *keys]
            ends = [last_rows[key] for key in keys]
            row_read = slice_.rows[-1] if slice_.rows else 0
            for positions in _parts([(end, index) for index, end in enumerate(ends) if end <= row_read]):
                yield _picked(slice_, positions)
            rest = [index for index, end in enumerate(ends) if end > row_read]
            begun = (_picked(slice_, rest), [keys[index] for index in rest]) if rest else None


def _parts(ended: list[tuple[int, int]]) -> Iterator[list[int]]:
    """Yield positions of rows in parts of whole groups, given the end of each row's group and its position."""
    ended.sort()
    start = 0
    for index in range(1, len(ended) + 1):
        is_whole = index == len(ended) or ended[index][0] != ended[index - 1][0]
        if is_whole and (index - start >= GROUPED_ROWS or index == len(ended)):
            yield sorted(position for _end, position in ended[start:index])
            start = index


def _picked(slice_: CheckedSlice, positions: Sequence[int]) -> CheckedSlice:
    rows = [slice_.rows[index] for index in positions]
    wanted = set(rows)
    return CheckedSlice(
        rows,
        slice_.drafts,
        [problem for problem in slice_.problems if problem.row in wanted],
        {name: [cells[index] for index in positions] for name, cells in slice_.cells.items()},
        [[column[index] for index in positions] for column in slice_.columns],
    )


def _rows_with_content(cells: Mapping[str, Sequence[Cell]], count: int) -> list[int]:
    """Return the positions of rows in which some mapped column holds something."""
    if not cells:
        return []
    return [
        index for index, row in enumerate(zip(*cells.values(), strict=True)) if any(c not in (None, "") for c in row)
    ]
