"""The permission matrix: one row for each permission, with its label and roles. Print it for the auditor."""

from collections.abc import Set
from enum import StrEnum
from typing import Self

from core.i18n import N_


class Role(StrEnum):
    """Role of a user in the brand or in a partner."""

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
BRAND_ROLES = frozenset(Role) - PARTNER_ROLES
CHANNEL_ROLES = frozenset({Role.EXECUTIVE, Role.OPERATIONS, Role.SALES, Role.FINANCE, Role.MARKETING})
"""Brand roles that work with partners and their orders."""
NOBODY_ELSE: frozenset[Role] = frozenset()


class Permission(StrEnum):
    """A permission: code ``<thing>.<verb>``, its label, and the roles that hold it.

    The administrator holds every permission.

    Attributes:
        label: What it permits, as people read it (a catalogue key).
        roles: Who holds it.
    """

    label: str
    roles: frozenset[Role]

    def __new__(cls, code: str, label: str, roles: Set[Role]) -> Self:
        """Make a member of one row."""
        row = str.__new__(cls, code)
        row._value_ = code
        row.label = label
        row.roles = frozenset({Role.ADMINISTRATOR, *roles})
        return row

    CUSTOMER_VIEW = "customer.view", N_("see customers"), CHANNEL_ROLES | PARTNER_ROLES
    CUSTOMER_EDIT = "customer.edit", N_("change customers"), PARTNER_ROLES | {Role.OPERATIONS, Role.SALES}
    PARTNER_VIEW = "partner.view", N_("see partners"), CHANNEL_ROLES | PARTNER_ROLES
    PARTNER_EDIT = "partner.edit", N_("change partners"), {Role.OPERATIONS, Role.SALES}
    PARTNER_CREDIT_VIEW = (
        "partner.credit_view",
        N_("see credit limits"),
        {Role.EXECUTIVE, Role.OPERATIONS, Role.FINANCE, Role.PARTNER_OWNER},
    )
    PARTNER_CREDIT_EDIT = "partner.credit_edit", N_("change credit limits"), {Role.FINANCE}
    PRODUCT_VIEW = "product.view", N_("see products"), CHANNEL_ROLES | PARTNER_ROLES
    PRODUCT_EDIT = "product.edit", N_("change products"), {Role.MARKETING}
    PRICE_VIEW = "price.view", N_("see prices"), CHANNEL_ROLES | PARTNER_ROLES
    PRICE_EDIT = "price.edit", N_("change prices"), {Role.MARKETING}
    ORDER_VIEW = "order.view", N_("see orders"), CHANNEL_ROLES | PARTNER_ROLES
    ORDER_PLACE = "order.place", N_("place orders"), PARTNER_ROLES | {Role.OPERATIONS, Role.SALES}
    ORDER_APPROVE = "order.approve", N_("decide orders"), {Role.OPERATIONS, Role.FINANCE}
    ORDER_SHIP = "order.ship", N_("ship orders"), {Role.OPERATIONS}
    STORE_VIEW = "store.view", N_("see stores"), CHANNEL_ROLES | PARTNER_ROLES
    STORE_EDIT = "store.edit", N_("change stores"), {Role.OPERATIONS, Role.SALES}
    STORE_REGISTER = "store.register", N_("register stores"), PARTNER_ROLES | {Role.OPERATIONS, Role.SALES}
    STORE_REVIEW = "store.review", N_("review stores"), {Role.OPERATIONS}
    USER_VIEW = "user.view", N_("see users"), {Role.HR, Role.IT, Role.PARTNER_OWNER}
    USER_EDIT = "user.edit", N_("change users"), {Role.HR, Role.IT, Role.PARTNER_OWNER}
    TOKEN_EDIT = "token.edit", N_("make and revoke API keys"), {Role.IT}
    JOB_VIEW = "job.view", N_("see the jobs of everybody"), {Role.OPERATIONS, Role.IT}
    SYSTEM_OPERATE = "system.operate", N_("operate the installation"), {Role.IT}
    EVENT_VIEW = "event.view", N_("read the audit trail"), {Role.EXECUTIVE, Role.OPERATIONS, Role.FINANCE, Role.IT}
    INVITE_EDIT = "invite.edit", N_("make invites"), {Role.OPERATIONS, Role.SALES, Role.PARTNER_OWNER}
    APPLICATION_VIEW = (
        "application.view",
        N_("see applications"),
        {Role.EXECUTIVE, Role.OPERATIONS, Role.SALES, Role.PARTNER_OWNER},
    )
    APPLICATION_CONFIRM = "application.confirm", N_("confirm applications for the upstream"), {Role.PARTNER_OWNER}
    APPLICATION_DECIDE = "application.decide", N_("decide applications"), {Role.OPERATIONS}
    AFFILIATION_ASK = (
        "affiliation.ask",
        N_("ask for a change of upstream"),
        {Role.OPERATIONS, Role.SALES, Role.PARTNER_OWNER},
    )
    IMPORT_VIEW = (
        "import.view",
        N_("see imports"),
        PARTNER_ROLES | {Role.OPERATIONS, Role.SALES, Role.MARKETING, Role.HR, Role.IT},
    )
    ORGANISATION_VIEW = "organisation.view", N_("see the organisation"), BRAND_ROLES
    ORGANISATION_EDIT = "organisation.edit", N_("change the organisation"), {Role.HR}
    EXPORT = "export.make", N_("export"), CHANNEL_ROLES | PARTNER_ROLES | {Role.HR}


ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    role: frozenset(one for one in Permission if role in one.roles) for role in Role
}
"""The same matrix, by role."""
GIVES_RIGHTS = frozenset({Permission.USER_EDIT})
"""Permissions to edit rows that give rights: a person proves to be there before they are imported."""
STATED_BY: dict[Permission, Permission] = {Permission.PARTNER_CREDIT_VIEW: Permission.PARTNER_CREDIT_EDIT}
"""Permission to see a confidential field → permission to edit it, where that differs from editing the row."""
