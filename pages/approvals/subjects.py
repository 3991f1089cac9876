"""What a capability declares so that its documents are decided in the inbox; collected in ``pages.site``."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from sqlalchemy.orm import Session

from core.access import Actor
from core.i18n import N_
from core.permissions import Permission
from pages.components.layout.views import ListItem

WAITING, DONE, SENT = "", "done", "sent"
"""Views as in the address: what waits for the person, what is decided, what they have sent; a subject may have more."""
STANDING = frozenset({DONE, SENT})
"""Views whose lines stay when something is decided in them."""
OnDone = Callable[[], Awaitable[None]]
OnStale = Callable[[str], Awaitable[None]]


@dataclass(slots=True)
class InboxPage:
    """One view of the inbox.

    Attributes:
        items: In the order to read them.
        counts: View → how many are there.
        tickable: Key → what it is, of the lines that can be decided many at once.
        late: Keys of those that wait too long.
    """

    items: list[ListItem]
    counts: dict[str, int]
    tickable: Mapping[str, Any] = field(default_factory=dict)
    late: frozenset[str] = frozenset()


class Bulk(Protocol):
    """Buttons for the lines that are ticked."""

    def draw(self) -> None:
        """Draw the buttons; they can be pressed once something is ticked."""

    def choose(self, chosen: Sequence[Any]) -> None:
        """Note what is ticked now, as ``InboxPage.tickable`` has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxSubject:
    """How one subject of approvals appears in the inbox. Texts are catalogue keys unless a function returns them.

    Attributes:
        name: Of the subject.
        label: Of its tab. list_label: of the list.
        href: Address of the inbox with this subject. place: name of its place in the navigation.
        parameter: Of the address, names the line that is open at first.
        permission: Needed to open it.
        views: View → label, of those an actor has; the first one is shown unless the address says otherwise.
        empty: View → heading and sentence of one without lines.
        all_done: What is said when the last of what waited is decided.
        all_link: Label and address of the list of everything.
        hints: Key → what it does, in the view of what waits.
        read: A view. read_counts: view → how many. read_waiting: keys of what waits.
        read_item: A page of the line of a document that waits, also of one that the list is too short for.
        read_case: Everything about one document. draw_bar: draws what the actor can do with it.
        draw_case: Draws everything about it; its last argument draws the document again as it is by then.
        draw_header: Draws further buttons beside the heading. bulk: makes the buttons for what is ticked.
        styles: Style sheets.
    """

    name: str
    label: str
    list_label: str
    href: str
    place: str
    parameter: str
    permission: Permission
    views: Callable[[Actor], Mapping[str, str]]
    empty: Mapping[str, tuple[str, str]]
    all_link: tuple[str, str]
    all_done: str = N_("Everything here is decided.")
    hints: Callable[[Actor], dict[str, str]]
    read: Callable[[Session, str], InboxPage]
    read_counts: Callable[[Session], dict[str, int]]
    read_waiting: Callable[[Session], set[str]]
    read_case: Callable[[Session, str], Any]
    draw_case: Callable[[Any, Actor, OnDone], None]
    draw_bar: Callable[[Any, Actor, OnDone, OnStale], None]
    read_item: Callable[[Session, str], InboxPage] | None = None
    draw_header: Callable[[Actor], None] | None = None
    bulk: Callable[[Callable[[Sequence[str]], Awaitable[None]]], Bulk] | None = None
    styles: tuple[str, ...] = ()
