"""Static content of pages: titles, chips, amounts, facts, steps, tiles, notices."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from nicegui import ElementFilter

from core.i18n import _, current_language
from pages.components.base.design_tokens import Tone
from pages.components.base.elements import Tag

NoticeTone = Literal["info", "ok", "warning", "danger"]
MINUS = "−"
EMPTY = "—"

_STATUS_TONES: dict[str, Tone] = {
    "draft": "draft",
    "applied": "pending",
    "submitted": "pending",
    "under_review": "pending",
    "waiting": "pending",
    "approved": "approved",
    "active": "approved",
    "won": "approved",
    "running": "running",
    "contacted": "running",
    "negotiating": "running",
    "shipped": "shipped",
    "done": "done",
    "closed": "done",
    "inactive": "done",
    "lost": "done",
    "returned": "returned",
    "exiting": "returned",
    "rejected": "rejected",
    "failed": "rejected",
    "refused": "rejected",
    "frozen": "frozen",
    "locked": "frozen",
}


def tone_of(status: str) -> Tone:
    """Return the tone of a status code of the product; an unknown one is grey."""
    return _STATUS_TONES.get(status, "draft")


class Subtitle(Tag):
    """Short text beside the title; hidden while empty."""

    def __init__(self, text: str) -> None:
        super().__init__("span", text, "qd-subtitle")
        self.put(hidden=not text)


def update_subtitle(text: str) -> None:
    """Change the subtitle of this page's header."""
    for subtitle in ElementFilter(kind=Subtitle):
        subtitle.text = text
        subtitle.put(hidden=not text)


@contextmanager
def page_header(
    title: str,
    subtitle: str = "",
    *,
    chip_text: str = "",
    tone: Tone = "draft",
    crumbs: Mapping[str, str] | None = None,
) -> Iterator[Tag]:
    """Draw the title of the page and yield it; what is drawn inside the block stands at the right, as its actions.

    Args:
        subtitle: Short text, e.g. "100,000 orders".
        chip_text: Status of a record, with its ``tone``.
        crumbs: Label to address of what is above; only on records.
    """
    with Tag("div", css="qd-stack"):
        if crumbs:
            with Tag("nav", aria_label=_("Breadcrumb")), Tag("ol", css="qd-crumbs"):
                for label, href in crumbs.items():
                    with Tag("li"):
                        Tag("a", label, href=href)
        with Tag("div", css="qd-titlebar"):
            with Tag("div", css="qd-titlebar-text"):
                heading = Tag("h1", title, "qd-title")
                if chip_text:
                    chip(chip_text, tone)
                Subtitle(subtitle)
            with Tag("div", css="qd-actions"):
                yield heading


def chip(text: str, tone: Tone = "draft") -> Tag:
    """Draw a status: always dot and word, never colour alone."""
    return Tag("span", text, "qd-chip", data_tone=tone)


def money_amount(cents: int | None, *, short: bool = False, signed: bool = False) -> Tag:
    """Draw an amount in whole cents 分; negative ones in the colour of danger.

    Args:
        short: From 10,000 yuan on as 123.5 万 / 1.23 亿 (¥1.24M in English), the full amount on hover and read out.
        signed: Positive amounts get a plus sign.
    """
    if cents is None:
        return Tag("span", EMPTY, "qd-money")
    full = money_text(cents, signed=signed)
    css = "qd-money qd-negative" if cents < 0 else "qd-money"
    if not short or abs(cents) < 10_000_00:
        return Tag("span", full, css)
    with Tag("span", css=css, title=full) as made:
        Tag("span", short_money_text(cents), aria_hidden="true")
        Tag("span", full, "qd-hidden")
    return made


def money_text(cents: int, *, signed: bool = False) -> str:
    """Return whole cents as people read them: "¥1,234.56", "−¥120.00"."""
    sign = MINUS if cents < 0 else "+" if signed and cents > 0 else ""
    yuan, rest = divmod(abs(cents), 100)
    return f"{sign}¥{yuan:,}.{rest:02}"


def short_money_text(cents: int) -> str:
    """Return an amount from 10,000 yuan on with one or two decimals of its unit, e.g. "¥123.5 万"."""
    sign = MINUS if cents < 0 else ""
    yuan = Decimal(abs(cents)) / 100
    if current_language() == "zh_CN":
        return f"{sign}¥{yuan / 10**8:,.2f} 亿" if yuan >= 10**8 else f"{sign}¥{yuan / 10**4:,.1f} 万"
    if yuan >= 10**9:
        return f"{sign}¥{yuan / 10**9:,.2f}B"
    return f"{sign}¥{yuan / 10**6:,.2f}M" if yuan >= 10**6 else f"{sign}¥{yuan / 10**3:,.1f}K"


