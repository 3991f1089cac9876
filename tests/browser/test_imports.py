"""Importing in a real browser against the real server and its worker, each in a process of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from openpyxl import Workbook
from playwright.sync_api import Page, expect
from sqlalchemy import delete, func, select

from core.database.sessions import connect, reading, unit_of_work
from core.drafts import draft_rows
from importers.writing.xlsx import SheetColumn, write_xlsx
from models.customers import Customer
from models.imports import ImportBatch, ImportProblem, ImportSlice, ImportWorkbook
from resources.customers import CUSTOMERS
from services.customers import save_customers
from services.saving.plans import SaveOptions
from tests.conftest import ADMIN, WEI
from tests.support.browsing import Contexts
from tests.support.looking import faults, keep, note_errors, sign_in
from tests.support.server import Server

PATIENCE_MS = 60_000
ROWS = 60_000  # several slices
SIZES = {"desk": {"width": 1440, "height": 900}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(scope="module")
def server(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Give a server that may be killed and started again, with a database that the tests reach too."""
    folder = tmp_path_factory.mktemp("imports")
    shutil.copy(sqlite_template, folder / "qudao.db")
    engine = connect(f"sqlite:///{folder / 'qudao.db'}")
    server = Server(f"sqlite:///{folder / 'qudao.db'}", folder, totp_roles="")
    yield server
    server.kill()
    engine.dispose()


@pytest.fixture(autouse=True)
def nothing_imported(server: Server) -> None:
    """Begin each test without the rows of the one before, and without the columns that it chose."""
    with unit_of_work(WEI) as session:
        for model in (ImportProblem, ImportSlice, ImportWorkbook, ImportBatch, Customer):
            session.execute(delete(model))


@pytest.fixture(params=["desk"])
def page(contexts: Contexts, server: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    """Give a page of Wei's, in Chinese, that must not report any error of script or security policy."""
    context = contexts.lend(viewport=SIZES[request.param], locale="zh-CN")
    sign_in(context, server.address, WEI)
    keep(context, server.address, qudao_language="zh_CN")
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    expect.set_options(timeout=PATIENCE_MS)
    errors = note_errors(page)
    yield page
    expect.set_options(timeout=5_000)
    expected = ("ERR_CONNECTION", "WebSocket", "status of 422")
    assert [one for one in errors if not any(words in one for words in expected)] == []


def bring(page: Page, server: Server, path: Path) -> None:
    page.goto(f"{server.address}/customers/import")
    page.get_by_test_id("import-file").set_input_files(path)
    page.wait_for_url("**/customers/import/*")


def stored() -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(Customer)) or 0


@pytest.mark.parametrize("page", ["desk", "phone"], indirect=True)
def test_a_messy_workbook_goes_from_the_file_to_the_list(page: Page, server: Server, tmp_path: Path):
    book = Workbook()
    book.active.append(["客户收集表"])
    rows = book.create_sheet("华东区")
    for cells in (
        ["2026 年客户名单"],
        ["客户编号", "客户全称", "手机号码", "客户阶段", "规模"],
        ["HD01", "静安一号店", 13800138000, "已成交", "大"],
        ["HD02", "静安二号店", "1380", "已成交", "小"],
    ):
        rows.append(cells)
    book.save(tmp_path / "客户.xlsx")

    bring(page, server, tmp_path / "客户.xlsx")
    expect(page.get_by_text("导入哪个工作表？")).to_be_visible()
    page.get_by_test_id("action-next").click()
    page.wait_for_url("**step=columns")
    expect(page.get_by_test_id("field-column-0")).to_be_visible()
    page.get_by_test_id("action-next").click()
    page.wait_for_url("**step=check")
    expect(page.get_by_test_id("import-apply")).to_have_text("导入 1 行")
    expect(page.get_by_test_id("import-problems")).to_contain_text("1380")
    page.get_by_test_id("import-apply").click()

    expect(page.get_by_test_id("import-outcome")).to_have_text("已导入 1 行；1 行有错，没有导入。")
    with page.expect_download() as download:
        page.get_by_test_id("action-errors").click()
    assert download.value.suggested_filename == "客户 - 错误.xlsx"
    assert stored() == 1


@pytest.mark.parametrize("page", ["desk", "phone"], indirect=True)
def test_rows_that_change_show_both_values_before_anything_is_stored(page: Page, server: Server, tmp_path: Path):
    known = "".join(f"HD{number:02},静安{number}号店,1380013{number:04}\n" for number in range(30))
    drafts, problems = draft_rows(CUSTOMERS.stated_fields, range(30), columns_of(known))
    with unit_of_work(WEI) as session:
        save_customers(session, drafts, SaveOptions())
    changed = known.replace("静安7号店", "静安七号店").replace("13800130008", "13900130008")
    (tmp_path / "客户.csv").write_text("客户编码,客户名称,电话\n" + changed + "N1,新店,\nN2,坏店,12\n")

    bring(page, server, tmp_path / "客户.csv")
    page.get_by_role("tab", name="变更 2").click()

    rows = page.get_by_test_id("import-rows-updated").locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("原值静安7号店新值静安七号店")
    expect(rows.nth(1)).to_contain_text("原值138 0013 0008新值139 0013 0008")
    assert (problems, faults(page)) == ([], [])
    page.get_by_role("tab", name="相同 28").click()
    page.get_by_test_id("import-rows-unchanged").locator("..").locator("..").get_by_test_id("action-next-page").click()
    expect(page.get_by_test_id("import-rows-unchanged").locator("tbody tr")).to_have_count(3)
    assert stored() == 30


def columns_of(lines: str) -> dict[str, list[str]]:
    rows = zip(*(line.split(",") for line in lines.splitlines()), strict=True)
    return dict(zip(("code", "name", "phone"), map(list, rows), strict=True))


def test_a_file_that_cannot_be_read_says_so_where_it_was_dropped(page: Page, server: Server, tmp_path: Path):
    (tmp_path / "客户.xlsx").write_bytes(b"%PDF-1.7")

    page.goto(f"{server.address}/customers/import")
    page.get_by_test_id("import-file").set_input_files(tmp_path / "客户.xlsx")

    expect(page.get_by_role("alert").filter(has_text="客户.xlsx")).to_be_visible()
    assert page.url.endswith("/customers/import")


def test_an_import_goes_on_after_the_server_died(page: Page, server: Server, tmp_path: Path):
    with (tmp_path / "many.xlsx").open("wb") as target:
        headings = [SheetColumn(heading) for heading in ("code", "name")]
        write_xlsx(target, "Sheet", headings, ([f"C{number}", "a"] for number in range(ROWS)))
    bring(page, server, tmp_path / "many.xlsx")
    page.get_by_test_id("import-apply").click()
    page.wait_for_url("**step=done")
    address = page.url

    server.kill()
    before = stored()
    server.start()
    page.goto(address)

    expect(page.get_by_test_id("import-outcome")).to_have_text("完成：已导入 60,000 行。")
    assert before < ROWS
    assert stored() == ROWS
