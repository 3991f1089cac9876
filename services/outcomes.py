"""What became of each row of an action on many rows."""

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


def each(actor: Actor, numbers: Sequence[str], step: Callable[[Session, str], object]) -> list[Outcome]:
    """Take ``step`` for each order, at most ``EACH_MAX``, in units of work of their own; see ``decide_each``."""
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
