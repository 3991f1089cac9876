"""Prepared statements within the branch of the session's actor, see ``core.database.prepared``.

The session's row filter does not cover prepared statements. A statement on rows of partners has the condition
``in_branch`` on their path; ``read_in_branch`` fills in its bounds from the session's actor.
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, and_, bindparam
from sqlalchemy.orm import Session

from core.access import Actor
from core.database.columns import code_text
from core.database.operations import Operation
from core.database.paths import AFTER_EVERYTHING
from core.database.prepared import Prepared, StatementResult
from core.database.sessions import actor_of

PATH = code_text(240)
T = TypeVar("T")


def in_branch(path: Any) -> ColumnElement[bool]:
    """Return the condition that ``path`` is within the actor's branch, which for brand staff is the whole tree."""
    return and_(path >= bindparam("branch", type_=PATH), path < bindparam("branch_end", type_=PATH))


def read_in_branch(session: Session, statement: Prepared, **values: Any) -> StatementResult:
    """Run a statement that reads, with the bounds of the actor's branch beside ``values``."""
    return statement.run(session, values | _branch(actor_of(session)))


def read_operation(
    session: Session, statement: Prepared, finish: Callable[[Session, StatementResult], T], **values: Any
) -> Operation[T]:
    """Return the operation of ``read_in_branch``; ``finish`` interprets its result."""
    return Operation(statement, values | _branch(actor_of(session)), finish)


def write(session: Session, statement: Prepared, values: Mapping[str, Any]) -> StatementResult:
    """Run a writing statement; the caller has checked the rights to its rows."""
    return statement.run(session, values)


def _branch(actor: Actor) -> dict[str, str]:
    if actor.is_brand:
        return {"branch": "", "branch_end": AFTER_EVERYTHING}
    if not actor.partner_path:
        return {
            "branch": AFTER_EVERYTHING,
            "branch_end": AFTER_EVERYTHING,
        }  # a partner's role without a partner
    return {"branch": actor.partner_path, "branch_end": actor.partner_path + AFTER_EVERYTHING}
