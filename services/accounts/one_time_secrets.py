"""Secrets that are shown once and stored as a hash: cookies, links, keys, codes."""

import hashlib
import hmac
import secrets

from core.limits import HEADER_LENGTH_MAX
from core.settings import signing_secret

TOKEN_BYTES = 32  # 256 random bits, so a plain fast hash is enough


def new_token() -> str:
    """Return a random token, safe in URLs and cookies."""
    return secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """Return the stored hash of a token of ``TOKEN_BYTES`` random bytes; longer input is cut, as it is no token."""
    return hashlib.sha256(token[:HEADER_LENGTH_MAX].encode()).hexdigest()


def keyed_hash(text: str) -> str:
    """Return the keyed hash of a short secret, which cannot be brute-forced without the installation's key."""
    return hmac.new(signing_secret().encode(), text.encode(), hashlib.sha256).hexdigest()
