"""Access denials in the audit log: actor, route and missing permission or session; rate-limited."""

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.locks import DatabaseLock, take_lock
from core.database.sessions import reading, transact
from core.errors import CellProblem, Conflict, DomainError, NotPermitted, Unavailable
from core.events.log import Event, EventDraft, record
from services.accounts.sessions import AUTHENTICATION, SignInNeeded, actor_of_cookie

log = logging.getLogger(__name__)

ACTION = "access.refused"
SUBJECT = "access"
EVERY = timedelta(minutes=10)
KNOWN_MAX = 10_000
ROUTE_LENGTH_MAX = 200

RIGHTS_PROBLEMS = frozenset({"users.role_not_yours_to_give", "users.own_role"})
"""Codes of row problems that mean an attempt to grant more than the actor may."""

_SEE: dict[str, Any] = {"see_all": "a refused user may not see the audit log, and must not be recorded twice"}
_known: dict[tuple[str, str], datetime] = {}  # (person, missing right) → time of the last check in this process


def note_refusal(actor: Actor, error: DomainError, route: str) -> bool:
    """Record a denial of ``actor``; at most once per person and reason within ``EVERY``. Return whether it was
    recorded.

    What refused stays refused whatever happens here: a busy database or a full disk costs the note, not the answer.

    Args:
        actor: Who was refused.
        error: Says which permission is missing; else its code stands for it.
        route: Path of the address, or of the page whose button was pressed.
    """
    missing = str(error.problem.values.get("permission") or error.code)
    who = actor.owner or actor.name
    last = _known.get((who, missing))
    if last is not None and timedelta(0) <= now() - last < EVERY:
        return False
    if len(_known) >= KNOWN_MAX:
        _known.clear()
    _known[who, missing] = now()
    why = "permission" if isinstance(error, NotPermitted) else "reason"
    facts = {why: missing, "route": route[:ROUTE_LENGTH_MAX], "role": actor.role.value}
    try:
        return transact(actor, lambda session: _note(session, actor, missing, facts))
    except (Conflict, Unavailable) as reason:
        _known.pop((who, missing), None)
        log.warning("a refusal could not be noted: %s", reason.code)
        return False


def note_ended_session(token: str, error: SignInNeeded, route: str) -> bool:
    """Record a denial of an ended session, as ``note_refusal`` does. Return whether it was recorded.

    Args:
        token: Secret of the cookie; one that never belonged to a session is not noted.
        error: Says why the session does not hold, e.g. ``sessions.locked``.
        route: Path of the page whose button was pressed.
    """
    with reading(AUTHENTICATION) as session:
        actor = actor_of_cookie(session, token)
    return actor is not None and note_refusal(actor, error, route)


def note_refused_rights(actor: Actor, problems: Iterable[CellProblem], route: str) -> bool:
    """Record a denial if one of the rows was refused because ``actor`` may not grant its role."""
    found = next((one.problem for one in problems if one.problem.code in RIGHTS_PROBLEMS), None)
    return found is not None and note_refusal(actor, NotPermitted(found.code, found.message), route)


def _note(session: Session, actor: Actor, missing: str, facts: dict[str, str]) -> bool:
    take_lock(session, DatabaseLock.DENIALS)  # another process may be recording the same
    same = (Event.subject == SUBJECT, Event.subject_key == missing, Event.person == actor.person)
    before = select(Event.id).where(*same, Event.actor == actor.name, Event.at > now() - EVERY).limit(1)
    if session.scalar(before.execution_options(**_SEE)) is not None:
        return False
    record(session, ACTION, SUBJECT, [EventDraft(missing, actor.partner_path, data=facts)])
    return True
