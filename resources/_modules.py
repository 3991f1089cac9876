"""The resources of this folder: each module declares one, and those that stand in its worksheets."""

from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from core.resource import Resource

FOLDER = Path(__file__).parent


def declared(*without: str) -> tuple[Resource, ...]:
    """Return the resources with rows of their own, by name, of all modules but those named ``without``."""
    names = [
        one.name for one in iter_modules([str(FOLDER)]) if not one.name.startswith("_") and one.name not in without
    ]
    found = {
        value.name: value
        for name in names
        for value in vars(import_module(f"resources.{name}")).values()
        if isinstance(value, Resource)
    }
    in_worksheets = {one.worksheet.name for one in found.values() if one.worksheet is not None}
    return tuple(found[name] for name in sorted(found.keys() - in_worksheets))
