"""How departments of the brand appear."""

from core.event_actions import EventAction
from core.i18n import N_
from core.kinds.standard import CODE, INSTANT, NAME, reference
from core.permissions import Permission
from core.resource import Action, Field, Resource
from models.accounts.departments import Department
from models.accounts.users import User
from services.organisation.departments import delete_departments, save_departments

DEPARTMENTS = Resource(
    name="departments",
    label=N_("Departments"),
    title=N_("Department"),
    model=Department,
    keys=("code",),
    view=Permission.ORGANISATION_VIEW,
    edit=Permission.ORGANISATION_EDIT,
    save=save_departments,
    order=("code",),
    actions=(
        Action(
            name="delete",
            label=N_("Delete"),
            permission=Permission.ORGANISATION_EDIT,
            run=delete_departments,
            is_dangerous=True,
        ),
    ),
    events=(EventAction("department.deleted", N_("Department deleted"), N_("deleted it")),),
    fields=(
        Field(
            name="code", label=N_("Department code"), kind=CODE, column=Department.code, required=True, example="SALES"
        ),
        Field(
            name="name",
            label=N_("Department name"),
            kind=NAME,
            column=Department.name,
            required=True,
            example="销售部",
        ),
        Field(
            name="parent",
            label=N_("Part of"),
            kind=reference("departments", Department.code, Department.name),
            column=Department.parent_id,
            synonyms="上级部门编码|上级部门名称|parent department",
        ),
        Field(
            name="manager",
            label=N_("Head"),
            kind=reference("users", User.email, User.name),
            column=Department.manager_id,
        ),
        Field(name="created_at", label=N_("Created"), kind=INSTANT, column=Department.created_at, stated=False),
        Field(
            name="updated_at",
            label=N_("Changed"),
            kind=INSTANT,
            column=Department.updated_at,
            stated=False,
            seldom=True,
        ),
    ),
)
