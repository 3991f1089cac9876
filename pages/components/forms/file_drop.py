"""File upload: dropped, chosen or pasted, sent by HTTP to our own endpoint, never through the socket."""

import inspect
from collections.abc import Callable
from typing import Any

from nicegui.events import GenericEventArguments

from core.i18n import _
from pages.components.base.elements import Tag
from pages.components.lists.grid_spec import without_code


def file_drop(
    url: str,
    *,
    title: str,
    hint: str = "",
    accept: str = ".xlsx,.xls,.xlsb,.ods,.csv,.tsv",
    bytes_max: int = 200 * 1024 * 1024,
    on_done: Callable[[dict[str, Any]], Any],
    testid: str = "import-file",
) -> Tag:
    """Draw a drop zone for a file, with a button to choose one.

    The browser sends ``POST url`` with the file as the body, ``Content-Type: application/octet-stream``, its name
    percent-encoded in ``X-File-Name``, and shows how far it is. The endpoint answers JSON: with a status below 300 it
    is given to ``on_done``; otherwise ``message`` is shown under the button and another file can be chosen.

    Args:
        bytes_max: Shown to the person before anything is sent; the endpoint must refuse more by itself.
        on_done: Function or coroutine function that gets the answer. It came through the browser: take an id from it,
            and look that up within the rights of the actor.
    """
    config = {
        "url": url,
        "accept": accept,
        "bytesMax": bytes_max,
        "testid": testid,
        "texts": {
            "title": title,
            "hint": hint,
            "choose": _("Choose a file"),
            "cancel": _("Cancel"),
            "sending": _("Sending {name}"),
            "tooLarge": _("The file is larger than {size} MB. Split it, or ask your administrator for a larger limit."),
            "wrongType": _("This kind of file cannot be read. It can be one of {kinds}."),
            "offline": _("The file did not arrive. Check the network and try again."),
        },
    }
    made = Tag("qudao-upload", css="qd-drop", config=without_code(config))

    async def done(event: GenericEventArguments) -> None:
        answer = event.args.get("detail") if isinstance(event.args, dict) else None
        if isinstance(answer, dict):
            result = on_done(answer)
            if inspect.isawaitable(result):
                await result

    made.on("fileuploaded", done, ["detail"])
    return made
