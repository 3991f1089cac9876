"""Registration of stores on site: by staff, by partners for their branch, by the holder of an invite."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.sessions import actor_of
from core.errors import Conflict, InvalidInput, Problem
from core.events.log import EventDraft, record
from core.i18n import N_
from core.kinds.kind import Kind, Refused
from core.kinds.standard import CODE, MISSING, NAME, NOTE, PHONE
from core.permissions import Permission, Role
from core.positions.points import position_text
from models.partners.partners import Partner, PartnerStatus
from models.regions.kind import REGION
from models.stores import Store, StoreStatus
from services.applications.invites import require_invite, use_invite
from services.form_submissions import keep_submission, submission_result
from services.free_texts import parse_note
from services.number_series import next_numbers
from services.partners.tree import lock_tree
from services.stores._photos import keep_photos
from services.stores.approval import WAITING, submit_store
from services.stores.findings import DEFAULT_SCORE, Assessment, assess_stores, lock_stores
from services.stores.fixes import Fix, best_fix, require_good
from services.stores.names import name_key
from services.stores.ordering import TIER, assign_partner, hold_partners
from services.stores.positions import keep_positions, put_position, store_facts
from services.stores.queries import find_store
from services.stores.rules import GOOD_SCORE, new_finding
from services.stores.saving import moved_finding

SERIES = "ST"
REASON = {"see_all": "an invite says under whom, and a code belongs to one store of the whole brand"}


@dataclass(frozen=True, slots=True)
class StoreStatement:
    """Input of a registration, as typed.

    Attributes:
        partner: Code of its upstream; "" for the person's own partner, for brand staff the brand itself.
        code: "" for the next of our series.
        tried_again: Whether the person was warned of an inaccurate position and could not get a better one.
    """

    name: str
    phone: str = ""
    region: str = ""
    address: str = ""
    contact: str = ""
    partner: str = ""
    code: str = ""
    note: str = ""
    tried_again: bool = False


@dataclass(frozen=True, slots=True)
class InvitedBy:
    """The inviter: name and region (adcode) of the partner; name "" for the brand itself."""

    partner_name: str
    region: str | None


KINDS: dict[str, Kind] = {
    "name": NAME, "phone": PHONE, "region": REGION, "address": NOTE, "contact": NAME, "code": CODE, "note": NOTE,
}  # fmt: skip
REQUIRED = ("name", "phone")


def anonymous_actor(language: str) -> Actor:
    """Return the actor of an anonymous user who registers a store with an invite; it sees no rows."""
    return Actor("visitor", Role.PARTNER_CLERK, language=language)


def invite_facts(session: Session, invite: str) -> InvitedBy:
    """Return the inviter of an invite to register a store.

    Raises:
        NotFound, Conflict: As ``services.applications.invites.require_invite``.
    """
    actor_of(session).require(Permission.STORE_REGISTER)
    partner_id = require_invite(session, invite, TIER).partner_id
    found_row = session.execute(
        select(Partner.name, Partner.region).where(Partner.id == partner_id), execution_options=REASON
    ).first()
    return InvitedBy(*found_row) if found_row else InvitedBy("", None)


def register_store(
    session: Session,
    statement: StoreStatement,
    fixes: Sequence[Fix],
    photos: Sequence[str] = (),
    invite: str = "",
) -> Store:
    """Register a store with the best of its fixes and its photos, and assess it.

    With an invite the store waits as ``applied``, with a row of its own among the partners. Else it is active if
    it scores ``GOOD_SCORE``, and under review if it does not.

    Args:
        session: The caller's.
        statement: Input of the person.
        fixes: All that the phone measured, or the one point that was set or pasted.
        photos: References, see ``services.files.pictures``.
        invite: Code of an invite; "" for users with an account.

    Raises:
        NotPermitted: The actor may not register stores.
        InvalidInput: A field is wrong, or ``services.stores.fixes.fix_problem`` asks for a better position.
        NotFound: ``partners.not_found``, ``invites.unknown``.
        Conflict: ``stores.code_taken``, ``invites.used_up`` and the like.
    """
    actor = actor_of(session)
    actor.require(Permission.STORE_REGISTER)
    stated = _checked(statement)
    require_good(fix := best_fix(fixes), len(photos), tried_again=statement.tried_again)
    if invite or not (actor.is_brand or actor.partner_path):
        upstream_id = use_invite(session, invite, TIER).partner_id
        lock_tree(session)
    else:
        upstream_id = _upstream(session, actor, statement.partner)
    path = hold_partners(session, [upstream_id])[upstream_id] if upstream_id is not None else ""
    lock_stores(session)
    store = Store(
        **stated | {"code": _free_code(session, stated["code"])},
        partner_id=upstream_id,
        path=path,
        status=StoreStatus.APPLIED.value if invite else StoreStatus.UNDER_REVIEW.value,
        name_key=name_key(stated["name"] or "", stated["region"]),
        score=DEFAULT_SCORE[0],
        registered_by=actor.person or actor.name,
    )
    put_position(store, fix)
    session.add(store)
    session.flush()
    if invite:
        assign_partner(session, store, PartnerStatus.APPLIED)
    assessment = _assess(session, store, photos, is_new=True)
    if not invite and assessment.score >= GOOD_SCORE:
        store.status = StoreStatus.ACTIVE.value
    facts = {"score": assessment.score, "found": sorted(set(assessment.new_codes)), "status": store.status}
    facts |= {"invite": invite} if invite else {}
    session.flush()
    record(session, "store.registered", "stores", [EventDraft(store.code, store.path, {}, facts, store.version)])
    if store.status in WAITING:
        submit_store(session, store)
    return store


def register_store_once(
    session: Session,
    form_id: str,
    statement: StoreStatement,
    fixes: Sequence[Fix],
    photos: Sequence[str] = (),
    invite: str = "",
) -> Store:
    """Register a store as ``register_store`` does; a form that is sent again returns the store it has made.

    Args:
        session: The caller's.
        form_id: Random id of the form, 1 to ``FORM_ID_LENGTH_MAX`` characters.
        statement, fixes, photos, invite: As ``register_store``, which says what is raised.
    """
    actor_of(session).require(Permission.STORE_REGISTER)
    if code := submission_result(session, form_id):
        return session.scalars(select(Store).where(Store.code == code), execution_options=REASON).one()
    store = register_store(session, statement, fixes, photos, invite)
    keep_submission(session, form_id, store.code)
    return store


def move_store(
    session: Session,
    code: str,
    fixes: Sequence[Fix],
    photos: Sequence[str] = (),
    note: str = "",
    *,
    tried_again: bool = False,
) -> Store:
    """Move a store to the best of ``fixes``, keep its earlier position with dates, and put it under review.

    Raises:
        NotPermitted: The actor may not register stores.
        NotFound: ``stores.not_found``.
        Conflict: ``stores.wrong_status`` for a closed one.
        InvalidInput: As ``register_store``.
    """
    actor_of(session).require(Permission.STORE_REGISTER)
    checked = parse_note(note)
    lock_tree(session)  # the findings and the case get the store's path: its branch must not move meanwhile
    store = find_store(session, code, lock=True)
    if store.status == StoreStatus.CLOSED:
        raise Conflict("stores.wrong_status", N_("Store {store} is closed."), store=code)
    fix = best_fix(fixes)
    require_good(fix, len(photos), tried_again=tried_again)
    before, was = (store.wgs84_latitude, store.wgs84_longitude), store.status
    changes = {"position": [_store_label(store)]}
    put_position(store, fix)
    changes["position"].append(_store_label(store))
    store.version, store.updated_at = store.version + 1, now()
    session.flush()
    assessment = _assess(session, store, photos, is_new=False, before=before)
    if was == StoreStatus.ACTIVE and assessment.new_codes:
        store.status = StoreStatus.UNDER_REVIEW.value
        changes["status"] = [was, store.status]
    facts = {"score": assessment.score, "found": sorted(set(assessment.new_codes)), "note": checked}
    record(session, "store.moved", "stores", [EventDraft(store.code, store.path, changes, facts, store.version)])
    session.flush()
    if was not in WAITING and store.status in WAITING:
        submit_store(session, store)
    return store


def next_store_code(session: Session) -> str:
    """Return the next unused code of our series."""
    while True:
        (code,) = next_numbers(SERIES).run(session)
        if not _is_taken(session, code):
            return code


def _checked(statement: StoreStatement) -> dict[str, str | None]:
    """Return the parsed input. Raises ``InvalidInput`` with a problem for each wrong field."""
    stated: dict[str, str | None] = {}
    wrong: dict[str, Problem] = {}
    for name, kind in KINDS.items():
        try:
            stated[name] = kind.parse_cell(getattr(statement, name))
        except Refused as refused:
            wrong[name] = refused.problem
            continue
        if name in REQUIRED and not (stated[name] or "").strip():
            wrong[name] = MISSING
    if wrong:
        first = next(iter(wrong.values()))
        raise InvalidInput(first.code, first.message, fields=wrong, **first.values)
    return stated


def _upstream(session: Session, actor: Actor, code: str) -> int | None:
    """Return the store's upstream, among the partners that the actor sees."""
    if not code:
        return actor.partner_id
    upstream_id = session.scalar(select(Partner.id).where(Partner.code == code))
    if upstream_id is None:
        problem = Problem("partners.not_found", N_("names no partner: there is no {key}"), {"key": code})
        raise InvalidInput(problem.code, problem.message, fields={"partner": problem}, key=code)
    return upstream_id


