"""Texts from outside cost work in proportion to their length: no pattern, parser or normal form lets one stop us."""

import ast
import importlib
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.requests import Request

from api.authentication import requested_language
from core.errors import DomainError
from core.kinds import standard, uscc
from core.kinds.kind import Kind, Refused
from core.positions import points
from core.positions.points import parse_position
from core.queries.grid_query import read_query
from importers.reading._headings import guess_heading_row
from importers.reading._text_files import detect_delimiter
from importers.reading.errors import FileError
from importers.reading.xlsx.slices import Irregular, Slicer
from importers.runs.mapping import match_headings, plain_heading, suggest
from importers.writing._xlsx_cells import text_xml
from importers.writing.text import guard, unguard
from models.regions import kind, resolving
from models.regions._phone_places import place_given_out
from pages.imports._upload_endpoint import uploaded_name
from pages.orders._paste_parsing import parse_lines, pasted_lines, possible_skus
from pages.web.cookies import safe_next
from pages.web.identity import language_of
from resources import SHEETS
from resources.customers import CUSTOMERS
from services.accounts import passwords
from services.accounts.one_time_secrets import token_hash
from services.accounts.sign_in import account_subject
from services.applications.hints import alikeness
from services.applications.invites import plain_code
from services.stores.names import name_key, similarity
from tests.conftest import ADMIN
from tests.support.linear import growing_texts, growth_of
from tests.support.source import Module, dotted, product_modules

AT_ONE_PLACE = {"fullmatch", "match"}
ANYWHERE = {"search", "sub", "subn", "findall", "finditer", "split"}
OF_TEXTS_TOO = {"split"}  # a method of texts as well, so a call of it says nothing


def test_patterns_are_compiled_where_they_can_be_found():
    """``re.sub("…", …)`` and patterns made inside functions would escape the test below."""
    wrong = [
        module.place(call)
        for module in product_modules()
        for call in module.calls()
        if (name := dotted(call.func)).startswith("re.") and name not in {"re.escape", "re.compile"}
    ]
    wrong += [
        module.place(call)
        for module in product_modules()
        if not module.stands_in("core/kinds/kind.py")  # ``matches`` is tried with each kind
        for call in module.calls()
        if dotted(call.func) == "re.compile" and _is_inside_a_function(call)
    ]

    assert wrong == []


def test_texts_are_normalised_in_one_place_that_limits_them():
    wrong = [
        module.place(node)
        for module in product_modules()
        if not module.stands_in("core/kinds/plain_texts.py")
        for node, package, name in module.imports()
        if "unicodedata" in {package, name}
    ]

    assert wrong == []


def _is_inside_a_function(node: ast.AST) -> bool:
    while (node := getattr(node, "parent", None)) is not None:  # type: ignore[assignment]
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return True
    return False


def _compiled(module: Module) -> int:
    return sum(dotted(call.func) == "re.compile" and not _is_inside_a_function(call) for call in module.calls())


WITH_PATTERNS = [module for module in product_modules() if "re.compile" in module.source and _compiled(module)]
"""Every worker collects them: a module is parsed only where its text says that it may be one."""


def test_there_are_patterns_to_look_at():
    assert len(WITH_PATTERNS) >= 25


@pytest.mark.parametrize("module", WITH_PATTERNS, ids=lambda module: module.path)
def test_a_pattern_takes_time_in_proportion_to_the_text(module: Module):
    named = {name: list(_patterns_in(value)) for name, value in vars(_imported(module)).items()}
    uses = _uses(set(named))

    first = (
        f"{name} on {text_name}: {grown}"
        for name, patterns in named.items()
        for pattern in patterns
        for work in _works(pattern, uses.get(name) or _uses_without_name(module, set(named)))
        for text_name, text in growing_texts(_literals(pattern))
        if (grown := growth_of(work, _as_given(pattern, text)))
    )

    assert next(first, "") == ""
    assert sum(map(len, named.values())) >= _compiled(module)


def _imported(module: Module) -> object:
    return importlib.import_module(module.path.removesuffix(".py").removesuffix("/__init__").replace("/", "."))


def _patterns_in(value: object) -> Iterator[re.Pattern[Any]]:
    if isinstance(value, re.Pattern):
        yield value
    elif isinstance(value, tuple | list | set | frozenset):
        for part in value:
            yield from _patterns_in(part)
    elif isinstance(value, dict):
        yield from _patterns_in([*value.keys(), *value.values()])


def _uses(names: set[str]) -> dict[str, set[str]]:
    """Return the methods that are called on patterns by their name, anywhere in the product."""
    found: dict[str, set[str]] = {}
    for module in product_modules():
        for call in module.calls():
            if isinstance(call.func, ast.Attribute) and dotted(call.func.value) in names:
                found.setdefault(dotted(call.func.value), set()).add(call.func.attr)
    return found


def _uses_without_name(module: Module, names: set[str]) -> set[str]:
    """Return the methods of patterns that are called on something else, as in a loop over patterns."""
    return {
        call.func.attr
        for call in module.calls()
        if isinstance(call.func, ast.Attribute)
        and dotted(call.func.value) not in names
        and call.func.attr in (AT_ONE_PLACE | ANYWHERE) - OF_TEXTS_TOO
    } or AT_ONE_PLACE | ANYWHERE


