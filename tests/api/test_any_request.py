"""Whatever a program sends, it is answered in the contract's shape: no failure of ours, nothing unlisted."""

import json
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api.application import make_api
from core.database.sessions import unit_of_work
from models.customers import Customer
from tests.api.conftest import find_actor
from tests.conftest import ADMIN, HUADONG, HUADONG_CLERK, HUADONG_PATH, LING
from tests.services.orders.support import add_range

LISTED = {200, 201, 400, 403, 404, 405, 409, 422}
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["", "1", "-1", "a,b", "..", "2026-11-22", "2026-11-22T00:00:00Z", "won", "HD", "C1", "0.1", "1..2"]
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)
ORDERS = st.fixed_dictionaries(
    {
        "lines": st.lists(
            st.fixed_dictionaries({"sku": st.sampled_from(["MILK", "TEA", "X"]), "quantity": st.integers(-1, 10**10)}),
            max_size=3,
        )
    },
    optional={
        "buyer": TEXTS,
        "note": TEXTS,
        "ship_to": st.dictionaries(st.sampled_from(["name", "phone", "region", "address"]), TEXTS),
    },
)


@pytest.fixture(scope="module")
def operations() -> list[tuple[str, str, list[str]]]:
    """Return (method, path, names of query parameters) of every operation."""
    found = []
    for path, described in make_api().openapi()["paths"].items():
        for method, operation in described.items():
            names = [one["name"] for one in operation.get("parameters", []) if one["in"] == "query"]
            found.append((method, path, names))
    return found


@pytest.fixture
def client(sqlite_database) -> TestClient:
    add_range()
    with unit_of_work(ADMIN) as session:
        session.add(Customer(code="C1", name="上海", partner_id=HUADONG, path=HUADONG_PATH))
    return TestClient(make_api(find_actor), raise_server_exceptions=True)


def check(answer) -> None:
    assert answer.status_code in LISTED, (answer.status_code, answer.text[:200])
    assert answer.headers["content-type"] == "application/json"
    if answer.status_code >= 400:
        assert set(answer.json()) == {"code", "message", "fields"}


@pytest.mark.parametrize("actor", [ADMIN, HUADONG_CLERK], ids=lambda actor: actor.role)
def test_any_question_is_answered(client, operations, actor):
    reads = [(path, names) for method, path, names in operations if method == "get"]

    @QUICK
    @given(st.data())
    def ask(data) -> None:
        path, names = data.draw(st.sampled_from(reads))
        operator = st.sampled_from(["", "__in", "__not", "__contains", "__from", "__to", "__upto", "__empty", "__x"])
        filters = data.draw(st.lists(st.tuples(st.sampled_from(names or ["x"]), operator, TEXTS), max_size=4))
        key = quote(data.draw(TEXTS.filter(lambda text: text not in {"", ".", ".."})), safe="")
        path = path.replace("{key}", key).replace("{number}", key)
        pairs = [(name + word, value) for name, word, value in filters]
        check(client.get(path, params=pairs, headers={"Authorization": f"Bearer {actor.name}"}))

    ask()


def test_any_order_is_placed_or_refused(client, operations):
    writes = [path for method, path, _ in operations if method == "post"]
    count = iter(range(10**6))

    @QUICK
    @given(st.sampled_from(writes), TEXTS.filter(str.isalnum), ORDERS | VALUES)
    def send(path: str, number: str, body: object) -> None:
        headers = {
            "Authorization": f"Bearer {LING.name}",
            "Idempotency-Key": str(next(count)),
            "Content-Type": "application/json",
        }
        check(client.post(path.replace("{number}", number), content=json.dumps(body), headers=headers))

    send()
