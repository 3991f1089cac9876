"""What people do with their own account: change the password, renew one-time codes, choose language and theme."""

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
from services.accounts.sessions import Visitor, end_sessions_of, note_step_up, rotate_session

THEMES = ("auto", "light", "dark")

_SEE = {"see_all": "people may change their own account, whatever else they see"}


def change_password(visitor: Visitor, old: str, new: str) -> str:
    """Give one's own account a new password; all other sessions end. Return the new secret of this session.

    Raises:
        TooManyAttempts: ``sign_in.wait``; the old password was not looked at.
        InvalidInput: ``users.wrong_password``, ``users.password_…``; the fields are ``old`` and ``password``.
    """
    require_acceptable(new, visitor.email, visitor.name)
    require_password(visitor, old)
    hashed = hash_password(new)

    def store(session: Session) -> str:
        user = own_row(session, visitor)
        user.password_hash, user.password_changed_at = hashed, now()
        record(session, "user.password_changed", "users", [EventDraft(user.email, user.path)])
        void_links(session, user)
        end_sessions_of(session, user, EndReason.CREDENTIALS_CHANGED, but=visitor.session_id)
        return rotate_session(session, visitor.session_id)

    return transact(visitor.actor, store)


def require_password(visitor: Visitor, password: str) -> None:
    """Go on only if ``password`` is one's own; the session counts as fresh then.

    Raises:
        TooManyAttempts: ``sign_in.wait``; the password was not looked at.
        InvalidInput: ``users.wrong_password``, field ``old``.
    """
    subject = f"own-password:{visitor.actor.user_id}"

    def count(session: Session) -> str | None:
        count_attempt(session, subject)
        return own_row(session, visitor).password_hash

    stored = transact(visitor.actor, count)
    if not is_correct(stored, password):
        problem = Problem("users.wrong_password", N_("This is not your password."))
        raise InvalidInput(problem.code, problem.message, fields={"old": problem})

    def note(session: Session) -> None:
        purge_attempts(session, subject)
        note_step_up(session, visitor.session_id)

    transact(visitor.actor, note)


def prove(visitor: Visitor, stated: str) -> None:
    """Prove to be the one who sits there, before rights move: by a code if one has a second factor, else the password.

    Raises:
        TooManyAttempts: ``sign_in.wait``; nothing was looked at.
        InvalidInput: ``second_factor.wrong_code``, field ``code``; ``users.wrong_password``, field ``old``.
    """
    if not visitor.has_second_factor:
        require_password(visitor, stated)
        return
    subject = f"factor:{visitor.actor.user_id}"
    transact(visitor.actor, lambda session: count_attempt(session, subject))

    def look(session: Session) -> bool:
        is_right = second_factor.is_accepted(session, own_row(session, visitor), stated)
        if is_right:
            purge_attempts(session, subject)
            note_step_up(session, visitor.session_id)
        return is_right

    if not transact(visitor.actor, look):
        raise second_factor.wrong_code()


def renew_own_codes(visitor: Visitor, password: str) -> list[str]:
    """Return ten new one-time codes, shown once; the old ones are void. Raises as ``require_password``."""
    require_password(visitor, password)

    def renew(session: Session) -> list[str]:
        user = own_row(session, visitor)
        record(session, "user.one_time_codes_renewed", "users", [EventDraft(user.email, user.path)])
        return second_factor.renew_codes(session, user)

    return transact(visitor.actor, renew)


def enrol_own_factor(visitor: Visitor, code: str) -> list[str]:
    """Enrol a second factor of one's own will; return ten one-time codes, shown once.

    Raises:
        TooManyAttempts: ``sign_in.wait``.
        InvalidInput: ``second_factor.wrong_code``.
    """
    subject = f"factor:{visitor.actor.user_id}"
    transact(visitor.actor, lambda session: count_attempt(session, subject))

    def take(session: Session) -> list[str]:
        codes = second_factor.enrol(session, own_row(session, visitor), visitor.session_id, code)
        purge_attempts(session, subject)
        return codes

    return transact(visitor.actor, take)


def choose_language(session: Session, visitor: Visitor, language: str) -> None:
    """Remember in which language the person reads; one that does not exist changes nothing."""
    if language in LANGUAGES:
        own_row(session, visitor).language = language


def choose_theme(session: Session, visitor: Visitor, theme: str) -> None:
    """Remember whether the person likes it light or dark; a theme that does not exist changes nothing."""
    if theme in THEMES:
        own_row(session, visitor).theme = theme


def own_row(session: Session, visitor: Visitor) -> User:
    """Return the person's own row, locked until the end of the transaction."""
    query = select(User).where(User.id == visitor.actor.user_id).with_for_update()
    return session.scalars(query.execution_options(**_SEE)).one()
