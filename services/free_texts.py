"""Free texts that people write beside the fields of resources: notes and names. Services check them before use."""

from typing import NewType

from core.errors import InvalidInput, Problem
from core.i18n import N_
from core.kinds.kind import Kind, Refused
from core.kinds.standard import MISSING, NAME, NOTE

Note = NewType("Note", str)
"""A reason or comment as it may be stored: of the kind ``NOTE``, without outer spaces; "" for none."""


def parse_note(text: str, field: str = "note") -> Note:
    """Return a reason or comment as it may be stored.

    Args:
        text: As typed.
        field: Name of the input, for ``fields`` of the error.

    Raises:
        InvalidInput: ``text.illegal_character``, ``text.too_long``.
    """
    return Note(_parse(NOTE, text, field, N_("The reason or note {problem}.")))


def require_note(text: str, missing: Problem, field: str = "reason") -> Note:
    """Return a note that must be given. Raises as ``parse_note``, or with the problem ``missing`` if there is none."""
    note = parse_note(text, field)
    if not note:
        raise InvalidInput(missing.code, missing.message, fields={field: MISSING})
    return note


def parse_name(text: str) -> str:
    """Return a name as it may be stored: of the kind ``NAME``, without outer spaces. Raises as ``parse_note``."""
    return _parse(NAME, text, "name", N_("The name {problem}."))


def _parse(kind: Kind, text: str, field: str, message: str) -> str:
    try:
        parsed: str = kind.parse(text.strip())
    except Refused as refused:
        problem = refused.problem
        raise InvalidInput(problem.code, message, fields={field: problem}, problem=problem.text) from None
    return parsed
