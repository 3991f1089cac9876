"""Dialogs that ask for a password or code."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from core.i18n import _
from pages.components.base.buttons import button
from pages.components.base.elements import Tag
from pages.components.forms.fields import text_field


async def ask_secret(
    title: str,
    sentence: str,
    *,
    label: str,
    look: Callable[[str], Awaitable[str]],
    yes: str,
    hint: str = "",
    is_code: bool = False,
) -> bool:
    """Ask for a password or a code until it is right or the person gives up; return whether it was right.

    Args:
        look: Returns why the input is wrong, "" if it is right.
        is_code: A code of a phone, shown while it is typed and offered by the system's keyboard; else a password.
    """
    with ui.dialog() as dialog, Tag("div", css="qd-dialog") as box:
        heading = Tag("h2", title)
        box.put(role="document")
        dialog.props["aria-labelledby"] = heading.html_id

        async def agree() -> None:
            problem = await look(str(typed.value or ""))
            if problem:
                typed.refuse(problem)
            else:
                dialog.submit(True)

        with Tag("div", css="qd-dialog-body"):
            Tag("p", sentence)
            typed = text_field("proof", label, required=True, hint=hint, secret=not is_code, on_enter=agree)
            typed.control.props("autofocus")
            typed.control.props["autocomplete"] = "one-time-code" if is_code else "current-password"
        with Tag("div", css="qd-dialog-bar"):
            button(_("Cancel"), lambda: dialog.submit(False), testid="action-cancel")
            button(yes, agree, look="primary", testid="action-prove")
    answer = await dialog
    if not dialog.is_deleted:  # the browser may have gone with the question open
        dialog.delete()
    return answer is True
