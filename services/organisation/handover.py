"""Handover of a person's holdings: each kind to one colleague, or divided among several in contiguous parts."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from core.clock import now
from core.database.chunks import in_chunks
from core.database.versioned import Versioned
from core.events.log import EventDraft, record
from core.files.contents import StoredFile
from core.i18n import N_
from core.permissions import ROLE_PERMISSIONS, Permission, Role
from models.accounts.departments import Department
from models.accounts.users import User
from models.customers import Customer
from models.imports import ImportBatch, ImportStatus
from models.orders import Order
from models.partners.invites import Invite
from services.hierarchies import stored_above
from services.organisation.leaving_rules import RULES

SEE: dict[str, Any] = {"see_all": "a leaver's holdings are handed over in full, also rows outside the actor's scope"}


@dataclass(frozen=True, slots=True)
class HandoverKind:
    """A kind of holding that somebody else must take over.

    Attributes:
        name: Stable. label: English (a catalogue key).
        rule: Key of ``services.organisation.leaving_rules.RULES``.
        key: Mapped attribute that people name a row by. order: by what the list stands.
        needs: What a successor must be permitted to do; None = nothing.
        can_split: Whether several colleagues may share it.
        hand: ``hand(session, leaver, rows, successor)``, rows as ``rows_of`` selects them, locked.
    """

    name: str
    label: str
    rule: str
    key: Any
    order: tuple[Any, ...]
    needs: Permission | None
    can_split: bool
    hand: Callable[[Session, User, Sequence[Any], User], None]

    def accepts(self, successor: User) -> bool:
        """Return whether the role of ``successor`` permits them to take it over."""
        return self.needs is None or self.needs in ROLE_PERMISSIONS[Role(successor.role)]


def shares(count: int, people: int) -> list[int]:
    """Return how many of ``count`` each of ``people`` gets: all of them, and nobody two more than another."""
    each, rest = divmod(count, people)
    return [each + (place < rest) for place in range(people)]


def hand_over(session: Session, kind: HandoverKind, leaver: User, successors: Sequence[User]) -> int:
    """Hand all rows of one kind over to ``successors``, who are locked; return how many rows there were."""
    rows = session.execute(rows_of(kind, leaver).with_for_update(), execution_options=SEE).all()
    begin = 0
    for successor, share in zip(successors, shares(len(rows), len(successors)), strict=True):
        if share:
            kind.hand(session, leaver, rows[begin : begin + share], successor)
        begin += share
    return len(rows)


def rows_of(kind: HandoverKind, leaver: User) -> Any:
    """Return the query for what ``leaver`` holds of one kind: number, key, path and version, in the order of the list.

    A model without path or version selects none.
    """
    rule = RULES[kind.rule]
    model = rule.column.class_
    more = [getattr(model, name) for name in ("path", "version") if hasattr(model, name)]
    return select(model.id, kind.key.label("key"), *more).where(rule.names(leaver)).order_by(*kind.order)


def _plain(rule: str, subject: str, noun: str, field: str) -> Callable[[Session, User, Sequence[Any], User], None]:
    """Return the function that replaces the person in the column of a rule and records a change of ``field``."""

    def hand(session: Session, leaver: User, rows: Sequence[Any], successor: User) -> None:
        column = RULES[rule].column
        before, after = (one.id if RULES[rule].by_number else one.email for one in (leaver, successor))
        _write(session, column, [row.id for row in rows], after)
        changes = {field: [before, after]}
        happenings = [
            EventDraft(str(row.key), getattr(row, "path", ""), changes, version=row.version + 1) for row in rows
        ]
        record(session, f"{noun}.changed", subject, happenings)

    return hand


def _hand_reports(session: Session, leaver: User, rows: Sequence[Any], successor: User) -> None:
    """Make ``successor`` the manager of those whom ``leaver`` led.

    People between the two in the hierarchy go to the leaver's own manager instead, to avoid a circle.
    """
    above = stored_above(session, User.email, User.manager_id)
    way, email = {successor.email}, above.get(successor.email)
    while email is not None and email != leaver.email:
        way.add(email)
        email = above.get(email)
    for row in rows:
        manager_id = leaver.manager_id if row.key in way else successor.id
        _write(session, User.manager_id, [row.id], manager_id)
        changes = {"manager": [leaver.id, manager_id]}
        happening = EventDraft(row.key, row.path, changes, version=row.version + 1)
        record(session, "user.changed", "users", [happening])


def _hand_imports(session: Session, leaver: User, rows: Sequence[Any], successor: User) -> None:
    """Hand over imports with their files; a running one is stopped, and the successor may resume it."""
    numbers = [row.id for row in rows]
    mine = update(ImportBatch).where(ImportBatch.id.in_(numbers))
    stopped = mine.where(ImportBatch.status == ImportStatus.RUNNING.value)
    _execute(session, stopped.values(status=ImportStatus.CANCELLED.value, finished_at=now()))
    _execute(session, mine.values(person=successor.email))
    files = select(ImportBatch.file_id).where(ImportBatch.id.in_(numbers))
    own = update(StoredFile).where(StoredFile.id.in_(files), StoredFile.person == leaver.email)
    _execute(session, own.values(person=successor.email))
    facts = {"from": leaver.email, "to": successor.email}
    record(session, "import.handed_over", "imports", [EventDraft(str(number), data=facts) for number in numbers])


def _write(session: Session, column: Any, numbers: Sequence[int], value: object) -> None:
    model = column.class_
    counted = {"version": model.version + 1, "updated_at": now()} if issubclass(model, Versioned) else {}
    for chunk in in_chunks(numbers):
        rows = update(model).where(model.id.in_(chunk))
        _execute(session, rows.values({column.key: value, **counted}))


def _execute(session: Session, statement: Any) -> None:
    session.execute(statement, execution_options={**SEE, "synchronize_session": False})


KINDS: tuple[HandoverKind, ...] = (
    HandoverKind(
        "customers",
        N_("Customers"),
        "customers.owner_id",
        Customer.code,
        (Customer.path, Customer.region, Customer.code),
        Permission.CUSTOMER_EDIT,
        True,
        _plain("customers.owner_id", "customers", "customer", "owner"),
    ),
    HandoverKind(
        "orders",
        N_("Draft orders"),
        "orders.placed_by",
        Order.number,
        (Order.path, Order.number),
        Permission.ORDER_PLACE,
        True,
        _plain("orders.placed_by", "orders", "order", "placed_by"),
    ),
    HandoverKind(
        "reports", N_("People they lead"), "users.manager_id", User.email, (User.email,), None, False, _hand_reports
    ),
    HandoverKind(
        "departments",
        N_("Departments they head"),
        "departments.manager_id",
        Department.code,
        (Department.code,),
        None,
        False,
        _plain("departments.manager_id", "departments", "department", "manager"),
    ),
    HandoverKind(
        "invites",
        N_("Open invites"),
        "invites.made_by",
        Invite.code,
        (Invite.path, Invite.code),
        Permission.INVITE_EDIT,
        True,
        _plain("invites.made_by", "invites", "invite", "made_by"),
    ),
    HandoverKind(
        "imports",
        N_("Unfinished imports"),
        "import_batches.person",
        ImportBatch.id,
        (ImportBatch.id,),
        Permission.IMPORT_VIEW,
        False,
        _hand_imports,
    ),
)
"""Kinds of holdings that must be handed over, in the order of the page."""
