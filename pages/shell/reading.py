"""Reading for a page: off the event loop, as its actor, never holding up who writes."""

from collections.abc import Callable
from typing import Concatenate, ParamSpec, TypeVar

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from core.access import Actor
from core.database.sessions import reading
from pages.shell.page_lifetime import end_with_page
from pages.web.identity import current_actor

T = TypeVar("T")
P = ParamSpec("P")


async def read(actor: Actor, query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Return what ``query(session, …)`` returns for ``actor``.

    Args:
        actor: ``page_actor()`` while a page is drawn, ``await current_actor()`` in an event.
        query: Only reads.
    """
    return await run_in_threadpool(_read, actor, lambda session: query(session, *args, **kwargs))


async def read_as_current_user(query: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run a query as the user of the current event, with that user's current rights.

    If the page is closed meanwhile, its handler is cancelled.

    Raises:
        SignInNeeded: The session of the page has ended.
        DomainError: What ``query`` refuses.
    """
    with end_with_page():
        return await read(await current_actor(), query, *args, **kwargs)


def _read(actor: Actor, query: Callable[[Session], T]) -> T:
    with reading(actor) as session:
        return query(session)
