"""The pivot of a list: offered with the list, kept in the address, every figure a link, the file the same."""

from urllib.parse import parse_qs, quote, urlsplit

import pytest
from nicegui.testing import User

from core.database.sessions import reading
from core.events.log import Event
from pages.reports import _table
from pages.web.identity import LANGUAGE_COOKIE
from tests.browser.finding import found, is_there, one
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, HUADONG_CLERK, WEI
from tests.pages.staff_rows import answer_to_test_host, customers, state_rows

pytestmark = pytest.mark.nicegui_main_file("tests/pages/reports_main.py")


@pytest.fixture(autouse=True)
def house(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)
    customers(3)  # leads, of nobody
    won = {"code": ["X1", "H1"], "name": ["北京", "华东"], "stage": ["won", "won"], "partner": [None, "HD"]}
    state_rows("customers", won)


def links(user: User) -> dict[str, str]:
    """Return what stands in the cells that are links, in order of the table, and where each leads."""
    found_links = [
        (element.text, element.props["href"])
        for element in found(user, "pivot").elements.pop().descendants()
        if element.tag == "a"
    ]
    return dict(found_links)


async def test_a_list_offers_its_pivot(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    await user.open("/customers?stage=won")

    assert one(user, "action-pivot").props["href"] == "/customers/pivot"


async def test_a_pivot_shows_groups_totals_and_links_to_their_rows(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    await user.open("/customers/pivot?by=stage&across=partner")

    await user.should_see("5 rows")
    leads = {parse_qs(urlsplit(href).query).get("stage__in", [""])[0] for href in links(user).values()}
    assert leads >= {"lead", "won"}
    for words in ("Lead", "Won", "华东总代", "—", "Total"):
        await user.should_see(words)


async def test_the_filter_of_the_list_holds_and_is_named(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    await user.open("/customers/pivot?stage=won&by=partner")

    await user.should_see("2 rows of the filter")
    assert all("stage=won" in href for href in links(user).values())
    assert one(user, "action-back").props["href"] == "/customers?stage=won"


async def test_a_choice_leads_to_its_address_with_the_filter_kept(user: User) -> None:
    sign_in_as(user.http_client, WEI)
    await user.open("/customers/pivot?stage=won&by=partner")

    found(user, "field-across").click()
    user.find("Stage").click()

    await user.should_see("Won", retries=50)
    assert user.back_history[-1] == "/customers/pivot?stage=won&by=partner&across=stage&measure=count"


async def test_what_cannot_be_grouped_is_said_and_something_else_can_be_chosen(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    await user.open("/customers/pivot?by=note")

    await user.should_see("Rows cannot be grouped by “note”.")
    assert is_there(user, "field-first") and not is_there(user, "pivot") and not is_there(user, "action-export")


async def test_a_list_without_rows_says_so(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    await user.open("/customers/pivot?code=nothing-like-it")

    await user.should_see("No rows")


async def test_both_numbers_of_a_cut_pivot_are_written_alike(user: User, monkeypatch) -> None:
    codes = [f"P{number:04}" for number in range(1_001)]
    tiers = ["agent_1"] * len(codes)
    state_rows("partners", {"code": codes, "name": codes, "tier": tiers})
    state_rows("customers", {"code": codes, "name": codes, "partner": codes})
    sign_in_as(user.http_client, WEI)

    await user.open("/customers/pivot?stage=lead&code=P&by=partner")

    await user.should_see("Shown are the first 1,000 of 1,001 lines; the file has them all.")


async def test_more_lines_than_a_page_has_room_for_are_left_to_the_file(user: User, monkeypatch) -> None:
    monkeypatch.setattr(_table, "CELLS_MAX", 2)
    sign_in_as(user.http_client, WEI)

    await user.open("/customers/pivot?by=stage")

    await user.should_see("Shown are the first 1 of 2 lines; the file has them all.")


async def test_a_partner_has_the_own_branch_only(user: User) -> None:
    sign_in_as(user.http_client, HUADONG_CLERK)

    await user.open("/customers/pivot?by=stage")

    await user.should_see("1 row")
    await user.should_not_see("Lead")


async def test_the_file_of_a_pivot_is_what_the_page_shows_and_on_record(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    answer = await user.http_client.get("/export/pivot/customers.csv?by=stage&across=partner")

    assert answer.content.decode("utf-8-sig").splitlines() == [
        '"Stage","华东总代","—","Total"', '"Lead",,3,3', '"Won",1,1,2', '"Total",1,4,5',
    ]  # fmt: skip
    with reading(ADMIN) as session:
        event = session.query(Event).filter(Event.action == "customers.exported").one()
    assert event.data == {"rows": 2, "query": "by=stage&across=partner", "format": "csv"}


async def test_the_workbook_of_a_pivot_is_made(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    answer = await user.http_client.get("/export/pivot/customers.xlsx?by=stage")

    assert answer.status_code == 200 and answer.content[:2] == b"PK"


@pytest.mark.parametrize(("language", "label"), [("zh_CN", "客户-透视表"), ("en", "Customers-Pivot")])
async def test_the_file_of_a_pivot_is_not_named_like_that_of_the_list(user: User, language: str, label: str) -> None:
    sign_in_as(user.http_client, WEI)
    user.http_client.cookies.set(LANGUAGE_COOKIE, language)

    answer = await user.http_client.get("/export/pivot/customers.csv?by=stage")

    named = answer.headers["content-disposition"]
    assert named.startswith('attachment; filename="customers-pivot-20')
    assert f"filename*=UTF-8''{quote(label)}-20" in named


@pytest.mark.parametrize(
    ("path", "status"),
    [("customers.jsonl", 404), ("nothing.csv", 404), ("users.csv", 403), ("customers.csv?by=note", 422)],
)
async def test_what_cannot_be_a_file_is_refused_and_leaves_none(user: User, data_dir, path, status) -> None:
    sign_in_as(user.http_client, WEI)

    answer = await user.http_client.get(f"/export/pivot/{path}")

    assert answer.status_code == status and list(data_dir.rglob("export-*")) == []


async def test_a_pivot_nobody_granted_says_so(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    assert (await user.http_client.get("/users/pivot")).status_code == 403
