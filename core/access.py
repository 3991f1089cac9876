"""Who is acting, and what they may do. The whole permission matrix is this one file: print it for the auditor."""

from dataclasses import dataclass, field
from enum import StrEnum

from core.errors import NotPermitted
from core.i18n import DEFAULT_LANGUAGE, N_, translate


class Role(StrEnum):
    """What a person is in the brand or in a partner."""

    ADMINISTRATOR = "administrator"
    EXECUTIVE = "executive"
    OPERATIONS = "operations"
    SALES = "sales"
    FINANCE = "finance"
    MARKETING = "marketing"
    HR = "hr"
    IT = "it"
    PARTNER_OWNER = "partner_owner"
    PARTNER_CLERK = "partner_clerk"


PARTNER_ROLES = frozenset({Role.PARTNER_OWNER, Role.PARTNER_CLERK})


class Permission(StrEnum):
    """What may be permitted: ``<thing>.<verb>``."""

    CUSTOMER_VIEW = "customer.view"
    CUSTOMER_EDIT = "customer.edit"
    PARTNER_VIEW = "partner.view"
    PARTNER_EDIT = "partner.edit"
    PARTNER_CREDIT_VIEW = "partner.credit_view"
    PARTNER_CREDIT_EDIT = "partner.credit_edit"
    PRODUCT_VIEW = "product.view"
    PRODUCT_EDIT = "product.edit"
    PRICE_VIEW = "price.view"
    PRICE_EDIT = "price.edit"
    ORDER_VIEW = "order.view"
    ORDER_PLACE = "order.place"
    ORDER_APPROVE = "order.approve"
    ORDER_SHIP = "order.ship"
    STORE_VIEW = "store.view"
    STORE_EDIT = "store.edit"
    STORE_REGISTER = "store.register"
    STORE_REVIEW = "store.review"
    USER_VIEW = "user.view"
    USER_EDIT = "user.edit"
    TOKEN_EDIT = "token.edit"
    JOB_VIEW = "job.view"
    SYSTEM_OPERATE = "system.operate"
    EVENT_VIEW = "event.view"
    INVITE_EDIT = "invite.edit"
    APPLICATION_VIEW = "application.view"
    APPLICATION_CONFIRM = "application.confirm"
    APPLICATION_DECIDE = "application.decide"
    AFFILIATION_ASK = "affiliation.ask"
    IMPORT_VIEW = "import.view"
    ORGANISATION_VIEW = "organisation.view"
    ORGANISATION_EDIT = "organisation.edit"
    EXPORT = "export.make"


PERMISSION_LABELS: dict[Permission, str] = {
    Permission.CUSTOMER_VIEW: N_("see customers"),
    Permission.CUSTOMER_EDIT: N_("change customers"),
    Permission.PARTNER_VIEW: N_("see partners"),
    Permission.PARTNER_EDIT: N_("change partners"),
    Permission.PARTNER_CREDIT_VIEW: N_("see credit limits"),
    Permission.PARTNER_CREDIT_EDIT: N_("change credit limits"),
    Permission.PRODUCT_VIEW: N_("see products"),
    Permission.PRODUCT_EDIT: N_("change products"),
    Permission.PRICE_VIEW: N_("see prices"),
    Permission.PRICE_EDIT: N_("change prices"),
    Permission.ORDER_VIEW: N_("see orders"),
    Permission.ORDER_PLACE: N_("place orders"),
    Permission.ORDER_APPROVE: N_("decide orders"),
    Permission.ORDER_SHIP: N_("ship orders"),
    Permission.STORE_VIEW: N_("see stores"),
    Permission.STORE_EDIT: N_("change stores"),
    Permission.STORE_REGISTER: N_("register stores"),
    Permission.STORE_REVIEW: N_("review stores"),
    Permission.USER_VIEW: N_("see users"),
    Permission.USER_EDIT: N_("change users"),
    Permission.TOKEN_EDIT: N_("make and revoke API keys"),
    Permission.JOB_VIEW: N_("see the jobs of everybody"),
    Permission.SYSTEM_OPERATE: N_("operate the installation"),
    Permission.EVENT_VIEW: N_("read the audit trail"),
    Permission.INVITE_EDIT: N_("make invites"),
    Permission.APPLICATION_VIEW: N_("see applications"),
    Permission.APPLICATION_CONFIRM: N_("confirm applications for the upstream"),
    Permission.APPLICATION_DECIDE: N_("decide applications"),
    Permission.AFFILIATION_ASK: N_("ask for a change of upstream"),
    Permission.IMPORT_VIEW: N_("see imports"),
    Permission.ORGANISATION_VIEW: N_("see the organisation"),
    Permission.ORGANISATION_EDIT: N_("change the organisation"),
    Permission.EXPORT: N_("export"),
}
"""What each permission lets somebody do, as people read it."""
STATED_BY: dict[Permission, Permission] = {Permission.PARTNER_CREDIT_VIEW: Permission.PARTNER_CREDIT_EDIT}
"""Who sees a confidential field → who states it, where that is not whoever edits the rest of the row."""

