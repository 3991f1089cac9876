"""The migration of events, with rows before and after: sealed ones stay as they are, the chain goes on over both."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

from core.database.sessions import connect, reading, unit_of_work
from core.events.log import Event, EventDraft, record
from core.events.seals import chain_faults
from core.schema import versions
from pages.resources.history import history_of
from resources.customers import CUSTOMERS
from tests.conftest import ADMIN, driver_url
from tests.support.postgres import empty_postgres_url
from tests.support.sealing import seal_events

MICROSECONDS = 1_796_000_000_000_000  # 2026-11-30 00:53:20 UTC
AT = "2026-11-30 00:53:20.000000"
EVENTS: tuple[dict[str, Any], ...] = (
    {"action": "customer.created", "changes": {}},
    {"action": "customer.changed", "changes": {"owner_id": [None, 1], "name": ["甲", "乙"]}},
    {"action": "customer.changed", "changes": {"stage": ["lead", "won"]}},
)
EVENT = (
    "INSERT INTO events (at, actor, person, source, action, subject, subject_key, path, changes, data)"
    " VALUES (:at, 'wei', 'wei@example.com', 'screen', :action, 'customers', 'C1', '', :changes, '{}')"
)
SEAL = (
    "INSERT INTO event_seals (id, after_event_id, last_event_id, event_count, digests, previous_hash, hash, sealed_at)"
    " VALUES (1, 0, 2, 2, :digests, :previous, :hash, :at)"
)


def old_hash(number: int, event: dict[str, Any]) -> bytes:
    """Return the hash of an event as it was before it had a format, written out without the product's own code."""
    changes = json.dumps(event["changes"], ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    texts = [
        str(number), str(MICROSECONDS), "wei", "wei@example.com", "screen", event["action"], "customers", "C1", "",
        changes, "{}",
    ]  # fmt: skip
    parts = [len(one.encode()).to_bytes(4, "big") + one.encode() for one in texts]
    return hashlib.sha256(b"".join(parts) + b"\xff" * 4).digest()


def old_seal() -> dict[str, str]:
    """Return the seal over the first two events."""
    hashes = [old_hash(number, event) for number, event in enumerate(EVENTS[:2], 1)]
    numbers = b"".join(number.to_bytes(8, "big") for number in (0, 2, 2))
    whole = hashlib.sha256(b"qudao event seal 1" + bytes(32) + numbers + b"".join(hashes)).hexdigest()
    return {"digests": "".join(one.hex()[:8] for one in hashes), "previous": "0" * 64, "hash": whole}


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str, data_dir: Path) -> Iterator[Engine]:
    """Give a database with two sealed events and one that is not sealed yet, from before events had a format."""
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path / 'before.db'}")
        at = AT
    else:
        engine = connect(driver_url(empty_postgres_url(f"events_{worker_id}")))
        at = f"{AT}+00"
        versions.make_role(engine)
    with versions.alone(engine) as connection:
        versions.upgrade(connection, "0014")
    with engine.begin() as connection:
        for event in EVENTS:
            values = {"at": at, "action": event["action"], "changes": json.dumps(event["changes"])}
            connection.execute(text(EVENT), values)
        connection.execute(text(SEAL), old_seal() | {"at": at})
    versions.migrate(engine)
    engine.dispose()
    yield engine
    engine.dispose()


def faults() -> list[str]:
    with reading(ADMIN) as session:
        return list(chain_faults(session))


def go_on() -> None:
    """Record an event of today and seal what is not sealed."""
    with unit_of_work(ADMIN) as session:
        happening = EventDraft("C1", changes={"name": ["乙", "丙"]}, version=4)
        record(session, "customer.changed", "customers", [happening])
    seal_events()


def test_events_of_before_stay_as_they_are_and_say_their_format(migrated):
    go_on()

    with reading(ADMIN) as session:
        rows = session.scalars(select(Event).order_by(Event.id)).all()
    assert [(one.format, one.subject_version, one.created_values) for one in rows] == [
        (1, None, None),
        (1, None, None),
        (1, None, None),
        (2, 4, None),
    ]
    assert [one.changes for one in rows[:3]] == [event["changes"] for event in EVENTS]


def test_the_chain_holds_over_events_of_both_formats(migrated):
    assert faults() == []
    go_on()

    assert faults() == []


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("format = 2 WHERE id = 2", "seal 1: the log differs after event 1"),
        ("subject_version = 1 WHERE id = 1", "seal 1: the log differs after event 0"),
        ("created_values = '{}' WHERE id = 1", "seal 1: the log differs after event 0"),
        ("actor = 'x' WHERE id = 3", "seal 2: the log differs after event 2"),
        ("format = 1, subject_version = NULL WHERE id = 4", "seal 2: the log differs after event 3"),
    ],
)
def test_a_change_of_either_format_is_found(migrated, change, place):
    go_on()
    with migrated.begin() as connection:
        if migrated.dialect.name == "sqlite":
            connection.exec_driver_sql("DROP TRIGGER events_no_update")
        else:
            connection.execute(text("RESET ROLE"))
            connection.execute(text("SET LOCAL session_replication_role = replica"))
        connection.execute(text(f"UPDATE events SET {change}"))

    assert any(place in one for one in faults()), faults()


def test_the_history_reads_both_formats(migrated):
    go_on()

    with reading(ADMIN) as session:
        story = history_of(session, CUSTOMERS, "C1")
    changes = [{one.label: (one.before, one.after) for one in entry.changes} for entry in story]
    assert [set(one) for one in changes] == [{"客户名称"}, {"阶段"}, {"客户名称", "负责人"}, set()]
    assert changes[2]["客户名称"] == ("甲", "乙")
    assert changes[2]["负责人"][1] == "#1"
