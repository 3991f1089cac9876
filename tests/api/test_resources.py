"""Reading by programs: every resource, within the key's scope, without what is confidential."""

from datetime import date
from urllib.parse import quote

import pytest

from core.addresses import key_segment
from core.database.sessions import unit_of_work
from models.customers import Customer
from models.prices import Price
from models.products import Product
from resources import ALL
from tests.conftest import ADMIN, BEIFANG_CLERK, HUADONG, HUADONG_CLERK, HUADONG_PATH, LING, MEI, WEI


def add(*rows: dict) -> None:
    with unit_of_work(ADMIN) as session:
        session.add_all([Customer(name="x", **row) for row in rows])


@pytest.mark.parametrize("resource", ALL, ids=lambda resource: resource.name)
def test_every_resource_can_be_listed_and_nothing_of_another_name(programs, resource):
    answer = programs.get(ADMIN, f"/{resource.name}?limit=1")

    assert answer.status_code == 200
    assert set(answer.json()) == {"items", "next_cursor"}
    assert programs.get(ADMIN, f"/{resource.name}x").status_code == 404


def test_a_list_is_filtered_sorted_and_paged_by_cursor(programs):
    add(*({"code": f"C{number}", "stage": ("lead", "won")[number % 2]} for number in range(9)))

    seen, cursor = [], ""
    while cursor is not None:
        body = programs.get(WEI, f"/customers?stage=won&sort=-code&limit=3&fields=code,stage&cursor={cursor}").json()
        seen.append([item["code"] for item in body["items"]])
        cursor = body["next_cursor"]

    assert seen == [["C7", "C5", "C3"], ["C1"]]


def test_a_list_is_filtered_by_a_condition_on_the_row_above_too(programs):
    add({"code": "C1", "partner_id": HUADONG, "path": HUADONG_PATH}, {"code": "C2"}, {"code": "C3", "stage": "won"})

    answer = programs.get(WEI, "/customers?where=partner.tier = master_agent or 阶段 = 已成交&sort=code&fields=code")

    assert answer.json()["items"] == [{"code": "C1"}, {"code": "C3"}]


def test_a_record_is_read_by_its_key_with_references_as_keys_and_amounts_with_currency(programs):
    add({"code": "C1", "partner_id": HUADONG, "path": HUADONG_PATH, "tags": "a;b"})

    customer = programs.get(WEI, "/customers/C1").json()
    partner = programs.get(LING, "/partners/HD").json()

    assert (customer["code"], customer["partner"], customer["stage"], customer["tags"]) == ("C1", "HD", "lead", "a;b")
    assert "partner__title" not in customer and "_key" not in customer
    assert partner["credit_limit"] == {"amount": "1000000.00", "currency": "CNY"}


def test_a_key_with_signs_of_an_address_is_found(programs):
    add({"code": "A/1 ?"})

    assert programs.get(WEI, "/customers/A%2F1%20%3F").json()["code"] == "A/1 ?"


@pytest.mark.parametrize("code", ["A/1 ?", "new", "import", ".", "..", "a~b", "=bmV3", "%2E", "100%", "#", "上海 1"])
def test_a_row_of_any_key_is_found_by_its_address(programs, code):
    add({"code": code})
    with unit_of_work(ADMIN) as session:
        product = Product(
            sku=code, name="x", unit="件", box_units=1, minimum_quantity=1, tax_rate_ppm=0, status="active"
        )
        session.add(product)
        session.flush()
        session.add(Price(product_id=product.id, tier="dealer", unit_price=1, valid_from=date(2026, 1, 1)))

    for segment in {key_segment(code), code if code in {".", ".."} else quote(code, safe="")} - {".", ".."}:
        assert programs.get(WEI, f"/customers/{segment}").json()["code"] == code
    price = f"{code}~dealer~2026-01-01"
    for segment in (key_segment(price), quote(price, safe="")):
        assert programs.get(WEI, f"/prices/{segment}").json()["sku"] == code


def test_rows_of_others_do_not_exist(programs):
    add({"code": "C1", "partner_id": HUADONG, "path": HUADONG_PATH})

    hidden, absent = programs.get(BEIFANG_CLERK, "/customers/C1"), programs.get(BEIFANG_CLERK, "/customers/C2")

    assert (hidden.status_code, absent.status_code) == (404, 404)
    assert hidden.json()["message"].replace("C1", "C2") == absent.json()["message"]
    assert programs.get(BEIFANG_CLERK, "/customers").json() == {"items": [], "next_cursor": None}
    assert programs.get(HUADONG_CLERK, "/customers/C1").status_code == 200