_BRAND = frozenset({Permission.ORGANISATION_VIEW})
_VIEW_CHANNEL = frozenset(
    {
        Permission.CUSTOMER_VIEW,
        Permission.PARTNER_VIEW,
        Permission.PRODUCT_VIEW,
        Permission.PRICE_VIEW,
        Permission.ORDER_VIEW,
        Permission.STORE_VIEW,
        Permission.EXPORT,
    }
)
_BRING_PARTNERS = frozenset({Permission.INVITE_EDIT, Permission.APPLICATION_VIEW, Permission.AFFILIATION_ASK})
_PARTNER_CLERK = frozenset(
    {
        Permission.CUSTOMER_VIEW,
        Permission.CUSTOMER_EDIT,
        Permission.PARTNER_VIEW,
        Permission.PRODUCT_VIEW,
        Permission.PRICE_VIEW,
        Permission.ORDER_VIEW,
        Permission.ORDER_PLACE,
        Permission.STORE_VIEW,
        Permission.STORE_REGISTER,
        Permission.IMPORT_VIEW,
        Permission.EXPORT,
    }
)

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.ADMINISTRATOR: frozenset(Permission),
    Role.EXECUTIVE: _BRAND
    | _VIEW_CHANNEL
    | {Permission.PARTNER_CREDIT_VIEW, Permission.APPLICATION_VIEW, Permission.EVENT_VIEW},
    Role.OPERATIONS: _BRAND
    | _VIEW_CHANNEL
    | {
        Permission.CUSTOMER_EDIT,
        Permission.PARTNER_EDIT,
        Permission.PARTNER_CREDIT_VIEW,
        Permission.ORDER_PLACE,
        Permission.ORDER_APPROVE,
        Permission.ORDER_SHIP,
        Permission.STORE_EDIT,
        Permission.STORE_REGISTER,
        Permission.STORE_REVIEW,
        Permission.IMPORT_VIEW,
        Permission.INVITE_EDIT,
        Permission.APPLICATION_VIEW,
        Permission.APPLICATION_DECIDE,
        Permission.AFFILIATION_ASK,
        Permission.JOB_VIEW,
        Permission.EVENT_VIEW,
    },
    Role.SALES: _BRAND
    | _VIEW_CHANNEL
    | _BRING_PARTNERS
    | {
        Permission.CUSTOMER_EDIT,
        Permission.PARTNER_EDIT,
        Permission.ORDER_PLACE,
        Permission.STORE_EDIT,
        Permission.STORE_REGISTER,
        Permission.IMPORT_VIEW,
    },
    Role.FINANCE: _BRAND
    | _VIEW_CHANNEL
    | {
        Permission.PARTNER_CREDIT_VIEW,
        Permission.PARTNER_CREDIT_EDIT,
        Permission.ORDER_APPROVE,
        Permission.EVENT_VIEW,
    },
    Role.MARKETING: _BRAND | _VIEW_CHANNEL | {Permission.PRODUCT_EDIT, Permission.PRICE_EDIT, Permission.IMPORT_VIEW},
    Role.HR: _BRAND
    | {
        Permission.USER_VIEW,
        Permission.USER_EDIT,
        Permission.ORGANISATION_EDIT,
        Permission.IMPORT_VIEW,
        Permission.EXPORT,
    },
    Role.IT: _BRAND
    | frozenset(
        {
            Permission.USER_VIEW,
            Permission.USER_EDIT,
            Permission.IMPORT_VIEW,
            Permission.TOKEN_EDIT,
            Permission.JOB_VIEW,
            Permission.SYSTEM_OPERATE,
            Permission.EVENT_VIEW,
        }
    ),
    Role.PARTNER_OWNER: _PARTNER_CLERK
    | _BRING_PARTNERS
    | {
        Permission.PARTNER_CREDIT_VIEW,
        Permission.USER_VIEW,
        Permission.USER_EDIT,
        Permission.APPLICATION_CONFIRM,
    },
    Role.PARTNER_CLERK: _PARTNER_CLERK,
}


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or program on whose behalf a unit of work runs.

    Attributes:
        name: Shown in the audit trail.
        role: Decides what the actor may do, see ``ROLE_PERMISSIONS``.
        person: Who stands behind the actor: the e-mail of a user, also behind that user's API key. Approver and
            submitter are compared by this. "" stands for nobody in particular and equals no person. It opens nothing:
            whose rows are an actor's own is said by ``owner``.
        user_id: Row in ``users``, if the actor is a person with an account.
        partner_id: Row in ``partners`` the actor belongs to; None for brand staff.
        partner_path: Decides which rows the actor sees: those of this partner and everyone below it.
            "" for brand staff. A partner role without a path sees nothing.
        source: Through which door it came: "screen", "import", "api", "command line" or "job".
        language: One of ``core.i18n.LANGUAGES``.
        token_id: Row in ``api_tokens``, if a program acts with an API key.
        rights: What it may do, where that is less than its role's; None = all that the role may.
        session_id: Number of the browser session it acts in; None for programs, jobs and the machine itself. It says
            nothing of what the actor may see, so it is not compared.
    """

    name: str
    role: Role
    person: str = ""
    user_id: int | None = None
    partner_id: int | None = None
    partner_path: str = ""
    source: str = "screen"
    language: str = DEFAULT_LANGUAGE
    token_id: int | None = None
    rights: frozenset[Permission] | None = None
    session_id: int | None = field(default=None, compare=False)

    @property
    def is_brand(self) -> bool:
        """Return whether the actor belongs to the brand and not to a partner."""
        return self.role not in PARTNER_ROLES

    @property
    def owner(self) -> str:
        """Return whose rows are the actor's own: the API key's, else the person's; "" for nobody in particular.

        A key owns what it made and nothing of the person who made it. No e-mail address equals the name of a key.
        """
        return self.person if self.token_id is None else f"key {self.token_id}"

    @property
    def permissions(self) -> frozenset[Permission]:
        """Return everything the actor may do."""
        return ROLE_PERMISSIONS[self.role] if self.rights is None else self.rights

    def can(self, permission: Permission) -> bool:
        """Return whether the actor holds ``permission``."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Go on only with ``permission``.

        Raises:
            NotPermitted: ``access.denied``.
        """
        if not self.can(permission):
            raise NotPermitted(
                "access.denied",
                N_("You need the permission “{what}” to do this. Your administrator can grant it."),
                permission=permission.value,
                what=translate(PERMISSION_LABELS[permission]),
            )


def command_line() -> Actor:
    """Return the operator at the machine itself, who may do everything."""
    return Actor("command line", Role.ADMINISTRATOR, person="command line", source="command line")


WORKER = Actor("worker", Role.ADMINISTRATOR, source="job")
"""Who runs jobs; a job that acts for a person makes its own actor."""
