"""Modules that are loaded when they are first used: starting costs no time and no memory for them (docs/adr/0038)."""

from importlib import import_module
from types import ModuleType
from typing import Literal

Late = Literal[
    "geopy.distance",
    "services.reports._pivoting",
    "importers.runs._own_workbook",
    "importers.writing.sqlite_files",
    "importers.writing.templates",
    "integrations.geocoding._providers",
]
"""All there are: modules that import geopy, openpyxl, pandas, or sqlite-utils, which brings pandas along."""


def late_import(name: Late) -> ModuleType:
    """Return a module, loaded now if it is not yet."""
    return import_module(name)
