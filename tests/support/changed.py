"""Runs the tests of what was changed since the last commit: for the work between two runs of everything.

A folder of the product is tested by the folder of the same name or the nearest one above it, a model, a resource and
whatever has no tests of its own by the capability of its name, everything by the rules over all sources.
"""

import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from tests.support.source import ROOMS, ROOT

ALWAYS = ("test_rules", "test_layout", "test_texts", "test_docs", "test_translations", "test_trail_words")
DECLARATIONS = ("models", "resources", "migrations")
"""Folders of which each change is held against both databases and every promise for resources."""
MIRRORED = (*ROOMS, "data")
SPECIAL = {
    "Makefile": ("tests/test_tools.py",),
    "app.py": ("tests/test_app.py", "tests/test_start_up.py"),
    "core/access.py": ("tests/test_row_filter.py",),
    "core/permissions.py": ("tests/test_permission_matrix.py",),
    "migrations/new.py": ("tests/test_tools.py",),
    "tests/support/changed.py": ("tests/test_tools.py",),
}
"""Files that tests at the top hold to their promises."""


def changed_paths() -> list[str]:
    """Return what differs from the last commit, new files included; without any, what the last commit changed."""
    paths = _git("diff", "--name-only", "HEAD") + _git("ls-files", "--others", "--exclude-standard")
    return paths or _git("diff", "--name-only", "HEAD~1")


def places_of(path: str) -> list[str]:
    """Return the test files and folders of one file, besides ``ALWAYS``, without repeats; [] for e.g. a document."""
    file = PurePosixPath(path)
    found = list(SPECIAL.get(path, ()))
    if file.parts[0] == "tests":
        found += _places_of_test(file)
    elif file.parts[0] in DECLARATIONS:
        found += [*_capability(file), "tests/test_resources.py", "tests/test_migrations.py"]
    elif file.parts[0] in MIRRORED:
        found += _places_of_product(file)
    return [one for one in dict.fromkeys(found) if (ROOT / one).exists()]


def chosen_places(paths: Iterable[str]) -> dict[str, list[str]]:
    """Return the test files and folders for changed files, by file; those of ``ALWAYS`` come first, by "always"."""
    return {"always": [f"tests/{name}.py" for name in ALWAYS], **{path: places_of(path) for path in paths}}


def _places_of_test(file: PurePosixPath) -> list[str]:
    """Return a changed test itself, or the tests beside a file that supports them."""
    if file.name.startswith("test_"):
        return [file.as_posix()]
    is_shared = len(file.parts) < 3 or file.parts[1] in ("support", "golden")
    return [] if is_shared else _tests_in("/".join(file.parts[:-1]))


def _places_of_product(file: PurePosixPath) -> list[str]:
    """Return the nearest tests: of the file, its folder or one above; else of the capability, and of the whole room."""
    room, *folders = file.parts[:-1]
    for depth in range(len(folders), 0, -1):
        if found := _tests_in("/".join(["tests", room, *folders[:depth]])):
            return found
    own = [] if folders else [f"tests/{room}/test_{file.stem}.py", f"tests/{room}/{file.stem}"]
    if existing := [one for one in own if (ROOT / one).exists()]:
        return existing
    capability = [one for one in _capability(file) if (ROOT / one).exists()] if room != "core" else []
    return [*capability, *_flat_tests(f"tests/{room}")]


def _capability(file: PurePosixPath) -> list[str]:
    word = file.parts[1] if len(file.parts) > 2 else file.stem
    return [f"tests/services/{word}", f"tests/services/test_{word}.py", f"tests/models/{word}"]


def _tests_in(folder: str) -> list[str]:
    return [folder] if next((ROOT / folder).rglob("test_*.py"), None) else []


def _flat_tests(folder: str) -> list[str]:
    return sorted(one.relative_to(ROOT).as_posix() for one in (ROOT / folder).glob("test_*.py"))


def _git(*words: str) -> list[str]:
    listed = subprocess.run(["git", *words, "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [one for one in listed.split("\0") if one]


def _lines(chosen: dict[str, list[str]]) -> Iterator[str]:
    for path, places in chosen.items():
        yield f"{path}: {' '.join(places) or 'no tests of its own'}\n"


if __name__ == "__main__":
    by_path = chosen_places(changed_paths())
    sys.stdout.writelines(_lines(by_path))
    sys.stdout.flush()
    places = dict.fromkeys(place for found in by_path.values() for place in found)
    sys.exit(subprocess.run([sys.executable, "-m", "pytest", "-n", "logical", "-q", *places], cwd=ROOT).returncode)
