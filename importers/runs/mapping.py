"""Column mapping: exact matches of headings to fields, and suggestions for a person to confirm."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from rapidfuzz import fuzz

from core.access import Actor
from core.errors import InvalidInput
from core.i18n import N_, _, both_languages
from core.kinds.plain_texts import normal_form, without_invisible
from core.limits import HEADING_LENGTH_MAX
from core.resource import Field, Resource
from importers.runs._heading_synonyms import SYNONYMS

LIKELY = 78.0  # similarity from which a heading is offered as likely, out of 100

_VARIED = re.compile(r"[\s*_\-:：]|\([^)]*(?:\)|$)")


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    """Mapping of a worksheet's columns, and constants, to fields.

    Attributes:
        positions: Field name → position of its column, from 0.
        constants: Field name → what every row states.
        ignored: Headings of columns that are left out.
    """

    positions: dict[str, int]
    constants: dict[str, str] = field(default_factory=dict)
    ignored: list[str] = field(default_factory=list)

    @property
    def names(self) -> set[str]:
        """Return the names of all stated fields."""
        return set(self.positions) | set(self.constants)


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A suggested field for a column. "sure": the heading says so; "likely": a person should look; "none": unknown."""

    heading: str
    field: str
    certainty: Literal["sure", "likely", "none"]


def editable_fields(resource: Resource, actor: Actor) -> tuple[Field, ...]:
    """Return the fields that ``actor`` may edit."""
    return tuple(field for field in resource.fields_for(actor) if field.stated)


def plain_heading(text: str) -> str:
    """Return a normalised heading, without what people vary: width, case, spaces, required marks, units in brackets.

    Only its first ``HEADING_LENGTH_MAX`` characters count; a bracket that is not closed in them reaches to their end.
    """
    return _VARIED.sub("", normal_form("NFKC", without_invisible(text[:HEADING_LENGTH_MAX])).casefold())


def match_headings(
    resource: Resource,
    actor: Actor,
    headings: Sequence[str],
    *,
    mapping: Mapping[str, str] | None = None,
    constants: Mapping[str, str] | None = None,
    match: str = "",
) -> ColumnMapping:
    """Return which column is which field: by ``mapping`` first, else by field name or label in either language.

    Args:
        resource: Whose fields.
        actor: Who states them; a confidential field does not exist for who may not see it.
        headings: Of the worksheet, in order.
        mapping: Heading → field name; "" leaves the column out.
        constants: Field name → what every row states; goes before a column.
        match: Field that existing rows are found by, if it is not the key.

    Raises:
        InvalidInput: ``imports.unknown_field``, ``imports.heading_not_found``, ``imports.field_twice`` or
            ``imports.required_column_missing``.
    """
    mapping, constants = mapping or {}, dict(constants or {})
    fields = {field.name: field for field in editable_fields(resource, actor)}
    for name in [*mapping.values(), *constants, *([match] if match else [])]:
        if name and name not in fields:
            known = ", ".join(fields)
            raise InvalidInput(
                "imports.unknown_field", N_("There is no field “{name}”. Fields are: {known}."), name=name, known=known
            )
    for heading in mapping:
        if heading not in headings:
            raise InvalidInput(
                "imports.heading_not_found",
                N_("The sheet has no column “{heading}”. Its columns are: {headings}."),
                heading=heading,
                headings=", ".join(headings),
            )
    columns = ColumnMapping({}, constants)
    meanings = _meanings(fields.values())
    taken, seen = set(mapping.values()), set[str]()
    for position, heading in enumerate(headings):
        meaning = meanings.get(plain_heading(heading), "")
        name = mapping.get(heading, "" if meaning in taken else meaning)  # the person has said which column that is
        if not name or name in constants or heading in seen:  # of two columns with one heading, the first counts
            columns.ignored.extend([heading] if heading else [])
        elif name in columns.positions:
            raise InvalidInput(
                "imports.field_twice",
                N_("Two columns are “{label}”: “{first}” and “{second}”. Leave one of them out."),
                label=_(fields[name].label),
                first=headings[columns.positions[name]],
                second=heading,
            )
        else:
            columns.positions[name] = position
        seen.add(heading)
    _require_columns(resource, fields, columns, match)
    return columns


def suggest(resource: Resource, actor: Actor, headings: Sequence[str]) -> list[Suggestion]:
    """Return a guess for each heading, each field at most once: what is sure first, then what is most similar."""
    fields = {field.name: field for field in editable_fields(resource, actor)}
    labels = _meanings(fields.values())
    meanings = labels | _synonyms(fields)
    chosen: dict[int, tuple[str, Literal["sure", "likely", "none"]]] = {}
    plain = [plain_heading(heading) for heading in headings]
    for known in (labels, meanings):  # a column called as the field itself comes before one that is called nearly so
        for position, heading in enumerate(plain):
            name = known.get(heading, "")
            if name and position not in chosen and name not in {one for one, _certainty in chosen.values()}:
                chosen[position] = (name, "sure")
    scored = sorted(
        (
            (-fuzz.ratio(heading, word), position, name)
            for position, heading in enumerate(plain)
            if position not in chosen and heading
            for word, name in meanings.items()
        ),
    )
    for score, position, name in scored:
        if -score < LIKELY:
            break
        if position not in chosen and name not in {one for one, _certainty in chosen.values()}:
            chosen[position] = (name, "likely")
    return [Suggestion(heading, *chosen.get(position, ("", "none"))) for position, heading in enumerate(headings)]


def _meanings(fields: Iterable[Field]) -> dict[str, str]:
    """Return plain heading → field name: its name and its labels in every language."""
    return {plain_heading(word): field.name for field in fields for word in (*both_languages(field.label), field.name)}


def _synonyms(fields: Mapping[str, Field]) -> dict[str, str]:
    """Return plain heading → field name: the words common to many resources, then those of the resource's own."""
    common = {plain_heading(word): name for name, words in SYNONYMS.items() if name in fields for word in words}
    own = {plain_heading(word): one.name for one in fields.values() for word in filter(None, one.synonyms.split("|"))}
    return common | own


def _require_columns(resource: Resource, fields: Mapping[str, Field], columns: ColumnMapping, match: str) -> None:
    needed = [name for name, field in fields.items() if field.required]
    if match and match not in resource.keys:
        needed = [match, *(name for name in needed if name not in resource.keys and name in columns.names)]
    missing = [_(fields[name].label) for name in needed if name not in columns.names]
    if missing:
        raise InvalidInput(
            "imports.required_column_missing",
            N_("The sheet has no column for: {missing}. Name the column in its heading, or map another one to it."),
            missing=", ".join(missing),
        )
