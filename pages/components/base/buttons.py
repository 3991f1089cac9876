"""Buttons and links that look like buttons."""

import inspect
from typing import Literal

from nicegui.elements.mixins.disableable_element import DisableableElement

from pages.components.base.elements import Click, Tag
from pages.components.base.icons import Icon

Look = Literal["plain", "primary", "danger", "quiet"]


class Button(DisableableElement, Tag):
    """A button that runs one click at a time: while its handler works it is busy, and further clicks do nothing.

    Switch it with ``enable()`` and ``disable()``.
    """

    def __init__(self, text: str, css: str, on_click: Click | None, *, testid: str | None, key: str | None) -> None:
        super().__init__(tag="button", text=text, css=css, testid=testid, type="button", data_key=key)
        self._busy = False
        self._on_click = on_click
        if on_click:
            self.on("click", self._click, [])

    async def _click(self) -> None:
        if self._busy or self._on_click is None:
            return
        self._busy = True
        self.put(aria_busy="true")
        try:
            result = self._on_click()
            if inspect.isawaitable(result):
                await result
        finally:
            self._busy = False
            if not self.is_deleted:
                self.put(aria_busy=None)

    def _handle_enabled_change(self, enabled: bool) -> None:
        super()._handle_enabled_change(enabled)
        self.put(disable=None, disabled=not enabled)


def button(
    label: str,
    on_click: Click | None = None,
    *,
    look: Look = "plain",
    icon: Icon | None = None,
    icon_only: bool = False,
    key: str | None = None,
    testid: str | None = None,
    enabled: bool = True,
) -> Button:
    """Draw a button.

    Args:
        label: What happens, as a verb; with ``icon_only`` it is read out and shown on hover.
        on_click: Function or coroutine function without arguments.
        look: "primary" once per page at most, "danger" for what takes away, "quiet" for what is seldom needed.
        key: A single key that presses it while no input has the focus, e.g. "a"; listed under "?".
        testid: ``data-testid``, by custom ``action-NAME``.
    """
    made = Button("" if icon_only else label, _css(look, icon, icon_only), on_click, testid=testid, key=key)
    if icon_only:
        made.put(aria_label=label, title=label)
    if key:
        made.put(aria_keyshortcuts=key.upper())
    if not enabled:
        made.disable()
    return made


def link_button(
    label: str,
    href: str,
    *,
    look: Look = "plain",
    icon: Icon | None = None,
    testid: str | None = None,
) -> Tag:
    """Draw a link that looks like a button: for going somewhere, and for a file.

    Answers that are files say so themselves; without the attribute ``download`` a refusal is shown as a page, and not
    as a download that failed.
    """
    return Tag("a", label, _css(look, icon, False), href=href, testid=testid)


def text_link(label: str, href: str, *, testid: str | None = None) -> Tag:
    """Draw a link inside running text or a table."""
    return Tag("a", label, href=href, testid=testid)


def _css(look: Look, icon: Icon | None, icon_only: bool) -> str:
    css = ["qd-btn", f"qd-btn-{look}"]
    if icon:
        css.append(f"qd-icon-{icon}")
    if icon_only:
        css.append("qd-btn-square")
    return " ".join(css)
