"""Nothing of a condition is lost on the way to a text or to JSON and back."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.expressions.json_form import from_json, to_json
from core.expressions.nodes import Condition
from core.expressions.scope import Scope
from core.expressions.texts.parsing import parse_condition
from core.expressions.texts.writing import localized_text, text_of
from core.i18n import use_language
from resources.customers import CUSTOMERS
from resources.orders import ORDERS
from tests.conftest import ADMIN
from tests.core.expressions.generated import conditions

SCOPES = {resource.name: Scope.of(resource, ADMIN) for resource in (ORDERS, CUSTOMERS)}
NAMED = st.sampled_from(list(SCOPES)).flatmap(lambda name: st.tuples(st.just(name), conditions(name)))


@settings(max_examples=100, deadline=None)
@given(NAMED)
def test_a_condition_is_read_back_from_its_canonical_text(named: tuple[str, Condition]):
    scope, condition = SCOPES[named[0]], named[1]

    assert parse_condition(text_of(condition, scope), scope) == condition


@pytest.mark.parametrize("language", ["en", "zh_CN"])
@settings(max_examples=100, deadline=None)
@given(NAMED)
def test_a_condition_is_read_back_from_its_labels(language: str, named: tuple[str, Condition]):
    scope, condition = SCOPES[named[0]], named[1]
    with use_language(language):
        text = localized_text(condition, scope)

    assert parse_condition(text, scope) == condition


@settings(max_examples=100, deadline=None)
@given(NAMED)
def test_a_condition_is_read_back_from_json(named: tuple[str, Condition]):
    scope, condition = SCOPES[named[0]], named[1]

    assert from_json(json.loads(json.dumps(to_json(condition))), scope) == condition
