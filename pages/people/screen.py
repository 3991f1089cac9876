"""Users and departments on the generic pages."""

from core.i18n import N_
from core.permissions import Permission
from pages.people._actions import user_actions
from pages.people._links import link_actions
from pages.people._sections import user_sections
from pages.resources.screens import Screen
from pages.shell.navigation import Place
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

PLACES = (
    Place(
        name="users",
        label=N_("Users"),
        href="/users",
        icon="users",
        group="settings",
        rank=1,
        permission=Permission.USER_VIEW,
    ),
    Place(
        name="organisation",
        label=N_("Organisation"),
        href="/organisation",
        icon="partners",
        group="settings",
        rank=2,
        permission=Permission.ORGANISATION_VIEW,
        stands_for=frozenset({"departments"}),
    ),
)
