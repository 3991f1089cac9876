"""Which rows are meant: a closed tree of conditions on the fields of a resource, as data, and its form in SQL.

A condition names a field and holds values as people state them; both are checked whenever a query is made of it. Only
fields of the resource that exist for the actor can be named, only these operators can be asked, and every value is
bound. Both databases answer alike: ASCII letters are found without regard to case, all others as they are.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, TypeDecorator, and_, collate, false, func, not_, or_, select, true
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from core.clock import BRAND_ZONE
from core.database.sessions import is_sqlite
from core.errors import InvalidInput, Problem
from core.i18n import N_
from core.kinds.kind import Reference, Refused, shown_value
from core.kinds.standard import DAY, half_width, refuse_early, refuse_illegal
from core.limits import FILTER_VALUE_LENGTH_MAX, SEARCH_LENGTH_MAX
from core.resource import Field, Resource

DEPTH_MAX = 8
CONDITIONS_MAX = 100
VALUES_MAX = 1_000
WORDS_MAX = 5
SEARCH_BYTES_MIN = 2  # two letters or one Chinese character

_TOO_LONG = N_("A value may have at most {length} characters.")
_TEXTS = frozenset({"code", "text", "phone", "uscc", "email"})
_FOUND_BY_SEARCH = frozenset({"phone", "email"})
_FRACTION = re.compile(r"\d{1,2}:\d{2}:\d{2}\.\d")
_ZEROS_OF_CODE = re.compile("(?:0000|00)$")


class Operator(StrEnum):
    """How a field is compared: any of the values, a part of it, from (≥), to (<), up to (≤), or whether it is empty."""

    IS = "in"
    CONTAINS = "contains"
    FROM = "from"
    TO = "to"
    UPTO = "upto"
    EMPTY = "empty"


_RANGE = frozenset({Operator.IS, Operator.FROM, Operator.TO, Operator.UPTO, Operator.EMPTY})
_PART = frozenset({Operator.IS, Operator.CONTAINS, Operator.EMPTY})
_SAME = frozenset({Operator.IS, Operator.EMPTY})


@dataclass(frozen=True, slots=True)
class Condition:
    """One field compared with values, stated as text: codes, labels, keys of references, decimal yuan, ISO days."""

    field: str
    operator: Operator
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class And:
    """All of the parts hold."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one of the parts holds."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold; an empty field is not what it is compared with."""

    part: "Filter"


Filter = And | Or | Not | Condition
ResolvedReferences = Mapping[Condition, tuple[int, ...]]
"""By condition on a reference: the numbers of the rows that its values are the keys of."""


def check_filter(fields: Mapping[str, Field], tree: Filter | None) -> None:
    """Go on only with a filter that can be asked.

    Raises:
        InvalidInput: ``queries.unknown_field``, ``queries.unknown_operator``, ``queries.invalid_value`` or
            ``queries.too_many_conditions``.
    """
    count = values = 0
    for condition, depth in conditions_in(tree):
        count, values = count + 1, values + len(condition.values)
        if count > CONDITIONS_MAX or values > VALUES_MAX or depth > DEPTH_MAX:
            raise InvalidInput(
                "queries.too_many_conditions",
                N_("This filter is too large: at most {conditions} conditions, {values} values and {depth} levels."),
                conditions=CONDITIONS_MAX,
                values=VALUES_MAX,
                depth=DEPTH_MAX,
            )
        _values(_field(fields, condition), condition)


def operators_of(field: Field) -> frozenset[Operator]:
    """Return what can be asked of a field."""
    if field.kind.reference is not None or (field.kind.style == "text" and not field.kind.choices):
        return _PART
    return _SAME if field.kind.choices else _RANGE


def is_ranged(field: Field) -> bool:
    """Return whether the values of a field have an order that people ask by: numbers, amounts, days, instants."""
    return operators_of(field) is _RANGE


def is_text(field: Field) -> bool:
    """Return whether people look for a part of the field rather than for its whole value."""
    return field.kind.name in _TEXTS or field.kind.reference is not None


def filter_condition(
    session: Session, fields: Mapping[str, Field], tree: Filter | None, resolved: ResolvedReferences
) -> ColumnElement[bool] | None:
    """Return a checked filter in SQL, None if it lets every row through.

    Args:
        session: Says which database it is for.
        fields: By name.
        tree: See ``check_filter``.
        resolved: Row ids of ``named_references``, see ``core.queries._references``.
    """
    return None if tree is None else _in_sql(session, fields, tree, resolved)


def named_references(
    fields: Mapping[str, Field], tree: Filter | None
) -> Iterator[tuple[Condition, Reference, list[str]]]:
    """Yield of a checked filter each condition that names rows by their keys: with what it refers to, and the keys."""
    for condition, _depth in conditions_in(tree):
        field = fields[condition.field]
        if field.kind.reference is not None and condition.operator == Operator.IS:
            yield condition, field.kind.reference, _values(field, condition)


def search_condition(
    session: Session, resource: Resource, fields: Mapping[str, Field], words: str
) -> ColumnElement[bool]:
    """Return the condition that every word occurs in one of the fields people search by.

    These are the key, names, phones, e-mail addresses, and the rows a required reference leads to.

    Raises:
        InvalidInput: ``queries.search_too_short``, ``queries.invalid_value``.
    """
    if len(words) > SEARCH_LENGTH_MAX:
        raise _invalid("q", "queries.invalid_value", _TOO_LONG, length=SEARCH_LENGTH_MAX)
    wanted = words.split()
    if len("".join(wanted).encode(errors="replace")) < SEARCH_BYTES_MIN:
        raise _invalid("q", "queries.search_too_short", N_("Type at least two letters or one Chinese character."))
    if len(wanted) > WORDS_MAX:
        raise _invalid("q", "queries.invalid_value", N_("Search for at most {count} words."), count=WORDS_MAX)
    found_in = [field for name, field in fields.items() if name in resource.keys or _is_searched(field)]
    columns = [field for field in found_in if is_text(field)]
    return and_(*(or_(false(), *(_part(session, field, _legal("q", word)) for field in columns)) for word in wanted))


def contains(session: Session, column: Any, part: str) -> ColumnElement[bool]:
    """Return the condition that ``part`` occurs in a text column, ASCII letters in either case."""
    pattern = "%" + part.replace("/", "//").replace("%", "/%").replace("_", "/_") + "%"
    if is_sqlite(session):
        return column.like(pattern, escape="/")  # type: ignore[no-any-return]
    return collate(column, "C").ilike(pattern, escape="/")


def byte_order(session: Session, column: Any) -> Any:
    """Return a column as it is sorted: texts byte by byte on both databases."""
    return collate(column, "C") if python_type(column) is str and not is_sqlite(session) else column


def python_type(column: Any) -> type:
    """Return the type of a column's values."""
    stored: TypeEngine[Any] = column.type
    if isinstance(stored, TypeDecorator):
        stored = stored.impl_instance
    return stored.python_type


