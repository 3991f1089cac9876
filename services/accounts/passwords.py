"""Passwords: what is accepted, and how they are hashed. No rules of composition, no forced change (NIST 800-63B-4)."""

import re
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import InvalidInput, Problem
from core.i18n import N_
from core.kinds.plain_texts import normal_form
from core.limits import NAME_LENGTH_MAX, PASSWORD_LENGTH_MAX
from core.settings import settings
from services.accounts._common_passwords import BRAND_WORDS, COMMON_WORDS, KEYBOARD_ROWS

LENGTH_MIN = 15
LEFT_MIN = 5  # characters that must remain after removing everything guessable
DISTINCT_MIN = 6
WORDS_MIN = 4  # that many common words together are a sentence of the person's own
WALK_MIN = 4  # characters along the keyboard that count as one move
PARALLEL_MAX = 4  # each hash takes 19 MiB and a core for a moment

HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # KiB; OWASP's least for Argon2id

_slots = threading.BoundedSemaphore(PARALLEL_MAX)
_WALKS = frozenset(
    text[start : start + WALK_MIN]
    for row in KEYBOARD_ROWS
    for text in (row, row[::-1])
    for start in range(len(text) - WALK_MIN + 1)
)
_WORDS = sorted((word for word in COMMON_WORDS if len(word) > 2 or not word.isascii()), key=len, reverse=True)
_BETWEEN_WORDS = re.compile(r"[\W_]+")
_LOOKALIKES = str.maketrans("0134578@$!", "oleastbasi")


def normalise(password: str) -> str:
    """Return the normalised form of a password for hashing: Unicode NFC, nothing cut, nothing trimmed.

    Raises:
        InvalidInput: ``users.password_too_long``, before anything is done with it.
    """
    if len(password) > PASSWORD_LENGTH_MAX:
        raise _refusal(_too_long())
    return normal_form("NFC", password)


def require_acceptable(password: str, *personal: str) -> None:
    """Refuse a password that can be guessed.

    Args:
        password: As typed.
        personal: E-mail and name of the person: taken out like common words.

    Raises:
        InvalidInput: ``users.password_too_short``, ``users.password_too_long``, ``users.password_guessable``; also as
            the problem of the field ``password``.
    """
    problem = _problem_of(normalise(password), personal)
    if problem:
        raise _refusal(problem)


def hash_password(password: str) -> str:
    """Return the Argon2id hash of a password; waits while ``PARALLEL_MAX`` others are being computed."""
    with _slots:
        return HASHER.hash(normalise(password))


def is_correct(stored_hash: str | None, password: str) -> bool:
    """Return whether ``password`` is the one; for None the same work is done, and False returned."""
    is_possible = len(password) <= PASSWORD_LENGTH_MAX  # longer passwords are never accepted
    with _slots:
        try:
            HASHER.verify(stored_hash or _nobodys_hash(), normalise(password) if is_possible else "")
        except (VerificationError, InvalidHashError):
            return False
    return stored_hash is not None and is_possible


def needs_new_hash(stored_hash: str) -> bool:
    """Return whether a hash was made with weaker parameters than the current ones."""
    return HASHER.check_needs_rehash(stored_hash)


def _problem_of(password: str, personal: tuple[str, ...]) -> Problem | None:
    if len(password) < LENGTH_MIN:
        message = N_("The password needs at least {least} characters; a sentence is easy to remember.")
        return Problem("users.password_too_short", message, {"least": LENGTH_MIN})
    if len(password) > PASSWORD_LENGTH_MAX:
        return _too_long()
    if _is_guessable(password.casefold(), personal):
        message = N_("This password is easy to guess. Use words that do not belong together, to you or to us.")
        return Problem("users.password_guessable", message)
    return None


def _too_long() -> Problem:
    message = N_("The password may have at most {most} characters.")
    return Problem("users.password_too_long", message, {"most": PASSWORD_LENGTH_MAX})


def _refusal(problem: Problem) -> InvalidInput:
    return InvalidInput(problem.code, problem.message, fields={"password": problem}, **problem.values)


def _is_guessable(password: str, personal: tuple[str, ...]) -> bool:
    if len(set(password)) < DISTINCT_MIN or _is_repetition(password):
        return True
    own = [part for text in (*personal, settings().brand_name) for part in _parts(text.casefold())]
    ours = sorted({part for part in (*own, *BRAND_WORDS) if len(part) > 2 or not part.isascii()}, key=len, reverse=True)
    return any(_is_made_of(form, ours) for form in (password, password.translate(_LOOKALIKES)))


def _parts(name: str) -> list[str]:
    """Return a name as people write it into passwords: as it is, in one word, and each of its words."""
    words = [word for word in _BETWEEN_WORDS.split(name[:NAME_LENGTH_MAX]) if word]
    return [name[:NAME_LENGTH_MAX], "".join(words), *words]


def _is_repetition(password: str) -> bool:
    """Return whether the password repeats one short part (its last copy may be cut)."""
    sizes = range(1, min(LENGTH_MIN - LEFT_MIN, len(password) // 2 + 1))
    return any(password == (password[:size] * len(password))[: len(password)] for size in sizes)


def _is_made_of(password: str, ours: list[str]) -> bool:
    """Return whether too little is left without the words of ``ours``, common words, walks, digits and signs."""
    rest = password
    for word in ours:
        rest = rest.replace(word, " ")
    common = 0
    for word in _WORDS:
        shorter = rest.replace(word, " ")
        common += shorter != rest
        rest = shorter
    return common < WORDS_MIN and len({sign for sign in _without_walks(rest) if sign.isalpha()}) < LEFT_MIN


def _without_walks(text: str) -> str:
    walked = [False] * len(text)
    for start in range(len(text) - WALK_MIN + 1):
        if text[start : start + WALK_MIN] in _WALKS:
            walked[start : start + WALK_MIN] = [True] * WALK_MIN
    return "".join(sign for sign, gone in zip(text, walked, strict=True) if not gone)


def _nobodys_hash() -> str:
    """Return a hash that costs as much to check as everyone's, for accounts that do not exist."""
    found = _nobodys.get(HASHER)
    if found is None:
        found = _nobodys.setdefault(HASHER, HASHER.hash("nobody has this password"))
    return found


_nobodys: dict[PasswordHasher, str] = {}
