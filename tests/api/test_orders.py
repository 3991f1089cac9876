"""Orders by programs: placed, submitted, decided, each request done once."""

import threading
from datetime import timedelta
from urllib.parse import quote

import pytest
from sqlalchemy import func, select, update

from core.addresses import key_segment
from core.clock import freeze, now
from core.database.retention import purge_slice
from core.database.sessions import reading, unit_of_work
from models.idempotency import IdempotencyKey
from models.orders import Order
from services import idempotency
from services.idempotency import RETENTION, VALIDITY
from tests.conftest import ADMIN, BEIFANG_CLERK, LING, MEI, SUZHOU_CLERK, WEI
from tests.services.orders.support import add_range

ORDER = {
    "buyer": "SZ",
    "ship_to": {"name": "王磊", "phone": "13800138000", "region": "320508", "address": "观前街 1 号"},
    "lines": [{"sku": "MILK", "quantity": 10}],
    "note": "周五前送到",
}


@pytest.fixture
def shop(programs):
    add_range()
    return programs


def count(model) -> int:
    with reading(ADMIN) as session:
        query = select(func.count()).select_from(model).execution_options(see_all="the test counts everything")
        return session.scalar(query) or 0


def placed(shop, who=SUZHOU_CLERK) -> str:
    return shop.post(who, "/orders", ORDER).json()["number"]


def test_an_order_is_placed_as_a_draft_and_read_back_the_same(shop):
    answer = shop.post(SUZHOU_CLERK, "/orders", ORDER)

    order = answer.json()
    assert answer.status_code == 201
    assert (order["status"], order["buyer"], order["note"]) == ("draft", "SZ", "周五前送到")
    assert order["total"] == {"amount": "1200.00", "currency": "CNY"}
    assert order["ship_to"] == ORDER["ship_to"]
    assert order["lines"] == [
        {
            "line": 1,
            "sku": "MILK",
            "name": order["lines"][0]["name"],
            "quantity": 10,
            "unit": "unit",
            "units": 10,
            "unit_price": {"amount": "120", "currency": "CNY"},
            "tax_rate": "0.13",
            "total": {"amount": "1200.00", "currency": "CNY"},
            "tax": order["lines"][0]["tax"],
        }
    ]
    assert shop.get(SUZHOU_CLERK, f"/orders/{order['number']}").json() == order
    listed = shop.get(SUZHOU_CLERK, "/orders?status=draft").json()["items"]
    assert listed == [{name: value for name, value in order.items() if name not in {"lines", "version"}}]


def test_an_order_goes_its_way_and_is_decided_once(shop):
    number = placed(shop)

    submitted = shop.post(SUZHOU_CLERK, f"/orders/{number}/submission")
    approved = shop.post(LING, f"/orders/{number}/approval")
    again = shop.post(MEI, f"/orders/{number}/approval")
    rejected = shop.post(MEI, f"/orders/{number}/rejection", {"reason": "too late"})

    assert [(a.status_code, a.json()["status"]) for a in (submitted, approved)] == [
        (200, "submitted"),
        (200, "approved"),
    ]
    assert [(a.status_code, a.json()["code"]) for a in (again, rejected)] == [(409, "orders.already_decided")] * 2


@pytest.mark.parametrize("decision", ["approval", "rejection"])
def test_what_was_not_seen_is_not_decided(shop, decision):
    number = placed(shop)
    seen = shop.post(SUZHOU_CLERK, f"/orders/{number}/submission").json()["version"]

    early = shop.post(LING, f"/orders/{number}/{decision}", {"reason": "x", "version": seen - 1})
    wrong = shop.post(LING, f"/orders/{number}/{decision}", {"reason": "x", "version": 0})
    unchanged = shop.get(LING, f"/orders/{number}").json()
    right = shop.post(LING, f"/orders/{number}/{decision}", {"reason": "x", "version": seen})

    assert (early.status_code, early.json()["code"]) == (409, "orders.changed_meanwhile")
    assert (wrong.status_code, list(wrong.json()["fields"])) == (422, ["version"])
    assert (unchanged["status"], unchanged["version"]) == ("submitted", seen)
    assert (right.status_code, right.json()["version"]) == (200, seen + 1)


