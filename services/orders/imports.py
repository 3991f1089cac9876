"""Drafts of orders out of worksheets: one row per line, the header repeated, many orders at once.

Rows of one ``number`` are one order; rows without number are one order per buyer and ship-to. A number that is a draft
already replaces that draft; an order that is under way is never touched. One bad row holds its own order and no other:
then every row of it is refused, so that the whole order comes back together.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import today
from core.database.sessions import actor_of
from core.drafts import Drafts
from core.errors import CellProblem, Problem
from core.events.log import EventDraft, record
from core.i18n import N_, translate
from core.kinds.kind import shown_value
from core.kinds.standard import CENTS_MAX, MISSING, yuan
from core.permissions import Permission
from models.orders import STATUS_LABELS, LineUnit, Order, OrderStatus
from models.partners.partners import Partner, PartnerStatus
from services.money.credit import BUYER_COLUMNS, Buyer
from services.number_series import ORDERS, is_order_number, next_numbers
from services.orders.contents import HEADER, TOO_LARGE, UNKNOWN_BUYER, PricedOrder, insert_orders, stored_content
from services.orders.drafts import OrderDraft, ship_to
from services.orders.lifecycle import rewrite_draft
from services.orders.pricing import LINES_MAX, LineDraft, PricedLine, price_lines
from services.orders.states import STATE_COLUMNS, OrderState
from services.products.prices import Catalogue, catalogue
from services.saving.lookups import LOOKUP_SLICE
from services.saving.plans import Saved, SaveOptions
from services.saving.rows import KEY_NOT_AVAILABLE

SHIP_TO = ("ship_to_name", "ship_to_phone", "ship_to_region", "ship_to_address")
STATED_HEADER = ("buyer", *SHIP_TO, "note")


@dataclass(slots=True)
class Sheet:
    """Rows of one order as they stand in a worksheet.

    Attributes:
        number: As stated; None for a new order.
        rows: Row numbers. line_rows: those whose line could be read. lines: these lines.
        header: Field name to value; a field without column is absent.
        problems: By row number; any of them holds the order.
    """

    number: str | None
    rows: list[int] = field(default_factory=list)
    line_rows: list[int] = field(default_factory=list)
    lines: list[LineDraft] = field(default_factory=list)
    header: dict[str, str | None] = field(default_factory=dict)
    header_rows: dict[str, int] = field(default_factory=dict)
    problems: list[CellProblem] = field(default_factory=list)
    existing: OrderState | None = None
    existing_header: dict[str, str | None] = field(default_factory=dict)

    def refuse(self, row: int, name: str, value: object, problem: Problem) -> None:
        """Note what is wrong."""
        self.problems.append(CellProblem(row, name, shown_value(value), problem))


def save_order_lines(
    session: Session, drafts: Drafts, options: SaveOptions, problems: Sequence[CellProblem] = ()
) -> Saved:
    """Make draft orders of lines, or replace drafts; count rows, not orders.

    Args:
        session: The import's.
        drafts: All rows of each order, also those with problems: an order is never saved in part.
        options: ``batch_id`` is noted in the trail.
        problems: Of cells that could not be read.

    Raises:
        NotPermitted: The actor may not place orders.
    """
    actor_of(session).require(Permission.ORDER_PLACE)
    sheets = group_rows(drafts, problems)
    _find_existing(session, sheets)
    buyers = _find_buyers(session, sheets)
    skus = {line.sku for sheet in sheets for line in sheet.lines}
    found = catalogue(session, skus, sorted({buyer.tier for buyer in buyers.values()}), today())
    ready = [
        (sheet, priced) for sheet in sheets if (priced := _priced(sheet, buyers.get(id(sheet)), found)) is not None
    ]
    saved = _write(session, ready, options)
    for sheet in sheets:
        saved.problems += _with_held_rows(sheet)
    saved.problems.sort(key=lambda problem: problem.row)
    return saved


def group_rows(drafts: Drafts, problems: Iterable[CellProblem] = ()) -> list[Sheet]:
    """Return the rows of each order, in the order in which they begin; nothing is looked up yet."""
    by_row: dict[int, list[CellProblem]] = {}
    for problem in problems:
        by_row.setdefault(problem.row, []).append(problem)
    blank: list[None] = [None] * len(drafts)
    columns = {name: drafts.columns.get(name, blank) for name in ("number", "sku", "quantity", "unit", *STATED_HEADER)}
    sheets: dict[Hashable, Sheet] = {}
    for index, (row, key) in enumerate(zip(drafts.rows, row_keys(drafts), strict=True)):
        value = {name: values[index] for name, values in columns.items()}
        sheet = sheets.setdefault(key, Sheet(value["number"]))
        sheet.rows.append(row)
        for name in STATED_HEADER:
            if name in drafts.columns:
                _state_header(sheet, row, name, value[name])
        if row in by_row:
            sheet.problems += by_row[row]
        else:
            sheet.line_rows.append(row)
            sheet.lines.append(LineDraft(value["sku"], value["quantity"], value["unit"] or LineUnit.UNIT.value))
    return list(sheets.values())


def row_keys(drafts: Drafts) -> list[Hashable]:
    """Return for each row what its order is known by: its number, else its buyer and where it goes."""
    blank: list[None] = [None] * len(drafts)
    numbers = drafts.columns.get("number", blank)
    goes_to = zip(*(drafts.columns.get(name, blank) for name in ("buyer", *SHIP_TO)), strict=True)
    return [
        (number,) if number is not None else (None, *stated) for number, stated in zip(numbers, goes_to, strict=True)
    ]


def _state_header(sheet: Sheet, row: int, name: str, value: str | None) -> None:
    """Take a header cell: a blank one says what the rows above say, another may not contradict them."""
    present = sheet.header.setdefault(name, None)
    if value is None or value == present:
        return
    if present is None:
        sheet.header[name] = value
        sheet.header_rows[name] = row
        return
    differs = N_("differs from row {row} of the same order")
    sheet.refuse(row, name, value, Problem("orders.header_differs", differs, {"row": sheet.header_rows[name]}))


def _find_existing(session: Session, sheets: Sequence[Sheet]) -> None:
    """Find the orders that stated numbers name; only drafts may be replaced."""
    numbers = [sheet.number for sheet in sheets]
    found = _stored(session, [number for number in numbers if number is not None])
    hidden = _taken_by_others(session, [number for number in numbers if number is not None and number not in found])
    for sheet in sheets:
        if sheet.number is None:
            continue
        row = found.get(sheet.number)
        problem = None
        if row is not None:
            split = len(STATE_COLUMNS)
            sheet.existing = OrderState(*row[:split])
            sheet.existing_header = dict(zip(("buyer", *HEADER), row[split:], strict=True))
            if sheet.existing.status != OrderStatus.DRAFT:
                under_way = N_("is an order that is no draft any more (it is {status}): leave its rows out")
                status = translate(STATUS_LABELS[OrderStatus(sheet.existing.status)][0])
                problem = Problem("orders.not_a_draft", under_way, {"status": status})
        elif is_order_number(sheet.number):
            ours = N_(
                "belongs to no order, and numbers of this form are given by the system: leave it empty for a new order"
            )
            problem = Problem("orders.number_reserved", ours)
        elif sheet.number in hidden:
            problem = KEY_NOT_AVAILABLE
        if problem is not None:
            sheet.refuse(sheet.rows[0], "number", sheet.number, problem)


def _stored(session: Session, numbers: list[str]) -> dict[str, Any]:
    """Return number → state, code of the buyer and header of the orders that the actor may see."""
    header = [getattr(Order, name) for name in HEADER]
    query = select(*STATE_COLUMNS, Partner.code, *header).join(Partner, Order.buyer_id == Partner.id)
    found: dict[str, Any] = {}
    for start in range(0, len(numbers), LOOKUP_SLICE):
        rows = session.execute(query.where(Order.number.in_(numbers[start : start + LOOKUP_SLICE])))
        found.update((row.number, row) for row in rows)
    return found


def _taken_by_others(session: Session, numbers: list[str]) -> set[str]:
    taken: set[str] = set()
    for start in range(0, len(numbers), LOOKUP_SLICE):
        query = select(Order.number).where(Order.number.in_(numbers[start : start + LOOKUP_SLICE]))
        taken.update(session.scalars(query, execution_options={"see_all": "numbers are unique across the brand"}))
    return taken


def _find_buyers(session: Session, sheets: Sequence[Sheet]) -> dict[int, Buyer]:
    """Return the buyer of each sheet that has one, by the sheet's identity."""
    own_id = actor_of(session).partner_id
    own = session.scalar(select(Partner.code).where(Partner.id == own_id)) if own_id is not None else None
    codes = {id(sheet): sheet.header.get("buyer") or sheet.existing_header.get("buyer") or own for sheet in sheets}
    found = _locked_partners(session, sorted({code for code in codes.values() if code is not None}))
    buyers = {}
    for sheet in sheets:
        code = codes[id(sheet)]
        row = sheet.header_rows.get("buyer", sheet.rows[0])
        if code is None:
            if not any(problem.field == "buyer" for problem in sheet.problems):
                sheet.refuse(row, "buyer", None, MISSING)
        elif code not in found:
            sheet.refuse(row, "buyer", code, Problem(UNKNOWN_BUYER.code, UNKNOWN_BUYER.message, {"key": code}))
        elif (buyer := found[code]).status != PartnerStatus.ACTIVE.value:
            inactive = N_("is not active, so nothing can be ordered for it")
            sheet.refuse(row, "buyer", code, Problem("orders.buyer_not_active", inactive))
        else:
            buyers[id(sheet)] = buyer
    return buyers


