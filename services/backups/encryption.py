"""Encryption of a stream by a pass phrase: libsodium's secretstream, with a key from Argon2id.

A file begins with ``MAGIC``, 16 bytes of salt and the 24 bytes of the stream's header. Chunks of ``CHUNK_BYTES``
follow, each 17 bytes longer than what it holds; the last one is shorter or equal, and marked as the end. So a change, a
chunk that is missing, added or at another place, and a cut are all found.
"""

import io
from typing import Any, Protocol

from nacl.bindings import (
    crypto_secretstream_xchacha20poly1305_ABYTES,
    crypto_secretstream_xchacha20poly1305_HEADERBYTES,
    crypto_secretstream_xchacha20poly1305_init_pull,
    crypto_secretstream_xchacha20poly1305_init_push,
    crypto_secretstream_xchacha20poly1305_KEYBYTES,
    crypto_secretstream_xchacha20poly1305_pull,
    crypto_secretstream_xchacha20poly1305_push,
    crypto_secretstream_xchacha20poly1305_state,
    crypto_secretstream_xchacha20poly1305_TAG_FINAL,
    crypto_secretstream_xchacha20poly1305_TAG_MESSAGE,
)
from nacl.exceptions import CryptoError
from nacl.pwhash import argon2id
from nacl.utils import random

MAGIC = b"QUDAO ENCRYPTED BACKUP 1\n"
CHUNK_BYTES = 64 * 1024
KEY_OPERATIONS = 6
KEY_MEMORY_BYTES = 64 * 1024 * 1024  # libsodium's moderate 256 MiB are more than a small machine has to spare
_FINAL = crypto_secretstream_xchacha20poly1305_TAG_FINAL
_MESSAGE = crypto_secretstream_xchacha20poly1305_TAG_MESSAGE
_SEALED_BYTES = CHUNK_BYTES + crypto_secretstream_xchacha20poly1305_ABYTES


class Target(Protocol):
    """What bytes are written to."""

    def write(self, data: bytes, /) -> object:
        """Write all of them."""


class Source(Protocol):
    """What bytes are read from."""

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""


class WrongKeyOrDamage(Exception):
    """The pass phrase is another one, or the file was changed or cut."""


class Encryption(io.RawIOBase):
    """A stream to write to; what is written arrives encrypted in ``target``. Closing it marks the end.

    Args:
        target: Not closed with it.
        passphrase: Of any length.
    """

    def __init__(self, target: Target, passphrase: bytes) -> None:
        super().__init__()
        salt = random(argon2id.SALTBYTES)
        self._target, self._buffer = target, bytearray()
        self._state = crypto_secretstream_xchacha20poly1305_state()
        header = crypto_secretstream_xchacha20poly1305_init_push(self._state, _key(passphrase, salt))
        target.write(MAGIC + salt + header)

    def writable(self) -> bool:
        """It is for writing."""
        return True

    def write(self, data: Any, /) -> int:
        """Take bytes; they arrive when a chunk of them is complete."""
        self._buffer += data
        while len(self._buffer) > CHUNK_BYTES:
            chunk = bytes(self._buffer[:CHUNK_BYTES])
            del self._buffer[:CHUNK_BYTES]
            self._push(chunk, _MESSAGE)
        return len(data)

    def close(self) -> None:
        """Write the last chunk."""
        if not self.closed:
            self._push(bytes(self._buffer), _FINAL)
            super().close()

    def _push(self, chunk: bytes, tag: int) -> None:
        self._target.write(crypto_secretstream_xchacha20poly1305_push(self._state, chunk, None, tag))


class Decryption(io.RawIOBase):
    """A stream to read from: what ``Encryption`` was given.

    Args:
        source: Stands behind ``MAGIC``, and ends where the encryption does.
        passphrase: The same.

    Raises:
        WrongKeyOrDamage: While it is read.
    """

    def __init__(self, source: Source, passphrase: bytes) -> None:
        super().__init__()
        salt = _read(source, argon2id.SALTBYTES)
        header = _read(source, crypto_secretstream_xchacha20poly1305_HEADERBYTES)
        self._source, self._buffer, self._is_at_end = source, b"", False
        self._state = crypto_secretstream_xchacha20poly1305_state()
        crypto_secretstream_xchacha20poly1305_init_pull(self._state, header, _key(passphrase, salt))

    def readable(self) -> bool:
        """It is for reading."""
        return True

    def readinto(self, target: Any, /) -> int:
        """Fill ``target`` with what comes next; 0 at the end."""
        while not self._buffer and not self._is_at_end:
            self._buffer = self._pull()
        count = min(len(target), len(self._buffer))
        target[:count], self._buffer = self._buffer[:count], self._buffer[count:]
        return count

    def _pull(self) -> bytes:
        sealed = self._source.read(_SEALED_BYTES)
        try:
            chunk, tag = crypto_secretstream_xchacha20poly1305_pull(self._state, sealed)
        except (CryptoError, ValueError, RuntimeError) as error:
            raise WrongKeyOrDamage from error
        self._is_at_end = tag == _FINAL
        if self._is_at_end and self._source.read(1):
            raise WrongKeyOrDamage
        return bytes(chunk)


def _key(passphrase: bytes, salt: bytes) -> bytes:
    """Return the key, which costs an attacker half a second for each guess."""
    return argon2id.kdf(
        crypto_secretstream_xchacha20poly1305_KEYBYTES,
        passphrase,
        salt,
        opslimit=KEY_OPERATIONS,
        memlimit=KEY_MEMORY_BYTES,
    )


def _read(source: Source, count: int) -> bytes:
    found = source.read(count)
    if len(found) != count:
        raise WrongKeyOrDamage
    return found
