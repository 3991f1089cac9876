"""What a list can be grouped by and measured by, as an address writes it: ``created_at:month``, ``sum:total``."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from core.access import Actor
from core.errors import InvalidInput, Problem
from core.i18n import N_
from core.resource import Field, Resource

Grain = Literal["value", "reference", "province", "year", "quarter", "month", "week"]
Measure = Literal["count", "sum", "min", "max", "average"]

DATE_GRAINS: tuple[Grain, ...] = ("month", "quarter", "year", "week")
GRAIN_LABELS: dict[Grain, str] = {
    "month": N_("by month"),
    "quarter": N_("by quarter"),
    "year": N_("by year"),
    "week": N_("by week"),
    "province": N_("by province"),
}
MEASURE_LABELS: dict[Measure, str] = {
    "count": N_("Number of rows"),
    "sum": N_("Sum"),
    "min": N_("Least"),
    "max": N_("Greatest"),
    "average": N_("Average"),
}
_ADDED = frozenset({"money", "integer"})
_COMPARED = _ADDED | {"unit_price", "rate"}
_MONTHS = {"year": 12, "quarter": 3, "month": 1}


@dataclass(frozen=True, slots=True)
class Dimension:
    """A field that rows are grouped by, and how finely."""

    field: Field
    grain: Grain

    def __str__(self) -> str:
        return self.field.name if self.grain in {"value", "reference"} else f"{self.field.name}:{self.grain}"


@dataclass(frozen=True, slots=True)
class Figure:
    """What is shown of each group: how many rows, or a measure of a field whose values are whole numbers."""

    measure: Measure
    field: Field | None = None

    def __str__(self) -> str:
        return f"{self.measure}:{self.field.name}" if self.field else self.measure


def dimensions_of(resource: Resource, actor: Actor) -> list[Dimension]:
    """Return what a list can be grouped by: choices, references, regions by province, days and instants by period."""
    return [Dimension(field, grain) for field in resource.fields_for(actor) for grain in _grains(field)]


def figures_of(resource: Resource, actor: Actor) -> list[Figure]:
    """Return what a list can be measured by; prices and rates are compared and averaged, but never added up."""
    found = [Figure("count")]
    for field in resource.fields_for(actor):
        if field.kind.name in _COMPARED and not field.serial:
            measures: tuple[Measure, ...] = ("sum", "average", "min", "max")
            found += [Figure(one, field) for one in measures if one != "sum" or field.kind.name in _ADDED]
    return found


def read_dimensions(resource: Resource, actor: Actor, names: Sequence[str]) -> list[Dimension]:
    """Return dimensions by name. Raises ``InvalidInput``: ``reports.unknown_dimension``."""
    known = {str(one): one for one in dimensions_of(resource, actor)}
    for name in names:
        if name not in known:
            raise _unknown("reports.unknown_dimension", N_("Rows cannot be grouped by “{name}”."), name)
    return [known[name] for name in dict.fromkeys(names)]


def read_figure(resource: Resource, actor: Actor, name: str) -> Figure:
    """Return a figure by name, "" for the number of rows. Raises ``InvalidInput``: ``reports.unknown_measure``."""
    known = {str(one): one for one in figures_of(resource, actor)}
    if (name or "count") not in known:
        raise _unknown("reports.unknown_measure", N_("“{name}” cannot be measured."), name)
    return known[name or "count"]


def period_of(grain: Grain, key: str) -> tuple[date, date]:
    """Return the first day of a period and the first day after it; ``key`` as groups are named: its first day, ISO."""
    first = date.fromisoformat(key)
    if grain == "week":
        return first, first + timedelta(days=7)
    months = first.year * 12 + first.month - 1 + _MONTHS[grain]
    return first, date(months // 12, months % 12 + 1, 1)


def _grains(field: Field) -> tuple[Grain, ...]:
    if field.kind.person is not None:
        return ()
    if field.kind.reference is not None:
        return ("reference",)
    if field.kind.choices:
        return ("value",)
    if field.kind.name == "region":
        return ("province",)
    return DATE_GRAINS if field.kind.style in {"date", "datetime"} else ()


def _unknown(code: str, message: str, name: str) -> InvalidInput:
    problem = Problem(code, message, {"name": name[:100]})
    return InvalidInput(code, message, fields={"by": problem}, **problem.values)
