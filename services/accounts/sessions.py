"""Sessions of users: begun at sign-in, read anew for each request and each event, revocable at any time."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.disk_space import essential_writes
from core.database.retention import Retention
from core.database.sessions import actor_of
from core.errors import DomainError, NotFound
from core.events.log import EventDraft, record
from core.i18n import N_
from core.permissions import PARTNER_ROLES, Permission, Role
from models.accounts.sessions import ADDRESS_LENGTH_MAX, USER_AGENT_LENGTH_MAX, EndReason, SessionState, UserSession
from models.accounts.users import User, UserStatus
from models.partners.partners import Partner, PartnerStatus
from services.accounts.one_time_secrets import new_token, token_hash

MONEY_ROLES = frozenset({Role.ADMINISTRATOR, Role.FINANCE})
IDLE_MONEY = timedelta(minutes=30)
IDLE = timedelta(hours=8)
ABSOLUTE = timedelta(hours=12)
PARTNER = timedelta(days=7)
HALF_WAY_LASTS = timedelta(minutes=10)
SEEN_EVERY = timedelta(minutes=1)
FRESH = timedelta(minutes=5)
RETENTION = Retention(
    column=UserSession.expires_at,
    days=30,
    reason="A session that is over opens nothing; the audit log keeps who signed in and when.",
)

AUTHENTICATION = Actor("sign-in", Role.ADMINISTRATOR, source="screen")
"""System actor that looks up accounts and sessions before the user is authenticated."""

_SEE = {"see_all": "the holder of the cookie's secret may see the session and account it belongs to"}
_SAY_WHY: dict[str, tuple[str, str]] = {
    EndReason.SIGNED_OUT: ("sessions.signed_out", N_("You have signed out. Sign in again to go on.")),
    EndReason.ENDED_BY_PERSON: (
        "sessions.ended",
        N_("This session was ended from another device of yours. Sign in again to go on."),
    ),
    EndReason.ENDED_BY_ADMINISTRATOR: (
        "sessions.ended",
        N_("An administrator has ended this session. Sign in again to go on."),
    ),
    EndReason.CREDENTIALS_CHANGED: (
        "sessions.password_changed",
        N_("The password of this account was changed. Sign in again to go on."),
    ),
    EndReason.REPLACED: (
        "sessions.replaced",
        N_("You have signed in again in this browser. Reload this page to go on."),
    ),
    EndReason.LOCKED: ("sessions.locked", N_("This account is locked. Your administrator can unlock it.")),
}


class SignInNeeded(DomainError):
    """There is no valid session; the message says why."""

    status = 401


class ReauthenticationNeeded(DomainError):
    """The user has the permission, but must authenticate again first."""

    status = 403


@dataclass(frozen=True, slots=True)
class Browser:
    """Origin of a request: network address and user agent."""

    address: str = ""
    user_agent: str = ""


@dataclass(frozen=True, slots=True)
class SessionUser:
    """The user of a session, as read from the database for this request.

    Attributes:
        actor: With current rights and branch.
        state: ``HALF_WAY`` while the second factor is missing: then nothing else is permitted.
        stepped_up_at: Last authentication.
    """

    actor: Actor
    session_id: int
    state: SessionState
    email: str
    name: str
    theme: str
    has_second_factor: bool
    stepped_up_at: datetime
    seen_at: datetime

    @property
    def is_signed_in(self) -> bool:
        """Return whether the sign-in is complete."""
        return self.state == SessionState.SIGNED_IN

    @property
    def is_fresh(self) -> bool:
        """Return whether the user authenticated within ``FRESH``: required before money or rights change."""
        return now() - self.stepped_up_at <= FRESH


def begin_session(session: Session, user: User, browser: Browser, state: SessionState) -> str:
    """Begin a session; return the secret for the cookie, which is stored nowhere."""
    token, at = new_token(), now()
    lasts = HALF_WAY_LASTS if state == SessionState.HALF_WAY else absolute_limit(Role(user.role))
    session.add(
        UserSession(
            token_hash=token_hash(token),
            user_id=user.id,
            role=user.role,
            partner_id=user.partner_id,
            state=state,
            created_at=at,
            seen_at=at,
            expires_at=at + lasts,
            stepped_up_at=at,
            address=browser.address[:ADDRESS_LENGTH_MAX],
            user_agent=browser.user_agent[:USER_AGENT_LENGTH_MAX],
        )
    )
    session.flush()
    return token


def find_session_user(session: Session, token: str) -> SessionUser:
    """Return the user of the session cookie ``token``.

    Raises:
        SignInNeeded: ``sessions.unknown``, ``sessions.expired``, ``sessions.locked``, ``sessions.rights_changed`` or
            what ended the session.
    """
    found = _rows_of(session, token)
    if found is None:
        raise SignInNeeded("sessions.unknown", N_("Please sign in."))
    row, user, path, partner_status = found
    _require_valid(row, user, partner_status)
    return SessionUser(
        actor=replace(actor_of_user(user, path or ""), session_id=row.id),
        session_id=row.id,
        state=SessionState(row.state),
        email=user.email,
        name=user.name,
        theme=user.theme,
        has_second_factor=user.totp_secret is not None,
        stepped_up_at=row.stepped_up_at,
        seen_at=row.seen_at,
    )


def actor_of_cookie(session: Session, token: str) -> Actor | None:
    """Return the actor of the session of a cookie, also of an ended one; None if there never was one."""
    found = _rows_of(session, token)
    if found is None:
        return None
    row, user, path, _ = found
    return replace(actor_of_user(user, path or ""), session_id=row.id)


def actor_of_user(user: User, path: str, *, source: str = "screen") -> Actor:
    """Return the actor of a user; ``path`` is the current path of the user's partner."""
    return Actor(
        name=user.name,
        role=Role(user.role),
        person=user.email,
        user_id=user.id,
        partner_id=user.partner_id,
        partner_path=path,
        source=source,
        language=user.language,
    )


