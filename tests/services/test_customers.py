"""Saving of customers: with the permission, and never another branch's."""

import pytest
from sqlalchemy import func, select

from core.database.sessions import reading, unit_of_work
from core.drafts import draft_rows
from core.errors import Conflict, NotPermitted
from core.events.log import Event
from models.customers import Customer
from resources.customers import CUSTOMERS
from services.customers import hand_over_customers, move_customers
from services.saving.plans import Saved, SaveOptions
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG, HUADONG_CLERK, HUADONG_OWNER, MEI, SUZHOU, SUZHOU_CLERK, WEI


def save(actor, *rows: dict, match: str = "", version: int | None = None) -> Saved:
    names = list(dict.fromkeys(name for row in rows for name in row))
    cells = {name: [row.get(name) for row in rows] for name in names}
    drafts, problems = draft_rows(CUSTOMERS.stated_fields, list(range(2, len(rows) + 2)), cells)
    with unit_of_work(actor) as session:
        saved = CUSTOMERS.save(session, drafts, SaveOptions(match=match, version=version))
    saved.problems = problems + saved.problems
    return saved


def stored(code: str) -> Customer | None:
    with reading(ADMIN) as session:
        return session.scalar(select(Customer).where(Customer.code == code))


def count(model=Customer) -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def counts(saved: Saved) -> tuple[int, int, int]:
    return saved.created, saved.updated, saved.unchanged


def test_new_customers_are_created_with_the_stage_that_everyone_begins_at(database):
    saved = save(
        WEI,
        {"code": "C1", "name": " 上海店 ", "phone": "+86 138-0013-8000", "partner": "SZ", "owner": "wei@example.com"},
    )

    customer = stored("C1")
    assert counts(saved) == (1, 0, 0)
    assert (customer.name, customer.phone, customer.stage) == (" 上海店 ", "13800138000", "lead")
    assert customer.path.startswith("000001000002")


def test_the_same_rows_again_write_nothing(database):
    row = {"code": "C1", "name": "上海店", "stage": "won"}
    save(WEI, row)
    events = count(Event)

    saved = save(WEI, row)

    assert counts(saved) == (0, 0, 1)
    assert count(Event) == events
    assert stored("C1").version == 1


def test_a_change_is_recorded_with_what_was_there_before(database):
    save(WEI, {"code": "C1", "name": "上海店", "phone": "13800138000"})

    saved = save(WEI, {"code": "C1", "phone": "13900139000"})

    with reading(ADMIN) as session:
        event = session.scalar(select(Event).where(Event.action == "customer.changed"))
    assert counts(saved) == (0, 1, 0)
    assert event.changes == {"phone": ["13800138000", "13900139000"]}
    assert (event.subject_key, event.person) == ("C1", "wei@example.com")
    assert stored("C1").version == event.subject_version == 2


def test_a_new_row_is_recorded_with_the_values_it_began_with(database):
    save(
        WEI,
        {"code": "C1", "name": "上海店", "phone": "13800138000", "partner": "SZ", "owner": "wei@example.com"},
        {"code": "C2", "name": '"引号"', "phone": "", "contact": ""},
    )

    with reading(ADMIN) as session:
        events = session.scalars(select(Event).order_by(Event.id)).all()
    assert [(one.action, one.format, one.subject_version, one.changes) for one in events] == [
        ("customer.created", 2, 1, {})
    ] * 2
    assert [one.created_values for one in events] == [
        {"name": "上海店", "phone": "13800138000", "stage": "lead", "partner": SUZHOU, "owner": WEI.user_id},
        {"name": '"引号"', "phone": None, "stage": "lead", "partner": None, "owner": None},
    ]


def test_a_blank_cell_clears_but_an_absent_column_and_a_blank_stage_leave(database):
    save(WEI, {"code": "C1", "name": "上海店", "phone": "13800138000", "stage": "won", "contact": "王"})

    save(WEI, {"code": "C1", "phone": "", "stage": ""})

    customer = stored("C1")
    assert (customer.phone, customer.stage, customer.contact) == (None, "won", "王")


def test_unknown_references_are_named_and_the_other_rows_are_saved(database):
    saved = save(WEI, {"code": "C1", "name": "a", "partner": "NOPE"}, {"code": "C2", "name": "b", "partner": "HD"})

    assert counts(saved) == (1, 0, 0)
    assert [(p.row, p.field, p.value, p.problem.code) for p in saved.problems] == [
        (2, "partner", "NOPE", "partners.not_found")
    ]
    assert stored("C1") is None


