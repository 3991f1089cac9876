"""Idempotency keys: a repeated request is not executed again but gets the stored answer."""

import hashlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.retention import Retention
from core.database.sessions import is_sqlite, transact
from core.errors import Conflict, InvalidInput
from core.i18n import N_
from models.idempotency import IdempotencyKey, scope_of

RETENTION = Retention(
    column=IdempotencyKey.created_at,
    days=30,
    reason="A program that repeats a request does so within minutes; after a month the key may be used anew.",
)
VALIDITY = timedelta(days=RETENTION.days)

_running: set[tuple[str, str]] = set()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class IdempotentResponse:
    """An HTTP answer: status and JSON; ``is_replayed`` if it is a stored one."""

    status: int
    body: str
    is_replayed: bool = False


def answer_once(
    actor: Actor, key: str, request_sha256: str, work: Callable[[Session], IdempotentResponse]
) -> IdempotentResponse:
    """Run ``work`` in a unit of work of its own and store its answer, or return the answer stored before.

    An error is not stored: nothing was committed, and the request may be tried again.

    Args:
        actor: On whose behalf.
        key: Chosen by the client, 1 to 255 characters.
        request_sha256: Digest of the request.
        work: Executes the request and returns its answer.

    Raises:
        InvalidInput: ``idempotency.key_reused``: the key was used for another request.
        Conflict: ``idempotency.in_progress``: the same request is running.
    """
    with _alone(actor, key):
        return transact(actor, lambda session: _answered(session, actor, key, request_sha256, work))


def _answered(
    session: Session, actor: Actor, key: str, request_sha256: str, work: Callable[[Session], IdempotentResponse]
) -> IdempotentResponse:
    scope = scope_of(actor)
    if not is_sqlite(session) and not session.scalar(select(func.pg_try_advisory_xact_lock(_number(scope, key)))):
        raise _in_progress()
    own = select(IdempotencyKey).where(IdempotencyKey.scope == scope, IdempotencyKey.key == key)
    stored = session.scalar(own)
    if stored is not None and stored.created_at >= now() - VALIDITY:
        if stored.request_sha256 != request_sha256:
            raise InvalidInput(
                "idempotency.key_reused",
                N_("This Idempotency-Key was used for another request. Take a new one for each thing to be done."),
            )
        return IdempotentResponse(stored.status, stored.answer, is_replayed=True)
    if stored is not None:
        session.delete(stored)
        session.flush()
    answer = work(session)
    session.add(
        IdempotencyKey(
            scope=scope,
            key=key,
            request_sha256=request_sha256,
            status=answer.status,
            answer=answer.body,
            created_at=now(),
        )
    )
    return answer


@contextmanager
def _alone(actor: Actor, key: str) -> Iterator[None]:
    """Reserve a key for one request of this process; the database keeps other processes out."""
    own = (scope_of(actor), key)
    with _lock:
        if own in _running:
            raise _in_progress()
        _running.add(own)
    try:
        yield
    finally:
        with _lock:
            _running.discard(own)


def _number(scope: str, key: str) -> int:
    digest = hashlib.sha256(f"{scope}\n{key}".encode()).digest()
    return int.from_bytes(digest[:8], "big", signed=True)


def _in_progress() -> Conflict:
    return Conflict("idempotency.in_progress", N_("The same request is being worked on. Ask again in a moment."))
