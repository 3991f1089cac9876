"""What stands in an order: its buyer found, its lines priced and written, many orders as easily as one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, delete, insert, select
from sqlalchemy.orm import Session

from core.bulk import insert_rows
from core.clock import now, today
from core.database import actor_of
from core.errors import Problem
from core.i18n import N_
from core.standard_kinds import CENTS_MAX, MISSING
from models.orders import Order, OrderLine, OrderStatus
from models.partners import Partner
from services.credit import BUYER_COLUMNS, Buyer, require_active
from services.order_drafts import content_sha256, refuse_line_count, refused_fields, refused_lines
from services.order_pricing import LineDraft, PricedLine, price_lines
from services.order_statements import in_branch, read, write
from services.order_states import OrderState
from services.prices import catalogue

UNKNOWN_BUYER = Problem("partners.not_found", N_("names no partner: there is no {key}"))
TOO_LARGE = Problem("orders.total_too_large", N_("makes an amount too large to keep"))
LINE_COLUMNS = ("order_id", "line", "path", *PricedLine._fields)
HEADER = ("ship_to_name", "ship_to_phone", "ship_to_region", "ship_to_address", "note")
QUIET = {"synchronize_session": False}
LINES_AT_ONCE = 50  # up to which one ordinary statement beats what is made for many rows


def _buyer(condition: Any) -> Any:
    """Return the statement that reads a buyer and keeps it, and its place in the tree, until the transaction ends."""
    return select(*BUYER_COLUMNS).where(condition, in_branch(Partner.path)).with_for_update(key_share=True)


_BUYER_BY_CODE = _buyer(Partner.code == bindparam("code"))
_BUYER_BY_ID = _buyer(Partner.id == bindparam("own_id"))
_ONE_ORDER = insert(Order).returning(Order.id)
_MANY_ORDERS = insert(Order).returning(Order.id, sort_by_parameter_order=True)
_LINES = insert(OrderLine)
_CONTENT = (
    select(*(getattr(Order, name) for name in HEADER), *(getattr(OrderLine, name) for name in PricedLine._fields))
    .join_from(OrderLine, Order, OrderLine.order_id == Order.id)
    .where(OrderLine.order_id == bindparam("order_id"), in_branch(Order.path))
    .order_by(OrderLine.line)
)


@dataclass(frozen=True, slots=True)
class PricedOrder:
    """An order ready to be written. ``header``: ship-to and note, see ``HEADER``."""

    number: str
    buyer: Buyer
    header: Mapping[str, str | None]
    lines: list[PricedLine]

    @property
    def total_cents(self) -> int:
        """Return what all lines come to."""
        return sum(line.total_cents for line in self.lines)

    @property
    def tax_cents(self) -> int:
        """Return the tax contained in the total."""
        return sum(line.tax_cents for line in self.lines)

    @property
    def content_sha256(self) -> str:
        """Return the digest a decision is about."""
        return content_sha256(self.buyer, self.header, self.lines)


def find_buyer(session: Session, code: str | None) -> Buyer:
    """Return the active partner an order is for, its row locked until the transaction ends.

    Args:
        session: Its row filter keeps a partner's people to their own branch.
        code: None = the partner the actor belongs to.

    Raises:
        InvalidInput: ``fields.required`` or ``partners.not_found``.
        Conflict: ``orders.buyer_not_active``.
    """
    own_id = actor_of(session).partner_id
    if code is None and own_id is None:
        raise refused_fields({"buyer": MISSING})
    found = read(session, _BUYER_BY_ID, own_id=own_id) if code is None else read(session, _BUYER_BY_CODE, code=code)
    row = found.first()
    if row is None:
        raise refused_fields({"buyer": Problem(UNKNOWN_BUYER.code, UNKNOWN_BUYER.message, {"key": code})})
    buyer = Buyer(*row)
    require_active(buyer)
    return buyer


def price_order(session: Session, buyer: Buyer, drafts: Sequence[LineDraft]) -> list[PricedLine]:
    """Return the lines at today's prices of the buyer's tier. Raises ``InvalidInput`` naming every wrong line."""
    refuse_line_count(len(drafts))
    found = catalogue(session, [draft.sku for draft in drafts], [buyer.tier], today())
    lines, problems = price_lines(drafts, found.articles, found.offers, buyer.tier, found.day)
    if problems:
        raise refused_lines(problems, drafts)
    if sum(line.total_cents for line in lines) > CENTS_MAX:
        raise refused_fields({"lines": TOO_LARGE})
    return lines


def insert_orders(session: Session, orders: Sequence[PricedOrder], *, submit: bool = False) -> list[OrderState]:
    """Write new orders with their lines, as drafts or (``submit``) put up for decision."""
    person, at = actor_of(session).person, now()
    status = OrderStatus.SUBMITTED if submit else OrderStatus.DRAFT
    rows: list[dict[str, Any]] = [
        {
            **order.header,
            "number": order.number,
            "buyer_id": order.buyer.id,
            "path": order.buyer.path,
            "status": status.value,
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
        for order in orders
    ]
    if len(rows) == 1:
        ids = list(write(session, _ONE_ORDER, rows[0]).scalars())
    else:
        ids = list(write(session, _MANY_ORDERS, rows).scalars()) if rows else []
    insert_lines(session, [(order_id, o.buyer.path, o.lines) for order_id, o in zip(ids, orders, strict=True)])
    return [_state(order_id, row) for order_id, row in zip(ids, rows, strict=True)]


def insert_lines(session: Session, contents: Sequence[tuple[int, str, Sequence[PricedLine]]]) -> None:
    """Write the lines of orders given by id and path."""
    rows = [
        (order_id, position, path, *line)
        for order_id, path, lines in contents
        for position, line in enumerate(lines, 1)
    ]
    if 0 < len(rows) <= LINES_AT_ONCE:
        write(session, _LINES, [dict(zip(LINE_COLUMNS, row, strict=True)) for row in rows])
    else:
        insert_rows(session, OrderLine, LINE_COLUMNS, rows)


def replace_lines(session: Session, contents: Sequence[tuple[int, str, Sequence[PricedLine]]]) -> None:
    """Write the lines of orders in place of those they have."""
    ids = [order_id for order_id, _path, _lines in contents]
    session.execute(delete(OrderLine).where(OrderLine.order_id.in_(ids)), execution_options=QUIET)
    insert_lines(session, contents)


def stored_content(session: Session, order_id: int) -> tuple[dict[str, str | None], list[PricedLine]]:
    """Return the header and the lines of an order as they are stored."""
    rows = read(session, _CONTENT, order_id=order_id).all()
    return dict(zip(HEADER, rows[0], strict=False)), [PricedLine(*row[len(HEADER) :]) for row in rows]


def _state(order_id: int, row: Mapping[str, Any]) -> OrderState:
    facts = {name: row.get(name) for name in OrderState._fields if name != "id"}
    return OrderState(id=order_id, **facts)  # type: ignore[arg-type]