def test_a_partner_adds_to_its_own_branch_and_sees_no_other(database):
    saved = save(SUZHOU_CLERK, {"code": "C1", "name": "a"}, {"code": "C2", "name": "b", "partner": "HD"})

    assert counts(saved) == (1, 0, 0)
    assert saved.problems[0].problem.code == "partners.not_found"
    for actor, seen in ((SUZHOU_CLERK, 1), (HUADONG_CLERK, 1), (BEIFANG_CLERK, 0), (WEI, 1)):
        with reading(actor) as session:
            assert len(session.scalars(select(Customer)).all()) == seen


def test_a_code_of_a_hidden_customer_is_refused_and_nothing_of_it_changes(database):
    save(WEI, {"code": "C1", "name": "a", "partner": "HD"})

    saved = save(BEIFANG_CLERK, {"code": "C1", "name": "mine now"})

    assert counts(saved) == (0, 0, 0)
    assert saved.problems[0].problem.code == "rows.key_not_available"
    assert (stored("C1").name, stored("C1").partner_id) == ("a", HUADONG)


def test_matching_by_phone_changes_the_one_customer_who_has_it(database):
    save(
        WEI,
        {"code": "C1", "name": "a", "phone": "13800138000"},
        {"code": "C2", "name": "b", "phone": "13900139000"},
        {"code": "C3", "name": "c", "phone": "13900139000"},
    )

    saved = save(
        WEI,
        {"phone": "13800138000", "name": "A"},
        {"phone": "13900139000", "name": "B"},
        {"phone": "13700137000", "name": "C"},
        match="phone",
    )

    assert counts(saved) == (0, 1, 0)
    assert [p.problem.code for p in saved.problems] == ["imports.ambiguous_match", "imports.no_match"]
    assert stored("C1").name == "A"


def test_blanks_are_kept_where_they_may_stand_and_are_no_answer_where_one_is_needed(database):
    saved = save(WEI, {"code": "C1", "name": "a", "contact": "  "}, {"code": "C2", "name": " \u3000", "contact": "b"})

    assert stored("C1").contact == "  "
    assert [(p.row, p.field, p.problem.code) for p in saved.problems] == [(3, "name", "fields.required")]
    assert stored("C2") is None


def test_who_may_not_edit_changes_nothing(database):
    with pytest.raises(NotPermitted):
        save(MEI, {"code": "C1", "name": "a"})

    assert count() == 0


def test_a_form_with_an_older_version_is_refused(database):
    save(WEI, {"code": "C1", "name": "a"})
    save(WEI, {"code": "C1", "name": "b"})

    with pytest.raises(Conflict) as refused:
        save(WEI, {"code": "C1", "name": "c"}, version=1)

    assert refused.value.code == "rows.changed_meanwhile"
    assert stored("C1").name == "b"


def test_customers_are_handed_over_one_by_one_and_who_may_not_be_seen_is_refused(database):
    save(ADMIN, {"code": "C1", "name": "a", "partner": "HD"}, {"code": "C2", "name": "b", "partner": "BF"})

    with unit_of_work(HUADONG_OWNER) as session:
        outcomes = hand_over_customers(session, ["C1", "C2"], "", owner=HUADONG_OWNER.person)

    assert [(one.key, one.problem and one.problem.code) for one in outcomes] == [
        ("C1", None),
        ("C2", "rows.key_not_available"),
    ]
    assert (stored("C1").owner_id is not None, stored("C2").owner_id) == (True, None)


def test_customers_are_handed_over_to_nobody_unknown_and_stay_as_they_are(database):
    save(ADMIN, {"code": "C1", "name": "a"})

    with unit_of_work(WEI) as session:
        (outcome,) = hand_over_customers(session, ["C1"], "", owner="nobody@example.com")

    assert outcome.problem.code == "users.not_found"
    assert (stored("C1").owner_id, stored("C1").version) == (None, 1)


def test_who_may_not_edit_moves_and_hands_over_nothing(database):
    save(ADMIN, {"code": "C1", "name": "a"})

    for act in (
        lambda session: move_customers(session, ["C1"], "", stage="won"),
        lambda session: hand_over_customers(session, ["C1"], "", owner=WEI.person),
    ):
        with pytest.raises(NotPermitted), unit_of_work(MEI) as session:
            act(session)

    assert (stored("C1").stage, stored("C1").version) == ("lead", 1)
