"""The sentences people see: those the product marks, and those the Chinese catalogue translates."""

import ast
from collections import defaultdict
from functools import cache

from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from tests.support.source import ROOT, dotted, files, product_modules

MARKERS = {"_", "N_", "translate"}
ERRORS = {"Problem", "Refused", "DomainError", "InvalidInput", "NotPermitted", "NotFound", "Conflict"}
CATALOGUES = ROOT / "locales" / "zh_CN" / "LC_MESSAGES"


@cache
def marked() -> dict[str, str]:
    """Return sentence → one place where the product marks it."""
    found: dict[str, str] = {}
    for module in product_modules():
        for call in module.calls():
            if dotted(call.func) in MARKERS and call.args:
                text = call.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found.setdefault(text.value, module.place(call))
    for path in files():
        if path.suffix in {".html", ".txt", ".xml"} and path.is_relative_to(ROOT / "pages"):
            with path.open("rb") as file:
                for line, _, message, _ in babel_extract(file, ["_"], [], {"silent": "false"}):
                    found.setdefault(str(message), f"{path.relative_to(ROOT).as_posix()}:{line}")
    return found


@cache
def translated() -> dict[str, list[str]]:
    """Return sentence → its Chinese translations; more than one if the catalogues differ."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(CATALOGUES.glob("**/*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="zh_CN"):
                if message.id and message.string and str(message.string) not in found[str(message.id)]:
                    found[str(message.id)].append(str(message.string))
    return {sentence: texts for sentence, texts in found.items() if texts}


def unmarked() -> list[str]:
    """Return the places where a sentence for people is not a literal inside a marker."""
    wrong = []
    for module in product_modules():
        for call in module.calls():
            name = dotted(call.func).split(".")[-1]
            if name == "N_" and not isinstance(call.args[0], ast.Constant) and module.path != "core/i18n.py":
                wrong.append(module.place(call))
            if name in MARKERS and call.args and isinstance(call.args[0], ast.JoinedStr):
                wrong.append(module.place(call))
            if name in ERRORS and len(call.args) > 1 and isinstance(call.args[1], ast.Constant | ast.JoinedStr):
                wrong.append(module.place(call))
    return wrong
