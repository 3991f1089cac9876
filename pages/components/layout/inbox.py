"""Inbox: a list beside its detail whose lines can be ticked, to decide one by one or many at once."""

from collections.abc import Awaitable, Callable, Collection, Sequence

from nicegui import ui
from nicegui.events import GenericEventArguments

from core.i18n import _
from pages.components.base.assets import add_style
from pages.components.base.elements import Tag
from pages.components.layout.views import ListItem, SplitView

_TICKED = "(event) => emit(event.target.checked)"


class Inbox(SplitView):
    """A ``SplitView`` with a box to tick on the lines that can be decided; without ``on_tick`` there are no boxes.

    Attributes:
        ticked: Keys of the lines ticked.
    """

    def __init__(
        self,
        items: Sequence[ListItem],
        on_open: Callable[[str], object],
        *,
        label: str,
        on_tick: Callable[[], None] | None = None,
        tickable: Collection[str] = (),
    ) -> None:
        add_style("inbox.css")
        self.ticked: set[str] = set()
        self._tickable = set(tickable)
        self._boxes: dict[str, Tag] = {}
        self._all: Tag | None = None
        self._on_tick = on_tick
        super().__init__(items, on_open, label=label)

    @property
    def keys(self) -> list[str]:
        """Return the keys of the lines, in order."""
        return list(self._rows)

    @property
    def current(self) -> str:
        """Return the key of the open line, "" for none."""
        return self._current if self._current in self._rows else ""

    def show(self, items: Sequence[ListItem]) -> None:
        """Replace the list; above it stands a box that ticks every line there is."""
        self._boxes = {}
        super().show(items)
        self._all = None
        if len(self._boxes) > 1:
            with self._list, Tag("label", css="qd-pick-all") as line:
                self._all = Tag("input", type="checkbox", testid="tick-all")
                self._all.on("change", self._tick_all, js_handler=_TICKED)
                Tag("span", _("Tick all"))
            line.move(target_index=0)
        self._update_boxes()

    def show_all(self, items: Sequence[ListItem], tickable: Collection[str]) -> None:
        """Replace the list; what is open and what is ticked stays so if it is still there."""
        self._tickable = set(tickable)
        self.ticked &= self._tickable
        self.show(items)
        if self._on_tick is not None:
            self._on_tick()

    def following(self, key: str) -> str:
        """Return the key of the line below one, of the line above the last one; "" for none."""
        keys = self.keys
        if key not in keys:
            return ""
        at = keys.index(key)
        rest = keys[:at] + keys[at + 1 :]
        return rest[min(at, len(rest) - 1)] if rest else ""

    def remove(self, key: str) -> None:
        """Remove a line without moving the others."""
        row = self._rows.pop(key)
        line = row if self._on_tick is None or row.parent_slot is None else row.parent_slot.parent
        line.delete()
        self.ticked.discard(key)
        self._boxes.pop(key, None)
        self._update_boxes()
        if self._on_tick is not None:
            self._on_tick()

    def back_to_list(self) -> None:
        """On a small screen, show the list again."""
        self._close()

    def _row(self, item: ListItem) -> Tag:
        on_tick = self._on_tick
        if on_tick is None:
            return super()._row(item)
        with Tag("div", css="qd-pick"):
            if item.key in self._tickable:
                with Tag("label", css="qd-pick-box"):
                    box = Tag("input", type="checkbox", testid=f"tick-{item.key}", checked=item.key in self.ticked)
                    self._boxes[item.key] = box
                    box.put(aria_label=_("Choose {name}", name=f"{item.title} {item.value}"))
                    box.on("change", lambda event: self._tick(item.key, event, on_tick), js_handler=_TICKED)
            else:
                Tag("span", css="qd-pick-box")
            return super()._row(item)

    def _tick(self, key: str, event: GenericEventArguments, on_tick: Callable[[], None]) -> None:
        if event.args is True:
            self.ticked.add(key)
        else:
            self.ticked.discard(key)
        self._update_boxes()
        on_tick()

    def _tick_all(self, event: GenericEventArguments) -> None:
        self.ticked = set(self._boxes) if event.args is True else set()
        self._update_boxes()
        if self._on_tick is not None:
            self._on_tick()

    def _update_boxes(self) -> None:
        """Update every box."""
        for key, box in self._boxes.items():
            box.put(checked=key in self.ticked)
        if self._all is not None:
            self._all.put(checked=bool(self._boxes) and self.ticked >= self._boxes.keys())


def poll(every_s: float, look: Callable[[], Awaitable[None]]) -> None:
    """Call ``look`` every ``every_s`` seconds while the page is open, the first time after one such pause."""
    ui.timer(every_s, look, immediate=False)
