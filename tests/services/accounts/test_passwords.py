"""Which passwords are accepted, and how they are kept."""

import threading
import time
import unicodedata

import pytest
from argon2 import PasswordHasher

from core.errors import InvalidInput
from core.settings import settings
from services.accounts import passwords

GOOD = [
    "purple kettle sings at dawn",
    "correct horse battery staple",
    "Xk9#vQ2!mLp0$zRt",
    "青山不改绿水长流后会有期再见面时",
    "    spaces are kept    ",
    "ünïcödé läßt sich tippen",
    "abandon the usual harbour lights, all of them",
]
GUESSABLE = [
    "qwertyuiop123456",
    "1qaz2wsx3edc4rfv",
    "asdfghjkl;'zxcvbn",
    "Qudao2026Qudao2026",
    "qudaodinghuo2026!",
    "QuDao@Password123456",
    "渠道订货渠道订货渠道订货渠道订货",
    "passwordpassword1",
    "P@ssw0rdP@ssw0rd!",
    "test-password-123456",
    "aaaaaaaaaaaaaaaa",
    "abcabcabcabcabcabc",
    "abcdefghijklmnop",
    "98765432109876543210",
    "woaizhongguo1949",
    "wodemima20261122",
    "iloveyoubaby2026",
    "ling@example.com1",
    "Ling Li 20261122!",
]


@pytest.mark.parametrize("password", GOOD)
def test_what_nobody_else_would_think_of_is_accepted(password):
    assert passwords.require_acceptable(password, "ling@example.com", "Ling Li") is None


@pytest.mark.parametrize("password", GUESSABLE)
def test_what_everybody_tries_first_is_refused(password):
    with pytest.raises(InvalidInput) as refused:
        passwords.require_acceptable(password, "ling@example.com", "Ling Li")

    assert refused.value.code == "users.password_guessable"


@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("sunny harbour 7", None),
        ("sunny harbour ", "users.password_too_short"),
        ("", "users.password_too_short"),
        ("harbour and lamps " * 7 + "ab", None),
        ("harbour and lamps " * 7 + "abc", "users.password_too_long"),
    ],
)
def test_fifteen_to_a_hundred_and_twenty_eight_characters(password, code):
    try:
        passwords.require_acceptable(password)
        refused = None
    except InvalidInput as error:
        refused = error.code

    assert refused == code


def test_a_password_that_is_far_too_long_is_refused_before_it_is_checked(monkeypatch):
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    hostile = "a" + "\u0301\u0323" * 60_000
    started = time.thread_time()

    with pytest.raises(InvalidInput) as refused:
        passwords.require_acceptable(hostile)
    with pytest.raises(InvalidInput):
        passwords.hash_password(hostile)

    assert refused.value.code == "users.password_too_long"
    assert not passwords.is_correct(passwords.hash_password("purple kettle sings at dawn"), hostile)
    assert not passwords.is_correct(None, hostile)
    assert time.thread_time() - started < 5  # it took a minute for each


@pytest.mark.parametrize(
    ("brand", "password"),
    [
        ("Qinghe", "Qinghe2026!Qinghe2026!"),
        ("Qing-He Hartwood 清河湾食品坊", "qinghe20261122qinghe"),
        ("Qing-He Hartwood 清河湾食品坊", "Hartwood#2026#Hartwood#2026"),
        ("Qing-He Hartwood 清河湾食品坊", "清河湾食品坊2026清河湾食品坊!!"),
    ],
)
def test_the_name_of_the_brand_is_taken_out_like_other_words_of_ours(monkeypatch, brand, password):
    assert passwords.require_acceptable(password) is None

    monkeypatch.setenv("QUDAO_BRAND_NAME", brand)
    settings.cache_clear()
    try:
        with pytest.raises(InvalidInput) as refused:
            passwords.require_acceptable(password)
    finally:
        monkeypatch.undo()
        settings.cache_clear()
    assert refused.value.code == "users.password_guessable"


def test_a_password_typed_on_another_keyboard_is_the_same(monkeypatch):
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    composed = unicodedata.normalize("NFC", "ünïcödé läßt sich tippen")
    stored = passwords.hash_password(unicodedata.normalize("NFD", composed))

    assert passwords.is_correct(stored, composed)


def test_nothing_is_cut_and_nothing_is_trimmed(monkeypatch):
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    stored = passwords.hash_password("harbour and lamps " * 7 + "ab")

    assert passwords.is_correct(stored, "harbour and lamps " * 7 + "ab")
    assert not passwords.is_correct(stored, "harbour and lamps " * 7 + "a")
    assert not passwords.is_correct(stored, "harbour and lamps " * 7 + "ab ")


def test_the_hash_is_argon2id_with_at_least_nineteen_mebibytes():
    assert passwords.hash_password("purple kettle sings at dawn").startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_an_account_without_password_costs_the_same_work_and_never_opens(monkeypatch):
    verified = []

    class Counting(PasswordHasher):
        def verify(self, stored, typed):
            verified.append(stored[:10])
            return super().verify(stored, typed)

    monkeypatch.setattr(passwords, "HASHER", Counting(time_cost=1, memory_cost=8, parallelism=1))

    assert not passwords.is_correct(None, "nobody has this password")
    assert verified == ["$argon2id$"]


def test_at_most_four_are_hashed_at_once(monkeypatch):
    running, most, gate = [0], [0], threading.Event()

    class Slow(PasswordHasher):
        def hash(self, password, **options):
            running[0] += 1
            most[0] = max(most[0], running[0])
            gate.wait(0.2)
            running[0] -= 1
            return "$hash"

    monkeypatch.setattr(passwords, "HASHER", Slow())
    threads = [threading.Thread(target=passwords.hash_password, args=("x",)) for _ in range(12)]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert most == [4]
