"""What became of each row of an action on many rows."""

from dataclasses import dataclass

from core.errors import Problem


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row.

    Attributes:
        key: As the action named it.
        problem: Why it was refused; None if it was done.
    """

    key: str
    problem: Problem | None = None

    @property
    def ok(self) -> bool:
        """Return whether it was done."""
        return self.problem is None
