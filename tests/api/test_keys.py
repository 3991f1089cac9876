"""API keys are themselves: own requests, own rows, one branch; the person who made them opens nothing for them."""

from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from sqlalchemy import func, select

from api.application import add_api, make_api
from core.access import command_line
from core.database.sessions import reading, transact, unit_of_work
from core.errors import NotPermitted
from core.events.log import Event, EventDraft, record
from core.files.contents import StoredFile
from core.jobs.queueing import enqueue
from core.jobs.rows import Job
from core.permissions import Role
from models.accounts.tokens import ApiToken
from models.accounts.users import User
from models.customers import Customer
from models.imports import ImportBatch
from models.orders import Order
from models.partners.invites import Invite
from models.stores import Store
from resources import ALL, BY_NAME
from services.accounts.tokens import actor_of_token, create_token
from services.idempotency import IdempotentResponse, answer_once
from services.orders.approval import approve_order
from tests.conftest import ADMIN, BEIFANG, BEIFANG_PATH, HUADONG, HUADONG_PATH, LING, SUZHOU, SUZHOU_PATH
from tests.services.orders.support import add_range, place

MACHINE = command_line()
ORDER = {
    "ship_to": {"name": "王磊", "phone": "13800138000", "region": "320508", "address": "观前街 1 号"},
    "lines": [{"sku": "MILK", "quantity": 10}],
}


class Keys:
    """A client of the API, with keys as they are really made."""

    def __init__(self, application: FastAPI) -> None:
        self.client = TestClient(application, raise_server_exceptions=False)

    def make(self, maker=ADMIN, name="ERP", role="partner_owner", partner=None) -> str:
        _, secret = transact(maker, lambda session: create_token(session, name, role=role, partner=partner))
        return secret

    def get(self, secret: str, path: str):
        return self.client.get(f"/api/v1{path}", headers={"Authorization": f"Bearer {secret}"})

    def post(self, secret: str, path: str, json=None, key: str = "0001"):
        headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": key}
        return self.client.post(f"/api/v1{path}", headers=headers, json=json)


@pytest.fixture(scope="module")
def with_keys() -> FastAPI:
    """Return an application that looks keys up in the database."""
    app = FastAPI()
    add_api(app)
    return app


@pytest.fixture
def keys(database, with_keys: FastAPI) -> Keys:
    add_range()
    return Keys(with_keys)


def orders() -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(Order)) or 0


# --- requests ---


@pytest.mark.parametrize("maker", [ADMIN, MACHINE], ids=["a person's", "the machine's"])
@pytest.mark.parametrize("names", [("ERP", "ERP"), ("one", "two")], ids=["equal names", "own names"])
def test_keys_of_one_maker_never_share_requests(keys, maker, names):
    first = keys.make(maker, names[0], "partner_owner", "HD")
    second = keys.make(maker, names[1], "partner_owner", "SZ")

    one, other = keys.post(first, "/orders", ORDER), keys.post(second, "/orders", ORDER)
    again = keys.post(second, "/orders", ORDER)

    assert (one.status_code, other.status_code, again.status_code) == (201, 201, 201)
    assert "Idempotency-Replayed" not in other.headers
    assert (one.json()["buyer"], other.json()["buyer"]) == ("HD", "SZ")
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == other.json()
    assert orders() == 2


def test_a_key_and_its_maker_never_share_requests(keys):
    secret = keys.make(ADMIN, role="operations")
    answer_once(ADMIN, "0001", "x", lambda session: IdempotentResponse(200, '"of the person"'))

    answer = keys.post(secret, "/orders", {**ORDER, "buyer": "HD"})

    assert (answer.status_code, answer.json()["buyer"]) == (201, "HD")


# --- rows of one's own ---


@pytest.mark.parametrize("role", ["operations", "administrator", "partner_clerk"])
def test_a_key_sees_no_import_no_job_and_no_file_of_its_maker(keys, role):
    with unit_of_work(ADMIN) as session:
        job = enqueue(session, "nothing")
        session.add(ImportBatch(resource="customers", person=ADMIN.owner, file_name="secret.xlsx", sha256="0"))
        session.add(StoredFile(sha256="0", name="secret.xlsx", size_bytes=1, person=ADMIN.owner))
    secret = keys.make(ADMIN, role=role, partner="HD" if role == "partner_clerk" else None)
    with reading(ADMIN) as session:
        actor = actor_of_token(session, secret)

    listed = keys.get(secret, "/imports")

    assert (listed.status_code, listed.json()["items"]) == (200, [])
    assert "secret.xlsx" not in listed.text
    assert keys.get(secret, "/imports/1").status_code == 404
    with reading(actor) as session:
        assert session.scalars(select(ImportBatch)).all() == []
        if role == "partner_clerk":
            assert session.scalars(select(Job).where(Job.id == job.id)).all() == []
            assert session.scalars(select(StoredFile)).all() == []
            assert session.scalars(select(ApiToken.id)).all() == [actor.token_id]


def test_what_a_key_asks_for_is_its_own_and_not_its_makers(keys):
    secret = keys.make(ADMIN, role="partner_clerk", partner="HD")
    with reading(ADMIN) as session:
        actor = actor_of_token(session, secret)

    with unit_of_work(actor) as session:
        enqueue(session, "nothing")

    with reading(actor) as session:
        assert session.scalars(select(Job.person)).all() == [f"key {actor.token_id}"]


