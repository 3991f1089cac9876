"""Refusals of expressions: a plain sentence that says what is wrong and where."""

from core.errors import InvalidInput, Problem
from core.i18n import N_


def refusal(code: str, message: str, /, at: int = -1, **values: object) -> InvalidInput:
    """Return the refusal of an expression.

    Args:
        code: Behind ``expressions.``.
        message: English sentence (a catalogue key).
        at: Where in the text, from 0; -1 if the expression did not come as a text.
        values: Of the placeholders of the message; what people typed is cut to what a message shows.
    """
    code = f"expressions.{code}"
    if at < 0:
        return InvalidInput(code, message, fields=None, **values)
    problem = Problem(code, message, values)
    return InvalidInput(code, N_("Character {position}: {problem}"), position=at + 1, problem=problem.text)
