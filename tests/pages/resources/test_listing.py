"""Lists of any resource: what they offer to whom, and what becomes of the rows chosen."""

import pytest
from nicegui.testing import User

from core.database.sessions import reading
from core.events.log import Event
from core.expressions.scope import Scope
from core.expressions.texts.parsing import parse_condition
from core.expressions.texts.writing import localized_text
from core.i18n import LANGUAGES, _, use_language
from core.permissions import Permission, Role
from pages.resources._columns import grid_columns, grid_filters, grid_views, search_words
from pages.resources._condition_filter import condition_filter
from pages.shell.navigation import navigation_for, register_places
from pages.site import PLACES, SCREENS
from resources import ALL, BY_NAME
from tests.browser.finding import found, is_there, one, state
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, BEIFANG_CLERK, CAST, HUADONG_CLERK, LING, MEI, WEI
from tests.pages.staff_rows import answer_to_test_host, customers, row_of, state_rows

pytestmark = pytest.mark.nicegui_main_file("tests/pages/staff_main.py")

LISTED = [screen.resource.name for screen in SCREENS if "record" not in screen.own]


@pytest.fixture(autouse=True)
def house(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)


def choose(user: User, action: str, *keys: str, query: str = "", count: int = 0) -> None:
    """Take an action with the rows of these keys, or with all rows of a query."""
    detail = {"action": action, "keys": list(keys), "all": not keys, "query": query, "count": count or len(keys)}
    found(user, "grid-customers").trigger("selectionaction", {"detail": detail})


@pytest.mark.parametrize("name", LISTED)
async def test_every_list_opens_with_its_total_and_its_grid(user: User, name: str) -> None:
    customers(3)
    sign_in_as(user.http_client, ADMIN)

    await user.open(f"/{name}")

    assert one(user, f"grid-{name}").props["aria-label"]
    await user.should_see(f"{len(row_keys(name))} rows")
    assert is_there(user, "action-export")


def row_keys(name: str) -> list:
    """Return the numbers of all rows of a resource."""
    with reading(ADMIN) as session:
        return session.query(BY_NAME[name].model.id).all()


async def test_who_may_not_edit_is_not_offered_to_import_or_add(user: User) -> None:
    sign_in_as(user.http_client, MEI)

    await user.open("/customers")

    assert is_there(user, "action-export")
    assert not is_there(user, "action-import")
    assert not is_there(user, "action-new")


