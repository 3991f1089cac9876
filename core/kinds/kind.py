"""Kinds of value: one declaration says how a value is read, checked, stored and shown, everywhere.

``parse`` reads one text; ``parse_column`` reads a column of worksheet cells by the same declaration: texts that
``is_canonical`` knows to be their own value are taken as they are, each other distinct cell is parsed once. A
property test holds the two forms equal.
"""

import re
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from core.errors import Problem
from core.i18n import N_
from core.limits import STATED_LENGTH_MAX

Style = Literal["text", "integer", "money", "unit_price", "decimal", "date", "datetime"]
Cell = str | float | int | bool | None
VALUE_LENGTH_MAX = 200  # characters of a refused value that a report shows
EXACT_FLOAT_MAX = 1e15  # an Excel number holds 15 digits


class CellError(str):
    """A worksheet cell that holds an error such as ``#N/A`` instead of a value."""

    __slots__ = ()


class CellDate(str):
    """A worksheet cell that holds a date or a time of day, as ISO text."""

    __slots__ = ()


class Refused(Exception):
    """A value that its kind does not accept; ``problem`` says why."""

    def __init__(self, code: str, message: str, **values: object) -> None:
        super().__init__(code)
        self.problem = Problem(code, message, values)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values a field may take. ``tone`` colours its chip, see ``pages.components.layout.content.chip``."""

    value: str
    label: str
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """The target of a reference field: a row of another resource, identified by that resource's key.

    Attributes:
        resource: Name of the other resource, e.g. "partners".
        key: Mapped attribute of its key, e.g. ``Partner.code``.
        title: Mapped attribute shown beside the key, e.g. ``Partner.name``.
    """

    resource: str
    key: Any
    title: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How values of one kind are read, checked, stored and shown.

    Attributes:
        name: Stable name; pages choose the input and the cell renderer by it.
        parse: Text (not blank) to value; raises ``Refused``.
        is_canonical: For a column of texts, which of them ``parse`` would return unchanged. May have false negatives.
        dump: Value to what JSON carries.
        style: How a worksheet shows and types it.
        keeps_spaces: Whether a text of blanks only is a value.
        refuses_dates: Whether a date cell is refused: values such as 3-1 that Excel turned into a date are lost.
        choices: The values it may take, if they are few.
        reference: Target of a reference; None for other kinds.
        is_searched: Whether the search of a list includes it: names, phones, e-mail addresses.
        person: For values that are e-mails of people: where their names are found; else None.
    """

    name: str
    parse: Callable[[str], Any]
    is_canonical: Callable[[Sequence[str]], Sequence[bool]] | None = None
    dump: Callable[[Any], Any] = lambda value: value
    style: Style = "text"
    keeps_spaces: bool = False
    refuses_dates: bool = False
    choices: tuple[Choice, ...] = ()
    reference: Reference | None = None
    person: Reference | None = None
    is_searched: bool = False

    def parse_cell(self, cell: Cell) -> Any:
        """Return the value of a worksheet cell or an input; None if it is blank. Raises ``Refused``."""
        if self.refuses_dates and isinstance(cell, CellDate):
            raise Refused(_BECAME_DATE.code, _BECAME_DATE.message)
        text = text_of_cell(cell)
        if not text or (not self.keeps_spaces and not text.strip()):
            return None
        return self.parse(text)

    def parse_column(self, cells: Sequence[Cell]) -> tuple[list[Any], dict[int, Problem]]:
        """Return the value of each cell, None where blank or refused, and by position why it was refused."""
        types = set(map(type, cells))
        if bool in types:  # True is 1 to a dictionary, but not to a person
            cells = [text_of_cell(cell) if cell.__class__ is bool else cell for cell in cells]
        errors: dict[int, Problem] = {}
        if CellError in types:
            errors = {i: _error_value(cell) for i, cell in enumerate(cells) if isinstance(cell, CellError)}
        if self.refuses_dates and CellDate in types:
            errors |= {i: _BECAME_DATE for i, cell in enumerate(cells) if isinstance(cell, CellDate)}
        if errors:  # "#N/A" or "2026-03-01" may also stand there as text
            cells = [None if i in errors else cell for i, cell in enumerate(cells)]
        known: dict[Hashable, Any] = {None: None, "": None}
        refused: dict[Hashable, Problem] = {}
        distinct = [cell for cell in dict.fromkeys(cells) if cell not in known]
        for cell, canonical in zip(distinct, self._canonical(distinct), strict=True):
            if canonical:
                known[cell] = cell
                continue
            try:
                known[cell] = self.parse_cell(cell)
            except Refused as error:
                known[cell], refused[cell] = None, error.problem
        values = [known[cell] for cell in cells]
        if refused:
            errors |= {i: refused[cell] for i, cell in enumerate(cells) if cell in refused}
        return values, errors

    def _canonical(self, cells: Sequence[Cell]) -> Sequence[bool]:
        if self.is_canonical is None:
            return [False] * len(cells)
        if set(map(type, cells)) <= {str}:
            return self.is_canonical([str(cell) for cell in cells])
        return [type(cell) is str and self.is_canonical([cell])[0] for cell in cells]

    @property
    def names_rows(self) -> bool:
        """Return whether values name rows: codes, e-mail addresses of accounts, references by either."""
        return self.name in {"code", "email", "reference"}

    @property
    def align(self) -> Literal["left", "right"]:
        """Return the side values line up on: numbers right, everything else left."""
        return "right" if self.style in {"integer", "money", "unit_price", "decimal"} else "left"

    def label_of(self, value: str) -> str:
        """Return the English label of a choice, to be translated; the value itself if it is none."""
        return next((choice.label for choice in self.choices if choice.value == value), value)