def _works(pattern: re.Pattern[Any], uses: set[str]) -> list[Callable[[Any], object]]:
    works: list[Callable[[Any], object]] = [pattern.fullmatch] if uses & AT_ONE_PLACE else []
    return [*works, pattern.findall] if uses & ANYWHERE else works


def _literals(pattern: re.Pattern[Any]) -> list[str]:
    """Return what the pattern itself spells out: repeated, it begins to match again and again."""
    source = pattern.pattern.decode() if isinstance(pattern.pattern, bytes) else pattern.pattern
    return re.findall(r'[A-Za-z<>/:="\- ]{3,}', source)[:4]


def _as_given(pattern: re.Pattern[Any], text: Callable[[int], str]) -> Callable[[int], Any]:
    return (lambda length: text(length).encode()) if isinstance(pattern.pattern, bytes) else text


# --- parsers and everything else that looks at texts ---


WITH_KINDS = (standard, points, kind)


def _kinds() -> dict[str, Kind]:
    """Return every kind by a name; of the kinds "choice", which share one parser, that with the fewest choices."""
    named = {name: value for module in WITH_KINDS for name, value in vars(module).items() if isinstance(value, Kind)}
    declared = [(f"{one.name}.{field.name}", field.kind) for one in SHEETS.values() for field in one.fields]
    kinds = sorted([*declared, *named.items()], key=lambda one: -len(one[1].choices))
    known = {"choice" if kind.name == "choice" else id(kind): (name, kind) for name, kind in kinds}
    return dict(known.values())


def _answered(work: Callable[[str], object]) -> Callable[[str], object]:
    """Return the work with the answers of bad input taken for answers; any other error is one."""

    def answered(text: str) -> object:
        try:
            return work(text)
        except (DomainError, Irregular, Refused, FileError):
            return None

    return answered


def _headed(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode("utf-8", "replace")) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw, "query_string": b""})


def _pasted(text: str) -> object:
    lines = pasted_lines(text)
    return possible_skus(lines), parse_lines(lines, {})


def _asked(name: str) -> Callable[[str], object]:
    return lambda text: read_query(CUSTOMERS, ADMIN, [(name, text)])


FUNCTIONS: dict[str, Callable[[str], object]] = {
    "acceptable password": lambda text: passwords.require_acceptable(text, text, text),
    "right password": lambda text: passwords.is_correct(None, text),
    "e-mail and name as password": lambda text: passwords.require_acceptable("purple kettle sings", text, text),
    "token": token_hash,
    "account": account_subject,
    "invite": plain_code,
    "heading": plain_heading,
    "headings": lambda text: suggest(CUSTOMERS, ADMIN, [text, text, "code"]),
    "mapped headings": lambda text: match_headings(CUSTOMERS, ADMIN, [text, "code", "name"]),
    "row of headings": lambda text: guess_heading_row([[text] * 3, ["code", "name", text]]),
    "region": resolving.resolve,
    "region to find": resolving.search,
    "address": resolving.find_in_address,
    "phone's place": place_given_out,
    "order from a chat": _pasted,
    "company": lambda text: alikeness(text, "恒源（苏州）商贸有限公司"),
    "shop": lambda text: similarity(name_key(text, "310000"), "恒源 南京路"),
    "position": parse_position,
    "angle": lambda text: points.LATITUDE.parse(text),
    "length": lambda text: points.ACCURACY.parse(text),
    "filter": _asked("name__contains"),
    "any of": _asked("code__in"),
    "choice": _asked("stage"),
    "days": _asked("created_at"),
    "order of rows": _asked("sort"),
    "fields": _asked("fields"),
    "name of a field": lambda text: read_query(CUSTOMERS, ADMIN, [(text, "1")]),
    "language": lambda text: requested_language(_headed(accept_language=text)),
    "language of a page": lambda text: language_of(_headed(accept_language=text)),
    "file name": lambda text: uploaded_name(_headed(x_file_name=text)),
    "next page": safe_next,
    "delimiter": detect_delimiter,
    "formula": lambda text: unguard(guard(text)),
    "cell": text_xml,
    "credit codes": lambda text: uscc.are_valid([text, text[:18]]),
    "sheet": lambda text: Slicer("S", lambda _rows, _piece: None).cut(iter([b"<sheetData>", text.encode(), b"</row>"])),
}  # fmt: skip


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_function_takes_time_in_proportion_to_the_text(name: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(passwords, "HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    work = _answered(FUNCTIONS[name])

    first = (f"{text_name}: {grown}" for text_name, text in growing_texts() if (grown := growth_of(work, text)))

    assert next(first, "") == ""


@pytest.mark.parametrize(("name", "kind"), _kinds().items())
def test_a_kind_takes_time_in_proportion_to_the_text(name: str, kind: Kind):
    work = _answered(kind.parse_cell)

    first = (
        f"{text_name}: {grown}"
        for text_name, text in growing_texts()
        for one in (work, lambda text: kind.parse_column([text]))
        if (grown := growth_of(one, text))
    )

    assert next(first, "") == ""


def test_there_are_kinds_to_look_at():
    assert len(_kinds()) >= 25
