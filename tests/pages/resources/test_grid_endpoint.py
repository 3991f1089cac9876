"""Rows for lists: within the viewer's scope, as the address asks, as JSON that names nothing but fields."""

import pytest
from fastapi import FastAPI, Request
from fastapi.testclient import TestClient
from starlette.requests import HTTPConnection

from core.access import Actor
from core.database.sessions import unit_of_work
from models.customers import Customer
from pages.resources import grid_endpoint
from pages.web import heavy_work
from pages.web.responses import install_page_error_handlers
from services.accounts.sessions import SignInNeeded
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG, HUADONG_CLERK, HUADONG_PATH, LING, WEI


@pytest.fixture
def ask(sqlite_database, monkeypatch):
    """Give a function that asks the endpoint on behalf of someone, or of nobody."""
    there: list[Actor | None] = [None]

    def actor(_request: HTTPConnection) -> Actor:
        if there[0] is None:
            raise SignInNeeded("sessions.unknown", "Please sign in.")
        return there[0]

    app = FastAPI()
    app.include_router(grid_endpoint.router)
    install_page_error_handlers(app)

    def signed_in(request: Request) -> None:
        actor(request)

    for module in (grid_endpoint, heavy_work):
        monkeypatch.setattr(module, "require_actor", actor)
    app.dependency_overrides[grid_endpoint.SIGNED_IN] = signed_in
    client = TestClient(app)

    def get(who: Actor | None, path: str):
        there[0] = who
        return client.get(path, headers={"Accept": "application/json"})

    return get


def add(*rows: dict) -> None:
    with unit_of_work(ADMIN) as session:
        session.add_all([Customer(name="x", **row) for row in rows])


def test_rows_are_answered_as_the_address_asks(ask):
    add(
        {"code": "C1", "stage": "won", "partner_id": HUADONG, "path": HUADONG_PATH},
        {"code": "C2", "stage": "won"},
        {"code": "C3"},
    )

    answer = ask(WEI, "/grid/customers?stage=won&sort=-code&offset=0&limit=100&fields=code,partner")

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "rows": [
            {"_key": "C2", "code": "C2", "partner": None, "partner__title": None},
            {"_key": "C1", "code": "C1", "partner": "HD", "partner__title": "华东总代"},
        ],
        "total": 2,
        "total_is_exact": True,
        "sums": {},
    }


def test_the_address_of_a_list_is_understood_with_how_it_is_looked_at(ask):
    add({"code": "C1", "contact": "王磊"}, {"code": "C2", "contact": "李敏"})

    answer = ask(WEI, "/grid/customers?view=mine&cols=code,name&row=350&contact=王&created_at=2020-01-01..")

    assert [row["code"] for row in answer.json()["rows"]] == ["C1"]


def test_a_condition_comes_back_as_its_reader_reads_it(ask):
    add({"code": "C1", "stage": "won"}, {"code": "C2"})

    answer = ask(WEI, "/grid/customers?where=stage = won").json()
    wrong = ask(WEI, "/grid/customers?where=stage = won and colour = red")

    assert ([row["code"] for row in answer["rows"]], answer["where"]) == (["C1"], "阶段 = 已成交")
    assert "where" not in ask(WEI, "/grid/customers?stage=won").json()
    assert (wrong.status_code, wrong.json()["code"]) == (422, "expressions.unknown_field")
    assert list(wrong.json()["fields"]) == ["where"]
    assert wrong.json()["message"].startswith(
        "第 17 个字符：这里没有字段“colour”。可用字段：客户编码、客户名称、阶段、"
    )


def test_everyone_sees_only_what_is_theirs(ask):
    add({"code": "C1", "partner_id": HUADONG, "path": HUADONG_PATH}, {"code": "C2"})

    totals = {who.name: ask(who, "/grid/customers").json()["total"] for who in (WEI, HUADONG_CLERK, BEIFANG_CLERK)}

    assert totals == {WEI.name: 2, HUADONG_CLERK.name: 1, BEIFANG_CLERK.name: 0}


def test_what_may_not_be_seen_is_refused_in_words(ask):
    refused = {
        "nobody": ask(None, "/grid/customers"),
        "users": ask(WEI, "/grid/users"),
        "nothing": ask(WEI, "/grid/nothing"),
        "field": ask(WEI, "/grid/customers?password=1"),
        "confidential": ask(WEI, "/grid/partners?credit_limit=1.."),
    }

    assert {name: (answer.status_code, answer.json()["code"]) for name, answer in refused.items()} == {
        "nobody": (401, "sessions.unknown"),
        "users": (403, "access.denied"),
        "nothing": (404, "resources.not_found"),
        "field": (422, "queries.unknown_field"),
        "confidential": (422, "queries.unknown_field"),
    }
    assert list(refused["field"].json()["fields"]) == ["password"]
    assert (
        refused["field"]
        .json()["message"]
        .startswith("这里没有字段“password”。可用字段：客户编码 (code)、客户名称 (name)、")
    )


def test_a_name_in_an_answer_never_begins_like_script(ask):
    add({"code": ":onclick", "tags": ":x"})

    rows = ask(LING, "/grid/customers").json()["rows"]

    assert not [name for row in rows for name in row if name.startswith(":")]
