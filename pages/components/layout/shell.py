"""The frame around every staff page: header, navigation, main region; and the decorator that makes a page."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from nicegui import ElementFilter, ui
from nicegui.element import Element

from core.access import Actor
from core.i18n import N_, _, current_language
from core.settings import settings
from pages.components.base.buttons import button
from pages.components.base.elements import Tag
from pages.components.base.icons import Icon
from pages.components.base.toasts import Toasts
from pages.components.layout.notifications import Bell, BellSource

LANGUAGE_TAGS = {"zh_CN": "zh-CN", "en": "en-US"}

_LANGUAGE_NAMES = {"zh_CN": "中文", "en": "English"}
_MODES = {"auto": N_("System"), "light": N_("Light"), "dark": N_("Dark")}
_DENSITIES = {"compact": N_("Compact"), "default": N_("Default"), "relaxed": N_("Relaxed")}


@dataclass(frozen=True, slots=True)
class NavItem:
    """One item of the navigation; ``name`` is the capability, e.g. "orders"."""

    name: str
    label: str
    href: str
    icon: Icon = "dot"


@dataclass(frozen=True, slots=True)
class NavGroup:
    """Navigation items under one heading."""

    label: str
    items: Sequence[NavItem]


class LocalizedPage(ui.page):
    """``ui.page`` whose ``lang`` and Quasar texts follow the current language of the request.

    The language must be set before the page function runs, in the context of the request (a middleware).
    """

    def resolve_language(self) -> str:  # type: ignore[override]
        """Return the BCP 47 tag of the current language."""
        return LANGUAGE_TAGS[current_language()]

    def resolve_dark(self) -> None:
        """Return None: light or dark is decided by the browser, which stores the person's choice."""
        return


@contextmanager
def shell(
    title: str,
    *,
    current: str,
    actor: Actor,
    nav: Sequence[NavGroup],
    counts: Mapping[str, int] | None = None,
    role_label: str = "",
    fill: bool = False,
    search_url: str = "",
    bell: BellSource | None = None,
) -> Iterator[None]:
    """Draw the frame; what is drawn inside the block is the page.

    Args:
        title: Title of the browser tab; ``page_header`` draws the one people read.
        current: Name of the navigation item this page belongs to.
        nav: What the actor may see, already filtered by permission.
        counts: Name of an item to how many wait there for this person; 0 shows nothing.
        role_label: The role of the actor as people read it, shown beside the name.
        fill: The page takes exactly the height of the window, and its parts scroll (lists, inboxes).
        search_url: Path that answers ``?q=`` with ``{"items": [{"label", "hint", "href"}]}`` for the search box;
            without it the box finds pages of the navigation only.
        bell: The reader's notifications; None draws no bell.
    """
    client = ui.context.client
    client.title = f"{title} · {settings().brand_name}"
    client.layout.classes("qd-frame qd-frame-fill" if fill else "qd-frame")
    with client.layout:
        header = _header(actor, role_label, search_url, bell)
        navigation = _navigation(nav, current, counts or {})
        Tag("div", css="qd-veil", data_close_drawer=True)
        Toasts()
    header.move(target_index=0)
    navigation.move(target_index=1)
    main = _main_of(client.content)
    ui.skip_link(_("Skip to content"), target=main)
    with Tag("div", css="qd-page"):
        yield


def _header(actor: Actor, role_label: str, search_url: str, bell: BellSource | None) -> Tag:
    with Tag("header", css="qd-header") as header:
        opener = button(_("Menu"), look="quiet", icon="menu", icon_only=True, testid="nav-open")
        opener.classes("qd-menu-button")
        opener.put(data_open_drawer=True, aria_controls="qd-nav", aria_expanded="false")
        Tag("a", settings().brand_name, "qd-brand", href="/")
        Tag("span", css="qd-header-space")
        _search(search_url)
        finder = button(_("Search"), look="quiet", icon="search", icon_only=True)
        finder.classes("qd-search-button")
        finder.put(data_open_search=True)
        if bell is not None:
            Bell(bell)
        _account(actor, role_label)
    return header


def _search(search_url: str) -> None:
    with Tag("form", css="qd-search", role="search", data_suggest=search_url or None, data_search=True):
        Tag(
            "input",
            css="qd-input",
            type="search",
            name="q",
            autocomplete="off",
            placeholder=_("Search"),
            aria_label=_("Search"),
            aria_keyshortcuts="Control+K",
            testid="search",
        )
        Tag("kbd", "Ctrl K", "qd-kbd", aria_hidden="true")


