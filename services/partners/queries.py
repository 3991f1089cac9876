"""Reads of partners for pages: names and codes by number, where a partner stood, changes of upstream."""

from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.errors import NotFound
from core.i18n import N_
from core.permissions import Permission
from models.partners.affiliation_requests import AffiliationRequest, Consent
from models.partners.partners import Affiliation, Partner
from services.partners.affiliation_states import roles_of

_PARTIES: dict[str, Any] = {"see_all": "who is asked for consent to a change of upstream reads whom it concerns"}


def partner_labels(session: Session, ids: Collection[int | None]) -> dict[int, tuple[str, str]]:
    """Return row number → (code, name) of those of ``ids`` that the actor may see."""
    wanted = [one for one in ids if one]
    rows = session.execute(select(Partner.id, Partner.code, Partner.name).where(Partner.id.in_(wanted)))
    return {number: (code, name) for number, code, name in rows}


def party_labels(session: Session, request: AffiliationRequest) -> dict[int, tuple[str, str]]:
    """Return row number → (code, name) of the parties of a request that the actor may read in it.

    The partner that moves is named to whoever may see the request. The new upstream is named once it has agreed, and
    to an owner who is asked for consent: naming it to its requester would let codes be tried out for their names.
    """
    named = {request.partner_id}
    consents = "owner" in roles_of(actor_of(session), request) and request.owner_by != request.asked_by
    if request.to_upstream_id and (consents or request.upstream_answer == Consent.AGREED):
        named.add(request.to_upstream_id)
    rows = session.execute(
        select(Partner.id, Partner.code, Partner.name).where(Partner.id.in_(named)), execution_options=_PARTIES
    )
    return {number: (code, name) for number, code, name in rows}


def moving_partner_names(session: Session, numbers: Collection[str]) -> dict[str, str]:
    """Return number → name of the partner that moves, of those requests that the actor may see."""
    query = select(AffiliationRequest.number, AffiliationRequest.partner_id)
    rows = session.execute(query.where(AffiliationRequest.number.in_(numbers)))
    moving = {row.number: row.partner_id for row in rows}
    partners = select(Partner.id, Partner.name).where(Partner.id.in_(set(moving.values())))
    names = {row.id: row.name for row in session.execute(partners, execution_options=_PARTIES)}
    return {number: names[partner_id] for number, partner_id in moving.items()}


def find_partner(session: Session, code: str) -> tuple[str, str, str]:
    """Return (code, name, tier) of a partner. Raises ``NotFound`` ``partners.not_found``."""
    found = session.execute(select(Partner.code, Partner.name, Partner.tier).where(Partner.code == code)).first()
    if found is None:
        raise NotFound("partners.not_found", N_("There is no partner {key}."), key=code)
    return found[0], found[1], found[2]


def partner_tier(session: Session, code: str) -> str | None:
    """Return the tier of a partner, None if the actor sees none of this code."""
    return session.scalar(select(Partner.tier).where(Partner.code == code))


def partner_id_of(session: Session, code: str) -> int | None:
    """Return the row number of a partner, None if the actor sees none of this code."""
    return session.scalar(select(Partner.id).where(Partner.code == code))


def stays_of(session: Session, partner_id: int | None, limit: int) -> list[tuple[int | None, date, date | None]]:
    """Return (upstream, from, to) of where a partner stood, the latest first."""
    query = select(Affiliation.upstream_id, Affiliation.valid_from, Affiliation.valid_to)
    rows = session.execute(
        query.where(Affiliation.partner_id == partner_id).order_by(Affiliation.valid_from.desc()).limit(limit)
    )
    return [(upstream_id, since, until) for upstream_id, since, until in rows]


def requests_of(session: Session, partner_id: int | None, limit: int) -> list[AffiliationRequest]:
    """Return the changes of upstream of a partner, the latest first."""
    query = select(AffiliationRequest).where(AffiliationRequest.partner_id == partner_id)
    return list(session.scalars(query.order_by(AffiliationRequest.id.desc()).limit(limit)))


def find_request(session: Session, number: str) -> AffiliationRequest:
    """Return a change of upstream.

    Raises:
        NotPermitted: The actor may not see applications.
        NotFound: ``affiliations.not_found``.
    """
    actor_of(session).require(Permission.APPLICATION_VIEW)
    request = session.scalar(select(AffiliationRequest).where(AffiliationRequest.number == number))
    if request is None:
        raise NotFound("affiliations.not_found", N_("There is no change of upstream {number}."), number=number)
    return request
