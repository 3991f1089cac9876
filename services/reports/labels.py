"""What dimensions, groups and figures of a pivot are called, in the language of who reads."""

from collections.abc import Mapping
from datetime import date

from core.i18n import N_, _
from models.regions.table import region
from services.reports.dimensions import GRAIN_LABELS, MEASURE_LABELS, Dimension, Figure

EMPTY = ""
"""Key of the group without a value, or whose value the reader may not see."""
NO_VALUE = "—"
_DIMENSION, _FIGURE = N_("{field}, {grain}"), N_("{measure}: {field}")


def dimension_text(dimension: Dimension) -> str:
    """Return what a dimension is called: "Placed at, by month"."""
    label = _(dimension.field.label)
    grain = GRAIN_LABELS.get(dimension.grain)
    return _(_DIMENSION, field=label, grain=_(grain)) if grain else label


def figure_text(figure: Figure) -> str:
    """Return what a figure is called: "Sum: Total (yuan, with tax)"."""
    measure = _(MEASURE_LABELS[figure.measure])
    return _(_FIGURE, measure=measure, field=_(figure.field.label)) if figure.field else measure


def group_text(dimension: Dimension, key: str, titles: Mapping[tuple[str, str], str]) -> str:
    """Return what a group is called: the label of a choice, the title of a row, a province, a period."""
    if key == EMPTY:
        return NO_VALUE
    match dimension.grain:
        case "value":
            return _(dimension.field.kind.label_of(key))
        case "reference":
            return titles.get((str(dimension), key), key)
        case "province":
            found = region(key)
            return found.full_name if found else key
        case "year":
            return key[:4]
        case "month":
            return key[:7]
    first = date.fromisoformat(key)
    if dimension.grain == "quarter":
        return f"{first.year} Q{(first.month + 2) // 3}"
    year, week, _day = first.isocalendar()
    return f"{year} W{week:02}"
