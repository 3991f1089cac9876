"""What partners and changes of upstream add to the generic pages."""

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import actor_of
from core.i18n import N_, _
from core.permissions import Permission
from pages.components.base.buttons import link_button
from pages.partners._sections import draw_partner_story
from pages.partners.affiliations import PATH, draw_ask_link
from pages.partners.inbox import INBOX
from pages.resources.screens import OWN_RECORD_AND_FORM, Screen
from pages.shell.navigation import Place
from resources.affiliation_requests import AFFILIATION_REQUESTS
from resources.partners import PARTNERS
from services.applications.queues import waits_for
from services.approvals.worklist import waiting_count


def draw_links(actor: Actor) -> None:
    """Draw the ways to the inbox and to the form, for who decides and who may ask for a change."""
    if waits_for(actor):
        link_button(_("Inbox"), INBOX.href, testid="action-inbox")
    draw_ask_link(actor)


SCREENS = (
    Screen(
        resource=PARTNERS,
        record_sections=draw_partner_story,
        empty_text=N_(
            "Partners are everyone who sells for you: agents, dealers, stores. "
            "Begin with them: drop in the list you have."
        ),
        first_step=N_("Begin with who sells for you: drop in the list you have, whatever its columns are called."),
    ),
    Screen(
        resource=AFFILIATION_REQUESTS,
        own=OWN_RECORD_AND_FORM,
        header_actions=draw_links,
        empty_text=N_("Here stands which partner is to stand under another upstream, and who has agreed."),
    ),
)


def changes_waiting(session: Session) -> int | None:
    """Return how many changes of upstream wait for the session's person; None where none can."""
    return waiting_count(session, "affiliation_requests") if waits_for(actor_of(session)) else None


def inbox_href(actor: Actor) -> str:
    """Return the inbox for who decides about changes or gives consent; "" for who only looks at the list."""
    return INBOX.href if waits_for(actor) else ""


PLACES = (
    Place(
        name="partners",
        label=N_("Partners"),
        href="/partners",
        icon="partners",
        group="channel",
        rank=1,
        permission=Permission.PARTNER_VIEW,
    ),
    Place(
        name="affiliation_requests",
        label=N_("Changes of upstream"),
        href=PATH,
        icon="reports",
        group="channel",
        rank=4,
        permission=Permission.APPLICATION_VIEW,
        waiting=changes_waiting,
        waiting_label=lambda actor: _("Changes of upstream to answer"),
        inbox_href=inbox_href,
    ),
)
