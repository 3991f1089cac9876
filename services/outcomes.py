"""Outcomes of bulk actions, one for each row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import transact
from core.errors import DomainError, InvalidInput, Problem
from core.i18n import N_

EACH_MAX = 500


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one row.

    Attributes:
        key: Of the row, as given to the action.
        problem: Why it was rejected; None for success.
    """

    key: str
    problem: Problem | None = None

    @property
    def ok(self) -> bool:
        """Return whether the action succeeded."""
        return self.problem is None


def each(actor: Actor, numbers: Sequence[str], step: Callable[[Session, str], object]) -> list[Outcome]:
    """Run ``step`` for each order in a unit of work of its own; at most ``EACH_MAX``."""
    if len(numbers) > EACH_MAX:
        raise InvalidInput(
            "approvals.too_many",
            N_("At most {limit} orders can be changed at once; these are {count}. Select fewer."),
            limit=EACH_MAX,
            count=len(numbers),
        )
    outcomes: dict[str, Outcome] = {}
    for number in dict.fromkeys(numbers):
        try:
            transact(actor, lambda session, number=number: step(session, number))  # type: ignore[misc]
            outcomes[number] = Outcome(number)
        except DomainError as refused:
            outcomes[number] = Outcome(number, refused.problem)
    return list(outcomes.values())
