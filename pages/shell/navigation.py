"""Where people can go: the places that capabilities declare, how much waits there, and the frame around a page."""

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import actor_of
from core.i18n import N_, _
from core.permissions import Permission, Role
from core.resource import Resource
from models.accounts.users import ROLE_LABELS
from pages.components.base.icons import Icon
from pages.components.layout.shell import NavGroup, NavItem, shell, update_counts
from pages.shell.bell import bell_source
from pages.shell.reading import read
from pages.web.identity import current_actor, page_actor
from services.notifications.queries import unread_count

SEARCH_URL = "/search.json"
Group = Literal["workbench", "channel", "range", "data", "settings"]
GROUPS: dict[Group, str] = {
    "workbench": N_("Workbench"),
    "channel": N_("Channel"),
    "range": N_("Range"),
    "data": N_("Data"),
    "settings": N_("Settings"),
}
"""Groups of the navigation in their order, and their headings."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A place in the navigation, declared by the capability it leads to.

    Attributes:
        name: Stable: ``data-testid`` is ``nav-<name>``; of a list, the name of its resource.
        label: English (a catalogue key).
        group, rank: Where it stands: in which group, and in which place within it, from 1.
        permission: Needed to see it, of several any one; None for everybody who is signed in.
        stands_for: Names of resources that have no place of their own and belong to it.
        waiting: Returns how much waits there for the session's person; None where nothing can wait for them.
        waiting_label: What waits, as the start page says it to an actor.
        inbox_href: Where an actor decides what waits there, "" for at ``href``; navigation and start page lead there.
    """

    name: str
    label: str
    href: str
    icon: Icon
    group: Group
    rank: int
    permission: Permission | tuple[Permission, ...] | None = None
    stands_for: frozenset[str] = frozenset()
    waiting: Callable[[Session], int | None] | None = None
    waiting_label: Callable[[Actor], str] = lambda actor: ""
    inbox_href: Callable[[Actor], str] = lambda actor: ""

    def is_seen_by(self, actor: Actor) -> bool:
        """Return whether an actor has the permission to see it."""
        needed = self.permission if isinstance(self.permission, tuple) else (self.permission,)
        return any(one is None or actor.can(one) for one in needed)

    def href_for(self, actor: Actor) -> str:
        """Return where it leads an actor."""
        return self.inbox_href(actor) or self.href


RANK_OF_OTHERS = 100
"""Rank from which those stand that declare no place; they follow all that do, by name."""
_places: list[Place] = []


def places_with_defaults(places: Sequence[Place], resources: Iterable[Resource]) -> tuple[Place, ...]:
    """Return ``places``, and one among the data for each of ``resources`` that none of them leads to or stands for."""
    known = {place.name for place in places}.union(*(place.stands_for for place in places))
    others = sorted((one for one in resources if one.name not in known), key=lambda one: one.name)
    return (*places, *(_place_of(one, RANK_OF_OTHERS + number) for number, one in enumerate(others)))


def register_places(places: Iterable[Place]) -> None:
    """Let the navigation lead to ``places`` and to no others."""
    order = list(GROUPS)
    _places[:] = sorted(places, key=lambda place: (order.index(place.group), place.rank))


def navigation_for(actor: Actor) -> list[NavGroup]:
    """Return the places that ``actor`` may see, in groups; a group without places is left out."""
    seen = [place for place in _places if place.is_seen_by(actor)]
    groups = [
        NavGroup(_(label), [_item(place, actor) for place in seen if place.group == name])
        for name, label in GROUPS.items()
    ]
    return [group for group in groups if group.items]


@asynccontextmanager
async def staff_shell(title: str, *, current: str, fill: bool = False) -> AsyncIterator[Actor]:
    """Draw the frame of a staff page and give the actor it is drawn for; what is drawn inside is the page.

    Args:
        title: Of the browser's tab.
        current: Name of the place in the navigation, or of a resource that belongs to one.
        fill: The page takes exactly the height of the window, and its parts scroll (lists, inboxes).
    """
    actor = page_actor()
    counts, unread = await read(actor, lambda session: (counts_waiting(session), unread_count(session)))
    with shell(
        title,
        current=next((place.name for place in _places if current in place.stands_for), current),
        actor=actor,
        nav=navigation_for(actor),
        counts=counts,
        role_label=role_label(actor.role),
        fill=fill,
        search_url=SEARCH_URL,
        bell=bell_source(unread),
    ):
        yield actor


def counts_waiting(session: Session) -> dict[str, int]:
    """Return place of the navigation → how much waits there for the session's person."""
    return {place.name: count for place, count in waiting_places(session)}


def waiting_places(session: Session) -> list[tuple[Place, int]]:
    """Return the places where something can wait for the session's person, and how much does."""
    actor = actor_of(session)
    seen = [place for place in _places if place.is_seen_by(actor)]
    counts = [(place, place.waiting(session)) for place in seen if place.waiting is not None]
    return [(place, count) for place, count in counts if count is not None]


async def count_again() -> None:
    """Say in the navigation of this page how much waits now, after something was decided on it."""
    update_counts(await read(await current_actor(), counts_waiting))


def role_label(role: Role) -> str:
    """Return a role as people read it."""
    return _(ROLE_LABELS[role][0])


def _place_of(resource: Resource, rank: int) -> Place:
    return Place(
        name=resource.name,
        label=resource.label,
        href=f"/{resource.name}",
        icon="file",
        group="data",
        rank=rank,
        permission=resource.view,
    )


def _item(place: Place, actor: Actor) -> NavItem:
    return NavItem(place.name, _(place.label), place.href_for(actor), icon=place.icon)
