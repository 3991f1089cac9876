"""Authentication by bearer key: finds the actor of a program, and the person behind it."""

import time
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.concurrency import run_in_threadpool

from core.access import Actor
from core.database.sessions import reading, transact
from core.errors import Conflict, Unavailable
from core.i18n import N_, set_language
from core.limits import HEADER_LENGTH_MAX
from services.accounts.one_time_secrets import token_hash
from services.accounts.sessions import AUTHENTICATION, SignInNeeded
from services.accounts.tokens import actor_of_token, note_used

NOTED_EVERY_S = 60.0
NOTED_MAX = 10_000

_scheme = HTTPBearer(
    auto_error=False, scheme_name="key", description="A key made under “API keys”, or by `token create`."
)
_noted: dict[str, float] = {}  # digest of a key to monotonic seconds


def find_actor(key: str) -> Actor:
    """Return the actor of an API key, with its current rights and branch.

    Raises:
        SignInNeeded: ``tokens.not_valid``.
    """
    with reading(AUTHENTICATION) as session:
        actor = actor_of_token(session, key)
    _note(key)
    return actor


async def authenticated_actor(
    request: Request, credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(_scheme)]
) -> Actor:
    """Return the actor of a request; sets the language to the requested one, else to that of the person behind the key.

    Raises:
        SignInNeeded: ``tokens.missing``, ``tokens.not_valid``.
    """
    language = requested_language(request)
    if language:
        set_language(language)
    if credentials is None or not credentials.credentials:
        raise SignInNeeded("tokens.missing", N_("Send your key in the header “Authorization: Bearer …”."))
    actor: Actor = await run_in_threadpool(request.app.state.find_actor, credentials.credentials)
    set_language(language or actor.language)
    request.state.is_known, request.state.actor = True, actor
    return actor


CurrentActor = Annotated[Actor, Depends(authenticated_actor)]


def requested_language(request: Request) -> str:
    """Return the first supported language that the request accepts, "" if it names none."""
    names = {"zh": "zh_CN", "en": "en"}
    accepted = request.headers.get("accept-language", "")[:HEADER_LENGTH_MAX].lower().split(",")
    return next((names[tag.strip()[:2]] for tag in accepted if tag.strip()[:2] in names), "")


def _note(key: str) -> None:
    """Record that a key was used; a busy database must not delay the response."""
    digest = token_hash(key)
    if time.monotonic() - _noted.get(digest, -NOTED_EVERY_S) < NOTED_EVERY_S:
        return
    if len(_noted) >= NOTED_MAX:
        _noted.clear()
    _noted[digest] = time.monotonic()
    try:
        transact(AUTHENTICATION, lambda session: note_used(session, key))
    except (Conflict, Unavailable):
        _noted.pop(digest, None)
