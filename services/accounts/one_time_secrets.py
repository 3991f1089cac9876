"""Secrets that are shown once and stored as a hash: cookies, links, keys, codes."""

import hashlib
import hmac
import secrets

from core.limits import HEADER_LENGTH_MAX
from core.settings import signing_secret

TOKEN_BYTES = 32  # 256 bits: nobody guesses it, so a plain fast hash is enough


def new_token() -> str:
    """Return a secret nobody can guess, safe in URLs and cookies."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Return what is stored of a token of ``TOKEN_BYTES`` random bytes; what is far longer is none, and is cut."""
    return hashlib.sha256(token[:HEADER_LENGTH_MAX].encode()).hexdigest()


def keyed_hash(text: str) -> str:
    """Return what is stored of something short: without the key of this installation it cannot be tried out."""
    return hmac.new(signing_secret().encode(), text.encode(), hashlib.sha256).hexdigest()
