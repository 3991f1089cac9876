"""Positions found for addresses: proposed, said where they are doubtful, taken over by a person only."""

import pytest
from sqlalchemy import select

from core.database.sessions import reading, unit_of_work
from core.errors import Conflict, DomainError, InvalidInput, NotPermitted
from core.positions.points import Datum, to_wgs84
from models.stores import FindingDecision, Store, StoreFinding, StoreStatus
from services.geocoding import (
    PositionProposal,
    address_to_look_up,
    ask_for_position,
    propose_positions,
    take_proposal,
)
from services.installation.checks import broken_invariants
from services.stores.review import decide_store
from tests.conftest import ADMIN, HUADONG_CLERK, LING, MEI, WEI
from tests.services.stores.support import HUANGPU, away, events, found, save, shop, stored

pytestmark = pytest.mark.usefixtures("database")
NOWHERE = {"latitude": None, "longitude": None, "address": "南京东路 1 号"}
HERE = (HUANGPU["latitude"], HUANGPU["longitude"])


def propose(*points: tuple[float, float], datum: Datum = Datum.WGS84, actor=WEI) -> None:
    with unit_of_work(actor) as session:
        propose_positions(session, "S1", [PositionProposal(*point, datum.value, "nominatim", 30.4) for point in points])


def take(code: str, actor=WEI) -> None:
    with unit_of_work(actor) as session:
        take_proposal(session, found("S1")[code].id)


def test_the_whole_address_is_looked_up():
    save(ADMIN, shop("S1", **NOWHERE))

    with reading(WEI) as session:
        assert address_to_look_up(session, "S1") == "上海市黄浦区南京东路 1 号"


def test_a_proposal_changes_neither_position_nor_score_until_a_person_takes_it():
    save(ADMIN, shop("S1", **NOWHERE))

    propose(HERE)

    store = stored("S1")
    assert (store.latitude, store.score, store.finding_count, store.status) == (None, 100, 1, StoreStatus.ACTIVE)
    assert found("S1")["position.proposed"].data["accuracy_m"] == 30

    take("position.proposed")

    store = stored("S1")
    assert (store.latitude, store.longitude, store.datum, store.accuracy_m) == (*HERE, "wgs84", 30.0)
    assert (store.position_source, store.cell is None) == ("geocoder", False)
    assert found("S1")["position.proposed"].decision == FindingDecision.ACCEPTED
    (moved,) = events("store.moved")
    assert (moved.subject_key, moved.data["provider"], moved.changes["position"][0]) == ("S1", "nominatim", "")


def test_a_proposal_is_stored_in_the_datum_of_its_provider():
    save(ADMIN, shop("S1", **NOWHERE))
    propose((31.234436, 121.484748), datum=Datum.BD09)

    take("position.proposed")

    store = stored("S1")
    assert (store.latitude, store.datum) == (31.234436, "bd09")
    assert (store.wgs84_latitude, store.wgs84_longitude) == pytest.approx(to_wgs84(31.234436, 121.484748, "bd09"))


def test_an_even_result_is_asked_and_taking_one_dismisses_the_others():
    save(ADMIN, shop("S1", **NOWHERE))

    propose(HERE, (HERE[0] + 0.001, HERE[1]))

    with reading(ADMIN) as session:
        proposed = list(session.scalars(_findings("S1")))
    assert [one.code for one in proposed] == ["position.proposed_even"] * 2
    with unit_of_work(WEI) as session:
        take_proposal(session, proposed[0].id)
    with reading(ADMIN) as session:
        decisions = [one.decision for one in session.scalars(_findings("S1")) if one.code == "position.proposed_even"]
    assert decisions == ["accepted", "dismissed"]


def test_a_result_far_from_the_stated_region_says_so():
    save(ADMIN, shop("S1", **NOWHERE))

    propose((39.9, 116.4))

    far = found("S1")["position.proposed_far"]
    assert far.data["distance_m"] > 1_000_000 and far.data["region"] == "310101"


def test_the_same_proposal_is_filed_once():
    save(ADMIN, shop("S1", **NOWHERE))
    propose(HERE)
    propose(HERE)

    assert stored("S1").finding_count == 1


def test_a_position_from_elsewhere_ends_the_proposals():
    save(ADMIN, shop("S1", **NOWHERE))
    propose(HERE)

    save(ADMIN, {"code": "S1", **away(0), "longitude": HUANGPU["longitude"]})

    assert "position.proposed" not in found("S1") and stored("S1").finding_count == 0


def test_what_cannot_be_looked_up_or_taken_is_refused_and_changes_nothing():
    save(ADMIN, shop("S1"), shop("S2", latitude=None, longitude=None), shop("S3", **NOWHERE))

    for code, kind, wanted in (("S1", Conflict, "stores.has_position"), ("S2", InvalidInput, "stores.no_address")):
        with pytest.raises(kind) as refused, unit_of_work(WEI) as session:
            ask_for_position(session, code)
        assert refused.value.code == wanted
    with pytest.raises(InvalidInput) as refused, unit_of_work(WEI) as session:
        propose_positions(session, "S3", [])
    assert refused.value.code == "stores.address_not_found"
    for actor in (MEI, HUADONG_CLERK):
        with pytest.raises(NotPermitted), unit_of_work(actor) as session:
            ask_for_position(session, "S3")
    assert found("S1") == found("S2") == found("S3") == {}


def test_a_decision_about_the_store_leaves_the_proposal_to_be_taken():
    save(ADMIN, shop("S1", **NOWHERE))
    propose(HERE)
    save(ADMIN, {"code": "S1", "status": StoreStatus.UNDER_REVIEW.value})
    with unit_of_work(LING) as session:
        decide_store(session, "S1")

    assert (stored("S1").status, stored("S1").finding_count) == (StoreStatus.ACTIVE, 1)
    take("position.proposed")

    assert stored("S1").latitude == HERE[0]
    with reading(ADMIN) as session:
        assert broken_invariants(session) == []


def test_a_proposal_is_taken_once():
    save(ADMIN, shop("S1", **NOWHERE))
    propose(HERE)
    proposal = found("S1")["position.proposed"].id
    take("position.proposed")

    with pytest.raises(DomainError) as refused, unit_of_work(WEI) as session:
        take_proposal(session, proposal)

    assert refused.value.code == "stores.finding_decided"


def _findings(code: str):
    of_store = select(StoreFinding).join(Store, Store.id == StoreFinding.store_id).where(Store.code == code)
    return of_store.order_by(StoreFinding.id)
