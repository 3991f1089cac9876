"""One-time links: set-up of an empty installation, invitations, password resets. Each works once."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.sessions import actor_of
from core.errors import NotFound, Problem
from core.events.log import EventDraft, record
from core.i18n import N_
from core.permissions import Permission, Role
from core.settings import settings
from models.accounts.sessions import LinkPurpose, OneTimeLink
from models.accounts.users import User, UserStatus
from models.partners.partners import Partner
from services.accounts.administration import create_user, reachable_user, store_password
from services.accounts.one_time_secrets import new_token, token_hash
from services.accounts.passwords import require_acceptable

LINK_LASTS = timedelta(days=3)
SET_UP_LASTS = timedelta(days=1)
SETUP = Actor("set-up", Role.ADMINISTRATOR, person="set-up", source="command line")
"""System actor that creates the first account."""

_SEE = {"see_all": "the holder of a one-time link may see the account it was made for"}


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link made for one of many people, or why it was not; ``path`` is "" then."""

    email: str
    name: str
    path: str
    problem: Problem | None = None


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """State of a link: its maker, and its instants, None for what has not happened."""

    purpose: LinkPurpose
    made_by: str
    created_at: datetime
    expires_at: datetime
    opened_at: datetime | None
    used_at: datetime | None

    @property
    def is_open(self) -> bool:
        """Return whether the link is still valid."""
        return self.used_at is None and self.expires_at > now()


@dataclass(frozen=True, slots=True)
class LinkRecipient:
    """The recipient of a link: ``partner`` and ``made_by`` are names, "" for none; ``is_new``: without a password."""

    email: str
    name: str
    role: str
    partner: str
    made_by: str
    is_new: bool


def password_link(session: Session, email: str) -> str:
    """Return the path of a one-time link with which the person chooses a password; earlier links are void.

    Raises:
        NotFound: ``users.not_found``.
    """
    user = reachable_user(session, email)
    purpose = LinkPurpose.RESET if user.password_hash else LinkPurpose.INVITATION
    record(session, "user.link_made", "users", [EventDraft(user.email, user.path, data={"purpose": purpose.value})])
    return f"/password?token={_new_link(session, purpose, user.id, now() + LINK_LASTS)}"


def password_links(session: Session, emails: Sequence[str]) -> list[NewLink]:
    """Make links for many users at once; a failure does not affect the others.

    Raises:
        NotPermitted: The actor may not edit users, or not export data.
    """
    actor = actor_of(session)
    actor.require(Permission.USER_EDIT)
    actor.require(Permission.EXPORT)
    made = [_made(session, email) for email in dict.fromkeys(emails)]
    facts = {"rows": sum(one.problem is None for one in made)}
    record(session, "users.links_exported", "users", [EventDraft("", actor.partner_path, data=facts)])
    return made


def last_link(session: Session, email: str) -> LinkFacts | None:
    """Return the state of the last link made for a user; None if there is none that the actor may see."""
    query = select(OneTimeLink).join(User, User.id == OneTimeLink.user_id).where(User.email == email)
    link = session.scalar(query.order_by(OneTimeLink.id.desc()).limit(1))
    if link is None:
        return None
    return LinkFacts(
        LinkPurpose(link.purpose), link.made_by, link.created_at, link.expires_at, link.opened_at, link.used_at
    )


def note_opened(session: Session, token: str) -> None:
    """Record when the page of a link was first shown. Raises ``NotFound`` ``links.not_valid``."""
    link = _valid_link(session, token)
    if link.opened_at is None:
        link.opened_at = now()


def invited_by(session: Session, token: str) -> LinkRecipient:
    """Return the recipient of a link. Raises ``NotFound`` ``links.not_valid``."""
    link, user = _valid_link(session, token), user_of_link(session, token)
    partner = session.scalar(select(Partner.name).where(Partner.id == user.partner_id).execution_options(**_SEE))
    maker = session.scalar(select(User.name).where(User.email == link.made_by).execution_options(**_SEE))
    is_new = link.purpose == LinkPurpose.INVITATION
    return LinkRecipient(user.email, user.name, user.role, partner or "", maker or "", is_new)


