"""The actions that the product records, read from its sources: constants, and names put together of two parts."""

import ast
import re
from collections import defaultdict
from collections.abc import Collection, Iterator
from functools import cache

from tests.support.source import Module, dotted, product_modules

Function = ast.FunctionDef | ast.AsyncFunctionDef
NO_ACTIONS = ("core/permissions.py", "resources/", "core/resource.py", "services/notifications/kinds.py")
"""Where permissions and kinds of notifications are named, which look alike, and where actions are declared."""


@cache
def walked() -> tuple[Module, ...]:
    """Return the modules that may record something."""
    return tuple(module for module in product_modules() if not module.stands_in(*NO_ACTIONS))


def recorded(nouns: set[str], known: Collection[str]) -> dict[str, str]:
    """Return each action that is one of ``known`` or begins with one of ``nouns`` → one place that names it.

    ``f"order.{decision.value}"`` stands for whatever the callers of the function around it hand in, however far away.
    """
    action = re.compile(rf"({'|'.join(sorted(nouns))})\.[a-z_]+")
    found: dict[str, str] = {}
    for module in walked():
        for node in module.nodes():
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and not _is_error_code(node):
                if node.value in known or action.fullmatch(node.value):
                    found.setdefault(node.value, module.place(node))
            elif isinstance(node, ast.JoinedStr):
                found |= {name: module.place(node) for name in _put_together(node) if action.fullmatch(name)}
    return found


def _is_error_code(node: ast.Constant) -> bool:
    call = node.parent  # type: ignore[attr-defined]
    return isinstance(call, ast.Call) and call.args[:1] == [node] and dotted(call.func).split(".")[-1][:1].isupper()


def _put_together(node: ast.JoinedStr) -> set[str]:
    """Return what a text of two parts may be: ``f"order.{decision}"`` or ``f"{noun}.changed"``."""
    match node.values:
        case [ast.Constant(value=str(first)), ast.FormattedValue(value=value)] if first.endswith("."):
            return {first + ending for ending in _texts(value)}
        case [ast.FormattedValue(value=value), ast.Constant(value=str(last))] if last.startswith("."):
            return {noun + last for noun in _texts(value)}
    return set()


def _texts(value: ast.expr) -> set[str]:
    name = dotted(value).split(".")[0]
    return _handed_in(_function_around(value, name), name, set())


def _handed_in(function: Function | None, name: str, seen: set[tuple[str, str]]) -> set[str]:
    """Return the texts that the argument ``name`` of a function may be: constants and members of enumerations."""
    if function is None or (function.name, name) in seen:
        return set()
    seen.add((function.name, name))
    found: set[str] = set()
    for module, call in _calls()[function.name]:
        if _package(function) not in {_package(call), _origins(module).get(function.name)}:
            continue  # another function of this name
        by_position = dict(zip(_arguments(function), call.args, strict=False))
        by_name = {word.arg: word.value for word in call.keywords}
        value = by_position.get(name) or by_name.get(name)
        for one in ast.walk(value) if value is not None else ():
            if isinstance(one, ast.Constant) and isinstance(one.value, str):
                found.add(one.value)
            elif isinstance(one, ast.Attribute):
                origin = _origins(module).get(dotted(one.value), _package(call))
                found |= {text for text in [_members().get(f"{origin}.{dotted(one)}")] if text is not None}
            elif isinstance(one, ast.Name):
                found |= _handed_in(_function_around(call, one.id), one.id, seen)
    return found


def _function_around(node: ast.AST, argument: str) -> Function | None:
    """Return the nearest function around ``node`` that takes an argument of this name."""
    around = getattr(node, "parent", None)
    while around is not None and not (isinstance(around, Function) and argument in _arguments(around)):
        around = getattr(around, "parent", None)
    return around


def _arguments(function: Function) -> list[str]:
    stated = function.args
    return [argument.arg for argument in (*stated.posonlyargs, *stated.args, *stated.kwonlyargs)]


@cache
def _calls() -> dict[str, list[tuple[Module, ast.Call]]]:
    """Return name of a function → its calls."""
    found: dict[str, list[tuple[Module, ast.Call]]] = defaultdict(list)
    for module in walked():
        for call in module.calls():
            found[dotted(call.func).split(".")[-1]].append((module, call))
    return found


@cache
def _origins(module: Module) -> dict[str, str]:
    """Return each name that a module imports → the module it comes from."""
    return {name: package for _node, package, name in module.imports()}


@cache
def _packages() -> dict[int, str]:
    return {id(module.tree): module.path.removesuffix(".py").replace("/", ".") for module in product_modules()}


def _package(node: ast.AST) -> str:
    """Return the dotted name of the module that a node stands in."""
    while not isinstance(node, ast.Module):
        node = node.parent  # type: ignore[attr-defined]
    return _packages()[id(node)]


@cache
def _members() -> dict[str, str]:
    """Return ``models.approvals.Decision.APPROVED`` → "approved" for every enumeration of texts."""
    return dict(_each_member())


def _each_member() -> Iterator[tuple[str, str]]:
    for node in (node for module in product_modules() for node in module.nodes()):
        if isinstance(node, ast.ClassDef) and any(dotted(base) == "StrEnum" for base in node.bases):
            for line in node.body:
                if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant):
                    yield f"{_package(node)}.{node.name}.{dotted(line.targets[0])}", str(line.value.value)
