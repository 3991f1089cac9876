"""One declaration for each thing: what is known of a resource or a field stands with it, in no table elsewhere."""

import ast
from collections.abc import Iterator

import pytest

from resources import ALL, EXPORTED
from tests.support.source import Module, modules, product_modules

FIELDS = {field.name for resource in EXPORTED.values() for field in resource.fields}
FILES_MIN = 350
"""Fewer would say that the walk has lost a folder."""
TABLES_MIN = 150
BELOW = ("models/", "services/")
"""Rooms that no resource is known in: they name columns, which they store."""
ALLOWED = {
    "core/queries/filters.py:_TEXTS": "names of kinds",
    "importers/exporting.py:WIDTHS": "names of kinds",
    "importers/portable.py:_NAMES": "last words of names that a search looks at, of any resource",
    "importers/runs/_heading_synonyms.py:_WORDS": "words for fields that many resources have",
    "pages/apply/_fields.py:TEXTS": "a form of applicants, who see no resource",
    "pages/apply/_first_step.py:STATED": "a form of applicants, who see no resource",
    "pages/apply/_status.py:STATED": "a page of applicants, who see no resource",
    "pages/imports/_rows.py:ONE_LINE": "names of kinds",
    "pages/orders/_fields.py:SHIP_TO": "inputs of the order form, which is drawn by hand",
    "pages/resources/history.py:NOTES": "facts of events, no fields",
    "pages/stores/_fields.py:NEEDED": "inputs of the registration, which is drawn by hand",
    "pages/stores/registration.py:SUMMED_UP": "inputs of the registration, which is drawn by hand",
    "services/backups/targets.py:BUSINESS_TABLES": "tables, which hold rows once somebody has worked",
}
"""Tables that name fields or resources elsewhere, and why."""


@pytest.mark.parametrize(
    ("name", "attributes_max"), [("Input", 7), ("Field", 9), ("Action", 9), ("RowGroups", 2), ("Resource", 17)]
)
def test_a_description_stays_small(name: str, attributes_max: int):
    module = next(module for module in modules() if module.path == "core/resource.py")

    found = next(node for node in module.nodes() if isinstance(node, ast.ClassDef) and node.name == name)

    assert sum(isinstance(line, ast.AnnAssign) for line in found.body) <= attributes_max
    assert len(module.source.splitlines()) <= 240


def test_no_table_elsewhere_is_keyed_by_names_of_resources_or_fields():
    tables = [(module, name, value) for module in _walked() for name, value in _tables(module)]
    assert len(tables) >= TABLES_MIN

    found = {
        f"{module.path}:{name}": value
        for module, name, value in tables
        if _names_resources(value) or (_names_fields(value) and not module.stands_in(*BELOW))
    }

    assert {place: ast.unparse(value)[:80] for place, value in found.items() if place not in ALLOWED} == {}
    assert sorted(ALLOWED.keys() - found.keys()) == []


@pytest.mark.parametrize(
    "source",
    [
        'EMPTY_TEXTS = {"orders": "None yet", "stores": "None yet"}',
        'WORKSHEETS: dict[str, object] = {ORDER_LINES.name: save}',
        'WIDTHS = dict([("contact", 110), ("region", 90)])',
        'SELDOM = frozenset({"address", "uscc", "tags"})',
        'CONTACT = ("contact", "phone", "region")',
    ],
)  # fmt: skip
def test_a_table_of_names_is_seen(source: str):
    ((_name, value),) = _tables(Module("pages/example.py", source))

    assert _names_resources(value) or _names_fields(value)


@pytest.mark.parametrize("source", ['TITLES = {"near": "Near", "status": "x", "far": "y"}', 'ONE = ("status",)'])
def test_a_table_of_other_things_is_left_alone(source: str):
    ((_name, value),) = _tables(Module("pages/example.py", source))

    assert not _names_resources(value) and not _names_fields(value)


def _walked() -> list[Module]:
    found = [
        module
        for module in product_modules()
        if not module.stands_in("resources/") and not module.path.endswith("/screen.py")
    ]
    assert len(found) >= FILES_MIN
    return found


def _tables(module: Module) -> Iterator[tuple[str, ast.expr]]:
    """Yield name and value of every collection that a module has as a constant."""
    for line in module.tree.body:
        if isinstance(line, ast.Assign | ast.AnnAssign) and line.value is not None:
            target = line.targets[0] if isinstance(line, ast.Assign) else line.target
            value = line.value
            if isinstance(value, ast.Call) and len(value.args) == 1:  # frozenset({…}), dict([…])
                (value,) = value.args
            if isinstance(target, ast.Name) and isinstance(value, ast.Dict | ast.Tuple | ast.List | ast.Set):
                yield target.id, value


def _names_resources(value: ast.expr) -> bool:
    keys = list(_keys(value))
    return bool(keys) and set(keys) <= EXPORTED.keys() and (isinstance(value, ast.Dict) or len(keys) > 1)


def _names_fields(value: ast.expr) -> bool:
    keys = list(_keys(value))
    named = [key for key in keys if key in FIELDS]
    return len(named) > 1 and 2 * len(named) > len(keys)


def _keys(value: ast.expr) -> Iterator[str]:
    elements = value.keys if isinstance(value, ast.Dict) else getattr(value, "elts", [])
    for one in elements:
        key = one.elts[0] if isinstance(one, ast.Tuple) and one.elts else one
        if isinstance(key, ast.Constant) and isinstance(key.value, str):
            yield key.value
        elif isinstance(key, ast.Attribute) and isinstance(key.value, ast.Name) and key.attr == "name":
            yield key.value.id.lower()  # ORDER_LINES.name


def test_every_resource_is_declared_in_a_module_of_its_name():
    declared = {module.path for module in product_modules() if module.stands_in("resources/")}

    assert [one.name for one in ALL if f"resources/{one.name}.py" not in declared] == []
