"""A question that is answered by one choice out of few."""

from collections.abc import Mapping

from nicegui import ui

from core.i18n import _
from pages.house.buttons import button
from pages.house.elements import Tag
from pages.house.fields import choice_field


async def choose(
    title: str, sentence: str, *, name: str, label: str, choices: Mapping[str, str], value: str, yes: str
) -> str | None:
    """Ask for one of ``choices`` (value to label); return ``None`` for no, otherwise the value chosen.

    Args:
        title: Names the thing and the number: "Move 12 customers".
        name: Of the field; its test id is ``field-NAME``.
        value: Chosen at first.
        yes: The verb on the button: "Move".
    """
    with ui.dialog() as dialog, Tag("div", css="qd-dialog") as box:
        heading = Tag("h2", title)
        box.put(role="document")
        dialog.props["aria-labelledby"] = heading.html_id
        with Tag("div", css="qd-dialog-body"):
            Tag("p", sentence)
            chosen = choice_field(name, label, choices, value, required=True)
        with Tag("div", css="qd-dialog-bar"):
            button(_("Cancel"), lambda: dialog.submit(None), testid="action-cancel")
            button(yes, lambda: dialog.submit(chosen.value), look="primary", testid="action-confirm")
    answer = await dialog
    dialog.delete()
    return None if answer is None else str(answer)
