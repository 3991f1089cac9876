"""What stores add to the generic pages."""

from pages.resources.screens import Screen
from pages.stores._record import store_actions, store_sections
from resources.stores import STORES

SCREEN = Screen(resource=STORES, record_actions=store_actions, record_sections=store_sections)
