"""How keys of programs appear; they are made at ``/tokens/new`` and by ``token create``, never by a worksheet."""

from core.event_actions import EventAction
from core.i18n import N_
from core.kinds.standard import CODE, INSTANT, NAME, choice, choices_of, reference
from core.permissions import Permission
from core.resource import Action, Field, Resource
from models.accounts.person_kind import PERSON
from models.accounts.tokens import CONFIRMATION_LABELS, ApiToken
from models.accounts.users import ROLE_LABELS
from models.partners.partners import Partner
from services.accounts.token_rights import confirm_tokens
from services.accounts.tokens import revoke_tokens

TOKENS = Resource(
    name="tokens",
    label=N_("API keys"),
    title=N_("API key"),
    model=ApiToken,
    keys=("prefix",),
    view=Permission.TOKEN_EDIT,
    edit=Permission.TOKEN_EDIT,
    order=("-created_at",),
    actions=(
        Action(name="confirm_rights", label=N_("Confirm rights"), permission=Permission.TOKEN_EDIT, run=confirm_tokens),
        Action(
            name="revoke", label=N_("Revoke"), permission=Permission.TOKEN_EDIT, run=revoke_tokens, is_dangerous=True
        ),
    ),
    events=(
        EventAction("tokens.exported", N_("API keys exported"), N_("exported rows")),
        EventAction("token.created", N_("API token made"), N_("created it")),
        EventAction("token.confirmed", N_("API key confirmed by a second person"), N_("confirmed its rights")),
        EventAction("token.revoked", N_("API token revoked"), N_("revoked it")),
    ),
    fields=(
        Field(name="prefix", label=N_("Begins with"), kind=CODE, column=ApiToken.prefix, stated=False),
        Field(name="name", label=N_("Used by"), kind=NAME, column=ApiToken.name, stated=False),
        Field(name="role", label=N_("Role"), kind=choice(*choices_of(ROLE_LABELS)), column=ApiToken.role, stated=False),
        Field(
            name="partner",
            label=N_("Partner"),
            kind=reference("partners", Partner.code, Partner.name),
            column=ApiToken.partner_id,
            stated=False,
        ),
        Field(name="person", label=N_("Person behind it"), kind=PERSON, column=ApiToken.person, stated=False),
        Field(
            name="confirmation",
            label=N_("Confirmation"),
            kind=choice(*choices_of(CONFIRMATION_LABELS)),
            column=ApiToken.confirmation,
            stated=False,
        ),
        Field(name="confirmed_by", label=N_("Confirmed by"), kind=PERSON, column=ApiToken.confirmed_by, stated=False),
        Field(name="confirmed_at", label=N_("Confirmed at"), kind=INSTANT, column=ApiToken.confirmed_at, stated=False),
        Field(name="used_at", label=N_("Last used"), kind=INSTANT, column=ApiToken.used_at, stated=False),
        Field(name="expires_at", label=N_("Valid until"), kind=INSTANT, column=ApiToken.expires_at, stated=False),
        Field(name="revoked_at", label=N_("Revoked"), kind=INSTANT, column=ApiToken.revoked_at, stated=False),
        Field(name="created_at", label=N_("Created"), kind=INSTANT, column=ApiToken.created_at, stated=False),
    ),
)
