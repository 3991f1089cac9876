"""Import of draft orders: one worksheet row for each line, with the columns of the header repeated.

Rows of one ``number`` are one order; rows without a number are one order per buyer and ship-to. The number of a draft
replaces that draft; an order in any later status is never changed. A bad row rejects all rows of its order and no
other, so that the error workbook holds whole orders.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.clock import today
from core.database.chunks import in_chunks
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
from services.orders.drafts import SHIP_TO, OrderDraft, ship_to
from services.orders.lifecycle import rewrite_draft
from services.orders.pricing import LINES_MAX, LineDraft, PricedLine, price_lines
from services.orders.states import STATE_COLUMNS, OrderState
from services.products.prices import Catalogue, price_catalogue
from services.saving.plans import Saved, SaveOptions
from services.saving.rows import KEY_NOT_AVAILABLE

HEADER_FIELDS = ("buyer", *SHIP_TO, "note")


@dataclass(slots=True)
class OrderRows:
    """The worksheet rows of one order.

    Attributes:
        number: From the worksheet; None for a new order.
        rows: Row numbers. line_rows: those with a readable line. lines: these lines, in the same order.
        header: Field name to value; a field without a column is absent. header_rows: the row of each value.
        problems: If there are any, the order is not saved.
        existing, existing_header: The stored order with the same number.
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
        """Add a problem."""
        self.problems.append(CellProblem(row, name, shown_value(value), problem))


def save_order_lines(
    session: Session, drafts: Drafts, options: SaveOptions, problems: Sequence[CellProblem] = ()
) -> Saved:
    """Create or replace draft orders from lines; the result counts rows, not orders.

    Args:
        session: The import's.
        drafts: All rows of each order, also those with problems: an order is never saved in part.
        options: Events carry its ``batch_id``.
        problems: Of unreadable cells.

    Raises:
        NotPermitted: The actor may not place orders.
    """
    actor_of(session).require(Permission.ORDER_PLACE)
    groups = group_rows(drafts, problems)
    _find_existing(session, groups)
    buyers = _find_buyers(session, groups)
    skus = {line.sku for group in groups for line in group.lines}
    found = price_catalogue(session, skus, sorted({buyer.tier for buyer in buyers.values()}), today())
    ready = [
        (group, priced) for group in groups if (priced := _priced(group, buyers.get(id(group)), found)) is not None
    ]
    saved = _write(session, ready, options)
    for group in groups:
        saved.problems += _with_held_rows(group)
    saved.problems.sort(key=lambda problem: problem.row)
    return saved


def group_rows(drafts: Drafts, problems: Iterable[CellProblem] = ()) -> list[OrderRows]:
    """Return the rows grouped by order, in the sequence of their first rows; reads nothing from the database."""
    by_row: dict[int, list[CellProblem]] = {}
    for problem in problems:
        by_row.setdefault(problem.row, []).append(problem)
    blank: list[None] = [None] * len(drafts)
    columns = {name: drafts.columns.get(name, blank) for name in ("number", "sku", "quantity", "unit", *HEADER_FIELDS)}
    groups: dict[Hashable, OrderRows] = {}
    for index, (row, key) in enumerate(zip(drafts.rows, row_keys(drafts), strict=True)):
        value = {name: values[index] for name, values in columns.items()}
        group = groups.setdefault(key, OrderRows(value["number"]))
        group.rows.append(row)
        for name in HEADER_FIELDS:
            if name in drafts.columns:
                _take_header(group, row, name, value[name])
        if row in by_row:
            group.problems += by_row[row]
        else:
            group.line_rows.append(row)
            group.lines.append(LineDraft(value["sku"], value["quantity"], value["unit"] or LineUnit.UNIT.value))
    return list(groups.values())


def row_keys(drafts: Drafts) -> list[Hashable]:
    """Return the group key of each row: the order's number, else buyer and ship-to."""
    blank: list[None] = [None] * len(drafts)
    numbers = drafts.columns.get("number", blank)
    destinations = zip(*(drafts.columns.get(name, blank) for name in ("buyer", *SHIP_TO)), strict=True)
    return [
        (number,) if number is not None else (None, *place) for number, place in zip(numbers, destinations, strict=True)
    ]


