"""The recipes of the documents as data: blocks of code with their file and place, and the commands between them."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.source import ROOT

RECIPES = ROOT / "docs" / "recipes"
_FENCE = re.compile(r"^(?P<indent> *)```(?P<head>.+)\n(?P<body>(?:.*\n)*?)(?P=indent)```$", re.MULTILINE)
_MIGRATION = re.compile(r'make migration NAME="(.+)"')


@dataclass(frozen=True)
class Block:
    """Lines to be written by hand.

    Attributes:
        path: Of the file, relative to the root.
        place: "new", "end", or "before", "after" or "replace" and how the only line there begins, spaces left out.
    """

    path: str
    place: str
    lines: tuple[str, ...]

    def write(self, folder: Path) -> None:
        """Write the lines at their place. Raises ``ValueError`` if it is not there, or there twice."""
        path = folder / self.path
        if self.place == "new":
            if path.exists():
                raise ValueError(f"{self.path} is there already")
            path.write_text("\n".join(self.lines) + "\n", encoding="utf-8")
            return
        present = path.read_text(encoding="utf-8").splitlines()
        if self.place == "end":
            present += ["", *self.lines]
        else:
            word, _space, beginning = self.place.partition(" ")
            found = [index for index, line in enumerate(present) if line.lstrip().startswith(beginning)]
            if len(found) != 1 or word not in {"before", "after", "replace"}:
                raise ValueError(f"{self.path}: {len(found)} lines begin with {beginning!r}")
            start = found[0] + (word == "after")
            present[start : found[0] + (word != "before")] = self.lines
        path.write_text("\n".join(present) + "\n", encoding="utf-8")


@dataclass(frozen=True)
class Recipe:
    """One page: what is written by hand, and the titles of the migrations that are made of it."""

    blocks: tuple[Block, ...]
    migrations: tuple[str, ...]

    @property
    def files(self) -> set[str]:
        """Return the files that are written by hand."""
        return {block.path for block in self.blocks}

    @property
    def line_count(self) -> int:
        """Return how many lines are written by hand, blank ones too."""
        return sum(len(block.lines) for block in self.blocks)

    def follow(self, folder: Path) -> None:
        """Write every block into a copy of the repository and make the migrations there."""
        for block in self.blocks:
            block.write(folder)
        for title in self.migrations:
            run(folder, "-m", "migrations.new", title)


def recipe(name: str) -> Recipe:
    """Return the recipe ``docs/recipes/NAME.md``."""
    text = (RECIPES / f"{name}.md").read_text(encoding="utf-8")
    return Recipe(tuple(_blocks(text)), tuple(_MIGRATION.findall(text)))


def run(folder: Path, *words: str, **environment: str) -> str:
    """Run Python in a copy of the repository, return what it says; raise ``AssertionError`` with that if it fails."""
    command = [sys.executable, *words]
    done = subprocess.run(
        command, cwd=folder, env=environment or None, capture_output=True, text=True, timeout=300, check=False
    )
    said = done.stdout + done.stderr
    if done.returncode:
        raise AssertionError(f"{' '.join(words)}:\n{said}")
    return said


def _blocks(text: str) -> Iterator[Block]:
    for fence in _FENCE.finditer(text):
        indent, (language, *rest) = fence["indent"], fence["head"].split(" ", 2)
        if language == "sh":
            continue
        path, place = rest
        lines = tuple(line.removeprefix(indent) for line in fence["body"].splitlines())
        yield Block(path, place, lines)
