"""Authentication of requests and socket events: the session is read from the database each time, never cached.

The cookie holds nothing but a random secret. A page that was opened before a sign-out, a lock or a change of role
finds out at its next event, because the event reads session, account and partner again.
"""

import asyncio
import logging
from dataclasses import replace

from nicegui import context
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

from core.access import Actor
from core.database.sessions import reading, transact
from core.errors import Unavailable
from core.i18n import DEFAULT_LANGUAGE, LANGUAGES, N_, current_language, set_language
from core.limits import HEADER_LENGTH_MAX
from core.settings import settings
from services.accounts.denials import note_ended_session
from services.accounts.sessions import (
    AUTHENTICATION,
    SessionUser,
    SignInNeeded,
    find_session_user,
    is_due_to_be_noted,
    note_seen,
)

log = logging.getLogger(__name__)

LANGUAGE_COOKIE = "qudao_language"
NOBODY_ASKS = ("/static/", "/_nicegui/", "/api/", "/healthz", "/readyz", "/favicon.ico")
"""Prefixes of paths that do not depend on the session, or authenticate in their own way."""

_notes: set[asyncio.Task[None]] = set()


def cookie_name() -> str:
    """Return the name of the session cookie: bound to the host where it can be."""
    return "__Host-qudao" if settings().is_https else "qudao"


def actor_of_request(request: HTTPConnection) -> Actor | None:
    """Return the actor of the request's session, as read at its beginning; None if not signed in."""
    session_user = session_user_of_request(request)
    return session_user.actor if session_user and session_user.is_signed_in else None


def require_actor(request: HTTPConnection) -> Actor:
    """Return the actor of the request's session.

    Raises:
        SignInNeeded: With the reason, e.g. ``sessions.expired``.
    """
    return require_session_user(request).actor


def session_user_of_request(request: HTTPConnection) -> SessionUser | None:
    """Return the user of the request's session, also with the second factor missing; None without a session."""
    found = getattr(request.state, "session_user", None)
    return found if isinstance(found, SessionUser) else None


def require_session_user(request: HTTPConnection) -> SessionUser:
    """Return the signed-in user. Raises as ``require_actor``."""
    found = getattr(request.state, "session_user", None)
    if isinstance(found, SignInNeeded):
        raise found
    if not isinstance(found, SessionUser):
        raise SignInNeeded("sessions.unknown", N_("Please sign in."))
    if not found.is_signed_in:
        raise SignInNeeded("sessions.half_way", N_("Please type the code of the second factor."))
    return found


def page_actor() -> Actor:
    """Return the actor of the page being drawn; to decide what to show, never what to do. Raises ``SignInNeeded``."""
    return require_actor(context.client.request)


async def current_actor() -> Actor:
    """Return the actor of the current event, with current rights, and set the language.

    Raises:
        SignInNeeded: With the reason, e.g. ``sessions.locked``.
    """
    return (await current_session_user()).actor


async def current_session_user() -> SessionUser:
    """Return the user of the current event. Raises as ``current_actor``."""
    request = context.client.request
    set_language(language_of(request, current_language()))  # for the sentence that says why not
    try:
        session_user = await run_in_threadpool(_read, request)
    except SignInNeeded as ended:
        token = request.cookies.get(cookie_name(), "")
        await run_in_threadpool(note_ended_session, token, ended, request.url.path)
        raise
    if not session_user.is_signed_in:
        raise SignInNeeded("sessions.half_way", N_("Please type the code of the second factor."))
    _note_later(session_user)
    set_language(session_user.actor.language)
    return session_user


def language_of(request: HTTPConnection, account: str = "") -> str:
    """Return the response language: the browser's choice, else the account's, else from ``Accept-Language``."""
    chosen = request.cookies.get(LANGUAGE_COOKIE, "")
    if chosen in LANGUAGES:
        return chosen
    if account in LANGUAGES:
        return account
    accepted = request.headers.get("accept-language", "")[:HEADER_LENGTH_MAX]
    accepted_tags = [part.split(";")[0].strip().lower() for part in accepted.split(",")]
    found = next((tag for tag in accepted_tags if tag[:2] in {"zh", "en"}), "")
    return {"zh": "zh_CN", "en": "en"}.get(found[:2], DEFAULT_LANGUAGE)


class Identity:
    """ASGI: reads the session and sets the language, for each request and each socket.

    ``request.state.session_user`` becomes a ``SessionUser``, the ``SignInNeeded`` that says why a cookie no longer
    holds, or None without a cookie.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with the session's user in the state."""
        if scope["type"] in {"http", "websocket"} and not scope["path"].startswith(NOBODY_ASKS):
            connection = HTTPConnection(scope)
            found: SessionUser | SignInNeeded | None = None
            if connection.cookies.get(cookie_name()):
                try:
                    found = await run_in_threadpool(_read, connection)
                    _note_later(found)
                except SignInNeeded as reason:
                    found = reason
            scope.setdefault("state", {})["session_user"] = found
            account = found.actor.language if isinstance(found, SessionUser) else ""
            set_language(language_of(connection, account))
        elif scope["type"] == "http":
            set_language(language_of(HTTPConnection(scope)))
        await self.app(scope, receive, send)


def _read(request: HTTPConnection) -> SessionUser:
    token = request.cookies.get(cookie_name(), "")
    with reading(AUTHENTICATION) as session:
        session_user = find_session_user(session, token)
    language = language_of(request, session_user.actor.language)
    return replace(session_user, actor=replace(session_user.actor, language=language))


def _note_later(session_user: SessionUser) -> None:
    """Record the user's activity in the background: a busy database must not delay the response."""
    if is_due_to_be_noted(session_user):
        task = asyncio.get_running_loop().create_task(run_in_threadpool(_note, session_user))
        _notes.add(task)
        task.add_done_callback(_noted)


def _note(session_user: SessionUser) -> None:
    transact(AUTHENTICATION, lambda session: note_seen(session, session_user))


def _noted(task: "asyncio.Task[None]") -> None:
    _notes.discard(task)
    error = None if task.cancelled() else task.exception()
    if error is not None and not isinstance(error, Unavailable):  # that one is in the log already
        log.warning("could not note that a session was used: %s", error)
