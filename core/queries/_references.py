"""Row ids of the references that a filter names: their keys are looked up each time the filter is used.

So the database plans with the ids it will find. Statements compiled for these ids are cached while the keys name the
same rows, and compiled again when a key was given to another row, or its row is not visible any more.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from core.access import Actor
from core.database.prepared import Prepared
from core.database.sessions import actor_of, row_filter
from core.expressions.compiling import ResolvedReferences, named_references
from core.expressions.nodes import Condition
from core.expressions.scope import Scope
from core.kinds.kind import Reference


def resolve_references(session: Session, scope: Scope, condition: Condition | None) -> ResolvedReferences:
    """Return the numbers of the rows that a checked filter names and the session's actor sees, in order."""
    return {part: _numbers(session, reference, keys) for part, reference, keys in named_references(condition, scope)}


def _numbers(session: Session, reference: Reference, keys: Sequence[str]) -> tuple[int, ...]:
    count = 1 << (len(keys) - 1).bit_length()
    padded = {f"key_{n}": keys[min(n, len(keys) - 1)] for n in range(count)}
    found = _named(actor_of(session), reference.key, count).run(session, padded)
    return tuple(sorted(row[0] for row in found))


@lru_cache(maxsize=1_000)
def _named(actor: Actor, key: Any, count: int) -> Prepared:
    """Return the statement that finds the rows of ``count`` keys, made once for each actor; its row filter is in it."""
    keys = [bindparam(f"key_{n}", type_=key.type) for n in range(count)]
    return Prepared(select(key.class_.id).where(key.in_(keys)).options(*row_filter(actor)))
