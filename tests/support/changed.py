"""Runs the tests of what was changed since the last commit: for the work between two runs of everything.

A folder of the product is tested by the folder of the same name, a model and a resource by the capability of their
name, everything by the rules over all sources.
"""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import PurePosixPath

from tests.support.source import ROOMS, ROOT

ALWAYS = ("test_rules", "test_layout", "test_texts", "test_docs", "test_translations", "test_trail_words")
DECLARATIONS = ("models", "resources", "migrations")
"""Folders of which each change is held against both databases and every promise for resources."""


def changed_paths() -> list[str]:
    """Return what differs from the last commit, new files included; without any, what the last commit changed."""
    paths = _git("diff", "--name-only", "HEAD") + _git("ls-files", "--others", "--exclude-standard")
    return paths or _git("diff", "--name-only", "HEAD~1")


def places_of(paths: Iterable[str]) -> list[str]:
    """Return the test files and folders for changed files, without repeats."""
    found = [f"tests/{name}.py" for name in ALWAYS]
    for path in map(PurePosixPath, paths):
        if path.parts[0] == "tests" and path.name.startswith("test_"):
            found.append(path.as_posix())
        elif path.parts[0] in ROOMS:
            found += _places_of_folder(path)
        if path.parts[0] in DECLARATIONS:
            found += ["tests/test_resources.py", "tests/test_migrations.py"]
    return [one for one in dict.fromkeys(found) if (ROOT / one).exists()]


def _places_of_folder(path: PurePosixPath) -> list[str]:
    room, *folders = path.parts[:-1]
    word = folders[0] if folders else path.stem
    if room in DECLARATIONS:
        return [f"tests/services/{word}", f"tests/services/test_{word}.py", f"tests/models/{word}"]
    if folders:
        return ["/".join(["tests", room, *folders[:depth]]) for depth in range(len(folders), 0, -1)][:1]
    return [f"tests/{room}/test_{word}.py", f"tests/{room}/{word}"]


def _git(*words: str) -> list[str]:
    return subprocess.run(["git", *words], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()


if __name__ == "__main__":
    chosen = places_of(changed_paths())
    sys.stdout.write(" ".join(chosen) + "\n")
    sys.stdout.flush()
    sys.exit(subprocess.run([sys.executable, "-m", "pytest", "-n", "logical", "-q", *chosen], cwd=ROOT).returncode)
