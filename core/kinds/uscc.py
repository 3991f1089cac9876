"""Unified social credit codes 统一社会信用代码 (GB 32100-2015): both check characters, one by one and by column."""

from collections.abc import Sequence

import numpy as np

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I O S V Z
LENGTH = 18
WEIGHTS = [pow(3, i, 31) for i in range(LENGTH - 1)]
ORGANISATION_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
ORGANISATION_WEIGHTS = [3, 7, 9, 10, 5, 8, 4, 2]
ORGANISATION = slice(8, 16)  # characters 9–16; character 17 is their check

_VALUES = {character: value for value, character in enumerate(ALPHABET)}
_UNKNOWN = 255


def _table(alphabet: str) -> "np.ndarray[tuple[int], np.dtype[np.uint8]]":
    table = np.full(128, _UNKNOWN, dtype=np.uint8)
    for value, character in enumerate(alphabet):
        table[ord(character)] = value
    return table


_TABLE, _ORGANISATION_TABLE = _table(ALPHABET), _table(ORGANISATION_ALPHABET)


def check_character(first_17: str) -> str:
    """Return the 18th character that belongs to the first 17."""
    total = sum(_VALUES[character] * weight for character, weight in zip(first_17, WEIGHTS, strict=True))
    return ALPHABET[(31 - total % 31) % 31]  # the outer remainder matters when 31 divides the sum


def organisation_check(first_8: str) -> str:
    """Return the check character of an organisation code (GB 11714): the 9th that belongs to the first 8."""
    total = sum(
        ORGANISATION_ALPHABET.index(character) * weight
        for character, weight in zip(first_8, ORGANISATION_WEIGHTS, strict=True)
    )
    return "0123456789X0"[11 - total % 11]


def is_valid(code: str) -> bool:
    """Return whether ``code`` is a well-formed code with both checks right."""
    return (
        len(code) == LENGTH
        and all(character in _VALUES for character in code)
        and check_character(code[:17]) == code[17]
        and organisation_check(code[ORGANISATION]) == code[16]
    )


def are_valid(codes: Sequence[str]) -> list[bool]:
    """Return ``is_valid`` of each code, computed for all of them at once."""
    shaped = [code if len(code) == LENGTH and code.isascii() else "0" * LENGTH for code in codes]
    if not shaped:
        return []
    letters = np.frombuffer("".join(shaped).encode("ascii"), dtype=np.uint8).reshape(-1, LENGTH)
    values = _TABLE[letters]
    valid = (values != _UNKNOWN).all(axis=1)
    valid &= np.fromiter((len(code) == LENGTH and code.isascii() for code in codes), bool, len(codes))
    totals = values[:, :17].astype(np.int64) @ np.array(WEIGHTS)
    valid &= (31 - totals % 31) % 31 == values[:, 17]
    organisation = _ORGANISATION_TABLE[letters[:, ORGANISATION]].astype(np.int64) @ np.array(ORGANISATION_WEIGHTS)
    checks = np.frombuffer(b"0123456789X0", dtype=np.uint8)[11 - organisation % 11]
    valid &= checks == letters[:, 16]
    return [bool(one) for one in valid]
