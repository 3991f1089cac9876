"""What applications and invites add to the generic pages."""

from core.access import Actor, Permission
from core.i18n import N_, _
from pages.components.base.buttons import link_button
from pages.resources.screens import OWN_RECORD_AND_FORM, Screen
from resources.applications import APPLICATIONS
from resources.invites import INVITES


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
