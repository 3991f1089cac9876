"""A database without its triggers is noticed at start, by doctor and by check; anchors show a cut or rebuilt chain."""

import json

import pytest
from sqlalchemy import text

from core.database.sessions import engine_in_use, reading, unit_of_work
from core.errors import Conflict
from core.events.anchors import anchor_faults, anchors_path, write_daily_anchor
from core.events.log import EventDraft, record
from core.events.seals import RECENT_SEALS, chain_faults, recent_chain_faults
from core.i18n import use_language
from core.schema import versions
from core.schema.shape import missing_guards, schema_faults
from services.installation.checks import broken_invariants
from tests.conftest import ADMIN
from tests.support.sealing import seal_events


def happen(*keys: str) -> None:
    with unit_of_work(ADMIN) as session:
        record(session, "customer.changed", "customers", [EventDraft(key) for key in keys])
    seal_events()


def as_owner(*statements: str) -> None:
    """Change the database as its owner can."""
    with engine_in_use().begin() as connection:
        if connection.dialect.name == "postgresql":
            connection.execute(text("RESET ROLE"))
        for statement in statements:
            connection.execute(text(statement))


@pytest.fixture
def guarded(database):
    """Give the database, and put its triggers back afterwards: other tests use the same one on PostgreSQL."""
    yield database
    versions.restore_guards(database)


def drop(dialect: str) -> str:
    return "DROP TRIGGER events_no_delete" if dialect == "sqlite" else "DROP TRIGGER events_no_change ON events"


def test_a_database_as_it_was_made_lacks_nothing(database):
    assert list(schema_faults(database)) == []


def test_a_removed_trigger_is_named_and_the_database_refused(guarded):
    as_owner(drop(guarded.dialect.name))

    with pytest.raises(Conflict) as refused:
        versions.require_current(guarded)

    assert refused.value.code == "database.guards_missing"
    assert "events_no_" in refused.value.text
    with reading(ADMIN) as session:
        assert any("events_no_" in one["detail"] for one in broken_invariants(session) if one["check"] == "schema")


def test_a_trigger_that_does_nothing_counts_as_changed(guarded):
    if guarded.dialect.name == "sqlite":
        as_owner(
            "DROP TRIGGER events_no_delete",
            "CREATE TRIGGER events_no_delete BEFORE DELETE ON events BEGIN SELECT 1; END",
        )
    else:
        as_owner("ALTER TABLE events DISABLE TRIGGER events_no_change")

    with use_language("en"):
        assert [one.split()[-1] for one in missing_guards(guarded)] == ["off"]


def test_migrate_puts_triggers_back_and_records_it(guarded):
    as_owner(drop(guarded.dialect.name))

    restored = versions.restore_guards(guarded)

    assert len(restored) == 1
    versions.require_current(guarded)
    with reading(ADMIN) as session:
        actions = session.execute(text("SELECT action FROM events")).scalars().all()
    assert actions == ["audit_log.triggers_restored"]
    assert versions.restore_guards(guarded) == []


def test_the_newest_part_is_looked_at_at_every_start(guarded):
    for number in range(RECENT_SEALS + 5):
        happen(f"K{number}")
    with reading(ADMIN) as session:
        assert recent_chain_faults(session) == []

    cut("DELETE FROM events WHERE id = (SELECT max(id) FROM events)")

    with reading(ADMIN) as session:
        (fault,) = recent_chain_faults(session)
    assert fault.startswith(f"seal {RECENT_SEALS + 5}: ")


def test_a_removed_index_is_named(tmp_path, sqlite_database):
    as_owner("DROP INDEX ix_events_subject_key")

    with use_language("en"):
        assert list(missing_guards(sqlite_database)) == ["events: ix_events_subject_key is missing"]


def cut(*statements: str) -> None:
    """Change events and seals as an owner does who removes the triggers and puts them back."""
    engine = engine_in_use()
    if engine.dialect.name == "postgresql":
        as_owner("SET LOCAL session_replication_role = replica", *statements)
        return
    names = [f"{table}_no_{word}" for table in ("events", "event_seals") for word in ("update", "delete", "replace")]
    as_owner(*(f"DROP TRIGGER {name}" for name in names), *statements)
    versions.restore_guards(engine)


def faults() -> tuple[list[str], list[str]]:
    with reading(ADMIN) as session:
        return list(chain_faults(session)), list(anchor_faults(session))


def anchor() -> bool:
    with reading(ADMIN) as session:
        return write_daily_anchor(session)


def test_an_anchor_is_written_once_a_day_for_its_owner_only(database):
    assert not anchor(), "there is nothing to anchor yet"
    happen("K1")

    assert anchor()
    assert not anchor()
    assert len(anchors_path().read_text().splitlines()) == 1
    assert anchors_path().stat().st_mode & 0o077 == 0
    assert faults() == ([], [])


def test_a_log_cut_together_with_its_seals_is_found_by_the_anchor(database):
    happen("K1")
    happen("K2")
    anchor()

    cut("DELETE FROM events WHERE subject_key = 'K2'", "DELETE FROM event_seals WHERE id = 2")

    chain, anchors = faults()
    assert chain == []
    assert len(anchors) == 1
    assert "seal 2" in anchors[0]


def test_a_chain_made_anew_is_found_by_the_anchor(database):
    happen("K1")
    anchor()

    cut("UPDATE events SET actor = 'somebody'", "DELETE FROM event_seals")
    seal_events()

    chain, anchors = faults()
    assert chain == []
    assert len(anchors) == 1


def test_a_changed_anchor_is_found(database):
    happen("K1")
    anchor()
    line = json.loads(anchors_path().read_text())
    anchors_path().write_text(json.dumps({**line, "seal": 7}) + "\n")

    assert "changed" in faults()[1][0]
