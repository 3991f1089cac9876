"""How a page is registered, and how its buttons reach a service."""

import hashlib
import inspect
import logging
import traceback
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar

from fastapi import Depends
from nicegui import context
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from core.access import Actor
from core.database.errors import expected_error
from core.database.sessions import transact
from core.errors import DomainError, NotPermitted, Problem, RowsRefused
from core.i18n import N_, _, current_language, set_language
from core.permissions import Permission
from core.process.logs import note_logged
from pages.components.base.toasts import toast
from pages.shell._reauthentication import prove_again
from pages.shell.page_lifetime import end_with_page
from pages.web.identity import current_actor, language_of
from pages.web.page_limits import LimitedPage, begin_drawing
from pages.web.policies import PUBLIC, SIGNED_IN, permitted
from services.accounts.denials import note_refusal, note_refused_rights
from services.accounts.sessions import ReauthenticationNeeded
from services.outcomes import Outcome, each

log = logging.getLogger(__name__)

RECONNECT_S = 300.0
"""How long a page of a phone waits for a browser that went into the background, as it does to take a picture."""
DRAW_S = 20.0
"""How long a page may take to be drawn on a small machine that is busy."""

T = TypeVar("T")
P = ParamSpec("P")


def page(
    path: str, *, permission: Permission | None = None, public: bool = False, title: str, **options: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a page function, sync or async, and state who may see it.

    Who is not signed in is sent to ``/login``; who lacks the permission reads who can grant it. Inside,
    ``page_actor()`` is for whom to draw. The language is set.

    Args:
        path: As FastAPI takes it.
        permission: What is needed; None for everyone who is signed in.
        public: Also for who is not signed in.
        title: English sentence marked with ``N_``, for the browser's tab.
        options: Of ``LimitedPage`` and ``nicegui.ui.page``.
    """
    options.setdefault("response_timeout", DRAW_S)
    policy = PUBLIC if public else SIGNED_IN if permission is None else permitted(permission)

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        def prepare() -> None:
            begin_drawing()
            context.client.title = _(title)
            context.client.on_exception(_report)

        @wraps(function)
        def draw(*args: Any, **values: Any) -> Any:
            prepare()
            return function(*args, **values)

        @wraps(function)
        async def draw_later(*args: Any, **values: Any) -> Any:
            prepare()
            return await function(*args, **values)

        drawn = draw_later if inspect.iscoroutinefunction(function) else draw
        LimitedPage(path, dependencies=[Depends(policy)], **options)(drawn)
        return drawn

    return register


async def call(
    service: Callable[Concatenate[Session, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T | None:
    """Run a service function as the user of the current event, in a unit of work of its own, off the event loop.

    An expected error is shown to the person, and None is returned: the caller then leaves the page as it was. To
    show problems beside fields instead, use ``call_or_raise``.

    Example:
        ``if await call(approve_orders, numbers, note): grid.refresh()``
    """
    try:
        return await call_or_raise(service, *args, **kwargs)
    except DomainError as error:
        show_refusal(error)
        return None


async def call_or_raise(
    service: Callable[Concatenate[Session, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run a service function as ``call`` does.

    A service that wants to know first who sits there (``require_proof``) is run again once the person has proved it.
    If the page is closed meanwhile, its handler is cancelled.

    Raises:
        SignInNeeded: Whoever opened the page may not use it any more.
        ReauthenticationNeeded: They did not prove to be who they were.
        DomainError: What the service refuses.
    """
    with end_with_page():
        try:
            return await _run(service, *args, **kwargs)
        except ReauthenticationNeeded:
            if not await prove_again():
                raise
        return await _run(service, *args, **kwargs)


async def _run(service: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
    route = context.client.request.url.path
    actor = await current_actor()
    try:
        return await run_in_threadpool(transact, actor, lambda session: service(session, *args, **kwargs))
    except NotPermitted as refused:
        await run_in_threadpool(note_refusal, actor, refused, route)
        raise
    except RowsRefused as refused:
        await run_in_threadpool(note_refused_rights, actor, refused.problems, route)
        raise


async def call_each(
    permission: Permission, keys: Sequence[str], step: Callable[[Session, str], object], *, too_many: Problem
) -> list[Outcome] | None:
    """Run a step for each row in a unit of work of its own; return the outcomes.

    A missing permission and too many rows are shown to the person, and None is returned. If the page is closed
    meanwhile, its handler is cancelled; what was stored stays.

    Args:
        permission: What is needed. The others as ``services.outcomes.each``.
    """
    actor = await permitted_actor(permission)
    if actor is None:
        return None
    try:
        with end_with_page():
            return await run_in_threadpool(each, actor, keys, step, too_many=too_many)
    except DomainError as error:
        show_refusal(error)
        return None


async def permitted_actor(permission: Permission | None = None) -> Actor | None:
    """Return who is behind this event if they may; else say why not and return None. For handlers without a service."""
    try:
        with end_with_page():
            return await _permitted_actor(permission)
    except DomainError as error:
        show_refusal(error)
        return None


async def _permitted_actor(permission: Permission | None) -> Actor:
    route = context.client.request.url.path
    actor = await current_actor()
    try:
        if permission is not None:
            actor.require(permission)
    except NotPermitted as refused:
        await run_in_threadpool(note_refusal, actor, refused, route)
        raise
    return actor


def show_refusal(error: DomainError) -> None:
    """Say why something was not done; it stays until it is closed."""
    toast(error.text, tone="danger")


def _report(error: Exception) -> None:
    """Tell the person that a bug stopped what they wanted, and where to find it in the log.

    While the page is not in the browser yet, the answer to its request says so.
    """
    if not context.client.has_socket_connection:
        return
    set_language(language_of(context.client.request, current_language()))
    if expected := expected_error(error):
        show_refusal(expected)
        note_logged(error)
        return
    reference = _reference(error)
    log.error("event of a page failed, reference %s", reference, exc_info=error)
    note_logged(error)
    sentence = N_("Something went wrong that should not have. Give your administrator the reference {reference}.")
    toast(_(sentence, reference=reference), tone="danger")


def _reference(error: Exception) -> str:
    """Return the reference of a bug: the same each time it happens at the same place, so that the log has it once."""
    places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
    return hashlib.sha256(" ".join([type(error).__name__, *places]).encode()).hexdigest()[:8]
