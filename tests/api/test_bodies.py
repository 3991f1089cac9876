"""Bodies of requests: what is no clear JSON is refused in words, and much of it keeps nobody else waiting."""

import pytest
from sqlalchemy import func, select

import api.bodies
from api.bodies import DEPTH_MAX, ON_LOOP_BYTES_MAX, read_json
from api.field_errors import FIELDS_MAX
from core.database.sessions import reading
from core.errors import InvalidInput
from models.idempotency import IdempotencyKey
from models.orders import Order
from tests.api.test_orders import ORDER
from tests.conftest import ADMIN, LING
from tests.services.orders.support import add_range


@pytest.fixture
def send(programs):
    add_range()

    def sent(body: bytes, kind: str | None = "application/json", language: str = "en"):
        headers = {"Authorization": f"Bearer {LING.name}", "Idempotency-Key": "k", "Accept-Language": language}
        headers |= {} if kind is None else {"Content-Type": kind}
        return programs.client.post("/api/v1/orders", content=body, headers=headers)

    return sent


def stored() -> tuple[int, int]:
    with reading(ADMIN) as session:
        counts = [select(func.count()).select_from(model) for model in (Order, IdempotencyKey)]
        see = {"see_all": "the test counts everything"}
        orders, keys = (session.scalar(count, execution_options=see) or 0 for count in counts)
        return orders, keys


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        (b'{"buyer": "HD", "buyer": "SZ", "lines": []}', "request.duplicate_name", "buyer"),
        (b'{"lines": [{"sku": "A", "quantity": 1, "sku": "B"}]}', "request.duplicate_name", "sku"),
        (b'{"\\u0062uyer": "HD", "buyer": "SZ"}', "request.duplicate_name", "buyer"),
        (b'{"__proto__": {"is_admin": true}}', "request.forbidden_name", "__proto__"),
        (b'{"lines": [{"constructor": 1}]}', "request.forbidden_name", "constructor"),
        (b'{"prototype": 1}', "request.forbidden_name", "prototype"),
        (b"{", "request.not_json", None),
        (b'{"lines": NaN}', "request.not_json", None),
        (b'{"lines": -Infinity}', "request.not_json", None),
        (b"\xff\xfe{", "request.not_json", None),
        (b'{"buyer": "\xe4"}', "request.not_json", None),
        (b'{"lines": [{"quantity": ' + b"9" * 10_000 + b"}]}", "request.not_json", None),
        (b"[" * 100_000, "request.too_deep", None),
        (b'{"note":' + b"[" * DEPTH_MAX + b"]" * DEPTH_MAX + b"}", "request.too_deep", None),
        (b'{"note":' * 33 + b"1" + b"}" * 33, "request.too_deep", None),
        (b"{" + b",".join(b'"%d":1' % number for number in range(100_000)) + b"}", "request.too_many_names", None),
        (b"[" + b",".join(b'{"a%d":1}' % number for number in range(6_000)) + b"]", "request.too_many_names", None),
    ],
)
def test_an_unclear_body_is_refused_in_words_and_nothing_is_stored(send, body, code, field):
    for language in ("en", "zh"):
        answer = send(body, language=language)

        assert (answer.status_code, answer.json()["code"]) == (422, code)
        assert list(answer.json()["fields"]) == ([] if field is None else [field])
        assert field is None or field in answer.json()["message"]
    assert stored() == (0, 0)


def test_lists_and_objects_up_to_the_limit_are_read():
    body = b"[" * DEPTH_MAX + b"]" * DEPTH_MAX

    assert read_json(body) is not None
    with pytest.raises(InvalidInput):
        read_json(b"[" + body + b"]")


@pytest.mark.parametrize("kind", ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"])
def test_a_body_of_another_kind_is_refused_with_415(send, kind):
    answer = send(b"buyer=SZ", kind)

    assert (answer.status_code, answer.json()["code"]) == (415, "request.not_json_type")
    assert "application/json" in answer.json()["message"]
    assert stored() == (0, 0)


def test_json_without_a_type_is_refused_and_with_a_charset_taken(send):
    body = b'{"buyer": "HD", "lines": [{"sku": "MILK", "quantity": 1}]}'

    assert send(body, None).status_code == 415
    assert send(body, "application/json; charset=utf-8").status_code == 201


@pytest.mark.parametrize(
    ("changes", "field", "english", "chinese"),
    [
        ({"lines": []}, "lines", "has too few entries: at least 1", "条数太少：至少 1 条"),
        ({"lines": [{"sku": "A"}]}, "lines.0.quantity", "is required", "必填"),
        ({"lines": [{"sku": "A", "quantity": 0}]}, "lines.0.quantity", "is too small: at least 1", "太小：至少为 1"),
        ({"lines": [{"sku": "A", "quantity": "1"}]}, "lines.0.quantity", "must be a whole number", "应为整数"),
        ({"lines": [{"sku": "A", "quantity": 1.5}]}, "lines.0.quantity", "must be a whole number", "应为整数"),
        ({"lines": "A"}, "lines", "must be a list", "应为列表"),
        ({"lines": [1]}, "lines.0", "must be an object", "应为对象"),
        ({"buyer": 7}, "buyer", "must be a text", "应为文本"),
        ({"buyer": "x" * 65}, "buyer", "is too long: at most 64", "太长：最多 64 个字符"),
        ({"total": "1"}, "total", "There is no such field here: leave it out.", "这里没有这个字段：请去掉。"),
    ],
)
def test_what_is_wrong_with_a_field_is_said_in_both_languages(programs, changes, field, english, chinese):
    for language, sentence in (("en", english), ("zh", chinese)):
        answer = programs.post(LING, "/orders", ORDER | changes, **{"Accept-Language": language})

        assert (answer.status_code, answer.json()["fields"]) == (422, {field: sentence})


def test_no_sentence_of_the_framework_reaches_a_program(programs):
    for body in ([], "x", 1, None, {"lines": [{"unit": "x"}]}, {"ship_to": []}, {"note": {}}, {"lines": {}}):
        fields = programs.post(LING, "/orders", body, **{"Accept-Language": "zh"}).json()["fields"]

        assert fields
        assert all(not sentence.isascii() for sentence in fields.values()), (body, fields)


def test_of_many_wrong_fields_the_first_are_named(send):
    names = b",".join(b'"%s%d":1' % (b"x" * 500, number) for number in range(49))

    fields = send(b"{" + names + b"}").json()["fields"]

    assert len(fields) <= FIELDS_MAX
    assert max(map(len, fields)) <= 80


def test_a_long_body_is_read_off_the_event_loop(send, monkeypatch):
    lengths = []
    in_thread = api.bodies.run_in_threadpool

    async def noted(function, body):
        lengths.append(len(body))
        return await in_thread(function, body)

    monkeypatch.setattr(api.bodies, "run_in_threadpool", noted)

    for size in (10, ON_LOOP_BYTES_MAX + 1):
        send(b'{"note": "' + b"x" * size + b'"}')

    assert lengths == [ON_LOOP_BYTES_MAX + 1 + len('{"note": ""}')]
