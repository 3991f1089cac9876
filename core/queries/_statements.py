"""Cache of compiled list statements: scrolling repeats the same query with another offset.

Compiling the statements of a page takes longer than reading fifty rows. So they are cached by actor and query, for each
revision of the resources, with the actor's row filter in them; only limit and offset are bound anew. The rows that a
filter by references names are looked up each time; when they changed, the statements are compiled again.
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
from core.queries._building import Columns, CompiledQuery, columns_of, compile_query
from core.queries._references import resolve_references
from core.queries.grid_query import GridQuery
from core.resource_registry import revision_of

CACHE_MAX = 1_000

_cache: WeakKeyDictionary[Engine, OrderedDict[Hashable, CompiledQuery]] = WeakKeyDictionary()
_lock = threading.Lock()


def compiled_query(session: Session, query: GridQuery) -> CompiledQuery:
    """Return what ``compile_query`` does, from the cache if the actor has made the query before.

    Raises:
        NotPermitted, InvalidInput: As ``compile_query``.
    """
    engine: Any = session.get_bind().engine
    subject = (query.resource.name, revision_of(session))
    key = (today(), actor_of(session), *subject, query.fields, query.filter, query.search, query.sort)
    with _lock:
        cache = _cache.setdefault(engine, OrderedDict())
        found = cache.pop(key, None)
        if found is not None:
            cache[key] = found
    if (
        found is not None
        and found.query.resource is query.resource
        and (not found.resolved or found.resolved == resolve_references(session, found.scope, query.filter))
    ):
        return replace(found, query=query)
    compiled = compile_query(session, query)
    if query.search:
        return compiled
    compiled = replace(compiled, cache={})
    with _lock:
        cache[key] = compiled
        if len(cache) > CACHE_MAX:
            cache.popitem(last=False)
    return compiled


def cached_columns(compiled: CompiledQuery) -> Columns:
    """Return what ``columns_of`` does, once for each cached query."""
    if compiled.cache is None:
        return columns_of(compiled)
    if "columns" not in compiled.cache:
        compiled.cache["columns"] = columns_of(compiled)
    columns: Columns = compiled.cache["columns"]
    return columns


def run(
    session: Session, compiled: CompiledQuery, name: Hashable, make: Callable[[], Select[Any]], **values: Any
) -> list[Any]:
    """Return the rows of the select that ``make`` returns, made once for each name, with values for its parameters."""
    if compiled.cache is None:
        return list(session.execute(make(), values))
    name = (name, compiled.walks)
    prepared: Prepared | None = compiled.cache.get(name)
    if prepared is None:
        narrowed = session.info.get("row_filter") or row_filter(actor_of(session))
        prepared = Prepared(make().options(*narrowed), planned_anew=True)
        try:
            prepared.form(session.get_bind().dialect)
        except TypeError:  # a type of which only SQLAlchemy knows how it travels
            return list(session.execute(make(), values))
        compiled.cache[name] = prepared
    return prepared.run(session, values).rows
