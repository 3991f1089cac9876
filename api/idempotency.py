"""Idempotent requests: those that change data carry an ``Idempotency-Key`` and are executed once."""

import hashlib
from collections.abc import Callable
from typing import Annotated, Any

import orjson
from fastapi import Depends, Header, Request, Response
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from api.authentication import CurrentActor
from api.errors import KEY_HEADER
from core.access import Actor
from models.idempotency import KEY_LENGTH_MAX
from services.idempotency import IdempotentResponse, answer_once

REPLAYED = "Idempotency-Replayed"


class Attempt:
    """One attempt at a request.

    Attributes:
        actor: Who sends it. key: its ``Idempotency-Key``. request_sha256: digest of method, path and body.
    """

    def __init__(self, actor: Actor, key: str, request_sha256: str) -> None:
        self.actor = actor
        self.key = key
        self.request_sha256 = request_sha256

    def once(self, status: int, work: Callable[[Session], Any]) -> Response:
        """Do ``work`` and answer ``status`` with what it returns, as JSON; or replay the stored response.

        Raises:
            InvalidInput, Conflict: As ``services.idempotency.answer_once``, and whatever ``work`` raises.
        """

        def answered(session: Session) -> IdempotentResponse:
            return IdempotentResponse(status, orjson.dumps(work(session)).decode())

        answer = answer_once(self.actor, self.key, self.request_sha256, answered)
        headers = {"Cache-Control": "no-store"} | ({REPLAYED: "true"} if answer.is_replayed else {})
        return Response(answer.body, answer.status, headers, "application/json")


async def current_attempt(
    request: Request,
    actor: CurrentActor,
    key: Annotated[
        str,
        Header(
            alias=KEY_HEADER,
            min_length=1,
            max_length=KEY_LENGTH_MAX,
            pattern=r"^[\x20-\x7e]+$",
            description="New for each thing to be done; the same again only to repeat the same request. Kept 30 days.",
        ),
    ],
) -> Attempt:
    """Return the attempt that this request is: a dependency."""
    fingerprint = f"{request.method} {request.url.path}\n".encode() + await request.body()
    digest = await run_in_threadpool(hashlib.sha256, fingerprint)  # of up to a megabyte
    return Attempt(actor, key, digest.hexdigest())


CurrentAttempt = Annotated[Attempt, Depends(current_attempt)]
