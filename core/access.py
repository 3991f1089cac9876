"""The actor of a unit of work: a person or program, its permissions, and which rows it owns."""

from dataclasses import dataclass, field

from core.errors import NotPermitted
from core.i18n import DEFAULT_LANGUAGE, N_, translate
from core.permissions import PARTNER_ROLES, ROLE_PERMISSIONS, Permission, Role


@dataclass(frozen=True, slots=True)
class Actor:
    """The person or program on whose behalf a unit of work runs.

    Attributes:
        name: Shown in the audit log.
        role: Decides what the actor may do, see ``ROLE_PERMISSIONS``.
        person: The accountable person: the e-mail of a user, also behind that user's API key. Approver and
            submitter are compared by this. "" stands for no particular person and equals none. It grants nothing: which
            rows an actor owns is said by ``owner``.
        user_id: Row in ``users``, if the actor is a person with an account.
        partner_id: Row in ``partners`` the actor belongs to; None for brand staff.
        partner_path: Decides which rows the actor sees: those of this partner and everyone below it.
            "" for brand staff. A partner role without a path sees nothing.
        source: Channel of the request: "screen", "import", "api", "command line" or "job".
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
        """Return the owner identity of the actor: the API key's, else the person's; "" for no particular person.

        A key owns what it made and nothing of the person who made it. No e-mail address equals the name of a key.
        """
        return self.person if self.token_id is None else f"key {self.token_id}"

    @property
    def permissions(self) -> frozenset[Permission]:
        """Return everything the actor may do."""
        return ROLE_PERMISSIONS[self.role] if self.rights is None else self.rights

    def is_one_of(self, *people: str | None) -> bool:
        """Return whether the person behind the actor is one of ``people``, by e-mail in any letter case."""
        own = self.person.casefold()
        return any(own == (person or "").casefold() != "" for person in people)

    def can(self, permission: Permission) -> bool:
        """Return whether the actor holds ``permission``."""
        return permission in self.permissions

    def require(self, permission: Permission) -> None:
        """Require ``permission``.

        Raises:
            NotPermitted: ``access.denied``.
        """
        if not self.can(permission):
            raise NotPermitted(
                "access.denied",
                N_("You need the permission “{what}” to do this. Your administrator can grant it."),
                permission=permission.value,
                what=translate(permission.label),
            )


def command_line() -> Actor:
    """Return the actor of the command line: the operator of the machine, who may do everything."""
    return Actor("command line", Role.ADMINISTRATOR, person="command line", source="command line")


WORKER = Actor("worker", Role.ADMINISTRATOR, source="job")
"""System actor of the worker; a job that acts for a person has its own actor."""
