"""The filter row of a list: search, one chip for each filter, columns. The state lives in the address only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from core.i18n import _
from pages.components.base.elements import Tag
from pages.components.lists._grid_texts import filter_texts
from pages.components.lists.grid_spec import without_code


@dataclass(frozen=True, slots=True)
class Filter:
    """One filter of a list.

    In the address a choice is ``name=a,b`` (any of them), a date or number ``name=from..to`` (both ends included, each
    may be left out), a text ``name=part``, a condition its text in the grammar of ``core.expressions``.

    Attributes:
        choices: For kind "choice": value to label, in order; for others the labels of values that may be stated, and
            for a condition those of the fields that it can name.
        example: Shown in an empty field.
    """

    name: str
    label: str
    kind: Literal["choice", "date", "number", "text", "condition"] = "choice"
    choices: Mapping[str, str] | None = None
    example: str = ""


def filter_bar(filters: Sequence[Filter], *, search: str = "", columns: bool = True) -> Tag:
    """Draw the filter row; it drives the ``data_grid`` of the same page without asking the server.

    Args:
        search: Placeholder of the search input ("Number, name or phone"); "" leaves it out. It is ``q`` in the address.
        columns: Offer to choose and order the columns of the grid.
    """
    config = {
        "filters": [
            {
                "name": one.name,
                "label": one.label,
                "kind": one.kind,
                "choices": list((one.choices or {}).items()),
                "example": one.example,
            }
            for one in filters
        ],
        "search": search,
        "columns": columns,
        "texts": filter_texts(),
    }
    return Tag("qudao-filters", css="qd-filters", config=without_code(config), role="search", aria_label=_("Filters"))
