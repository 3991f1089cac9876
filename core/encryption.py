"""Encryption of stored secrets that must be read again, under a key that is not in the database.

AES-256-GCM. The key comes from ``QUDAO_SECRET`` by HKDF (RFC 5869) with the purpose as its label, so that a
value encrypted for one purpose cannot be decrypted for another; its owner is authenticated too, so that nobody can move
an encrypted value from one row to another. A copy of the database alone reveals nothing.
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
"""Prefix of an encrypted text; a text without it was stored before encryption was introduced."""
ENCRYPTED_LENGTH_MAX = 200
NONCE_BYTES = 12
KEY_BYTES = 32


class DecryptionError(Exception):
    """An encrypted value cannot be decrypted: another key, another owner, or it was changed."""


def encrypt(text: str, purpose: str, of: str) -> str:
    """Return ``text`` encrypted.

    Args:
        text: At most 100 ASCII characters fit into ``ENCRYPTED_LENGTH_MAX``.
        purpose: What it is for, e.g. "totp secret".
        of: Whose it is, e.g. "user 7"; needed again to decrypt.
    """
    nonce = os.urandom(NONCE_BYTES)
    encrypted = AESGCM(_key(signing_secret(), purpose)).encrypt(nonce, text.encode(), of.encode())
    return MARK + base64.urlsafe_b64encode(nonce + encrypted).decode()


def decrypt(encrypted: str, purpose: str, of: str) -> str:
    """Return the plain text for this purpose and owner; a text without ``MARK`` is returned as it is.

    Raises:
        DecryptionError: See there.
    """
    if not is_encrypted(encrypted):
        return encrypted
    try:
        raw = base64.b64decode(encrypted.removeprefix(MARK), b"-_", validate=True)
        key = AESGCM(_key(signing_secret(), purpose))
        return key.decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], of.encode()).decode()
    except (InvalidTag, ValueError) as error:
        raise DecryptionError(f"the encrypted {purpose} of {of} cannot be decrypted") from error


def is_encrypted(text: str) -> bool:
    """Return whether a stored text is encrypted."""
    return text.startswith(MARK)


@lru_cache(maxsize=16)
def _key(secret: str, purpose: str) -> bytes:
    derived = HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"qudao {purpose} {MARK}".encode())
    return derived.derive(secret.encode())
