"""Queries of lists as checked data, and their forms in addresses, in the API and on the command line.

One grammar serves the grid, the export and the WEB API: ``stage=won&created_at__from=2026-11-01&q=上海&sort=-name``. A
parameter for each field says what most people ask; ``where`` holds a condition in the grammar of ``core.expressions``.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

from core.access import Actor
from core.errors import InvalidInput, Problem
from core.expressions.json_form import from_json, to_json
from core.expressions.nodes import (
    VALUES_MAX,
    And,
    Between,
    Compare,
    Condition,
    FieldPath,
    IsEmpty,
    Not,
    Or,
)
from core.expressions.scope import Scope
from core.expressions.texts.parsing import parse_condition
from core.expressions.texts.writing import localized_text
from core.i18n import N_
from core.kinds.kind import shown_value
from core.limits import PARAMETER_LENGTH_MAX
from core.queries._ordering import Sort
from core.queries.filters import TOO_LONG, Operator, condition_on, is_ranged, is_text, unknown_field, unknown_operator
from core.resource import Field, Resource

T = TypeVar("T")
Count = Literal["capped", "exact", "none"]

VERSION = 1  # of the JSON form
LIMIT_MAX = 1_000  # rows of one page
OFFSET_MAX = 10**9
SORTS_MAX = 5
PARAMETERS_MAX = 100
OF_THE_ADDRESS = frozenset({"view", "cols", "row"})  # how a list is looked at, not what is asked
OWN_PARAMETERS = ("q", "where", "sort", "limit", "offset", "cursor", "fields", "count", "sums")
COUNTS: dict[str, Count] = {"": "capped", "capped": "capped", "exact": "exact", "none": "none"}
SUMS: dict[str, bool | None] = {"": None, "1": True, "0": False}
NOT = "not"
OPERATORS = frozenset(operator.value for operator in Operator) | {NOT}


@dataclass(frozen=True, slots=True, kw_only=True)
class GridQuery:
    """A query of a resource. Everything in it is checked again when it runs, for the session's actor.

    Attributes:
        fields: Names of the fields to return, in order.
        filter: Which rows.
        search: Words that must all occur, "" for none.
        sort: What to order by; () for the resource's own order.
        cursor: Where to go on, as ``Page.next_cursor`` said; "" begins at ``offset``.
        count: "capped" counts up to ``core.queries.finding.COUNT_MAX`` rows, "none" not at all.
        sums: Whether to sum up ``Resource.sums`` over the whole filter; None = if it has few rows.
    """

    resource: Resource
    fields: tuple[str, ...]
    filter: Condition | None = None
    search: str = ""
    sort: tuple[Sort, ...] = ()
    limit: int = 100
    offset: int = 0
    cursor: str = ""
    count: Count = "capped"
    sums: bool | None = None

    def to_json(self) -> dict[str, Any]:
        """Return what a view of a list keeps: fields, filter, search and order; not the place in the list."""
        return {
            "v": VERSION,
            "resource": self.resource.name,
            "fields": list(self.fields),
            "filter": None if self.filter is None else to_json(self.filter),
            "search": self.search,
            "sort": [str(sort) for sort in self.sort],
        }

    @classmethod
    def from_json(cls, resource: Resource, actor: Actor, data: object) -> "GridQuery":
        """Return the query that ``to_json`` returned, checked for an actor.

        Raises:
            InvalidInput: ``queries.unknown_version``, ``queries.unknown_field``, ``queries.invalid_value``, and as
                ``core.expressions.json_form.from_json``.
        """
        if not isinstance(data, Mapping) or data.get("v") != VERSION or data.get("resource") != resource.name:
            version = shown_value(data.get("v")) if isinstance(data, Mapping) else ""
            raise InvalidInput(
                "queries.unknown_version",
                N_("This is no list of “{resource}” in version {known}; its version is “{version}”."),
                resource=resource.name,
                known=VERSION,
                version=version,
            )
        scope = Scope.of(resource, actor)
        condition = data.get("filter")
        return cls(
            resource=resource,
            fields=_names(",".join(_texts(data, "fields")), scope.fields),
            filter=None if condition is None else from_json(condition, scope),
            search=",".join(_texts({"search": [data.get("search", "")]}, "search")),
            sort=_sorts(",".join(_texts(data, "sort")), scope.fields),
        )


def read_query(
    resource: Resource,
    actor: Actor,
    pairs: Iterable[tuple[str, str]],
    *,
    from_address: bool = False,
    limit: int = 100,
) -> GridQuery:
    """Return what parameters ask of a resource.

    ``field=value`` (a choice: any of ``a,b``; a date, number or instant: ``from..to``, both included, either may be
    left out), ``field__in=a,b``, ``field__not=a,b``, ``field__contains=``, ``field__from=`` (≥), ``field__to=`` (<),
    ``field__upto=`` (≤), ``field__empty=1`` or ``0``, ``where=status = draft and total > 1000``, ``q=words``,
    ``sort=-created_at,name``, ``limit``, ``offset``, ``cursor``, ``fields=a,b``, ``count=exact`` or ``none``,
    ``sums=1`` or ``0``.

    Args:
        actor: Fields confidential to others do not exist.
        pairs: Parameters in order; a repeated ``field=`` means any of them.
        from_address: As the address of a list writes it: how it is looked at is left out, and a plain ``name=part`` of
            a text or a reference asks for a part, not for the whole.
        limit: Rows of a page that does not say.

    Raises:
        InvalidInput: ``queries.unknown_field``, ``queries.unknown_operator``, ``queries.invalid_value``,
            ``queries.too_many_conditions``; of ``where`` as ``core.expressions.texts.parsing.parse_condition``.
            ``fields`` names the parameter.
    """
    scope = Scope.of(resource, actor)
    fields = scope.fields
    own = dict.fromkeys(OWN_PARAMETERS, "")
    others: list[tuple[str, str]] = []
    for count, (name, value) in enumerate(pairs):
        if count >= PARAMETERS_MAX:
            raise _refused("", N_("At most {count} parameters can be given."), count=PARAMETERS_MAX)
        if len(name) + len(value) > PARAMETER_LENGTH_MAX:
            raise _refused(shown_value(name), TOO_LONG, length=PARAMETER_LENGTH_MAX)
        if name in own:
            own[name] = value
        elif value and not (from_address and name in OF_THE_ADDRESS):
            others.append((name, value))
    conditions = _conditions(fields, others, from_address=from_address)
    if own["where"].strip():
        conditions.extend(parts_of(where_condition(scope, own["where"])))
    return GridQuery(
        resource=resource,
        fields=_names(own["fields"], fields),
        filter=And(tuple(conditions)) if len(conditions) > 1 else conditions[0] if conditions else None,
        search=own["q"].strip(),
        sort=_sorts(own["sort"], fields),
        limit=_whole("limit", own["limit"] or str(limit), 1, LIMIT_MAX),
        offset=_whole("offset", own["offset"] or "0", 0, OFFSET_MAX),
        cursor=own["cursor"],
        count=_one_of("count", own["count"], COUNTS),
        sums=_one_of("sums", own["sums"], SUMS),
    )


def where_condition(scope: Scope, text: str) -> Condition:
    """Return the condition of a parameter ``where``.

    Raises:
        InvalidInput: As ``core.expressions.texts.parsing.parse_condition``; ``fields`` names the parameter.
    """
    try:
        return parse_condition(text, scope)
    except InvalidInput as refused:
        problem = refused.problem
        raise InvalidInput(problem.code, problem.message, fields={"where": problem}, **problem.values) from refused


def where_text(resource: Resource, actor: Actor, text: str) -> str:
    """Return a parameter ``where`` as people read it in the current language; raises as ``where_condition``."""
    scope = Scope.of(resource, actor)
    return localized_text(where_condition(scope, text), scope)


def parts_of(condition: Condition | None) -> tuple[Condition, ...]:
    """Return the conditions of a filter that must all hold."""
    if condition is None:
        return ()
    return condition.parts if isinstance(condition, And) else (condition,)


def checked_sorts(query: GridQuery, fields: Mapping[str, Field]) -> tuple[Sort, ...]:
    """Return the sort order: as requested, else the resource's own order as far as the actor sees its fields.

    Raises:
        InvalidInput: ``queries.unknown_field``, ``queries.invalid_value``.
    """
    own = query.sort or tuple(sort for sort in map(_sort, query.resource.order) if sort.field in fields)
    if len(own) > SORTS_MAX:
        raise _refused("sort", N_("A list can be sorted by at most {count} fields."), count=SORTS_MAX)
    for sort in own:
        if sort.field not in fields:
            raise unknown_field(sort.field, fields)
    return own


def _conditions(
    fields: Mapping[str, Field], pairs: Iterable[tuple[str, str]], *, from_address: bool
) -> list[Condition]:
    """Return the conditions that the parameters of fields state; a field's repeated values mean any of them."""
    conditions: list[Condition] = []
    equal: dict[str, list[str]] = {}
    for name, value in pairs:
        found = _stated(fields, name, value, from_address=from_address)
        if isinstance(found, list):
            equal.setdefault(name.partition("__")[0], []).extend(found)
        else:
            conditions.append(found)
    if sum(map(len, equal.values())) > VALUES_MAX:
        raise InvalidInput(
            "queries.too_many_conditions", N_("A filter may have at most {values} values."), values=VALUES_MAX
        )
    return conditions + [condition_on(fields[name], Operator.IS, values) for name, values in equal.items()]


