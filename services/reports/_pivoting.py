"""Grouping with pandas, slice by slice: memory grows with the number of groups, not with that of rows.

Loaded late, see ``core.process.late_imports``. Amounts stay whole numbers: within a slice as 64-bit integers, which
``SLICE_ROWS`` of the largest value cannot exceed, beyond it as integers of any size.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from core.clock import BRAND_ZONE
from services.reports.dimensions import Grain

SLICE_ROWS = 4_000
PENDING_MAX = 50_000  # groups of slices that are kept side by side before they are put together
EMPTY = ""
"""Key of the group without a value."""
ROWS, COUNT, SUM, LEAST, GREATEST = "rows", "count", "sum", "least", "greatest"
_PERIODS: dict[Grain, str] = {"year": "Y", "quarter": "Q", "month": "M", "week": "W-SUN"}
_ADDED = {ROWS: "sum", COUNT: "sum", SUM: "sum", LEAST: "min", GREATEST: "max"}


class Groups:
    """Rows as they come, grouped by their first values; the last value is measured.

    Args:
        grains: At least one: how each grouping value becomes the key of its group.
    """

    def __init__(self, grains: Sequence[Grain]) -> None:
        self._grains = list(grains)
        self._levels: list[Any] = list(range(len(grains)))
        self._parts: list[pd.DataFrame] = []
        self._pending = 0

    def add(self, rows: Sequence[Sequence[Any]]) -> int:
        """Add a slice of rows; return how many groups there may be by now."""
        columns = list(zip(*rows, strict=True))
        keys = [_keys(grain, columns[level]) for level, grain in enumerate(self._grains)]
        measured = pd.Series(columns[len(keys)], dtype="Int64")
        frame = pd.DataFrame(dict(enumerate(keys)) | {"measure": measured})
        grouped = frame.groupby(self._levels, sort=False)["measure"]
        part = grouped.agg(["size", "count", "sum", "min", "max"]).set_axis(list(_ADDED), axis=1)
        part[SUM] = part[SUM].astype(object)
        self._parts.append(part)
        self._pending += len(part)
        return self._pending

    def fold(self) -> int:
        """Put the groups of all slices together; return how many there are."""
        if self._parts:
            together = pd.concat(self._parts)
            levels = list(range(together.index.nlevels))
            self._parts = [together.groupby(level=levels, sort=False).agg(_ADDED)]
            self._pending = len(self._parts[0])
        return self._pending

    def keys(self, level: int) -> list[str]:
        """Return the keys of the groups of a level."""
        return [str(key) for part in self._parts for key in part.index.unique(level)]

    def frame(self, names: Sequence[Mapping[str, str]]) -> pd.DataFrame:
        """Return a row for each group, after ``fold``; ``names`` (by level: key → other key) renames keys."""
        if not self._parts:
            return pd.DataFrame({name: pd.Series(dtype=object) for name in [*self._levels, *_ADDED]})
        (folded,) = self._parts
        index = folded.index.to_frame(index=False).astype(object)
        for level, renamed in enumerate(names):
            index[level] = [renamed.get(key, key) for key in index[level]]
        return pd.concat([index, folded.reset_index(drop=True)], axis=1)


def pivot_totals(frame: pd.DataFrame, levels: Sequence[int]) -> dict[tuple[str, ...], tuple[int, int, int, Any, Any]]:
    """Return key of a group of ``levels`` → its rows, measured rows, sum, least and greatest (None without any)."""
    by: Any = list(levels) or pd.Series(0, index=frame.index)
    added = frame.groupby(by, sort=False).agg(_ADDED)
    if not levels:
        return {(): _plain(added.iloc[0])} if len(added) else {}
    keys = [key if isinstance(key, tuple) else (key,) for key in added.index]
    return {key: _plain(row) for key, (_, row) in zip(keys, added.iterrows(), strict=True)}


def _plain(row: "pd.Series[Any]") -> tuple[int, int, int, Any, Any]:
    least, greatest = (None if pd.isna(row[name]) else int(row[name]) for name in (LEAST, GREATEST))
    return int(row[ROWS]), int(row[COUNT]), int(row[SUM]), least, greatest


def _keys(grain: Grain, values: Sequence[Any]) -> "pd.Series[Any]":
    """Return the keys of the groups of a column: texts, of a period its first day."""
    if grain in {"value", "reference"}:
        return pd.Series([EMPTY if value is None else str(value) for value in values], dtype=object)
    if grain == "province":
        return pd.Series([value[:2] + "0000" if value else EMPTY for value in values], dtype=object)
    stated = pd.Series(values, dtype=object)
    if any(isinstance(value, datetime) for value in values):
        local = pd.to_datetime(stated, utc=True).dt.tz_convert(BRAND_ZONE).dt.tz_localize(None)
    else:
        local = pd.to_datetime(stated)
    periods = local.dt.to_period(_PERIODS[grain])
    return periods.dt.start_time.dt.strftime("%Y-%m-%d").astype(object).fillna(EMPTY)
