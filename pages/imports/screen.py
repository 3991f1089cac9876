"""Imports on the generic pages."""

from core.i18n import N_
from core.permissions import Permission
from pages.resources.screens import OWN_RECORD_AND_FORM, Screen
from pages.shell.navigation import Place
from resources.imports import IMPORTS

SCREEN = Screen(
    resource=IMPORTS,
    own=OWN_RECORD_AND_FORM,
    empty_text=N_("Files appear here once they came in. Begin with “Import” above the list that they belong to."),
)

PLACES = (
    Place(
        name="imports",
        label=N_("Imports"),
        href="/imports",
        icon="imports",
        group="data",
        rank=1,
        permission=Permission.IMPORT_VIEW,
    ),
)
