"""Hostile texts that grow, and how the work on them grows with them."""

import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

LENGTHS = (50, 200, 800, 3_200, 12_800)  # each four times the one before
FLOOR_S = 0.05  # below this nothing is compared: it is chance
FACTOR_MAX = 10.0  # linear work takes four times as long, quadratic sixteen times
UNITS = (
    "(", "（a", "((1", "a\u0301\u0323", "\u0301\u0323", "1", "0", " ", "\t", "\n", "\\", ",", "1,", "1 ", "a", "a ",
    "A1 ", "a.", "@", "a@", ".", "-", "=", "_", "x", ":", "/", ";", "\u200b", "\u202e", "，", "%", '"', "'", "°", "1°",
    "市", "区", "路", "1年", "万", "{a", "[", "<", "<c ", '<c t="e">', "<f>", '<row r="1"', ' t="s"', "</v>", "E+", "&",
    "?", "N", "lat ", "\U0001f600", "\ufdfa",
)  # fmt: skip
FRAMES = (("", ""), ("", "!"), ("1", "!"), ("a ", "1"), ("<c", ""))


def growing_texts(more_units: Sequence[str] = ()) -> Iterator[tuple[str, Callable[[int], str]]]:
    """Yield a name and what makes a text of exactly so many characters, by repeating ``UNITS`` and ``more_units``."""
    for unit in (*UNITS, *more_units):
        for before, after in FRAMES:
            yield f"{before!r}{unit!r}…{after!r}", partial(_framed, before, unit, after)


def _framed(before: str, unit: str, after: str, length: int) -> str:
    return (before + unit * length)[: length - len(after)] + after


def growth_of(work: Callable[[Any], object], text: Callable[[int], Any]) -> str:
    """Return how work grows that grows faster than its text, "" if it does not."""
    for length in LENGTHS:
        taken = _seconds(work, text(length))
        if taken <= FLOOR_S:
            continue
        longer = min(taken, *(_seconds(work, text(length)) for _ in range(2)))
        shorter = min(_seconds(work, text(length // 4)) for _ in range(3))
        if longer > FLOOR_S and longer > FACTOR_MAX * shorter:
            return f"{shorter * 1000:.1f} ms for {length // 4}, {longer * 1000:.1f} ms for {length} characters"
    return ""


def _seconds(work: Callable[[Any], object], text: Any) -> float:
    started = time.thread_time()
    work(text)
    return time.thread_time() - started
