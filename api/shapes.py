"""The API's JSON shapes of values, and the OpenAPI models of a resource's rows and parameters."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import BaseModel, Field, create_model

from core.queries.filters import Operator, is_ranged, operators_of
from core.resource import Field as ResourceField
from core.resource import Resource

CURRENCY: Literal["CNY"] = "CNY"
CODES_MAX = 20  # that a description lists; of more, new ones come with every release


class Amount(BaseModel):
    """An amount of money."""

    amount: str = Field(description="Decimal, exact", examples=["12.30"], pattern=r"^-?\d+(\.\d+)?$")
    currency: Literal["CNY"] = CURRENCY


def amount(decimal: str | None) -> dict[str, str] | None:
    """Return a dumped amount in the API's shape."""
    return None if decimal is None else {"amount": decimal, "currency": CURRENCY}


def row_shape(resource: Resource, row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a row of ``finding.Page`` in the API's shape: its fields by name, references as the other's key."""
    values: dict[str, Any] = {}
    for name in resource.names:
        if name in row:
            field = resource.field(name)
            value = amount(row[name]) if is_amount(field) else row[name]
            group, rest = _grouped(field)
            if group:
                values.setdefault(group, {})[rest] = value
            else:
                values[name] = value
    return values


def is_amount(field: ResourceField) -> bool:
    """Return whether a field holds money."""
    return field.kind.style in {"money", "unit_price"}


def row_model(resource: Resource) -> type[BaseModel]:
    """Return the model of a row. Only the key is always there: other fields may be confidential."""
    plain: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {}
    for field in resource.fields:
        group, rest = _grouped(field)
        described = Field(... if field.name in resource.keys else None, description=field.label)
        (groups.setdefault(group, {}) if group else plain)[rest] = (
            _type_of(field, is_key=field.name in resource.keys),
            described,
        )
    for group, parts in groups.items():
        plain[group] = (create_model(f"{resource.title}{group.title().replace('_', '')}", **parts) | None, None)
    return create_model(resource.title.replace(" ", ""), __doc__=f"One row of {resource.name}.", **plain)


def filter_parameters(resource: Resource) -> list[dict[str, Any]]:
    """Return the OpenAPI description of the filter parameters of a list."""
    return [
        {
            "name": field.name,
            "in": "query",
            "required": False,
            "description": _filter_description(field),
            "schema": {"type": "string"},
        }
        for field in resource.fields
    ]


def _filter_description(field: ResourceField) -> str:
    """Return how a list can be filtered by a field."""
    codes = [choice.value for choice in field.kind.choices]
    if len(codes) > CODES_MAX:
        meaning = "any of these codes, separated by commas"
    elif codes:
        meaning = f"any of {', '.join(codes)}, separated by commas"
    elif field.kind.reference is not None:
        meaning = f"its key in {field.kind.reference.resource}"
    elif is_ranged(field):
        meaning = "this, or `from..to`, both included" + (", days of the brand's" if "date" in field.kind.style else "")
    else:
        meaning = "exactly this"
    more = ", ".join(
        f"`{field.name}__{word}`" for word in ["not", *(one for one in Operator if one in operators_of(field))]
    )
    return f"{field.label}: {meaning}. Also {more}."


def _type_of(field: ResourceField, *, is_key: bool) -> Any:
    if is_amount(field):
        return Amount | None
    own = {"integer": int, "date": date, "datetime": datetime}.get(field.kind.style, str)
    if field.kind.reference is None and field.stored.python_type is float:
        own = float
    return own if is_key else own | None


def _grouped(field: ResourceField) -> tuple[str, str]:
    """Return the object that programs see a field in, "" for none, and its name there."""
    return field.group, field.name.removeprefix(f"{field.group}_") if field.group else field.name
