"""Sign-in: e-mail and password, then the second factor where the role requires one.

Each step runs in units of work of its own: an attempt is counted before it is tried and stays counted when it fails,
and no transaction is open while a password is hashed. Neither the response nor its timing reveals whether an
account exists.
"""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.disk_space import essential_writes
from core.database.sessions import transact
from core.errors import InvalidInput, NotPermitted
from core.events.log import EventDraft, record
from core.i18n import N_
from core.limits import EMAIL_LENGTH_MAX
from core.throttling.networks import counted_source
from models.accounts.sessions import EndReason, KnownDevice, SessionState, UserSession
from models.accounts.users import User, UserStatus
from models.partners.partners import Partner, PartnerStatus
from services.accounts import passwords, second_factor
from services.accounts.attempts import count_attempt, count_from_address, purge_attempts, uncount_from_address
from services.accounts.one_time_secrets import new_token, token_hash
from services.accounts.sessions import (
    AUTHENTICATION,
    Browser,
    SessionUser,
    actor_of_user,
    begin_session,
    find_session_user,
)

_SEE = {"see_all": "an account is looked up before its user is authenticated"}


@dataclass(frozen=True, slots=True)
class Entry:
    """Result of a sign-in step.

    Attributes:
        token: Value of the session cookie.
        device: Value of the device cookie; "" while half-way.
        state: ``HALF_WAY`` when the second factor must follow.
        codes: One-time codes to show once, after enrolment.
    """

    token: str
    device: str
    state: SessionState
    actor: Actor
    codes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Account:
    """The account of a sign-in attempt, existing or not.

    Attributes:
        subject: Under which the attempt is counted. address: under which it is counted too; "" for not.
    """

    email: str
    subject: str
    address: str
    user_id: int | None = None
    path: str = ""
    password_hash: str | None = None
    actor: Actor | None = None


@essential_writes()
def sign_in(email: str, password: str, browser: Browser, *, device: str = "", old_token: str = "") -> Entry:
    """Sign a user in by password.

    Args:
        email: As typed.
        password: As typed.
        browser: Attempts that fail are counted by its address too.
        device: Value of the device cookie: a browser known to the account has a count of its own, and only that.
        old_token: Session cookie that comes with the request; that session ends.

    Raises:
        TooManyAttempts: ``sign_in.wait`` or ``sign_in.stopped``; the password was not checked.
        InvalidInput: ``sign_in.wrong``.
        NotPermitted: ``sign_in.locked`` or ``sign_in.partner_closed``; only after the right password.
    """
    account = transact(AUTHENTICATION, lambda session: _count_and_find(session, email, browser, device))
    actor = account.actor
    if not passwords.is_correct(account.password_hash, password) or actor is None:
        transact(AUTHENTICATION, lambda session: _record_failure(session, account, browser))
        raise InvalidInput("sign_in.wrong", N_("E-mail or password is not right."))
    renewed = None
    if account.password_hash and passwords.needs_new_hash(account.password_hash):
        renewed = passwords.hash_password(password)

    def enter(session: Session) -> Entry:
        user = _user_who_may_enter(session, account.user_id)
        user.password_hash = renewed or user.password_hash
        if account.address:
            uncount_from_address(session, account.address)  # before the account: the order in which they were counted
        purge_attempts(session, account.subject)
        end_replaced(session, old_token)
        if user.totp_secret is not None or second_factor.is_required(user.role):
            token = begin_session(session, user, browser, SessionState.HALF_WAY)
            if user.totp_secret is None:
                second_factor.offer_secret(session, find_session_user(session, token).session_id)
            return Entry(token, "", SessionState.HALF_WAY, actor)
        return begin_full_session(session, user, actor, browser, device)

    return transact(actor, enter)


@essential_writes()
def give_second_factor(
    session_user: SessionUser, token: str, code: str, browser: Browser, *, device: str = ""
) -> Entry:
    """Complete a sign-in with the second factor, after the password.

    Args:
        session_user: In the state ``HALF_WAY``. token: its session cookie; that session ends.
        code: Six digits, or a one-time code; spaces and hyphens do not matter.
        browser: See ``sign_in``. device: see ``sign_in``.

    Raises:
        TooManyAttempts: ``sign_in.wait`` or ``sign_in.stopped``; the code was not checked.
        InvalidInput: ``second_factor.wrong_code``.
    """
    subject = transact(session_user.actor, lambda session: _count_factor(session, session_user, device))

    def enter(session: Session) -> Entry | None:
        user = _user_who_may_enter(session, session_user.actor.user_id)
        if not second_factor.is_accepted(session, user, code):
            facts = {"address": browser.address, "step": "second factor"}
            record(session, "user.sign_in_failed", "users", [EventDraft(user.email, user.path, data=facts)])
            return None
        purge_attempts(session, subject)
        end_replaced(session, token)
        return begin_full_session(session, user, session_user.actor, browser, device)

    entry = transact(session_user.actor, enter)
    if entry is None:
        raise second_factor.wrong_code()
    return entry


