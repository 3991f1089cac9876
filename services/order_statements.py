"""How ordering talks to the database on its hot path: statements built once, run on the connection itself.

The session's row filter does not cover such statements. Whoever reads with them what strangers may not see narrows it
by hand: ``in_branch`` on the path, whose bounds ``read`` fills in from the session's actor.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, CursorResult, Executable, and_, bindparam
from sqlalchemy.orm import Session

from core.access import Actor
from core.columns import code_text
from core.database import actor_of
from core.paths import AFTER_EVERYTHING

PATH = code_text(240)


def in_branch(path: Any) -> ColumnElement[bool]:
    """Return the condition that ``path`` is within the branch of the session's actor; brand staff have all of it."""
    return and_(path >= bindparam("branch", type_=PATH), path < bindparam("branch_end", type_=PATH))


def read(session: Session, statement: Executable, **values: Any) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement that reads, with the bounds of the actor's branch beside ``values``."""
    return session.connection().execute(statement, values | _branch(actor_of(session)))


def write(
    session: Session, statement: Executable, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]
) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement that writes what was read and judged before."""
    return session.connection().execute(statement, values)


def _branch(actor: Actor) -> dict[str, str]:
    if actor.is_brand:
        return {"branch": "", "branch_end": AFTER_EVERYTHING}
    if not actor.partner_path:
        return {
            "branch": AFTER_EVERYTHING,
            "branch_end": AFTER_EVERYTHING,
        }  # a partner's role without a partner
    return {"branch": actor.partner_path, "branch_end": actor.partner_path + AFTER_EVERYTHING}
