"""Sentences that count: the right form of each language, and values as they were typed."""

import pytest

from core.i18n import Phrase, both_languages, catalogue, ngettext, translate, use_language

ROWS = ("{count} row", "{count} rows")
NAMED = ("{name} ({count} row)", "{name} ({count} rows)")


@pytest.mark.parametrize(
    ("count", "english", "chinese"),
    [
        (0, "0 rows", "共 0 行"),
        (1, "1 row", "共 1 行"),
        (2, "2 rows", "共 2 行"),
        (21, "21 rows", "共 21 行"),
        (1234, "1,234 rows", "共 1,234 行"),
    ],
)
def test_a_sentence_takes_the_form_its_count_asks_for(count, english, chinese):
    with use_language("en"):
        assert ngettext(*ROWS, count) == english
    with use_language("zh_CN"):
        assert ngettext(*ROWS, count) == chinese


def test_both_english_forms_have_the_one_chinese_sentence():
    assert [catalogue("zh_CN")[form] for form in ROWS] == ["共 {count} 行"] * 2
    assert catalogue("en") == {}


@pytest.mark.parametrize("name", ["{count}", "{name}", "{", "{0}", "{count.__class__}", "{{count}}", "\\1"])
def test_a_value_stays_as_it_was_typed(name):
    with use_language("en"):
        assert ngettext(*NAMED, 1, name=name) == f"{name} (1 row)"
        assert translate("{keys} and {count} more", keys=name, count=2) == f"{name} and 2 more"
    with use_language("zh_CN"):
        assert ngettext(*NAMED, 2, name=name) == f"{name}（2 行）"


def test_a_placeholder_nobody_fills_is_left_for_the_browser():
    with use_language("en"):
        assert translate("Rows: {count}") == "Rows: {count}"
        assert translate("{name} and {count} more", count=3) == "{name} and 3 more"


def test_a_phrase_translates_what_it_names_too():
    phrase = Phrase("{thing} added", thing="Customer")

    with use_language("en"):
        assert (phrase, translate(phrase)) == ("Customer added", "Customer added")
    with use_language("zh_CN"):
        assert translate(phrase) == "新增客户"
    assert both_languages(phrase) == ("新增客户", "Customer added")
