"""The recipes are executed in a copy of the repository: what they say is enough, and how little it is."""

import os
import shutil
from pathlib import Path

import pytest

from tests.support.recipes import RECIPES, Block, recipe, run
from tests.support.source import ROOT, files

BUDGETS = {"add-a-field": (3, 20), "add-an-entity": (5, 85), "add-an-action": (3, 70)}
"""Recipe → files and lines written by hand, at most. Migration and golden files are made by tools. A line of the
changelog comes on top: with it a field costs four places, an entity six."""
MADE = ("migrations/", "tests/golden/")
PROMISES = (
    "not postgresql and (warehouses or discontinue or (test_resources and (customers or products)) or table_answers"
    " or equals_the_models or test_translations or test_trail_words or test_declarations or test_layout or reviewed"
    " or rely_on)"
)
"""Of the tests that hold every entity: those for the new things, and those that look at the whole."""
PROMISES_MIN = 130
HELD_BY = (
    "tests/test_resources.py",
    "tests/test_migrations.py",
    "tests/test_translations.py",
    "tests/test_trail_words.py",
    "tests/test_declarations.py",
    "tests/test_layout.py",
    "tests/test_permission_matrix.py",
    "tests/test_routes.py",
    "tests/api/test_application.py",
)


@pytest.mark.parametrize("name", BUDGETS)
def test_a_recipe_costs_no_more_than_it_may(name: str):
    found = recipe(name)
    files_max, lines_max = BUDGETS[name]

    assert len(found.blocks) >= 3
    assert (len(found.files) <= files_max, sorted(found.files)) == (True, sorted(found.files))
    assert found.line_count <= lines_max
    assert [path for path in found.files if path.startswith(MADE)] == []


def test_every_recipe_is_executed():
    assert sorted(path.stem for path in RECIPES.glob("*.md")) == sorted(BUDGETS)


@pytest.mark.parametrize("place", ["new", "before nothing", "after b", "beside a"])
def test_a_place_that_is_not_there_exactly_once_is_refused_and_nothing_is_written(tmp_path: Path, place: str):
    (tmp_path / "x.py").write_text("a\nb\nb\n")

    with pytest.raises(ValueError, match=r"x\.py"):
        Block("x.py", place, ("c",)).write(tmp_path)

    assert (tmp_path / "x.py").read_text() == "a\nb\nb\n"


@pytest.mark.parametrize(
    ("place", "written"), [("before b", "a\nc\nb\n"), ("after a", "a\nc\nb\n"), ("replace b", "a\nc\n")]
)
def test_a_block_stands_at_its_place(tmp_path: Path, place: str, written: str):
    (tmp_path / "x.py").write_text("a\nb\n")

    Block("x.py", place, ("c",)).write(tmp_path)

    assert (tmp_path / "x.py").read_text() == written


@pytest.mark.timeout(600)
def test_who_follows_the_recipes_has_a_field_an_entity_and_an_action_that_keep_every_promise(tmp_path: Path):
    copy = _copy_of_the_repository(tmp_path)
    for name in BUDGETS:
        recipe(name).follow(copy)

    pytest_in_copy = ("-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("QUDAO_", "PYTEST_"))}
    golden = ("tests/test_routes.py", "tests/api/test_application.py", "-k", "reviewed or rely_on")
    run(copy, *pytest_in_copy, *golden, **clean, QUDAO_UPDATE_GOLDEN="1")
    said = run(copy, *pytest_in_copy, *HELD_BY, "-k", PROMISES, **clean)
    written = [path for name in BUDGETS for path in recipe(name).files if path.endswith(".py")]
    run(copy, "-m", "ruff", "check", "--quiet", *written, **clean)
    run(copy, "-m", "ruff", "format", "--quiet", "--check", *written, **clean)

    assert int(said.rsplit(" passed", 1)[0].rsplit(None, 1)[-1]) >= PROMISES_MIN
    assert "/api/v1/warehouses" in (copy / "tests/golden/openapi.json").read_text(encoding="utf-8")
    assert '"wechat"' in (copy / "tests/golden/openapi.json").read_text(encoding="utf-8")


def _copy_of_the_repository(folder: Path) -> Path:
    copy = folder / "copy"
    for path in files():
        target = copy / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
        for compiled in (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc"):  # else all of it is compiled again
            (target.parent / "__pycache__").mkdir(exist_ok=True)
            shutil.copy2(compiled, target.parent / "__pycache__")
    return copy
