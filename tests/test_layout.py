"""The layout: rooms by role, in each room a folder for each capability, and what a folder may hold.

A guard that walks files says how many it saw: a walk that loses a folder would rule over nothing and stay green.
"""

import ast
from collections import Counter, defaultdict
from pathlib import PurePosixPath

import pytest

from tests.support.source import ROOMS, ROOT, Module, modules, product_modules

FILES_MAX = 16
LINES_MAX = 3_000
SIBLINGS_MAX = 2  # with one first word; a third makes it a folder
WITH_FOLDERS = ("core", "models", "services", "importers", "pages")
MIRRORED = ("core", "services", "importers", "pages")
REGISTRIES = {"models", "resources", "jobs"}
"""Rooms whose ``__init__`` lists what importing them registers."""
WITHOUT_TESTS = {
    "core/schema": "tests/test_migrations.py",
    "importers/reading/xlsx": "tests/importers/reading",
    "pages/applications": "tests/browser/test_apply.py",
    "pages/components/base": "tests/pages/components",
    "pages/components/forms": "tests/pages/components",
    "pages/components/layout": "tests/pages/components",
    "pages/components/lists": "tests/pages/components",
    "pages/partners": "tests/browser/test_apply.py",
    "services/installation": "tests/test_start_up.py",
}
"""Folders that are tested from outside, and where."""


def folders() -> dict[str, list[Module]]:
    """Return path of each folder of the product → the modules that lie in it itself, ``__init__`` left out."""
    found: dict[str, list[Module]] = defaultdict(list)
    for module in product_modules():
        path = PurePosixPath(module.path)
        if path.name != "__init__.py" and path.parent.as_posix() != ".":
            found[path.parent.as_posix()].append(module)
    assert len(found) >= 50
    return found


def test_a_folder_can_be_read_in_a_sitting():
    wrong = [
        f"{folder}: {len(files)} files, {lines} lines"
        for folder, files in folders().items()
        if len(files) > FILES_MAX or (lines := sum(len(one.source.splitlines()) for one in files)) > LINES_MAX
    ]

    assert wrong == []


def test_three_files_with_one_first_word_are_a_folder():
    wrong = []
    for folder, files in folders().items():
        words = Counter(word for one in files if "_" in (word := _name(one)) and (word := word.split("_")[0]))
        wrong += [f"{folder}/{word}_…" for word, count in words.items() if count > SIBLINGS_MAX]

    assert wrong == []


def test_a_name_does_not_repeat_its_folder():
    wrong = [
        one.path
        for folder, files in folders().items()
        if "/" in folder
        for one in files
        for word in [folder.rsplit("/", 1)[1]]
        if _name(one).startswith((f"{word}_", f"{word.removesuffix('s')}_"))
        or (_name(one) == word and not folder.startswith("models/"))
    ]

    assert wrong == []


def test_what_begins_with_an_underscore_is_private_to_its_folder():
    private = {
        module.path.removesuffix(".py").replace("/", ".")
        for module in product_modules()
        if PurePosixPath(module.path).name.startswith("_") and not module.path.endswith("__init__.py")
    }
    assert len(private) >= 30

    wrong = [
        f"{module.place(node)} {found}"
        for module in product_modules()
        for node, package, name in module.imports()
        for found in {package, f"{package}.{name}"} & private
        if not module.path.startswith(found.rsplit(".", 1)[0].replace(".", "/") + "/")
    ]

    assert wrong == []


def test_a_package_says_what_it_is_and_exports_nothing():
    packages = [module for module in product_modules() if module.path.endswith("/__init__.py")]
    assert len(packages) >= 50

    wrong = [
        module.path
        for module in packages
        if module.path.split("/")[0] not in REGISTRIES or module.path.count("/") > 1
        if len(module.tree.body) != 1 or ast.get_docstring(module.tree) is None
    ]

    assert wrong == []


def test_tests_stand_in_the_folders_of_what_they_test():
    wrong = [
        folder
        for folder in folders()
        if folder.count("/") and folder.split("/")[0] in MIRRORED and folder not in WITHOUT_TESTS
        if not any(module.path.startswith(f"tests/{folder}/test_") for module in modules())
    ]

    assert wrong == []
    assert [path for path in WITHOUT_TESTS.values() if not (ROOT / path).exists()] == []
    assert [folder for folder in WITHOUT_TESTS if not (ROOT / folder).exists()] == []


def test_the_architecture_page_shows_the_folders_there_are():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    shown = _shown(page.split("```text", 1)[1].split("```", 1)[0])

    assert shown == {folder for folder in folders() if folder.split("/")[0] in ROOMS}


def _shown(tree: str) -> set[str]:
    """Return the folders that a drawing names: two spaces further in is one folder further down."""
    found, above = set(), list[str]()
    for line in tree.splitlines():
        name = line.split("#", 1)[0].split("  ")[-1] if not line.strip() else line.strip().split(" ", 1)[0]
        if not name.endswith("/"):
            continue
        depth = (len(line) - len(line.lstrip())) // 2
        above[depth:] = [name.rstrip("/")]
        if above[0] in ROOMS:
            found.add("/".join(above))
    return found


def _name(module: Module) -> str:
    return PurePosixPath(module.path).stem.lstrip("_")


@pytest.mark.parametrize("room", WITH_FOLDERS)
def test_a_room_with_folders_is_held_free_of_circles(room: str):
    settings = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    ancestors = settings.split('type = "acyclic_siblings"', 1)[1].split("]", 1)[0]

    assert f'"{room}"' in ancestors
