"""What holds for the lists of every resource: each field can be sorted and asked by, and no value is ever a command."""

import random

import pytest

from core.database.sessions import reading, unit_of_work
from core.errors import InvalidInput
from core.queries.filters import operators_of
from core.queries.finding import find_page, read_query, stream_rows
from core.queries.grid_query import OF_THE_ADDRESS, OWN_PARAMETERS
from core.resource import Field, Resource
from models.customers import Customer
from resources import ALL, SHEETS
from resources.customers import CUSTOMERS
from tests.conftest import ADMIN, HUADONG, HUADONG_CLERK, HUADONG_OWNER, HUADONG_PATH

EVERY = {resource.name: resource for resource in (*ALL, *SHEETS.values())}
PAYLOADS = [
    "'",
    '"',
    "\\",
    ";",
    "--",
    "/*",
    "`",
    "') OR 1=1 --",
    "' OR 'a'='a",
    "1; DROP TABLE customers",
    "1) UNION SELECT password_hash FROM users --",
    "' UNION SELECT NULL,NULL,NULL --",
    "x' AND 1=(SELECT count(*) FROM users) --",
    "' AND SLEEP(5) --",
    "'; SELECT pg_sleep(5) --",
    "1 AND 1=1",
    "(SELECT 1)",
    "name DESC, (SELECT password_hash FROM users LIMIT 1)",
    "CASE WHEN 1=1 THEN name ELSE code END",
    "name; PRAGMA writable_schema=1",
    "%s",
    "%(name)s",
    ":name",
    "{name}",
    "?1",
    "$1",
    "\\x27",
    "＇ OR 1=1",
    "%27%20OR%201%3D1",
    "name::int",
    "name\tASC",
    "a\nb",
    "NULL",
    "true",
    "-1",
    "1e309",
    "9" * 40,
    "0x10",
    "٣",
    "²",
    "é" * 200,
    "𠮷",
    "\u202e",
    "\ufeff",
    "..",
    "1..",
    "..1",
    "a..b",
    ",",
    ",,a",
    "customers.name",
    "__class__",
    "name__in__in",
    "%",
    "_",
    "[a]",
    "*",
    "~",
    "{}",
    "\ud800",
    "\x00",
]


def value_of(field: Field) -> str:
    if field.kind.choices:
        return field.kind.choices[0].value
    by_style = {
        "date": "2026-11-22",
        "datetime": "2026-11-22",
        "money": "1",
        "unit_price": "1",
        "decimal": "0.1",
        "integer": "1",
    }
    by_name = {"region": "310106", "uscc": "91350100M000100Y43", "phone": "13800138000", "email": "a@example.com"}
    return by_name.get(field.kind.name) or by_style.get(field.kind.style, "a")


@pytest.mark.parametrize("resource", EVERY.values(), ids=EVERY)
def test_every_field_can_be_shown_sorted_and_asked(database, resource: Resource):
    actor = HUADONG_OWNER if HUADONG_OWNER.can(resource.view) else ADMIN  # with the row filter of a branch, if it may

    with reading(actor) as session:
        for field in resource.fields_for(actor):
            for sort in (field.name, f"-{field.name}"):
                sorted_rows = [("sort", sort), ("count", "none"), ("sums", "0")]  # neither depends on the order
                first = find_page(session, read_query(resource, actor, [*sorted_rows, ("limit", "1")]))
                if first.next_cursor:
                    find_page(session, read_query(resource, actor, [*sorted_rows, ("cursor", first.next_cursor)]))
            compiled = {f"{field.name}__{operator}": value_of(field) for operator in operators_of(field)}
            compiled |= {f"{field.name}__not": value_of(field), f"{field.name}__empty": "1"}
            for pair in compiled.items():
                find_page(session, read_query(resource, actor, [pair], from_address=True))
        find_page(session, read_query(resource, actor, [("q", "ab")]))
        for part in stream_rows(session, read_query(resource, actor, [])):
            assert {len(row) for row in part} == {len(resource.fields_for(actor))}


@pytest.mark.parametrize("resource", EVERY.values(), ids=EVERY)
def test_names_of_fields_and_parameters_never_meet(resource: Resource):
    reserved = {*OWN_PARAMETERS, *OF_THE_ADDRESS}

    assert not reserved & set(resource.names)
    assert not [name for name in resource.names if "__" in name or name.startswith("_")]
    assert set(resource.order) == {sort for sort in resource.order if sort.removeprefix("-") in resource.names}
    assert set(resource.sums) <= set(resource.names)


def test_no_value_is_a_command(database):
    """A third of what the campaign tries in whole."""
    assert answers_to_payloads(0.35) > 70


def answers_to_payloads(part: float) -> int:
    """Return how many pairs of a parameter and a payload were answered.

    None finds what is not there; the others are refused in words, and nothing breaks.

    Args:
        part: Of all pairs of ``PAYLOADS`` and parameters, the same ones each time.
    """
    chance = random.Random(1)
    with unit_of_work(ADMIN) as session:
        session.add(Customer(code="C1", name="a", partner_id=HUADONG, path=HUADONG_PATH))
        session.add(Customer(code="C2", name="b"))
    names = ["code", "name", "stage", "region", "owner", "tags", "created_at"]
    parameters = [*names, "name__contains", "name__in", "owner__contains", "created_at__from", *OWN_PARAMETERS]
    answered = 0

    with reading(HUADONG_CLERK) as session:
        for payload in PAYLOADS:
            for parameter in [*parameters, payload]:
                if chance.random() >= part:
                    continue
                pair = (parameter, "x" if parameter == payload else payload)
                try:
                    page = find_page(session, read_query(CUSTOMERS, HUADONG_CLERK, [pair]))
                except InvalidInput as refused:
                    assert refused.code.split(".")[0] in {"queries", "text", "expressions"} and refused.text
                else:
                    assert [row["_key"] for row in page.rows] in ([], ["C1"])
                    answered += 1
        everything = find_page(session, read_query(CUSTOMERS, HUADONG_CLERK, []))

    assert [row["_key"] for row in everything.rows] == ["C1"]
    return answered
