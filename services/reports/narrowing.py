"""From a cell back to its rows: the address of the list, narrowed to exactly the rows of a group."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from services.reports.dimensions import Dimension, period_of

Pairs = list[tuple[str, str]]
_OF_THE_VIEW = frozenset({"view", "row", "cursor", "offset", "limit"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_SEPARATORS = (",", "，")


def narrowed(pairs: Iterable[tuple[str, str]], groups: Sequence[tuple[Dimension, str]]) -> Pairs | None:
    """Return the parameters of a list that shows only the rows of some groups; None if no address says that.

    Args:
        pairs: Parameters of the list as it was grouped: they hold on.
        groups: Each dimension with the key of a group of its; "" is the group without a value.
    """
    narrow = [pair for pair in pairs if pair[0] not in _OF_THE_VIEW]
    for dimension, key in groups:
        name = dimension.field.name
        if not key:
            narrow.append((f"{name}__empty", "1"))
        elif dimension.grain == "province":
            narrow = _in_province(narrow, name, key)
        elif dimension.grain in {"value", "reference"}:
            if any(sign in key for sign in _SEPARATORS):
                return None
            narrow = [pair for pair in narrow if pair[0] not in _whole_values(dimension)]
            narrow.append((f"{name}__in", key))
        else:
            narrow = _in_period(narrow, name, *period_of(dimension.grain, key))
    return narrow


def _whole_values(dimension: Dimension) -> frozenset[str]:
    """Return the parameters that name whole values: the group's own is one of them, and several would mean any."""
    name = dimension.field.name
    return frozenset({f"{name}__in"} if dimension.grain == "reference" else {f"{name}__in", name})


def _in_period(pairs: Pairs, name: str, first: date, after: date) -> Pairs:
    """Return the parameters of what lies in a period and in the days that were asked for; a list shows one range."""
    asked = next((value for key, value in pairs if key == name), "..")
    least, separator, most = (part.strip() for part in asked.partition(".."))
    if not separator or not all(_DAY.fullmatch(day) for day in (least, most) if day):
        return [*pairs, (f"{name}__from", first.isoformat()), (f"{name}__to", after.isoformat())]
    last = (after - timedelta(days=1)).isoformat()
    days = f"{max(least, first.isoformat())}..{min(most or last, last)}"
    return [*(pair for pair in pairs if pair[0] != name), (name, days)]


def _in_province(pairs: Pairs, name: str, province: str) -> Pairs:
    """Return the parameters of what lies in a province and in any of the requested regions."""
    codes = [code for key, value in pairs if key in {name, f"{name}__in"} for code in _codes(value)]
    inside = [code for code in codes if code[:2] == province[:2]]
    rest = [pair for pair in pairs if pair[0] not in {name, f"{name}__in"}]
    return [*rest, (name, ",".join(inside or [province]))]


def _codes(value: str) -> list[str]:
    return [part.strip() for part in value.replace("，", ",").split(",") if part.strip()]