def _locked_partners(session: Session, codes: Sequence[str]) -> dict[str, Buyer]:
    """Return code → partner; nobody moves them in the tree until the transaction ends."""
    found: dict[str, Buyer] = {}
    for start in range(0, len(codes), LOOKUP_SLICE):
        query = select(*BUYER_COLUMNS).where(Partner.code.in_(codes[start : start + LOOKUP_SLICE]))
        rows = session.execute(query.order_by(Partner.code).with_for_update(read=True))
        found.update((row.code, Buyer(*row)) for row in rows)
    return found


def _priced(sheet: Sheet, buyer: Buyer | None, found: Catalogue) -> PricedOrder | None:
    """Return an order ready to be written; None, with the reasons noted, if something is wrong with it."""
    if buyer is None:
        return None
    lines, problems = price_lines(sheet.lines, found.articles, found.offers, buyer.tier, found.day)
    for index, name, problem in problems:
        stated = sheet.lines[index].sku if name == "sku" else sheet.lines[index].quantity
        sheet.refuse(sheet.line_rows[index], name, stated, problem)
    if len(sheet.rows) > LINES_MAX:
        too_many = N_("begins an order of {count} lines, and an order has at most {limit}: make several orders of it")
        values = {"count": len(sheet.rows), "limit": LINES_MAX}
        sheet.refuse(sheet.rows[0], "", None, Problem("orders.too_many_lines", too_many, values))
    elif sum(line.total_cents for line in lines) > CENTS_MAX:
        sheet.refuse(sheet.rows[0], "quantity", None, TOO_LARGE)
    return None if sheet.problems else _complete(sheet, buyer, lines)


