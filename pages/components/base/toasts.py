"""Toasts: short messages above the page that something was done."""

from typing import Literal

from nicegui import ElementFilter, ui

from core.i18n import _
from pages.components.base.buttons import button
from pages.components.base.elements import Click, Tag

TOAST_S = 6
UNDO_S = 10


class Toasts(Tag):
    """Container of toasts; one per page, and a live region, so that they are read out."""

    def __init__(self) -> None:
        super().__init__("div", css="qd-toasts", role="status", aria_live="polite")


def toast(sentence: str, *, tone: Literal["ok", "danger"] = "ok") -> None:
    """Show a toast; a problem ("danger") stays until it is closed. Never the only report of an error."""
    _show_toast(sentence, tone, action="", on_action=None, seconds=TOAST_S if tone == "ok" else None)


def toast_undo(sentence: str, undo: Click) -> None:
    """Show a toast that offers to undo for 10 s."""
    _show_toast(sentence, "ok", action=_("Undo"), on_action=undo, seconds=UNDO_S)


def _show_toast(
    sentence: str, tone: Literal["ok", "danger"], *, action: str, on_action: Click | None, seconds: int | None
) -> None:
    with _toasts(), Tag("div", css="qd-toast", data_tone=tone) as made:
        Tag("span", sentence)

        async def act() -> None:
            made.visible = False
            result = on_action() if on_action else None
            if result is not None:
                await result
            made.delete()

        if on_action:
            button(action, act, look="quiet", testid="action-undo")
        if seconds is None or on_action:
            button(_("Close"), made.delete, look="quiet", icon="close", icon_only=True)
        if seconds is not None:
            timer = ui.timer(seconds, made.delete, once=True)
            made.on("mouseenter", timer.deactivate, [])
            made.on("mouseleave", made.delete, [])


def _toasts() -> Tag:
    found = next(iter(ElementFilter(kind=Toasts)), None)
    if found is not None:
        return found
    with ui.context.client.layout:
        return Toasts()