def _take_header(group: OrderRows, row: int, name: str, value: str | None) -> None:
    """Add a header cell: a blank one repeats the value above, any other value must equal it."""
    present = group.header.setdefault(name, None)
    if value is None or value == present:
        return
    if present is None:
        group.header[name] = value
        group.header_rows[name] = row
        return
    differs = N_("differs from row {row} of the same order")
    group.refuse(row, name, value, Problem("orders.header_differs", differs, {"row": group.header_rows[name]}))


def _find_existing(session: Session, groups: Sequence[OrderRows]) -> None:
    """Look up the orders with the given numbers; only drafts may be replaced."""
    numbers = [group.number for group in groups]
    found = _stored(session, [number for number in numbers if number is not None])
    hidden = _taken_by_others(session, [number for number in numbers if number is not None and number not in found])
    for group in groups:
        if group.number is None:
            continue
        row = found.get(group.number)
        problem = None
        if row is not None:
            split = len(STATE_COLUMNS)
            group.existing = OrderState(*row[:split])
            group.existing_header = dict(zip(("buyer", *HEADER), row[split:], strict=True))
            if group.existing.status != OrderStatus.DRAFT:
                under_way = N_("is an order that is no draft any more (it is {status}): leave its rows out")
                status = translate(STATUS_LABELS[OrderStatus(group.existing.status)][0])
                problem = Problem("orders.not_a_draft", under_way, {"status": status})
        elif is_order_number(group.number):
            ours = N_(
                "belongs to no order, and numbers of this form are given by the system: leave it empty for a new order"
            )
            problem = Problem("orders.number_reserved", ours)
        elif group.number in hidden:
            problem = KEY_NOT_AVAILABLE
        if problem is not None:
            group.refuse(group.rows[0], "number", group.number, problem)


def _stored(session: Session, numbers: list[str]) -> dict[str, Any]:
    """Return number → state, code of the buyer and header of the orders that the actor may see."""
    header = [getattr(Order, name) for name in HEADER]
    query = select(*STATE_COLUMNS, Partner.code, *header).join(Partner, Order.buyer_id == Partner.id)
    found: dict[str, Any] = {}
    for chunk in in_chunks(numbers):
        rows = session.execute(query.where(Order.number.in_(chunk)))
        found.update((row.number, row) for row in rows)
    return found


def _taken_by_others(session: Session, numbers: list[str]) -> set[str]:
    taken: set[str] = set()
    for chunk in in_chunks(numbers):
        query = select(Order.number).where(Order.number.in_(chunk))
        taken.update(session.scalars(query, execution_options={"see_all": "numbers are unique across the brand"}))
    return taken


def _find_buyers(session: Session, groups: Sequence[OrderRows]) -> dict[int, Buyer]:
    """Return the buyer of each group that has one, by ``id(group)``."""
    own_id = actor_of(session).partner_id
    own = session.scalar(select(Partner.code).where(Partner.id == own_id)) if own_id is not None else None
    codes = {id(group): group.header.get("buyer") or group.existing_header.get("buyer") or own for group in groups}
    found = _locked_partners(session, sorted({code for code in codes.values() if code is not None}))
    buyers = {}
    for group in groups:
        code = codes[id(group)]
        row = group.header_rows.get("buyer", group.rows[0])
        if code is None:
            if not any(problem.field == "buyer" for problem in group.problems):
                group.refuse(row, "buyer", None, MISSING)
        elif code not in found:
            group.refuse(row, "buyer", code, Problem(UNKNOWN_BUYER.code, UNKNOWN_BUYER.message, {"key": code}))
        elif (buyer := found[code]).status != PartnerStatus.ACTIVE.value:
            inactive = N_("is not active, so nothing can be ordered for it")
            group.refuse(row, "buyer", code, Problem("orders.buyer_not_active", inactive))
        else:
            buyers[id(group)] = buyer
    return buyers


def _locked_partners(session: Session, codes: Sequence[str]) -> dict[str, Buyer]:
    """Return code → partner, share-locked so that none moves in the tree until the transaction ends."""
    found: dict[str, Buyer] = {}
    for chunk in in_chunks(codes):
        query = select(*BUYER_COLUMNS).where(Partner.code.in_(chunk))
        rows = session.execute(query.order_by(Partner.code).with_for_update(read=True))
        found.update((row.code, Buyer(*row)) for row in rows)
    return found


