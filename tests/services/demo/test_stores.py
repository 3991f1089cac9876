"""The demo's stores: some are there to be found, and what was found beside them goes when they go."""

from sqlalchemy import select

from core.database.sessions import reading, transact
from models.stores import Store, StoreFinding
from resources import BY_NAME
from services.approvals.queries import decisions_about
from services.approvals.worklist import waiting_counts
from services.demo._clearing import clear_demo
from services.stores.review import send_back_store
from tests.conftest import ADMIN
from tests.services.demo.support import broken, count, one
from tests.services.orders.support import save


def test_two_stores_are_one_and_others_stand_where_they_cannot(loaded):
    fakes = loaded.facts["to_find"]["fake_stores"]

    with reading(ADMIN) as session:
        codes = dict(session.execute(select(Store.code, Store.score).where(Store.status == "under_review")).all())
        found = set(session.scalars(select(StoreFinding.code)))
        twins = session.execute(select(Store.cell, Store.phone).where(Store.code.in_(fakes))).all()
    assert len(fakes) == 2
    assert twins[0] == twins[1]
    assert max(codes[code] for code in fakes) == 40
    assert found == {"stores.duplicate", "position.zero", "position.far_from_region", "position.inaccurate"}
    assert count(Store, Store.score == 100) >= 24


def test_what_was_found_about_a_real_store_beside_a_demo_store_goes_with_it(loaded):
    fake = loaded.facts["to_find"]["fake_stores"][0]
    demo = one(Store, Store.code == fake)
    place = {"latitude": demo.latitude, "longitude": demo.longitude, "datum": demo.datum, "region": demo.region}
    save(BY_NAME["stores"], ADMIN, {"code": "REAL", "name": "真实店", "phone": demo.phone, **place})
    assert one(Store, Store.code == "REAL").score == 40

    clear_demo(ADMIN)

    assert (one(Store).score, one(Store).finding_count, count(StoreFinding)) == (100, 0, 0)
    assert broken() == []


def test_a_demo_store_that_somebody_sent_back_waits_no_more_once_it_is_gone(loaded):
    fake = loaded.facts["to_find"]["fake_stores"][0]
    transact(ADMIN, lambda session: send_back_store(session, fake, "重拍门头"))

    clear_demo(ADMIN)

    with reading(ADMIN) as session:
        assert waiting_counts(session)["stores"] == 0
        assert [one.reason for one in decisions_about(session, "stores", fake)] == ["重拍门头"]
    assert broken() == []