def _free_code(session: Session, code: str | None) -> str:
    if code is None:
        return next_store_code(session)
    if _is_taken(session, code):
        problem = Problem("stores.code_taken", N_("is taken: choose another"))
        raise Conflict("stores.code_taken", N_("The code {store} is taken: choose another."), fields={"code": problem},
                       store=code)  # fmt: skip
    return code


def _is_taken(session: Session, code: str) -> bool:
    return session.scalar(select(Store.id).where(Store.code == code), execution_options=REASON) is not None


def _assess(
    session: Session,
    store: Store,
    photos: Sequence[str],
    *,
    is_new: bool,
    before: tuple[float | None, float | None] = (None, None),
) -> Assessment:
    """Store position and photos, and assess the store."""
    keep_photos(session, store, photos)
    facts = store_facts(session, [store.id])
    fresh = {store.id} if is_new else set()
    keep_positions(session, facts, now(), fresh=fresh)
    moved = None if is_new else moved_finding(facts[0], *before)
    if moved is None and not is_new:
        moved = new_finding(facts[0], "position.moved", {"distance_m": 0})
    assessment = assess_stores(session, facts, fresh=fresh, more=[moved] if moved else [])[store.id]
    session.refresh(store, ["score", "finding_count"])
    return assessment


def _store_label(store: Store) -> str:
    if store.latitude is None or store.longitude is None:
        return ""
    return f"{position_text(store.latitude, store.longitude)} {store.datum}"
