"""Translation: English is the source language, Chinese comes from the catalogues.

The current language is a context variable that each interface sets from its actor, so that a sentence is made in the
reader's language, whatever thread it is made in.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Self

from babel.messages.pofile import read_po

LANGUAGES = ("zh_CN", "en")
DEFAULT_LANGUAGE = "zh_CN"
LOCALES = Path(__file__).parent.parent / "locales"
_PLACEHOLDER = re.compile(r"\{(\w+)\}")

_language: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


class Phrase(str):
    """A message that names another: "{thing} added" of "Customer", each of them translated. As a text it is English."""

    __slots__ = ("message", "names")
    message: str
    names: dict[str, str]

    def __new__(cls, message: str, **names: str) -> Self:
        """Make a phrase of a catalogue key and what its placeholders name: catalogue keys, too."""
        phrase = super().__new__(cls, _filled(message, names))
        phrase.message, phrase.names = message, names
        return phrase


def translate(message: str, **values: object) -> str:
    """Return ``message`` in the current language, its ``{placeholders}`` filled in.

    Only names are replaced, never attributes or formats, and a value is not looked into: it is data that people typed.
    """
    text = text_in(_language.get(), message)
    return _filled(text, values) if values else text


_ = translate


def ngettext(singular: str, plural: str, count: int, **values: object) -> str:
    """Return the sentence that is right for ``count`` in the current language, ``{count}`` filled in as 1,234.

    English takes ``singular`` for one and only for one; Chinese has one form, which both are translated to.
    """
    return translate(singular if count == 1 else plural, count=f"{count:,}", **values)


def text_in(language: str, message: str) -> str:
    """Return ``message`` in ``language``; a placeholder that it does not name itself is left."""
    known = catalogue(language)
    if isinstance(message, Phrase):
        names = {name: text_in(language, text) for name, text in message.names.items()}
        return _filled(known.get(message.message, message.message), names)
    return known.get(message, message)


def N_(message: str) -> str:  # noqa: N802  (the customary name of the marker)
    """Mark ``message`` for translation where it is declared; it is translated where it is shown."""
    return message


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return English sentence → translation; empty for English."""
    found: dict[str, str] = {}
    for path in sorted((LOCALES / language / "LC_MESSAGES").glob("**/*.po")):
        with path.open("rb") as file:
            for entry in read_po(file, locale=language):
                if entry.id and (text := forms(entry.string or "")[0]):
                    found.update(dict.fromkeys(forms(entry.id), text))
    return found


def forms(sentence: Sequence[str]) -> tuple[str, ...]:
    """Return the forms of a sentence of a catalogue: one, or singular and plural if it counts."""
    return (sentence,) if isinstance(sentence, str) else tuple(sentence)


def current_language() -> str:
    """Return the current language, one of ``LANGUAGES``."""
    return _language.get()


def set_language(language: str) -> None:
    """Set the language of this context (a request, a socket event, a job)."""
    _language.set(language if language in LANGUAGES else DEFAULT_LANGUAGE)


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Set the language inside the block."""
    token = _language.set(language if language in LANGUAGES else DEFAULT_LANGUAGE)
    try:
        yield
    finally:
        _language.reset(token)


def both_languages(message: str) -> tuple[str, ...]:
    """Return ``message`` in every language, without repeats: what a heading may be called."""
    return tuple(dict.fromkeys(text_in(language, message) for language in LANGUAGES))


def _filled(text: str, values: Mapping[str, object]) -> str:
    return _PLACEHOLDER.sub(lambda found: str(values.get(found[1], found[0])), text)
