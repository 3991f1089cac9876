"""What long lists remember for a short while: how many rows there are, and which row stands at which position.

Whoever drags a scrollbar asks for row 500,000. Counting so far costs the more the deeper it is; going on from a known
row costs the same everywhere. So each deep page leaves its ends behind as known positions, and the next one starts at
the nearest, or at the end of the list. Short lists are always counted anew: nothing that a person could notice comes
from here.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from core.access import Actor

KEPT_S = 20.0
LISTS_MAX = 500
POSITIONS_MAX = 400  # of one list in one order


class Positions(dict[int, Sequence[Any]]):
    """Position of a row, from 0, to its place in the order, as ``core.query_order.beyond`` takes it."""

    def remember(self, position: int, place: Sequence[Any]) -> None:
        """Keep where the row at ``position`` stands."""
        if len(self) >= POSITIONS_MAX:
            self.clear()
        self[position] = place

    def nearest(self, offset: int, count: int, total: int) -> tuple[int, bool]:
        """Return the position to start from for ``count`` rows from ``offset``, and whether to walk backward.

        -1 stands for the beginning, ``total`` for the end.
        """
        last = offset + count - 1
        known = list(self)
        before = max((position for position in known if position < offset), default=-1)
        after = min((position for position in known if position >= last), default=total)
        return (after, True) if after - last < offset - before else (before, False)


@dataclass(slots=True)
class Totals:
    """What is known of a filter of a resource within one scope.

    Attributes:
        made_at: Monotonic seconds; all of it is forgotten ``KEPT_S`` later.
        total: Number of rows. sums: field name to sum. None = not known.
    """

    made_at: float
    total: int | None = None
    sums: dict[str, int] | None = None
    _positions: dict[Hashable, Positions] = field(default_factory=dict)

    def positions(self, order: Hashable) -> Positions:
        """Return the known positions of the rows in an order."""
        return self._positions.setdefault(order, Positions())


_lists: WeakKeyDictionary[Engine, OrderedDict[Hashable, Totals]] = WeakKeyDictionary()
_lock = threading.Lock()


def totals(session: Session, actor: Actor, *what: Hashable) -> Totals:
    """Return what is known of a filter, of the rows this actor sees."""
    engine: Any = session.get_bind().engine
    key = (actor.role, actor.partner_id, actor.partner_path, actor.user_id, actor.person, *what)
    with _lock:
        lists = _lists.setdefault(engine, OrderedDict())
        found = lists.pop(key, None)
        if found is None or time.monotonic() - found.made_at > KEPT_S:
            found = Totals(time.monotonic())
        lists[key] = found
        if len(lists) > LISTS_MAX:
            lists.popitem(last=False)
        return found
