"""Configuration of saving drafts to a table, and results."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from core.errors import CellProblem, RowsRefused


@dataclass(frozen=True, slots=True)
class SaveOptions:
    """Options of saving.

    Attributes:
        match: Field to find existing rows by instead of the resource's key; "" for the key.
        batch_id: Id of the import that the drafts come from.
        version: Version of the single row as the person saw it; a row that has changed since is refused.
    """

    match: str = ""
    batch_id: int | None = None
    version: int | None = None


@dataclass(slots=True)
class Saved:
    """Result of saving drafts. Rows with problems were left out; all others were saved.

    Attributes:
        new_rows: Row numbers of the drafts that were created.
        changes: Row number of each draft that was updated → field name → stored value before and after.
    """

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    problems: list[CellProblem] = field(default_factory=list)
    new_rows: list[int] = field(default_factory=list)
    changes: dict[int, Mapping[str, Any]] = field(default_factory=dict)

    def add(self, other: "Saved") -> None:
        """Add the result of further drafts."""
        self.created += other.created
        self.updated += other.updated
        self.unchanged += other.unchanged
        self.problems += other.problems
        self.new_rows += other.new_rows
        self.changes |= other.changes

    def or_refuse(self) -> "Saved":
        """Return this, or raise ``RowsRefused`` if a row had a problem: to save all or nothing."""
        if self.problems:
            raise RowsRefused(self.problems)
        return self


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Plan of saving a resource's drafts: how they are inserted into its table or update its rows.

    Attributes:
        subject: Resource name; events carry it, and their names begin with its singular.
        model: Mapped class.
        keys: Names of the unique columns that name a row.
        required: Names of the columns that a new row must state.
        defaults: Column name to the value of a new row that does not state it; blank leaves an old row as it is.
        derived_columns: Names of columns that services set, e.g. "path"; a difference in these alone is no update.
        field_names: Column name to the name of its field where it is another, e.g. "owner_id" to "owner".
    """

    subject: str
    model: Any
    keys: tuple[str, ...]
    required: tuple[str, ...] = ()
    defaults: Mapping[str, Any] = field(default_factory=dict)
    derived_columns: tuple[str, ...] = ("path",)
    field_names: Mapping[str, str] = field(default_factory=dict)

    def field_name(self, column: str) -> str:
        """Return the name of the field that a column stores."""
        return self.field_names.get(column, column)

    def values_of(self, row: Any, columns: Iterable[str]) -> dict[str, Any]:
        """Return field name → stored value of some columns of a mapped row, for ``EventDraft.created_values``."""
        return {
            self.field_name(name): json_value(value) for name in columns if (value := getattr(row, name)) is not None
        }


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows to insert or update, column by column.

    Attributes:
        numbers: Row number of each draft.
        keys: Key of each row.
        columns: Column name → value for each row.
    """

    numbers: list[int]
    keys: list[str]
    columns: dict[str, list[Any]]


def json_value(value: Any) -> Any:
    """Return a stored value as JSON has it."""
    return value.isoformat() if isinstance(value, date) else value
