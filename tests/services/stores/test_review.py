"""Deciding about stores: each decision once, by whoever may, with what belongs to a store going along."""

import pytest
from sqlalchemy import event, select

from core.access import Actor
from core.database.sessions import engine_in_use, reading, unit_of_work
from core.errors import Conflict, InvalidInput, NotFound, NotPermitted
from core.events.log import Event
from models.approvals import ApprovalCase
from models.partners.partners import Partner
from services.approvals.queries import decisions_about
from services.approvals.worklist import worklist
from services.installation.checks import broken_invariants
from services.stores.ordering import allow_ordering, stop_ordering
from services.stores.queries import photos_of, positions_of, store_findings
from services.stores.registration import move_store
from services.stores.review import (
    accept_stores,
    close_store,
    close_stores,
    decide_store,
    dismiss_finding,
    reopen_store,
    send_back_store,
    stores_under_review,
    stores_under_review_count,
)
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_OWNER, LING, MEI, SUZHOU_CLERK, WEI
from tests.services.stores.support import (
    away,
    count,
    doubtful,
    events,
    fix,
    found,
    photo,
    positions,
    register,
    save,
    shop,
    stored,
)
from tests.services.stores.test_registration import VISITOR, invited


def step(actor, what, *args, **named):
    with unit_of_work(actor) as session:
        return what(session, *args, **named)


def partner(code: str) -> Partner:
    with reading(ADMIN) as session:
        return session.scalars(select(Partner).where(Partner.code == code)).one()


def broken() -> list[object]:
    with reading(ADMIN) as session:
        return broken_invariants(session)


def test_an_accepted_store_is_active_and_what_was_found_is_known(database):
    doubtful()

    store = step(LING, decide_store, "S1", "注册地在北京")

    finding = found("S1")["position.far_from_region"]
    assert (store.status, store.score, store.finding_count) == ("active", 50, 0)
    assert (finding.decision, finding.decided_by, finding.note) == ("accepted", "ling@example.com", "注册地在北京")
    assert events("store.accepted")[0].changes == {"status": ["under_review", "active"]}
    assert broken() == []


def test_a_second_decision_is_refused_with_who_decided_and_when(database):
    doubtful()
    step(LING, decide_store, "S1")

    with pytest.raises(Conflict) as refused:
        step(ADMIN, decide_store, "S1")

    assert refused.value.code == "stores.already_decided"
    assert "ling@example.com" in refused.value.text
    assert len(events("store.accepted")) == 1


def test_a_decision_about_what_somebody_did_not_see_is_refused(database):
    doubtful()
    save(WEI, {"code": "S1", "address": "新"})

    with pytest.raises(Conflict) as refused:
        step(LING, decide_store, "S1", version=1)

    assert refused.value.code == "stores.changed_meanwhile"
    assert stored("S1").status == "under_review"


@pytest.mark.parametrize("actor", [WEI, MEI, HUADONG_OWNER, SUZHOU_CLERK], ids=lambda actor: actor.name)
def test_who_may_not_decide_changes_nothing(database, actor):
    doubtful(partner="SZ")
    before = count(Event)

    for what, args in (
        (decide_store, ("S1",)), (send_back_store, ("S1", "x")), (close_store, ("S1", "x")),
        (reopen_store, ("S1", "x")), (allow_ordering, ("S1",)), (stop_ordering, ("S1", "x")),
        (dismiss_finding, (found("S1")["position.far_from_region"].id,)), (stores_under_review, ()),
        (stores_under_review_count, ()),
        (accept_stores, (["S1"],)), (close_stores, (["S1"], "x")),
    ):  # fmt: skip
        with pytest.raises(NotPermitted):
            step(actor, what, *args)

    assert (count(Event), stored("S1").status) == (before, "under_review")


def test_sending_back_and_closing_need_a_word(database):
    doubtful()

    for what in (send_back_store, close_store, reopen_store):
        with pytest.raises(InvalidInput) as refused:
            step(LING, what, "S1", " ")
        assert refused.value.code == "stores.note_required"
    with pytest.raises(InvalidInput):
        step(LING, close_stores, ["S1"], "")

    assert stored("S1").status == "under_review"


