"""Importing in the browser: each step asks what is not known and says what will happen; nobody sees another's."""

import time
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from nicegui.testing import User
from sqlalchemy import func, select

from core.access import Actor
from core.database.sessions import reading
from core.files.contents import StoredFile
from core.i18n import set_language
from core.jobs.worker import run_next
from models.customers import Customer
from models.imports import ImportBatch
from tests.browser.finding import found, is_there, one, state
from tests.browser.signing_in import sign_in_as
from tests.conftest import ADMIN, LING, MEI, WEI
from tests.pages.staff_rows import answer_to_test_host

pytestmark = pytest.mark.nicegui_main_file("tests/pages/imports/importing_main.py")

IMPORTABLE = ["customers", "partners", "products", "prices", "orders", "users"]
PLAIN = "code,name,phone\nC1,a,13800138000\nC2,b,abc\n"
ODD = "客户编号,公司名称,规模\nC1,a,x\nC2,b,y\n"


@pytest.fixture(autouse=True)
def host(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)


async def bring(user: User, content: str, *, name: str = "客户.csv", actor: Actor = WEI) -> httpx.Response:
    """Hand a file in as the browser does."""
    set_language("en")  # events of this test run in its own context, where no guard has set one
    sign_in_as(user.http_client, actor)
    headers = {"Origin": "http://test", "Content-Type": "application/octet-stream", "X-File-Name": quote(name)}
    headers["Accept"] = "application/json"
    return await user.http_client.post("/customers/import/file", content=content.encode(), headers=headers)


async def sees(user: User, words: str) -> None:
    """Wait until a page that works in other threads shows these words."""
    await user.should_see(words, retries=50)


def work() -> None:
    """Run the jobs that wait, as a worker does."""
    while run_next():
        pass


def count(model: type) -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.parametrize("heading", ["(" * 20_000, "（" * 20_000, "a" + "\u0301\u0323" * 15_000, " " * 30_000 + "x"])
async def test_a_heading_that_is_no_heading_keeps_nobody_waiting(user: User, heading: str) -> None:
    started = time.process_time()

    answer = await bring(user, f"code,name,phone,{heading}\nC1,a,13800138000,x\n")

    assert answer.status_code == 201
    assert time.process_time() - started < 20  # it took minutes


