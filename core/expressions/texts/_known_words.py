"""Words that are cut out of a text whole: operators, labels of fields and choices."""

from collections.abc import Iterator

from core.expressions.labels import plain, spellings
from core.expressions.nodes import HOPS_MAX
from core.expressions.scope import Scope
from core.expressions.texts.words import PHRASES
from core.i18n import both_languages


def known_words(scope: Scope) -> frozenset[str]:
    """Return the words that are cut out of a text whole: operators, labels, and labels of choices, in lower case."""
    return PHRASES.union(*_labels_of(scope, HOPS_MAX, {}))


def _labels_of(scope: Scope, hops: int, seen: dict[str, int]) -> Iterator[frozenset[str]]:
    if seen.get(scope.resource.name, -1) >= hops:
        return
    seen[scope.resource.name] = hops
    for name, field in scope.fields.items():
        yield spellings(field.label)
        yield frozenset(plain(label) for one in field.kind.choices for label in both_languages(one.label))
        if hops and field.kind.reference is not None and (other := scope.of_reference(name)) is not None:
            yield from _labels_of(other, hops - 1, seen)
