"""Trees of rows in one table: changes of many parents in any order, without cycles."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.locks import DatabaseLock, take_lock

Above = Mapping[str, str | None]
"""Key of a row → key of its parent; None at the top."""


def circles(above: Above) -> dict[str, tuple[str, ...]]:
    """Return each key on a cycle, with the cycle from it on, e.g. ``a → (a, b, a)``."""
    found: dict[str, tuple[str, ...]] = {}
    settled: set[str] = set()
    for first in above:
        way: dict[str, int] = {}
        key: str | None = first
        while key is not None and key not in settled and key not in way:
            way[key] = len(way)
            key = above.get(key)
        if key is not None and key in way:
            ring = list(way)[way[key] :]
            for at, member in enumerate(ring):
                found[member] = (*ring[at:], *ring[:at], member)
        settled.update(way)
    return found


def refused_by_circles(stated: Above, stored: Above) -> dict[str, tuple[str, ...]]:
    """Return the changed rows that would be on a cycle, and the cycle of each.

    A rejected row keeps its stored parent, which may close another cycle, so the search repeats until none is left.

    Args:
        stated: New parents of changed and new rows.
        stored: The present tree, without cycles.
    """
    refused: dict[str, tuple[str, ...]] = {}
    while True:
        kept = {key: value for key, value in stated.items() if key not in refused}
        more = {key: way for key, way in circles({**stored, **kept}).items() if key in kept}
        if not more:
            return refused
        refused |= more


def layers(stated: Above, new: Iterable[str]) -> list[list[str]]:
    """Return the changed keys in layers: a new row is in an earlier layer than its children.

    Args:
        stated: New parents, without cycles.
        new: Those of its keys that are not stored yet.
    """
    coming = set(new)
    level: dict[str, int] = {}
    for first in stated:
        way: list[str] = []
        key: str | None = first
        while key is not None and key in stated and key not in level:
            way.append(key)
            upper = stated[key]
            key = upper if upper in coming else None
        height = level[key] + 1 if key is not None and key in level else 0
        for waiting in reversed(way):
            level[waiting] = height
            height += 1
    found: list[list[str]] = [[] for _ in range(max(level.values(), default=-1) + 1)]
    for one in stated:
        found[level[one]].append(one)
    return found


def stored_above(session: Session, key: Any, link: Any) -> dict[str, str | None]:
    """Return key → key of the parent for every row that has one, whether or not the actor may see it.

    Args:
        session: Any.
        key: Mapped attribute with the key. link: the foreign key to the parent.
    """
    model = key.class_
    see = {"see_all": "a cycle may lead through rows that the actor does not see"}
    above = select(model.id, key).where(model.id.in_(select(link)))
    names = {row[0]: row[1] for row in session.execute(above, execution_options=see)}
    below = select(key, link).where(link.is_not(None))
    return {name: names[number] for name, number in session.execute(below, execution_options=see)}


def lock_organisation(session: Session) -> None:
    """Lock the trees of departments and managers until the transaction ends."""
    take_lock(session, DatabaseLock.ORGANISATION)