def _priced(group: OrderRows, buyer: Buyer | None, found: Catalogue) -> PricedOrder | None:
    """Return the priced order; None, after adding the problems, if it has any."""
    if buyer is None:
        return None
    lines, problems = price_lines(group.lines, found.articles, found.offers, buyer.tier, found.day)
    for index, name, problem in problems:
        value = group.lines[index].sku if name == "sku" else group.lines[index].quantity
        group.refuse(group.line_rows[index], name, value, problem)
    if len(group.rows) > LINES_MAX:
        too_many = N_("begins an order of {count} lines, and an order has at most {limit}: make several orders of it")
        values = {"count": len(group.rows), "limit": LINES_MAX}
        group.refuse(group.rows[0], "", None, Problem("orders.too_many_lines", too_many, values))
    elif sum(line.total_cents for line in lines) > CENTS_MAX:
        group.refuse(group.rows[0], "quantity", None, TOO_LARGE)
    return None if group.problems else _complete(group, buyer, lines)


def _complete(group: OrderRows, buyer: Buyer, lines: list[PricedLine]) -> PricedOrder:
    """Return the order, completed from the draft that it replaces, else from the buyer."""
    fields = {name: group.header.get(name, group.existing_header.get(name)) for name in HEADER}
    place: dict[str, Any] = {name: fields[name] for name in SHIP_TO}
    header = ship_to(OrderDraft(**place), buyer) | {"note": fields["note"]}
    return PricedOrder(group.number or "", buyer, header, lines)


def _write(session: Session, ready: Sequence[tuple[OrderRows, PricedOrder]], options: SaveOptions) -> Saved:
    saved = Saved()
    new = [(group, priced) for group, priced in ready if group.existing is None]
    for group, priced in ready:
        if group.existing is None:
            continue
        if priced.content_sha256 == group.existing.content_sha256:
            saved.unchanged += len(group.rows)
            continue
        saved.changes |= _row_changes(session, group, group.existing, priced)
        saved.updated += len(group.rows)
        rewrite_draft(session, group.existing, priced, batch_id=options.batch_id)
    blank = sum(not priced.number for _, priced in new)
    numbers = iter(next_numbers(ORDERS, blank).run(session) if blank else [])
    orders = [PricedOrder(p.number or next(numbers), p.buyer, p.header, p.lines) for _, p in new]
    placed = insert_orders(session, orders)
    saved.new_rows = [row for group, _ in new for row in group.rows]
    saved.created = len(saved.new_rows)
    drafts = [
        EventDraft(order.number, order.path, data={"total": yuan(order.total_cents)}, version=1) for order in placed
    ]
    record(session, "order.placed", "orders", drafts, batch_id=options.batch_id)
    return saved


def _row_changes(
    session: Session, group: OrderRows, order: OrderState, priced: PricedOrder
) -> dict[int, Mapping[str, Sequence[Any]]]:
    """Return row number → field name → value before and after, for a replaced draft."""
    header, stored = stored_content(session, order.id)
    changes: dict[str, Sequence[Any]] = {
        name: [header[name], after] for name, after in priced.header.items() if header[name] != after
    }
    if order.buyer_id != priced.buyer.id:
        changes["buyer"] = [group.existing_header["buyer"], group.header.get("buyer")]
    remaining = list(stored)
    by_row: dict[int, Mapping[str, Sequence[Any]]] = dict.fromkeys(group.rows, changes)
    for row, line in zip(group.line_rows, group.lines, strict=True):
        before = next((one for one in remaining if one.sku == line.sku), None)
        if before is None:
            by_row[row] = {"sku": [None, line.sku]} | changes
            continue
        remaining.remove(before)
        pairs: dict[str, Sequence[Any]] = {
            "quantity": [before.quantity, line.quantity],
            "unit": [before.unit, line.unit],
        }
        by_row[row] = {name: pair for name, pair in pairs.items() if pair[0] != pair[1]} | changes
    return by_row


def _with_held_rows(group: OrderRows) -> list[CellProblem]:
    """Return the problems of an order, and one for each good row that is rejected with the bad ones."""
    if not group.problems:
        return []
    bad = {problem.row for problem in group.problems}
    held = Problem("orders.held", N_("is held back: row {row} of the same order has a problem"), {"row": min(bad)})
    return group.problems + [CellProblem(row, "", "", held) for row in group.rows if row not in bad]