def _stated(fields: Mapping[str, Field], parameter: str, value: str, *, from_address: bool) -> Condition | list[str]:
    """Return the condition that a parameter states, or the values of which the field is any."""
    name, separator, stated = parameter.partition("__")
    field = fields.get(name)
    if field is None:
        raise unknown_field(name, fields)
    if separator:
        if stated not in OPERATORS:
            raise unknown_operator(field, stated)
        if stated == NOT:  # what is empty is no such value either
            same = condition_on(field, Operator.IS, _several(value))
            return Or((Not(same), IsEmpty(FieldPath((name,)))))
        return (
            list(_several(value)) or [""] if stated == Operator.IS else condition_on(field, Operator(stated), (value,))
        )
    if is_ranged(field) and ".." in value:
        return _range(field, *value.split("..", 1))
    if from_address and is_text(field):
        return condition_on(field, Operator.CONTAINS, (value,))
    is_list = bool(field.kind.choices) or field.kind.name in {"region", "tags"}
    return list(_several(value)) if is_list else [value]


def _range(field: Field, least: str, most: str) -> Condition:
    bounds = ((Operator.FROM, least.strip()), (Operator.UPTO, most.strip()))
    ends = [condition_on(field, operator, (value,)) for operator, value in bounds if value]
    if not ends:
        raise _refused(field.name, N_("Say from where or up to where: 10..20, 10.. or ..20."))
    match ends:
        case [Compare(left=path, right=first), Compare(right=last)]:
            return Between(path, first, last)
    return ends[0]


