"""Operations on one's own account: password, second factor, one-time codes, language and theme."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import transact
from core.errors import InvalidInput, Problem
from core.events.log import EventDraft, record
from core.i18n import LANGUAGES, N_
from models.accounts.sessions import EndReason
from models.accounts.users import User
from services.accounts import second_factor
from services.accounts.administration import void_links
from services.accounts.attempts import count_attempt, purge_attempts
from services.accounts.passwords import hash_password, is_correct, require_acceptable
from services.accounts.sessions import SessionUser, end_sessions_of, note_step_up, rotate_session

THEMES = ("auto", "light", "dark")

_SEE = {"see_all": "people may change their own account, whatever else they see"}


def change_password(session_user: SessionUser, old: str, new: str) -> str:
    """Change one's own password; all other sessions end. Return the new secret of this session.

    Raises:
        TooManyAttempts: ``sign_in.wait``; the old password was not checked.
        InvalidInput: ``users.wrong_password``, ``users.password_…``; the fields are ``old`` and ``password``.
    """
    require_acceptable(new, session_user.email, session_user.name)
    require_password(session_user, old)
    hashed = hash_password(new)

    def store(session: Session) -> str:
        user = own_row(session, session_user)
        user.password_hash, user.password_changed_at = hashed, now()
        record(session, "user.password_changed", "users", [EventDraft(user.email, user.path)])
        void_links(session, user)
        end_sessions_of(session, user, EndReason.CREDENTIALS_CHANGED, but=session_user.session_id)
        return rotate_session(session, session_user.session_id)

    return transact(session_user.actor, store)


def require_password(session_user: SessionUser, password: str) -> None:
    """Require one's own password; the session counts as fresh then.

    Raises:
        TooManyAttempts: ``sign_in.wait``; the password was not checked.
        InvalidInput: ``users.wrong_password``, field ``old``.
    """
    subject = f"own-password:{session_user.actor.user_id}"

    def count(session: Session) -> str | None:
        count_attempt(session, subject)
        return own_row(session, session_user).password_hash

    stored = transact(session_user.actor, count)
    if not is_correct(stored, password):
        problem = Problem("users.wrong_password", N_("This is not your password."))
        raise InvalidInput(problem.code, problem.message, fields={"old": problem})

    def note(session: Session) -> None:
        purge_attempts(session, subject)
        note_step_up(session, session_user.session_id)

    transact(session_user.actor, note)


def reauthenticate(session_user: SessionUser, stated: str) -> None:
    """Re-authenticate before rights are changed: by a code if there is a second factor, else by the password.

    Raises:
        TooManyAttempts: ``sign_in.wait``; nothing was checked.
        InvalidInput: ``second_factor.wrong_code``, field ``code``; ``users.wrong_password``, field ``old``.
    """
    if not session_user.has_second_factor:
        require_password(session_user, stated)
        return
    subject = f"factor:{session_user.actor.user_id}"
    transact(session_user.actor, lambda session: count_attempt(session, subject))

    def look(session: Session) -> bool:
        is_right = second_factor.is_accepted(session, own_row(session, session_user), stated)
        if is_right:
            purge_attempts(session, subject)
            note_step_up(session, session_user.session_id)
        return is_right

    if not transact(session_user.actor, look):
        raise second_factor.wrong_code()


def renew_own_codes(session_user: SessionUser, password: str) -> list[str]:
    """Return ten new one-time codes, shown once; the old ones are void. Raises as ``require_password``."""
    require_password(session_user, password)

    def renew(session: Session) -> list[str]:
        user = own_row(session, session_user)
        record(session, "user.one_time_codes_renewed", "users", [EventDraft(user.email, user.path)])
        return second_factor.renew_codes(session, user)

    return transact(session_user.actor, renew)


def enrol_own_factor(session_user: SessionUser, code: str) -> list[str]:
    """Enrol a second factor voluntarily; return ten one-time codes, shown once.

    Raises:
        TooManyAttempts: ``sign_in.wait``.
        InvalidInput: ``second_factor.wrong_code``.
    """
    subject = f"factor:{session_user.actor.user_id}"
    transact(session_user.actor, lambda session: count_attempt(session, subject))

    def take(session: Session) -> list[str]:
        codes = second_factor.enrol(session, own_row(session, session_user), session_user.session_id, code)
        purge_attempts(session, subject)
        return codes

    return transact(session_user.actor, take)


def choose_language(session: Session, session_user: SessionUser, language: str) -> None:
    """Store the user's language; an unknown one changes nothing."""
    if language in LANGUAGES:
        own_row(session, session_user).language = language


def choose_theme(session: Session, session_user: SessionUser, theme: str) -> None:
    """Store the user's theme; an unknown one changes nothing."""
    if theme in THEMES:
        own_row(session, session_user).theme = theme


def own_row(session: Session, session_user: SessionUser) -> User:
    """Return the person's own row, locked until the end of the transaction."""
    query = select(User).where(User.id == session_user.actor.user_id).with_for_update()
    return session.scalars(query.execution_options(**_SEE)).one()
