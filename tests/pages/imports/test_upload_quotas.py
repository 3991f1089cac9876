"""Import files within quotas: how much a person sends in a day and at once, and what a full disk says."""

import asyncio
from contextlib import AsyncExitStack

import pytest
from nicegui.testing import User

from core.files.contents import StoredFile
from core.settings import settings
from core.throttling.capacity import UPLOADS, WORKBOOKS, Capacity
from services.files import received_contents
from services.files.received_contents import BLOCK_BYTES
from tests.conftest import LING, WEI
from tests.pages.imports.test_upload import PLAIN, bring, count
from tests.pages.staff_rows import answer_to_test_host

pytestmark = pytest.mark.nicegui_main_file("tests/pages/imports/importing_main.py")


@pytest.fixture(autouse=True)
def host(sqlite_database, monkeypatch):
    answer_to_test_host(monkeypatch)


async def test_a_used_up_daily_quota_of_files_is_reported_and_nothing_is_stored(
    user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(received_contents, "PERSON_IMPORT_BYTES_MAX", 2 * BLOCK_BYTES)
    taken = [(await bring(user, PLAIN)).status_code for _ in range(2)]
    refused = await bring(user, PLAIN)
    other = await bring(user, PLAIN, actor=LING)

    assert (taken, refused.status_code, other.status_code) == ([201, 201], 429, 201)
    assert (refused.json()["code"], "Try again in 24 h" in refused.json()["message"]) == ("contents.quota", True)
    assert int(refused.headers["retry-after"]) > 80_000
    assert count(StoredFile) == 3


async def test_a_disk_that_is_nearly_full_takes_no_file(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(received_contents, "DISK_FLOOR_BYTES", 2**60)

    refused = await bring(user, PLAIN)

    assert (refused.status_code, refused.json()["code"]) == (507, "contents.disk_full")
    assert not list((settings().data_dir / "files").glob("*/*"))


@pytest.mark.parametrize(("capacity", "most"), [(UPLOADS, 3), (WORKBOOKS, 6)], ids=["on their way", "being read"])
async def test_a_person_sends_a_few_files_at_once_and_others_go_on(user: User, capacity: Capacity, most: int) -> None:
    async with AsyncExitStack() as stack:
        waiting = [asyncio.create_task(stack.enter_async_context(capacity.slot(WEI.person))) for _ in range(most)]
        await asyncio.sleep(0)
        refused = await bring(user, PLAIN)
        other = await bring(user, PLAIN, actor=LING)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)

    assert (refused.status_code, refused.json()["code"], other.status_code) == (429, "capacity.caller", 201)
    assert int(refused.headers["retry-after"]) > 0
