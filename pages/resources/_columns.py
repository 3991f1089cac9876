"""How the fields of a resource become the columns and the filters of its list."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from core.i18n import _
from core.resource import Field, Resource
from pages.components.layout.views import View
from pages.components.lists.filters import Filter
from pages.components.lists.grid_spec import Format, GridColumn
from pages.resources.value_texts import chip_tone, status_field, value_text

FORMATS: dict[str, Format] = {
    "money": "money",
    "unit_price": "money",
    "integer": "number",
    "rate": "number",
    "date": "date",
    "instant": "datetime",
    "tags": "tags",
    "phone": "phone",
}
WIDTHS = {
    "code": 150,
    "choice": 130,
    "phone": 130,
    "uscc": 190,
    "email": 220,
    "region": 200,
    "reference": 200,
    "money": 170,
    "unit_price": 130,
    "integer": 96,
    "rate": 100,
    "date": 120,
    "instant": 140,
    "tags": 150,
}
"""Pixels by kind of a field, at least; what is not named shares the room that is left."""
WIDEST = 210  # pixels that a heading or the words of a choice may ask for
BESIDE_HEADING, BESIDE_CHIP = 44, 56  # pixels: padding, with the arrow of the order, or the chip's own room and its dot
WIDE_FROM = "\u2e80"  # from here on signs are as wide as Chinese ones: twice a letter
FILTERS_MAX = 8
_RANGES: dict[str, Literal["date", "number"]] = {
    "date": "date",
    "instant": "date",
    "money": "number",
    "unit_price": "number",
    "integer": "number",
}


def grid_columns(resource: Resource, fields: Sequence[Field]) -> list[GridColumn]:
    """Return the columns of a list; the first key field leads to the record."""
    columns = [_column(field, is_key=field.name == resource.keys[0]) for field in fields]
    if all(column.width for column in columns if column.shown):  # one has to take the room that is left
        last = max((at for at, column in enumerate(columns) if column.shown), default=0)
        columns[last] = replace(columns[last], width=0)
    return columns


def grid_filters(resource: Resource, fields: Sequence[Field], stated: Mapping[str, str]) -> list[Filter]:
    """Return the filters of a list: what sorts rows into groups first, then days and amounts.

    Where nothing is found by searching, texts can be filtered.

    Args:
        stated: Parameters of the address; regions that they name by codes are called by their names.
    """
    texts = {"reference", "region", "tags"} | (set() if _searched(resource, fields) else {"text", "code"})
    found = [
        Filter(field.name, _(field.label), "choice", {one.value: _(one.label) for one in field.kind.choices})
        for field in fields
        if field.kind.choices
    ]
    found += [
        Filter(field.name, _(field.label), "text", _region_names(field, stated.get(field.name, "")))
        for field in fields
        if field.kind.name in texts
    ]
    for field in fields:
        ranged = _RANGES.get(field.kind.name)
        if ranged and not field.seldom:
            found.append(Filter(field.name, _(field.label), ranged))
    return found[:FILTERS_MAX]


def _region_names(field: Field, value: str) -> dict[str, str] | None:
    if field.kind.name != "region":
        return None
    return {code: value_text(field.kind, code) for code in value.split(",") if code}


def grid_views(resource: Resource, fields: Sequence[Field]) -> list[View]:
    """Return the ready views of a list: all rows, and one for each status; [] for a resource without a status."""
    status = status_field(resource, fields)
    if status is None:
        return []
    choices = [View(one.value, _(one.label), f"{status.name}={one.value}") for one in status.kind.choices]
    return [View("", _("All")), *choices]


def search_words(resource: Resource, fields: Sequence[Field]) -> str:
    """Return what the search of a list finds, for its placeholder; "" if nothing is found by searching."""
    found = [_(field.label) for field in _searched(resource, fields)]
    return _("Search {what}", what=" / ".join(found[:2])) if found else ""


def _searched(resource: Resource, fields: Sequence[Field]) -> list[Field]:
    """Return the fields that ``q`` looks in, as far as a placeholder names them: the key, names, what it is about."""
    keys = [field for field in fields if field.name in resource.keys and field.kind.name in {"code", "email"}]
    names = [field for field in fields if field.name == "name"]
    return [*keys, *names, *(field for field in fields if field.kind.reference is not None and field.required)]


def _column(field: Field, *, is_key: bool) -> GridColumn:
    kind = field.kind
    tones = {one.value: chip_tone(kind, one.value) for one in kind.choices}
    chips = {one.value: (_(one.label), tone) for one in kind.choices if (tone := tones[one.value])}
    return GridColumn(
        field.name,
        _(field.label),
        width=_width(field, [label for label, _tone in chips.values()]),
        pinned=is_key,
        chip=chips or None,
        link=is_key,
        format="chip" if chips else "text" if field.serial else FORMATS.get(kind.name, "text"),
        shown=is_key or not field.seldom,
    )


def _width(field: Field, chips: Sequence[str]) -> int:
    """Return the pixels of a column in which its heading and its chips can be read in the language of now; 0 = shared.

    Args:
        field: Whose column.
        chips: Words of its chips.
    """
    least = field.width or WIDTHS.get(field.kind.name, 0)
    widths = [_room(_(field.label)) + BESIDE_HEADING, *(_room(words) + BESIDE_CHIP for words in chips)]
    return max(least, min(WIDEST, max(widths))) if least else 0


def _room(text: str) -> int:
    """Return about how many pixels a short text takes."""
    return sum(13 if sign >= WIDE_FROM else 7 for sign in text)
