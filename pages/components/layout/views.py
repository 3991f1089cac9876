"""Saved views, tabs, and a list with its detail."""

import inspect
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from core.i18n import _
from pages.components.base.buttons import button
from pages.components.base.elements import Tag


@dataclass(frozen=True, slots=True)
class View:
    """One saved view of a list: a name for a query.

    Attributes:
        name: Stands in the address as ``view=NAME``; "" is the view of everything.
        query: Filters and sort of the view, as in the address: "status=submitted&sort=-total".
        count: Number of rows that wait; shown where the person must act.
    """

    name: str
    label: str
    query: str = ""
    count: int | None = None


def view_tabs(views: Sequence[View], *, current: str = "", label: str = "") -> Tag:
    """Draw the views of a list as tabs; with a grid on the page they switch it in place, and back returns."""
    with Tag("nav", css="qd-tabs", aria_label=label or _("Views"), data_views=True) as made:
        for view in views:
            query = "&".join(filter(None, (view.query, f"view={view.name}" if view.name else "")))
            words = view.label if view.count is None else f"{view.label} {view.count:,}"
            Tag(
                "a",
                words,
                "qd-tab",
                href=f"?{query}",
                data_view=view.name or "all",
                aria_current="page" if view.name == current else None,
                testid=f"view-{view.name or 'all'}",
            )
    return made


@contextmanager
def tabs(
    labels: Sequence[str], *, current: int = 0, on_open: Callable[[int], Awaitable[None]] | None = None
) -> Iterator[list[Tag]]:
    """Draw tabs inside one page and return their panels, one for each label; arrow keys move between the tabs.

    Args:
        labels: One for each tab.
        current: Which is open at first, from 0.
        on_open: Called with the number of a tab whenever a person opens it.
    """
    with Tag("div", css="qd-stack"):
        with Tag("div", css="qd-tabs", role="tablist"):
            heads = [Tag("button", label, "qd-tab", role="tab", type="button") for label in labels]
        panels = [Tag("div", css="qd-tab-panel", role="tabpanel") for _label in labels]

        def choose(chosen: int) -> None:
            for index, (head, panel) in enumerate(zip(heads, panels, strict=True)):
                head.put(aria_selected="true" if index == chosen else "false", tabindex=0 if index == chosen else -1)
                panel.put(hidden=index != chosen)

        async def opened(chosen: int) -> None:
            choose(chosen)
            if on_open is not None:
                await on_open(chosen)

        for index, (head, panel) in enumerate(zip(heads, panels, strict=True)):
            head.put(aria_controls=panel.html_id)
            panel.put(aria_labelledby=head.html_id)
            head.on("click", partial(opened, index), [])
        choose(current)
        yield panels


@dataclass(frozen=True, slots=True)
class ListItem:
    """One line of a list beside its detail."""

    key: str
    title: str
    value: str = ""
    note: str = ""
    age: str = ""
    is_late: bool = False


class SplitView:
    """A list of 380 px beside a detail; the bar below the detail is always in view.

    Draw the detail with ``with split.detail(): …`` and its actions with ``with split.bar(): …``; both start empty
    each time. J and K move through the list.
    """

    def __init__(self, items: Sequence[ListItem], on_open: Callable[[str], object], *, label: str) -> None:
        self._on_open = on_open
        self._rows: dict[str, Tag] = {}
        self._current = ""
        with Tag("div", css="qd-split", data_open="false") as self._box:
            self._list = Tag("div", css="qd-split-list", role="region", aria_label=label, tabindex=0)
            with Tag("section", css="qd-split-detail", aria_label=_("Detail")):
                back = button(_("Back to the list"), self._close, look="quiet")
                back.classes("qd-back")
                self._body = Tag("div", css="qd-split-body", tabindex=0, role="group", aria_label=_("Detail"))
                self._bar = Tag("div", css="qd-split-bar", role="toolbar", aria_label=_("Actions"))
        self.show(items)

    def show(self, items: Sequence[ListItem]) -> None:
        """Replace the list; the open item stays marked if it is still there."""
        self._list.clear()
        self._rows = {}
        with self._list:
            for item in items:
                self._rows[item.key] = self._row(item)

    async def open(self, key: str, *, leave_list: bool = True) -> None:
        """Mark ``key`` as current and ask ``on_open`` to draw it.

        Args:
            leave_list: On a small screen, where only one of both has room, go to the detail. Not for the item that
                the page opens by itself.
        """
        self._current = key
        for other, row in self._rows.items():
            row.put(aria_current="true" if other == key else None)
        if leave_list:
            self._box.put(data_open="true")
        result = self._on_open(key)
        if inspect.isawaitable(result):
            await result

    @contextmanager
    def detail(self) -> Iterator[None]:
        """Draw the detail anew."""
        self._body.clear()
        with self._body:
            yield

    @contextmanager
    def bar(self) -> Iterator[None]:
        """Draw the actions anew."""
        self._bar.clear()
        with self._bar:
            yield

    def _row(self, item: ListItem) -> Tag:
        current = "true" if item.key == self._current else None
        with Tag("button", css="qd-item", type="button", aria_current=current, testid=f"item-{item.key}") as made:
            Tag("b", item.title)
            Tag("b", item.value)
            Tag("small", item.note)
            Tag("small", item.age, data_tone="danger" if item.is_late else None)
        made.on("click", lambda: self.open(item.key), [])
        return made

    def _close(self) -> None:
        self._box.put(data_open="false")
