"""The commands ``demo load`` and ``demo clear`` of the machine itself: facts for programs, a table for people."""

from collections.abc import Callable
from typing import Any

from core.access import command_line
from core.i18n import _
from core.kinds.plain_texts import terminal_width
from core.permissions import Role
from models.accounts.users import ROLE_LABELS
from services.demo._clearing import clear_demo
from services.demo.loading import DemoSize, load_demo
from services.installation.maintenance import open_database

PROGRESS_EVERY = 50_000  # orders; a smaller load needs no progress messages


def load(size: DemoSize, tell: Callable[[str], None]) -> dict[str, Any]:
    """Open the database and load demo data into it; see ``load_demo``. ``tell`` receives progress messages."""
    open_database()

    def report_progress(count: int) -> None:
        if count % PROGRESS_EVERY == 0:
            tell(_("{done} of {total} orders are in.", done=f"{count:,}", total=f"{size.orders:,}"))

    return load_demo(command_line(), size, report_progress)


def clear() -> dict[str, Any]:
    """Open the database and clear the demo data in it; see ``clear_demo``."""
    open_database()
    return clear_demo(command_line())


def people_table(facts: dict[str, Any]) -> str:
    """Return the text after a load: counts, and the accounts with their passwords."""
    there = _(
        "{partners} partners, {stores} stores, {products} products, {customers} customers and {orders} orders are in.",
        **{name: f"{facts[name]:,}" for name in ("partners", "stores", "products", "customers", "orders")},
    )
    once = _("Sign in as any of these people; the passwords are not shown again:")
    rows = [(one["email"], _(ROLE_LABELS[Role(one["role"])][0]), one["password"]) for one in facts["people"]]
    widths = [max(map(terminal_width, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(text + " " * (width - terminal_width(text)) for text, width in zip(row, widths, strict=True))
        for row in rows
    ]
    return "\n".join([there, once, *(f"  {line}" for line in lines)])
