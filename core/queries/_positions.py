"""What long lists remember for a short while: how many rows there are, and which row stands at which position.

Whoever drags a scrollbar asks for row 500,000. Counting so far costs the more the deeper it is; going on from a known
row costs the same everywhere. So the first page that is far from all that is known has the list surveyed, each deep
page leaves its ends behind as known positions, and the next one starts at the nearest. Short lists are always counted
anew: nothing that a person could notice comes from here.
"""

import threading
import time
from bisect import bisect_left
from collections import OrderedDict
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.access import Actor

COUNT_MAX = 10_000  # rows up to which a list is short
KEPT_S = 20.0
POSITIONS_KEPT_S = 60.0  # a scrollbar is no nearer than that: rows that came meanwhile only shift it
LISTS_MAX = 500
POSITIONS_MAX = 1_000  # of one list in one order
AHEAD = 2_000  # rows that are rather skipped forward, by a statement that is there already, than fewer backward

Place = Sequence[Any]
"""The values of a row by which the list is ordered, as ``core.queries._ordering.beyond`` takes them."""


@dataclass(slots=True)
class Positions:
    """Where rows of a list stand in one order, by their position from 0.

    Attributes:
        made_at: Monotonic seconds; all of it is forgotten ``POSITIONS_KEPT_S`` later.
        is_surveyed: Whether somebody has walked through the whole list for it.
        places: In the order of the positions; replaced as a whole, so that other threads may read it.
    """

    made_at: float = field(default_factory=time.monotonic)
    is_surveyed: bool = False
    places: dict[int, Place] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """Known positions as a page of the list sees them.

    Attributes:
        total: Number of rows.
        mirrored: The list is in the opposite order of the one that the positions are kept for.
    """

    positions: Positions
    total: int
    mirrored: bool = False

    def nearest(self, offset: int, count: int) -> tuple[Place | None, int, bool]:
        """Return where to start from for ``count`` rows from ``offset``.

        Returns:
            The place (None: the beginning, or the end), how many rows to skip from there, and whether to walk backward.
            Forward the row at the place is left out, backward it is the first.
        """
        places, last = self.positions.places, offset + count - 1
        known = [self._turned(position) for position in (reversed(places) if self.mirrored else places)]
        upto, since = bisect_left(known, offset), bisect_left(known, last)
        before = max(known[upto - 1], -1) if upto else -1  # the list may have become shorter
        after = min(known[since] if since < len(known) else self.total, self.total)
        if after - last + AHEAD >= offset - before:
            return (None if before < 0 else places[self._turned(before)]), offset - before - 1, False
        if after == self.total:
            return None, self.total - 1 - last, True
        return places[self._turned(after)], after - last, True

    def remember(self, found: Mapping[int, Place]) -> None:
        """Keep where rows stand; of too many every second one."""
        turned = {self._turned(position): place for position, place in found.items()}
        places = dict(sorted({**self.positions.places, **turned}.items()))
        while len(places) > POSITIONS_MAX:
            places = dict(list(places.items())[::2])
        self.positions.places = places

    def _turned(self, position: int) -> int:
        return self.total - 1 - position if self.mirrored else position


@dataclass(slots=True)
class Totals:
    """What is known of a filter of a resource within one scope.

    Attributes:
        made_at: Monotonic seconds; the numbers are forgotten ``KEPT_S`` later.
        total: Number of rows. sums: field name to sum. None = not known.
        is_long: Whether there were more than ``COUNT_MAX`` rows.
    """

    made_at: float
    total: int | None = None
    sums: dict[str, int] | None = None
    is_long: bool = False
    _positions: dict[Hashable, Positions] = field(default_factory=dict)

    def store(self, total: int, sums: dict[str, int] | None = None) -> None:
        """Keep the numbers of a list so long that nobody can notice a change of it."""
        self.total = total if total > COUNT_MAX else None
        if total > COUNT_MAX and sums is not None:
            self.sums = sums

    def positions(self, order: Hashable) -> Positions:
        """Return the known positions of the rows in an order."""
        found = self._positions.get(order)
        if found is None or time.monotonic() - found.made_at > POSITIONS_KEPT_S:
            found = self._positions[order] = Positions()
        return found

    def renewed(self) -> "Totals":
        """Return what holds longer than the numbers."""
        return Totals(time.monotonic(), _positions=self._positions)


_lists: WeakKeyDictionary[Engine, OrderedDict[Hashable, Totals]] = WeakKeyDictionary()
_lock = threading.Lock()


def totals(session: Session, actor: Actor, *what: Hashable) -> Totals:
    """Return what is known of a filter, of the rows this actor sees."""
    engine: Any = session.get_bind().engine
    key = (actor, *what)
    with _lock:
        lists = _lists.setdefault(engine, OrderedDict())
        found = lists.pop(key, None)
        if found is None:
            found = Totals(time.monotonic())
        elif time.monotonic() - found.made_at > KEPT_S:
            found = found.renewed()
        lists[key] = found
        if len(lists) > LISTS_MAX:
            lists.popitem(last=False)
        return found
