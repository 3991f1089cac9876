"""Every sentence a person sees exists in English and in Chinese, and no translation is left over."""

import re

import pytest

from tests.support.messages import PLURAL, marked, translated, uncounted, unmarked

PLACEHOLDER = re.compile(r"\{(\w+)\}")
OF_SEVERAL = {"{count} stores: look closer"}  # the browser fills it in, for places where several stand together


def test_every_sentence_has_a_chinese_translation():
    assert {sentence: place for sentence, place in marked().items() if sentence not in translated()} == {}


def test_no_translation_is_left_over():
    assert [sentence for sentence in translated() if sentence not in marked()] == []


def test_a_sentence_has_one_translation():
    assert {sentence: texts for sentence, texts in translated().items() if len(texts) > 1} == {}


def test_a_translation_keeps_every_placeholder():
    wrong = {
        sentence: text
        for sentence, texts in translated().items()
        for text in texts
        if sorted(set(PLACEHOLDER.findall(sentence))) != sorted(set(PLACEHOLDER.findall(text)))
    }

    assert wrong == {}


def test_sentences_for_people_are_marked_where_they_are_written():
    assert unmarked() == []


def test_a_sentence_that_counts_is_right_for_one_too():
    assert {sentence: place for sentence, place in uncounted().items() if sentence not in OF_SEVERAL} == {}


@pytest.mark.parametrize("sentence", ["{count} rows", "Import {count} new rows", "{count} are wrong", "{count} people"])
def test_a_sentence_with_a_plural_is_seen(sentence):
    assert PLURAL.search(sentence)


@pytest.mark.parametrize(
    "sentence",
    ["{count} s left", "{count} new", "{count} decided by others", "more than {count} rows", "Rows: {count}"],
)
def test_a_sentence_that_is_right_for_one_is_left_alone(sentence):
    assert not PLURAL.search(sentence)
