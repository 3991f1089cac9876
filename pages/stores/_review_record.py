"""Everything known about one store, read at once and drawn for who decides and for its record page."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from core.addresses import record_path
from core.clock import now
from core.i18n import _
from core.positions.points import position_text
from models.partners.partners import Partner
from models.stores import (
    DECISION_LABELS,
    STATUS_LABELS,
    FindingDecision,
    Store,
    StoreFinding,
    StorePhoto,
    StorePosition,
    StoreStatus,
)
from pages.components.base.buttons import button, text_link
from pages.components.base.design_tokens import Tone
from pages.components.base.elements import Tag
from pages.components.forms.photos import photo_view
from pages.components.layout import content
from pages.components.layout.records import Cell, LineColumn, instant_text, line_table
from pages.components.maps import MapPoint, map_view
from pages.stores._queries import (
    accuracy_text,
    datum_text,
    displayed,
    length_text,
    position_source_text,
    region_text,
    status_tone,
)
from services.accounts.users import people_names
from services.stores.map_points import Neighbour, neighbours
from services.stores.queries import find_store, photos_of, positions_of, store_findings, store_labels
from services.stores.rules import PROPOSALS, TITLES, finding_sentence

Answer = Callable[[StoreFinding], Any]
"""Called with the finding that a person has decided about."""
NEIGHBOURS_LISTED = 8
GOOD_SCORE = 80


@dataclass(frozen=True, slots=True)
class Case:
    """One store with all that helps to judge it.

    Attributes:
        partner: Code and name of its upstream, None for the brand's own.
        others: Id of a store that a finding names → code and name, as far as the viewer sees it.
        person: Who registered it, as shown.
        ordering: Status of its own row among the partners, "" without.
    """

    store: Store
    partner: tuple[str, str] | None
    findings: Sequence[StoreFinding]
    photos: Sequence[StorePhoto]
    positions: Sequence[StorePosition]
    near: Sequence[Neighbour]
    others: dict[int, tuple[str, str]] = field(default_factory=dict)
    person: str = ""
    ordering: str = ""


def read_case(session: Session, code: str) -> Case:
    """Return a store of the actor's scope with all that is known. Raises ``NotFound``."""
    store = find_store(session, code)
    findings = store_findings(session, store.id)
    ids = [one.other_store_id for one in findings if one.other_store_id is not None]
    others = store_labels(session, ids)
    partner = session.get(Partner, store.partner_id) if store.partner_id else None
    own = session.get(Partner, store.ordering_partner_id) if store.ordering_partner_id else None
    person = people_names(session, [store.registered_by]).get(store.registered_by, store.registered_by)
    return Case(
        store=store,
        partner=(partner.code, partner.name) if partner else None,
        findings=findings,
        photos=photos_of(session, store.id),
        positions=positions_of(session, store.id),
        near=neighbours(session, code) if store.wgs84_latitude is not None else [],
        others=others,
        person=person,
        ordering=own.status if own else "",
    )


def draw_case(case: Case, *, on_dismiss: Callable[[StoreFinding], Any] | None = None) -> None:
    """Draw a store as its reviewer needs it: what speaks against it first, then photo, map, facts."""
    store = case.store
    with content.row():
        with Tag("h2", css="qd-heading"):
            text_link(store.name, record_path("stores", store.code))
        content.chip(_(STATUS_LABELS[StoreStatus(store.status)][0]), content.tone_of(store.status))
        draw_score(store.score)
    draw_findings(case, on_dismiss)
    with Tag("div", css="qd-case"):
        draw_map(case)
        draw_photos(case)
    content.kv(_facts(case))
    draw_neighbours(case)


def draw_score(score: int | None) -> None:
    """Draw the score of 100, in the colour of what it means, beside the word."""
    if score is not None:
        tone: Tone = "approved" if score >= GOOD_SCORE else "pending" if score >= 50 else "rejected"
        content.chip(_("Score {score}", score=score), tone)


def draw_findings(case: Case, on_dismiss: Answer | None, on_take: Answer | None = None) -> None:
    """Draw what was found, with the points each takes off; open ones first. ``on_take``: of what is proposed."""
    if not case.findings:
        content.notice(_("Nothing speaks against this store."), "ok", testid="no-findings")
        return
    ordered = sorted(case.findings, key=lambda one: (one.decision != FindingDecision.OPEN, -one.points))
    with Tag("ul", css="qd-findings", testid="findings"):
        for one in ordered:
            _draw_finding(case, one, on_dismiss, on_take if one.code in PROPOSALS else None)


def _draw_finding(case: Case, one: StoreFinding, on_dismiss: Answer | None, on_take: Answer | None) -> None:
    is_open = one.decision == FindingDecision.OPEN
    with Tag("li", css="qd-finding", data_open="true" if is_open else "false"):
        counts = one.points and one.decision != FindingDecision.DISMISSED
        Tag("span", f"−{one.points}" if counts else "0", "qd-finding-points")
        with Tag("div", css="qd-finding-text"):
            Tag("b", _(TITLES.get(one.code, one.code)))
            Tag("span", finding_sentence(one).text)
            if one.other_store_id in case.others:
                code, name = case.others[one.other_store_id]
                text_link(f"{name} · {code}", record_path("stores", code))
            if not is_open:
                said = " · ".join(filter(None, (_(DECISION_LABELS[FindingDecision(one.decision)][0]), one.note)))
                Tag("small", said)
        if is_open and on_take is not None:
            button(_("Take over"), partial(on_take, one), testid=f"action-take-{one.id}")
        if is_open and on_dismiss is not None:
            made = button(_("Not so"), partial(on_dismiss, one), look="quiet", testid=f"action-dismiss-{one.code}")
            made.put(aria_label=_("Not so: {finding}", finding=_(TITLES.get(one.code, one.code))))


