"""The resources of the installation by name, and snapshots of them.

A resource names the one that its reference leads to; core cannot import it, so ``resources`` registers them all here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.resource import Resource

_by_name: dict[str, Resource] = {}


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The resources at one moment; a session keeps the one it began with.

    Attributes:
        revision: Another number after each change; caches of a resource are keyed by its name and this.
        by_name: Name of each resource → the resource.
    """

    revision: int
    by_name: Mapping[str, Resource]


def register(resources: Iterable[Resource]) -> None:
    """Make resources known by their names; one of the same name is replaced."""
    _by_name.update((resource.name, resource) for resource in resources)


def registered_resource(name: str) -> Resource | None:
    """Return the resource called ``name``, None if there is none."""
    return _by_name.get(name)


def snapshot_of(session: Session, newest: Snapshot) -> Snapshot:
    """Return the snapshot that a session began with, which is ``newest`` if it has none yet."""
    snapshot: Snapshot = session.info.setdefault("resources", newest)
    return snapshot


def revision_of(session: Session) -> int:
    """Return the revision of the snapshot that a session began with; 0, what code declares, if it has none."""
    snapshot: Snapshot | None = session.info.get("resources")
    return snapshot.revision if snapshot else 0
