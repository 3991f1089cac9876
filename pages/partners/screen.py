"""What partners and changes of upstream add to the generic pages."""

from core.access import Actor, Permission
from core.i18n import N_, _
from pages.components.base.buttons import link_button
from pages.partners._sections import draw_partner_story
from pages.partners.affiliations import PATH
from pages.resources.screens import OWN_RECORD_AND_FORM, Screen
from resources.affiliation_requests import AFFILIATION_REQUESTS
from resources.partners import PARTNERS


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
