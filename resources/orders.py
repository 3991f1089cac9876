"""How orders appear: as a list of orders, and as a worksheet with one row per line."""

from typing import Any

from core.event_actions import EventAction
from core.i18n import N_
from core.kinds.standard import (
    CODE,
    DAY,
    INSTANT,
    MONEY,
    NAME,
    NOTE,
    PHONE,
    QUANTITY,
    RATE,
    UNIT_PRICE,
    choice,
    choices_of,
)
from core.permissions import Permission
from core.resource import Action, Field, Resource, RowGroups
from models.accounts.person_kind import PERSON
from models.orders import BUYER, LINE_UNIT, SKU, STATUS_LABELS, Order, OrderRow
from models.regions.kind import REGION
from services.orders.approval import approve_orders, reject_orders
from services.orders.drafts import SHIP_TO
from services.orders.imports import row_keys, save_order_lines
from services.orders.shipping import ship_orders

STATUS = choice(*choices_of(STATUS_LABELS))
_row: Any = OrderRow  # mapped on two tables, so its attributes are known when it is mapped

ORDER_LINES = Resource(
    name="order_lines",
    label=N_("Order lines"),
    title=N_("Order line"),
    model=OrderRow,
    keys=("number", "line"),
    view=Permission.ORDER_VIEW,
    edit=Permission.ORDER_PLACE,
    save=save_order_lines,
    row_groups=RowGroups(by=("number", "buyer", *SHIP_TO), keys=row_keys),
    order=("-placed_at", "number", "line"),
    sums=("line_total",),
    fields=(
        Field(
            name="number",
            label=N_("Order number"),
            kind=CODE,
            column=_row.number,
            synonyms="订单号|订单编号|单号|order no|order number|order id",
        ),
        Field(name="line", label=N_("Line"), kind=QUANTITY, column=_row.line, stated=False),
        Field(
            name="buyer",
            label=N_("Buyer"),
            kind=BUYER,
            column=_row.buyer_id,
            example="HD01",
            synonyms="订货方|订货单位|采购方|客户|客户编码|客户编号|买方|下单客户|经销商|customer",
        ),
        Field(name="status", label=N_("Status"), kind=STATUS, column=_row.status, stated=False),
        Field(name="placed_at", label=N_("Placed at"), kind=INSTANT, column=_row.created_at, stated=False),
        Field(
            name="ship_to_name",
            group="ship_to",
            label=N_("Ship to"),
            kind=NAME,
            column=_row.ship_to_name,
            example="王磊",
            section="contact",
            synonyms="收货人|收货人姓名|收件人|收件人姓名|receiver|recipient|ship to",
        ),
        Field(
            name="ship_to_phone",
            group="ship_to",
            label=N_("Ship-to phone"),
            kind=PHONE,
            column=_row.ship_to_phone,
            example="13800138000",
            section="contact",
            seldom=True,
            synonyms="收货电话|收货人电话|收货人手机|收件人电话|收件人手机",
        ),
        Field(
            name="ship_to_region",
            group="ship_to",
            label=N_("Ship-to region"),
            kind=REGION,
            column=_row.ship_to_region,
            example="320508",
            section="contact",
            synonyms="收货地区|收货省市区|收件地区",
        ),
        Field(
            name="ship_to_address",
            group="ship_to",
            label=N_("Ship-to address"),
            kind=NOTE,
            column=_row.ship_to_address,
            example="观前街 1 号",
            section="contact",
            seldom=True,
            synonyms="收货地址|收货详细地址|收件地址|送货地址|ship to address|delivery address",
        ),
        Field(name="note", label=N_("Note"), kind=NOTE, column=_row.note, example="周五前送到", seldom=True),
        Field(name="sku", label=N_("SKU"), kind=SKU, column=_row.product_id, required=True, example="QH-500"),
        Field(name="product_name", label=N_("Product name"), kind=NAME, column=_row.name, stated=False),
        Field(
            name="quantity",
            label=N_("Quantity"),
            kind=QUANTITY,
            column=_row.quantity,
            required=True,
            example="24",
            synonyms="数量|订货数量|订购数量|下单数量|件数|qty|order quantity",
        ),
        Field(name="unit", label=N_("Unit"), kind=LINE_UNIT, column=_row.unit, example="unit", width=80),
        Field(name="units", label=N_("Single units"), kind=QUANTITY, column=_row.units, stated=False),
        Field(
            name="unit_price",
            label=N_("Unit price (yuan, with tax)"),
            kind=UNIT_PRICE,
            column=_row.unit_price,
            stated=False,
        ),
        Field(
            name="price_valid_from", label=N_("Price valid from"), kind=DAY, column=_row.price_valid_from, stated=False
        ),
        Field(name="tax_rate", label=N_("Tax rate"), kind=RATE, column=_row.tax_rate_ppm, stated=False),
        Field(
            name="line_total",
            label=N_("Line total (yuan, with tax)"),
            kind=MONEY,
            column=_row.total_cents,
            stated=False,
        ),
        Field(name="line_tax", label=N_("Tax of the line (yuan)"), kind=MONEY, column=_row.tax_cents, stated=False),
        Field(
            name="total", label=N_("Total (yuan, with tax)"), kind=MONEY, column=_row.order_total_cents, stated=False
        ),
    ),
)

