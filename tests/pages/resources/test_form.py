"""Adding a row by hand: every resource has a form, and what is wrong is said where it is."""

import json

import pytest
from nicegui import ElementFilter
from nicegui.testing import User
from nicegui.testing.user_interaction import UserInteraction

from core.database.sessions import reading
from core.i18n import set_language
from pages.components.forms.drafts import BrowserDraft
from pages.resources.inputs import find_references
from pages.site import SCREENS
from resources import BY_NAME
from tests.browser.finding import found, is_there, one, state
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG_CLERK, LING, MEI, WEI
from tests.pages.staff_rows import answer_to_test_host, become, customers, facts_of, row_of, state_rows

pytestmark = pytest.mark.nicegui_main_file("tests/pages/staff_main.py")

STATED = [one.resource.name for one in SCREENS if one.resource.save is not None and "record" not in one.own]


@pytest.fixture(autouse=True)
def house(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)


@pytest.mark.parametrize("name", STATED)
async def test_every_form_has_an_input_for_each_field_that_people_state(user: User, name: str) -> None:
    sign_in_as(user.http_client, ADMIN)

    await user.open(f"/{name}/new")

    for field in BY_NAME[name].stated_fields:
        assert is_there(user, f"field-{field.name}"), field.name


@pytest.mark.parametrize("name", STATED)
async def test_an_empty_form_names_every_field_that_is_required(user: User, name: str) -> None:
    sign_in_as(user.http_client, ADMIN)
    await user.open(f"/{name}/new")

    found(user, "action-save").click()
    await user.should_see("This was not saved:")

    for field in BY_NAME[name].stated_fields:
        is_refused = one(user, f"field-{field.name}").props.get("aria-invalid") == "true"
        assert is_refused == field.required, field.name


async def test_a_new_row_is_saved_as_stated(user: User) -> None:
    sign_in_as(user.http_client, WEI)
    await user.open("/customers/new")

    for name, value in {"code": "N1", "name": "新店", "phone": "138 0013 8000", "tags": "连锁；重点"}.items():
        state(user, name, value)
    found(user, "action-save").click()

    saved = ("新店", "13800138000", "连锁;重点", "lead")
    await become(lambda: facts_of("customers", "N1", "name", "phone", "tags", "stage"), saved)


async def test_what_was_typed_is_kept_in_the_browser_until_it_is_saved_and_comes_back(user: User) -> None:
    set_language("en")  # as the socket of a real browser does
    sign_in_as(user.http_client, WEI)
    state_rows("partners", {"code": ["P9"], "name": ["九号经销"], "tier": ["dealer"]})
    await user.open("/customers/new")
    state(user, "name", "填到一半")
    kept = json.loads(draft_of(user).props["state"])
    assert (kept["fields"]["name"], draft_of(user).props["data-key"]) == ("填到一半", f"customers.new:{WEI.person}")

    await user.open("/customers/new")  # as after the server has started again
    kept["fields"] |= {"stage": "won", "partner": "P9", "source": 7, "unknown": "x"}
    kept["labels"] |= {"partner": "九号经销 · P9"}
    UserInteraction(user, {draft_of(user)}, "draft").trigger("draftfound", {"detail": kept})

    await user.should_see("What you had typed here is back.")
    assert [one(user, f"field-{name}").value for name in ("name", "stage", "partner", "source")] == [
        "填到一半", "won", "P9", "",
    ]  # fmt: skip
    state(user, "code", "N7")
    found(user, "action-save").click()
    await become(lambda: facts_of("customers", "N7", "name", "stage", "partner"), ("填到一半", "won", "P9"))


def draft_of(user: User) -> BrowserDraft:
    assert user.client
    with user.client:
        (draft,) = ElementFilter(kind=BrowserDraft)
    return draft


async def test_a_key_that_is_taken_is_refused_and_the_row_stays_as_it_was(user: User) -> None:
    customers(1)
    sign_in_as(user.http_client, WEI)
    await user.open("/customers/new")

    state(user, "code", "C001")
    state(user, "name", "别的店")
    found(user, "action-save").click()

    await user.should_see("Customer code: is taken: choose another")
    assert row_of("customers", "C001")["name"] == "上海静安1号店"


async def test_a_key_that_belongs_to_a_row_one_may_not_see_is_taken_and_no_more_is_told(user: User) -> None:
    customers(1)
    sign_in_as(user.http_client, HUADONG_CLERK)
    await user.open("/customers/new")

    state(user, "code", "C001")
    state(user, "name", "别的店")
    found(user, "action-save").click()

    await user.should_see("Customer code: cannot be used here: choose another")
    await user.should_not_see("上海静安1号店")


async def test_a_row_named_by_several_fields_is_saved_too(user: User) -> None:
    state_rows("products", {"sku": ["QH-500"], "name": ["山茶油"]})
    sign_in_as(user.http_client, ADMIN)
    await user.open("/prices/new")

    for name, value in {"tier": "dealer", "unit_price": "118.5", "valid_from": "2026-11-01"}.items():
        state(user, name, value)
    sku = one(user, "field-sku")
    sku.set_options({"QH-500": "山茶油"}, value="QH-500")
    found(user, "action-save").click()

    await become(lambda: facts_of("prices", "QH-500~dealer~2026-11-01", "unit_price"), ("118.5",))


@pytest.mark.parametrize("actor", [MEI, LING], ids=["finance", "operations"])
async def test_a_form_is_closed_to_who_may_not_state_the_resource(user: User, actor) -> None:
    sign_in_as(user.http_client, actor)

    answer = await user.http_client.get("/products/new")

    assert answer.status_code == 403


async def test_a_confidential_field_is_no_input_for_who_may_not_see_it(user: User) -> None:
    sign_in_as(user.http_client, WEI)  # sales state partners, but not their credit

    await user.open("/partners/new")

    assert is_there(user, "field-name")
    assert not is_there(user, "field-credit_limit")


def test_a_reference_is_found_by_key_or_name_within_the_persons_scope() -> None:
    reference = BY_NAME["customers"].field("partner").kind.reference
    with reading(WEI) as session:
        by_name = find_references(session, reference, "苏州")
        by_key = find_references(session, reference, "hd")
        wild = find_references(session, reference, "%")
    with reading(BEIFANG_CLERK) as session:
        rival = find_references(session, reference, "")

    assert by_name == {"SZ": "苏州代理 · SZ"}
    assert by_key == {"HD": "华东总代 · HD"}
    assert wild == {}
    assert rival == {"BF": "北方总代 · BF"}