def matches(pattern: str, length_max: int = STATED_LENGTH_MAX) -> Callable[[Sequence[str]], Sequence[bool]]:
    """Return an ``is_canonical`` that accepts texts of at most ``length_max`` characters that match as a whole."""
    match = re.compile(pattern).fullmatch
    return lambda texts: [len(text) <= length_max and match(text) is not None for text in texts]


def text_of_cell(cell: Cell) -> str:
    """Return a cell as the text a person sees in it: 7.0 is "7", 0.1 + 0.2 is "0.3", TRUE is "TRUE".

    Raises:
        Refused: ``cells.error_value`` for #N/A and the like; ``cells.digits_lost`` for a number so large that the
            worksheet has already lost digits of it.
    """
    if isinstance(cell, str) and not isinstance(cell, CellError):
        return str(cell)
    if cell is None:
        return ""
    if isinstance(cell, CellError):
        problem = _error_value(cell)
        raise Refused(problem.code, problem.message, **problem.values)
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if abs(cell) >= EXACT_FLOAT_MAX:
        raise Refused(
            "cells.digits_lost",
            N_("is a number of more than 15 digits, and Excel has lost some: format the column as text, type it again"),
        )
    return str(cell) if isinstance(cell, int) else f"{Decimal(f'{cell + 0.0:.15g}'):f}"  # -0.0 + 0.0 is 0.0


_BECAME_DATE = Problem(
    "cells.is_date",
    N_(
        "is a date in the worksheet; Excel makes one of a code such as 3-1: format the column as text and type it again"
    ),
)


def _error_value(error: CellError) -> Problem:
    message = N_("holds the error {error}: put a value there or leave it empty")
    return Problem("cells.error_value", message, {"error": str(error)})


def shown_value(cell: object) -> str:
    """Return a stated value as a report shows it: text, cut to ``VALUE_LENGTH_MAX`` characters."""
    return "" if cell is None else str(cell)[:VALUE_LENGTH_MAX]


def dump_instant(value: datetime | None) -> str | None:
    """Return an instant as ISO 8601 in UTC, e.g. ``2026-11-22T01:02:03Z``."""
    return None if value is None else value.strftime("%Y-%m-%dT%H:%M:%SZ")


def dump_date(value: date | None) -> str | None:
    """Return a date as ISO 8601."""
    return None if value is None else value.isoformat()
