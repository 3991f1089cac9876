"""The sentences people see: those the product marks, and those the Chinese catalogue translates."""

import ast
import re
from collections import defaultdict
from functools import cache

from babel.messages.pofile import read_po
from jinja2.ext import babel_extract

from core.i18n import forms
from tests.support.source import ROOT, dotted, files, product_modules

MARKERS = {"_": 1, "N_": 1, "translate": 1, "ngettext": 2}
"""Marker → how many of its first arguments are sentences."""
PLURAL = re.compile(r"(?<!more than )\{count\} ((\w+ )?\w{2,}s|are|were|people)\b")
"""A count and what is many, "{count} new rows"; more than a limit are always many."""
ERRORS = {"Problem", "Refused", "DomainError", "InvalidInput", "NotPermitted", "NotFound", "Conflict"}
CATALOGUES = ROOT / "locales" / "zh_CN" / "LC_MESSAGES"


@cache
def marked() -> dict[str, str]:
    """Return sentence → one place where the product marks it."""
    found: dict[str, str] = {}
    for module in product_modules():
        for call in module.calls():
            for text in call.args[: MARKERS.get(dotted(call.func), 0)]:
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found.setdefault(text.value, module.place(call))
    for path in files():
        if path.suffix in {".html", ".txt", ".xml"} and path.is_relative_to(ROOT / "pages"):
            with path.open("rb") as file:
                for line, _, message, _ in babel_extract(file, ["_"], [], {"silent": "false"}):
                    found.setdefault(str(message), f"{path.relative_to(ROOT).as_posix()}:{line}")
    return found


def uncounted() -> dict[str, str]:
    """Return sentence → its place for those with a count and a plural that ``ngettext`` does not make."""
    return {
        text.value: module.place(call)
        for module in product_modules()
        for call in module.calls()
        if dotted(call.func) in {"_", "translate"}
        for text in call.args[:1]
        if isinstance(text, ast.Constant) and isinstance(text.value, str) and PLURAL.search(text.value)
    }


@cache
def translated() -> dict[str, list[str]]:
    """Return sentence → its Chinese translations; more than one if the catalogues differ."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(CATALOGUES.glob("**/*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale="zh_CN"):
                for sentence in filter(None, forms(message.id)):
                    texts = forms(message.string or "")
                    found[sentence] += [text for text in texts if text and text not in found[sentence]]
    return {sentence: texts for sentence, texts in found.items() if texts}


def unmarked() -> list[str]:
    """Return the places where a sentence for people is not a literal inside a marker."""
    wrong = []
    for module in product_modules():
        for call in module.calls():
            name = dotted(call.func).split(".")[-1]
            if name == "N_" and not isinstance(call.args[0], ast.Constant) and module.path != "core/i18n.py":
                wrong.append(module.place(call))
            if any(isinstance(text, ast.JoinedStr) for text in call.args[: MARKERS.get(name, 0)]):
                wrong.append(module.place(call))
            if name == "ngettext" and not all(isinstance(text, ast.Constant) for text in call.args[:2]):
                wrong.append(module.place(call))
            if name in ERRORS and len(call.args) > 1 and isinstance(call.args[1], ast.Constant | ast.JoinedStr):
                wrong.append(module.place(call))
    return wrong