ORDERS = Resource(
    name="orders",
    label=N_("Orders"),
    title=N_("Order"),
    model=Order,
    keys=("number",),
    view=Permission.ORDER_VIEW,
    edit=Permission.ORDER_PLACE,
    order=("-placed_at",),
    sums=("total",),
    actions=(
        Action(name="approve", label=N_("Approve"), permission=Permission.ORDER_APPROVE, run=approve_orders),
        Action(
            name="reject",
            label=N_("Reject"),
            permission=Permission.ORDER_APPROVE,
            run=reject_orders,
            needs_note=True,
            is_dangerous=True,
        ),
        Action(name="ship", label=N_("Mark as shipped"), permission=Permission.ORDER_SHIP, run=ship_orders),
    ),
    search_rank=1,
    worksheet=ORDER_LINES,
    events=(
        EventAction("order.placed", N_("Order placed"), N_("placed it")),
        EventAction("order.changed", N_("Order changed"), N_("changed it")),
        EventAction("order.submitted", N_("Order submitted"), N_("submitted it")),
        EventAction("order.withdrawn", N_("Order taken back"), N_("took it back")),
        EventAction("order.discarded", N_("Order discarded"), N_("discarded it")),
        EventAction("order.approved", N_("Order approved"), N_("approved it"), tone="ok"),
        EventAction("order.rejected", N_("Order rejected"), N_("rejected it"), tone="danger"),
        EventAction("order.returned", N_("Order returned for change"), N_("returned it for change")),
        EventAction("order.shipped", N_("Order shipped"), N_("marked it as shipped"), tone="ok"),
    ),
    fields=(
        Field(name="number", label=N_("Order number"), kind=CODE, column=Order.number, stated=False),
        Field(name="buyer", label=N_("Buyer"), kind=BUYER, column=Order.buyer_id, required=True, example="HD01"),
        Field(name="status", label=N_("Status"), kind=STATUS, column=Order.status, stated=False),
        Field(name="total", label=N_("Total (yuan, with tax)"), kind=MONEY, column=Order.total_cents, stated=False),
        Field(
            name="tax", label=N_("Tax contained (yuan)"), kind=MONEY, column=Order.tax_cents, stated=False, seldom=True
        ),
        Field(name="placed_at", label=N_("Placed at"), kind=INSTANT, column=Order.created_at, stated=False),
        Field(
            name="submitted_at",
            label=N_("Submitted at"),
            kind=INSTANT,
            column=Order.submitted_at,
            stated=False,
            seldom=True,
        ),
        Field(
            name="decided_at", label=N_("Decided at"), kind=INSTANT, column=Order.decided_at, stated=False, seldom=True
        ),
        Field(
            name="shipped_at", label=N_("Shipped at"), kind=INSTANT, column=Order.shipped_at, stated=False, seldom=True
        ),
        Field(
            name="ship_to_name",
            group="ship_to",
            label=N_("Ship to"),
            kind=NAME,
            column=Order.ship_to_name,
            example="王磊",
            section="contact",
        ),
        Field(
            name="ship_to_phone",
            group="ship_to",
            label=N_("Ship-to phone"),
            kind=PHONE,
            column=Order.ship_to_phone,
            example="13800138000",
            section="contact",
            seldom=True,
        ),
        Field(
            name="ship_to_region",
            group="ship_to",
            label=N_("Ship-to region"),
            kind=REGION,
            column=Order.ship_to_region,
            example="320508",
            section="contact",
        ),
        Field(
            name="ship_to_address",
            group="ship_to",
            label=N_("Ship-to address"),
            kind=NOTE,
            column=Order.ship_to_address,
            example="观前街 1 号",
            section="contact",
            seldom=True,
        ),
        Field(name="note", label=N_("Note"), kind=NOTE, column=Order.note, example="周五前送到", seldom=True),
        Field(name="placed_by", label=N_("Placed by"), kind=PERSON, column=Order.placed_by, stated=False),
        Field(
            name="submitted_by",
            label=N_("Submitted by"),
            kind=PERSON,
            column=Order.submitted_by,
            stated=False,
            seldom=True,
        ),
        Field(
            name="decided_by", label=N_("Decided by"), kind=PERSON, column=Order.decided_by, stated=False, seldom=True
        ),
    ),
)
