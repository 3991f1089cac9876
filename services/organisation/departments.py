"""Departments of the brand: saving from forms and worksheets in any row order, deletion, organisation chart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.drafts import Drafts
from core.errors import CellProblem, Problem
from core.events.log import EventDraft, record
from core.i18n import N_
from core.permissions import Permission
from models.accounts.departments import Department
from models.accounts.users import User
from services.accounts.users import UNKNOWN_DEPARTMENT, UNKNOWN_USER, refuse_left
from services.free_texts import Note, parse_note
from services.hierarchies import layers, lock_organisation, refused_by_circles, stored_above
from services.outcomes import Outcome
from services.saving.lookups import look_up, look_up_references
from services.saving.plans import Plan, Rows, Saved, SaveOptions
from services.saving.rows import save_rows

PLAN = Plan(
    subject="departments",
    model=Department,
    keys=("code",),
    required=("name",),
    field_names={"parent_id": "parent", "manager_id": "manager"},
)


@dataclass(frozen=True, slots=True)
class Person:
    """A person in the organisation chart."""

    email: str
    name: str
    position: str
    role: str
    manager: str = ""


@dataclass(frozen=True, slots=True)
class Unit:
    """A department with its people and sub-departments; ``people_count`` counts all of them.

    ``code`` is "" for the people who are in no department.
    """

    code: str
    name: str
    head: Person | None
    people: tuple[Person, ...]
    units: tuple["Unit", ...]
    people_count: int


def save_departments(session: Session, drafts: Drafts, options: SaveOptions) -> Saved:
    """Add departments that are new, change those that differ. The one above may stand in a later row.

    All rows of one worksheet must come in one call.

    Raises:
        NotPermitted: The actor may not edit the organisation.
        Conflict: ``rows.changed_meanwhile``.
    """
    actor_of(session).require(Permission.ORGANISATION_EDIT)
    lock_organisation(session)
    saved = Saved()
    problems: list[CellProblem] = []
    for layer in _layers(session, drafts, problems):
        saved.add(_save(session, layer, options))
    saved.problems = sorted([*problems, *saved.problems], key=lambda problem: problem.row)
    return saved


def delete_departments(session: Session, codes: Sequence[str], note: str = "") -> list[Outcome]:
    """Delete departments without people and sub-departments; return the outcome of each.

    Raises:
        NotPermitted: The actor may not edit the organisation.
    """
    actor_of(session).require(Permission.ORGANISATION_EDIT)
    checked = parse_note(note)
    lock_organisation(session)
    return [Outcome(code, _delete(session, code, checked)) for code in codes]


def organisation(session: Session) -> list[Unit]:
    """Return the top departments with all below them, then the people in none; without those who have left.

    Raises:
        NotPermitted: The actor may not see the organisation.
    """
    actor_of(session).require(Permission.ORGANISATION_VIEW)
    people, by_department = _people(session)
    departments = session.scalars(select(Department).order_by(Department.code)).all()
    below: dict[int | None, list[Department]] = {}
    for one in departments:
        below.setdefault(one.parent_id, []).append(one)

    def unit(one: Department) -> Unit:
        units = tuple(unit(lower) for lower in below.get(one.id, []))
        own = tuple(by_department.get(one.id, ()))
        count = len(own) + sum(lower.people_count for lower in units)
        return Unit(one.code, one.name, people.get(one.manager_id or 0), own, units, count)

    rest = tuple(by_department.get(None, ()))
    return [*(unit(one) for one in below.get(None, [])), *([Unit("", "", None, rest, (), len(rest))] if rest else [])]


def _people(session: Session) -> tuple[dict[int, Person], dict[int | None, list[Person]]]:
    """Return the brand's people by number and by department, by name."""
    columns = (User.id, User.email, User.name, User.position, User.role, User.department_id, User.manager_id)
    query = select(*columns).where(User.partner_id.is_(None), User.left_at.is_(None)).order_by(User.name, User.email)
    rows = session.execute(query).all()
    names = {row.id: row.name for row in rows}
    people = {
        row.id: Person(row.email, row.name, row.position or "", row.role, names.get(row.manager_id, "")) for row in rows
    }
    by_department: dict[int | None, list[Person]] = {}
    for row in rows:
        by_department.setdefault(row.department_id, []).append(people[row.id])
    return people, by_department


def _layers(session: Session, drafts: Drafts, problems: list[CellProblem]) -> list[Drafts]:
    parents = drafts.columns.get("parent")
    if parents is None or not any(parents):
        return [drafts]
    codes = drafts.columns["code"]
    stated = dict(zip(codes, parents, strict=True))
    row_of = dict(zip(codes, drafts.rows, strict=True))
    there = look_up(session, Department.code, codes)
    for code, way in refused_by_circles(stated, stored_above(session, Department.code, Department.parent_id)).items():
        message, values = N_("would be part of itself: {chain}"), {"chain": " → ".join(way)}
        problems.append(
            CellProblem(row_of[code], "parent", stated[code] or "", Problem("departments.circle", message, values))
        )
        del stated[code]
    found = layers(stated, [code for code in stated if code not in there])
    return [drafts.only([code in layer for code in codes]) for layer in map(set, found)]


def _save(session: Session, drafts: Drafts, options: SaveOptions) -> Saved:
    parents, problems = look_up_references(session, drafts, "parent", Department.code, UNKNOWN_DEPARTMENT)
    heads, strangers = look_up_references(session, drafts, "manager", User.email, UNKNOWN_USER, User.partner_id)
    problems = [*problems, *strangers]
    problems += refuse_left(session, {row: found[0] for row, found in heads.items()}, "manager")
    for row, (_, partner_id) in heads.items():
        if partner_id is not None:
            problem = Problem("departments.head_of_partner", N_("works for a partner: a department is headed by staff"))
            problems.append(CellProblem(row, "manager", "", problem))
    drafts = drafts.without({problem.row for problem in problems})
    columns: dict[str, list[Any]] = {name: v for name, v in drafts.columns.items() if name in {"code", "name"}}
    if "parent" in drafts.columns:
        columns["parent_id"] = [parents[row][0] if row in parents else None for row in drafts.rows]
    if "manager" in drafts.columns:
        columns["manager_id"] = [heads[row][0] if row in heads else None for row in drafts.rows]
    saved = save_rows(session, PLAN, Rows(drafts.rows, drafts.columns["code"], columns), options)
    saved.problems += problems
    return saved


def _delete(session: Session, code: str, note: Note) -> Problem | None:
    row = session.scalar(select(Department).where(Department.code == code).with_for_update())
    if row is None:
        return Problem("departments.not_found", N_("There is no department {key}."), {"key": code})
    in_it = select(func.count()).select_from(User).where(User.department_id == row.id)
    part = select(func.count()).select_from(Department).where(Department.parent_id == row.id)
    people, units = session.scalar(in_it) or 0, session.scalar(part) or 0
    if people or units:
        message = N_("It is not empty: move its people ({people}) and departments ({units}) first.")
        return Problem("departments.not_empty", message, {"people": people, "units": units})
    session.execute(delete(Department).where(Department.id == row.id))
    data = {"name": row.name} | ({"note": note} if note else {})
    record(session, "department.deleted", "departments", [EventDraft(code, data=data)])
    return None
