"""Secrets that must be read again, so that a hash will not do: stored sealed under a key that the database lacks.

AES-256-GCM. The key comes from ``QUDAO_SECRET`` by HKDF (RFC 5869) with the purpose as its label, so that what is
sealed for one purpose opens for no other; its owner is authenticated too, so that nobody can move a sealed value from
one row to another. A copy of the database alone tells nothing.
"""

import base64
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from core.settings import signing_secret

MARK = "v1:"
"""How a sealed text begins; whatever does not was stored before there was sealing."""
ENCRYPTED_LENGTH_MAX = 200
NONCE_BYTES = 12
KEY_BYTES = 32


class DecryptionError(Exception):
    """What was sealed does not open: another key, another owner, or it was changed."""


def encrypt(text: str, purpose: str, of: str) -> str:
    """Return ``text`` sealed.

    Args:
        text: At most 100 ASCII characters fit into ``ENCRYPTED_LENGTH_MAX``.
        purpose: What it is for, e.g. "totp secret".
        of: Whose it is, e.g. "user 7"; opening it asks for the same.
    """
    nonce = os.urandom(NONCE_BYTES)
    sealed = AESGCM(_key(signing_secret(), purpose)).encrypt(nonce, text.encode(), of.encode())
    return MARK + base64.urlsafe_b64encode(nonce + sealed).decode()


def decrypt(sealed: str, purpose: str, of: str) -> str:
    """Return what was sealed for this purpose and owner; a text from before there was sealing is returned as it is.

    Raises:
        CannotOpen: See there.
    """
    if not is_encrypted(sealed):
        return sealed
    try:
        raw = base64.b64decode(sealed.removeprefix(MARK), b"-_", validate=True)
        key = AESGCM(_key(signing_secret(), purpose))
        return key.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], of.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise DecryptionError(f"the sealed {purpose} of {of} does not open") from error


def is_encrypted(text: str) -> bool:
    """Return whether a stored text is sealed."""
    return text.startswith(MARK)


@lru_cache(maxsize=16)
def _key(secret: str, purpose: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"qudao {purpose} {MARK}".encode())
    return derived.derive(secret.encode())
