"""Leaving of a person: their holdings are handed over and all access ends, in one unit of work.

The leaver is locked first, together with all successors, so that nothing can be assigned to them meanwhile: a
transaction that names a user locks that row too (``services.accounts.users.refuse_left``) and then reads that the
person has left.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.orm import Session

from core.clock import now
from core.database.sessions import actor_of
from core.errors import Conflict, InvalidInput, Problem
from core.events.log import EventDraft, record
from core.i18n import N_
from core.jobs.queueing import cancel_jobs
from core.permissions import ROLE_PERMISSIONS, Permission
from models.accounts.sessions import EndReason, KnownDevice, OneTimeLink
from models.accounts.tokens import ApiToken
from models.accounts.users import User, UserStatus
from models.orders import Order, OrderStatus
from services.accounts import second_factor
from services.accounts.administration import reachable_user
from services.accounts.sessions import end_sessions_of, require_reauthentication
from services.free_texts import Note, parse_note
from services.hierarchies import lock_organisation
from services.organisation.handover import KINDS, SEE, HandoverKind, hand_over, rows_of
from services.organisation.leaving_rules import RULES

SHOWN = 5  # rows named of each kind
MAY_DECIDE = [role.value for role, held in ROLE_PERMISSIONS.items() if Permission.ORDER_APPROVE in held]


@dataclass(frozen=True, slots=True)
class Holding:
    """What a person holds of one kind: how much, and the first few by their keys."""

    kind: HandoverKind
    count: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Holdings:
    """All holdings of a person who is to leave.

    Attributes:
        held: What somebody else must take over, kinds without any left out.
        ended: Label (English, a catalogue key) → how many end with the person.
        undecided_count: Orders that wait for a decision only this person could take; above 0 nobody can leave.
    """

    email: str
    name: str
    path: str
    held: tuple[Holding, ...]
    ended: Mapping[str, int]
    undecided_count: int


ENDED: Mapping[str, tuple[str, ...]] = {
    N_("Browsers signed in"): ("user_sessions.user_id",),
    N_("API keys"): ("api_tokens.user_id", "api_tokens.person"),
    N_("Open links to sign in"): ("one_time_links.user_id", "one_time_links.made_by"),
    N_("Jobs waiting or running"): ("jobs.person",),
}
"""Label of what ends → rules that count it."""


def holdings(session: Session, email: str) -> Holdings:
    """Return what a person holds, for deciding who takes it over; nothing is locked or changed.

    Raises:
        NotPermitted: The actor may not edit users.
        NotFound: ``users.not_found``.
        Conflict: ``users.own_account``, ``leaving.has_left``.
    """
    user = _leaver(session, email)
    held = [_holding(session, kind, user) for kind in KINDS]
    ended = {label: _count(session, user, rules) for label, rules in ENDED.items()}
    found = tuple(one for one in held if one.count)
    return Holdings(user.email, user.name, user.path, found, ended, _undecided(session, user))


def leave(session: Session, email: str, successors: Mapping[str, Sequence[str]], note: str = "") -> dict[str, int]:
    """Execute the leaving of a person; return how many rows of each kind were handed over.

    Args:
        session: Of a user who may edit users and has re-authenticated.
        email: Of the leaver.
        successors: Name of a kind → e-mails of its successors; several share it evenly where the kind allows it.
        note: For the audit log.

    Raises:
        NotPermitted: The actor may not edit users.
        ReauthenticationNeeded: ``access.proof_needed``.
        NotFound: ``users.not_found``.
        Conflict: ``users.own_account``, ``leaving.has_left``, ``leaving.nobody_decides``.
        InvalidInput: ``leaving.successors``, with the problem of each kind in ``fields``, or as ``parse_note``.
    """
    actor_of(session).require(Permission.USER_EDIT)
    require_reauthentication(session)
    checked = parse_note(note)
    lock_organisation(session)
    people = _lock(session, [email, *(name for names in successors.values() for name in names)])
    user = _leaver(session, email)
    if waiting := _undecided(session, user):
        message = N_(
            "Orders wait for a decision that nobody else could take ({count}): give somebody that right first."
        )
        raise Conflict("leaving.nobody_decides", message, count=waiting)
    chosen = _chosen(session, user, successors, people)
    counts = {kind.name: hand_over(session, kind, user, chosen[kind.name]) for kind in KINDS if kind.name in chosen}
    _end_access(session, user)
    _close(session, user, counts, checked)
    return counts


def possible_successors(session: Session, email: str, kind_name: str, text: str, most: int = 30) -> dict[str, str]:
    """Return e-mail → name of colleagues who may take over one kind from ``email``, best to show first.

    Raises: As ``holdings``.
    """
    user = _leaver(session, email)
    kind = next(one for one in KINDS if one.name == kind_name)
    roles = [role.value for role, held in ROLE_PERMISSIONS.items() if kind.needs is None or kind.needs in held]
    query = select(User).where(User.id != user.id, User.left_at.is_(None), User.status != UserStatus.LOCKED.value)
    if text:
        query = query.where(
            or_(User.email.icontains(text, autoescape=True), User.name.icontains(text, autoescape=True))
        )
    found = session.scalars(query.where(User.role.in_(roles)).order_by(User.name, User.email))
    near = [one for one in found if _covers(one, user)][:most]
    return {one.email: f"{one.name} · {one.email}" for one in near}


def _leaver(session: Session, email: str) -> User:
    user = reachable_user(session, email)
    if user.id == actor_of(session).user_id:
        raise Conflict("users.own_account", N_("This is your own account: someone else has to lock it."))
    if user.left_at is not None:
        raise Conflict("leaving.has_left", N_("{name} has left already."), name=user.name)
    return user


def _lock(session: Session, emails: Sequence[str]) -> dict[str, User]:
    """Return the people by e-mail, locked in the order of their numbers, so that two who leave at once cannot block."""
    names = {email.strip().lower() for email in emails}
    query = select(User).where(User.email.in_(names)).order_by(User.id).with_for_update()
    return {user.email: user for user in session.scalars(query)}


def _chosen(
    session: Session, user: User, successors: Mapping[str, Sequence[str]], people: Mapping[str, User]
) -> dict[str, list[User]]:
    """Return the successors of each kind with any holdings; raises with the problem of each kind."""
    chosen: dict[str, list[User]] = {}
    problems: dict[str, Problem] = {}
    for kind in KINDS:
        if not _holding(session, kind, user).count:
            continue
        names = list(dict.fromkeys(name.strip().lower() for name in successors.get(kind.name, ()) if name.strip()))
        chosen[kind.name] = [people[name] for name in names if name in people]
        if problem := _problem(kind, user, names, people):
            problems[kind.name] = problem
    if problems:
        message = N_("Say for everything who takes it over, and choose people who can.")
        raise InvalidInput("leaving.successors", message, fields=problems)
    return chosen


def _problem(kind: HandoverKind, user: User, names: Sequence[str], people: Mapping[str, User]) -> Problem | None:
    if not names:
        return Problem("leaving.successor_needed", N_("needs somebody who takes it over"))
    if len(names) > 1 and not kind.can_split:
        return Problem("leaving.not_divisible", N_("goes to one person only"))
    for name in names:
        successor = people.get(name)
        if successor is None:
            return Problem("users.not_found", N_("names no user: there is no {key}"), {"key": name})
        if successor.id == user.id:
            return Problem("leaving.to_oneself", N_("cannot stay with who leaves"))
        if successor.left_at is not None or successor.status == UserStatus.LOCKED:
            return Problem("leaving.successor_gone", N_("cannot go to {key}, who is locked or has left"), {"key": name})
        if not _covers(successor, user):
            message = N_("cannot go to {key}, who works for another branch")
            return Problem("leaving.successor_elsewhere", message, {"key": name})
        if not kind.accepts(successor):
            message = N_("cannot go to {key}, whose role does not permit it")
            return Problem("leaving.successor_role", message, {"key": name})
    return None


def _covers(successor: User, user: User) -> bool:
    """Return whether ``successor`` sees all that ``user`` sees: the brand's people, or the same branch upwards."""
    return user.path.startswith(successor.path)


