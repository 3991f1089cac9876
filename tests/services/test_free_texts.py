"""Reasons, notes and names: every one that is stored can be written into every file and fits its column."""

import ast

import pytest

from core.errors import InvalidInput, Problem
from core.i18n import use_language
from core.limits import NAME_LENGTH_MAX, NOTE_LENGTH_MAX
from services.free_texts import parse_name, parse_note, require_note
from tests.support.source import Module, product_modules

NAMES = {"reason", "note", "comment", "remark", "objection", "opinion"}
TEXTS = {"str", "str | None"}
CHECKS = {"parse_note", "require_note"}
RECORDS = {
    "InviteDraft": "make_invite parses its note",
    "StoreStatement": "_checked parses it by KINDS",
    "OrderDraft": "parse_order parses it by HEADER_KINDS",
    "NotificationView": "an answer: what was stored",
    "DecidedOrder": "an answer: what was stored",
}
"""Classes of services with a text of such a name, and why it can be stored."""


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x0b", "\x1b", "\ud800", "\ufffe"])
def test_a_note_with_a_character_that_no_file_carries_is_refused_beside_its_field(character):
    with use_language("en"):
        with pytest.raises(InvalidInput) as refused:
            parse_note(f"pasted{character}from Word", "reason")
        sentence = refused.value.text

    assert refused.value.code == "text.illegal_character"
    assert list(refused.value.fields) == ["reason"]
    assert sentence == (
        f"The reason or note holds the control character U+{ord(character):04X} at position 7, which no worksheet "
        "can carry: remove it."
    )


def test_a_note_is_as_long_as_its_column_and_no_longer():
    assert len(parse_note("长" * NOTE_LENGTH_MAX)) == NOTE_LENGTH_MAX
    with use_language("zh"), pytest.raises(InvalidInput) as refused:
        parse_note("长" * (NOTE_LENGTH_MAX + 1))

    assert refused.value.code == "text.too_long"
    assert refused.value.text == "原因或备注：超过 2000 个字符。"


def test_a_name_is_checked_as_well():
    assert parse_name(" ERP ") == "ERP"
    with pytest.raises(InvalidInput) as refused:
        parse_name("n" * (NAME_LENGTH_MAX + 1))
    assert list(refused.value.fields) == ["name"]


def test_blanks_are_no_reason():
    with pytest.raises(InvalidInput, match="why"):
        require_note(" \n", Problem("orders.why", "Say why."))


def test_lines_and_signs_of_every_language_stay_in_a_note():
    assert parse_note(" 第一行\n\tSecond 😀 ") == "第一行\n\tSecond 😀"


def _services() -> list[Module]:
    return [one for one in product_modules() if one.path.startswith("services/")]


class _Function:
    """A function of services that takes a reason or note as typed.

    Attributes:
        place: For the report.
        uses: Names of the functions that get the text; "" for any other use.
    """

    def __init__(self, place: str, node: ast.FunctionDef, parameter: str) -> None:
        self.place = f"{place} {parameter}"
        loads = [one for one in ast.walk(node) if isinstance(one, ast.Name) and one.id == parameter]
        self.uses = {_receiver(one) for one in loads if isinstance(one.ctx, ast.Load)}


def _receiver(name: ast.Name) -> str:
    parent = getattr(name, "parent", None)
    if isinstance(parent, ast.Call) and name in parent.args and isinstance(parent.func, ast.Name):
        return parent.func.id
    return ""


def _functions() -> dict[str, list[_Function]]:
    found: dict[str, list[_Function]] = {}
    for module in _services():
        for node in module.nodes():
            if not isinstance(node, ast.FunctionDef) or node.name in CHECKS:
                continue
            for one in (*node.args.args, *node.args.kwonlyargs):
                if one.arg in NAMES and one.annotation is not None and ast.unparse(one.annotation) in TEXTS:
                    found.setdefault(node.name, []).append(_Function(module.place(node), node, one.arg))
    return found


def test_no_service_stores_a_reason_or_note_as_it_was_typed():
    functions = _functions()
    assert {"ship_order", "ask_affiliation", "decide", "dismiss_finding"} <= set(functions)

    wrong = [
        f"{one.place}: pass it to parse_note or require_note and nowhere else, or take a Note"
        for ways in functions.values()
        for one in ways
        if not one.uses <= {*CHECKS, *functions}
    ]

    assert wrong == []


def test_texts_of_records_that_services_take_are_parsed():
    found = {
        owner.name
        for module in _services()
        if not module.path.startswith("services/demo/")
        for owner in module.nodes()
        if isinstance(owner, ast.ClassDef)
        for one in owner.body
        if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name) and one.target.id in NAMES
        if ast.unparse(one.annotation) in TEXTS
    }

    assert found == set(RECORDS), "parse it by its kind, and say here where"
