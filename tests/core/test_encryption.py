"""Sealed secrets: unreadable without the key, bound to purpose and owner, changed nowhere unnoticed."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import settings as core_settings
from core.encryption import ENCRYPTED_LENGTH_MAX, MARK, DecryptionError, decrypt, encrypt, is_encrypted

SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@given(st.text(st.characters(max_codepoint=127), max_size=100))
def test_an_encrypted_text_decrypts_again_and_fits_its_column(text):
    encrypted = encrypt(text, "totp secret", "user 7")

    assert decrypt(encrypted, "totp secret", "user 7") == text
    assert is_encrypted(encrypted)
    assert len(encrypted) <= ENCRYPTED_LENGTH_MAX


def test_the_secret_shows_nowhere_and_never_looks_the_same():
    first, second = (encrypt(SECRET, "totp secret", "user 7") for _ in range(2))

    assert first != second
    assert SECRET not in first


@pytest.mark.parametrize(("purpose", "of"), [("totp secret", "user 8"), ("other", "user 7")])
def test_it_opens_for_no_other_owner_and_no_other_purpose(purpose, of):
    with pytest.raises(DecryptionError):
        decrypt(encrypt(SECRET, "totp secret", "user 7"), purpose, of)


@pytest.mark.parametrize("place", [3, 20, -6])
def test_a_changed_letter_is_noticed(place):
    encrypted = encrypt(SECRET, "totp secret", "user 7")
    letter = "A" if encrypted[place] != "A" else "B"
    changed = f"{encrypted[:place]}{letter}{encrypted[place:][1:]}"

    with pytest.raises(DecryptionError):
        decrypt(changed, "totp secret", "user 7")


@pytest.mark.parametrize("broken", [MARK, MARK + "AAAA", MARK + "not base64!"])
def test_a_text_that_is_not_encrypted_is_refused_without_a_trace(broken):
    with pytest.raises(DecryptionError):
        decrypt(broken, "totp secret", "user 7")


def test_another_secret_of_the_installation_decrypts_nothing(monkeypatch):
    encrypted = encrypt(SECRET, "totp secret", "user 7")
    monkeypatch.setenv("QUDAO_SECRET", "another-secret-another-secret-another-secret")
    core_settings.settings.cache_clear()
    core_settings.signing_secret.cache_clear()
    try:
        with pytest.raises(DecryptionError):
            decrypt(encrypted, "totp secret", "user 7")
    finally:
        monkeypatch.undo()
        core_settings.settings.cache_clear()
        core_settings.signing_secret.cache_clear()


def test_a_secret_from_before_there_was_sealing_is_read_as_it_is():
    assert decrypt(SECRET, "totp secret", "user 7") == SECRET
