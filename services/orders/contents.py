"""Content of orders: looking up the buyer, pricing lines, and writing one order or many."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from core.clock import now, today
from core.database.bulk import FEW, insert_rows
from core.database.chunks import CHUNK_SIZE
from core.database.operations import Operation, no_result, run_operations
from core.database.prepared import Prepared, StatementResult
from core.database.sessions import actor_of
from core.errors import Problem
from core.i18n import N_
from core.kinds.standard import CENTS_MAX, MISSING
from models.orders import Order, OrderLine, OrderStatus
from models.partners.partners import Partner
from services.branch_statements import in_branch, read_in_branch, read_operation
from services.money.credit import BUYER_COLUMNS, Buyer, require_active
from services.orders.drafts import content_sha256, refuse_line_count, refused_fields, refused_lines
from services.orders.pricing import LineDraft, PricedLine, price_lines
from services.orders.states import OrderState
from services.products.prices import Catalogue, catalogue_for, price_catalogue

UNKNOWN_BUYER = Problem("partners.not_found", N_("names no partner: there is no {key}"))
TOO_LARGE = Problem("orders.total_too_large", N_("makes an amount too large to keep"))
LINE_COLUMNS = ("order_id", "line", "path", *PricedLine._fields)
HEADER = ("ship_to_name", "ship_to_phone", "ship_to_region", "ship_to_address", "note")
QUIET = {"synchronize_session": False}


def _buyer(condition: Any) -> Prepared:
    """Return the statement that reads a buyer and locks its row, so that it does not move in the tree."""
    return Prepared(select(*BUYER_COLUMNS).where(condition, in_branch(Partner.path)).with_for_update(key_share=True))


_BUYER_BY_CODE = _buyer(Partner.code == bindparam("code"))
_BUYER_BY_ID = _buyer(Partner.id == bindparam("own_id"))
ORDER_COLUMNS = (
    "number", "buyer_id", "path", "status", *HEADER, "total_cents", "tax_cents", "content_sha256", "placed_by",
    "submitted_by", "submitted_at", "version", "created_at", "updated_at",
)  # fmt: skip
_ONE_ORDER = Prepared(insert(Order).returning(Order.id), columns=ORDER_COLUMNS)
_MANY_ORDERS = insert(Order).returning(Order.id, sort_by_parameter_order=True)
_CONTENT = Prepared(
    select(*(getattr(Order, name) for name in HEADER), *(getattr(OrderLine, name) for name in PricedLine._fields))
    .join_from(OrderLine, Order, OrderLine.order_id == Order.id)
    .where(OrderLine.order_id == bindparam("order_id"), in_branch(Order.path))
    .order_by(OrderLine.line)
)


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """An order with its priced lines. ``header``: ship-to and note, see ``HEADER``."""

    number: str
    buyer: Buyer
    header: Mapping[str, str | None]
    lines: list[PricedLine]

    @property
    def total_cents(self) -> int:
        """Return the sum of all lines."""
        return sum(line.total_cents for line in self.lines)

    @property
    def tax_cents(self) -> int:
        """Return the tax contained in the total."""
        return sum(line.tax_cents for line in self.lines)

    @property
    def content_sha256(self) -> str:
        """Return the digest of the content, which decisions refer to."""
        return content_sha256(self.buyer, self.header, self.lines)


def find_buyer(session: Session, code: str | None) -> Buyer:
    """Return the active partner that an order is for, its row locked until the transaction ends.

    Args:
        session: Its row filter keeps a partner's people to their own branch.
        code: None = the actor's own partner.

    Raises:
        InvalidInput: ``fields.required`` or ``partners.not_found``.
        Conflict: ``orders.buyer_not_active``.
    """
    return _buyer_of(session, code).run(session)


def price_for_buyer(session: Session, code: str | None, drafts: Sequence[LineDraft]) -> tuple[Buyer, list[PricedLine]]:
    """Do ``find_buyer`` and ``price_order`` in one round trip."""
    if not 0 < len(drafts) <= CHUNK_SIZE:
        buyer = find_buyer(session, code)
        return buyer, price_order(session, buyer, drafts)
    named: Any = ("own_id", actor_of(session).partner_id) if code is None else ("code", code)
    skus = [draft.sku for draft in drafts]
    buyer, prices = run_operations(session, _buyer_of(session, code), catalogue_for(skus, today(), *named))
    return buyer, _priced(buyer, drafts, prices)


def _buyer_of(session: Session, code: str | None) -> Operation[Buyer]:
    """Return the operation of ``find_buyer``."""

    def finish(_: Session, result: StatementResult) -> Buyer:
        return _active_buyer(result, code)

    own_id = actor_of(session).partner_id
    if code is None and own_id is None:
        raise refused_fields({"buyer": MISSING})
    if code is None:
        return read_operation(session, _BUYER_BY_ID, finish, own_id=own_id)
    return read_operation(session, _BUYER_BY_CODE, finish, code=code)


def _active_buyer(result: StatementResult, code: str | None) -> Buyer:
    row = result.first()
    if row is None:
        raise refused_fields({"buyer": Problem(UNKNOWN_BUYER.code, UNKNOWN_BUYER.message, {"key": code})})
    buyer = Buyer(*row)
    require_active(buyer)
    return buyer


def price_order(session: Session, buyer: Buyer, drafts: Sequence[LineDraft]) -> list[PricedLine]:
    """Return the lines at today's prices of the buyer's tier. Raises ``InvalidInput`` with every wrong line."""
    refuse_line_count(len(drafts))
    return _priced(buyer, drafts, price_catalogue(session, [draft.sku for draft in drafts], [buyer.tier], today()))


def _priced(buyer: Buyer, drafts: Sequence[LineDraft], prices: Catalogue) -> list[PricedLine]:
    lines, problems = price_lines(drafts, prices.articles, prices.offers, buyer.tier, prices.day)
    if problems:
        raise refused_lines(problems, drafts)
    if sum(line.total_cents for line in lines) > CENTS_MAX:
        raise refused_fields({"lines": TOO_LARGE})
    return lines


def insert_order(
    session: Session, order: PricedOrder, row: Mapping[str, Any], *operations: Operation[Any]
) -> OrderState:
    """Write a new order, given as ``order_row`` too, with its lines and ``operations`` in one round trip."""
    steps = list(operations)
    if len(order.lines) <= FEW:
        lines = [(position, order.buyer.path, *line) for position, line in enumerate(order.lines, 1)]
        values = [order.number, *(value for line in lines for value in line)]
        steps.insert(0, Operation(_lines_of_number(len(lines)), values, no_result))
    order_id, *_ = run_operations(session, Operation(_ONE_ORDER, row, _first_value), *steps)
    if len(order.lines) > FEW:
        insert_lines(session, [(order_id, order.buyer.path, order.lines)])
    return order_state(order_id, row)


def insert_orders(session: Session, orders: Sequence[PricedOrder]) -> list[OrderState]:
    """Write new orders with their lines, as drafts."""
    if not orders:
        return []
    rows = [order_row(session, order, submit=False) for order in orders]
    ids = list(session.connection().execute(_MANY_ORDERS, rows).scalars())
    insert_lines(session, [(order_id, o.buyer.path, o.lines) for order_id, o in zip(ids, orders, strict=True)])
    return [order_state(order_id, row) for order_id, row in zip(ids, rows, strict=True)]


def order_row(session: Session, order: PricedOrder, *, submit: bool) -> dict[str, Any]:
    """Return the columns of a new order, a draft or (``submit``) up for decision; see ``ORDER_COLUMNS``."""
    person, at = actor_of(session).person, now()
    return {
        **order.header,
        "number": order.number,
        "buyer_id": order.buyer.id,
        "path": order.buyer.path,
        "status": OrderStatus.SUBMITTED.value if submit else OrderStatus.DRAFT.value,
        "version": 1,
        "total_cents": order.total_cents,
        "tax_cents": order.tax_cents,
        "content_sha256": order.content_sha256,
        "placed_by": person,
        "submitted_by": person if submit else None,
        "submitted_at": at if submit else None,
        "created_at": at,
        "updated_at": at,
    }


@cache
def _lines_of_number(count: int) -> Prepared:
    """Return the statement that inserts ``count`` lines of an order; values: its number, then line after line."""
    columns, width = LINE_COLUMNS[1:], len(LINE_COLUMNS) - 1
    order_id = select(Order.id).where(Order.number == bindparam("0", type_=Order.number.type)).scalar_subquery()
    lines = [
        {"order_id": order_id}
        | {
            name: bindparam(str(1 + line * width + at), type_=getattr(OrderLine, name).type)
            for at, name in enumerate(columns)
        }
        for line in range(count)
    ]
    return Prepared(insert(OrderLine).values(lines), numbered=True)


def insert_lines(session: Session, contents: Sequence[tuple[int, str, Sequence[PricedLine]]]) -> None:
    """Write the lines of orders; each order is given as (id, path, lines)."""
    rows = [
        (order_id, position, path, *line)
        for order_id, path, lines in contents
        for position, line in enumerate(lines, 1)
    ]
    insert_rows(session, OrderLine, LINE_COLUMNS, rows)


def replace_lines(session: Session, contents: Sequence[tuple[int, str, Sequence[PricedLine]]]) -> None:
    """Replace the lines of orders; arguments as ``insert_lines``."""
    ids = [order_id for order_id, _path, _lines in contents]
    session.execute(delete(OrderLine).where(OrderLine.order_id.in_(ids)), execution_options=QUIET)
    insert_lines(session, contents)


def stored_content(session: Session, order_id: int) -> tuple[dict[str, str | None], list[PricedLine]]:
    """Return the stored header and lines of an order."""
    rows = read_in_branch(session, _CONTENT, order_id=order_id).rows
    return dict(zip(HEADER, rows[0], strict=False)), [PricedLine(*row[len(HEADER) :]) for row in rows]


def _first_value(session: Session, result: StatementResult) -> int:
    return int(result.scalar())


def order_state(order_id: int, row: Mapping[str, Any]) -> OrderState:
    """Return the state of an order given as ``order_row``."""
    facts = {name: row.get(name) for name in OrderState._fields if name != "id"}
    return OrderState(id=order_id, **facts)  # type: ignore[arg-type]
