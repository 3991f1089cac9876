"""The hash chain of the audit log: what is sealed, and which tampering it shows."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select, text

from core.database.sessions import engine_in_use, reading, unit_of_work
from core.events.log import EventDraft, record
from core.events.seals import NO_HASH, EventSeal, Sealer, add_seal, chain_faults, event_hash, seal_hash
from tests.conftest import ADMIN
from tests.support.sealing import seal_events, seal_to_come

AT = datetime(2026, 11, 30, 8, 30, 0, 123456, tzinfo=UTC)
VECTOR = (
    1,
    AT,
    "魏川",
    "wei@example.com",
    "screen",
    "customer.changed",
    "customers",
    "KH-1",
    "",
    {"name": ["a", "b"]},
    {},
    None,
    1,
    None,
    None,
)
EVENT_SHA256 = "c0ba5abccc82925f6a2153c245c0d2c4b1f13607ee5c68b9367b6f314d7840da"
VECTOR_2 = (*VECTOR[:-3], 2, 7, {"name": "b"})
EVENT_2_SHA256 = "5ddcc6a6e1f0047abe406953f0a8db05ea2cf78ef657ff07f72a62526b8ec067"
SEAL_SHA256 = "65b7dedecf1e45024a91af0b40e279c46497b24306960911d22196ce1529ec91"


def happen(*keys: str) -> None:
    with unit_of_work(ADMIN) as session:
        record(
            session, "customer.changed", "customers", [EventDraft(key, changes={"name": ["a", key]}) for key in keys]
        )


def faults() -> list[str]:
    with reading(ADMIN) as session:
        return list(chain_faults(session))


def seals() -> list[EventSeal]:
    with reading(ADMIN) as session:
        return list(session.scalars(select(EventSeal).order_by(EventSeal.id)))


def tamper(statement: str) -> None:
    """Change the database as its owner can."""
    engine = engine_in_use()
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for table in ("events", "event_seals"):
                for word in ("update", "delete", "replace"):
                    connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {table}_no_{word}")
        else:
            connection.execute(text("RESET ROLE"))
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(statement))


@pytest.fixture
def sealed(database):
    happen("K1", "K2", "K3")
    happen("K4")
    seal_events()
    happen("K5", "K6")
    seal_events()
    assert faults() == []


def test_hashes_are_the_published_ones():
    assert event_hash(VECTOR).hex() == EVENT_SHA256
    assert (
        seal_hash(NO_HASH, 0, 1, [event_hash(VECTOR)])
        == "65b7dedecf1e45024a91af0b40e279c46497b24306960911d22196ce1529ec91"
    )


def test_the_hash_of_an_event_of_the_second_format_is_the_published_one_too():
    assert event_hash(VECTOR_2).hex() == EVENT_2_SHA256


@pytest.mark.parametrize("more", [(1, 7, None), (1, None, {}), (2, None, None), (3, None, None)])
def test_no_column_of_the_second_format_can_be_added_to_an_event_of_the_first(more):
    assert event_hash((*VECTOR[:-3], *more)).hex() != EVENT_SHA256


def test_each_seal_follows_the_one_before_it(sealed):
    first, second = seals()

    assert (first.id, first.after_event_id, first.event_count, first.previous_hash) == (1, 0, 4, NO_HASH)
    assert (second.id, second.after_event_id, second.event_count) == (2, first.last_event_id, 2)
    assert second.previous_hash == first.hash


def test_sealing_again_adds_nothing(sealed):
    seal_events()

    assert len(seals()) == 2


@pytest.mark.parametrize(
    ("statement", "found"),
    [
        ("UPDATE events SET actor = 'somebody' WHERE subject_key = 'K3'", "seal 1: the log differs after event 2"),
        ('UPDATE events SET changes = \'{"name": ["a", "K9"]}\' WHERE subject_key = \'K1\'', "after event 0"),
        ("DELETE FROM events WHERE subject_key = 'K2'", "seal 1: the log differs after event 1"),
        ("DELETE FROM events WHERE subject_key = 'K6'", "seal 2: 1 events are missing up to event 6"),
        ("UPDATE event_seals SET digests = '' WHERE id = 1", "seal 1: the seal itself was changed"),
        ("UPDATE event_seals SET event_count = 9, hash = previous_hash WHERE id = 1", "seal 1: the seal itself was"),
        ("DELETE FROM event_seals WHERE id = 1", "seal 2: it does not follow"),
        ("UPDATE events SET format = 1 WHERE subject_key = 'K3'", "seal 1: the log differs after event 2"),
        ("UPDATE events SET subject_version = 9 WHERE subject_key = 'K3'", "seal 1: the log differs after event 2"),
        ("UPDATE events SET created_values = '{}' WHERE subject_key = 'K3'", "seal 1: the log differs after event 2"),
        (
            "UPDATE events SET subject_key = CASE subject_key WHEN 'K1' THEN 'K2' ELSE 'K1' END"
            " WHERE subject_key IN ('K1', 'K2')",
            "seal 1: the log differs after event 0",
        ),
    ],
    ids=[
        "changed",
        "value",
        "removed",
        "last removed",
        "digests",
        "seal changed",
        "seal removed",
        "format",
        "version",
        "values",
        "swapped",
    ],
)
def test_tampering_is_found_and_the_place_is_named(sealed, statement, found):
    tamper(statement)

    assert any(found in one for one in faults()), faults()


def test_an_event_of_a_transaction_that_ends_late_is_sealed_too(database):
    """On PostgreSQL ids are given before transactions end: nothing may be sealed past an open one."""
    if database.dialect.name == "sqlite":
        return  # one writer at a time
    sealer = Sealer()
    with unit_of_work(ADMIN) as late:
        record(late, "customer.changed", "customers", [EventDraft("LATE")])
        happen("EARLY")
        sealer.seal()
        sealer.seal()
        assert seals() == []
    seal_events()

    assert faults() == []
    assert sum(one.event_count for one in seals()) == 2


def test_two_sealers_at_once_make_one_chain(database):
    happen("K1")
    first, second = Sealer(), Sealer()
    slow = seal_to_come(first)
    seal_events()

    assert not add_seal(slow)
    assert second.seal() is False
    assert len(seals()) == 1