def test_a_store_sent_back_waits_for_who_registered_it(database):
    store = register(SUZHOU_CLERK, region="440300")

    step(LING, send_back_store, store.code, "请重拍门头")

    assert stored(store.code).status == "applied"
    assert events("store.sent_back")[0].data["note"] == "请重拍门头"


def test_a_move_that_is_not_accepted_puts_the_store_back_where_it_was(database):
    store = register(SUZHOU_CLERK, photos=(photo(),))
    before = stored(store.code)
    step(SUZHOU_CLERK, move_store, store.code, [fix(900)])

    step(LING, send_back_store, store.code, "没有搬")

    after = stored(store.code)
    assert (after.status, after.score, after.finding_count) == ("active", 100, 0)
    assert (after.latitude, after.cell, after.fixed_at) == (before.latitude, before.cell, before.fixed_at)
    assert [one.valid_to is None for one in positions(store.code)] == [False, False, True]
    assert found(store.code)["position.moved"].decision == "dismissed"
    assert broken() == []


def test_a_move_that_is_accepted_stays(database):
    store = register(SUZHOU_CLERK, photos=(photo(),))
    step(SUZHOU_CLERK, move_store, store.code, [fix(900)])

    step(LING, decide_store, store.code)

    assert stored(store.code).status == "active"
    assert len(positions(store.code)) == 2
    assert broken() == []


def test_a_closed_store_can_be_looked_at_again(database):
    doubtful()
    step(LING, close_store, "S1", "假店")
    with pytest.raises(Conflict):
        step(LING, close_store, "S1", "假店")

    step(LING, reopen_store, "S1", "弄错了")

    assert stored("S1").status == "under_review"
    assert list(found("S1")) == ["position.far_from_region"]
    assert broken() == []


def test_a_finding_is_dismissed_once(database):
    doubtful()
    finding = found("S1")["position.far_from_region"]

    step(LING, dismiss_finding, finding.id, "没事")
    with pytest.raises(Conflict):
        step(ADMIN, dismiss_finding, finding.id)
    with pytest.raises(NotFound):
        step(LING, dismiss_finding, 999_999)

    assert (stored("S1").score, stored("S1").finding_count) == (100, 0)
    assert events("store.finding_dismissed")[0].data["finding"] == "position.far_from_region"
    assert broken() == []


def test_a_decision_is_kept_with_who_why_and_what_spoke_against_the_store(database):
    store = register(SUZHOU_CLERK, region="440300", photos=(photo(),))
    doubtful("S2", **away(5_000))
    step(LING, send_back_store, store.code, "请重拍门头")
    step(ADMIN, decide_store, store.code)

    with reading(LING) as session:
        sent_back, accepted = decisions_about(session, "stores", store.code)
    assert [(one.decision, one.person, one.reason) for one in (sent_back, accepted)] == [
        ("returned", "ling@example.com", "请重拍门头"), ("approved", ADMIN.person, ""),
    ]  # fmt: skip
    assert sent_back.case_id == accepted.case_id
    assert {"code": "position.far_from_region", "points": 50} in sent_back.facts["findings"]
    assert (sent_back.facts["score"], sent_back.facts["photos"]) == (store.score, ["1" * 64])
    assert sent_back.facts["region"] == "440300"
    assert broken() == []


def test_a_store_that_did_not_wait_is_closed_by_a_decision_too(database):
    save(WEI, shop("S1"))

    step(LING, close_store, "S1", "关店")
    step(ADMIN, decide_store, "S1")

    with reading(LING) as session:
        assert [one.decision for one in decisions_about(session, "stores", "S1")] == ["rejected", "approved"]
    assert broken() == []


def test_one_who_registered_a_store_may_accept_it_and_so_may_a_key_without_a_person(database):
    store = register(LING, region="440300")
    doubtful("S2", **away(5_000))

    step(LING, decide_store, store.code)
    step(Actor("key", LING.role), decide_store, "S2")

    assert [stored(code).status for code in (store.code, "S2")] == ["active", "active"]