def _is_searched(field: Field) -> bool:
    is_name = field.kind.name == "text" and field.name.split("_")[-1] in {"name", "contact", "title"}
    return is_name or field.kind.name in _FOUND_BY_SEARCH or (field.kind.reference is not None and field.required)


def conditions_in(tree: Filter | None, depth: int = 1) -> Iterator[tuple[Condition, int]]:
    """Yield every condition of a filter, with how deep it stands."""
    if isinstance(tree, Condition):
        yield tree, depth
    elif depth > DEPTH_MAX:  # whatever hangs below is not even walked
        yield Condition("", Operator.IS, ()), depth
    elif isinstance(tree, Not):
        yield from conditions_in(tree.part, depth + 1)
    elif tree is not None:
        for part in tree.parts:
            yield from conditions_in(part, depth + 1)


def _field(fields: Mapping[str, Field], condition: Condition) -> Field:
    field = fields.get(condition.field)
    if field is None:
        raise unknown_field(condition.field, fields)
    if condition.operator not in operators_of(field):
        raise unknown_operator(field, condition.operator)
    return field


def unknown_field(name: str, fields: Mapping[str, Field]) -> InvalidInput:
    """Return the refusal of a field that does not exist, or not for this actor."""
    return _invalid(
        shown_value(name),
        "queries.unknown_field",
        N_("There is no field “{field}” here. There are: {known}."),
        field=shown_value(name),
        known=", ".join(fields),
    )


def unknown_operator(field: Field, operator: str) -> InvalidInput:
    """Return the refusal of an operator that does not exist, or not for this field."""
    return _invalid(
        field.name,
        "queries.unknown_operator",
        N_("“{field}” cannot be asked with “{operator}”."),
        field=field.name,
        operator=shown_value(operator),
    )


def _in_sql(
    session: Session, fields: Mapping[str, Field], tree: Filter, resolved: ResolvedReferences
) -> ColumnElement[bool]:
    if isinstance(tree, Condition):
        return _one_of(fields[tree.field], resolved[tree]) if tree in resolved else _compared(session, fields, tree)
    if isinstance(tree, Not):
        return not_(func.coalesce(_in_sql(session, fields, tree.part, resolved), false()))
    parts = [_in_sql(session, fields, part, resolved) for part in tree.parts]
    return and_(true(), *parts) if isinstance(tree, And) else or_(false(), *parts)


def _one_of(field: Field, numbers: Sequence[int]) -> ColumnElement[bool]:
    column: ColumnElement[Any] = field.column
    return column == numbers[0] if len(numbers) == 1 else column.in_(numbers)


def _compared(session: Session, fields: Mapping[str, Field], condition: Condition) -> ColumnElement[bool]:
    field = _field(fields, condition)
    column: ColumnElement[Any] = field.column
    values = _values(field, condition)
    match condition.operator:
        case Operator.EMPTY:
            return column.is_(None) if values[0] else column.is_not(None)
        case Operator.CONTAINS:
            return or_(false(), *(_part(session, field, value) for value in values))
        case Operator.FROM:
            return and_(*(column >= span[0] for span in values))
        case Operator.TO:
            return and_(*(column < span[0] for span in values))
        case Operator.UPTO:
            return and_(*(column < after if after is not None else column <= value for value, after in values))
    return _is_any(session, field, values)


