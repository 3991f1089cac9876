"""Addresses of records: any key that can be stored comes back whole, in either form, and meets no page."""

import re
from collections.abc import Iterator
from urllib.parse import quote, unquote, urljoin

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient
from hypothesis import given, settings
from hypothesis import strategies as st

from core.addresses import PAGES, KeyInPath, KeysInPaths, is_plain, key_of, key_segment, record_path
from core.kinds.kind import Refused
from core.kinds.standard import CODE
from resources import BY_NAME
from tests.support.source import ROOT

ODD = [
    "SO/2026/777", "a?b", "a#b", "100%", "%2F", "%", "a b", ".", "..", "new", "import", "template.xlsx", "=", "=bmV3",
    "=U08", "~", "~a", "a~b", "A/submission", "/", "//", "a/", "/a", "a\\b", "上海 1 号", "é", "e\u0301", "𠮷", "a+b",
    "a;b", "a&b=c", "a:b", "a@b.c", "'\"<>", "review", "map", "register", "a/edit", "%3D", "%252F", "index.html",
]  # fmt: skip


def storable(text: str) -> bool:
    try:
        return CODE.parse(text) == text != ""
    except Refused:
        return False


KEYS = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=64) | st.text(
    "aZ0/?#%. =~+&;:\\-_\u4e0a", min_size=1, max_size=12
)


@pytest.fixture(scope="module")
def client() -> Iterator[TestClient]:
    app = FastAPI()
    app.add_middleware(KeysInPaths, resources=frozenset({"orders", "customers"}))

    @app.get("/orders/new")
    def new() -> str:
        return "a page"

    @app.get("/orders/{number}/edit")
    def edit(number: KeyInPath) -> list[str]:
        return ["edit", number]

    @app.get("/api/v1/orders/{number}")
    @app.get("/orders/{number}")
    def record(number: KeyInPath) -> list[str]:
        return ["record", number]

    @app.get("/customers/{key:path}")
    def customer(key: KeyInPath) -> list[str]:
        return ["record", key]

    @app.get("/files/{name:path}")
    def other(name: str) -> list[str]:
        return ["file", name]

    with TestClient(app) as client:  # entered: one event loop for all requests in place of one for each
        yield client


def reached(client: TestClient, key: str) -> None:
    for resource in ("orders", "customers"):
        path = record_path(resource, key)
        assert urljoin("http://x/", path) == f"http://x{path}"  # no browser makes another address of it
        assert "%2F" not in path  # proxies decode it
        assert client.get(path).json() == ["record", key], path
    assert client.get(record_path("orders", key, "edit")).json() == ["edit", key]
    if key not in {".", ".."}:  # clients take those for folders, encoded or not
        assert client.get(f"/api/v1/orders/{quote(key, safe='')}").json() == ["record", key]
        if key not in PAGES:
            assert client.get(f"/orders/{quote(key, safe='')}").json() == ["record", key]
        assert client.get(f"/orders/{quote(key, safe='')}/edit").json() == ["edit", key]


@pytest.mark.parametrize("key", ODD)
def test_an_odd_key_reaches_its_record_and_what_is_below_it(client, key):
    reached(client, key)


@settings(max_examples=300, deadline=None)
@given(KEYS.filter(storable))
def test_any_key_that_can_be_stored_reaches_its_record(client, key):
    reached(client, key)


@given(KEYS)
def test_a_segment_means_one_key_and_a_key_has_one_segment(key):
    assert key_of(unquote(key_segment(key))) == key
    assert is_plain(key) <= (key_segment(key) == key)


def test_addresses_that_hold_no_keys_are_left_alone(client):
    assert client.get("/files/a%2Fb").json() == ["file", "a/b"]
    assert client.get("/files/%3Da").json() == ["file", "=a"]
    assert client.get("/orders/new").json() == "a page"


def test_every_page_below_a_resource_is_known_as_no_key():
    routes = (ROOT / "tests" / "golden" / "routes.txt").read_text(encoding="utf-8")
    below = re.findall(r"^\S+\s+/(\w+)/([^/\s{]+)", routes, re.MULTILINE)

    assert {name for resource, name in below if resource in BY_NAME} == set(PAGES)
