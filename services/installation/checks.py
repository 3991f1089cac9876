"""Consistency checks of invariants that no constraint can enforce, each a query that must find nothing."""

from collections.abc import Callable, Iterator, Set

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session, aliased

import services.applications.approval
import services.orders.approval
import services.partners.approval
import services.stores.approval  # noqa: F401  (with the three above: registers the subjects of approvals)
from core.database.paths import SEGMENT_WIDTH, ancestor_ids
from core.database.sessions import is_sqlite
from core.events.anchors import anchor_faults
from core.events.seals import chain_faults
from core.jobs.clock_guard import clock_doubt
from core.schema.shape import schema_faults
from models.accounts.departments import Department
from models.accounts.users import User
from models.customers import Customer
from models.partners.affiliation_requests import AffiliationRequest
from models.partners.applications import Application
from models.partners.invites import Invite
from models.partners.partners import Affiliation, Partner
from services.approvals.checks import APPROVAL_CHECKS
from services.hierarchies import circles, stored_above
from services.imports.checks import IMPORT_CHECKS
from services.money.checks import CREDIT_CHECKS
from services.orders.checks import ORDER_CHECKS
from services.organisation.leaving_rules import RULES
from services.partners.checks import path_check
from services.stores.checks import STORE_CHECKS

Check = Callable[[Session], Iterator[str]]
SHOWN = 20  # broken rows named per check
OF_NOW = frozenset({"audit log anchors", "clock"})
"""Checks that compare the data with the installation around them: of no use for a copy of an earlier hour."""


def broken_invariants(session: Session, without: Set[str] = frozenset()) -> list[dict[str, str]]:
    """Return violations: ``check`` (its name) and ``detail`` (which row and how). Empty = all is well.

    Args:
        session: Of the data.
        without: Names of checks that are left out.
    """
    found = []
    for name, check in CHECKS.items():
        if name in without:
            continue
        for number, detail in enumerate(check(session)):
            if number == SHOWN:
                found.append({"check": name, "detail": "…"})
                break
            found.append({"check": name, "detail": detail})
    return found


def _paths(session: Session) -> Iterator[str]:
    """A partner's path is its upstream's path and its own segment."""
    for code, partner_id, upstream_id, path in session.execute(
        select(Partner.code, Partner.id, Partner.upstream_id, Partner.path)
    ):
        ids = ancestor_ids(path)
        above = ids[-2] if len(ids) > 1 else None
        if not ids or ids[-1] != partner_id or above != upstream_id:
            yield f"partner {code}: path {path}, id {partner_id}, upstream {upstream_id}"
    upstream = aliased(Partner)
    wrong = select(Partner.code).join(upstream, Partner.upstream_id == upstream.id)
    length = func.length(upstream.path)
    begins_otherwise = func.substr(Partner.path, 1, length) != upstream.path
    has_other_length = func.length(Partner.path) != length + SEGMENT_WIDTH
    for code in session.scalars(wrong.where(or_(begins_otherwise, has_other_length))):
        yield f"partner {code}: its path does not begin with its upstream's"


def _affiliations(session: Session) -> Iterator[str]:
    """Each partner has exactly one affiliation that lasts, with the upstream it has today; none overlap."""
    lasting = select(Partner.code, func.count(Affiliation.id)).outerjoin(
        Affiliation, (Affiliation.partner_id == Partner.id) & Affiliation.valid_to.is_(None)
    )
    for code, count in session.execute(lasting.group_by(Partner.code).having(func.count(Affiliation.id) != 1)):
        yield f"partner {code}: {count} lasting affiliations"
    differs = select(Partner.code).join(Affiliation, Affiliation.partner_id == Partner.id)
    wrong = or_(
        Affiliation.upstream_id.is_distinct_from(Partner.upstream_id), Affiliation.valid_from != Partner.valid_from
    )
    for code in session.scalars(differs.where(Affiliation.valid_to.is_(None), wrong)):
        yield f"partner {code}: its lasting affiliation is not what it says itself"
    other = aliased(Affiliation)
    overlap = select(Affiliation.partner_id).join(
        other,
        (other.partner_id == Affiliation.partner_id)
        & (other.valid_from > Affiliation.valid_from)
        & or_(Affiliation.valid_to.is_(None), Affiliation.valid_to > other.valid_from),
    )
    for partner_id in session.scalars(overlap):
        yield f"partner number {partner_id}: affiliations overlap"


def _leavers(session: Session) -> Iterator[str]:
    """No open row names a person who has left."""
    left = aliased(User)
    for name, rule in RULES.items():
        named = rule.column == (left.id if rule.by_number else left.email)
        found = select(left.email, func.count()).select_from(rule.column.class_).join(left, named)
        gone = found.where(left.left_at.is_not(None), rule.is_open()).group_by(left.email).order_by(left.email)
        for email, count in session.execute(gone):
            yield f"{name}: {count} open rows name {email}, who has left"


def _circles(session: Session) -> Iterator[str]:
    """Nobody leads themselves, and no department is part of itself, not even through others."""
    for key, link in ((User.email, User.manager_id), (Department.code, Department.parent_id)):
        rings = {frozenset(way) for way in circles(stored_above(session, key, link)).values()}
        for ring in sorted(map(sorted, rings)):
            yield f"{key.class_.__tablename__} {', '.join(ring)} stand above themselves"


def _clock(session: Session) -> Iterator[str]:
    """The clock is not far from the last instant of the database."""
    doubt = clock_doubt(session)
    if doubt is not None:
        yield f"the clock said {doubt.doubted_at.isoformat()}, the database was last used {doubt.seen_at.isoformat()}"


def _foreign_keys(session: Session) -> Iterator[str]:
    """Every reference names a row; PostgreSQL holds this by itself."""
    if is_sqlite(session):
        for row in session.connection().exec_driver_sql("PRAGMA foreign_key_check"):
            yield f"{row[0]} row {row[1]} refers to a missing row of {row[2]}"
        for row in session.connection().exec_driver_sql("PRAGMA quick_check"):
            if row[0] != "ok":
                yield str(row[0])


def _schema(session: Session) -> Iterator[str]:
    """Triggers and constraints are those of this release."""
    return schema_faults(session.get_bind().engine)


CHECKS: dict[str, Check] = {
    "schema": _schema,
    "audit log": chain_faults,
    "audit log anchors": anchor_faults,
    "references": _foreign_keys,
    "partner paths": _paths,
    "affiliations": _affiliations,
    "affiliation paths": path_check(Affiliation, Affiliation.partner_id, Partner.code),
    "customer paths": path_check(Customer, Customer.partner_id, Customer.code),
    "invite paths": path_check(Invite, Invite.partner_id, Invite.code),
    "application paths": path_check(Application, Application.partner_id, Application.number),
    "request paths": path_check(AffiliationRequest, AffiliationRequest.partner_id, AffiliationRequest.number),
    "user paths": path_check(User, User.partner_id, User.email),
    "leavers": _leavers,
    "circles": _circles,
    "clock": _clock,
    **APPROVAL_CHECKS,
    **CREDIT_CHECKS,
    **IMPORT_CHECKS,
    **ORDER_CHECKS,
    **STORE_CHECKS,
}
