"""Failures as people and programs meet them: the connection goes on, the log has one trace, an outage is a 503."""

import logging

import httpx
import pytest
from fastapi import Depends, FastAPI

from api.errors import install_api_error_handlers
from core.database import errors
from core.database.errors import disk_full
from core.database.sessions import connect
from pages.site import add_access
from pages.web.identity import cookie_name
from pages.web.policies import PUBLIC
from tests.browser.signing_in import session_of, sign_in_as
from tests.conftest import LING
from tests.support.server import serving_copy

ORIGIN = "http://localhost:8080"


def failing_product() -> FastAPI:
    app = FastAPI(openapi_url=None)
    api = FastAPI(openapi_url=None)
    install_api_error_handlers(api)
    app.mount("/api", api)
    add_access(app)

    @app.get("/full", dependencies=[Depends(PUBLIC)])
    def full() -> None:
        raise disk_full()

    @app.get("/no-space", dependencies=[Depends(PUBLIC)])
    def no_space() -> None:
        raise OSError(28, "No space left on device")

    @api.get("/full")
    def full_for_programs() -> None:
        raise disk_full()

    @api.get("/no-space")
    def no_space_for_programs() -> None:
        raise OSError(28, "No space left on device")

    @api.get("/bug")
    def bug() -> None:
        raise ZeroDivisionError("secret of the inside")

    return app


@pytest.fixture
async def client(sqlite_database, monkeypatch):
    monkeypatch.setattr(errors, "_logged_at", {})
    transport = httpx.ASGITransport(failing_product())  # what is raised on is raised here
    headers = {"Accept": "text/html", "Accept-Language": "en"}
    async with httpx.AsyncClient(transport=transport, base_url=ORIGIN, headers=headers) as client:
        yield client


@pytest.mark.parametrize("path", ["/full", "/no-space"])
async def test_a_full_disk_is_a_page_with_a_sentence(client, path):
    answer = await client.get(path)
    chinese = await client.get(path, headers={"Accept-Language": "zh"})

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert "The disk of the server is full." in answer.text
    assert "磁盘已满" in chinese.text


@pytest.mark.parametrize("path", ["/api/full", "/api/no-space"])
async def test_a_full_disk_is_a_code_for_programs(client, path):
    answer = await client.get(path)

    assert (answer.status_code, answer.headers["retry-after"]) == (503, "60")
    assert (answer.json()["code"], answer.json()["fields"]) == ("database.full", {})


async def test_a_bug_of_the_api_is_logged_once_with_its_reference(client, caplog):
    caplog.set_level(logging.ERROR)

    answer = await client.get("/api/bug")

    assert (answer.status_code, answer.json()["reference"]) == (500, answer.headers["x-request-id"])
    assert [record.getMessage() for record in caplog.records] == [
        f"request failed, reference {answer.headers['x-request-id']}"
    ]


async def test_a_signed_in_user_reads_that_the_database_cannot_be_reached(client, caplog):
    sign_in_as(client, LING)
    lost = connect("postgresql+psycopg://nobody@127.0.0.1:1/nothing")
    caplog.set_level(logging.WARNING)

    answers = [await client.get("/full") for _ in range(5)]

    assert {(one.status_code, one.headers["retry-after"]) for one in answers} == {(503, "5")}
    assert "The database cannot be reached" in answers[0].text
    assert len(caplog.records) == 1
    lost.dispose()


def test_a_client_goes_on_over_the_same_connection_after_a_bug(sqlite_template, tmp_path):
    with serving_copy(sqlite_template, tmp_path, command=("-m", "tests.pages.shell.calls_main")) as address:
        cookies = {cookie_name(): session_of(LING)}
        ports = []
        with httpx.Client(base_url=address, cookies=cookies) as person:
            for path, status in (("/customers/bug", 500), ("/login", 303), ("/customers/bug", 500), ("/apply", 200)):
                answer = person.get(path)
                ports.append(answer.extensions["network_stream"].get_extra_info("client_addr")[1])
                assert answer.status_code == status, path

    assert len(set(ports)) == 1
    assert (tmp_path / "server.log").read_text().count("ZeroDivisionError: secret of the inside") == 2