@contextmanager
def panel(title: str = "") -> Iterator[Tag]:
    """Draw a white surface with an optional heading around what is drawn inside; never one in another."""
    with Tag("section", css="qd-panel", aria_label=title or None):
        if title:
            with Tag("div", css="qd-panel-head"):
                Tag("h2", title)
        with Tag("div", css="qd-panel-body") as body:
            yield body


@contextmanager
def columns() -> Iterator[tuple[Tag, Tag]]:
    """Draw the two columns of a record and yield them: the content, and a rail of 320 px for history and files."""
    with Tag("div", css="qd-columns"):
        yield Tag("div", css="qd-stack"), Tag("div", css="qd-stack")


def stack() -> Tag:
    """Draw a column of things, 14 px apart; use it as ``with stack():``."""
    return Tag("div", css="qd-stack")


def row() -> Tag:
    """Draw things side by side, 8 px apart, wrapping; use it as ``with row():``."""
    return Tag("div", css="qd-row")


def form() -> Tag:
    """Draw the grid that fields stand in, as many columns as fit; use it as ``with form():``."""
    return Tag("div", css="qd-form")


def tiles() -> Tag:
    """Draw the grid that tiles stand in; use it as ``with tiles():``."""
    return Tag("div", css="qd-tiles")


def paragraph(words: str) -> Tag:
    """Draw a paragraph."""
    return Tag("p", words)


def kv(facts: Mapping[str, object], *, pairs: int = 2) -> Tag:
    """Draw facts, label to text, ``pairs`` of them side by side; nothing is shown as "—".

    A value may be a function that draws: ``{"Credit": lambda: money_amount(86_200_00)}``.
    """
    with Tag("dl", css="qd-kv").style(f"--pairs:{pairs}") as made:
        for label, value in facts.items():
            Tag("dt", label)
            with Tag("dd", "" if callable(value) else _value_or_dash(value)):
                if callable(value):
                    value()
    return made


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a process: ``note`` says who or how it went, ``at`` when, e.g. by ``short_instant_text``."""

    label: str
    note: str = ""
    state: Literal["done", "current", "failed", "open"] = "open"
    at: str = ""


def steps(way: Sequence[Step], *, label: str = "") -> Tag:
    """Draw the thin line of steps of a record or a wizard."""
    with Tag("ol", css="qd-steps", aria_label=label or _("Progress")) as made:
        for step in way:
            current = "step" if step.state in ("current", "failed") else None
            with Tag("li", css="qd-step", data_state=step.state, aria_current=current):
                Tag("b", step.label)
                for words in filter(None, (step.note, step.at)):  # each on its own line: a narrow step breaks neither
                    Tag("small", words)
    return made


@contextmanager
def empty_state(title: str, sentence: str = "") -> Iterator[Tag]:
    """Draw the message of an empty page and yield its heading; what is drawn inside is the one thing to do."""
    with Tag("div", css="qd-empty"):
        heading = Tag("h2", title)
        if sentence:
            Tag("p", sentence)
        with Tag("div", css="qd-row"):
            yield heading


def notice(sentence: str, tone: NoticeTone = "info", *, items: Sequence[str] = (), testid: str | None = None) -> Tag:
    """Draw a message that stays on the page; ``items`` become a list below it. Give a problem as "danger"."""
    role = "alert" if tone == "danger" else "status"
    with Tag("div", css="qd-notice", data_tone=tone, role=role, testid=testid) as made:
        Tag("span", sentence)
        if items:
            with Tag("ul"):
                for item in items:
                    Tag("li", item)
    return made


def stat_tile(
    label: str,
    value: str | int,
    *,
    note: str = "",
    trend: Literal["up", "down", ""] = "",
    href: str = "",
    cents: bool = False,
    testid: str | None = None,
) -> Tag:
    """Draw one figure; with ``href`` it opens the list it counts. With ``cents``, ``value`` is an amount in cents."""
    with Tag("a" if href else "div", css="qd-tile", href=href or None, testid=testid) as made:
        Tag("span", label, "qd-tile-label")
        with Tag("span", "" if cents else _value_or_dash(value), "qd-tile-value"):
            if cents:
                money_amount(int(value), short=True)
        if note:
            Tag("span", note, "qd-tile-note", data_trend=trend or None)
    return made


def keys_hint(keys: Mapping[str, str]) -> Tag:
    """Draw single keys and what they do, e.g. ``{"J K": "Up and down", "A": "Approve"}``; hidden on small screens."""
    with Tag("div", css="qd-keys", aria_hidden="true") as made:
        for names, meaning in keys.items():
            for name in names.split():
                Tag("kbd", name, "qd-kbd")
            Tag("span", meaning)
    return made


def _value_or_dash(value: object) -> str:
    if value is None or value == "":
        return EMPTY
    if isinstance(value, int):
        return f"{value:,}".replace("-", MINUS)
    return str(value)
