"""The frame around a page that people open on a phone, with or without an account: a name above, one narrow column."""

from collections.abc import Iterator
from contextlib import contextmanager

from nicegui import ui

from core.i18n import _, current_language
from core.settings import settings
from pages.components.base.assets import add_style
from pages.components.base.elements import Tag
from pages.components.base.toasts import Toasts
from pages.components.layout.shell import LANGUAGE_TAGS

_LANGUAGE_NAMES = {"zh_CN": "中文", "en": "English"}


@contextmanager
def visitor_shell(title: str, *, home: str = "") -> Iterator[None]:
    """Draw the frame; what is drawn inside the block is the page.

    Args:
        title: Title of the browser tab; ``page_header`` draws the one people read.
        home: Where the name of the brand leads; "" for nowhere, as for who has no account.
    """
    client = ui.context.client
    client.title = f"{title} · {settings().brand_name}"
    client.layout.classes("qd-frame qd-frame-visitor")
    add_style("visitor.css")
    with client.layout:
        with Tag("header", css="qd-header") as header:
            Tag("a" if home else "span", settings().brand_name, "qd-brand", href=home or None)
            Tag("span", css="qd-header-space")
            with Tag("div", css="qd-choices", role="group", aria_label=_("Language")):
                for value, words in _LANGUAGE_NAMES.items():
                    made = Tag("button", words, type="button", testid=f"language-{value}", data_set="language")
                    chosen = "true" if value == current_language() else "false"
                    made.put(data_value=value, aria_pressed=chosen, lang=LANGUAGE_TAGS[value])
        Toasts()
    header.move(target_index=0)
    slot = client.content.parent_slot
    ui.skip_link(_("Skip to content"), target=slot.parent if slot else client.content)
    with Tag("div", css="qd-page qd-page-visitor"):
        yield
