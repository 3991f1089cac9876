"""The document of conditions: each example in it is understood, and means the same in both languages."""

import json
import re

from core.expressions.json_form import from_json
from core.expressions.scope import Scope
from core.expressions.texts.parsing import parse_condition
from core.expressions.texts.words import OPERATOR_WORDS, PERIODS
from core.expressions.texts.writing import localized_text, text_of
from core.i18n import use_language
from resources.orders import ORDERS
from tests.conftest import ADMIN
from tests.support.source import texts

SCOPE = Scope.of(ORDERS, ADMIN)
TEXT = texts()["docs/expressions.md"]


def part(heading: str) -> str:
    return TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]


def test_every_example_is_understood_and_shown_as_the_document_says():
    examples = re.findall(r"^\| `(.+?)` \| `(.+?)` \|$", part("Examples"), re.MULTILINE)

    with use_language("zh_CN"):
        shown = [
            (text_of(condition, SCOPE), localized_text(condition, SCOPE))
            for condition in (parse_condition(english, SCOPE) for english, _chinese in examples)
        ]
    assert [chinese for _english, chinese in shown] == [chinese for _english, chinese in examples]
    assert [parse_condition(english, SCOPE) for english, _ in examples] == [
        parse_condition(chinese, SCOPE) for _, chinese in examples
    ]
    assert [parse_condition(written, SCOPE) for written, _ in shown] == [
        parse_condition(english, SCOPE) for english, _ in examples
    ]
    assert len(examples) >= 8


def test_every_operator_and_period_of_the_grammar_stands_in_the_document():
    named = " ".join(re.findall(r"`([^`]+)`", part("Words")))

    absent = [words.english[0] for words in OPERATOR_WORDS.values() if words.english and words.english[0] not in named]
    absent += [words.chinese[0] for words in OPERATOR_WORDS.values() if words.english and words.chinese[0] not in named]

    assert [word for word in absent if word not in {"not contains"}] == []
    assert any(words.chinese[0] in named for words in PERIODS.values())


def test_the_example_in_json_is_a_condition():
    example = re.search(r"`(\{\"v\": 1.+?\})`", part("As JSON"), re.DOTALL)
    assert example is not None

    condition = from_json(json.loads(example[1]), SCOPE)

    assert text_of(condition, SCOPE) == "status in (draft, submitted) and total > 1000 and placed_at >= this month"
