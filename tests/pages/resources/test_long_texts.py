"""Texts far longer than any value, sent to the pages that take them: answered in a sentence, and at once."""

import time

import httpx
import pytest
from argon2 import PasswordHasher

from core.database.sessions import transact
from services.accounts.administration import reset_password
from tests.conftest import ADMIN, LING
from tests.pages.plain.test_plain import PASSWORD, browser

MARKS = "a" + "\u0301\u0323" * 30_000
ACCENTS = "a" + "\u0301\u0323" * 900  # as long as a form lets through
SECONDS_MAX = 10  # of the processor; it took a minute for twice as many marks


@pytest.fixture
async def client(sqlite_database, monkeypatch):
    monkeypatch.setattr("services.accounts.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    transact(ADMIN, lambda session: reset_password(session, LING.person, PASSWORD))
    async with browser() as client:
        yield client


async def _sent(client: httpx.AsyncClient, path: str, **fields: str) -> httpx.Response:
    started = time.process_time()
    answer = await client.post(path, files={name: (None, text) for name, text in fields.items()})
    assert time.process_time() - started < SECONDS_MAX
    return answer


@pytest.mark.parametrize("field", ["email", "password", "next"])
async def test_a_sign_in_with_a_text_that_is_far_too_long_is_refused_in_a_sentence(client, field: str):
    answer = await _sent(client, "/login", **({"email": LING.person, "password": PASSWORD} | {field: MARKS}))

    assert answer.status_code == 422
    assert "One field holds more text than it may: at most 2000 characters." in answer.text


async def test_a_password_that_nobody_can_have_is_a_wrong_one(client):
    answer = await _sent(client, "/login", email=LING.person, password=ACCENTS)

    assert answer.status_code == 422
    assert "E-mail or password is not right." in answer.text


@pytest.mark.parametrize(
    ("path", "field"),
    [("/account/password", "old"), ("/account/password", "password"), ("/account/second-factor", "old")],
)
@pytest.mark.parametrize("text", [MARKS, ACCENTS], ids=["longer than the form", "longer than a password"])
async def test_an_own_account_takes_no_longer_texts_either(client, path: str, field: str, text: str):
    await _sent(client, "/login", email=LING.person, password=PASSWORD)
    stated = {"old": PASSWORD, "password": PASSWORD + "!", "again": PASSWORD + "!"}
    stated |= {field: text, "again": text} if field == "password" else {field: text}

    answer = await _sent(client, path, **stated)

    assert answer.status_code == 422
    signed_in = await _sent(client, "/login", email=LING.person, password=PASSWORD)
    assert signed_in.status_code == 303
