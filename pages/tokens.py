"""API keys: create (shown once), list, revoke."""

from datetime import timedelta

from sqlalchemy.orm import Session

from core.errors import DomainError
from core.i18n import N_, _, ngettext
from core.kinds.kind import Reference
from core.limits import NAME_LENGTH_MAX
from core.permissions import Permission, Role
from models.accounts.tokens import Confirmation
from models.accounts.users import ROLE_LABELS
from models.partners.partners import Partner
from pages.components.base.buttons import button, link_button
from pages.components.base.elements import Tag
from pages.components.base.navigation import ask_before_leaving, leave_page
from pages.components.forms.fields import choice_field, search_field, show_problems, text_field
from pages.components.layout.content import form, notice, page_header, panel, row, stack
from pages.components.layout.link_card import add_link_style, link_card
from pages.resources.inputs import reference_search
from pages.resources.record import record_page
from pages.resources.screens import OWN_RECORD_AND_FORM, Screen
from pages.shell.calls import call_or_raise, page, permitted_actor, show_refusal
from pages.shell.navigation import Place, staff_shell
from resources.tokens import TOKENS
from services.accounts.tokens import create_token
from services.accounts.users import GRANTS

DAYS = (30, 90, 180, 365)
FIELD_OF = {
    "tokens.name_required": "name",
    "users.partner_required": "partner",
    "users.partner_not_allowed": "partner",
    "partners.not_found": "partner",
    "tokens.role_not_yours_to_give": "role",
}
"""Code of an error → field it belongs to."""
SCREEN = Screen(
    resource=TOKENS,
    own=OWN_RECORD_AND_FORM,
    can_be_new=True,
    empty_text=N_("A key lets a program use the WEB API with the rights of one role."),
)
PLACES = (
    Place(
        name="tokens",
        label=N_("API keys"),
        href="/tokens",
        icon="key",
        group="settings",
        rank=3,
        permission=Permission.TOKEN_EDIT,
    ),
)


def register_tokens() -> None:
    """Register ``/tokens/new`` and ``/tokens/PREFIX``."""
    page("/tokens/new", permission=Permission.TOKEN_EDIT, title=N_("New API key"))(new_token_page)

    @page("/tokens/{prefix}", permission=TOKENS.view, title=TOKENS.title)
    async def draw_record(prefix: str) -> None:
        await record_page(SCREEN, prefix)


async def new_token_page() -> None:
    """Draw the form for a new key as the whole page."""
    title = _("New API key")
    async with staff_shell(title, current="tokens") as actor:
        add_link_style()
        with page_header(title, crumbs={_(TOKENS.label): "/tokens"}):
            pass
        body = stack()
        with body:
            NewToken([role for role in Role if role in GRANTS.get(actor.role, frozenset())], body)


class NewToken:
    """The form of a new key; replaced by the secret once it is made."""

    def __init__(self, roles: list[Role], body: Tag) -> None:
        self._body = body
        with panel(_("What it is for")), form():
            partners = reference_search(Reference("partners", Partner.code, Partner.name))
            self._fields = {
                "name": text_field(
                    "name",
                    _("Used by"),
                    required=True,
                    placeholder=_("e.g. {example}", example="ERP"),
                    max_length=NAME_LENGTH_MAX,
                ),
                "role": choice_field(
                    "role", _("Role"), {role.value: _(ROLE_LABELS[role][0]) for role in roles}, required=True
                ),
                "partner": search_field("partner", _("Partner"), partners, hint=_("Only with a role of partners")),
                "days": choice_field(
                    "days",
                    _("Valid for"),
                    {str(days): ngettext("{count} day", "{count} days", days) for days in DAYS},
                    "365",
                ),
            }
        with row():
            button(_("Make the key"), self._make, look="primary", testid="action-save")
            link_button(_("Cancel"), "/tokens", testid="action-cancel-new")

    async def _make(self) -> None:
        if await permitted_actor(Permission.TOKEN_EDIT) is None:
            return
        stated = {name: str(field.value or "").strip() for name, field in self._fields.items()}
        if not stated["role"]:
            show_problems(self._fields, {"role": _("is required")})
            return
        try:
            prefix, secret, confirmation = await call_or_raise(make_key, stated)
        except DomainError as error:
            left = show_problems(self._fields, {FIELD_OF.get(error.code, ""): error.text})
            if left:
                show_refusal(error)
            return
        self._show(prefix, secret, confirmation)

    def _show(self, prefix: str, secret: str, confirmation: str) -> None:
        ask_before_leaving(True)  # the key is shown only here
        self._body.clear()
        with self._body:
            notice(_("The key is made. Copy it now: it is shown this once and stored nowhere."), "ok", testid="made")
            if confirmation == Confirmation.NEEDED:
                notice(
                    _(
                        "It may do more than you may, so it opens nothing yet. Ask a second person who may do that to "
                        "open {prefix} under API keys and to choose “Confirm rights”.",
                        prefix=prefix,
                    ),
                    "warning",
                    testid="needs-confirmation",
                )
            with panel(prefix):
                link_card(
                    _("Key"),
                    secret,
                    name="token",
                    scan=False,
                    note=_("Send it in the header “Authorization: Bearer …”."),
                )
            with row():
                button(_("I have copied it"), lambda: leave_page("/tokens"), look="primary", testid="action-done")


def make_key(session: Session, stated: dict[str, str]) -> tuple[str, str, str]:
    """Create a key from form input; return its prefix, the secret, and its confirmation. Raises as ``create_token``."""
    lasts = timedelta(days=int(stated["days"] or max(DAYS)))
    made, secret = create_token(
        session, stated["name"], role=stated["role"], partner=stated["partner"] or None, lasts=lasts
    )
    return made.prefix, secret, made.confirmation
