"""Whatever is written into the audit trail can be read there: every action and every subject has a name for people."""

import ast
import re

from resources import SHEETS
from resources.events import ACTIONS, SUBJECTS
from tests.support.source import ROOT

RECORDERS = {"record", "recording"}
ACTION = re.compile(
    r"(partner|store|customer|product|price|order|user|department|token|invite|import|application|affiliation)\.[a-z_]+"
)
FILES_MIN = 90
"""Fewer would say that the walk has lost a folder."""


def written() -> tuple[set[str], set[str]]:
    """Return the actions and the subjects that services name as constants."""
    actions, subjects = set(), set()
    paths = list((ROOT / "services").rglob("*.py"))
    assert len(paths) >= FILES_MIN
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and ACTION.fullmatch(node.value):
                actions.add(node.value)
            elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in RECORDERS and len(node.args) > 2:
                subject = node.args[2]
                subjects |= {subject.value} if isinstance(subject, ast.Constant) else set()
    return actions, subjects


def test_every_action_has_a_name_for_people():
    actions, _subjects = written()
    exported = {f"{name}.exported" for name in SHEETS}
    stated = {f"{noun}.{what}" for noun in ("partner", "store", "customer", "user") for what in ("created", "changed")}

    assert (actions | exported | stated) - {choice.value for choice in ACTIONS} == set()


def test_every_subject_has_a_name_for_people():
    _actions, subjects = written()

    assert subjects - {choice.value for choice in SUBJECTS} == set()
