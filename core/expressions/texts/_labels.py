"""Labels of fields and choices as people type them, in both languages, with or without the remark in brackets."""

from collections.abc import Iterator

from core.expressions.nodes import HOPS_MAX
from core.expressions.scope import Scope
from core.expressions.texts.words import PHRASES
from core.i18n import both_languages, translate
from core.kinds.standard import half_width
from core.resource import Field


def plain(text: str) -> str:
    """Return a label as labels are compared: half-width, in lower case, without outer spaces."""
    return half_width(text).strip().casefold()


def field_named(scope: Scope, text: str) -> Field | None:
    """Return the field that a name or a label means, the name first; None if no field or several are called so."""
    if text in scope.fields:
        return scope.fields[text]
    wanted = plain(text)
    found = [field for field in scope.fields.values() if wanted in _spellings(field.label)]
    exact = [field for field in found if wanted in {plain(label) for label in both_languages(field.label)}]
    best = exact or found
    return best[0] if len(best) == 1 else None


def written_label(field: Field) -> str:
    """Return the label of a field in the current language, without its remark."""
    return _without_remark(translate(field.label))


def known_words(scope: Scope) -> frozenset[str]:
    """Return the words that are cut out of a text whole: operators, labels, and labels of choices, in lower case."""
    return PHRASES.union(*_labels_of(scope, HOPS_MAX, {}))


def _labels_of(scope: Scope, hops: int, seen: dict[str, int]) -> Iterator[frozenset[str]]:
    if seen.get(scope.resource.name, -1) >= hops:
        return
    seen[scope.resource.name] = hops
    for name, field in scope.fields.items():
        yield _spellings(field.label)
        yield frozenset(plain(label) for one in field.kind.choices for label in both_languages(one.label))
        if hops and field.kind.reference is not None and (other := scope.of_reference(name)) is not None:
            yield from _labels_of(other, hops - 1, seen)


def _spellings(label: str) -> frozenset[str]:
    return frozenset(plain(one) for text in both_languages(label) for one in (text, _without_remark(text)))


def _without_remark(label: str) -> str:
    """Return a label without what stands in brackets at its end: a unit, a note."""
    begun = max(label.rfind("("), label.rfind("（"))
    return label[:begun].rstrip() if begun > 0 and label.endswith((")", "）")) else label