@essential_writes()
def enrol_second_factor(
    session_user: SessionUser, token: str, code: str, browser: Browser, *, device: str = ""
) -> Entry:
    """Enrol a second factor during sign-in where one is required, and return ten one-time codes.

    Raises:
        TooManyAttempts: ``sign_in.wait``.
        InvalidInput: ``second_factor.wrong_code``.
        NotPermitted: ``second_factor.enrolled`` if there is one already.
    """
    subject = transact(session_user.actor, lambda session: _count_factor(session, session_user, device))

    def enter(session: Session) -> Entry:
        user = _user_who_may_enter(session, session_user.actor.user_id)
        if user.totp_secret is not None:
            raise NotPermitted("second_factor.enrolled", N_("This account has a second factor already."))
        codes = second_factor.enrol(session, user, session_user.session_id, code)
        purge_attempts(session, subject)
        end_replaced(session, token)
        return begin_full_session(session, user, session_user.actor, browser, device, tuple(codes))

    return transact(session_user.actor, enter)


def begin_full_session(
    session: Session, user: User, actor: Actor, browser: Browser, device: str, codes: tuple[str, ...] = ()
) -> Entry:
    """Begin a full session for a user who has passed every step."""
    token = begin_session(session, user, browser, SessionState.SIGNED_IN)
    record(session, "user.signed_in", "users", [EventDraft(user.email, user.path, data={"address": browser.address})])
    return Entry(token, _remember_device(session, user, device), SessionState.SIGNED_IN, actor, codes)


def end_replaced(session: Session, token: str) -> None:
    """End the previous session of this browser, if any."""
    query = select(UserSession).where(UserSession.token_hash == token_hash(token), UserSession.ended_at.is_(None))
    row = session.scalar(query.execution_options(**_SEE)) if token else None
    if row is not None:
        row.state, row.ended_at, row.end_reason = SessionState.ENDED, now(), EndReason.REPLACED


def account_subject(email: str) -> str:
    """Return the subject under which attempts on an account from unknown devices are counted."""
    return f"account:{token_hash(email)}"


def _count_and_find(session: Session, email: str, browser: Browser, device: str) -> _Account:
    typed = email.strip()[:EMAIL_LENGTH_MAX].lower()
    query = select(User, Partner.path).outerjoin(Partner, Partner.id == User.partner_id).where(User.email == typed)
    found = session.execute(query.execution_options(**_SEE)).one_or_none()
    known = _known_device(session, found[0].id if found else 0, device)
    subject = f"device:{known.id}" if known else account_subject(typed)
    address = "" if known else counted_source(browser.address)
    if not known:
        count_from_address(session, address)
    count_attempt(session, subject)
    if found is None:
        return _Account(typed, subject, address)
    user, path = found
    return _Account(typed, subject, address, user.id, user.path, user.password_hash, actor_of_user(user, path or ""))


def _user_who_may_enter(session: Session, user_id: int | None) -> User:
    """Return the user, locked until the end of the transaction.

    Raises:
        NotPermitted: ``sign_in.locked`` or ``sign_in.partner_closed``.
    """
    query = select(User).where(User.id == user_id).with_for_update().execution_options(**_SEE)
    user = session.scalars(query).one()
    if user.status != UserStatus.ACTIVE:
        raise NotPermitted("sign_in.locked", N_("This account is locked. Your administrator can unlock it."))
    if user.partner_id is not None:
        status = session.scalar(select(Partner.status).where(Partner.id == user.partner_id).execution_options(**_SEE))
        if status == PartnerStatus.CLOSED:
            raise NotPermitted("sign_in.partner_closed", N_("The partner of this account has been closed."))
    return user


def _count_factor(session: Session, session_user: SessionUser, device: str) -> str:
    known = _known_device(session, session_user.actor.user_id or 0, device)
    subject = f"factor:{session_user.actor.user_id}" + (f":device:{known.id}" if known else "")
    count_attempt(session, subject)
    return subject


def _record_failure(session: Session, account: _Account, browser: Browser) -> None:
    key = account.email if account.user_id is not None else _masked(account.email)
    facts = {"address": browser.address, "step": "password", "account": account.user_id is not None}
    record(session, "user.sign_in_failed", "users", [EventDraft(key, account.path, data=facts)])


def _masked(email: str) -> str:
    """Return a masked e-mail that belongs to no account: it may be a mistyped password."""
    name, at, domain = email.partition("@")
    return f"{name[:1]}***{at}{domain[:100] if '.' in domain else ''}"


def _known_device(session: Session, user_id: int, device: str) -> KnownDevice | None:
    query = select(KnownDevice).where(KnownDevice.user_id == user_id, KnownDevice.token_hash == token_hash(device))
    return session.scalars(query.execution_options(**_SEE)).first() if device else None


def _remember_device(session: Session, user: User, device: str) -> str:
    known = _known_device(session, user.id, device)
    if known is not None:
        known.seen_at = now()
        return device
    issued = select(func.count()).where(KnownDevice.token_hash == token_hash(device))
    token = device if device and session.scalar(issued.execution_options(**_SEE)) else new_token()
    session.add(KnownDevice(token_hash=token_hash(token), user_id=user.id, seen_at=now()))
    return token
