"""How people with an account appear."""

from core.i18n import N_
from core.kinds.standard import EMAIL, INSTANT, NAME, choice, choices_of, reference
from core.permissions import Permission
from core.resource import Field, Resource
from models.accounts.departments import Department
from models.accounts.users import ROLE_LABELS, STATUS_LABELS, User
from models.partners.partners import Partner
from services.accounts.users import save_users

USERS = Resource(
    name="users",
    label=N_("Users"),
    title=N_("User"),
    model=User,
    keys=("email",),
    view=Permission.USER_VIEW,
    edit=Permission.USER_EDIT,
    save=save_users,
    order=("email",),
    search_rank=7,
    fields=(
        Field(
            name="email", label=N_("E-mail"), kind=EMAIL, column=User.email, required=True, example="limin@example.com"
        ),
        Field(name="name", label=N_("Name"), kind=NAME, column=User.name, required=True, example="李敏"),
        Field(
            name="role",
            label=N_("Role"),
            kind=choice(*choices_of(ROLE_LABELS)),
            column=User.role,
            required=True,
            example="sales",
        ),
        Field(
            name="partner",
            label=N_("Partner"),
            kind=reference("partners", Partner.code, Partner.name),
            column=User.partner_id,
        ),
        Field(
            name="status", label=N_("Status"), kind=choice(*choices_of(STATUS_LABELS)), column=User.status, stated=False
        ),
        Field(
            name="department",
            label=N_("Department"),
            kind=reference("departments", Department.code, Department.name),
            column=User.department_id,
            confidential_to=Permission.ORGANISATION_VIEW,
        ),
        Field(name="position", label=N_("Job title"), kind=NAME, column=User.position, example="区域经理"),
        Field(
            name="manager", label=N_("Manager"), kind=reference("users", User.email, User.name), column=User.manager_id
        ),
        Field(name="created_at", label=N_("Created"), kind=INSTANT, column=User.created_at, stated=False),
        Field(name="left_at", label=N_("Left"), kind=INSTANT, column=User.left_at, stated=False),
    ),
)