def draw_map(case: Case) -> None:
    """Draw where it is, with its neighbours, its photos and where it was before."""
    points = map_points(case)
    if points:
        map_view(points, label=_("Map of {name} and the stores around", name=case.store.name))
    else:
        content.notice(_("This store has no position."), "info", testid="no-position")


def map_points(case: Case) -> list[MapPoint]:
    """Return what the small map shows, in GCJ-02; the store itself last, so that it lies on top."""
    store = case.store
    found = [
        MapPoint(one.latitude, one.longitude, "store", one.name, one.code, tone=status_tone(one.status, None))
        for one in case.near
    ]
    found += [
        MapPoint(*displayed(one.latitude, one.longitude, "wgs84"), "photo", _("Photo taken here"))
        for one in case.photos
        if one.latitude is not None and one.longitude is not None and _is_near(store, one)
    ]
    found += [
        MapPoint(*displayed(one.latitude, one.longitude, one.datum), "before", _("Until {day}", day=_day(one.valid_to)))
        for one in case.positions
        if one.valid_to is not None
    ]
    if store.latitude is not None and store.longitude is not None:
        place = displayed(store.latitude, store.longitude, store.datum)
        found.append(MapPoint(*place, "here", store.name, accuracy_m=store.accuracy_m or 0))
    return found


def _is_near(store: Store, photo: StorePhoto) -> bool:
    """Whether a photo's place fits on the same map: one of another continent would shrink everything to a dot."""
    if (
        store.wgs84_latitude is None
        or store.wgs84_longitude is None
        or photo.latitude is None
        or photo.longitude is None
    ):
        return False
    return abs(store.wgs84_latitude - photo.latitude) < 0.5 and abs(store.wgs84_longitude - photo.longitude) < 0.5


def draw_photos(case: Case) -> None:
    """Draw the photos, each with what its file said."""
    if not case.photos:
        Tag("div", _("No photo was handed in."), "qd-no-photo")
        return
    with Tag("div", css="qd-photo-views"):
        for at, photo in enumerate(case.photos, 1):
            words = _("Photo {number} of {name}", number=at, name=case.store.name)
            taken = instant_text(photo.taken_at) if photo.taken_at else ""
            note = " · ".join(filter(None, (taken, photo.camera, photo.software)))
            source = record_path("stores", case.store.code, "photos", str(photo.id))
            photo_view(source, words, note=note, testid=f"photo-{at}")


def draw_neighbours(case: Case) -> None:
    """Draw the stores around as a table: what the map shows, for who reads."""
    if not case.near:
        return
    columns = [
        LineColumn("name", _("Store")),
        LineColumn("status", _("Status")),
        LineColumn("distance", _("Distance"), "right"),
    ]
    rows: list[dict[str, Any]] = [
        {
            "name": Cell(one.name, note=one.code, href=record_path("stores", one.code)),
            "status": _(STATUS_LABELS[StoreStatus(one.status)][0]),
            "distance": length_text(one.distance_m),
        }
        for one in case.near[:NEIGHBOURS_LISTED]
    ]
    line_table(columns, rows, caption=_("Stores around"))


def draw_positions(case: Case) -> None:
    """Draw every position the store had."""
    columns = [
        LineColumn("position", _("Position")),
        LineColumn("source", _("How")),
        LineColumn("time", _("From … to")),
        LineColumn("person", _("Who")),
    ]
    rows: list[dict[str, Any]] = [
        {
            "position": Cell(position_text(one.latitude, one.longitude), note=datum_text(one.datum)),
            "source": Cell(position_source_text(one.position_source) or "—", note=accuracy_text(one.accuracy_m)),
            "time": f"{_day(one.valid_from)} – {_day(one.valid_to)}",
            "person": one.name,
        }
        for one in case.positions
    ]
    line_table(columns, rows, caption=_("Positions of the store"))


def _facts(case: Case) -> dict[str, object]:
    store = case.store
    position: object = None
    if store.latitude is not None and store.longitude is not None:
        position = f"{position_text(store.latitude, store.longitude)} · {datum_text(store.datum)}"
    source = " · ".join(filter(None, (position_source_text(store.position_source), accuracy_text(store.accuracy_m))))
    partner = case.partner
    return {
        _("Store code"): store.code,
        _("Supplied by"): partial(text_link, partner[1], record_path("partners", partner[0]))
        if partner
        else _("The brand itself"),
        _("Region"): region_text(store.region),
        _("Address"): store.address,
        _("Contact"): store.contact,
        _("Phone"): store.phone,
        _("Position"): position,
        _("Position source"): source,
        _("Measured at"): instant_text(store.fixed_at) if store.fixed_at else None,
        _("Registered by"): f"{case.person} · {instant_text(store.created_at)}" if case.person else None,
        _("Note"): store.note,
    }


def _day(instant: datetime | None) -> str:
    return _("today") if instant is None else instant_text(instant)[:10] if instant <= now() else ""
