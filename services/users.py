"""People with an account: stated by staff or by a worksheet, their roles and their partner."""

from sqlalchemy.orm import Session

from core.access import PARTNER_ROLES, Actor, Permission, Role
from core.database import actor_of
from core.drafts import Drafts
from core.errors import CellProblem, Problem
from core.i18n import N_
from models.partners import Partner
from models.users import User
from services.customers import UNKNOWN_PARTNER
from services.saving import Plan, Rows, Saved, SaveOptions, look_up, resolve, save_rows

PLAN = Plan(
    subject="users",
    noun="user",
    model=User,
    keys=("email",),
    columns=("email", "name", "role", "partner_id"),
    required=("name", "role"),
    defaults={"status": "invited", "language": "zh_CN", "theme": "auto"},
)

GRANTS: dict[Role, frozenset[Role]] = {
    Role.ADMINISTRATOR: frozenset(Role),
    Role.HR: frozenset(Role) - {Role.ADMINISTRATOR, Role.IT, Role.FINANCE},
    Role.IT: frozenset(Role) - {Role.ADMINISTRATOR, Role.FINANCE},
}
"""Role → roles that its holder may give: nobody gives what would let them in further than they are."""


def save_users(session: Session, drafts: Drafts, options: SaveOptions) -> Saved:
    """Invite people who are new, change those that differ.

    A partner's role needs a partner, a role of the brand must have none; nobody gives a role above their own reach,
    and nobody changes their own role.

    Raises:
        NotPermitted: The actor may not edit users.
    """
    actor = actor_of(session)
    actor.require(Permission.USER_EDIT)
    partners, problems = resolve(session, drafts, "partner", Partner.code, UNKNOWN_PARTNER, Partner.path)
    drafts = drafts.without({problem.row for problem in problems})
    known = look_up(session, User.email, drafts.columns["email"], User.role, User.partner_id, User.path)
    columns: dict[str, list[object]] = {"email": [], "role": [], "partner_id": [], "path": []}
    for index, row in enumerate(drafts.rows):
        email = drafts.columns["email"][index]
        before = known.get(email)
        role = drafts.columns["role"][index] if "role" in drafts.columns else before and before[1]
        partner = partners.get(row, (None, "")) if "partner" in drafts.columns else before and before[2:]
        problem = _refusal(actor, email, before and before[1], role, (partner or (None, ""))[0])
        if problem:
            problems.append(CellProblem(row, "role", str(role or ""), problem))
        for name, value in zip(columns, (email, role, *(partner or (None, ""))), strict=True):
            columns[name].append(value)
    refused = {problem.row for problem in problems}
    ready = Drafts(drafts.rows, {**{k: v for k, v in drafts.columns.items() if k == "name"}, **columns})
    ready = ready.without(refused)
    saved = save_rows(session, PLAN, Rows(ready.rows, ready.columns["email"], ready.columns), options)
    saved.problems = sorted([*problems, *saved.problems], key=lambda problem: problem.row)
    return saved


def _refusal(actor: Actor, email: str, before: str | None, role: str | None, partner_id: int | None) -> Problem | None:
    if role is None:
        return Problem("fields.required", N_("is required"))
    grants = GRANTS.get(actor.role, frozenset())
    if role != before and email == actor.person:
        return Problem("users.own_role", N_("is your own: someone else has to change it"))
    if (Role(role) not in grants and role != before) or (before and Role(before) not in grants and role != before):
        return Problem("users.role_not_yours_to_give", N_("is a role that your own role may not give or take"))
    if Role(role) in PARTNER_ROLES and partner_id is None:
        return Problem("users.partner_required", N_("is a partner's role: name the partner"))
    if Role(role) not in PARTNER_ROLES and partner_id is not None:
        return Problem("users.partner_not_allowed", N_("is a role of the brand: leave the partner empty"))
    return None
