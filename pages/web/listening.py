"""The message of a started server, printed once its port is bound."""

import asyncio
import gc
import sys
from typing import Any

from nicegui.server import Server

from core.i18n import _
from core.settings import settings
from pages.web.sockets.limits import SERVER_SETTINGS

POLL_S = 0.05
RUN_OPTIONS: dict[str, Any] = {
    "language": "zh-CN",
    "dark": None,
    "tailwind": False,
    "show": False,
    "reload": False,
    "server_header": False,
    "proxy_headers": False,  # pages.web._client_address reads them, from trusted proxies only
    "reconnect_timeout": 30,  # s
    "show_welcome_message": False,
    "access_log": False,
    **SERVER_SETTINGS,
}
"""Options of ``ui.run`` beside address and title."""


async def print_address(link: str | None) -> None:
    """Print the address once the server listens.

    Args:
        link: Path of the one-time set-up link; None if somebody has an account.
    """
    while not Server.instance.started:
        await asyncio.sleep(POLL_S)
    gc.collect()
    gc.freeze()  # objects of the start are permanent: exclude them from collection
    lines = [_("Qudao is ready at {address}", address=settings().address)]
    if link:
        lines.append(_("Set it up here (this link works once): {link}", link=settings().address + link))
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()
