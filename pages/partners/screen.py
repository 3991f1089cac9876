"""What partners and changes of upstream add to the generic pages."""

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import actor_of
from core.i18n import N_, _
from core.permissions import Permission
from pages.components.base.buttons import link_button
from pages.partners._sections import draw_partner_story
from pages.partners.affiliations import PATH
from pages.resources.screens import OWN_RECORD_AND_FORM, Screen
from pages.shell.navigation import Place
from resources.affiliation_requests import AFFILIATION_REQUESTS
from resources.partners import PARTNERS
from services.applications.queues import waits_for
from services.approvals.worklist import waiting_count


def draw_ask_link(actor: Actor) -> None:
    """Draw the way to the form, for who may ask for a change."""
    if actor.can(Permission.AFFILIATION_ASK):
        link_button(_("Ask for a change"), f"{PATH}/new", look="primary", testid="action-new")


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
        header_actions=draw_ask_link,
        empty_text=N_("Here stands which partner is to stand under another upstream, and who has agreed."),
    ),
)


def changes_waiting(session: Session) -> int | None:
    """Return how many changes of upstream wait for the session's person; None where none can."""
    return waiting_count(session, "affiliation_requests") if waits_for(actor_of(session)) else None


def waiting_href(actor: Actor) -> str:
    """Return the list of those that wait: the brand decides what is under review, partners give consent."""
    return f"{PATH}?status={'under_review' if actor.is_brand else 'asked'}"


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
        href="/affiliation_requests",
        icon="reports",
        group="channel",
        rank=4,
        permission=Permission.APPLICATION_VIEW,
        waiting=changes_waiting,
        waiting_label=lambda actor: _("Changes of upstream to answer"),
        waiting_href=waiting_href,
    ),
)