def test_nobody_approves_their_own_order_through_a_key_nor_a_keys_order_in_person(keys):
    first, second = keys.make(ADMIN, "first", "operations"), keys.make(ADMIN, "second", "operations")
    number = keys.post(first, "/orders", {**ORDER, "buyer": "HD"}).json()["number"]
    assert keys.post(first, f"/orders/{number}/submission", key="2").status_code == 200

    answers = [keys.post(secret, f"/orders/{number}/approval", key="3") for secret in (first, second)]
    with pytest.raises(NotPermitted) as refused:
        transact(ADMIN, lambda session: approve_order(session, number))

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "approvals.own_order")] * 2
    assert refused.value.code == "approvals.own_order"
    assert keys.post(keys.make(MACHINE, "other", "operations"), f"/orders/{number}/approval").status_code == 200


# --- rights ---


def test_a_key_above_its_maker_is_refused_with_a_sentence_that_says_where_to_go(keys):
    with unit_of_work(ADMIN) as session:
        session.scalars(select(User).where(User.email == LING.person)).one().role = "it"
    it = replace(LING, role=Role.IT)
    secret = keys.make(it, role="operations")

    answer = keys.get(secret, "/orders")

    assert (answer.status_code, answer.json()["code"]) == (403, "tokens.not_confirmed")
    assert "/tokens" in answer.json()["message"]


# --- one branch ---


def fill() -> None:
    """Add rows of every kind that have a branch: of Suzhou, of Huadong above it, of a rival, and of nobody."""
    branches = {"SZ": (SUZHOU, SUZHOU_PATH), "HD": (HUADONG, HUADONG_PATH), "BF": (BEIFANG, BEIFANG_PATH)}
    for code in branches:
        place(LING, ("MILK", 1), buyer=code)
    with unit_of_work(ADMIN) as session:
        for code, (number, path) in {**branches, "NO": (None, "")}.items():
            session.add(Customer(code=f"C-{code}", name=f"客户-{code}", partner_id=number, path=path))
            session.add(ImportBatch(resource="customers", person=f"{code}@example.com", file_name=code, sha256="0"))
            record(session, "customer.changed", "customers", [EventDraft(f"C-{code}", path)])
            if number is None:
                continue
            session.add(
                Store(
                    code=f"S-{code}", name=f"门店-{code}", partner_id=number, path=path, phone="13800138000",
                    region="320508", address="x", status="active",
                )
            )  # fmt: skip
            session.add(
                Invite(
                    code=f"I-{code}", partner_id=number, path=path, tiers="dealer", uses_max=1, made_by="x",
                    expires_at=session.scalar(select(User.created_at).limit(1)),
                )
            )  # fmt: skip


BRANCH = {"SZ"}
FOREIGN = ("C-HD", "C-BF", "C-NO", "S-HD", "S-BF", "I-HD", "I-BF", "客户-HD", "客户-BF", "BF@", "HD@")


def test_a_partners_key_is_limited_to_its_branch_on_every_interface_that_takes_keys(keys):
    fill()
    everything = {name: keys.get(keys.make(ADMIN, "all", "administrator"), f"/{name}").json() for name in BY_NAME}
    secret = keys.make(ADMIN, role="partner_owner", partner="SZ")

    for resource in ALL:
        answer = keys.get(secret, f"/{resource.name}?limit=1000")
        if answer.status_code == 403:
            assert answer.json()["code"] == "access.denied"
            continue
        assert answer.status_code == 200, resource.name
        assert not [word for word in FOREIGN if word in answer.text], resource.name
        seen = {key_of(resource, item) for item in answer.json()["items"]}
        for item in everything[resource.name]["items"]:
            key = key_of(resource, item)
            alone = keys.get(secret, f"/{resource.name}/{key}")
            assert (alone.status_code == 200) == (key in seen), (resource.name, key)
            if key not in seen:
                assert alone.status_code == 404
    found = keys.get(secret, "/customers?q=客户")
    assert [item["code"] for item in found.json()["items"]] == ["C-SZ"]
    assert {item["buyer"] for item in keys.get(secret, "/orders").json()["items"]} == BRANCH


def test_a_partners_key_can_do_nothing_to_orders_of_others(keys):
    fill()
    secret = keys.make(ADMIN, role="partner_owner", partner="SZ")
    with reading(ADMIN) as session:
        before = session.execute(select(Order.number, Order.status, Order.version).order_by(Order.id)).all()
        foreign = session.scalars(select(Order.number).where(Order.path != SUZHOU_PATH)).all()
    changing = [path for path, one in make_api().openapi()["paths"].items() if "post" in one and "{number}" in path]

    for count, (path, number) in enumerate((path, number) for path in changing for number in foreign):
        answer = keys.post(secret, path.removeprefix("/api/v1").format(number=number), {"reason": "x"}, str(count))
        assert answer.status_code in {403, 404}, path
    assert keys.post(secret, "/orders", {**ORDER, "buyer": "BF"}, "new").status_code in {403, 404, 422}

    with reading(ADMIN) as session:
        assert session.execute(select(Order.number, Order.status, Order.version).order_by(Order.id)).all() == before
        assert session.scalars(select(Event.id).where(Event.action == "order.submitted")).all() == []


def key_of(resource, item) -> str:
    return "~".join(str(item[name]) for name in resource.keys)
