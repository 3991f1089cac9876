"""Every answer is what its description says, so that a program made from the description can read it."""

import json
import re
from typing import Any

import pytest

from api.application import make_api
from resources import ALL
from tests.conftest import ADMIN
from tests.support.small_demo import load_small_demo

TYPES: dict[str, Any] = {"string": str, "array": list, "object": dict, "null": type(None), "boolean": bool}


def faults(document: dict[str, Any], schema: dict[str, Any], value: Any, place: str = "") -> list[str]:
    """Return where ``value`` is not what ``schema`` says; a keyword that is not known here fails."""
    if "$ref" in schema:
        return faults(document, document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]], value, place)
    if "anyOf" in schema:
        ways = [faults(document, one, value, place) for one in schema["anyOf"]]
        return [] if [] in ways else [f"{place}: {value!r} is none of {schema['anyOf']}"]
    unknown = schema.keys() - {"type", "properties", "required", "items", "enum", "const", "pattern", "format", "title",
                               "description", "default", "examples"}  # fmt: skip
    assert not unknown
    found = [] if _is_of(schema.get("type"), value) else [f"{place}: {value!r} is no {schema['type']}"]
    if ("const" in schema and value != schema["const"]) or ("enum" in schema and value not in schema["enum"]):
        found.append(f"{place}: {value!r} is not allowed")
    if "pattern" in schema and not re.search(schema["pattern"], str(value)):
        found.append(f"{place}: {value!r} is not like {schema['pattern']}")
    if isinstance(value, dict):
        found += [f"{place}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        for name, inner in value.items():
            if name not in schema.get("properties", {}):
                found.append(f"{place}.{name} is not described")
            else:
                found += faults(document, schema["properties"][name], inner, f"{place}.{name}")
    if isinstance(value, list):
        found += [one for inner in value for one in faults(document, schema["items"], inner, f"{place}[]")]
    return found


def _is_of(name: str | None, value: Any) -> bool:
    if name in {"integer", "number"}:
        return isinstance(value, int if name == "integer" else (int, float)) and not isinstance(value, bool)
    return name is None or isinstance(value, TYPES[name])


def test_every_list_and_record_is_as_described(programs, monkeypatch):
    load_small_demo(monkeypatch)
    document = json.loads(json.dumps(make_api().openapi()))

    for resource in ALL:
        lists = document["paths"][f"/api/v1/{resource.name}"]["get"]
        key = "number" if resource.name == "orders" else "key"
        records = document["paths"][f"/api/v1/{resource.name}/{{{key}}}"]["get"]
        described = [one["responses"]["200"]["content"]["application/json"]["schema"] for one in (lists, records)]
        page = programs.get(ADMIN, f"/{resource.name}?limit=200").json()
        assert len(page["items"]) >= 3, resource.name
        assert faults(document, described[0], page, resource.name) == []
        for item in page["items"][:3]:
            one = programs.get(ADMIN, f"/{resource.name}/{'~'.join(str(item[name]) for name in resource.keys)}")
            assert faults(document, described[1], one.json(), resource.name) == []


@pytest.mark.parametrize(
    ("schema", "value", "is_right"),
    [
        ({"type": "string"}, 1.5, False),
        ({"type": "number"}, 1.5, True),
        ({"type": "integer"}, 1.5, False),
        ({"anyOf": [{"type": "string"}, {"type": "null"}]}, None, True),
        ({"type": "object", "properties": {}, "required": ["a"]}, {}, False),
        ({"type": "object", "properties": {}}, {"a": 1}, False),
    ],
)
def test_a_fault_is_seen(schema, value, is_right):
    assert (faults({}, schema, value) == []) is is_right
