"""The contract of the API: its description never changes unnoticed, and the probes say what is so."""

import difflib
import json
import os
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from api import probes
from api.application import make_api
from core.clock import freeze, now
from core.database import sessions as core_database
from core.database.sessions import unit_of_work
from core.jobs.queueing import enqueue
from tests.conftest import ADMIN

GOLDEN = Path(__file__).parent.parent / "golden" / "openapi.json"


def test_the_description_is_the_one_programs_rely_on():
    """A change of the contract is made on purpose: QUDAO_UPDATE_GOLDEN=1 writes the new one, to be read in review."""
    described = json.dumps(make_api().openapi(), ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    if os.environ.get("QUDAO_UPDATE_GOLDEN"):
        GOLDEN.write_text(described, encoding="utf-8")

    changes = difflib.unified_diff(
        GOLDEN.read_text(encoding="utf-8").splitlines(), described.splitlines(), n=1, lineterm=""
    )
    assert list(changes)[:40] == []


def test_every_change_needs_an_idempotency_key_and_every_operation_a_bearer_key():
    described = make_api().openapi()

    assert described["openapi"].startswith("3.1.")
    for path, operations in described["paths"].items():
        for method, operation in operations.items():
            assert operation["security"] == [{"key": []}], path
            named = {parameter["name"] for parameter in operation.get("parameters", []) if parameter.get("required")}
            assert ("Idempotency-Key" in named) == (method == "post"), path


def test_description_and_page_are_there_for_everyone_and_load_nothing_from_elsewhere(programs):
    description = programs.client.get("/api/v1/openapi.json")
    page = programs.client.get("/api/docs")
    style = programs.client.get("/api/docs.css")

    assert "/api/v1/orders/{number}/approval" in description.json()["paths"]
    assert page.status_code == style.status_code == 200
    assert "place_order" in page.text and 'id="schema-OrderIn"' in page.text
    assert "<script" not in page.text and "http" not in page.text.replace("/api/v1", "").replace("http.", "")
    assert style.headers["content-type"].startswith("text/css")


def test_the_process_says_that_it_lives_without_asking_the_database(programs, monkeypatch):
    monkeypatch.setattr(core_database, "_sessions", None)

    answer = programs.client.get("/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_it_is_ready_if_the_database_is_reachable_and_has_the_shape_of_this_code(programs, monkeypatch):
    monkeypatch.setattr(probes, "schema_state", lambda _engine: "older")
    before = programs.client.get("/readyz")
    monkeypatch.setattr(probes, "schema_state", lambda _engine: "current")
    after = programs.client.get("/readyz")

    assert (before.status_code, before.json()["status"], before.json()["schema"]) == (503, "unready", "older")
    assert (after.status_code, after.json()) == (
        200,
        {"status": "ready", "database": "ok", "schema": "current", "jobs": "ok", "job_lag_s": 0, "clock": "ok"},
    )


def test_late_jobs_show_but_do_not_make_it_unready(programs, monkeypatch):
    monkeypatch.setattr(probes, "schema_state", lambda _engine: "current")
    with unit_of_work(ADMIN) as session:
        enqueue(session, "nothing")

    with freeze(now() + timedelta(minutes=6)):
        answer = programs.client.get("/readyz")

    assert (answer.status_code, answer.json()["jobs"]) == (200, "late")
    assert answer.json()["job_lag_s"] in range(355, 365)


def test_it_is_not_ready_without_a_database(programs, monkeypatch):
    nowhere = create_engine("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    monkeypatch.setattr(probes, "engine_in_use", lambda: nowhere)

    answer = programs.client.get("/readyz")

    assert (answer.status_code, answer.json()) == (503, {"status": "unready", "database": "unreachable"})


def test_any_number_of_readiness_probes_query_the_database_once_a_second(programs, monkeypatch):
    looks = []
    monkeypatch.setattr(probes, "schema_state", lambda _engine: "current")
    monkeypatch.setattr(probes, "job_lag_s", lambda: looks.append(1) or 0)

    statuses = {programs.client.get("/readyz").status_code for _ in range(50)}
    query_count = len(looks)
    monkeypatch.setattr(probes, "READY_CACHE_S", -1.0)
    programs.client.get("/readyz")

    assert statuses == {200}
    assert query_count < 5
    assert len(looks) == query_count + 1


def test_a_database_that_does_not_answer_holds_no_probe_up(programs, monkeypatch):
    may_go_on = threading.Event()
    monkeypatch.setattr(probes, "READY_WAIT_S", 0.2)
    monkeypatch.setattr(probes, "schema_state", lambda _engine: may_go_on.wait(20) and "current")

    with programs.client as client:  # one event loop for all requests
        hung = [client.get("/readyz") for _ in range(3)]
        alive = client.get("/healthz")
        may_go_on.set()
        monkeypatch.setattr(probes, "READY_WAIT_S", 20.0)
        back = client.get("/readyz")

    assert [(answer.status_code, answer.json()["database"]) for answer in hung] == [(503, "slow")] * 3
    assert (alive.status_code, back.status_code) == (200, 200)


@pytest.mark.parametrize("path", ["/api/", "/api/v2/orders", "/api/v1", "/api/v1/", "/api/v1/orders/"])
def test_other_addresses_are_answered_in_the_same_shape(programs, path):
    answer = programs.client.get(path, follow_redirects=False)

    assert answer.status_code in {404, 401}
