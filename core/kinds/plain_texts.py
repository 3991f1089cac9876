"""What Unicode says of a text: its normal forms for comparison, invisible characters, and width in a terminal.

The only place that normalises. A text is limited before: see ``core.limits``.
"""

import unicodedata
from typing import Literal

from core.limits import NORMALISED_LENGTH_MAX

INVISIBLE = frozenset(
    [0x00AD, *range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2060, 0x2065), *range(0x2066, 0x206A), 0xFEFF]
)
"""Invisible code points: soft hyphen, zero-width signs, marks and overrides of the writing direction."""

_WITHOUT_INVISIBLE: dict[int, None] = dict.fromkeys(INVISIBLE)


def without_invisible(text: str) -> str:
    """Return ``text`` without the signs of ``INVISIBLE``."""
    return text if text.isascii() else text.translate(_WITHOUT_INVISIBLE)


def normal_form(form: Literal["NFC", "NFKC"], text: str) -> str:
    """Return the Unicode normal form of ``text``, of which only the first ``NORMALISED_LENGTH_MAX`` characters count.

    "NFC" keeps what the text means; "NFKC" makes full-width and other variants plain, too.
    """
    return unicodedata.normalize(form, text[:NORMALISED_LENGTH_MAX])


def terminal_width(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes: wide characters, e.g. Chinese ones, take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
