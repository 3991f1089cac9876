"""The search of a list: rows in which every word occurs in one of the fields that people search by."""

from collections.abc import Mapping

from sqlalchemy import ColumnElement, and_, false, or_, select
from sqlalchemy.orm import Session

from core.errors import InvalidInput, Problem
from core.expressions.text_conditions import contains, spellings
from core.i18n import N_
from core.kinds.kind import Refused
from core.kinds.standard import refuse_illegal
from core.limits import SEARCH_LENGTH_MAX
from core.queries.filters import TOO_LONG, is_text
from core.resource import Field, Resource

WORDS_MAX = 5
SEARCH_BYTES_MIN = 2  # two letters or one Chinese character


def search_condition(
    session: Session, resource: Resource, fields: Mapping[str, Field], words: str
) -> ColumnElement[bool]:
    """Return the condition that every word occurs in one of the fields people search by.

    These are the key, the fields whose kind is searched, and the rows a required reference leads to.

    Raises:
        InvalidInput: ``queries.search_too_short``, ``queries.invalid_value``.
    """
    if len(words) > SEARCH_LENGTH_MAX:
        raise _invalid("queries.invalid_value", TOO_LONG, length=SEARCH_LENGTH_MAX)
    wanted = words.split()
    if len("".join(wanted).encode(errors="replace")) < SEARCH_BYTES_MIN:
        raise _invalid("queries.search_too_short", N_("Type at least two letters or one Chinese character."))
    if len(wanted) > WORDS_MAX:
        raise _invalid("queries.invalid_value", N_("Search for at most {count} words."), count=WORDS_MAX)
    found_in = [field for name, field in fields.items() if name in resource.keys or _is_searched(field)]
    columns = [field for field in found_in if is_text(field)]
    return and_(*(or_(false(), *(_part(session, field, _legal(word)) for field in columns)) for word in wanted))


def _is_searched(field: Field) -> bool:
    return field.kind.is_searched or (field.kind.reference is not None and field.required)


def _part(session: Session, field: Field, part: str) -> ColumnElement[bool]:
    reference = field.kind.reference
    if reference is None:
        return or_(*(contains(session, field.stored.expression, one) for one in spellings(part)))
    texts = (reference.key, reference.title)
    named = or_(*(contains(session, text, one) for text in texts for one in spellings(part)))
    among: ColumnElement[bool] = field.stored.expression.in_(select(reference.key.class_.id).where(named))
    return among


def _legal(word: str) -> str:
    try:
        return refuse_illegal(word)
    except Refused as refused:
        problem = refused.problem
        raise InvalidInput(
            problem.code, N_("“{field}”: {problem}"), fields={"q": problem}, field="q", problem=problem.text
        ) from refused


def _invalid(code: str, message: str, /, **values: object) -> InvalidInput:
    return InvalidInput(code, message, fields={"q": Problem(code, message, values)}, **values)
