"""What long lists remember for a short while: how many rows there are, and which row stands at which position.

Whoever drags a scrollbar asks for row 500,000. Counting so far costs the more the deeper it is; going on from a known
row costs the same everywhere. So each deep page leaves its ends behind as known positions, and the next one starts at
the nearest. Short lists are always counted anew: nothing that a person could notice comes from here.
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
POSITIONS_MAX = 400  # of one list


@dataclass(slots=True)
class Places:
    """What is known of one list (a resource, a filter, an order, a scope).

    Attributes:
        made_at: Monotonic seconds; all of it is forgotten ``KEPT_S`` later.
        total: Number of rows. sums: field name to sum. None = not known.
        known: Position to the row's place in the order, as ``core.query_order.beyond`` takes it.
    """

    made_at: float
    total: int | None = None
    sums: dict[str, int] | None = None
    known: dict[int, Sequence[Any]] = field(default_factory=dict)

    def remember(self, position: int, place: Sequence[Any]) -> None:
        """Keep where the row at ``position`` (from 0) stands."""
        if len(self.known) >= POSITIONS_MAX:
            self.known.clear()
        self.known[position] = place

    def nearest(self, offset: int, limit: int) -> tuple[int, bool]:
        """Return the position to start from for ``limit`` rows from ``offset``, and whether to walk backward.

        -1 stands for the beginning; ``total`` for the end.
        """
        known = list(self.known)
        forward = max((position for position in known if position < offset), default=-1)
        last = offset + limit - 1
        ends = [position for position in known if position >= last]
        if self.total is not None and self.total > last:
            ends.append(self.total)
        backward = min(ends, default=None)
        if backward is not None and backward - last < offset - forward:
            return backward, True
        return forward, False


_lists: WeakKeyDictionary[Engine, OrderedDict[Hashable, Places]] = WeakKeyDictionary()
_lock = threading.Lock()


def places(session: Session, actor: Actor, *what: Hashable) -> Places:
    """Return what is known of a list, of the rows this actor sees."""
    engine: Any = session.get_bind().engine
    scope = (actor.role, actor.partner_id, actor.partner_path, actor.user_id, actor.person)
    with _lock:
        lists = _lists.setdefault(engine, OrderedDict())
        found = lists.pop((*scope, *what), None)
        if found is None or time.monotonic() - found.made_at > KEPT_S:
            found = Places(time.monotonic())
        lists[(*scope, *what)] = found
        if len(lists) > LISTS_MAX:
            lists.popitem(last=False)
        return found
