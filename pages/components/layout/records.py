"""Timelines and line tables of record pages."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Literal

from core.clock import BRAND_ZONE, today
from core.i18n import _
from pages.components.base.buttons import button
from pages.components.base.elements import Tag
from pages.components.layout.content import EMPTY

Align = Literal["left", "right", "center"]


@dataclass(frozen=True, slots=True)
class Change:
    """Change of a field, as text before and after; "" is nothing."""

    label: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One entry of a timeline.

    Attributes:
        who: Name of the person or program.
        what: What was done, as a short sentence.
        at: When, with zone.
        note: Reason or comment.
        source: Channel: screen, import 12, API key …
    """

    who: str
    what: str
    at: datetime
    note: str = ""
    source: str = ""
    tone: Literal["", "ok", "danger"] = ""
    changes: Sequence[Change] = ()


@dataclass(frozen=True, slots=True)
class LineColumn:
    """One column of a line table; ``name`` is its key in the rows."""

    name: str
    label: str
    align: Align = "left"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is more than text: a second ``note`` line, a tone, a link, or something drawn by ``draw``."""

    text: str = ""
    note: str = ""
    tone: Literal["", "danger"] = ""
    href: str = ""
    draw: Callable[[], object] | None = None


def timeline(history: Sequence[TimelineEntry], *, label: str = "") -> Tag:
    """Draw a timeline, in the order given (newest first, by custom)."""
    with Tag("ol", css="qd-timeline", aria_label=label or _("History")) as made:
        for happening in history:
            _event(happening)
    return made


def line_table(
    columns: Sequence[LineColumn],
    rows: Sequence[Mapping[str, str | Cell]],
    *,
    caption: str,
    foot: Mapping[str, str] | None = None,
    testid: str | None = None,
) -> Tag:
    """Draw few rows as a plain table, e.g. the lines of an order; use ``data_grid`` for a list.

    Args:
        caption: What the table holds; read out, not shown.
        foot: Totals by column name.
    """
    with (
        Tag("div", css="qd-table-box", tabindex=0, role="region", aria_label=caption) as made,
        Tag("table", css="qd-table", testid=testid),
    ):
        Tag("caption", caption, "qd-hidden")
        with Tag("thead"), Tag("tr"):
            for column in columns:
                Tag("th", column.label, scope="col", data_align=column.align)
        with Tag("tbody"):
            for row in rows:
                with Tag("tr"):
                    for column in columns:
                        _cell(row.get(column.name, ""), column.align)
        if foot:
            with Tag("tfoot"), Tag("tr"):
                for column in columns:
                    Tag("td", foot.get(column.name, ""), data_align=column.align)
    return made


def pager(offset: int, size: int, count: int, on_turn: Callable[[int], Awaitable[None]]) -> Tag:
    """Draw the pager of a long table.

    Args:
        offset: How many rows come before it. size: of a page, in rows. count: of all rows.
        on_turn: Called with the offset of the page to show.
    """
    with Tag("nav", css="qd-pager", aria_label=_("Pages")) as made:
        last = min(offset + size, count)
        shown = _("{first}–{last} of {count}", first=f"{offset + 1:,}", last=f"{last:,}", count=f"{count:,}")
        Tag("span", shown, role="status")
        if count > size:
            for words, to, name in (
                (_("Previous"), offset - size, "previous"),
                (_("Next"), offset + size, "next"),
            ):
                button(words, partial(on_turn, to), enabled=0 <= to < count, testid=f"action-{name}-page")
    return made


def before_after(before: str, after: str) -> Tag:
    """Draw a value that changes: both are named by a word, not by their colour alone."""
    with Tag("div", css="qd-pair") as made:
        for tag, word, value in (("del", _("Before"), before), ("ins", _("After"), after)):
            with Tag("div"):
                Tag("small", word)
                Tag(tag, value or EMPTY)
    return made


def instant_text(at: datetime) -> str:
    """Return an instant as people read it, in the brand's zone: "2026-11-22 09:14"."""
    return at.astimezone(BRAND_ZONE).strftime("%Y-%m-%d %H:%M")


def short_instant_text(at: datetime | None) -> str:
    """Return an instant where there is little room: "11-22 09:14", the year too if it is not this one; "" for None."""
    if at is None:
        return ""
    words = instant_text(at)
    return words.removeprefix(f"{today().year}-")


def _event(happening: TimelineEntry) -> None:
    with Tag("li", css="qd-event", data_tone=happening.tone or None):
        with Tag("div", css="qd-event-head"):
            with Tag("span"):
                Tag("b", happening.who)
                Tag("span", f" {happening.what}")
            Tag("time", instant_text(happening.at), datetime=happening.at.isoformat())
        for change in happening.changes:
            with Tag("div", css="qd-change"):
                Tag("span", f"{change.label}: ")
                Tag("del", change.before or EMPTY)
                Tag("span", " → ")
                Tag("ins", change.after or EMPTY)
        for note in filter(None, (happening.note, happening.source)):
            Tag("div", note, "qd-event-note")


def _cell(value: str | Cell, align: Align) -> None:
    cell = value if isinstance(value, Cell) else Cell(value)
    is_drawn = bool(cell.href or cell.draw)
    words = "" if is_drawn else cell.text or EMPTY
    with Tag("td", words, data_align=align, data_tone=cell.tone or None, data_empty=not (is_drawn or cell.text)):
        if cell.href:
            Tag("a", cell.text, href=cell.href)
        if cell.draw:
            cell.draw()
        if cell.note:
            Tag("small", cell.note)