def _account(actor: Actor, role_label: str) -> None:
    opener = button(f"{role_label} · {actor.name}" if role_label else actor.name, testid="account")
    opener.classes("qd-account")
    with Tag("div", css="qd-menu", popover="auto", data_align="end") as menu:
        with Tag("div", css="qd-menu-head"):
            Tag("b", actor.name)
            Tag("span", role_label or actor.person)
        Tag("a", _("My account"), "qd-menu-item", href="/account", testid="my-account")
        Tag("button", _("Keyboard shortcuts"), "qd-menu-item", type="button", data_show_keys=_key_texts())
        Tag("div", css="qd-menu-rule")
        _preference(_("Language"), "language", _LANGUAGE_NAMES)
        _preference(_("Appearance"), "mode", {value: _(label) for value, label in _MODES.items()})
        _preference(_("Row height"), "density", {value: _(label) for value, label in _DENSITIES.items()})
        Tag("div", css="qd-menu-rule")
        with Tag("form", method="post", action="/logout"):
            Tag("button", _("Sign out"), "qd-menu-item", type="submit", testid="sign-out")
    opener.put(popovertarget=menu.html_id, aria_haspopup="true")


def _key_texts() -> str:
    texts = {
        "title": _("Keyboard shortcuts"),
        "go": _("Search"),
        "move": _("Up and down in a list"),
        "keys": _("Use single keys"),
        "close": _("Close"),
    }
    return json.dumps(texts, ensure_ascii=False)


def _preference(label: str, name: str, choices: Mapping[str, str]) -> None:
    Tag("div", label, "qd-menu-label")
    with Tag("div", css="qd-choices", role="group", aria_label=label):
        for value, text in choices.items():
            chosen = "true" if name == "language" and value == current_language() else "false"
            tag = LANGUAGE_TAGS.get(value) if name == "language" else None
            made = Tag("button", text, type="button", testid=f"{name}-{value}")
            made.put(data_set=name, data_value=value, aria_pressed=chosen, lang=tag)


def _navigation(nav: Sequence[NavGroup], current: str, counts: Mapping[str, int]) -> Tag:
    with Tag("nav", css="qd-nav", id="qd-nav", aria_label=_("Main navigation")) as navigation:
        with Tag("div", css="qd-nav-groups"):
            for group in nav:
                with Tag("div", css="qd-nav-group"):
                    Tag("h2", group.label, "qd-nav-label")
                    with Tag("ul", css="qd-nav-list"):
                        for item in group.items:
                            _nav_item(item, item.name == current, counts.get(item.name, 0))
        with button("", look="quiet", icon="fold", testid="nav-fold") as fold:
            Tag("span", _("Fold"))
        fold.classes("qd-fold")
        fold.put(data_fold=True, aria_label=_("Fold navigation"), title=_("Fold navigation"))
    return navigation


def _nav_item(item: NavItem, is_current: bool, count: int) -> None:
    with (
        Tag("li"),
        Tag(
            "a",
            css=f"qd-nav-item qd-icon-{item.icon}",
            href=item.href,
            title=item.label,
            aria_current="page" if is_current else None,
            testid=f"nav-{item.name}",
        ),
    ):
        Tag("span", item.label)
        NavCount(item.name).say(count)


class NavCount(Tag):
    """Badge of a navigation item with the number that wait; hidden for 0."""

    def __init__(self, name: str) -> None:
        super().__init__("span", css="qd-count")
        self.name = name

    def say(self, count: int) -> None:
        """Show ``count``, or nothing for 0."""
        self.clear()
        self.put(hidden=not count)
        if count:
            with self:
                Tag("span", f"{count:,}" if count < 1000 else "999+", aria_hidden="true")
                Tag("span", _("{count} waiting", count=count), "qd-hidden")


def update_counts(counts: Mapping[str, int]) -> None:
    """Update the badges of this page's navigation; an item that is not named has none."""
    for place in list(ElementFilter(kind=NavCount)):
        place.say(counts.get(place.name, 0))


def _main_of(content: Element) -> Element:
    """Return the page element that becomes ``<main>`` in the browser."""
    slot = content.parent_slot
    if slot is None:
        return content
    return slot.parent
