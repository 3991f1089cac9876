"""Quotas of storage: what one sender and all together may send within a day, counted so that no race passes them."""

import threading
from datetime import timedelta
from io import BytesIO

import pytest
from sqlalchemy import func, select

from core.clock import freeze, now
from core.database.retention import purge_slice
from core.database.sessions import reading, transact, unit_of_work
from core.errors import DomainError
from core.files.contents import store_file
from core.settings import MIB
from models.received_contents import ReceivedContent
from services.accounts.sessions import AUTHENTICATION
from services.files import received_contents
from services.files.received_contents import (
    ADDRESS_PICTURE_BYTES_MAX,
    BLOCK_BYTES,
    PERSON_IMPORT_BYTES_MAX,
    PERSON_PICTURE_BYTES_MAX,
    RETENTION,
    WINDOW,
    ContentKind,
    Sender,
    give_back,
    receive_content,
    require_quota_and_room,
)
from tests.conftest import WEI

FAIR, OTHER = Sender("address:192.0.2.1", is_signed_in=False), Sender("address:192.0.2.2", is_signed_in=False)
PERSON = Sender("person:wei@example.com", is_signed_in=True)
PICTURE, IMPORT = ContentKind.PICTURE, ContentKind.IMPORT


@pytest.fixture(autouse=True)
def roomy(database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the machine's own disk decide nothing."""
    monkeypatch.setattr(received_contents, "DISK_FLOOR_BYTES", 0)
    monkeypatch.setattr(received_contents, "_free_bytes", lambda: 100 * 1024 * MIB)


def send(sender: Sender, size_bytes: int, kind: ContentKind = PICTURE, sha256: str = "") -> int:
    return transact(AUTHENTICATION, lambda session: receive_content(session, sender, kind, size_bytes, sha256))


def refusal(sender: Sender, size_bytes: int, kind: ContentKind = PICTURE) -> DomainError:
    before = rows()
    with pytest.raises(DomainError) as refused:
        send(sender, size_bytes, kind)
    assert rows() == before
    return refused.value


def rows() -> int:
    with reading(AUTHENTICATION) as session:
        count = select(func.count()).select_from(ReceivedContent)
        return session.scalar(count, execution_options={"see_all": "a test"}) or 0


def test_a_trade_fair_behind_one_address_hands_in_three_photos_each(database):
    for _applicant in range(60):
        for _photo in range(3):
            send(FAIR, MIB)


LIMITS = [
    (FAIR, PICTURE, ADDRESS_PICTURE_BYTES_MAX),
    (PERSON, PICTURE, PERSON_PICTURE_BYTES_MAX),
    (PERSON, IMPORT, PERSON_IMPORT_BYTES_MAX),
]


@pytest.mark.parametrize(("sender", "kind", "bytes_max"), LIMITS, ids=["address", "person", "imports of a person"])
def test_a_sender_sends_up_to_the_limit_of_a_day_and_not_a_block_more(
    sender: Sender, kind: ContentKind, bytes_max: int
):
    with freeze(at := now()):
        send(sender, bytes_max - BLOCK_BYTES, kind)
        send(sender, BLOCK_BYTES, kind)
        error = refusal(sender, 1, kind)
        with pytest.raises(DomainError), reading(AUTHENTICATION) as session:
            require_quota_and_room(session, sender, kind, 1)
    with freeze(at + WINDOW + timedelta(seconds=1)):
        send(sender, bytes_max, kind)

    assert (error.status, error.code, error.retry_after_s) == (429, "contents.quota", WINDOW.total_seconds() + 1)
    assert str(bytes_max // MIB) in error.text


def test_one_sender_takes_nothing_from_another(database):
    send(FAIR, ADDRESS_PICTURE_BYTES_MAX)

    assert send(OTHER, MIB)
    assert send(PERSON, MIB)


def test_pictures_that_belong_to_nothing_have_a_total_of_which_half_is_for_people_with_an_account(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(received_contents, "ORPHAN_BYTES_MAX", 4 * MIB)
    send(FAIR, 2 * MIB)

    error = refusal(OTHER, 1)
    send(PERSON, 2 * MIB)
    full = refusal(PERSON, 1)

    assert (error.status, error.code, full.code) == (507, "contents.full", "contents.full")
    assert error.retry_after_s > 0
    assert send(PERSON, MIB, IMPORT)


def test_a_picture_that_is_filed_counts_no_longer_in_the_total(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(received_contents, "ORPHAN_BYTES_MAX", 4 * MIB)
    with unit_of_work(WEI) as session:
        sha256 = store_file(session, BytesIO(b"filed"), "picture.jpg").sha256
    send(FAIR, 2 * MIB, sha256=sha256)

    assert send(FAIR, 2 * MIB, sha256="0" * 64)
    assert refusal(FAIR, 1).code == "contents.full"


def test_a_tenth_of_the_free_disk_is_the_total_of_a_small_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(received_contents, "_free_bytes", lambda: 20 * MIB)

    send(FAIR, MIB)

    assert refusal(FAIR, 1).code == "contents.full"


def test_a_disk_that_is_nearly_full_takes_nothing_of_anybody(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(received_contents, "DISK_FLOOR_BYTES", 100 * 1024 * MIB - 1)

    assert send(FAIR, 1)
    for sender, kind in ((FAIR, PICTURE), (PERSON, PICTURE), (PERSON, IMPORT)):
        error = refusal(sender, 2, kind)
        assert (error.status, error.code) == (507, "contents.disk_full")


def test_what_did_not_arrive_is_given_back(database):
    content_id = send(PERSON, PERSON_IMPORT_BYTES_MAX, IMPORT)
    assert refusal(PERSON, 1, IMPORT).code == "contents.quota"

    transact(AUTHENTICATION, lambda session: give_back(session, content_id))

    assert send(PERSON, PERSON_IMPORT_BYTES_MAX, IMPORT)


def test_rows_are_gone_after_the_day_they_count_for(database):
    with freeze(at := now()):
        send(FAIR, 1)
    with freeze(at + WINDOW / 2):
        send(FAIR, 1)
    with freeze(at + WINDOW + timedelta(seconds=1)):
        transact(AUTHENTICATION, lambda session: purge_slice(session, RETENTION))

    assert rows() == 1


def test_many_at_the_same_moment_get_no_more_than_one_after_the_other(database):
    send(FAIR, ADDRESS_PICTURE_BYTES_MAX - 2 * MIB)
    ready, outcomes = threading.Barrier(8), []

    def one() -> None:
        ready.wait()
        try:
            send(FAIR, MIB)
            outcomes.append("sent")
        except DomainError as error:
            outcomes.append(error.code)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(outcomes) == ["contents.quota"] * 6 + ["sent"] * 2
