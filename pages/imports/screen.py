"""What imports add to the generic pages."""

from pages.resources.screens import OWN_RECORD_AND_FORM, Screen
from resources.imports import IMPORTS

SCREEN = Screen(resource=IMPORTS, own=OWN_RECORD_AND_FORM)
