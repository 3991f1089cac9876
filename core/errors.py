"""Errors a caller can expect and act on.

``DomainError``
├── ``InvalidInput``   422  the data given is wrong; ``fields`` says where
├── ``RowsRefused``    422  some of many rows are wrong; ``problems`` says which cells and why
├── ``NotPermitted``   403  the actor may not do this
├── ``NotFound``       404  no such row, or not visible to the actor
├── ``Conflict``       409  the data is fine, but the current state forbids it
└── ``Unavailable``    503  the machine cannot do it now; the same request may succeed later

Services raise these and never catch them. Each interface translates them: pages into a message
beside the field, the API into JSON, an importer into a row error, a job into a recorded failure. Any other
exception is a bug and is logged with a reference number.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.i18n import translate


@dataclass(frozen=True, slots=True)
class Problem:
    """A problem as data: its sentence is made when it is shown, in the reader's language.

    Attributes:
        code: Stable machine name ``<capability>.<problem>``, e.g. ``orders.credit_exceeded``; never renamed.
        message: English sentence (a catalogue key) with ``{placeholders}``.
        values: What the placeholders stand for.
    """

    code: str
    message: str
    values: Mapping[str, object] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """Return the sentence in the current language."""
        return translate(self.message, **self.values)


@dataclass(frozen=True, slots=True)
class CellProblem:
    """A problem of one cell of one row.

    Attributes:
        row: Row number as the source counts: a worksheet's own number, 1 for a form.
        field: Field name, or "" for the whole row.
        value: What was stated, as text, cut to 200 characters.
    """

    row: int
    field: str
    value: str
    problem: Problem


class DomainError(Exception):
    """Base of all expected errors.

    Args:
        code: See ``Problem.code``.
        message: See ``Problem.message``.
        fields: Field name to problem, for errors that belong to one input.
        values: What the placeholders of ``message`` stand for.
    """

    status = 500

    def __init__(
        self, code: str, message: str, *, fields: Mapping[str, Problem] | None = None, **values: object
    ) -> None:
        super().__init__(code, message)
        self.problem = Problem(code, message, values)
        self.fields = dict(fields or {})

    def __str__(self) -> str:
        return f"{self.code}: {self.text}"

    @property
    def code(self) -> str:
        """Return the stable machine name."""
        return self.problem.code

    @property
    def text(self) -> str:
        """Return the sentence for the person who caused it, in the current language."""
        return self.problem.text


class InvalidInput(DomainError):
    """The input is invalid."""

    status = 422


class RowsRefused(DomainError):
    """Some rows of a list were refused, so none was stored.

    Args:
        problems: Every problem found, in row order; at least one.
    """

    status = 422

    def __init__(self, problems: Sequence[CellProblem]) -> None:
        first = problems[0].problem
        super().__init__(first.code, first.message)
        self.problem = first
        self.problems = list(problems)
        for problem in problems:
            self.fields.setdefault(problem.field, problem.problem)


class NotPermitted(DomainError):
    """The actor lacks a permission."""

    status = 403


class NotFound(DomainError):
    """No such row, or not visible to the actor; the two look the same on purpose."""

    status = 404


class Conflict(DomainError):
    """The current state of the row forbids the operation."""

    status = 409


class Unavailable(DomainError):
    """The database or the disk cannot do the work now; nothing was stored unless the sentence says otherwise.

    Args:
        retry_after_s: After how many seconds a repetition makes sense.
    """

    status = 503

    def __init__(self, code: str, message: str, *, retry_after_s: int) -> None:
        super().__init__(code, message)
        self.retry_after_s = retry_after_s
