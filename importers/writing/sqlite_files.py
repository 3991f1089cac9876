"""Tables to one SQLite file that other programs open: keys, references, search.

Loaded late, see ``core.process.late_imports``. Rows are written as they come; memory does not grow with their number.
The file is good only when ``finish`` returned.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

BATCH_ROWS = 1_000
SEARCHED_BY = "trigram"  # finds parts of Chinese names, which have no spaces between words; three signs and more


@dataclass(frozen=True, slots=True)
class FileTable:
    """A table of the file.

    Attributes:
        columns: Name → Python type of its values, in order.
        keys: Names of the columns that together name a row.
        references: (column, other table, its column).
        searched: Names of the columns with full-text search.
    """

    name: str
    columns: dict[str, type]
    keys: Sequence[str]
    references: Sequence[tuple[str, str, str]] = ()
    searched: Sequence[str] = ()


class SqliteFile:
    """A file that is being written."""

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        for pragma in ("journal_mode = OFF", "synchronous = OFF"):  # what is not whole is thrown away
            self._database.execute(f"PRAGMA {pragma}")

    def create(self, tables: Sequence[FileTable]) -> None:
        """Make tables, empty; they may refer to each other in a circle."""
        for table in tables:
            keys = table.keys[0] if len(table.keys) == 1 else tuple(table.keys)
            self._database.table(table.name).create(table.columns, pk=keys)
        self._database.add_foreign_keys([(one.name, *reference) for one in tables for reference in one.references])

    def fill(self, table: FileTable, rows: Iterable[Sequence[Any]]) -> int:
        """Add rows in the order of the table's columns, and make its search; return how many rows there are."""
        made = self._database.table(table.name)
        made.insert_all(_headed(table, rows), batch_size=BATCH_ROWS)
        if table.searched:
            made.enable_fts(table.searched, tokenize=SEARCHED_BY)
        return made.count

    def finish(self) -> None:
        """Close the file; from now on it is whole."""
        self._database.execute("PRAGMA optimize")
        self._database.close()


def _headed(table: FileTable, rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    """Yield the names of the columns, then the rows: so sqlite-utils takes rows that are no dictionaries."""
    yield list(table.columns)
    yield from rows
