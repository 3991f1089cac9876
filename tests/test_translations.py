"""Every sentence a person sees exists in English and in Chinese, and no translation is left over."""

import re

from tests.support.messages import marked, translated, unmarked

PLACEHOLDER = re.compile(r"\{(\w+)\}")


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
