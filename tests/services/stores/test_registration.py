"""Registration of stores on site: when a better position is required, what waits; a refusal changes nothing."""

import math
from datetime import timedelta

import pytest
from sqlalchemy import select

from core.clock import freeze, now
from core.database.sessions import reading, unit_of_work
from core.errors import Conflict, DomainError, InvalidInput, NotFound, NotPermitted
from core.events.log import Event
from models.partners.invites import Invite
from models.partners.partners import Partner
from models.stores import Store, StorePhoto
from services.applications.invites import InviteDraft, make_invite
from services.installation.checks import broken_invariants
from services.stores.fixes import Fix, best_fix, fix_problem
from services.stores.registration import StoreStatement, anonymous_actor, invite_facts, move_store, register_store
from services.stores.review import close_store
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_OWNER, HUADONG_PATH, LING, MEI, SUZHOU_CLERK, SUZHOU_PATH, WEI
from tests.services.stores.support import count, events, fix, found, photo, positions, register, save, shop, stored

VISITOR = anonymous_actor("en")


def broken() -> list[object]:
    with reading(ADMIN) as session:
        return broken_invariants(session)


def invited(partner: str | None = "SZ", uses: int = 1, tiers: tuple[str, ...] = ("store",)) -> str:
    with unit_of_work(LING) as session:
        return make_invite(session, InviteDraft(partner=partner, tiers=tiers, uses_max=uses)).code


def refusal(*args, **stated) -> DomainError:
    before = count(), count(StorePhoto), count(Event), count(Partner)
    with pytest.raises(DomainError) as refused:
        register(*args, **stated)
    assert (count(), count(StorePhoto), count(Event), count(Partner)) == before
    return refused.value


@pytest.mark.parametrize("actor", [LING, WEI, HUADONG_OWNER, SUZHOU_CLERK], ids=lambda actor: actor.name)
def test_a_well_measured_store_with_a_photo_is_active_at_once(database, actor):
    store = register(actor, photos=(photo(),))

    own = {HUADONG_OWNER: HUADONG_PATH, SUZHOU_CLERK: SUZHOU_PATH}.get(actor, "")
    assert (store.status, store.score, store.path, store.finding_count) == ("active", 100, own, 0)
    assert (store.position_source, store.accuracy_m, store.registered_by) == ("gps", 12.0, actor.person)
    assert store.code.startswith("ST-")
    assert positions(store.code)[0].person == actor.person
    assert events("store.registered")[0].data == {"score": 100, "found": [], "status": "active"}
    assert broken() == []


def test_a_form_sent_twice_registers_one_store(database):
    first = register(SUZHOU_CLERK, form_id="f" * 43)
    before = count(), count(Event)

    again = register(SUZHOU_CLERK, form_id="f" * 43, name="什么都可以")

    assert again.code == first.code
    assert (count(), count(Event)) == before
    assert register(SUZHOU_CLERK, form_id="g" * 43).code != first.code


def test_who_may_not_register_changes_nothing(database):
    assert isinstance(refusal(MEI), NotPermitted)


def test_a_partner_registers_only_in_its_own_branch(database):
    register(HUADONG_OWNER, partner="SZ", code="S1")

    refused = refusal(BEIFANG_CLERK, partner="SZ")

    assert stored("S1").path == SUZHOU_PATH
    assert refused.code == "partners.not_found"
    assert "partner" in refused.fields


def test_what_is_missing_or_wrong_is_said_beside_its_field(database):
    refused = refusal(WEI, name=" ", phone="12", region="nowhere")

    assert {name: problem.code for name, problem in refused.fields.items()} == {
        "name": "fields.required",
        "phone": "phone.invalid",
        "region": "regions.unknown",
    }


