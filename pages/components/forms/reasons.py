"""The field for a reason, in a dialog or beside the buttons that decide."""

from core.errors import Problem
from core.i18n import N_
from core.kinds.kind import Refused
from core.kinds.standard import NOTE
from core.limits import NOTE_LENGTH_MAX
from pages.components.forms.fields import FormField, text_field

_REQUIRED = Problem("reasons.required", N_("Please give a reason"))


def reason_field(label: str) -> FormField:
    """Draw the field for a reason that must be given."""
    return text_field("reason", label, required=True, multiline=True, max_length=NOTE_LENGTH_MAX)


def reason_problem(reason: str, *, required: bool) -> Problem | None:
    """Return why a reason cannot be stored; None if it can.

    Args:
        reason: As typed, without outer spaces.
        required: Whether an empty one is wrong.
    """
    if not reason:
        return _REQUIRED if required else None
    try:
        NOTE.parse(reason)
    except Refused as refused:
        return refused.problem
    return None
