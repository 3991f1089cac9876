"""Snapshots of the resources: what there is at one moment, and the revision by which caches tell one from another."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.resource import Resource


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The resources there are at one moment; a session keeps the one it began with.

    Attributes:
        revision: Another number after each change; what is cached of a resource is keyed by its name and this.
        by_name: Name of each resource → the resource.
    """

    revision: int
    by_name: Mapping[str, Resource]


def snapshot_of(session: Session, newest: Snapshot) -> Snapshot:
    """Return the snapshot that a session began with, which is ``newest`` if it has none yet."""
    snapshot: Snapshot = session.info.setdefault("resources", newest)
    return snapshot


def revision_of(session: Session) -> int:
    """Return the revision of the snapshot that a session began with; 0, what code declares, if it has none."""
    snapshot: Snapshot | None = session.info.get("resources")
    return snapshot.revision if snapshot else 0