async def test_the_first_step_offers_a_file_and_a_template(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    await user.open("/customers/import")

    assert is_there(user, "action-template")
    await sees(user, "Nothing is stored before you press")
    assert not is_there(user, "import-recent")


@pytest.mark.parametrize("name", IMPORTABLE)
async def test_everything_that_can_be_imported_has_its_steps_and_its_template(user: User, name: str) -> None:
    sign_in_as(user.http_client, ADMIN)

    await user.open(f"/{name}/import")
    template = await user.http_client.get(f"/{name}/template.xlsx")
    headers = {"Origin": "http://test", "Content-Type": "application/octet-stream"}
    brought = await user.http_client.post(f"/{name}/import/file", content=template.content, headers=headers)
    await user.open(f"{brought.json()['url']}?step=columns")

    assert (template.status_code, brought.status_code) == (200, 201)
    await sees(user, "Your columns and ours")
    assert is_there(user, "field-column-0")


async def test_who_may_not_edit_cannot_open_bring_or_fetch_anything(user: User) -> None:
    opened = await bring(user, PLAIN, actor=MEI)

    page = await user.http_client.get("/customers/import")
    template = await user.http_client.get("/customers/template.xlsx")

    assert [opened.status_code, page.status_code, template.status_code] == [403, 403, 403]
    assert (count(ImportBatch), count(StoredFile)) == (0, 0)


async def test_who_is_not_signed_in_is_sent_to_sign_in(user: User) -> None:
    page = await user.http_client.get("/customers/import")
    brought = await user.http_client.post(
        "/customers/import/file", content=b"x", headers={"Origin": "http://test", "Accept": "application/json"}
    )

    assert (page.status_code, brought.status_code) == (303, 401)


async def test_a_file_becomes_an_import_with_the_name_its_owner_gave_it(user: User) -> None:
    answer = await bring(user, ODD, name="C:\\客户\\名单 1.csv")

    with reading(WEI) as session:
        batch = session.scalars(select(ImportBatch)).one()
    assert answer.status_code == 201
    assert answer.json() == {"batch": batch.id, "url": f"/customers/import/{batch.id}"}
    assert (batch.file_name, batch.person) == ("名单 1.csv", WEI.person)


async def test_a_file_that_cannot_be_read_is_refused_in_one_plain_sentence(user: User) -> None:
    answer = await bring(user, "%PDF-1.7 ...", name="list.xlsx")

    assert answer.status_code == 422
    assert answer.json()["code"] == "imports.not_a_workbook"
    assert answer.json()["message"].startswith("list.xlsx is no workbook or table of text (found: PDF).")
    assert count(ImportBatch) == 0


async def test_a_file_beyond_the_limit_is_refused_before_it_is_kept(user: User, monkeypatch) -> None:
    monkeypatch.setattr("core.settings.Settings.upload_bytes_max", 10)

    answer = await bring(user, PLAIN)

    assert (answer.status_code, count(ImportBatch)) == (413, 0)


async def test_a_file_from_another_site_is_not_taken(user: User) -> None:
    sign_in_as(user.http_client, WEI)

    answer = await user.http_client.post(
        "/customers/import/file", content=PLAIN.encode(), headers={"Origin": "https://evil.example"}
    )

    assert (answer.status_code, count(ImportBatch)) == (403, 0)


async def test_known_headings_lead_straight_to_the_counts_and_one_button(user: User) -> None:
    await bring(user, PLAIN)
    work()

    await user.open("/customers/import/1")

    await sees(user, "1 new row will be added; 1 is wrong and is left out.")
    await sees(user, "is not a phone number: 6 to 15 digits, optionally after a +")
    assert one(user, "import-apply").text == "Import 1 row"
    assert one(user, "action-errors").props["href"] == "/imports/1/errors.xlsx"
    assert one(user, "action-columns").props["href"] == "/customers/import/1?step=columns"
    assert count(Customer) == 0


async def test_pressing_import_imports_and_says_what_became_of_every_row(user: User) -> None:
    await bring(user, PLAIN)
    work()
    await user.open("/customers/import/1")

    found(user, "import-apply").click()
    await sees(user, "Importing")
    work()
    await user.open("/customers/import/1")

    await sees(user, "1 row was imported; wrong and left out: 1.")
    await sees(user, "What was not imported")
    assert one(user, "count-created").props["href"] == "/customers?sort=-created_at"
    assert one(user, "action-another").props["href"] == "/customers/import"
    assert count(Customer) == 1


async def test_a_page_opened_while_the_check_waits_says_so_and_stores_nothing(user: User) -> None:
    await bring(user, PLAIN)

    await user.open("/customers/import/1")

    await sees(user, "Waiting for its turn")
    assert not is_there(user, "import-apply")


async def test_other_headings_are_matched_by_the_person(user: User) -> None:
    await bring(user, ODD)
    await user.open("/customers/import/1")
    assert [one(user, f"field-column-{at}").value for at in range(3)] == ["code", "name", "-"]
    await sees(user, "Sure")
    await sees(user, "Please choose")

    state(user, "column-2", "source")
    found(user, "action-next").click()
    await sees(user, "Checking the rows")

    with reading(WEI) as session:
        batch = session.scalars(select(ImportBatch)).one()
    assert batch.mapping == {"客户编号": "code", "公司名称": "name", "规模": "source"}


async def test_what_is_missing_is_named_at_the_top_until_it_is_chosen(user: User) -> None:
    await bring(user, ODD)
    await user.open("/customers/import/1")
    await user.should_not_see("Still missing")

    state(user, "column-1", "-")
    await sees(user, "Still missing: Customer name.")
    found(user, "action-next").click()
    await sees(user, "The sheet has no column for: Customer name.")

    state(user, "column-2", "name")
    await user.should_not_see("Still missing")


async def test_a_field_goes_to_the_column_it_was_last_given_to(user: User) -> None:
    await bring(user, ODD)
    await user.open("/customers/import/1")

    state(user, "column-2", "name")

    assert [one(user, f"field-column-{at}").value for at in range(3)] == ["code", "-", "name"]
    await sees(user, "Chosen")


async def test_what_every_row_gets_is_stated_once_and_checked_at_once(user: User) -> None:
    await bring(user, ODD)
    await user.open("/customers/import/1")

    state(user, "constant", "phone")
    state(user, "phone", "abc")
    found(user, "action-next").click()
    await sees(user, "is not a phone number: 6 to 15 digits, optionally after a +")
    state(user, "phone", "13800138000")
    found(user, "action-next").click()
    await sees(user, "Checking the rows")

    with reading(WEI) as session:
        assert session.scalars(select(ImportBatch)).one().constants == {"phone": "13800138000"}


async def test_how_known_rows_are_found_and_what_wrong_rows_do_is_chosen(user: User) -> None:
    await bring(user, "公司名称,电话号码\na,13800138000\n")
    await user.open("/customers/import/1")
    await sees(user, "Still missing: Customer code.")

    state(user, "match", "name")
    state(user, "mode", "all-or-nothing")
    await sees(user, "Without Customer code only known rows are changed; new ones are refused.")
    found(user, "action-next").click()
    await sees(user, "Checking the rows")

    with reading(WEI) as session:
        batch = session.scalars(select(ImportBatch)).one()
    assert (batch.match, batch.mode) == ("name", "all-or-nothing")


async def test_all_or_nothing_with_a_wrong_row_offers_no_button(user: User) -> None:
    await bring(user, ODD + ",c,z\n")
    await user.open("/customers/import/1")
    state(user, "mode", "all-or-nothing")
    found(user, "action-next").click()
    await sees(user, "Checking the rows")
    work()

    await user.open("/customers/import/1")

    await sees(user, "1 row is wrong, so nothing will be imported, as you chose.")
    assert not is_there(user, "import-apply")


async def test_headings_nobody_knows_are_asked_for_by_their_row(user: User) -> None:
    await bring(user, "list of March\nx,y\ncode,name\nC1,a\n")
    await user.open("/customers/import/1")
    await sees(user, "No heading of this file looks known.")

    found(user, "action-headings-3").click()
    await user.should_not_see("Row 3 holds the headings", retries=50)
    found(user, "action-next").click()
    await sees(user, "Checking the rows")

    with reading(WEI) as session:
        batch = session.scalars(select(ImportBatch)).one()
    assert (batch.header_row, batch.mapping) == (3, {"code": "code", "name": "name"})


async def test_a_file_that_changes_nothing_says_so(user: User) -> None:
    for _time in range(2):
        await bring(user, "code,name\nC1,a\n")
        work()
        await user.open(f"/customers/import/{count_own()}")
        if is_there(user, "import-apply"):
            found(user, "import-apply").click()
            await sees(user, "Importing")
            work()
            await sees(user, "Done: ")

    await sees(user, "Every row is as it is in the system already: there is nothing to import.")


def count_own() -> int:
    with reading(WEI) as session:
        return session.scalar(select(func.count()).select_from(ImportBatch)) or 0


async def test_an_import_stopped_before_its_turn_can_go_on(user: User) -> None:
    await bring(user, PLAIN)
    work()
    await user.open("/customers/import/1")
    found(user, "import-apply").click()
    await sees(user, "You may leave this page")

    found(user, "action-stop").click()
    await sees(user, "Stop this import?")
    found(user, "action-confirm").click()
    await sees(user, "Stopped. 0 rows were imported; the others were not.")
    found(user, "action-continue").click()
    await sees(user, "You may leave this page")
    work()

    assert count(Customer) == 1


async def test_a_check_that_failed_says_why_and_can_be_tried_again(user: User, data_dir: Path) -> None:
    await bring(user, PLAIN)
    with reading(WEI) as session:
        sha256 = session.scalars(select(ImportBatch.sha256)).one()
    stored = data_dir / "files" / sha256[:2] / sha256
    stored.write_bytes(b"")
    work()
    await user.open("/customers/import/1")
    await sees(user, "客户.csv is empty. Check that it was saved and copied completely.")

    stored.write_text(PLAIN)
    found(user, "action-check").click()
    await sees(user, "Checking the rows")
    work()
    await user.open("/customers/import/1")

    assert is_there(user, "import-apply")


@pytest.mark.parametrize("path", ("/customers/import/1", "/imports/1", "/imports/1/errors.xlsx"))
async def test_another_persons_import_looks_like_one_that_is_not_there(user: User, path: str) -> None:
    await bring(user, PLAIN)
    sign_in_as(user.http_client, LING)

    other = await user.http_client.get(path)
    unknown = await user.http_client.get(path.replace("1", "77"))
    endless = await user.http_client.get(path.replace("1", "9" * 30))

    assert [other.status_code, unknown.status_code, endless.status_code] == [404, 404, 422]


async def test_an_import_is_found_under_its_own_resource_only(user: User) -> None:
    await bring(user, PLAIN)

    elsewhere = await user.http_client.get("/partners/import/1")
    record = await user.http_client.get("/imports/1")

    assert elsewhere.status_code == 404
    assert (record.status_code, record.headers["location"]) == (303, "/customers/import/1")


async def test_the_workbooks_to_fill_in_and_to_correct_can_be_fetched(user: User) -> None:
    await bring(user, PLAIN)
    work()

    template = await user.http_client.get("/customers/template.xlsx")
    errors = await user.http_client.get("/imports/1/errors.xlsx")

    for answer in (template, errors):
        assert (answer.status_code, answer.content[:2]) == (200, b"PK")
        assert answer.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert quote("客户 – errors.xlsx") in errors.headers["content-disposition"]


async def test_what_was_brought_lately_is_offered_again(user: User) -> None:
    await bring(user, ODD)

    await user.open("/customers/import")

    await sees(user, "Your last imports")
    await sees(user, "客户.csv")
    await sees(user, "Not imported yet")


async def test_the_list_of_imports_opens_for_who_imports(user: User) -> None:
    await bring(user, ODD)

    await user.open("/imports")

    assert is_there(user, "grid-imports")
    await sees(user, "1 row")
