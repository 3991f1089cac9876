"""Records: facts edited where they stand, never over somebody else's change; history without what is confidential."""

import pytest
from nicegui import ElementFilter
from nicegui.testing import User

from core.database.sessions import unit_of_work
from core.drafts import draft_one
from core.events.log import EventDraft, record
from models.imports import ImportBatch
from pages.components.base.elements import Tag
from pages.web.identity import LANGUAGE_COOKIE
from resources import BY_NAME
from services.customers import move_customers
from services.saving.plans import SaveOptions
from tests.browser.finding import found, is_there, one, state
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_CLERK, LING, MEI, WEI
from tests.pages.staff_rows import answer_to_test_host, become, customers, facts_of, row_of, state_rows

pytestmark = pytest.mark.nicegui_main_file("tests/pages/staff_main.py")


@pytest.fixture(autouse=True)
def house(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)
    customers(1)


def change(resource: str, actor, **stated: str) -> None:
    """Change a row as ``actor`` would, while others have it open."""
    known = BY_NAME[resource]
    drafts, problems = draft_one(known.stated_fields, stated)
    assert problems == []
    with unit_of_work(actor) as session:
        known.save(session, drafts, SaveOptions()).or_refuse()


async def test_a_record_shows_its_facts_as_people_read_them(user: User) -> None:
    change("customers", WEI, code="C001", region="310106", partner="HD", owner=WEI.person)
    sign_in_as(user.http_client, LING)

    await user.open("/customers/C001")

    await user.should_see("上海静安1号店")
    await user.should_see("138 0013 0001")
    await user.should_see("上海市 静安区")
    await user.should_see("华东总代")


async def test_a_key_with_a_slash_has_a_record_too(user: User) -> None:
    state_rows("customers", {"code": ["A/1"], "name": ["斜杠店"]})
    sign_in_as(user.http_client, WEI)

    await user.open("/customers/A%2F1")

    await user.should_see("斜杠店")


async def test_what_is_not_there_and_what_may_not_be_seen_look_the_same(user: User) -> None:
    sign_in_as(user.http_client, HUADONG_CLERK)

    absent = await user.http_client.get("/customers/C999")
    hidden = await user.http_client.get("/customers/C001")

    assert absent.status_code == hidden.status_code == 404
    assert told(absent.text, "C999") == told(hidden.text, "C001")


def told(html: str, key: str) -> str:
    """Return what a page says, without the key and the number of the answer."""
    return html.split("<main")[-1].split("error-number")[0].replace(key, "")


async def test_one_section_is_changed_and_only_what_was_typed(user: User) -> None:
    sign_in_as(user.http_client, WEI)
    await user.open("/customers/C001")

    found(user, "action-edit-contact").click()
    await user.should_see("Save")
    state(user, "contact", "王磊")
    found(user, "action-save").click()

    await become(lambda: facts_of("customers", "C001", "contact", "phone", "_version"), ("王磊", "13800130001", 2))


async def test_a_wrong_value_is_explained_beside_its_field_and_on_top_and_nothing_is_saved(user: User) -> None:
    sign_in_as(user.http_client, WEI)
    await user.open("/customers/C001")

    found(user, "action-edit-contact").click()
    await user.should_see("Save")
    state(user, "phone", "12")
    found(user, "action-save").click()

    await user.should_see("Phone: is not a phone number")
    assert one(user, "field-phone").props["aria-invalid"] == "true"
    assert row_of("customers", "C001")["_version"] == 1


async def test_a_value_taken_away_is_cleared(user: User) -> None:
    sign_in_as(user.http_client, WEI)
    await user.open("/customers/C001")

    found(user, "action-edit-contact").click()
    await user.should_see("Save")
    state(user, "phone", "")
    found(user, "action-save").click()

    await become(lambda: facts_of("customers", "C001", "phone"), (None,))


async def test_a_customer_is_moved_to_a_stage_from_its_record(user: User) -> None:
    sign_in_as(user.http_client, WEI)
    await user.open("/customers/C001")

    found(user, "action-move").click()
    await user.should_see("Move to a stage: C001?")
    state(user, "stage", "won")
    found(user, "action-confirm").click()

    await become(lambda: facts_of("customers", "C001", "stage", "_version"), ("won", 2))


async def test_saving_without_a_change_writes_nothing(user: User) -> None:
    sign_in_as(user.http_client, WEI)
    await user.open("/customers/C001")

    found(user, "action-edit-basics").click()
    await user.should_see("Save")
    found(user, "action-save").click()
    await user.should_not_see("Save")

    assert row_of("customers", "C001")["_version"] == 1


async def test_a_change_of_somebody_else_is_shown_and_not_overwritten(user: User) -> None:
    sign_in_as(user.http_client, WEI)
    await user.open("/customers/C001")
    found(user, "action-edit-contact").click()
    await user.should_see("Save")
    change("customers", LING, code="C001", phone="13900139000")

    state(user, "phone", "13700137000")
    found(user, "action-save").click()

    await user.should_see("Someone else changed this while you had it open.")
    await user.should_see("Phone: now “139 0013 9000”, you wrote “13700137000”")
    assert row_of("customers", "C001")["phone"] == "13900139000"


async def test_who_saw_both_values_may_insist_on_theirs(user: User) -> None:
    sign_in_as(user.http_client, WEI)
    await user.open("/customers/C001")
    found(user, "action-edit-contact").click()
    await user.should_see("Save")
    change("customers", LING, code="C001", phone="13900139000", contact="李敏")
    state(user, "phone", "13700137000")
    found(user, "action-save").click()
    await user.should_see("you wrote")

    found(user, "action-save-mine").click()

    await become(lambda: facts_of("customers", "C001", "phone", "contact"), ("13700137000", "李敏"))


