"""Lines of an order as a table, and the texts of their cells."""

from collections.abc import Sequence

from core.i18n import _, ngettext
from core.kinds.standard import RATE, UNIT_PRICE
from models.orders import LineUnit, OrderLine
from pages.components.base.elements import Tag
from pages.components.layout.content import money_text
from pages.components.layout.records import Cell, LineColumn, line_table
from pages.resources.value_texts import value_text


def draw_lines(lines: Sequence[OrderLine], total_cents: int, tax_cents: int) -> None:
    """Draw the lines of an order with their prices as they were priced, and the totals."""
    columns = [
        LineColumn("sku", _("SKU")),
        LineColumn("name", _("Product")),
        LineColumn("quantity", _("Quantity"), "right"),
        LineColumn("price", _("Unit price"), "right"),
        LineColumn("tax", _("Tax rate"), "right"),
        LineColumn("total", _("Amount"), "right"),
    ]
    rows: list[dict[str, str | Cell]] = [
        {
            "sku": line.sku,
            "name": name_cell(line.sku, line.name),
            "quantity": quantity_text(line.quantity, line.unit, line.units),
            "price": price_text(line.unit_price),
            "tax": value_text(RATE, RATE.dump(line.tax_rate_ppm)),
            "total": money_text(line.total_cents),
        }
        for line in lines
    ]
    tax = _("with tax {amount}", amount=money_text(tax_cents))
    foot = {"sku": _("Total"), "name": tax, "total": money_text(total_cents)}
    with Tag("div", css="qd-lines qd-lines-priced"):
        line_table(columns, rows, caption=_("Lines of the order"), foot=foot, testid="lines")


def name_cell(sku: str, name: str) -> Cell:
    """Return the name of a product, on a phone with its SKU below, where that has no column of its own."""

    def draw() -> None:
        Tag("span", name)
        Tag("small", sku, "qd-line-sku")

    return Cell(draw=draw)


def quantity_text(quantity: int, unit: str, units: int) -> str:
    """Return a quantity as it was stated, boxes with the single units in them."""
    if unit == LineUnit.BOX.value:
        return ngettext("{count} box ({units})", "{count} boxes ({units})", quantity, units=f"{units:,}")
    return f"{units:,}"


def price_text(unit_price: int) -> str:
    """Return a unit price as text, up to 4 decimals."""
    return value_text(UNIT_PRICE, UNIT_PRICE.dump(unit_price))