def test_a_rejection_says_why(shop):
    number = placed(shop)
    shop.post(SUZHOU_CLERK, f"/orders/{number}/submission")

    silent = shop.post(LING, f"/orders/{number}/rejection", {})
    blank = shop.post(LING, f"/orders/{number}/rejection", {"reason": "  "})
    said = shop.post(LING, f"/orders/{number}/rejection", {"reason": "no credit"})

    assert (silent.status_code, silent.json()["code"], list(silent.json()["fields"])) == (
        422,
        "request.invalid",
        ["reason"],
    )
    assert (blank.status_code, blank.json()["code"]) == (422, "approvals.reason_required")
    assert (said.status_code, said.json()["status"]) == (200, "rejected")


def test_a_reason_with_a_control_character_is_refused_and_decides_nothing(shop):
    number = placed(shop)
    shop.post(SUZHOU_CLERK, f"/orders/{number}/submission")

    for what in ("rejection", "approval"):
        answer = shop.post(LING, f"/orders/{number}/{what}", {"reason": "bad\x00 reason"})

        assert (answer.status_code, answer.json()["code"]) == (422, "text.illegal_character")
        assert list(answer.json()["fields"]) == ["reason"]
    assert shop.get(LING, f"/orders/{number}").json()["status"] == "submitted"


def test_nobody_decides_an_own_order_and_nobody_sees_another_branchs(shop):
    number = shop.post(LING, "/orders", ORDER).json()["number"]
    shop.post(LING, f"/orders/{number}/submission")

    own = shop.post(LING, f"/orders/{number}/approval")
    unable = shop.post(WEI, f"/orders/{number}/approval")
    hidden = [shop.get(BEIFANG_CLERK, f"/orders/{number}"), shop.post(BEIFANG_CLERK, f"/orders/{number}/submission")]

    assert (own.status_code, own.json()["code"]) == (403, "approvals.own_order")
    assert (unable.status_code, unable.json()["code"]) == (403, "access.denied")
    assert [answer.status_code for answer in hidden] == [404, 404]


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"lines": []}, "request.invalid", "lines"),
        ({"lines": [{"sku": "MILK", "quantity": 0}]}, "request.invalid", "lines.0.quantity"),
        ({"lines": [{"sku": "MILK", "quantity": "10"}]}, "request.invalid", "lines.0.quantity"),
        ({"lines": [{"sku": "MILK", "quantity": 1.5}]}, "request.invalid", "lines.0.quantity"),
        ({"lines": [{"sku": "NOPE", "quantity": 10}]}, "products.not_found", "lines.0.sku"),
        ({"buyer": "BF\x00"}, "text.illegal_character", "buyer"),
        ({"buyer": 7}, "request.invalid", "buyer"),
        ({"ship_to": {"phone": "12"}}, "phone.invalid", "ship_to.phone"),
        ({"total": "1.00"}, "request.invalid", "total"),
    ],
)
def test_a_wrong_order_is_refused_by_name_and_nothing_is_stored(shop, changes, code, field):
    answer = shop.post(LING, "/orders", ORDER | changes)

    assert (answer.status_code, answer.json()["code"], list(answer.json()["fields"])) == (422, code, [field])
    assert (count(Order), count(IdempotencyKey)) == (0, 0)


# --- done once ---


def test_the_same_request_again_is_answered_from_before(shop):
    first = shop.post(SUZHOU_CLERK, "/orders", ORDER, key="a")
    second = shop.post(SUZHOU_CLERK, "/orders", ORDER, key="a")

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert ("idempotency-replayed" in first.headers, second.headers["idempotency-replayed"]) == (False, "true")
    assert count(Order) == 1


def test_a_key_is_for_one_request_of_one_person(shop):
    number = shop.post(SUZHOU_CLERK, "/orders", ORDER, key="a").json()["number"]

    other_body = shop.post(SUZHOU_CLERK, "/orders", ORDER | {"note": "x"}, key="a")
    other_address = shop.post(SUZHOU_CLERK, f"/orders/{number}/submission", key="a")
    other_person = shop.post(LING, "/orders", ORDER, key="a")

    refused = [(answer.status_code, answer.json()["code"]) for answer in (other_body, other_address)]
    assert refused == [(422, "idempotency.key_reused")] * 2
    assert other_person.status_code == 201
    assert other_person.json()["number"] != number


