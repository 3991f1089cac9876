"""The second factor: six digits from an app on the phone (TOTP, RFC 6238), or one of ten one-time codes."""

import hmac
import re
import secrets

import pyotp
import segno
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from core.clock import now
from core.database.bulk import insert_rows
from core.encryption import DecryptionError, decrypt, encrypt, is_encrypted
from core.errors import Conflict, InvalidInput, NotFound, Problem
from core.events.log import EventDraft, record
from core.i18n import N_
from core.limits import STATED_LENGTH_MAX
from core.settings import settings
from models.accounts.sessions import RecoveryCode, UserSession
from models.accounts.users import User
from services.accounts.one_time_secrets import keyed_hash

STEP_S = 30
DRIFT_STEPS = 1  # clocks may differ by 30 s
CODES = 10
CODE_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # no letters that look like digits
CODE_LENGTH = 12
PURPOSE = "totp secret"

_SEE = {"see_all": "the second factor is checked before its owner is signed in"}
_SPACES = re.compile(r"[\s\-]")


def is_required(role: str) -> bool:
    """Return whether ``role`` requires a second factor in this installation."""
    return role in settings().totp_roles


def offer_secret(session: Session, session_id: int) -> str:
    """Return the secret to enrol in this session, made at the first call and the same until it is used.

    Raises:
        NotFound: ``sessions.not_found``.
    """
    row = session.scalar(select(UserSession).where(UserSession.id == session_id).execution_options(**_SEE))
    if row is None:
        raise NotFound("sessions.not_found", N_("There is no such session."))
    if row.totp_offered is None:
        row.totp_offered = encrypt(pyotp.random_base32(), PURPOSE, f"session {session_id}")
    return _opened(row.totp_offered, f"session {session_id}")


def offered_secret(session: Session, session_id: int) -> str | None:
    """Return the secret offered in this session, None if none is waiting to be enrolled."""
    query = select(UserSession.totp_offered).where(UserSession.id == session_id)
    offered = session.scalar(query.execution_options(**_SEE))
    return None if offered is None else _opened(offered, f"session {session_id}")


def enrolment_uri(secret: str, email: str) -> str:
    """Return the ``otpauth`` URI for an authenticator app."""
    return pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=settings().brand_name)


def enrolment_picture(secret: str, email: str) -> str:
    """Return the QR code of the URI, as a data URL of an SVG."""
    return str(segno.make(enrolment_uri(secret, email), error="m").svg_data_uri(scale=5, border=2, light="white"))


def enrol(session: Session, user: User, session_id: int, code: str) -> list[str]:
    """Enrol the offered secret as the user's second factor, confirmed by its first code; return ten one-time codes.

    Raises:
        InvalidInput: ``second_factor.wrong_code``.
    """
    secret = offered_secret(session, session_id) or ""
    step = _step_of(secret, code, after=None) if secret else None
    if step is None:
        raise wrong_code()
    user.totp_secret, user.totp_used = encrypt(secret, PURPOSE, _owner(user)), step
    offered = update(UserSession).where(UserSession.id == session_id).values(totp_offered=None)
    session.execute(offered.execution_options(**_SEE))
    codes = renew_codes(session, user)
    record(session, "user.second_factor_enrolled", "users", [EventDraft(user.email, user.path)])
    return codes


def is_accepted(session: Session, user: User, code: str) -> bool:
    """Return whether ``code`` is valid; a valid code is used up, whatever comes after.

    The caller must have locked the user's row, so that one code sent twice at once counts once.

    Raises:
        Conflict: ``second_factor.unreadable``.
    """
    plain = _plain(code).lower()
    if user.totp_secret is None:
        return False
    secret = _opened(user.totp_secret, _owner(user))
    if not is_encrypted(user.totp_secret):  # stored before secrets were encrypted
        user.totp_secret = encrypt(secret, PURPOSE, _owner(user))
    step = _step_of(secret, plain, after=user.totp_used)
    if step is not None:
        user.totp_used = step
        return True
    if len(plain) != CODE_LENGTH:
        return False
    used = (
        update(RecoveryCode)
        .where(RecoveryCode.user_id == user.id, RecoveryCode.code_hash == _code_hash(user, plain))
        .where(RecoveryCode.used_at.is_(None))
        .values(used_at=now())
        .returning(RecoveryCode.id)
    )
    if session.scalar(used.execution_options(**_SEE, synchronize_session=False)) is None:
        return False
    left = codes_left(session, user.id)
    record(session, "user.one_time_code_used", "users", [EventDraft(user.email, user.path, data={"left": left})])
    return True


def codes_left(session: Session, user_id: int) -> int:
    """Return how many one-time codes are not used yet."""
    query = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return session.scalar(query.execution_options(**_SEE)) or 0


def renew_codes(session: Session, user: User) -> list[str]:
    """Return ten new one-time codes, to be shown once; the old ones are void."""
    _delete_codes(session, user)
    codes = ["".join(secrets.choice(CODE_LETTERS) for _ in range(CODE_LENGTH)) for _ in range(CODES)]
    insert_rows(session, RecoveryCode, ("user_id", "code_hash"), [(user.id, _code_hash(user, code)) for code in codes])
    return [f"{code[:4]}-{code[4:8]}-{code[8:]}" for code in codes]


def remove(session: Session, user: User) -> None:
    """Remove the second factor, e.g. of a lost phone; if the role requires one, the next sign-in enrols it again."""
    if user.totp_secret is None:
        return
    delete_factor(session, user)
    record(session, "user.second_factor_removed", "users", [EventDraft(user.email, user.path)])


def delete_factor(session: Session, user: User) -> None:
    """Delete secret and one-time codes of a user, without an event: the caller records why."""
    user.totp_secret, user.totp_used = None, None
    _delete_codes(session, user)


def wrong_code() -> InvalidInput:
    """Return the error for a code that is wrong, too old, or used already; the same error for all three."""
    message = N_("This code is not right, or not any more. Type the one you see now.")
    problem = Problem("second_factor.wrong_code", message)
    return InvalidInput(problem.code, problem.message, fields={"code": problem})


def _step_of(secret: str, code: str, *, after: int | None) -> int | None:
    """Return the time step whose code this is, none at or before ``after``: a code counts once."""
    totp, this = pyotp.TOTP(secret), int(now().timestamp()) // STEP_S
    plain = _plain(code)
    for step in range(this - DRIFT_STEPS, this + DRIFT_STEPS + 1):
        if (after is None or step > after) and hmac.compare_digest(totp.generate_otp(step).encode(), plain.encode()):
            return step
    return None


def _plain(code: str) -> str:
    return _SPACES.sub("", code[:STATED_LENGTH_MAX])


def _owner(user: User) -> str:
    return f"user {user.id}"


def _opened(stored: str, owner: str) -> str:
    """Return the decrypted secret. Raises ``Conflict`` ``second_factor.unreadable``."""
    try:
        return decrypt(stored, PURPOSE, owner)
    except DecryptionError as error:
        message = N_(
            "This second factor was stored under another QUDAO_SECRET and cannot be read. Start with the secret of"
            " before, or let an administrator remove the second factor so that it is set up anew."
        )
        raise Conflict("second_factor.unreadable", message) from error


def _code_hash(user: User, code: str) -> str:
    return keyed_hash(f"one-time code {user.id} {code}")


def _delete_codes(session: Session, user: User) -> None:
    gone = delete(RecoveryCode).where(RecoveryCode.user_id == user.id)
    session.execute(gone.execution_options(**_SEE, synchronize_session=False))