async def test_who_may_only_look_is_not_offered_to_edit(user: User) -> None:
    sign_in_as(user.http_client, MEI)

    await user.open("/customers/C001")

    await user.should_see("C001")
    assert not any(is_there(user, f"action-edit-{name}") for name in ("basics", "contact", "kept"))


async def test_finance_changes_a_credit_limit_and_nothing_else_of_a_partner(user: User) -> None:
    sign_in_as(user.http_client, MEI)
    await user.open("/partners/HD")

    offered = [name for name in ("basics", "contact", "terms", "kept") if is_there(user, f"action-edit-{name}")]
    found(user, "action-edit-terms").click()
    await user.should_see("Save")
    state(user, "credit_limit", "250000")
    found(user, "action-save").click()

    await become(lambda: facts_of("partners", "HD", "credit_limit", "name"), ("250000.00", "华东总代"))
    assert offered == ["terms"]


async def test_operations_change_a_partner_but_are_not_offered_its_credit_limit(user: User) -> None:
    sign_in_as(user.http_client, LING)
    await user.open("/partners/HD")

    found(user, "action-edit-terms").click()
    await user.should_see("Save")

    assert (is_there(user, "field-valid_from"), is_there(user, "field-credit_limit")) == (True, False)


async def test_the_history_says_who_changed_what_from_what_to_what(user: User) -> None:
    with unit_of_work(WEI) as session:
        move_customers(session, ["C001"], "", stage="won")
    change("customers", LING, code="C001", partner="HD", owner=WEI.person)
    sign_in_as(user.http_client, WEI)

    await user.open("/customers/C001")

    for words in (
        "wei@example.com",
        "changed it",
        "Stage: ",
        "Lead",
        "Won",
        "Partner: ",
        "华东总代",
        "Owner: ",
        "created it",
    ):
        await user.should_see(words)


async def test_the_history_keeps_a_confidential_amount_from_who_may_not_see_it(user: User) -> None:
    change("partners", ADMIN, code="HD", credit_limit="123456.78")
    sign_in_as(user.http_client, HUADONG_CLERK)

    await user.open("/partners/HD")

    await user.should_see("changed it")
    await user.should_not_see("123,456.78")
    await user.should_not_see("Credit limit")


async def test_who_may_see_the_credit_limit_reads_it_in_the_history(user: User) -> None:
    change("partners", ADMIN, code="HD", credit_limit="123456.78")
    sign_in_as(user.http_client, LING)

    await user.open("/partners/HD")

    await user.should_see("¥1,000,000.00")
    await user.should_see("¥123,456.78")


async def test_a_rival_finds_no_record(user: User) -> None:
    sign_in_as(user.http_client, BEIFANG_CLERK)

    answer = await user.http_client.get("/partners/HD")

    assert answer.status_code == 404
    assert "华东" not in answer.text


@pytest.mark.parametrize("path", ["/events/1", "/events/999999", "/events/x"])
async def test_the_trail_is_closed_to_who_may_not_read_it(user: User, path: str) -> None:
    sign_in_as(user.http_client, WEI)

    answer = await user.http_client.get(path)

    assert answer.status_code == 403


async def test_an_event_of_the_trail_has_every_value_before_and_after(user: User) -> None:
    with unit_of_work(WEI) as session:
        move_customers(session, ["C001"], "", stage="won")
    sign_in_as(user.http_client, LING)

    await user.open("/events/2")

    for words in ("Customer changed", "C001", "Lead", "Won", "wei@example.com"):
        await user.should_see(words)


async def test_an_event_is_a_link_to_its_record_only_where_there_is_one_for_the_reader(user: User) -> None:
    with unit_of_work(WEI) as session:
        move_customers(session, ["C001"], "", stage="won")
    with unit_of_work(WEI) as session:
        batch = ImportBatch(resource="customers", person=WEI.person, file_name="a.csv", sha256="0")
        session.add(batch)
        session.flush()
        record(session, "import.applied", "imports", [EventDraft(str(batch.id))])
        record(session, "customers.exported", "customers", [EventDraft("")])
    sign_in_as(user.http_client, ADMIN)

    assert [await links_of_event(user, number) for number in (2, 3, 4)] == [["/customers/C001"], [], []]


async def links_of_event(user: User, number: int) -> list[str]:
    """Return where the facts of an event lead."""
    await user.open(f"/events/{number}")
    with user.client:
        addresses = [one.props.get("href", "") for one in ElementFilter(kind=Tag) if one.tag == "a"]
    return [one for one in addresses if one.startswith(("/customers/", "/imports/"))]


@pytest.mark.parametrize(("language", "label"), [("zh_CN", "金额"), ("en", "Amount")])
async def test_money_of_an_event_reads_as_everywhere(user: User, language: str, label: str) -> None:
    with unit_of_work(WEI) as session:
        record(session, "order.placed", "orders", [EventDraft("SO-1", data={"total": "17439.36"})])
    sign_in_as(user.http_client, ADMIN)
    user.http_client.cookies.set(LANGUAGE_COOKIE, language)

    await user.open("/events/2")

    await user.should_see("¥17,439.36")
    await user.should_see(label)


@pytest.mark.parametrize("number", ["999999", "x", "-1"])
async def test_an_event_that_never_was_is_not_found(user: User, number: str) -> None:
    sign_in_as(user.http_client, LING)

    answer = await user.http_client.get(f"/events/{number}")

    assert answer.status_code == 404