def _texts(data: Mapping[Any, Any], name: str) -> list[str]:
    """Return a list of texts of a query in JSON."""
    found = data.get(name, [])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise _refused(name, N_("“{name}” is a list of texts."), name=name)
    return found


def _several(value: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in value.replace("，", ",").split(",") if part.strip())


def _sorts(text: str, fields: Mapping[str, Field]) -> tuple[Sort, ...]:
    sorts = tuple(map(_sort, _several(text)))
    for sort in sorts:
        if sort.field not in fields:
            raise unknown_field(sort.field, fields)
    return sorts


def _sort(text: str) -> Sort:
    return Sort(text.removeprefix("-"), text.startswith("-"))


def _names(text: str, fields: Mapping[str, Field]) -> tuple[str, ...]:
    names = tuple(dict.fromkeys(_several(text))) or tuple(fields)
    for name in names:
        if name not in fields:
            raise unknown_field(name, fields)
    return names


def _whole(name: str, text: str, least: int, most: int) -> int:
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else -1
    if not least <= number <= most:
        raise _refused(
            name, N_("“{name}” is a whole number from {least} to {most}."), name=name, least=least, most=most
        )
    return number


def _one_of(name: str, text: str, meanings: Mapping[str, T]) -> T:
    if text not in meanings:
        allowed = ", ".join(meaning for meaning in meanings if meaning)
        raise _refused(name, N_("“{name}” is one of: {allowed}."), name=name, allowed=allowed)
    return meanings[text]


def _refused(parameter: str, message: str, /, **values: object) -> InvalidInput:
    problem = Problem("queries.invalid_value", message, values)
    return InvalidInput(problem.code, message, fields={parameter: problem}, **values)
