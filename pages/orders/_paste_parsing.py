"""Parser of pasted order text: one "A01 20件" a line, as people write in a chat; ambiguous lines are returned apart.

Pure: nothing here knows a database or a page.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from core.errors import Problem
from core.i18n import N_
from core.kinds.standard import half_width
from core.limits import PASTED_LENGTH_MAX, PASTED_LINE_LENGTH_MAX
from models.orders import LineUnit
from services.orders.pricing import quantity_problem
from services.products.prices import Article

LINES_MAX = 500
UNITS_MAX = 10_000_000
CHOICES_MAX = 3

_BREAKS = re.compile(r"[\n\r;；。、]+|[,，](?!\d{3}(?!\d))")
_TIMES = r"[\s*×xX:：=_]"
_NUMBER = r"(?P<number>\d{1,3}(?:,\d{3})+|\d+)"
_SKU_FIRST = re.compile(rf"(?P<sku>\S.*?)(?<!{_TIMES}){_TIMES}++{_NUMBER}\s*+(?P<unit>[^\d\s]*)")
_NUMBER_FIRST = re.compile(rf"{_NUMBER}(?:\s*(?P<unit>[^\d\s*×xX:：=_]+))?{_TIMES}++(?P<sku>\S.*)")
_BOX_WORDS = frozenset({"箱", "box", "boxes", "ctn", "carton", "cartons", "case", "cases"})
_PIECE_WORDS = frozenset({"", "个", "只", "pc", "pcs", "piece", "pieces", "unit", "units", "ea"})
_PIECE_OR_CASE = "件"  # a single one to some, a full box to others


class Wanted(NamedTuple):
    """A quantity of single units of a product."""

    sku: str
    units: int


class Interpretation(NamedTuple):
    """One interpretation of an ambiguous line: ``quantity`` boxes, or (``unit``) single units of that name."""

    wanted: Wanted
    name: str
    quantity: int
    unit: str = ""


class Unclear(NamedTuple):
    """A line as it was pasted, why it is not clear, and possible interpretations."""

    text: str
    problem: Problem
    choices: tuple[Interpretation, ...] = ()


class _Reading(NamedTuple):
    sku: str
    number: int
    unit: str


def pasted_lines(text: str) -> list[str]:
    """Return the lines of a pasted text, one product each, at most ``LINES_MAX``."""
    parts = (part.strip() for part in _BREAKS.split(text[:PASTED_LENGTH_MAX]))
    return [part for part in parts if part][:LINES_MAX]


def possible_skus(lines: Iterable[str]) -> list[str]:
    """Return every text in the lines that may be a SKU."""
    found = {reading.sku for line in lines for reading in _readings(line)}
    return sorted(found | {half_width(line).strip() for line in lines if len(line) <= PASTED_LINE_LENGTH_MAX})


def parse_lines(lines: Sequence[str], articles: Mapping[str, Article]) -> tuple[list[Wanted], list[Unclear]]:
    """Return the quantities of clear lines, and the ambiguous lines.

    Args:
        lines: See ``pasted_lines``.
        articles: Products that can be ordered, by SKU in lower case (see ``possible_skus``).
    """
    clear: list[Wanted] = []
    unclear: list[Unclear] = []
    for line in lines:
        found = _read(line, articles)
        if isinstance(found, Wanted):
            clear.append(found)
        else:
            unclear.append(found)
    return clear, unclear


def _read(line: str, articles: Mapping[str, Article]) -> Wanted | Unclear:
    readings = [reading for reading in _readings(line) if reading.sku.lower() in articles]
    if not readings:
        return _unread(line, articles)
    meanings = [choice for reading in readings for choice in _meanings(reading, articles[reading.sku.lower()])]
    if not meanings:
        strange = N_("the unit “{unit}” is neither single pieces nor boxes")
        return Unclear(line, Problem("orders.unclear_unit", strange, {"unit": readings[0].unit}))
    if len({choice.wanted for choice in meanings}) > 1:
        several = N_("can be read in more than one way")
        choices = [choice for choice in meanings if _can_be_ordered(choice.wanted, articles)]
        return Unclear(line, Problem("orders.unclear_line", several), tuple(choices[:CHOICES_MAX]))
    wanted = meanings[0].wanted
    article = articles[wanted.sku.lower()]
    problem = quantity_problem(wanted.units, LineUnit.UNIT.value, article)
    return Unclear(line, problem, _whole_boxes(wanted, article)) if problem else wanted


def _readings(line: str) -> list[_Reading]:
    plain = half_width(line[: PASTED_LINE_LENGTH_MAX + 1]).strip()
    found: list[_Reading] = []
    if len(line) > PASTED_LINE_LENGTH_MAX:
        return found
    for pattern in (_SKU_FIRST, _NUMBER_FIRST):
        match = pattern.fullmatch(plain)
        if match and (number := int(match["number"].replace(",", ""))) <= UNITS_MAX:
            found.append(_Reading(match["sku"].strip(), number, (match["unit"] or "").lower()))
    return found


def _meanings(reading: _Reading, article: Article) -> list[Interpretation]:
    single = Interpretation(Wanted(article.sku, reading.number), article.name, reading.number, article.unit)
    boxes = Interpretation(Wanted(article.sku, reading.number * article.box_units), article.name, reading.number)
    if reading.unit in _BOX_WORDS and article.unit != reading.unit:
        return [boxes]
    if reading.unit in _PIECE_WORDS or reading.unit == article.unit.lower():
        return [single]
    if reading.unit == _PIECE_OR_CASE:
        return [single, boxes] if article.box_units > 1 else [single]
    return []


def _can_be_ordered(wanted: Wanted, articles: Mapping[str, Article]) -> bool:
    return quantity_problem(wanted.units, LineUnit.UNIT.value, articles[wanted.sku.lower()]) is None


def _unread(line: str, articles: Mapping[str, Article]) -> Unclear:
    plain = half_width(line[:PASTED_LINE_LENGTH_MAX]).strip().lower()
    if plain in articles:
        article = articles[plain]
        least = _whole_boxes(Wanted(article.sku, 1), article)
        return Unclear(line, Problem("orders.quantity_missing", N_("says no quantity")), least)
    readings = _readings(line)
    if readings:
        unknown = N_("there is no product {sku} that can be ordered")
        return Unclear(line, Problem("orders.unclear_sku", unknown, {"sku": readings[0].sku}))
    unread = N_("write the SKU, a space and the quantity, e.g. “{example}”")
    return Unclear(line, Problem("orders.unclear_line", unread, {"example": "A01 20"}))


def _whole_boxes(wanted: Wanted, article: Article) -> tuple[Interpretation, ...]:
    """Return the quantities that can be ordered next to the one wanted."""
    box = article.box_units
    least = -(-article.minimum_quantity // box) * box
    above = max(least, -(-wanted.units // box) * box)
    below = above - box
    return tuple(
        Interpretation(Wanted(article.sku, units), article.name, units, article.unit)
        for units in (below, above)
        if units >= least
    )[:CHOICES_MAX]
