"""Whatever is written into the audit trail can be read there: every action and every subject has a name for people."""

import ast

import pytest

from core.i18n import catalogue, text_in, translate, use_language
from core.resource import Resource, noun_of
from pages.resources.history import action_text
from resources import ALL, BY_NAME, EXPORTED
from resources.events import ACTIONS, EVENTS, SUBJECTS
from tests.support.recorded import recorded, walked
from tests.support.source import Module, dotted

RECORDERS = {"record", "record_one", "record_selected"}
NOUNS = {noun_of(name) for name in BY_NAME} | {name.partition(".")[0] for name in ACTIONS} - {*EXPORTED}
FILES_MIN = 300
"""Fewer would say that the walk has lost a folder."""
ACTIONS_MIN = 60


def test_the_walk_sees_what_is_recorded():
    found = recorded(NOUNS, ACTIONS)

    assert len(walked()) >= FILES_MIN
    assert len(found) >= ACTIONS_MIN
    assert {"order.approved", "affiliation.asked", "application.submitted", "import.applied"} <= found.keys()


def test_every_action_has_a_name_for_people():
    assert {action: place for action, place in recorded(NOUNS, ACTIONS).items() if action not in ACTIONS} == {}


def test_every_subject_has_a_name_for_people():
    subjects = {
        name
        for module in walked()
        for call in module.calls()
        if dotted(call.func).split(".")[-1] in RECORDERS and len(call.args) > 2
        for name in _texts(module, call.args[2])
    }

    assert len(subjects) >= 12
    assert subjects | EXPORTED.keys() | BY_NAME.keys() == {choice.value for choice in SUBJECTS}
    assert [choice.value for choice in SUBJECTS if text_in("zh_CN", choice.label) == choice.label] == []


def _texts(module: Module, value: ast.expr) -> list[str]:
    """Return a text, or that of a constant of the same module or of one it is imported from."""
    if isinstance(value, ast.Constant):
        return [value.value]
    origins = {name: package for _node, package, name in module.imports()}
    home = origins.get(dotted(value), "").replace(".", "/") + ".py"
    return [
        node.value.value
        for one in walked()
        if one in (module,) or one.path == home
        for node in one.tree.body
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Constant)
        and [dotted(target) for target in node.targets] == [dotted(value)]
    ]


def test_nothing_has_a_name_that_is_never_recorded():
    made = {f"{noun_of(one.name)}.{verb}" for one in ALL if one.save for verb in ("created", "changed")}
    exported = {f"{name}.exported" for name in EXPORTED}

    assert sorted(ACTIONS.keys() - recorded(NOUNS, ACTIONS).keys() - made - exported) == []


@pytest.mark.parametrize("resource", ALL, ids=lambda resource: resource.name)
def test_what_is_saved_and_exported_is_said_in_the_words_of_the_resource(resource: Resource):
    names = {action.name for action in resource.event_actions}
    made = {f"{noun_of(resource.name)}.created", f"{noun_of(resource.name)}.changed"}

    assert resource.save is None or made <= names
    assert f"{resource.name}.exported" in names
    assert all(text_in("zh_CN", action.label) != action.label for action in resource.event_actions)


@pytest.mark.parametrize(
    ("name", "noun"),
    [("orders", "order"), ("categories", "category"), ("batches", "batch"), ("prices", "price"), ("boxes", "box")],
)
def test_events_begin_with_the_singular(name, noun):
    assert noun_of(name) == noun


def test_a_made_sentence_is_right_in_both_languages_and_in_the_history():
    label = EVENTS.field("action").kind.label_of("customer.created")

    with use_language("zh_CN"):
        assert (translate(label), action_text("customer.created")) == ("新增客户", "新建")
    with use_language("en"):
        assert (translate(label), action_text("customer.created")) == ("Customer added", "created it")
    assert label not in catalogue("zh_CN")
