"""Common parts of commands: options, output of outcomes and expected errors, terminal encodings."""

import codecs
import io
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer

from core.database.errors import expected_errors
from core.database.sessions import disconnect
from core.errors import DomainError, InvalidInput
from core.events.seals import seal_committed_events
from core.i18n import N_

Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")]
As = Annotated[str, typer.Option("--as", help="Act as this person, with that person's rights and scope.")]


def print_outcome(facts: dict[str, Any], *, as_json: bool, sentence: str = "") -> None:
    """Print a command's outcome: the facts for programs, a sentence for people."""
    if as_json:
        print(json_line(facts))
        if sentence:
            print(sentence, file=sys.stderr)
    else:
        print(sentence or json.dumps(facts, ensure_ascii=False, indent=2, default=str))


@contextmanager
def exit_on_expected_error(as_json: bool) -> Iterator[None]:
    """Print an expected error and exit with code 2; at the end, seal the events that were recorded and disconnect."""
    try:
        with expected_errors():
            yield
    except DomainError as error:
        facts: dict[str, Any] = {"code": error.code, "message": error.text}
        if error.fields:
            facts["fields"] = {name: problem.text for name, problem in error.fields.items()}
        if as_json:
            print(json_line(facts))
        print(error.text, file=sys.stderr)
        for name, problem in error.fields.items():
            print(f"  {name}: {problem.text}", file=sys.stderr)
        raise typer.Exit(2) from error
    finally:
        seal_committed_events()
        disconnect()


def accept_any_text() -> None:
    """Escape characters that the terminal's encoding lacks, so that printing never fails."""
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
