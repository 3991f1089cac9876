"""What a capability adds to the generic pages of its resource: declared beside its own pages, see ``pages.site``."""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from core.access import Actor
from core.i18n import N_
from core.resource import Resource
from pages.components.lists.grid_spec import GridAction
from pages.resources.bulk import BulkActions
from pages.resources.sections import Record

Generic = Literal["record", "form"]
EMPTY_TEXT = N_("Bring in the list you have, or add the first one by hand.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """The pages of one resource, as far as they differ from those of others.

    Attributes:
        resource: Whose pages.
        own: Generic pages that are not made, because the capability has its own.
        can_be_new: Whether the list offers ``/RESOURCE/new``; None = if the resource is saved from forms.
        empty_text: What stands in a list without rows (a catalogue key).
        first_step: Why it is to be filled in a new installation (a catalogue key); "" if that can wait.
        header_actions: Draws further buttons in the head of the list, before "New".
        list_actions: Returns further things to do with the rows chosen, after those of the resource.
        record_actions: Draws further buttons in the head of a record.
        record_sections: Draws further panels below the sections of a record.
    """

    resource: Resource
    own: frozenset[Generic] = frozenset()
    can_be_new: bool | None = None
    empty_text: str = ""
    first_step: str = ""
    header_actions: Callable[[Actor], None] | None = None
    list_actions: Callable[[BulkActions, Actor], list[GridAction]] | None = None
    record_actions: Callable[[Record, Actor], None] | None = None
    record_sections: Callable[[Record, Actor], Awaitable[None]] | None = None


OWN_RECORD_AND_FORM: frozenset[Generic] = frozenset({"record", "form"})
"""Where both are drawn by hand."""


def with_defaults(screens: Sequence[Screen], resources: Iterable[Resource]) -> tuple[Screen, ...]:
    """Return ``screens``, and behind them one for each of ``resources`` that has none: generic pages, nothing added."""
    declared = {screen.resource.name for screen in screens}
    others = [one for one in resources if one.name not in declared]
    return (*screens, *(Screen(resource=one, empty_text=EMPTY_TEXT if one.save else "") for one in others))
