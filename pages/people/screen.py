"""What users and departments add to the generic pages."""

from core.i18n import N_
from pages.people._actions import user_actions
from pages.people._links import link_actions
from pages.people._sections import user_sections
from pages.resources.screens import Screen
from resources.departments import DEPARTMENTS
from resources.users import USERS

SCREENS = (
    Screen(
        resource=USERS,
        own=frozenset({"form"}),
        list_actions=link_actions,
        record_actions=user_actions,
        record_sections=user_sections,
        empty_text=N_("Invite the people who work with you."),
    ),
    Screen(
        resource=DEPARTMENTS,
        empty_text=N_("Departments say who works with whom. State them in a worksheet, in any order, or one by one."),
    ),
)
