"""The resources of the installation by name, so that core can follow a reference to another resource.

A resource names the one that its reference leads to; core cannot import it. ``resources`` registers them all.
"""

from collections.abc import Iterable

from core.resource import Resource

_by_name: dict[str, Resource] = {}


def register(resources: Iterable[Resource]) -> None:
    """Make resources known by their names; one of the same name is replaced."""
    _by_name.update((resource.name, resource) for resource in resources)


def registered_resource(name: str) -> Resource | None:
    """Return the resource called ``name``, None if there is none."""
    return _by_name.get(name)
