"""Validation errors of request fields as translated sentences, at most ``FIELDS_MAX`` of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.i18n import N_, _

FIELDS_MAX = 20
NAME_LENGTH_MAX = 80

SENTENCES: Mapping[str, str] = {
    "missing": N_("is required"),
    "extra_forbidden": N_("There is no such field here: leave it out."),
    "string_type": N_("must be a text"),
    "string_too_short": N_("is too short: at least {min_length}"),
    "string_too_long": N_("is too long: at most {max_length}"),
    "string_unicode": N_("holds half a character, which no text can hold"),
    "int_type": N_("must be a whole number"),
    "int_parsing": N_("must be a whole number"),
    "int_parsing_size": N_("must be a whole number"),
    "int_from_float": N_("must be a whole number"),
    "greater_than_equal": N_("is too small: at least {ge}"),
    "less_than_equal": N_("is too large: at most {le}"),
    "list_type": N_("must be a list"),
    "too_short": N_("has too few entries: at least {min_length}"),
    "too_long": N_("has too many entries: at most {max_length}"),
    "enum": N_("must be one of: {expected}"),
    "model_attributes_type": N_("must be an object"),
    "model_type": N_("must be an object"),
    "dict_type": N_("must be an object"),
}
"""Pydantic error type → message."""
OTHERWISE = N_("has a value that is not allowed here")


def field_sentences(problems: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Return sentence by field (``lines.0.sku``), of at most ``FIELDS_MAX`` fields."""
    return {_name(problem["loc"]): _sentence(problem) for problem in problems[:FIELDS_MAX]}


def _name(place: Sequence[str | int]) -> str:
    return ".".join(str(part)[:NAME_LENGTH_MAX] for part in place[1:]) or str(place[0])


def _sentence(problem: Mapping[str, Any]) -> str:
    return _(SENTENCES.get(problem["type"], OTHERWISE), **problem.get("ctx", {}))
