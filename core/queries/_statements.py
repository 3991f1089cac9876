"""Statements of lists, kept as SQL: who scrolls or comes back asks the same again, from another place.

Making the statements of a page takes longer than reading fifty rows. So what was made for an actor and a query is kept,
with the actor's row filter in it; only how many rows from where is filled in anew. The rows that a filter by references
names are looked up each time; what was made for others is made again.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine, Select
from sqlalchemy.orm import Session

from core.clock import today
from core.database.prepared import Prepared
from core.database.sessions import actor_of, row_filter
from core.queries._building import Asked, Columns, asked_in, columns_of
from core.queries._references import meant_by
from core.queries.grid_query import GridQuery

KEPT_MAX = 1_000

_kept: WeakKeyDictionary[Engine, OrderedDict[Hashable, Asked]] = WeakKeyDictionary()
_lock = threading.Lock()


def asked_again(session: Session, query: GridQuery) -> Asked:
    """Return what ``asked_in`` does; of a query that the actor has made before what was made of it then.

    Raises:
        NotPermitted, InvalidInput: As ``asked_in``.
    """
    engine: Any = session.get_bind().engine
    key = (today(), actor_of(session), query.resource.name, query.fields, query.filter, query.search, query.sort)
    with _lock:
        kept = _kept.setdefault(engine, OrderedDict())
        found = kept.pop(key, None)
        if found is not None:
            kept[key] = found
    if (
        found is not None
        and found.query.resource is query.resource
        and (not found.meant or found.meant == meant_by(session, found.fields, query.filter))
    ):
        return replace(found, query=query)
    asked = asked_in(session, query)
    if query.search:
        return asked
    asked = replace(asked, kept={})
    with _lock:
        kept[key] = asked
        if len(kept) > KEPT_MAX:
            kept.popitem(last=False)
    return asked


def kept_columns(asked: Asked) -> Columns:
    """Return what ``columns_of`` does, made once for a query that is kept."""
    if asked.kept is None:
        return columns_of(asked)
    if "columns" not in asked.kept:
        asked.kept["columns"] = columns_of(asked)
    columns: Columns = asked.kept["columns"]
    return columns


def run(session: Session, asked: Asked, name: Hashable, make: Callable[[], Select[Any]], **values: Any) -> list[Any]:
    """Return the rows of the select that ``make`` returns, made once for each name, with values for its parameters."""
    if asked.kept is None:
        return list(session.execute(make(), values))
    name = (name, asked.walks)
    prepared: Prepared | None = asked.kept.get(name)
    if prepared is None:
        narrowed = session.info.get("row_filter") or row_filter(actor_of(session))
        prepared = Prepared(make().options(*narrowed), planned_anew=True)
        try:
            prepared.form(session.get_bind().dialect)
        except TypeError:  # a type of which only SQLAlchemy knows how it travels
            return list(session.execute(make(), values))
        asked.kept[name] = prepared
    return prepared.run(session, values).rows