def _holding(session: Session, kind: HandoverKind, user: User) -> Holding:
    rule = RULES[kind.rule]
    count = session.scalar(
        select(func.count()).select_from(rule.column.class_).where(rule.names(user)), execution_options=SEE
    )
    rows = session.execute(rows_of(kind, user).limit(SHOWN), execution_options=SEE).all() if count else []
    return Holding(kind, count or 0, tuple(str(row.key) for row in rows))


def _count(session: Session, user: User, names: Sequence[str]) -> int:
    rules = [RULES[name] for name in names]
    condition = or_(*(rule.names(user) for rule in rules))
    counted = select(func.count()).select_from(rules[0].column.class_).where(condition)
    return session.scalar(counted, execution_options=SEE) or 0


def _undecided(session: Session, user: User) -> int:
    """Return how many submitted orders only ``user`` could decide, and no other active user."""
    if user.role not in MAY_DECIDE:
        return 0
    others = select(User.email).where(User.role.in_(MAY_DECIDE), User.status == UserStatus.ACTIVE.value)
    names = session.scalars(others.where(User.id != user.id).limit(3), execution_options=SEE).all()
    if len(names) > 2:
        return 0  # at most two have a hand in one order, so somebody remains
    involved = [func.lower(func.coalesce(column, "")) for column in (Order.placed_by, Order.submitted_by)]
    waiting = select(func.count()).select_from(Order).where(Order.status == OrderStatus.SUBMITTED.value)
    mine = and_(*(column != user.email for column in involved))
    barred = [or_(*(column == name for column in involved)) for name in names]
    return session.scalar(waiting.where(mine, *barred), execution_options=SEE) or 0