@pytest.mark.parametrize(
    ("at", "photos", "code"),
    [
        ({"accuracy_m": 50.0}, 0, None),
        ({"accuracy_m": 51.0}, 0, "stores.photo_required"),
        ({"accuracy_m": 51.0}, 1, None),
        ({"accuracy_m": 101.0}, 1, "stores.accuracy_ask_again"),
        ({"accuracy_m": None}, 1, "stores.accuracy_refused"),
        ({"accuracy_m": 501.0}, 1, "stores.accuracy_refused"),
        ({"fixed_at": None}, 1, "stores.fix_too_old"),
        ({"latitude": 0.0, "longitude": 0.0}, 1, "stores.position_zero"),
        ({"latitude": math.nan}, 1, "positions.out_of_range"),
        ({"longitude": math.inf}, 1, "positions.out_of_range"),
        ({"latitude": 91.0}, 1, "positions.out_of_range"),
        ({"accuracy_m": -1.0}, 1, "positions.out_of_range"),
        ({"source": "pin", "accuracy_m": None, "fixed_at": None}, 0, "stores.photo_required"),
        ({"source": "paste", "accuracy_m": None, "fixed_at": None}, 1, None),
    ],
)
def test_only_on_site_a_better_position_is_required(at, photos, code):
    problem = fix_problem(fix(**at), photos)

    assert (problem.code if problem else None) == code
    assert problem is None or problem.text


def test_who_could_not_do_better_goes_on_with_a_finding(database):
    refused = refusal(WEI, at=fix(accuracy_m=180.0), photos=(photo(),))
    assert "position" in refused.fields

    store = register(WEI, at=fix(accuracy_m=180.0), photos=(photo(),), tried_again=True)

    assert (store.status, store.score) == ("active", 85)
    assert list(found(store.code)) == ["position.inaccurate"]
    assert refusal(WEI, at=fix(accuracy_m=501.0), photos=(photo(),), tried_again=True).code == "stores.accuracy_refused"


def test_a_fix_is_measured_now_and_does_not_age_while_the_rest_is_filled_in():
    began = now()
    with freeze(began):
        old, fresh = fix(fixed_at=began - timedelta(seconds=61)), fix(fixed_at=began, received_at=began)
        assert fix_problem(old, 1).code == "stores.fix_too_old"
    with freeze(began + timedelta(minutes=20)):
        assert fix_problem(fresh, 1) is None
    with freeze(began + timedelta(minutes=31)):
        assert fix_problem(fresh, 1).code == "stores.fix_too_old"


def test_of_several_fixes_the_one_with_the_smallest_radius_counts():
    fixes = [fix(accuracy_m=80.0), fix(9, accuracy_m=8.0), fix(accuracy_m=None), fix(accuracy_m=30.0)]

    assert best_fix(fixes) == fixes[1]
    with pytest.raises(InvalidInput):
        best_fix([])


def test_a_pin_is_of_lower_grade_and_one_far_from_its_region_is_reviewed(database):
    pin = Fix(31.2323, 121.4752, "gcj02", source="pin")

    near = register(WEI, at=pin, photos=(photo(),))
    far = register(WEI, at=pin, photos=(photo(original_sha256="3" * 64),), region="440300", phone="13700137000",
                   name="德泰粮油")  # fmt: skip

    assert (near.status, near.score, near.datum) == ("active", 90, "gcj02")
    assert (far.status, far.score) == ("under_review", 40)


def test_without_a_photo_there_is_a_finding(database):
    store = register(WEI)

    assert (store.status, store.score) == ("active", 90)
    assert list(found(store.code)) == ["photo.missing"]


@pytest.mark.parametrize(
    ("camera", "code"),
    [
        ({"latitude": 31.2325, "longitude": 121.4752}, None),
        ({"latitude": 31.30, "longitude": 121.4752}, "photo.far_from_position"),
        ({"taken_at": now() - timedelta(hours=30)}, "photo.old"),
        ({"taken_at": now() - timedelta(hours=3)}, None),
        ({"software": "Adobe Photoshop 25.1"}, "photo.edited"),
        ({"software": "HarmonyOS 4.0"}, None),
    ],
)
def test_what_a_camera_wrote_is_compared_with_what_was_stated(sqlite_database, camera, code):
    store = register(WEI, photos=(photo(**camera),))

    assert list(found(store.code)) == ([code] if code else [])