def idle_limit(role: Role) -> timedelta:
    """Return the idle time-out of sessions of ``role``."""
    if role in PARTNER_ROLES:
        return PARTNER
    return IDLE_MONEY if role in MONEY_ROLES else IDLE


def absolute_limit(role: Role) -> timedelta:
    """Return the absolute lifetime of sessions of ``role``."""
    return PARTNER if role in PARTNER_ROLES else ABSOLUTE


@essential_writes()
def note_seen(session: Session, session_user: SessionUser) -> None:
    """Record the user's activity; the caller checks ``is_due_to_be_noted`` first."""
    seen = update(UserSession).where(UserSession.id == session_user.session_id, UserSession.seen_at < now())
    session.execute(seen.values(seen_at=now()).execution_options(**_SEE, synchronize_session=False))


def is_due_to_be_noted(session_user: SessionUser) -> bool:
    """Return whether ``seen_at`` is older than a minute: it is not written at each request."""
    return now() - session_user.seen_at >= SEEN_EVERY


def note_step_up(session: Session, session_id: int) -> None:
    """Record a fresh authentication."""
    _own_row(session, session_id).stepped_up_at = now()


def require_reauthentication(session: Session) -> None:
    """Require an authentication within ``FRESH``, before rights are granted.

    Programs, jobs and the command line are exempt. The session is read anew, not cached.

    Raises:
        ReauthenticationNeeded: ``access.proof_needed``; ``own_account.prove`` makes the session fresh again.
    """
    session_id = actor_of(session).session_id
    if session_id is not None and now() - _own_row(session, session_id).stepped_up_at > FRESH:
        raise ReauthenticationNeeded(
            "access.proof_needed", N_("Prove first that it is you: this changes what people may do.")
        )


def rotate_session(session: Session, session_id: int) -> str:
    """Rotate the session's secret and return the new one; the old one is no longer valid."""
    row, token = _own_row(session, session_id), new_token()
    row.token_hash = token_hash(token)
    return token


@essential_writes()
def end_session(session: Session, session_id: int, reason: EndReason) -> None:
    """End a session the actor may see: their own, or anyone's with the permission to edit users.

    Raises:
        NotFound: ``sessions.not_found``.
    """
    row = session.scalar(select(UserSession).where(UserSession.id == session_id))
    if row is None:
        raise NotFound("sessions.not_found", N_("There is no such session."))
    if row.ended_at is None:
        _end(session, [row], reason)


@essential_writes()
def end_sessions_of(session: Session, user: User, reason: EndReason, *, but: int | None = None) -> int:
    """End all sessions of a user but the one with the number ``but``; return how many."""
    actor = actor_of(session)
    if actor.user_id != user.id:
        actor.require(Permission.USER_EDIT)
    rows = [row for row in open_sessions(session, user.id) if row.id != but]
    _end(session, rows, reason)
    return len(rows)


def open_sessions(session: Session, user_id: int) -> list[UserSession]:
    """Return the sessions of a user that have not ended, the latest first."""
    query = select(UserSession).where(
        UserSession.user_id == user_id, UserSession.ended_at.is_(None), UserSession.expires_at > now()
    )
    return list(session.scalars(query.order_by(UserSession.seen_at.desc(), UserSession.id.desc())))


def _rows_of(session: Session, token: str) -> tuple[UserSession, User, str | None, str | None] | None:
    """Return the session of a cookie, its user, and path and status of the user's partner."""
    query = (
        select(UserSession, User, Partner.path, Partner.status)
        .join(User, User.id == UserSession.user_id)
        .outerjoin(Partner, Partner.id == User.partner_id)
        .where(UserSession.token_hash == token_hash(token))
    )
    return session.execute(query.execution_options(**_SEE)).one_or_none()


def _require_valid(row: UserSession, user: User, partner_status: str | None) -> None:
    if row.ended_at is not None:
        code, sentence = _SAY_WHY[row.end_reason or EndReason.SIGNED_OUT]
        raise SignInNeeded(code, sentence)
    if user.status != UserStatus.ACTIVE:
        code, sentence = _SAY_WHY[EndReason.LOCKED]
        raise SignInNeeded(code, sentence)
    if partner_status == PartnerStatus.CLOSED:
        raise SignInNeeded("sessions.partner_closed", N_("The partner of this account has been closed."))
    if (row.role, row.partner_id) != (user.role, user.partner_id):
        raise SignInNeeded("sessions.rights_changed", N_("Your role was changed. Sign in again to go on."))
    if now() >= min(row.expires_at, row.seen_at + idle_limit(Role(user.role))):
        raise SignInNeeded("sessions.expired", N_("You were away for a while. Sign in again to go on."))


def _own_row(session: Session, session_id: int) -> UserSession:
    row = session.scalar(select(UserSession).where(UserSession.id == session_id).execution_options(**_SEE))
    if row is None:
        raise NotFound("sessions.not_found", N_("There is no such session."))
    return row


def _end(session: Session, rows: list[UserSession], reason: EndReason) -> None:
    for row in rows:
        row.state, row.ended_at, row.end_reason = SessionState.ENDED, now(), reason
    session.flush()
    numbers = dict.fromkeys(row.user_id for row in rows)
    query = select(User.id, User.email, User.path).where(User.id.in_(numbers)).execution_options(**_SEE)
    for number, email, path in session.execute(query):
        ended = [row.id for row in rows if row.user_id == number]
        facts = {"sessions": ended, "why": reason.value}
        record(session, "user.session_ended", "users", [EventDraft(email, path, data=facts)])
