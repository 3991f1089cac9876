"""Order drafts: input of a form or an API request, parsed by kinds before any business rule is applied."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from core.errors import InvalidInput, Problem
from core.i18n import N_
from core.kinds.kind import Cell, Kind, Refused
from core.kinds.standard import MISSING, NAME, NOTE, PHONE, QUANTITY
from models.orders import BUYER, LINE_UNIT, SKU, LineUnit
from models.regions.kind import REGION
from services.money.credit import Buyer
from services.orders.pricing import LINES_MAX, LineDraft, LineProblem, PricedLine

HEADER_KINDS: dict[str, Kind] = {
    "buyer": BUYER,
    "ship_to_name": NAME,
    "ship_to_phone": PHONE,
    "ship_to_region": REGION,
    "ship_to_address": NOTE,
    "note": NOTE,
}
SHIP_TO = ("ship_to_name", "ship_to_phone", "ship_to_region", "ship_to_address")
LINE_KINDS: dict[str, Kind] = {"sku": SKU, "quantity": QUANTITY, "unit": LINE_UNIT}


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderDraft:
    """The content of an order as a person enters it.

    Attributes:
        buyer: Code of the partner; None = the partner that the person belongs to.
        ship_to_name, ship_to_phone, ship_to_region, ship_to_address: None = from the buyer; region and address are
            taken from the buyer together or not at all.
        lines: At least one.
    """

    buyer: str | None = None
    ship_to_name: str | None = None
    ship_to_phone: str | None = None
    ship_to_region: str | None = None
    ship_to_address: str | None = None
    note: str | None = None
    lines: tuple[LineDraft, ...] = ()


def parse_order(header: Mapping[str, Cell], lines: Sequence[Mapping[str, Cell]]) -> OrderDraft:
    """Parse texts or numbers into a draft, each by its kind.

    Args:
        header: By field name, see ``HEADER_KINDS``; other names are ignored.
        lines: Each by field name, see ``LINE_KINDS``; a line without ``unit`` counts single units.

    Raises:
        InvalidInput: The first problem's code; ``fields`` names all, e.g. ``ship_to_phone``, ``lines.0.quantity``.
    """
    problems: dict[str, Problem] = {}
    fields = _parse_fields(HEADER_KINDS, header, "", problems)
    drafts = []
    for index, line in enumerate(lines):
        values = _parse_fields(LINE_KINDS, line, f"lines.{index}.", problems)
        for name in ("sku", "quantity"):
            if values[name] is None:
                problems.setdefault(f"lines.{index}.{name}", MISSING)
        drafts.append(LineDraft(values["sku"], values["quantity"], values["unit"] or LineUnit.UNIT.value))
    if problems:
        raise refused_fields(problems)
    return OrderDraft(**fields, lines=tuple(drafts))


def refuse_line_count(count: int) -> None:
    """Go on only with a number of lines an order may have. Raises ``InvalidInput``."""
    if count == 0:
        problem = Problem("orders.no_lines", N_("needs at least one line"))
        raise InvalidInput(problem.code, N_("An order needs at least one line."), fields={"lines": problem})
    if count > LINES_MAX:
        raise InvalidInput(
            "orders.too_many_lines",
            N_("An order has at most {limit} lines; this has {count}. Make several orders of it."),
            limit=LINES_MAX,
            count=count,
        )


def refused_lines(problems: Sequence[LineProblem], drafts: Sequence[LineDraft]) -> InvalidInput:
    """Return the error that names every wrong line."""
    first = problems[0]
    return InvalidInput(
        first.problem.code,
        N_("Line {line} ({sku}): {reason}"),
        fields={f"lines.{index}.{field}": problem for index, field, problem in problems},
        line=first.position + 1,
        sku=drafts[first.position].sku,
        reason=first.problem.text,
    )


def refused_fields(problems: Mapping[str, Problem]) -> InvalidInput:
    """Return the error that names every wrong field."""
    name, first = next(iter(problems.items()))
    return InvalidInput(first.code, N_("The entry {field} {reason}."), fields=problems, field=name, reason=first.text)


def ship_to(draft: OrderDraft, buyer: Buyer) -> dict[str, str | None]:
    """Return the ship-to of an order, completed from the buyer."""
    has_place = draft.ship_to_region is not None or draft.ship_to_address is not None
    return {
        "ship_to_name": draft.ship_to_name or buyer.contact or buyer.name,
        "ship_to_phone": draft.ship_to_phone or buyer.phone,
        "ship_to_region": draft.ship_to_region if has_place else buyer.region,
        "ship_to_address": draft.ship_to_address if has_place else buyer.address,
    }


def content_sha256(buyer: Buyer, header: Mapping[str, str | None], lines: Sequence[PricedLine]) -> str:
    """Return the SHA-256 of an order's content: buyer, ship-to, note, lines and prices."""
    named = [header[name] for name in (*SHIP_TO, "note")]
    priced = [[x.sku, x.quantity, x.unit, x.units, x.unit_price, x.tax_rate_ppm, x.total_cents] for x in lines]
    return hashlib.sha256(orjson.dumps([1, buyer.code, named, priced])).hexdigest()


def _parse_fields(
    kinds: Mapping[str, Kind], cells: Mapping[str, Cell], prefix: str, problems: dict[str, Problem]
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, kind in kinds.items():
        try:
            values[name] = kind.parse_cell(cells.get(name))
        except Refused as refused:
            values[name] = None
            problems[prefix + name] = refused.problem
    return values
