"""Saving of users from forms and worksheets: role, partner, department and manager."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.database.chunks import in_chunks
from core.database.sessions import actor_of
from core.drafts import Drafts
from core.errors import CellProblem, Problem
from core.i18n import N_
from core.permissions import PARTNER_ROLES, Permission, Role
from models.accounts.departments import Department
from models.accounts.users import User
from models.partners.partners import Partner
from services.accounts.sessions import require_reauthentication
from services.hierarchies import layers, lock_organisation, refused_by_circles, stored_above
from services.partners.saving import UNKNOWN_PARTNER
from services.saving.lookups import look_up, look_up_references
from services.saving.plans import Plan, Rows, Saved, SaveOptions
from services.saving.rows import save_rows

PLAN = Plan(
    subject="users",
    model=User,
    keys=("email",),
    required=("name", "role"),
    defaults={"status": "invited", "language": "zh_CN", "theme": "auto"},
    derived_columns=("path", "language", "theme"),
    field_names={"partner_id": "partner", "department_id": "department", "manager_id": "manager"},
)

GRANTS: dict[Role, frozenset[Role]] = {
    Role.ADMINISTRATOR: frozenset(Role),
    Role.HR: frozenset(Role) - {Role.ADMINISTRATOR, Role.IT, Role.FINANCE},
    Role.IT: frozenset(Role) - {Role.ADMINISTRATOR, Role.FINANCE},
    Role.PARTNER_OWNER: PARTNER_ROLES,
}
"""Role → roles that its holder may grant, so that nobody can extend their own access."""

UNKNOWN_USER = Problem("users.not_found", N_("names no user: there is no {key}"))
UNKNOWN_DEPARTMENT = Problem("departments.not_found", N_("names no department: there is no {key}"))
LEFT = Problem("users.has_left", N_("names {key}, who has left: name somebody who works here"))
ELSEWHERE = Problem(
    "users.manager_elsewhere", N_("works elsewhere: people are led by somebody of their own partner, or above it")
)


@dataclass(frozen=True, slots=True)
class _UserInput:
    """One row merged with the stored user."""

    email: str
    role: str | None
    partner_id: int | None
    path: str
    department_id: int | None
    before: tuple[Any, ...] | None


def save_users(session: Session, drafts: Drafts, options: SaveOptions) -> Saved:
    """Invite people who are new, change those that differ.

    A partner's role needs a partner, a role of the brand must have none; a partner's owner adds to the own branch, by
    default to the own partner. Nobody grants a role beyond ``GRANTS``, and nobody changes their own role. A manager
    may stand in a later row; nobody leads themselves, not even through others. Locks the users that are there.

    Raises:
        NotPermitted: The actor may not edit users.
        ReauthenticationNeeded: ``access.proof_needed``, if a role is given or changed.
        Conflict: ``rows.changed_meanwhile``.
    """
    actor = actor_of(session)
    actor.require(Permission.USER_EDIT)
    if any(drafts.columns.get("manager", ())):
        lock_organisation(session)
    drafts, problems = _settle(session, actor, drafts)
    saved = Saved()
    for layer in _layers(session, drafts, problems):
        saved.add(_save(session, layer, options))
    saved.problems = sorted([*problems, *saved.problems], key=lambda problem: problem.row)
    return saved


def user_id_of(session: Session, email: str) -> int | None:
    """Return the id of a user by e-mail; None if the actor sees none."""
    return session.scalar(select(User.id).where(User.email == email))


def people_names(session: Session, persons: Iterable[str | None]) -> dict[str, str]:
    """Return person → name, for the people named in a record that the actor may see, wherever they work.

    This reveals no more than the record's own history.
    """
    named = select(User.email, User.name).where(User.email.in_([person for person in persons if person]))
    seeing = named.execution_options(see_all="who may see a record may know who did what with it, by name")
    return {user.email: user.name for user in session.execute(seeing)}


def refuse_left(session: Session, named: Mapping[int, int], field: str) -> list[CellProblem]:
    """Return a problem for each row that names a person who has left; locks the others named, so that they cannot
    leave.

    Args:
        session: Of the transaction that will store the names.
        named: Row number → number of the user it names.
        field: That names them.
    """
    numbers, gone = sorted(set(named.values())), {}
    for chunk in in_chunks(numbers):
        query = select(User.id, User.email, User.left_at).where(User.id.in_(chunk))
        locked = query.order_by(User.id).with_for_update(read=True, key_share=True)
        gone.update({number: email for number, email, left_at in session.execute(locked) if left_at is not None})
    return [
        CellProblem(row, field, gone[number], Problem(LEFT.code, LEFT.message, {"key": gone[number]}))
        for row, number in named.items()
        if number in gone
    ]


def _settle(session: Session, actor: Actor, drafts: Drafts) -> tuple[Drafts, list[CellProblem]]:
    """Return the drafts with resolved role, partner and department, and the problems of the others."""
    partners, problems = look_up_references(session, drafts, "partner", Partner.code, UNKNOWN_PARTNER, Partner.path)
    departments, unknown = look_up_references(session, drafts, "department", Department.code, UNKNOWN_DEPARTMENT)
    problems = [*problems, *unknown]
    drafts = drafts.without({problem.row for problem in problems})
    extra = (User.role, User.partner_id, User.path, User.department_id)
    known = look_up(session, User.email, drafts.columns["email"], *extra, lock=True)  # what is not stated is saved, too
    settled = []
    for index, row in enumerate(drafts.rows):
        one = _user_input(actor, drafts, index, known, partners, departments)
        settled.append(one)
        if problem := _refusal(actor, one):
            problems.append(CellProblem(row, *problem))
    columns = {name: values for name, values in drafts.columns.items() if name in {"name", "position", "manager"}}
    columns |= {name: [getattr(one, name) for one in settled] for name in ("email", "role", "partner_id", "path")}
    columns["department_id"] = [None if _is_partners(one.role) else one.department_id for one in settled]
    refused = {problem.row for problem in problems}
    if any(_gives_rights(one) for row, one in zip(drafts.rows, settled, strict=True) if row not in refused):
        require_reauthentication(session)
    return Drafts(drafts.rows, columns).without(refused), problems


def _user_input(
    actor: Actor,
    drafts: Drafts,
    index: int,
    known: Mapping[str, tuple[Any, ...]],
    partners: Mapping[int, tuple[int, str]],
    departments: Mapping[int, tuple[int]],
) -> _UserInput:
    row, email = drafts.rows[index], drafts.columns["email"][index]
    before = known.get(email)
    kept_role = before[1] if before else None
    role = drafts.columns["role"][index] if "role" in drafts.columns else kept_role
    own: tuple[Any, Any] = (None, "") if actor.is_brand else (actor.partner_id, actor.partner_path)
    kept = (before[2], before[3]) if before else own
    partner_id, path = partners.get(row, own) if "partner" in drafts.columns else kept
    kept_department = before[4] if before else None
    department_id = departments.get(row, (None,))[0] if "department" in drafts.columns else kept_department
    return _UserInput(email, role, partner_id, path, department_id, before)


def _refusal(actor: Actor, one: _UserInput) -> tuple[str, str, Problem] | None:
    """Return field, value and problem of an invalid row; None if it is valid."""
    if one.role is None:
        return "role", "", Problem("fields.required", N_("is required"))
    role, grants, before = Role(one.role), GRANTS.get(actor.role, frozenset()), one.before and one.before[1]
    moves = before is not None and one.partner_id != (one.before or (None, None, None))[2]
    if (role != before or moves) and one.email == actor.person:
        return "role", role, Problem("users.own_role", N_("is your own: someone else has to change it"))
    if (role != before or moves) and not {role, Role(before or role)} <= grants:
        return (
            "role",
            role,
            Problem("users.role_not_yours_to_give", N_("is a role that your own role may not give or take")),
        )
    if role in PARTNER_ROLES and one.partner_id is None:
        return "role", role, Problem("users.partner_required", N_("is a partner's role: name the partner"))
    if role not in PARTNER_ROLES and one.partner_id is not None:
        return "role", role, Problem("users.partner_not_allowed", N_("is a role of the brand: leave the partner empty"))
    if role in PARTNER_ROLES and one.department_id is not None and one.department_id != (one.before or (None,) * 5)[4]:
        return (
            "department",
            "",
            Problem("users.department_not_allowed", N_("belongs to the brand: a partner's people have none")),
        )
    return None


def _gives_rights(one: _UserInput) -> bool:
    return one.before is None or (one.role, one.partner_id) != (one.before[1], one.before[2])


def _is_partners(role: str | None) -> bool:
    return role is not None and Role(role) in PARTNER_ROLES


def _layers(session: Session, drafts: Drafts, problems: list[CellProblem]) -> list[Drafts]:
    """Return the drafts in the order in which they can be stored, without circles of managers."""
    managers = drafts.columns.get("manager")
    if managers is None or not any(managers):
        return [drafts]
    stated = dict(zip(drafts.columns["email"], managers, strict=True))
    row_of = dict(zip(drafts.columns["email"], drafts.rows, strict=True))
    there = look_up(session, User.email, drafts.columns["email"])
    for email, way in refused_by_circles(stated, stored_above(session, User.email, User.manager_id)).items():
        message, values = N_("would be led by themselves: {chain}"), {"chain": " → ".join(way)}
        problems.append(
            CellProblem(row_of[email], "manager", stated[email] or "", Problem("users.circle", message, values))
        )
        del stated[email]
    found = layers(stated, [email for email in stated if email not in there])
    return [drafts.only([email in layer for email in drafts.columns["email"]]) for layer in map(set, found)]


def _save(session: Session, drafts: Drafts, options: SaveOptions) -> Saved:
    managers, problems = look_up_references(session, drafts, "manager", User.email, UNKNOWN_USER, User.path)
    problems += refuse_left(session, {row: found[0] for row, found in managers.items()}, "manager")
    for row, path in zip(drafts.rows, drafts.columns["path"], strict=True):
        if row in managers and not _may_lead(managers[row][1], path):
            problems.append(CellProblem(row, "manager", "", ELSEWHERE))
    drafts = drafts.without({problem.row for problem in problems})
    columns: dict[str, Sequence[Any]] = {name: v for name, v in drafts.columns.items() if name != "manager"}
    if "manager" in drafts.columns:
        columns["manager_id"] = [managers[row][0] if row in managers else None for row in drafts.rows]
    saved = save_rows(session, PLAN, Rows(drafts.rows, drafts.columns["email"], _lists(columns)), options)
    saved.problems += problems
    return saved


def _may_lead(path: str, below: str) -> bool:
    """Return whether somebody at ``path`` may lead people at ``below``: the brand's own, or the same branch upwards."""
    return below.startswith(path) and bool(path) == bool(below)


def _lists(columns: Mapping[str, Sequence[Any]]) -> dict[str, list[Any]]:
    return {name: list(values) for name, values in columns.items()}
