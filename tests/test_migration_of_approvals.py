"""The migrations to cases, with rows before and after: every decision is there with its facts, and what waits waits."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, select, text

import services.installation.checks  # noqa: F401  (registers every subject of approvals)
from core.database.sessions import connect, reading, transact
from core.schema import versions
from models.approvals import ApprovalCase, ApprovalDecision, ApprovalStep
from services.applications.approval import approve_application
from services.approvals.checks import check_cases, check_decisions, check_digests, check_steps
from services.approvals.worklist import waiting_counts
from services.orders.approval import approve_order
from services.stores.review import decide_store
from tests.conftest import ADMIN, LING, driver_url
from tests.support.postgres import empty_postgres_url

AT = "2026-01-0{day} 08:00:00.000000"


def at(day: int) -> str:
    return AT.format(day=day)


def insert(table: str, **values: Any) -> tuple[str, dict[str, Any]]:
    names = ", ".join(values)
    return f"INSERT INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in values)})", values


def versioned(day: int = 1, version: int = 1) -> dict[str, Any]:
    return {"version": version, "created_at": at(day), "updated_at": at(day)}


def partner(number: int, code: str, path: str, upstream_id: int | None = None) -> tuple[str, dict[str, Any]]:
    return insert(
        "partners", id=number, code=code, name=f"{code} 名", upstream_id=upstream_id, path=path,
        tier="dealer" if upstream_id else "master_agent",
        status="active", valid_from="2026-01-01", credit_limit_cents=900_00, **versioned(),
    )  # fmt: skip


def order(number: str, status: str, **values: Any) -> tuple[str, dict[str, Any]]:
    own = {"placed_by": "wei@example.com", "submitted_by": "WEI@example.com", "submitted_at": at(4)}
    money = {"total_cents": 120_00, "tax_cents": 0, "content_sha256": f"digest of {number}"}
    return insert("orders", number=number, buyer_id=2, path="000001000002", status=status,
                  **own | money | versioned(version=4) | values)  # fmt: skip


def approval(number: int, order_id: int, decision: str, day: int, reason: str) -> tuple[str, dict[str, Any]]:
    return insert(
        "approvals", id=number, order_id=order_id, path="000001000002", decision=decision, person="ling@example.com",
        name="凌", role="operations", decided_at=at(day), reason=reason, order_version=day, content_sha256=f"sha {day}",
        total_cents=day * 100, credit_limit_cents=None if day == 3 else 900_00, credit_used_cents=day * 100,
    )  # fmt: skip


def application(number: str, status: str, **values: Any) -> tuple[str, dict[str, Any]]:
    own = {
        "path": "000001000003", "partner_id": 3, "stated": "{}", "step": 4, "name": "恒源", "language": "zh_CN",
        "entered_by": "", "email": "wang@example.com", "upstream_id": 1, "submitted_at": at(4), "waits_since": at(5),
    }  # fmt: skip
    return insert("applications", number=number, status=status, **own | versioned(version=3) | values)


def event(action: str, subject: str, key: str, day: int, person: str, data: str) -> tuple[str, dict[str, Any]]:
    return insert(
        "events", at=at(day), actor=f"name of {person}", person=person, source="screen", action=action,
        subject=subject, subject_key=key, path="", changes="{}", data=data,
    )  # fmt: skip


def request(number: str, status: str, **values: Any) -> tuple[str, dict[str, Any]]:
    own = {
        "partner_id": 2, "path": "000001000002", "from_upstream_id": 1, "to_upstream_id": 3, "valid_from": "2026-02-01",
        "asked_by": "wei@example.com", "waits_since": at(2),
    }  # fmt: skip
    return insert("affiliation_requests", number=number, status=status, **own | versioned() | values)


def store(number: int, status: str, **values: Any) -> tuple[str, dict[str, Any]]:
    own = {
        "code": f"S{number}", "name": f"{number}号店", "partner_id": 2, "path": "000001000002", "region": "310101",
        "latitude": 31.2323, "longitude": 0.00001, "datum": "wgs84", "name_key": "", "score": 50, "finding_count": 0,
        "registered_by": "wei@example.com",
    }  # fmt: skip
    return insert("stores", id=number, status=status, **own | versioned(version=3) | values)


def finding(number: int, code: str, points: int, decision: str) -> tuple[str, dict[str, Any]]:
    return insert(
        "store_findings", id=number, store_id=1, path="000001000002", code=code, points=points, data="{}",
        found_at=at(3), decision=decision, note="",
    )  # fmt: skip


LING_SAYS = {"decided_by": "ling@example.com", "decided_at": at(6)}
CONFIRMED = {
    "upstream_word": "confirmed", "upstream_by": "owner@example.com", "upstream_at": at(5), "upstream_note": "熟人",
}  # fmt: skip
BEFORE = (
    insert("users", id=1000, email="ling@example.com", name="凌", role="operations", path="", status="active",
           language="zh_CN", theme="auto", **versioned()),
    partner(1, "HD", "000001"),
    partner(2, "SZ", "000001000002", 1),
    partner(3, "GS", "000001000003", 1),
    insert("credit_balances", partner_id=2, path="000001000002", used_cents=240_00),
    order("SO-1", "approved", id=1, decided_by="ling@example.com", decided_at=at(5)),
    order("SO-2", "submitted", id=2),
    order("SO-3", "rejected", id=3, decided_by="ling@example.com", decided_at=at(6)),
    approval(7, 1, "returned", 3, "换个地址"),
    approval(8, 1, "approved", 5, ""),
    approval(9, 3, "rejected", 6, "重复"),
    application("AP-1", "under_review", id=1, due_at=at(7), **CONFIRMED),
    application("AP-2", "submitted", id=2, due_at=at(8)),
    application("AP-3", "refused", id=3, reason="不符", upstream_id=None, **LING_SAYS),
    application("AP-4", "draft", id=4, submitted_at=None),
    event("application.submitted", "applications", "AP-1", 1, "", "{}"),
    event("application.returned", "applications", "AP-1", 2, "ling@example.com", '{"reason": "补材料"}'),
    event("application.submitted", "applications", "AP-1", 4, "", "{}"),
    event("application.refused", "applications", "AP-3", 6, "ling@example.com", '{"reason": "不符"}'),
    request("AF-1", "asked", id=1, due_at=at(5), owner_answer="agreed", owner_by="hua@example.com", owner_at=at(3)),
    request("AF-2", "done", id=2, owner_answer="agreed", owner_by="wei@example.com", owner_at=at(2),
            upstream_answer="no_answer", decision_note="可以", moved_at=at(6), **LING_SAYS),
    request("AF-3", "refused", id=3, owner_answer="declined", owner_by="hua@example.com", owner_at=at(3),
            decision_note="不换"),
    store(1, "under_review", updated_at=at(6)),
    store(2, "active"),
    store(3, "applied", score=None, latitude=None, longitude=None),
    store(4, "closed"),
    finding(1, "position.far_from_region", 50, "open"),
    finding(2, "photo.missing", 10, "dismissed"),
    insert("store_photos", id=1, store_id=1, path="000001000002", sha256="1" * 64, original_sha256="2" * 64, look=0,
           width=9, height=9, software="", camera="", person="wei@example.com", created_at=at(3)),
    event("store.registered", "stores", "S2", 1, "wei@example.com", "{}"),
    event("store.sent_back", "stores", "S2", 4, "ling@example.com", '{"note": "重拍门头", "score": 70}'),
    event("store.accepted", "stores", "S2", 5, "ling@example.com", '{"score": 90}'),
    event("store.closed", "stores", "S4", 6, "gone@example.com", '{"note": "关店", "score": 50}'),
    event("store.closed", "stores", "S9", 6, "ling@example.com", '{"note": "已删除", "score": 50}'),
)  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def migrated(request: pytest.FixtureRequest, tmp_path: Path, worker_id: str, data_dir: Path) -> Iterator[Engine]:
    """Give a database that had decisions and things that wait before there were cases."""
    if request.param == "sqlite":
        engine = connect(f"sqlite:///{tmp_path / 'before.db'}")
    else:
        engine = connect(driver_url(empty_postgres_url(f"approvals_{worker_id}")))
        versions.make_role(engine)
    with versions.alone(engine) as connection:
        versions.upgrade(connection, "0017")
    with engine.begin() as connection:
        for statement, values in BEFORE:
            connection.execute(text(statement), values)
    versions.migrate(engine)
    engine.dispose()
    yield engine
    engine.dispose()


def test_every_decision_is_there_once_with_who_when_why_and_its_facts(migrated):
    with reading(ADMIN) as session:
        query = select(ApprovalCase.key, ApprovalStep.permission, ApprovalDecision).join(
            ApprovalDecision, ApprovalDecision.case_id == ApprovalCase.id
        )
        query = query.join(
            ApprovalStep,
            (ApprovalStep.case_id == ApprovalCase.id) & (ApprovalStep.number == ApprovalDecision.step),
        )
        rows = session.execute(query.order_by(ApprovalDecision.id)).all()
    decided = [(key, asked, one.decision, one.person, one.reason, one.decided_at.day) for key, asked, one in rows]

    assert decided[:3] == [
        ("SO-1", "order.approve", "returned", "ling@example.com", "换个地址", 3),
        ("SO-1", "order.approve", "approved", "ling@example.com", "", 5),
        ("SO-3", "order.approve", "rejected", "ling@example.com", "重复", 6),
    ]
    assert [one.id for _key, _asked, one in rows[:3]] == [7, 8, 9]
    assert rows[0][2].facts == {
        "order_version": 3,
        "content_sha256": "sha 3",
        "total_cents": 300,
        "credit_limit_cents": None,
        "credit_used_cents": 300,
    }
    assert sorted(decided[3:]) == [
        ("AF-1", "application.confirm", "approved", "hua@example.com", "", 3),
        ("AF-2", "application.decide", "approved", "ling@example.com", "可以", 6),
        ("AF-3", "application.confirm", "declined", "hua@example.com", "不换", 3),
        ("AP-1", "application.confirm", "approved", "owner@example.com", "熟人", 5),
        ("AP-1", "application.decide", "returned", "ling@example.com", "补材料", 2),
        ("AP-3", "application.decide", "rejected", "ling@example.com", "不符", 6),
        ("S2", "store.review", "approved", "ling@example.com", "", 5),
        ("S2", "store.review", "returned", "ling@example.com", "重拍门头", 4),
        ("S4", "store.review", "rejected", "gone@example.com", "关店", 6),
    ]


def test_what_waited_waits_for_the_same_people_and_nothing_else_does(migrated):
    with reading(LING) as session:
        lings = waiting_counts(session)
    with reading(ADMIN) as session:
        steps = select(ApprovalCase.key, ApprovalStep.permission, ApprovalStep.partner_id).join(ApprovalStep)
        waiting = session.execute(steps.where(ApprovalStep.state == "waiting").order_by(ApprovalCase.key)).all()
        broken = [*check_cases(session), *check_decisions(session), *check_steps(session), *check_digests(session)]

    assert (lings["orders"], lings["applications"], lings["affiliation_requests"], broken) == (1, 1, 0, [])
    assert lings["stores"] == 2
    assert [tuple(row) for row in waiting] == [
        ("AF-1", "application.confirm", 3),
        ("AP-1", "application.decide", None),
        ("AP-2", "application.confirm", 1),
        ("S1", "store.review", None),
        ("S3", "store.review", None),
        ("SO-2", "order.approve", None),
    ]


def test_the_facts_of_a_store_that_waited_are_what_is_decided_about_it(migrated):
    with reading(ADMIN) as session:
        before = session.scalars(select(ApprovalCase).where(ApprovalCase.key == "S1")).one()
    transact(LING, lambda session: decide_store(session, "S1"))

    with reading(ADMIN) as session:
        decided = session.scalars(select(ApprovalDecision).where(ApprovalDecision.case_id == before.id)).one()
    assert (decided.facts, decided.digest) == (before.facts, before.digest)
    assert decided.facts["findings"] == [{"code": "position.far_from_region", "points": 50}]
    assert (decided.facts["photos"], decided.facts["longitude"]) == (["1" * 64], 0.00001)


def test_what_waited_is_decided_and_numbers_go_on(migrated):
    transact(LING, lambda session: approve_order(session, "SO-2"))
    transact(ADMIN, lambda session: approve_application(session, "AP-1"))

    with reading(ADMIN) as session:
        last = session.scalars(select(ApprovalDecision).order_by(ApprovalDecision.id.desc()).limit(2)).all()
        assert [*check_cases(session), *check_decisions(session), *check_steps(session)] == []
    assert [one.decision for one in last] == ["approved", "approved"]


def test_a_decision_that_was_carried_over_is_never_changed(migrated):
    with migrated.connect() as connection, pytest.raises(Exception, match="approval_decisions"), connection.begin():
        connection.execute(text("UPDATE approval_decisions SET reason = 'rewritten'"))


def test_the_table_of_before_is_gone(migrated):
    with migrated.connect() as connection, pytest.raises(Exception, match="approvals"):
        connection.execute(text("SELECT * FROM approvals"))