def _is_any(session: Session, field: Field, values: Sequence[Any]) -> ColumnElement[bool]:
    column: ColumnElement[Any] = field.column
    if field.kind.name == "region":
        return or_(false(), *(_inside(column, code) for code in values))
    if field.kind.name == "tags":
        position = func.instr if is_sqlite(session) else func.strpos
        return or_(false(), *(position(";" + column + ";", f";{tag};") > 0 for tag in values))
    if is_ranged(field):
        return or_(false(), *(_equal(column, value, after) for value, after in values))
    return column == values[0] if len(values) == 1 else column.in_(values)


def _equal(column: ColumnElement[Any], value: Any, after: Any) -> ColumnElement[bool]:
    return and_(column >= value, column < after) if isinstance(value, datetime) else column == value


def _inside(column: Any, adcode: str) -> ColumnElement[bool]:
    """Return the condition of a region or anything in it: 310000 is a province, 310100 a city."""
    stem = _ZEROS_OF_CODE.sub("", adcode)
    return column == adcode if stem == adcode else and_(column >= stem, column < stem + "~")


def _part(session: Session, field: Field, part: str) -> ColumnElement[bool]:
    """Return the condition of a part as it was typed, or with full-width letters, digits and signs made plain."""
    spellings = dict.fromkeys([part, half_width(part) or part])
    reference = field.kind.reference
    if reference is None:
        return or_(false(), *(contains(session, field.column, one) for one in spellings))
    named = [contains(session, column, one) for column in (reference.key, reference.title) for one in spellings]
    found = or_(false(), *named)
    column: ColumnElement[Any] = field.column
    return column.in_(select(reference.key.class_.id).where(found))


def _values(field: Field, condition: Condition) -> list[Any]:
    """Return the values as the database compares them: for what has an order, each with the first value after it."""
    if not condition.values:
        raise _invalid(
            field.name, "queries.invalid_value", N_("“{field}” needs a value to compare with."), field=field.name
        )
    texts = [_legal(field.name, text) for text in condition.values]
    if condition.operator == Operator.EMPTY:
        if texts not in (["1"], ["0"]):
            raise _invalid(field.name, "queries.invalid_value", N_("Say 1 for empty or 0 for not empty."))
        return [texts[0] == "1"]
    if condition.operator == Operator.CONTAINS:
        return texts
    if field.kind.names_rows:
        return [key for text in texts for key in _keys(field, text)]
    return [_parsed(field, text) for text in texts]


def _keys(field: Field, text: str) -> list[str]:
    """Return the keys a text may mean: as keys are read, and exactly: older rows may have signs that are left out."""
    try:
        plain = field.kind.parse(text)
    except Refused:
        plain = None
    return [key for key in dict.fromkeys([plain, text]) if key is not None]


def _parsed(field: Field, text: str) -> Any:
    try:
        if field.kind.style == "datetime":
            return _instants(text)
        value = field.kind.parse(text)
        if isinstance(value, date):
            return value, value + timedelta(days=1)
    except Refused as refused:
        raise _refused(field.name, refused.problem, "queries.invalid_value") from refused
    except (OverflowError, ValueError):
        problem = Problem("date.invalid", N_("is not a date: write it like 2026-11-22"))
        raise _refused(field.name, problem, "queries.invalid_value") from None
    return (value, None) if is_ranged(field) else value


def _instants(text: str) -> tuple[datetime, datetime]:
    """Return the first instant meant and the first after: of a day of the brand, or of a second or microsecond."""
    if "T" in text:
        instant = datetime.fromisoformat(text)
        refuse_early(instant)
        start = (instant if instant.tzinfo else instant.replace(tzinfo=BRAND_ZONE)).astimezone(UTC)
        return start, start + (timedelta(microseconds=1) if _FRACTION.search(text) else timedelta(seconds=1))
    day = DAY.parse(text)
    following = day + timedelta(days=1)
    return (
        datetime(day.year, day.month, day.day, tzinfo=BRAND_ZONE),
        datetime(following.year, following.month, following.day, tzinfo=BRAND_ZONE),
    )


def _legal(name: str, text: str) -> str:
    if len(text) > FILTER_VALUE_LENGTH_MAX:
        raise _invalid(name, "queries.invalid_value", _TOO_LONG, length=FILTER_VALUE_LENGTH_MAX)
    try:
        return refuse_illegal(text)
    except Refused as refused:
        raise _refused(name, refused.problem, refused.problem.code) from refused


def _refused(name: str, problem: Problem, code: str) -> InvalidInput:
    return InvalidInput(code, N_("“{field}”: {problem}"), fields={name: problem}, field=name, problem=problem.text)


def _invalid(name: str, code: str, message: str, /, **values: object) -> InvalidInput:
    return InvalidInput(code, message, fields={name: Problem(code, message, values)}, **values)
