"""How invites appear. They are made on a page of their own and taken back from the list."""

from core.event_actions import EventAction
from core.i18n import N_
from core.kinds.standard import CODE, INSTANT, NOTE, TAGS, integer, reference
from core.permissions import Permission
from core.resource import Action, Field, Resource
from models.accounts.person_kind import PERSON
from models.partners.invites import Invite
from models.partners.partners import Partner
from services.applications.invites import revoke_invites

USES = integer(0, 10**6)

INVITES = Resource(
    name="invites",
    label=N_("Invites"),
    title=N_("Invite"),
    model=Invite,
    keys=("code",),
    view=Permission.INVITE_EDIT,
    edit=Permission.INVITE_EDIT,
    order=("-created_at",),
    actions=(
        Action(
            name="revoke",
            label=N_("Take back"),
            permission=Permission.INVITE_EDIT,
            run=revoke_invites,
            is_dangerous=True,
        ),
    ),
    events=(
        EventAction("invite.created", N_("Invite made"), N_("created it")),
        EventAction("invite.used", N_("Invite used"), N_("used it")),
        EventAction("invite.revoked", N_("Invite taken back"), N_("revoked it")),
        EventAction("invite.changed", N_("Invite handed over"), N_("changed it")),
    ),
    fields=(
        Field(name="code", label=N_("Invite code"), kind=CODE, column=Invite.code, stated=False),
        Field(
            name="partner",
            label=N_("Invites to stand under"),
            kind=reference("partners", Partner.code, Partner.name),
            column=Invite.partner_id,
            stated=False,
        ),
        Field(name="tiers", label=N_("For the tiers"), kind=TAGS, column=Invite.tiers, stated=False, seldom=True),
        Field(name="used", label=N_("Used"), kind=USES, column=Invite.used_count, stated=False),
        Field(name="uses", label=N_("May be used"), kind=USES, column=Invite.uses_max, stated=False),
        Field(name="expires_at", label=N_("Valid until"), kind=INSTANT, column=Invite.expires_at, stated=False),
        Field(name="revoked_at", label=N_("Taken back"), kind=INSTANT, column=Invite.revoked_at, stated=False),
        Field(name="note", label=N_("Note"), kind=NOTE, column=Invite.note, stated=False, seldom=True),
        Field(name="made_by", label=N_("Made by"), kind=PERSON, column=Invite.made_by, stated=False),
        Field(name="created_at", label=N_("Created"), kind=INSTANT, column=Invite.created_at, stated=False),
    ),
)
