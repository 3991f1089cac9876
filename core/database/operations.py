"""Operations: prepared statements of different modules that are sent to the database in one round trip.

A service function that writes on the hot path returns an ``Operation``. Its caller runs it alone (``run``) or
together with operations of other modules (``run_operations``), and each interprets its own result.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar, overload

from sqlalchemy.orm import Session

from core.database.prepared import Prepared, StatementResult, Values, run_together

T = TypeVar("T")
U = TypeVar("U")


@dataclass(frozen=True, slots=True)
class Operation(Generic[T]):
    """A statement with its values, and a function that interprets its result.

    Attributes:
        statement: See ``Prepared``.
        values: Values of the statement's parameters.
        finish: Called with the session and the result, after all statements of the same round trip have run. An error
            raised here rolls back the whole unit of work.
    """

    statement: Prepared
    values: Values
    finish: Callable[[Session, StatementResult], T]

    def run(self, session: Session) -> T:
        """Run the statement alone in the session's transaction and return its interpreted result."""
        return self.finish(session, self.statement.run(session, self.values))


@overload
def run_operations(session: Session, first: Operation[T], second: Operation[U], /) -> tuple[T, U]: ...
@overload
def run_operations(session: Session, first: Operation[T], /, *others: Operation[Any]) -> tuple[T, *tuple[Any, ...]]: ...
def run_operations(session: Session, /, *operations: Operation[Any]) -> tuple[Any, ...]:
    """Run operations one after the other in the session's transaction and return their interpreted results.

    PostgreSQL gets all statements in one round trip. If one fails, those after it do not run. Results are interpreted
    in the same order, once all statements have run.
    """
    results = run_together(session, *((one.statement, one.values) for one in operations))
    return tuple(one.finish(session, result) for one, result in zip(operations, results, strict=True))


def no_result(session: Session, result: StatementResult) -> None:
    """Finish an operation whose result does not matter."""
