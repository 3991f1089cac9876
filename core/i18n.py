"""The languages of people: English is the source, Chinese comes from the catalogue.

The current language is a context variable that each door sets from its actor, so that a sentence is made in the
language of who reads it, whatever thread it is made in.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.messages.pofile import read_po

LANGUAGES = ("zh_CN", "en")
DEFAULT_LANGUAGE = "zh_CN"
LOCALES = Path(__file__).parent.parent / "locales"

_language: ContextVar[str] = ContextVar("language", default=DEFAULT_LANGUAGE)


def translate(message: str, **values: object) -> str:
    """Return ``message`` in the current language, its ``{placeholders}`` filled in.

    Only names are replaced, never attributes or formats: values are data that people typed.
    """
    text = catalogue(_language.get()).get(message, message)
    for name, value in values.items():
        text = text.replace("{" + name + "}", str(value))
    return text


_ = translate


def N_(message: str) -> str:  # noqa: N802  (the customary name of the marker)
    """Mark ``message`` for translation where it is declared; it is translated where it is shown."""
    return message


@cache
def catalogue(language: str) -> dict[str, str]:
    """Return English sentence to sentence in ``language``; empty for English."""
    found: dict[str, str] = {}
    for path in sorted((LOCALES / language / "LC_MESSAGES").glob("**/*.po")):
        with path.open("rb") as file:
            found.update((str(m.id), str(m.string)) for m in read_po(file, locale=language) if m.id and m.string)
    return found


def current_language() -> str:
    """Return the language sentences are made in now, one of ``LANGUAGES``."""
    return _language.get()


def set_language(language: str) -> None:
    """Make sentences in ``language`` from now on in this context (a request, a socket event, a job)."""
    _language.set(language if language in LANGUAGES else DEFAULT_LANGUAGE)


@contextmanager
def use_language(language: str) -> Iterator[None]:
    """Make sentences in ``language`` inside the block."""
    token = _language.set(language if language in LANGUAGES else DEFAULT_LANGUAGE)
    try:
        yield
    finally:
        _language.reset(token)


def both_languages(message: str) -> tuple[str, ...]:
    """Return ``message`` in every language, without repeats: what a heading may be called."""
    return tuple(dict.fromkeys(catalogue(language).get(message, message) for language in LANGUAGES))