@pytest.mark.parametrize(
    ("key", "code"),
    [(None, "idempotency.key_missing"), ("", "idempotency.key_invalid"), ("x" * 256, "idempotency.key_invalid")],
)
def test_a_change_without_a_proper_key_is_refused(shop, key, code):
    number = placed(shop)
    before = count(IdempotencyKey)

    for path in (
        "/orders",
        f"/orders/{number}/submission",
        f"/orders/{number}/approval",
        f"/orders/{number}/rejection",
    ):
        answer = shop.post(LING, path, ORDER, key=key)

        assert (answer.status_code, answer.json()["code"]) == (400, code)
    assert count(IdempotencyKey) == before
    assert shop.post(LING, "/orders", ORDER, key="x" * 255).status_code == 201


def test_what_was_refused_may_be_tried_again_with_the_same_key(shop):
    number = placed(shop)

    early = shop.post(LING, f"/orders/{number}/approval", key="a")
    shop.post(SUZHOU_CLERK, f"/orders/{number}/submission")
    later = shop.post(LING, f"/orders/{number}/approval", key="a")

    assert (early.status_code, later.status_code) == (409, 200)
    assert "idempotency-replayed" not in later.headers


def test_a_request_that_is_being_worked_on_is_not_begun_again(shop, monkeypatch):
    begun, go_on = threading.Event(), threading.Event()
    usual = idempotency._answered

    def slow(*arguments):
        begun.set()
        go_on.wait(10)
        return usual(*arguments)

    monkeypatch.setattr(idempotency, "_answered", slow)
    first: list = []
    worker = threading.Thread(target=lambda: first.append(shop.post(SUZHOU_CLERK, "/orders", ORDER, key="a")))
    worker.start()
    begun.wait(10)
    meanwhile = shop.post(SUZHOU_CLERK, "/orders", ORDER, key="a")
    go_on.set()
    worker.join()

    assert (meanwhile.status_code, meanwhile.json()["code"]) == (409, "idempotency.in_progress")
    assert meanwhile.headers["retry-after"] == "1"
    assert (first[0].status_code, count(Order)) == (201, 1)
    assert shop.post(SUZHOU_CLERK, "/orders", ORDER, key="a").headers["idempotency-replayed"] == "true"


def test_another_process_at_the_same_request_is_held_off(shop, monkeypatch):
    monkeypatch.setattr(idempotency, "_running", Forgetful())
    answers: list = []
    workers = [
        threading.Thread(target=lambda: answers.append(shop.post(SUZHOU_CLERK, "/orders", ORDER, key="a")))
        for _ in range(6)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len({answer.content for answer in answers if answer.status_code == 201}) == 1
    assert count(Order) == 1


def test_answers_are_kept_thirty_days(shop):
    at = now()
    with freeze(at):
        shop.post(SUZHOU_CLERK, "/orders", ORDER, key="a")
    with freeze(at + VALIDITY), unit_of_work(ADMIN) as session:
        gone_on_the_last_day = purge_slice(session, RETENTION)
    with freeze(at + VALIDITY + timedelta(seconds=1)):
        again = shop.post(SUZHOU_CLERK, "/orders", ORDER, key="a")
        shop.post(SUZHOU_CLERK, "/orders", ORDER, key="b")
    with freeze(at + VALIDITY * 3), unit_of_work(ADMIN) as session:
        gone_in_the_end = purge_slice(session, RETENTION)

    assert (again.status_code, "idempotency-replayed" in again.headers, count(Order)) == (201, False, 3)
    assert (gone_on_the_last_day, gone_in_the_end) == (0, 2)


class Forgetful(set):
    """A process that knows nothing of the others."""

    def add(self, _element: object) -> None:
        pass


ODD_NUMBERS = [
    "SO/2026/777",
    "a?b#c",
    "100%",
    "%2F",
    "new",
    "import",
    "a b",
    "上海/1",
    "A/submission",
    "=U08",
    "~1",
    "\\",
]


@pytest.mark.parametrize("number", ODD_NUMBERS)
@pytest.mark.parametrize(
    "written", [lambda key: quote(key, safe=""), key_segment], ids=["percent-encoded", "as linked"]
)
def test_an_order_of_any_number_is_read_submitted_and_decided(shop, number, written):
    with unit_of_work(ADMIN) as session:
        session.execute(update(Order).where(Order.number == placed(shop)).values(number=number))
    path = f"/orders/{written(number)}"

    answers = [
        shop.get(LING, path),
        shop.post(SUZHOU_CLERK, f"{path}/submission"),
        shop.post(LING, f"{path}/approval"),
        shop.get(SUZHOU_CLERK, path),
    ]

    assert [(answer.status_code, answer.json().get("number")) for answer in answers] == [(200, number)] * 4
    assert answers[-1].json()["status"] == "approved"