def _end_access(session: Session, user: User) -> None:
    """End all access: sessions, keys, links, devices, the second factor, and running jobs."""
    end_sessions_of(session, user, EndReason.LOCKED)
    options: dict[str, Any] = {"execution_options": {**SEE, "synchronize_session": False}}
    keys = update(ApiToken).where(or_(RULES["api_tokens.user_id"].names(user), RULES["api_tokens.person"].names(user)))
    revoked = session.execute(keys.values(revoked_at=now()).returning(ApiToken.prefix, ApiToken.name), **options).all()
    record(session, "token.revoked", "tokens", [EventDraft(prefix, data={"name": name}) for prefix, name in revoked])
    links = [RULES[name].names(user) for name in ("one_time_links.user_id", "one_time_links.made_by")]
    session.execute(update(OneTimeLink).where(or_(*links)).values(used_at=now()), **options)
    cancel_jobs(session, RULES["jobs.person"].names(user))
    session.execute(delete(KnownDevice).where(RULES["known_devices.user_id"].names(user)), **options)
    second_factor.delete_factor(session, user)


def _close(session: Session, user: User, counts: Mapping[str, int], note: Note) -> None:
    before = {"status": user.status, "department": user.department_id, "manager": user.manager_id}
    user.status, user.left_at, user.updated_at = UserStatus.LOCKED.value, now(), now()
    user.password_hash = user.department_id = user.manager_id = None
    user.version += 1
    after = {"status": user.status, "department": None, "manager": None}
    changes = {name: [old, after[name]] for name, old in before.items() if old != after[name]}
    data = {"handed_over": dict(counts), **({"note": note} if note else {})}
    record(session, "user.left", "users", [EventDraft(user.email, user.path, changes, data, user.version)])
    session.flush()
