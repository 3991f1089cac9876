"""Who stands above whom among rows of one table: stated for many rows in any order, never in a circle."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.locks import DatabaseLock, take_lock

Above = Mapping[str, str | None]
"""Key of a row → key of the row above it; None at the top."""


def circles(above: Above) -> dict[str, tuple[str, ...]]:
    """Return each key that stands above itself, with the way round, e.g. ``a → (a, b, a)``."""
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
    """Return which stated rows would stand above themselves, and the way round.

    A refused row stays where it is stored, which may close another circle: looked at again until none is left.

    Args:
        stated: Rows that are to change, or to come.
        stored: All rows as they stand, without a circle.
    """
    refused: dict[str, tuple[str, ...]] = {}
    while True:
        kept = {key: value for key, value in stated.items() if key not in refused}
        more = {key: way for key, way in circles({**stored, **kept}).items() if key in kept}
        if not more:
            return refused
        refused |= more


def layers(stated: Above, new: Iterable[str]) -> list[list[str]]:
    """Return the stated keys in layers: a new row comes in an earlier one than those that are to stand below it.

    Args:
        stated: Without a circle.
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
    """Return key → key of the row above of every row that stands below another, seen by the actor or not.

    Args:
        session: Any.
        key: Mapped attribute that names a row. link: the foreign key to the row above.
    """
    model = key.class_
    see = {"see_all": "a circle may lead through rows that the actor does not see"}
    above = select(model.id, key).where(model.id.in_(select(link)))
    names = {row[0]: row[1] for row in session.execute(above, execution_options=see)}
    below = select(key, link).where(link.is_not(None))
    return {name: names[number] for name, number in session.execute(below, execution_options=see)}


def lock_organisation(session: Session) -> None:
    """Keep everyone else from changing who stands above whom until the transaction ends."""
    take_lock(session, DatabaseLock.ORGANISATION)
