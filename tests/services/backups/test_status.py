"""State of the scheduled backups: age, size, number, last copy and proof, and when there has been none for too long."""

import shutil
from datetime import datetime, timedelta

import pytest

from core.clock import freeze, now
from core.database.sessions import reading, unit_of_work
from core.errors import NotPermitted
from core.jobs.queueing import enqueue
from core.jobs.rows import JobStatus
from core.settings import settings
from services.backups.retention import file_name
from services.backups.status import COPY, MAKE, PROVE, BackupStatus, backup_age_h, backup_status
from services.installation.maintenance import diagnose
from tests.conftest import ADMIN, WEI
from tests.services.backups.scheduled import make_at

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
FILE = "qudao-20261201T193000Z.qudao"


def status() -> BackupStatus:
    with reading(ADMIN) as session:
        return backup_status(session)


def add_job(name: str, state: JobStatus, at: datetime, error: str | None = None) -> None:
    """Add a job of an instant, which ended then unless it waits or runs."""
    with freeze(at), unit_of_work(ADMIN) as session:
        row = enqueue(session, name, file=FILE)
        row.status, row.error = state.value, error
        row.finished_at = at if state in {JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED} else None


def findings() -> dict[str, tuple[str, str]]:
    return {one["name"]: (one["level"], one["detail"]) for one in diagnose()["findings"] if "backup" in one["name"]}


@pytest.fixture
def in_use(database, monkeypatch):
    """Let ``doctor`` look at the database of the test."""
    monkeypatch.setattr("services.installation.maintenance.connect_to", lambda _settings: database)
    return database


def test_age_size_and_number_are_those_of_the_files(database):
    at = now()
    file = make_at(at - 3 * DAY)
    newest = file.with_name(file_name(at - 30 * HOUR))
    shutil.copy(file, newest)

    with freeze(at):
        found = status()
        assert (found.last.path, found.last.size_bytes, found.file_count) == (newest, file.stat().st_size, 2)
        assert (backup_age_h(found.last), backup_age_h(None)) == (30.0, None)


def test_the_last_end_of_copy_and_drill_counts_with_its_sentence(database):
    at = now()
    add_job(PROVE, JobStatus.FAILED, at - 8 * DAY, "damaged")
    add_job(PROVE, JobStatus.DONE, at - DAY)
    add_job(PROVE, JobStatus.CANCELLED, at - HOUR)
    add_job(COPY, JobStatus.DONE, at - 2 * DAY)
    add_job(COPY, JobStatus.FAILED, at - DAY, "the share is gone")
    add_job(COPY, JobStatus.RUNNING, at)

    found = status()

    assert (found.attempt, found.proof) == (None, (at - DAY, FILE, ""))
    assert found.copy == (at - DAY, FILE, "the share is gone")


def test_a_backup_is_late_after_two_days(database):
    at = now().replace(microsecond=0)
    make_at(at - 2 * DAY)

    with freeze(at):
        assert not status().is_late
    with freeze(at + HOUR):
        assert status().is_late


def test_where_there_is_none_it_is_late_two_days_after_the_first_attempt(database):
    at = now()
    assert not status().is_late

    add_job(MAKE, JobStatus.FAILED, at - 3 * DAY, "full")
    add_job(MAKE, JobStatus.FAILED, at - HOUR, "full")

    assert status().is_late
    with freeze(at - DAY - HOUR):
        assert not status().is_late


def test_one_that_is_being_made_is_waited_for_a_day(database):
    at = now()
    add_job(MAKE, JobStatus.FAILED, at - 5 * DAY, "full")
    add_job(MAKE, JobStatus.RUNNING, at)

    assert not status().is_late
    with freeze(at + DAY + HOUR):
        assert status().is_late


def test_only_who_operates_the_installation_sees_it(sqlite_database):
    with pytest.raises(NotPermitted), reading(WEI) as session:
        backup_status(session)


def test_the_doctor_knows_the_age_the_free_disk_and_whether_it_can_be_written_to(in_use, monkeypatch):
    facts = diagnose()
    assert (facts["backup_age_h"], facts["writable"]) == (None, True)
    assert facts["disk_free_mib"] == pytest.approx(shutil.disk_usage(settings().data_dir.parent).free // 2**20, abs=200)

    make_at(now() - 5 * HOUR)
    monkeypatch.setattr("services.installation._setting_findings.write_problem", lambda _folder: OSError("read-only"))
    facts = diagnose()
    assert (facts["backup_age_h"], facts["writable"], facts["ok"]) == (5.0, False, False)


def test_the_doctor_warns_without_a_backup_and_says_why_there_is_none(in_use):
    (before,) = [findings()]
    add_job(MAKE, JobStatus.FAILED, now(), "The disk is full.")

    assert [before["backup"][0], *before] == ["warning", "backup"]
    assert findings() == {"backup": ("warning", "The disk is full.")}


def test_the_doctor_is_content_with_a_backup_that_is_copied_and_proven(in_use, tmp_path, monkeypatch):
    monkeypatch.setenv("QUDAO_BACKUP_COPY", str(tmp_path / "second"))
    settings.cache_clear()
    make_at(now())
    for name in (MAKE, COPY, PROVE):
        add_job(name, JobStatus.DONE, now())

    assert [level for level, _detail in findings().values()] == ["ok"] * 3
    assert sorted(findings()) == ["backup", "backup copy", "backup proof"]


def test_the_doctor_warns_of_old_backups_and_of_copies_and_proofs_that_failed_or_are_missing(
    in_use, tmp_path, monkeypatch
):
    monkeypatch.setenv("QUDAO_BACKUP_COPY", str(tmp_path / "second"))
    settings.cache_clear()
    make_at(now() - 50 * HOUR)
    missing = findings()
    add_job(COPY, JobStatus.FAILED, now(), "The share is gone.")
    add_job(PROVE, JobStatus.FAILED, now(), "It is damaged.")
    failed = findings()
    add_job(COPY, JobStatus.DONE, now() + HOUR)
    add_job(PROVE, JobStatus.DONE, now() + HOUR)
    with freeze(now() + 20 * DAY):
        old = findings()

    for found in (missing, failed, old):
        assert [level for level, _detail in found.values()] == ["warning"] * 3
    assert [failed[f"backup {name}"][1].partition(": ")[2] for name in ("copy", "proof")] == [
        "The share is gone.", "It is damaged.",
    ]  # fmt: skip
