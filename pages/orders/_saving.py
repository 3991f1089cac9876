"""Saving the order form in one unit of work: place an order or change a draft, and submit it if wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from core.errors import Conflict
from core.i18n import N_
from core.kinds.standard import grouped_yuan
from services.orders.drafts import parse_order
from services.orders.lifecycle import change_order, place_order, submit_order
from services.orders.states import OrderState


@dataclass(frozen=True, slots=True)
class OrderInput:
    """Input of the order form.

    Attributes:
        header, lines: See ``services.orders.drafts.parse_order``.
        total_cents: What the person saw the order come to.
    """

    header: Mapping[str, str | None]
    lines: Sequence[Mapping[str, str]]
    total_cents: int


@dataclass(frozen=True, slots=True)
class Draft:
    """The draft a form changes, and the version of it that the person saw."""

    number: str
    version: int


def save_order(session: Session, stated: OrderInput, draft: Draft | None, *, submit: bool) -> OrderState:
    """Place an order, or change ``draft``; with ``submit`` put it up for decision in the same transaction.

    Raises:
        Conflict: ``orders.total_changed``: nothing is stored, the person looks again.
        DomainError: As ``parse_order``, ``place_order``, ``change_order`` and ``submit_order``.
    """
    wanted = parse_order(stated.header, stated.lines)
    if draft is not None:
        changed = change_order(session, draft.number, wanted, version=draft.version)
        return submit_order(session, draft.number, total_cents=stated.total_cents) if submit else changed
    placed = place_order(session, wanted, submit=submit)
    if submit and placed.total_cents != stated.total_cents:
        raise Conflict(
            "orders.total_changed",
            N_("Prices have changed: this order comes to {total} yuan now. Look at it and submit it again."),
            total=grouped_yuan(placed.total_cents),
        )
    return placed
