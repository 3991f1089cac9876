"""Idempotency of forms that a browser stores and may send again: a repeated submission gets the first result."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import now
from models.idempotency import IdempotencyKey

FORM_ID_LENGTH_MAX = 64
_SCOPE = "form"
_SEE = {"see_all": "a form is known by its random id alone, also without an account"}


def submission_result(session: Session, form_id: str) -> str | None:
    """Return the result of an earlier submission of this form; None if there was none."""
    own = select(IdempotencyKey.answer).where(IdempotencyKey.scope == _SCOPE, IdempotencyKey.key == form_id)
    return session.scalar(own.execution_options(**_SEE))


def keep_submission(session: Session, form_id: str, result: str) -> None:
    """Store the result of a submission in its transaction; a concurrent second one fails on the unique key."""
    session.add(
        IdempotencyKey(scope=_SCOPE, key=form_id, request_sha256="", status=201, answer=result, created_at=now())
    )
