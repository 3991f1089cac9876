"""How people with an account appear."""

from core.event_actions import EventAction
from core.i18n import N_
from core.kinds.standard import EMAIL, INSTANT, LINE, NAME, choice, choices_of, reference
from core.permissions import Permission
from core.resource import Field, Resource
from models.accounts.departments import Department
from models.accounts.users import ROLE_LABELS, STATUS_LABELS, User
from models.partners.partners import Partner
from services.accounts.users import GRANTS, save_users

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
    events=(
        EventAction("user.signed_in", N_("Signed in"), N_("signed in")),
        EventAction("user.sign_in_failed", N_("Sign-in failed"), N_("failed to sign in"), tone="danger"),
        EventAction("user.session_ended", N_("Session ended"), N_("ended a session")),
        EventAction("user.password_changed", N_("Password changed"), N_("changed the password")),
        EventAction("user.link_made", N_("One-time link made"), N_("made a one-time link")),
        EventAction("user.second_factor_enrolled", N_("Second factor set up"), N_("set up the second factor")),
        EventAction("user.second_factor_removed", N_("Second factor removed"), N_("removed the second factor")),
        EventAction("user.one_time_code_used", N_("One-time code used"), N_("used a one-time code")),
        EventAction("user.one_time_codes_renewed", N_("One-time codes renewed"), N_("renewed the one-time codes")),
        EventAction("user.left", N_("Left"), N_("let them leave")),
        EventAction("users.links_exported", N_("Links to sign in exported"), N_("took links to sign in")),
    ),
    fields=(
        Field(
            name="email", label=N_("E-mail"), kind=EMAIL, column=User.email, required=True, example="limin@example.com"
        ),
        Field(name="name", label=N_("Name"), kind=NAME, column=User.name, required=True, example="李敏"),
        Field(
            name="role",
            label=N_("Role"),
            kind=choice(*choices_of(ROLE_LABELS)),
            choices_for=lambda actor: GRANTS.get(actor.role, frozenset()),
            column=User.role,
            required=True,
            example="sales",
            synonyms="角色|岗位",
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
            synonyms="所属部门|所在部门|dept",
        ),
        Field(
            name="position",
            label=N_("Job title"),
            kind=LINE,
            column=User.position,
            example="区域经理",
            synonyms="岗位名称|职务|job|job title",
        ),
        Field(
            name="manager", label=N_("Manager"), kind=reference("users", User.email, User.name), column=User.manager_id
        ),
        Field(name="created_at", label=N_("Created"), kind=INSTANT, column=User.created_at, stated=False),
        Field(name="left_at", label=N_("Left"), kind=INSTANT, column=User.left_at, stated=False),
    ),
)