def _complete(sheet: Sheet, buyer: Buyer, lines: list[PricedLine]) -> PricedOrder:
    """Return the order with what its worksheet leaves out: of a replaced draft as it was, else as the buyer has it."""
    stated = {name: sheet.header.get(name, sheet.existing_header.get(name)) for name in HEADER}
    goes_to: dict[str, Any] = {name: stated[name] for name in SHIP_TO}
    header = ship_to(OrderDraft(**goes_to), buyer) | {"note": stated["note"]}
    return PricedOrder(sheet.number or "", buyer, header, lines)


def _write(session: Session, ready: Sequence[tuple[Sheet, PricedOrder]], options: SaveOptions) -> Saved:
    saved = Saved()
    new = [(sheet, priced) for sheet, priced in ready if sheet.existing is None]
    for sheet, priced in ready:
        if sheet.existing is None:
            continue
        if priced.content_sha256 == sheet.existing.content_sha256:
            saved.unchanged += len(sheet.rows)
            continue
        saved.changes |= _row_changes(session, sheet, sheet.existing, priced)
        saved.updated += len(sheet.rows)
        rewrite_draft(session, sheet.existing, priced, batch_id=options.batch_id)
    blank = sum(not priced.number for _, priced in new)
    numbers = iter(next_numbers(ORDERS, blank).run(session) if blank else [])
    orders = [PricedOrder(p.number or next(numbers), p.buyer, p.header, p.lines) for _, p in new]
    placed = insert_orders(session, orders)
    saved.new_rows = [row for sheet, _ in new for row in sheet.rows]
    saved.created = len(saved.new_rows)
    happenings = [EventDraft(order.number, order.path, data={"total": yuan(order.total_cents)}) for order in placed]
    record(session, "order.placed", "orders", happenings, batch_id=options.batch_id)
    return saved


def _row_changes(
    session: Session, sheet: Sheet, order: OrderState, priced: PricedOrder
) -> dict[int, Mapping[str, Sequence[Any]]]:
    """Return row number → field name → value before and after, of a draft that is replaced."""
    header, stored = stored_content(session, order.id)
    changes: dict[str, Sequence[Any]] = {
        name: [header[name], after] for name, after in priced.header.items() if header[name] != after
    }
    if order.buyer_id != priced.buyer.id:
        changes["buyer"] = [sheet.existing_header["buyer"], sheet.header.get("buyer")]
    left = list(stored)
    found: dict[int, Mapping[str, Sequence[Any]]] = dict.fromkeys(sheet.rows, changes)
    for row, line in zip(sheet.line_rows, sheet.lines, strict=True):
        before = next((one for one in left if one.sku == line.sku), None)
        if before is None:
            found[row] = {"sku": [None, line.sku]} | changes
            continue
        left.remove(before)
        pairs: dict[str, Sequence[Any]] = {
            "quantity": [before.quantity, line.quantity],
            "unit": [before.unit, line.unit],
        }
        found[row] = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]} | changes
    return found


def _with_held_rows(sheet: Sheet) -> list[CellProblem]:
    """Return the problems of an order, and one for each good row that is held back with the bad ones."""
    if not sheet.problems:
        return []
    bad = {problem.row for problem in sheet.problems}
    held = Problem("orders.held", N_("is held back: row {row} of the same order has a problem"), {"row": min(bad)})
    return sheet.problems + [CellProblem(row, "", "", held) for row in sheet.rows if row not in bad]
