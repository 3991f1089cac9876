"""Reading for a page: off the event loop, as its actor, never holding up who writes."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from core.access import Actor
from core.database.sessions import reading

T = TypeVar("T")
P = ParamSpec("P")


async def read(actor: Actor, query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what ``query(session, …)`` returns for ``actor``.

    Args:
        actor: ``page_actor()`` while a page is drawn, ``await current_actor()`` in an event.
        query: Only reads.
    """
    return await run_in_threadpool(_read, actor, lambda session: query(session, *args, **kwargs))


def _read(actor: Actor, query: Callable[[Session], T]) -> T:
    with reading(actor) as session:
        return query(session)