def test_confidential_fields_are_absent_and_cannot_be_filtered_by(programs):
    assert "credit_limit" not in programs.get(WEI, "/partners/HD").json()
    refused = programs.get(WEI, "/partners?credit_limit__from=1")
    assert (refused.status_code, refused.json()["code"]) == (422, "queries.unknown_field")
    assert programs.get(MEI, "/partners?credit_limit__from=100000").json()["items"][0]["code"] == "HD"


@pytest.mark.parametrize(
    ("path", "status", "code", "named"),
    [
        ("/customers?limit=1001", 422, "request.invalid", "query.limit"),
        ("/customers?limit=0", 422, "request.invalid", "query.limit"),
        ("/customers?limit=x", 422, "request.invalid", "query.limit"),
        ("/customers?offset=5", 422, "queries.unknown_field", "offset"),
        ("/customers?cursor=x", 422, "queries.bad_cursor", "cursor"),
        ("/customers?name__like=x", 422, "queries.unknown_operator", "name"),
        ("/customers?stage=x", 422, "queries.invalid_value", "stage"),
        ("/customers?where=stage", 422, "expressions.no_condition", "where"),
        ("/customers?where=stage=won and (", 422, "expressions.syntax", "where"),
        ("/partners?where=credit_limit>1", 422, "expressions.unknown_field", "where"),
        ("/nothing", 404, "http.404", None),
        ("/customers/C1/x", 404, "resources.row_not_found", None),
    ],
)
def test_what_cannot_be_answered_is_refused_in_one_shape(programs, path, status, code, named):
    answer = programs.get(WEI, path)

    body = answer.json()
    assert (answer.status_code, body["code"]) == (status, code)
    assert set(body) == {"code", "message", "fields"} and body["message"]
    assert named is None or [name.removeprefix("query.") for name in body["fields"]] == [named.removeprefix("query.")]
    assert answer.headers["cache-control"] == "no-store"


def test_without_a_key_or_a_permission_there_is_no_answer(programs):
    nobody = programs.get(None, "/customers")
    unknown_key = programs.client.get("/api/v1/customers", headers={"Authorization": "Bearer nobody"})
    basic = programs.client.get("/api/v1/customers", headers={"Authorization": "Basic eDp4"})
    forbidden = programs.get(WEI, "/users")

    assert [answer.status_code for answer in (nobody, unknown_key, basic, forbidden)] == [401, 401, 401, 403]
    assert [answer.json()["code"] for answer in (nobody, unknown_key, forbidden)] == [
        "tokens.missing",
        "tokens.not_valid",
        "access.denied",
    ]
    assert nobody.headers["www-authenticate"] == "Bearer"


def test_methods_that_do_not_exist_are_refused(programs):
    for method in ("PUT", "PATCH", "DELETE", "POST"):
        answer = programs.client.request(
            method, "/api/v1/customers/C1", headers={"Authorization": f"Bearer {WEI.name}"}
        )

        assert (answer.status_code, answer.json()["code"]) == (405, "http.405")
        assert answer.headers["allow"] == "GET"
    both = programs.client.delete("/api/v1/orders", headers={"Authorization": f"Bearer {WEI.name}"})
    assert both.headers["allow"] == "GET, POST"


def test_sentences_come_in_the_requested_language(programs):
    def sentence(**headers: str) -> str:
        request_headers = {"Authorization": f"Bearer {WEI.name}", **headers}
        return programs.client.get("/api/v1/customers/C9", headers=request_headers).json()["message"]

    assert sentence() == "There is no “C9” here."
    assert sentence(**{"Accept-Language": "zh-CN,zh;q=0.9"}) == "这里没有“C9”。"
    assert sentence(**{"Accept-Language": "en"}) == "There is no “C9” here."


def test_a_failure_of_ours_gives_a_reference_and_no_trace(programs, monkeypatch):
    def broken(*_arguments: object) -> None:
        raise RuntimeError("secret detail")

    monkeypatch.setattr("api.resources.find_page", broken)

    answer = programs.get(WEI, "/customers")

    assert (answer.status_code, answer.json()["code"]) == (500, "http.500")
    assert len(answer.json()["reference"]) == 12
    assert "secret detail" not in answer.text and "Traceback" not in answer.text
