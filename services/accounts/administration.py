"""Administration of accounts: create, reset the password, suspend and reactivate, list."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.disk_space import essential_writes
from core.database.sessions import actor_of
from core.drafts import Drafts
from core.errors import Conflict, InvalidInput, NotFound, Problem
from core.events.log import EventDraft, record
from core.i18n import N_
from core.kinds.kind import Refused
from core.kinds.standard import EMAIL
from core.limits import EMAIL_LENGTH_MAX
from core.permissions import Permission, Role
from models.accounts.sessions import EndReason, KnownDevice, OneTimeLink
from models.accounts.users import User, UserStatus
from models.partners.partners import Partner
from services.accounts import second_factor
from services.accounts.attempts import purge_attempts
from services.accounts.passwords import hash_password, require_acceptable
from services.accounts.sessions import (
    actor_of_user,
    end_session,
    end_sessions_of,
    open_sessions,
    require_reauthentication,
)
from services.accounts.sign_in import account_subject
from services.accounts.users import GRANTS, save_users
from services.free_texts import parse_name
from services.saving.plans import SaveOptions

_SEE = {"see_all": "resetting a password deletes the known devices of the account"}


def create_user(
    session: Session, email: str, *, name: str, role: str, partner: str | None = None, password: str | None = None
) -> User:
    """Create a user, who is active with a password, and invited without one.

    Args:
        session: Of someone who may edit users.
        email: As typed. name: shown to others. role: code of ``core.access.Role``. partner: code, for a partner's role.
        password: None to send a link later, see ``password_link``.

    Raises:
        Conflict: ``users.exists``.
        InvalidInput: ``email.invalid``, ``users.unknown_role``, ``users.password_…``.
        RowsRefused: What ``save_users`` finds wrong.
    """
    actor_of(session).require(Permission.USER_EDIT)
    address, shown = _parse_email(email), parse_name(name)
    if role not in set(Role):
        raise InvalidInput("users.unknown_role", N_("There is no role “{role}”."), role=role)
    if session.scalar(select(User.id).where(User.email == address)) is not None:
        raise Conflict("users.exists", N_("There is an account for {email} already."), email=address)
    if password is not None:
        require_acceptable(password, address, shown)
    drafts = Drafts([1], {"email": [address], "name": [shown], "role": [role], "partner": [partner]})
    save_users(session, drafts, SaveOptions()).or_refuse()
    user = session.scalars(select(User).where(User.email == address)).one()
    if password is not None:
        store_password(session, user, password)
    return user


def reset_password(session: Session, email: str, password: str) -> User:
    """Reset a password: all sessions end, known devices and attempt counts are deleted.

    Raises:
        NotFound: ``users.not_found``.
        InvalidInput: ``users.password_…``.
    """
    user = reachable_user(session, email)
    require_acceptable(password, user.email, user.name)
    store_password(session, user, password)
    return user


@essential_writes()
def suspend_user(session: Session, email: str) -> User:
    """Suspend a user: all sessions end at once.

    Raises:
        NotFound: ``users.not_found``.
        Conflict: ``users.own_account``.
    """
    user = reachable_user(session, email)
    if user.id == actor_of(session).user_id:
        raise Conflict("users.own_account", N_("This is your own account: someone else has to lock it."))
    if user.status != UserStatus.LOCKED:
        _set_status(session, user, UserStatus.LOCKED)
        end_sessions_of(session, user, EndReason.LOCKED)
    return user


def reactivate_user(session: Session, email: str) -> User:
    """Reactivate a user, and delete failed attempts. Raises ``NotFound`` ``users.not_found``."""
    user = reachable_user(session, email)
    if user.status == UserStatus.LOCKED:
        user.left_at = None  # a returning user holds nothing at first
        _set_status(session, user, UserStatus.ACTIVE if user.password_hash else UserStatus.INVITED)
    _purge_failures(session, user)
    return user


def remove_second_factor(session: Session, email: str) -> User:
    """Remove a lost second factor.

    Raises:
        NotFound: ``users.not_found``.
        ReauthenticationNeeded: ``access.proof_needed``.
    """
    user = reachable_user(session, email)
    require_reauthentication(session)
    second_factor.remove(session, user)
    return user


def end_one_session(session: Session, email: str, session_id: int) -> int:
    """End one session of a user; return how many sessions ended.

    Raises:
        NotFound: ``users.not_found``, ``sessions.not_found``.
    """
    user = reachable_user(session, email)
    if session_id not in {row.id for row in open_sessions(session, user.id)}:
        raise NotFound("sessions.not_found", N_("There is no such session."))
    end_session(session, session_id, EndReason.ENDED_BY_ADMINISTRATOR)
    return 1


def end_sessions(session: Session, email: str) -> int:
    """End all sessions of a user; return how many sessions ended. Raises ``NotFound`` ``users.not_found``."""
    return end_sessions_of(session, reachable_user(session, email), EndReason.ENDED_BY_ADMINISTRATOR)


def list_users(session: Session) -> Sequence[tuple[User, str | None]]:
    """Return the users that the actor may see, with the codes of their partners, by e-mail."""
    actor_of(session).require(Permission.USER_VIEW)
    query = select(User, Partner.code).outerjoin(Partner, Partner.id == User.partner_id).order_by(User.email)
    return [(user, code) for user, code in session.execute(query)]


def who_can_grant(session: Session) -> list[str]:
    """Return the names of up to three users who can grant rights."""
    holders = select(User.name).where(User.role == Role.ADMINISTRATOR, User.status == UserStatus.ACTIVE)
    return list(session.scalars(holders.order_by(User.name).limit(3)))


def actor_of_email(session: Session, email: str, *, source: str) -> Actor:
    """Return the actor of an account: for commands that run with a person's rights and scope.

    Raises:
        NotFound: ``users.not_found``; also for an account that is not active.
    """
    user = reachable_user(session, email, is_change=False)
    if user.status != UserStatus.ACTIVE:
        raise _not_found(user.email)
    path = session.scalar(select(Partner.path).where(Partner.id == user.partner_id))
    return actor_of_user(user, path or "", source=source)


def store_password(session: Session, user: User, password: str) -> None:
    """Store an acceptable password; end sessions and earlier links, delete known devices and attempt counts."""
    user.password_hash, user.password_changed_at = hash_password(password), now()
    if user.status == UserStatus.INVITED:
        _set_status(session, user, UserStatus.ACTIVE)
    record(session, "user.password_changed", "users", [EventDraft(user.email, user.path)])
    end_sessions_of(session, user, EndReason.CREDENTIALS_CHANGED)
    _purge_failures(session, user)
    void_links(session, user)
    devices = delete(KnownDevice).where(KnownDevice.user_id == user.id)
    session.execute(devices.execution_options(**_SEE, synchronize_session=False))


def void_links(session: Session, user: User) -> None:
    """Void the one-time links of an account: they were made for the previous password."""
    links = update(OneTimeLink).where(OneTimeLink.user_id == user.id, OneTimeLink.used_at.is_(None))
    session.execute(links.values(used_at=now()).execution_options(**_SEE))


def _purge_failures(session: Session, user: User) -> None:
    purge_attempts(session, account_subject(user.email), f"factor:{user.id}")


def _set_status(session: Session, user: User, status: UserStatus) -> None:
    before, user.status, user.version, user.updated_at = user.status, status.value, user.version + 1, now()
    changes = {"status": [before, status.value]}
    record(session, "user.changed", "users", [EventDraft(user.email, user.path, changes, version=user.version)])


def reachable_user(session: Session, email: str, *, is_change: bool = True) -> User:
    """Return an account the actor may change: only of roles that the actor may grant."""
    actor = actor_of(session)
    actor.require(Permission.USER_EDIT)
    address = email.strip()[:EMAIL_LENGTH_MAX].lower()
    user = session.scalar(select(User).where(User.email == address).with_for_update())
    if user is None:
        raise _not_found(address)
    if is_change and Role(user.role) not in GRANTS.get(actor.role, frozenset()):
        raise NotFound("users.not_found", N_("There is no account for {email} that you may change."), email=address)
    return user


def _not_found(email: str) -> NotFound:
    return NotFound("users.not_found", N_("There is no account for {email}."), email=email)


def _parse_email(email: str) -> str:
    try:
        return str(EMAIL.parse(email))
    except Refused as refused:
        problem = Problem(refused.problem.code, N_("“{email}” is not an e-mail address."), {"email": email})
        raise InvalidInput(problem.code, problem.message, fields={"email": problem}, email=email) from refused