@pytest.mark.parametrize("status", ["active", "closed"])
def test_a_worksheet_takes_stores_out_of_review_and_their_cases_are_withdrawn(database, status):
    doubtful("S1")
    doubtful("S2", **away(5_000))

    save(LING, {"code": "S1", "status": status}, {"code": "S2", "status": "applied"})

    with reading(LING) as session:
        cases = session.execute(select(ApprovalCase.key, ApprovalCase.status).order_by(ApprovalCase.key)).all()
        waiting = [one.key for one in worklist(session, "stores")]
    assert [tuple(row) for row in cases] == [("S1", "withdrawn"), ("S2", "open")]
    assert waiting == ["S2"]
    assert broken() == []


def test_a_store_that_changes_its_upstream_takes_its_case_along(database):
    doubtful("S1", partner="SZ")

    save(WEI, {"code": "S1", "partner": "BF"})

    for actor, count_seen in ((SUZHOU_CLERK, 0), (BEIFANG_CLERK, 1)):
        with reading(actor) as session:
            assert len(session.scalars(select(ApprovalCase.key)).all()) == count_seen
    assert broken() == []


def test_stores_are_put_under_review_with_statements_that_do_not_grow_with_their_number(database):
    def statements(codes: list[str]) -> int:
        sent: list[str] = []

        def listen(connection, cursor, statement, *rest) -> None:
            sent.append(statement)

        rows = [shop(code, region="110000", **away(3_000 * at + 9_000 * len(codes))) for at, code in enumerate(codes)]
        event.listen(engine_in_use(), "before_cursor_execute", listen)
        try:
            save(WEI, *rows)
        finally:
            event.remove(engine_in_use(), "before_cursor_execute", listen)
        return sum("approval_" in one for one in sent)

    few, many = statements([f"A{at}" for at in range(30)]), statements([f"B{at}" for at in range(90)])

    assert count(ApprovalCase) == 120
    assert few == many


def test_those_who_wait_come_worst_first_then_by_how_long(database):
    doubtful("S1")
    save(WEI, shop("S2", latitude=0, longitude=0))
    save(WEI, shop("S3", **away(60_000)))
    register(VISITOR, invite=invited(), code="S4", photos=(photo(),), at=fix(9_000))

    with reading(LING) as session:
        codes = [store.code for store in stores_under_review(session)]
        applied = [store.code for store in stores_under_review(session, status="applied")]
        assert stores_under_review_count(session) == 4
    assert codes == ["S2", "S1", "S3", "S4"]
    assert applied == ["S4"]


def test_many_are_decided_at_once_and_a_refused_one_holds_up_nobody(database):
    doubtful("S1")
    doubtful("S2", **away(5_000))

    outcomes = step(LING, accept_stores, ["S1", "NOPE", "S2", "S1"], "看过")

    assert [(one.key, one.problem.code if one.problem else None) for one in outcomes] == [
        ("S1", None), ("NOPE", "stores.not_found"), ("S2", None),
    ]  # fmt: skip
    assert [stored(code).status for code in ("S1", "S2")] == ["active", "active"]
    assert [one.ok for one in step(LING, close_stores, ["S1", "S2"], "关")] == [True, True]
    with pytest.raises(InvalidInput):
        step(LING, accept_stores, [str(number) for number in range(501)])


def test_a_partner_reads_what_was_found_about_its_own_stores_only(database):
    doubtful("S1", partner="SZ")
    save(WEI, shop("S2", partner="BF", **away(60_000)))

    for actor, many in ((SUZHOU_CLERK, 1), (HUADONG_OWNER, 1), (BEIFANG_CLERK, 0), (MEI, 1)):
        with reading(actor) as session:
            assert len(store_findings(session, stored("S1").id)) == many
            assert len(positions_of(session, stored("S1").id)) == many
            assert photos_of(session, stored("S1").id) == []