def user_of_link(session: Session, token: str) -> User:
    """Return the user whose password a link may set.

    Raises:
        NotFound: ``links.not_valid``; the same for used, expired and unknown links.
    """
    link = _valid_link(session, token)
    query = select(User).where(User.id == link.user_id).with_for_update().execution_options(**_SEE)
    user = session.scalar(query)
    if user is None or user.status == UserStatus.LOCKED:
        raise _link_not_valid()
    return user


def choose_password(session: Session, token: str, password: str) -> User:
    """Let the holder of a link choose a password; the link is used up.

    Raises:
        NotFound: ``links.not_valid``.
        InvalidInput: ``users.password_…``; the link stays good.
    """
    user = user_of_link(session, token)
    require_acceptable(password, user.email, user.name)
    _valid_link(session, token).used_at = now()
    store_password(session, user, password)
    return user


def nobody_exists(session: Session) -> bool:
    """Return whether there is no account yet."""
    everyone = select(func.count()).select_from(User).execution_options(see_all="whether anyone exists at all")
    return not session.scalar(everyone)


def create_first_administrator(session: Session) -> User | None:
    """Create the administrator that the settings name, if there is no account yet and they name one.

    Raises:
        InvalidInput: ``users.password_…``, ``email.invalid``.
    """
    if not settings().admin_email or not nobody_exists(session):
        return None
    name = settings().admin_email.split("@")[0]
    return create_user(
        session, settings().admin_email, name=name, role=Role.ADMINISTRATOR, password=settings().admin_password
    )


def setup_link(session: Session) -> str | None:
    """Return the path of a one-time link with which the first administrator is created; None if there is an account."""
    if not nobody_exists(session):
        return None
    return f"/setup?token={_new_link(session, LinkPurpose.SET_UP, None, now() + SET_UP_LASTS)}"


def require_set_up_link(session: Session, token: str) -> None:
    """Require the printed link, and that there is no account yet.

    Raises:
        NotFound: ``links.not_valid``.
    """
    if not nobody_exists(session) or _valid_link(session, token).purpose != LinkPurpose.SET_UP:
        raise _link_not_valid()


def set_up(session: Session, token: str, email: str, name: str, password: str) -> User:
    """Create the first administrator; all set-up links become invalid.

    Raises:
        NotFound: ``links.not_valid``.
        InvalidInput: ``email.invalid``, ``users.password_…``; the link stays good.
    """
    require_set_up_link(session, token)
    shown = name.strip() or email.split("@")[0]
    user = create_user(session, email, name=shown, role=Role.ADMINISTRATOR, password=password)
    _valid_link(session, token).used_at = now()
    return user


def _made(session: Session, email: str) -> NewLink:
    try:
        user = reachable_user(session, email)
    except NotFound as hidden:
        return NewLink(email, "", "", hidden.problem)
    if user.status == UserStatus.LOCKED:
        return NewLink(email, user.name, "", Problem("users.locked", N_("This account is locked: unlock it first.")))
    return NewLink(email, user.name, password_link(session, email))


def _new_link(session: Session, purpose: LinkPurpose, user_id: int | None, expires_at: datetime) -> str:
    older = select(OneTimeLink).where(OneTimeLink.used_at.is_(None), OneTimeLink.user_id.is_not_distinct_from(user_id))
    for link in session.scalars(older):
        link.used_at = now()
    token = new_token()
    session.add(
        OneTimeLink(
            token_hash=token_hash(token),
            purpose=purpose.value,
            user_id=user_id,
            made_by=actor_of(session).person,
            created_at=now(),
            expires_at=expires_at,
        )
    )
    return token


def _valid_link(session: Session, token: str) -> OneTimeLink:
    query = select(OneTimeLink).where(OneTimeLink.token_hash == token_hash(token)).with_for_update()
    link = session.scalar(query.execution_options(**_SEE))
    if link is None or link.used_at is not None or link.expires_at <= now():
        raise _link_not_valid()
    return link


def _link_not_valid() -> NotFound:
    return NotFound("links.not_valid", N_("This link is not valid any more. Ask for a new one."))