async def test_who_may_edit_is_offered_to_import_and_add(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    await user.open("/customers")

    assert one(user, "action-import").props["href"] == "/customers/import"
    assert one(user, "action-new").props["href"] == "/customers/new"


async def test_a_list_nobody_granted_says_so(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    answer = await user.http_client.get("/users")

    assert answer.status_code == 403


async def test_the_view_of_the_address_is_marked(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    await user.open("/customers?stage=won&view=won")

    assert one(user, "view-won").props["aria-current"] == "page"
    assert "aria-current" not in one(user, "view-all").props


async def test_customers_chosen_move_to_a_stage_together(user: User) -> None:
    customers(3)
    sign_in_as(user.http_client, WEI)
    await user.open("/customers")

    choose(user, "move", "C001", "C003")
    await user.should_see("Move 2 customers")
    state(user, "stage", "won")
    found(user, "action-confirm").click()
    await user.should_see("2 done")

    assert [row_of("customers", key)["stage"] for key in ("C001", "C002", "C003")] == ["won", "lead", "won"]


async def test_customers_chosen_are_handed_over_together(user: User) -> None:
    customers(3)
    sign_in_as(user.http_client, WEI)
    await user.open("/customers")

    choose(user, "hand_over", "C001", "C003")
    await user.should_see("Hand over 2 customers")
    one(user, "field-owner").set_options({LING.person: "Ling"})
    state(user, "owner", LING.person)
    found(user, "action-confirm").click()
    await user.should_see("2 done")

    assert [row_of("customers", key)["owner"] for key in ("C001", "C002", "C003")] == [LING.person, None, LING.person]


async def test_what_an_action_needs_is_missed_beside_its_input_and_nothing_has_changed(user: User) -> None:
    customers(1)
    sign_in_as(user.http_client, WEI)
    await user.open("/customers")

    choose(user, "hand_over", "C001")
    await user.should_see("Hand over 1 customer")
    found(user, "action-confirm").click()
    await user.should_see("is required")

    assert one(user, "field-owner").props["aria-invalid"] == "true"
    assert is_there(user, "action-confirm")
    assert row_of("customers", "C001")["_version"] == 1


async def test_all_matching_customers_move_and_no_other(user: User) -> None:
    customers(5)
    state_rows("customers", {"code": ["X1"], "name": ["北京一号店"], "stage": ["lost"]})
    sign_in_as(user.http_client, WEI)
    await user.open("/customers")

    choose(user, "move", query="stage=lead", count=5)
    await user.should_see("Move 5 customers")
    found(user, "action-confirm").click()
    await user.should_see("5 done")

    assert row_of("customers", "C005")["stage"] == "contacted"
    assert row_of("customers", "X1")["stage"] == "lost"


async def test_saying_no_changes_nothing(user: User) -> None:
    customers(1)
    sign_in_as(user.http_client, WEI)
    await user.open("/customers")

    choose(user, "move", "C001")
    await user.should_see("Move 1 customer")
    found(user, "action-cancel").click()
    await user.should_not_see("Move 1 customer")

    assert row_of("customers", "C001")["stage"] == "lead"


async def test_rows_that_are_refused_are_named_with_the_reason(user: User) -> None:
    customers(2)  # of the brand itself: a partner's clerk does not see them
    state_rows("customers", {"code": ["H1"], "name": ["华东一号店"], "partner": ["HD"]})
    sign_in_as(user.http_client, HUADONG_CLERK)
    await user.open("/customers")

    choose(user, "move", "C001", "H1")
    await user.should_see("Move 2 customers")
    found(user, "action-confirm").click()

    await user.should_see("1 not done")
    await user.should_see("cannot be used here: choose another")
    assert row_of("customers", "H1")["stage"] == "contacted"
    assert row_of("customers", "C001")["stage"] == "lead"


async def test_the_total_counts_what_the_person_may_see(user: User) -> None:
    customers(2)
    state_rows("customers", {"code": ["H1"], "name": ["华东一号店"], "partner": ["HD"]})
    sign_in_as(user.http_client, BEIFANG_CLERK)

    await user.open("/customers")

    await user.should_see("0 rows")


@pytest.mark.parametrize("actor", CAST, ids=lambda actor: actor.name)
def test_the_navigation_leads_only_where_the_person_may_go(actor) -> None:
    register_places(PLACES)
    with use_language("en"):
        items = [item for group in navigation_for(actor) for item in group.items]
    names = {item.name for item in items}
    forbidden = {
        place.name for place in PLACES if isinstance(place.permission, Permission) and not actor.can(place.permission)
    }

    assert names & forbidden == set()
    assert len(names) == len(items)
    assert ("users" in names) == (actor.role in {Role.ADMINISTRATOR, Role.PARTNER_OWNER})


@pytest.mark.parametrize("resource", ALL, ids=lambda resource: resource.name)
def test_a_list_has_columns_filters_and_views_of_what_the_person_may_see(resource) -> None:
    fields = resource.fields_for(WEI)
    names = {field.name for field in fields}

    columns = grid_columns(resource, fields)

    assert [column.name for column in columns if column.link] == [resource.keys[0]]
    assert {column.name for column in columns} == names
    assert {one.name for one in grid_filters(resource, fields, {})} <= names
    assert any(not column.width for column in columns if column.shown)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("resource", ALL, ids=lambda resource: resource.name)
def test_a_condition_has_an_example_and_fields_that_are_understood(resource, language: str) -> None:
    for actor in filter(lambda actor: actor.can(resource.view), CAST):
        scope = Scope.of(resource, actor)
        with use_language(language):
            made = condition_filter(resource, actor)
            example = made.example.removeprefix(_("e.g. {example}", example=""))

            assert localized_text(parse_condition(example, scope), scope) == example
            written = [parse_condition(f"{field} is empty", scope) for field in made.choices]
        assert [condition.operand.names for condition in written] == [(name,) for name in scope.fields]
        assert scope.fields.keys().isdisjoint(made.choices.values())


def test_a_region_in_the_address_is_called_by_its_name() -> None:
    orders = BY_NAME["orders"]

    filters = {one.name: one for one in grid_filters(orders, orders.fields, {"ship_to_region": "320000,310106"})}

    assert filters["ship_to_region"].choices == {"320000": "江苏省", "310106": "上海市 静安区"}


def test_the_list_of_stores_shows_where_each_is_in_its_life_and_no_raw_positions() -> None:
    stores = BY_NAME["stores"]

    shown = [column.name for column in grid_columns(stores, stores.fields) if column.shown]

    assert "status" in shown[:8]
    assert not {"latitude", "longitude", "datum", "accuracy_m"} & set(shown)


@pytest.mark.parametrize("language", ["zh_CN", "en"])
def test_a_column_is_as_wide_as_its_heading_and_its_choices_ask_for(language) -> None:
    applications = BY_NAME["applications"]

    with use_language(language):
        widths = {column.name: column.width for column in grid_columns(applications, applications.fields)}

    asked = {"zh_CN": (150, 134, 140), "en": (170, 210, 140)}
    assert (widths["number"], widths["status"], widths["due_at"]) == asked[language]


def test_a_list_with_a_status_has_a_view_for_each() -> None:
    partners = BY_NAME["partners"]
    with use_language("zh_CN"):
        views = grid_views(partners, partners.fields)
        words = search_words(partners, partners.fields)

    assert [(view.name, view.label, view.query) for view in views[:3]] == [
        ("", "全部", ""),
        ("applied", "已申请", "status=applied"),
        ("under_review", "审核中", "status=under_review"),
    ]
    assert words == "搜索合作伙伴编码 / 合作伙伴名称"


async def test_an_export_has_the_rows_of_the_list_and_is_on_record(user: User) -> None:
    customers(3)
    state_rows("customers", {"code": ["X1"], "name": ["北京一号店"], "stage": ["won"]})
    sign_in_as(user.http_client, WEI)

    answer = await user.http_client.get("/export/customers.csv?stage=lead&view=lead&cols=name,stage&sort=-code")

    lines = answer.content.decode("utf-8-sig").splitlines()
    assert answer.status_code == 200
    assert lines == [
        '"Customer code","Customer name","Stage"',
        '"C003","上海静安3号店","Lead"',
        '"C002","上海静安2号店","Lead"',
        '"C001","上海静安1号店","Lead"',
    ]
    assert 'filename="customers-' in answer.headers["content-disposition"]
    with reading(ADMIN) as session:
        event = session.query(Event).filter(Event.action == "customers.exported").one()
    assert event.person == WEI.person
    assert event.data == {"rows": 3, "query": "stage=lead&view=lead&cols=name,stage&sort=-code", "format": "csv"}


@pytest.mark.parametrize(
    ("path", "status"),
    [("customers.pdf", 404), ("nothing.xlsx", 404), ("users.xlsx", 403), ("customers.xlsx?nonsense=1", 422)],
)
async def test_what_cannot_be_exported_is_refused_and_leaves_no_file(user: User, data_dir, path, status) -> None:
    sign_in_as(user.http_client, WEI)

    answer = await user.http_client.get(f"/export/{path}")

    assert answer.status_code == status
    assert list(data_dir.rglob("export-*")) == []


async def test_an_export_is_within_the_scope_of_who_fetches_it(user: User) -> None:
    customers(2)
    state_rows("customers", {"code": ["H1"], "name": ["华东一号店"], "partner": ["HD"]})
    sign_in_as(user.http_client, HUADONG_CLERK)

    answer = await user.http_client.get("/export/customers.jsonl?fields=code")

    assert answer.text.splitlines() == ['{"code":"H1"}']


async def test_an_exported_file_is_gone_from_the_server_once_it_is_sent(user: User, data_dir) -> None:
    customers(1)
    sign_in_as(user.http_client, LING)

    answer = await user.http_client.get("/export/customers.xlsx")

    assert answer.content[:2] == b"PK"
    assert list((data_dir / "exports").iterdir()) == []
