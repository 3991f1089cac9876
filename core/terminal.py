"""Standard input and output of a command, whatever encoding the terminal has."""

import codecs
import io
import json
import sys
from typing import Any

from core.errors import InvalidInput
from core.i18n import N_


def accept_any_text() -> None:
    """Let a command print what its terminal cannot show as escapes, so that it never fails for that."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def json_line(facts: dict[str, Any]) -> str:
    """Return facts as JSON; in plain ASCII where standard output cannot carry every character."""
    is_unicode = codecs.lookup(sys.stdout.encoding or "ascii").name.startswith("utf")
    return json.dumps(facts, ensure_ascii=not is_unicode, default=str)


def read_password() -> str:
    """Return the first line of standard input, without the byte order mark that some programs put before a text.

    Raises:
        InvalidInput: ``users.password_unreadable``.
    """
    line = sys.stdin.buffer.readline()
    encoding = "utf-8" if line.startswith(codecs.BOM_UTF8) else sys.stdin.encoding
    try:
        return line.decode(encoding).removeprefix("\ufeff").rstrip("\r\n")
    except UnicodeDecodeError as error:
        unreadable = N_("The password could not be read: pass it on as text in UTF-8.")
        raise InvalidInput("users.password_unreadable", unreadable) from error
