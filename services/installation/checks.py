"""Consistency checks of invariants that no constraint can enforce, each a query that must find nothing."""

from collections.abc import Callable, Iterator
from typing import Any

from sqlalchemy import func, literal, or_, select
from sqlalchemy.orm import Session, aliased

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
from services.applications.approval import APPLICATION_APPROVALS
from services.approvals.checks import check_digests, check_open_cases, check_steps
from services.hierarchies import circles, stored_above
from services.orders.approval import ORDER_APPROVALS
from services.organisation.leaving_rules import RULES
from services.partners.approval import AFFILIATION_APPROVALS
from services.stores.approval import STORE_APPROVALS
from services.stores.checks import STORE_CHECKS

Check = Callable[[Session], Iterator[str]]
SHOWN = 20  # broken rows named per check


def broken_invariants(session: Session) -> list[dict[str, str]]:
    """Return violations: ``check`` (its name) and ``detail`` (which row and how). Empty = all is well."""
    found = []
    for name, check in CHECKS.items():
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
    length = func.length(Partner.path) - SEGMENT_WIDTH
    for code in session.scalars(wrong.where(func.substr(Partner.path, 1, length) != upstream.path)):
        yield f"partner {code}: its path does not begin with its upstream's"


def _copies(model: Any, link: Any, name: Any) -> Check:
    def check(session: Session) -> Iterator[str]:
        own = func.coalesce(Partner.path, literal(""))
        query = select(name).select_from(model).outerjoin(Partner, link == Partner.id).where(model.path != own)
        for key in session.scalars(query):
            yield f"{model.__tablename__} {key}: its path is not its partner's"

    return check


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
    "customer paths": _copies(Customer, Customer.partner_id, Customer.code),
    "invite paths": _copies(Invite, Invite.partner_id, Invite.code),
    "application paths": _copies(Application, Application.partner_id, Application.number),
    "request paths": _copies(AffiliationRequest, AffiliationRequest.partner_id, AffiliationRequest.number),
    "user paths": _copies(User, User.partner_id, User.email),
    "leavers": _leavers,
    "circles": _circles,
    "clock": _clock,
    "approval cases": check_open_cases(
        (ORDER_APPROVALS, APPLICATION_APPROVALS, AFFILIATION_APPROVALS, STORE_APPROVALS)
    ),
    "approval steps": check_steps,
    "approval facts": check_digests,
    **STORE_CHECKS,
}
