"""Outcomes of bulk actions, one for each row."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import transact
from core.errors import DomainError, InvalidInput, Problem

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


def each(
    actor: Actor, keys: Sequence[str], step: Callable[[Session, str], object], *, too_many: Problem
) -> list[Outcome]:
    """Run ``step`` for each row in a unit of work of its own, so that a rejected one leaves the others done.

    Args:
        actor: Of each unit of work.
        keys: Of the rows; a repeated one is run once.
        step: Called with session and key.
        too_many: Problem with more than ``EACH_MAX`` keys; its sentence is about {limit} and {count}.

    Raises:
        InvalidInput: With ``too_many``; nothing was run.
    """
    if len(keys) > EACH_MAX:
        raise InvalidInput(too_many.code, too_many.message, limit=EACH_MAX, count=len(keys))
    outcomes = []
    for key in dict.fromkeys(keys):
        try:
            transact(actor, lambda session, key=key: step(session, key))  # type: ignore[misc]
            outcomes.append(Outcome(key))
        except DomainError as refused:
            outcomes.append(Outcome(key, refused.problem))
    return outcomes
