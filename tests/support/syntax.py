"""How the house rules look at code: questions about syntax trees, answered with places."""

import ast

from tests.support.source import Module, dotted, product_modules


def attribute_calls(names: set[str], *, allowed: tuple[str, ...]) -> list[str]:
    return [
        module.place(call)
        for module in product_modules()
        if not module.stands_in(*allowed)
        for call in module.calls()
        if isinstance(call.func, ast.Attribute) and call.func.attr in names
    ]


def sqlalchemy_imports(names: set[str], *, allowed: tuple[str, ...]) -> list[str]:
    """Where ``names`` come in from SQLAlchemy, or are called on a module of it."""
    called = {f"{package}.{name}" for package in ("sa", "sqlalchemy") for name in names}
    return [
        module.place(node)
        for module in product_modules()
        if not module.stands_in(*allowed)
        for node, package, name in module.imports()
        if package.split(".")[0] == "sqlalchemy" and name in names
    ] + [
        module.place(call)
        for module in product_modules()
        if not module.stands_in(*allowed)
        for call in module.calls()
        if dotted(call.func) in called
    ]


def importers_of(package: str, *, allowed: tuple[str, ...]) -> list[str]:
    return [
        module.place(node)
        for module in product_modules()
        if not module.stands_in(*allowed)
        for node, imported, _ in module.imports()
        if imported.split(".")[0] == package
    ]


def values_of(module: Module, key: str) -> list[ast.expr]:
    """The values given for ``key``, as a keyword or in a dict."""
    found = [word.value for call in module.calls() for word in call.keywords if word.arg == key]
    for node in module.nodes():
        if isinstance(node, ast.Dict):
            found += [
                value
                for name, value in zip(node.keys, node.values, strict=True)
                if isinstance(name, ast.Constant) and name.value == key
            ]
    return found


def keys_of(node: ast.AST) -> list[ast.expr | None]:
    if isinstance(node, ast.Dict):
        return list(node.keys)
    return [node.slice] if isinstance(node, ast.Subscript) else []


def words_of(call: ast.Call) -> list[ast.expr]:
    return [*call.args, *(word.value for word in call.keywords if word.arg == "reason")]


def is_reason(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, str) and len(value.value.split()) >= 3


def is_false(value: ast.expr) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


def is_inexact(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        return dotted(node.func) in {"float", "round"}
    if isinstance(node, ast.BinOp | ast.AugAssign):
        return isinstance(node.op, ast.Div)
    return isinstance(node, ast.Constant) and isinstance(node.value, float)


def inside_a_function(node: ast.AST) -> bool:
    around: ast.AST | None = node
    while (around := getattr(around, "parent", None)) is not None:
        if isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            return True
    return False
