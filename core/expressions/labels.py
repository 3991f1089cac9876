"""Labels of fields in expressions: in both languages, with or without the remark in brackets."""

from core.expressions.scope import Scope
from core.i18n import both_languages, translate
from core.kinds.standard import half_width
from core.resource import Field


def plain(text: str) -> str:
    """Return a label as labels are compared: half-width, in lower case, without outer spaces."""
    return half_width(text).strip().casefold()


def spellings(label: str) -> frozenset[str]:
    """Return how a label may be typed, as labels are compared."""
    return frozenset(plain(one) for text in both_languages(label) for one in (text, _without_remark(text)))


def field_named(scope: Scope, text: str) -> Field | None:
    """Return the field that a name or a label means, the name first; None if no field or several are called so."""
    if text in scope.fields:
        return scope.fields[text]
    wanted = plain(text)
    found = [field for field in scope.fields.values() if wanted in spellings(field.label)]
    exact = [field for field in found if wanted in {plain(label) for label in both_languages(field.label)}]
    best = exact or found
    return best[0] if len(best) == 1 else None


def unique_label(scope: Scope, field: Field) -> str:
    """Return the label of a field in the current language, without its remark where that says enough.

    It is the name of the field where several are called alike.
    """
    labels = (short_label(field), translate(field.label))
    return next((label for label in labels if field_named(scope, label) is field), field.name)


def short_label(field: Field) -> str:
    """Return the label of a field in the current language, without its remark."""
    return _without_remark(translate(field.label))


def _without_remark(label: str) -> str:
    """Return a label without what stands in brackets at its end: a unit, a note."""
    begun = max(label.rfind("("), label.rfind("（"))
    return label[:begun].rstrip() if begun > 0 and label.endswith((")", "）")) else label
