"""Check that the server's address is free, before anything else is done at start."""

import os
import socket

from core.errors import Conflict, InvalidInput
from core.i18n import N_


def require_free(host: str, port: int) -> None:
    """Require that this process may listen on the address.

    Raises:
        Conflict: ``listening.port_taken``.
        InvalidInput: ``listening.host_unknown``.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        message = N_("The setting “{name}” is an address of this machine, not “{value}”.")
        raise InvalidInput("listening.host_unknown", message, name="host", value=host) from error
    for family, kind, protocol, _name, address in found[:1]:
        try:
            with socket.socket(family, kind, protocol) as listener:
                if (
                    os.name == "posix"
                ):  # as the server does: else connections of the previous process would block the port
                    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                listener.bind(address)
        except OSError as error:
            message = N_(
                "Qudao cannot listen on {host}, port {port}: {reason}. Stop what uses it, or set QUDAO_HOST or"
                " QUDAO_PORT."
            )
            raise Conflict(
                "listening.port_taken", message, host=host, port=port, reason=os.strerror(error.errno or 0)
            ) from error
