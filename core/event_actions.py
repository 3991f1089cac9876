"""What can happen to the rows of a resource, as its events name it and people read it."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class EventAction:
    """One kind of event.

    Attributes:
        name: ``<noun>.<past participle>``, stable: it is stored and stands in addresses.
        label: Sentence of the audit log: "Order approved" (a catalogue key).
        verb: What somebody did, in the history of the row: "approved it" (a catalogue key); "" = as ``label``.
        tone: Colours it in the history.
    """

    name: str
    label: str
    verb: str = ""
    tone: Literal["", "ok", "danger"] = ""