@pytest.mark.parametrize("camera", [{}, {"original_sha256": "9" * 64, "look": 0b0111}])
def test_the_photo_of_another_store_is_known_again_also_after_resizing(database, camera):
    first = register(WEI, photos=(photo(look=0b1111_0000_1111),))

    again = photo(**({"look": 0b1111_0000_1111} | camera)) if not camera else photo(
        original_sha256="9" * 64, look=0b1110_0000_1111)  # fmt: skip
    second = register(WEI, at=fix(9_000), name="德泰粮油", phone="13700137000", photos=(again,))

    finding = found(second.code)["stores.same_photo"]
    assert (second.status, finding.other_store_id) == ("under_review", first.id)


def test_a_reference_that_was_altered_registers_nothing(database):
    assert refusal(WEI, photos=(photo() + "x",)).code == "pictures.reference_not_valid"


def test_a_code_is_taken_once_and_a_free_one_is_given(database):
    save(WEI, shop("S1", **{"latitude": 31.5}))

    refused = refusal(SUZHOU_CLERK, code="S1")
    first, second = register(WEI), register(WEI, at=fix(7_000), name="德泰", phone="13600136000")

    assert (refused.code, isinstance(refused, Conflict)) == ("stores.code_taken", True)
    assert first.code < second.code


def test_with_an_invite_a_store_waits_with_its_own_row_among_the_partners(database):
    code = invited()

    store = register(VISITOR, invite=code, photos=(photo(),), contact="王敏")

    with reading(ADMIN) as session:
        partner = session.scalars(select(Partner).where(Partner.code == store.code)).one()
        used = session.scalars(select(Invite.used_count)).one()
    assert (partner.tier, partner.status, partner.upstream_id, partner.contact) == ("store", "applied", 2, "王敏")
    assert (store.status, store.path, store.ordering_partner_id) == ("applied", partner.path, partner.id)
    assert used == 1
    assert broken() == []
    with reading(VISITOR) as session:
        assert session.scalars(select(Store)).all() == []


@pytest.mark.parametrize("make", [lambda: "NONEXIST", lambda: invited(tiers=("dealer",)), lambda: used_up()])
def test_an_invite_that_is_none_registers_nothing(database, make):
    code = make()

    refused = refusal(VISITOR, invite=code)

    assert isinstance(refused, NotFound | Conflict)
    assert refused.code.startswith("invites.")


def used_up() -> str:
    code = invited()
    register(VISITOR, invite=code, code="FIRST")
    return code


def test_an_anonymous_user_without_an_invite_registers_nothing(database):
    refused = refusal(VISITOR)

    assert refused.code == "invites.unknown"


def test_the_public_page_may_show_the_inviter(database):
    code, brand = invited(), invited(None)

    with reading(VISITOR) as session:
        assert invite_facts(session, code).partner_name == "苏州代理"
        assert invite_facts(session, brand).partner_name == ""


def test_a_moved_store_keeps_its_old_point_and_waits_for_a_look(database):
    store = register(SUZHOU_CLERK, code="S1", photos=(photo(),))

    with unit_of_work(SUZHOU_CLERK) as session:
        move_store(session, "S1", [fix(900)], note="搬到对面")

    moved = stored("S1")
    first, second = positions("S1")
    assert (moved.status, moved.score, moved.version) == ("under_review", 75, store.version + 1)
    assert (first.valid_to, second.valid_to) == (second.valid_from, None)
    assert events("store.moved")[0].changes["status"] == ["active", "under_review"]
    assert found("S1")["position.moved"].data == {"distance_m": 900}
    assert broken() == []


def test_nobody_moves_a_store_of_another_branch_or_a_closed_one(database):
    register(SUZHOU_CLERK, code="S1", photos=(photo(),))
    with pytest.raises(NotFound), unit_of_work(BEIFANG_CLERK) as session:
        move_store(session, "S1", [fix(900)])
    with unit_of_work(LING) as session:
        close_store(session, "S1", "关店")

    with pytest.raises(Conflict), unit_of_work(SUZHOU_CLERK) as session:
        move_store(session, "S1", [fix(900)])

    assert len(positions("S1")) == 1


def test_statements_are_plain_data():
    assert StoreStatement("a") == StoreStatement("a")
    assert register_store.__doc__
