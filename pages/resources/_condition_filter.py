"""The filter of a list for any condition: the fields that it can name, and an example, in the reader's language."""

from core.access import Actor
from core.expressions.nodes import (
    MILLION,
    And,
    Compare,
    Comparison,
    Condition,
    FieldPath,
    IsEmpty,
    Not,
    Number,
    Period,
    Text,
    Unit,
)
from core.expressions.scope import Scope
from core.expressions.texts.writing import field_texts, localized_text
from core.expressions.value_types import DATED, NUMERIC, type_of_kind
from core.i18n import _
from core.resource import Field, Resource
from pages.components.lists.filters import Filter
from pages.resources.value_texts import status_field

AMOUNT = 1_000
PARTS_MAX = 2


def condition_filter(resource: Resource, actor: Actor) -> Filter:
    """Return the filter of a resource's list in which a condition is typed."""
    scope = Scope.of(resource, actor)
    example = _("e.g. {example}", example=localized_text(_example(scope), scope))
    return Filter("where", _("Condition"), "condition", field_texts(scope), example)


def _example(scope: Scope) -> Condition:
    """Return a condition on the first choice, amount and period of a resource, as far as it has them."""
    by_kind: dict[int, Condition] = {}
    fields = [*scope.fields.values()]
    status = status_field(scope.resource, fields)
    for field in sorted(fields, key=lambda one: one is not status):
        for rank, part in _parts(field):
            by_kind.setdefault(rank, part)
    parts = tuple(part for _rank, part in sorted(by_kind.items(), key=lambda one: one[0]))[:PARTS_MAX]
    return And(parts) if len(parts) > 1 else parts[0]


def _parts(field: Field) -> list[tuple[int, Condition]]:
    path, family = FieldPath((field.name,)), type_of_kind(field.kind).family
    parts: list[tuple[int, Condition]] = [(3, Not(IsEmpty(path)))]
    if field.kind.choices:
        parts.append((0, Compare(path, Comparison.IS, Text(field.kind.choices[0].value))))
    elif family in NUMERIC and not field.serial:
        parts.append((1, Compare(path, Comparison.MORE, Number(AMOUNT * MILLION))))
    elif family in DATED:
        parts.append((2, Compare(path, Comparison.IS, Period(Unit.MONTH, 0))))
    return parts
