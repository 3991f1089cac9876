"""Conditions as JSON: a clean form, a version, and refusals that name what is wrong."""

from typing import Any

import pytest

from core.errors import InvalidInput
from core.expressions.json_form import from_json, to_json
from core.expressions.scope import Scope
from core.expressions.texts.parsing import parse_condition
from core.i18n import use_language
from resources.orders import ORDERS
from tests.conftest import ADMIN

SCOPE = Scope.of(ORDERS, ADMIN)


def test_a_condition_is_plain_json_with_a_version():
    text = (
        "status in (draft, submitted) and not (buyer.tier = dealer) and total - tax * 50% >= 99.5 "
        "and placed_at between last month and 2026-11-22 and note is empty and shipped_at < 2 weeks ago"
    )

    assert to_json(parse_condition(text, SCOPE)) == {
        "v": 1,
        "and": [
            {"field": "status", "in": ["draft", "submitted"]},
            {"not": {"field": "buyer.tier", "is": "dealer"}},
            {
                "value": {"-": [{"field": "total"}, {"*": [{"field": "tax"}, {"percent": "50"}]}]},
                "at_least": {"number": "99.5"},
            },
            {"field": "placed_at", "between": [{"period": "month", "distance": -1}, {"day": "2026-11-22"}]},
            {"field": "note", "empty": True},
            {"field": "shipped_at", "less": {"from_today": -2, "unit": "week"}},
        ],
    }


def nested(depth: int) -> dict[str, Any]:
    data: dict[str, Any] = {"field": "status", "is": "draft"}
    for _ in range(depth):
        data = {"not": data}
    return {"v": 1, **data}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"v": 2, "field": "status", "is": "draft"}, "of version “2”; only version 1 is known here"),
        ({"field": "status", "is": "draft"}, "of version “”"),
        ("status = draft", "of version “”"),
        ({"v": 1}, "“” has no meaning in a condition"),
        ({"v": 1, "xor": []}, "“xor” has no meaning"),
        ({"v": 1, "and": []}, "This is no condition"),
        ({"v": 1, "field": "colour", "is": "red"}, "There is no field “colour” here"),
        ({"v": 1, "field": "status", "is": "gone"}, "“gone”: is none of"),
        ({"v": 1, "field": "status", "like": "d"}, "“like” has no meaning"),
        ({"v": 1, "field": "status", "is": "draft", "or": []}, "has no meaning"),
        ({"v": 1, "field": "total", "more": 1.5}, "“1.5” has no meaning"),
        ({"v": 1, "field": "total", "more": True}, "“True” has no meaning"),
        ({"v": 1, "field": "total", "more": {"number": "1e5"}}, "“1e5” has no meaning"),
        ({"v": 1, "field": "total", "more": 10**30}, "This number is too large"),
        ({"v": 1, "field": "total", "in": [{"field": "tax"}]}, "A list holds values, no fields"),
        ({"v": 1, "field": "total", "in": []}, "Say at least one value"),
        ({"v": 1, "field": "placed_at", "is": {"day": "soon"}}, "“soon” has no meaning"),
        ({"v": 1, "field": "placed_at", "is": {"period": "month", "distance": 7}}, "Periods are this, last and next"),
        ({"v": 1, "field": "placed_at", "is": {"moment": "2026-02-30T00:00:00Z"}}, "is not a date"),
        (nested(100_000), "This condition is too large"),
    ],
    ids=lambda one: str(one)[:40] if isinstance(one, str) else "",
)
def test_what_is_no_condition_is_refused_by_name(data: Any, said: str):
    with use_language("en"), pytest.raises(InvalidInput) as caught:
        from_json(data, SCOPE)

    with use_language("en"):
        assert said in caught.value.text
