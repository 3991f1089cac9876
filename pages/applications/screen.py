"""What applications and invites add to the generic pages."""

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import actor_of
from core.i18n import N_, _
from core.permissions import Permission
from pages.components.base.buttons import link_button
from pages.resources.screens import OWN_RECORD_AND_FORM, Screen
from pages.shell.navigation import Place
from resources.applications import APPLICATIONS
from resources.invites import INVITES
from services.applications.queues import waits_for
from services.approvals.worklist import waiting_count


def draw_links(actor: Actor) -> None:
    """Draw the ways to the inbox and to the form by which staff enter an application."""
    link_button(_("Inbox"), "/applications/review", testid="action-inbox")
    if actor.can(Permission.PARTNER_EDIT):
        link_button(_("Enter an application"), "/applications/new", look="primary", testid="action-new")


SCREENS = (
    Screen(
        resource=APPLICATIONS,
        own=OWN_RECORD_AND_FORM,
        header_actions=draw_links,
        empty_text=N_("Applications appear here as soon as somebody wants to become a partner at /apply."),
    ),
    Screen(
        resource=INVITES,
        own=OWN_RECORD_AND_FORM,
        can_be_new=True,
        empty_text=N_("An invite is a code or a QR picture by which somebody applies to stand under you."),
    ),
)


def waiting_applications(session: Session) -> int | None:
    """Return how many applications wait for the session's person; None where none can."""
    return waiting_count(session, "applications") if waits_for(actor_of(session)) else None


def waiting_label(actor: Actor) -> str:
    """Return what waits: the brand decides, an upstream confirms."""
    return _("Applications to decide") if actor.is_brand else _("Applications to confirm")


PLACES = (
    Place(
        name="applications",
        label=N_("Applications"),
        href="/applications/review",
        icon="file",
        group="channel",
        rank=2,
        permission=Permission.APPLICATION_VIEW,
        waiting=waiting_applications,
        waiting_label=waiting_label,
    ),
    Place(
        name="invites",
        label=N_("Invites"),
        href="/invites",
        icon="plus",
        group="channel",
        rank=3,
        permission=Permission.INVITE_EDIT,
    ),
)
