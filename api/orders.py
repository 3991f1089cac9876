"""Order endpoints for partners' systems: place drafts, submit, approve, reject; every request is idempotent."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from api.authentication import CurrentActor
from api.bodies import JsonRoute
from api.errors import error_responses
from api.idempotency import CurrentAttempt
from api.resources import NO_STORE, find_shown
from api.shapes import Amount, amount, row_model
from core.addresses import KeyInPath
from core.database.sessions import reading
from core.errors import InvalidInput, Problem
from core.kinds.standard import CODE_LENGTH_MAX, NAME_LENGTH_MAX, NOTE_LENGTH_MAX, RATE, UNIT_PRICE, yuan
from models.orders import LineUnit, OrderLine
from resources.orders import ORDERS
from services.orders.approval import approve_order, reject_order
from services.orders.drafts import OrderDraft, parse_order
from services.orders.lifecycle import get_order, place_order, submit_order
from services.orders.pricing import LINES_MAX

router = APIRouter(prefix="/api/v1/orders", tags=["orders"], route_class=JsonRoute)

Number = Annotated[KeyInPath, Path(description="Order number", max_length=CODE_LENGTH_MAX)]
SHIP_TO = "ship_to_"


class _Input(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class ShipTo(_Input):
    """Where an order goes. What is left out comes from the buyer; region and address come together."""

    name: str | None = Field(None, max_length=NAME_LENGTH_MAX)
    phone: str | None = Field(None, max_length=40, examples=["13800138000"])
    region: str | None = Field(None, max_length=NAME_LENGTH_MAX, description="Adcode, or a region's name")
    address: str | None = Field(None, max_length=NOTE_LENGTH_MAX)


class LineIn(_Input):
    """One product of an order."""

    sku: str = Field(min_length=1, max_length=CODE_LENGTH_MAX, examples=["QH-500"])
    quantity: int = Field(ge=1, le=10**9)
    unit: LineUnit | None = Field(
        None, strict=False, description="What the quantity counts; single units unless stated"
    )


class OrderIn(_Input):
    """An order to be placed."""

    buyer: str | None = Field(
        None, max_length=CODE_LENGTH_MAX, description="Partner code; the key's own partner unless stated"
    )
    ship_to: ShipTo | None = None
    lines: list[LineIn] = Field(min_length=1, max_length=LINES_MAX)
    note: str | None = Field(None, max_length=NOTE_LENGTH_MAX)


VERSION: Any = Field(None, ge=1, description="The version that was seen: 409 if the order has changed since")


class ApprovalIn(_Input):
    """Words to an approval."""

    reason: str = Field("", max_length=NOTE_LENGTH_MAX)
    version: int | None = VERSION


class RejectionIn(_Input):
    """Why an order is rejected."""

    version: int | None = VERSION
    reason: str = Field(min_length=1, max_length=NOTE_LENGTH_MAX)


class LineOut(BaseModel):
    """One product of an order, with the price that holds for it."""

    line: int
    sku: str
    name: str
    quantity: int
    unit: LineUnit
    units: int = Field(description="The quantity in single units")
    unit_price: Amount
    tax_rate: str = Field(examples=["0.13"])
    total: Amount
    tax: Amount


class OrderOut(row_model(ORDERS)):  # type: ignore[misc]
    """An order with its lines."""

    version: int = Field(description="Counts the changes; an approval may name the one that was seen")
    lines: list[LineOut]


@router.post(
    "",
    status_code=201,
    operation_id="place_order",
    summary="Place an order: it is a draft until it is submitted",
    responses={201: {"model": OrderOut}, **error_responses(400, 404, 409, 413, 415)},
)
def place(order: OrderIn, attempt: CurrentAttempt) -> Response:
    """Place a draft at today's prices of the buyer's tier."""
    return attempt.once(201, lambda session: _order_json(session, place_order(session, _draft(order)).number))


@router.get(
    "/{number}",
    operation_id="get_orders",
    summary="Get an order by its number",
    responses={200: {"model": OrderOut}, **error_responses(404)},
)
def show_order(number: Number, actor: CurrentActor) -> Response:
    """Return an order with its lines."""
    with reading(actor) as session:
        return Response(orjson.dumps(_order_json(session, number)), 200, NO_STORE, "application/json")


@router.post(
    "/{number}/submission",
    operation_id="submit_order",
    summary="Submit a draft: it is put up for decision",
    responses={200: {"model": OrderOut}, **error_responses(400, 404, 409, 413, 415)},
)
def submit(number: Number, attempt: CurrentAttempt) -> Response:
    """Put a draft up for decision, at the prices of today."""
    return attempt.once(200, lambda session: _order_json(session, submit_order(session, number).number))


@router.post(
    "/{number}/approval",
    operation_id="approve_order",
    summary="Approve a submitted order; not one's own",
    responses={200: {"model": OrderOut}, **error_responses(400, 404, 409, 413, 415)},
)
def approve(number: Number, attempt: CurrentAttempt, approval: ApprovalIn | None = None) -> Response:
    """Approve a submitted order."""
    stated = approval or ApprovalIn(reason="")

    def decide(session: Session) -> dict[str, Any]:
        return _order_json(session, approve_order(session, number, stated.reason, version=stated.version).number)

    return attempt.once(200, decide)


@router.post(
    "/{number}/rejection",
    operation_id="reject_order",
    summary="Reject a submitted order, saying why; not one's own",
    responses={200: {"model": OrderOut}, **error_responses(400, 404, 409, 413, 415)},
)
def reject(number: Number, rejection: RejectionIn, attempt: CurrentAttempt) -> Response:
    """Reject a submitted order for good."""

    def decide(session: Session) -> dict[str, Any]:
        return _order_json(session, reject_order(session, number, rejection.reason, version=rejection.version).number)

    return attempt.once(200, decide)


def _draft(order: OrderIn) -> OrderDraft:
    stated = order.ship_to.model_dump() if order.ship_to else {}
    header = {SHIP_TO + name: value for name, value in stated.items()} | {"buyer": order.buyer, "note": order.note}
    lines = [
        {"sku": line.sku, "quantity": line.quantity, "unit": line.unit and line.unit.value} for line in order.lines
    ]
    try:
        return parse_order(header, lines)
    except InvalidInput as refused:
        refused.fields = _named_as_stated(refused.fields)
        raise


def _named_as_stated(fields: dict[str, Problem]) -> dict[str, Problem]:
    return {
        f"ship_to.{name.removeprefix(SHIP_TO)}" if name.startswith(SHIP_TO) else name: problem
        for name, problem in fields.items()
    }


def _order_json(session: Session, number: str) -> dict[str, Any]:
    order = get_order(session, number)
    lines = [_line_json(line) for line in order.lines]
    return find_shown(session, ORDERS, number) | {"version": order.version, "lines": lines}


def _line_json(line: OrderLine) -> dict[str, Any]:
    return {
        "line": line.line,
        "sku": line.sku,
        "name": line.name,
        "quantity": line.quantity,
        "unit": line.unit,
        "units": line.units,
        "unit_price": amount(UNIT_PRICE.dump(line.unit_price)),
        "tax_rate": RATE.dump(line.tax_rate_ppm),
        "total": amount(yuan(line.total_cents)),
        "tax": amount(yuan(line.tax_cents)),
    }
