"""The product's own files, read once, for the tests that look at code instead of running it."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
ROOMS = ("core", "models", "services", "resources", "importers", "integrations", "api", "pages", "jobs")
FOLDERS = (*ROOMS, "data", "migrations", "locales", "docs", "benchmarks", "deploy", "tests")
NOT_OURS = ("data/local", "build", "dist")  # made by running, testing and building; see .gitignore
TEXT_ENDINGS = {"", ".cfg", ".conf", ".css", ".csv", ".html", ".ini", ".js", ".json", ".mako", ".md", ".po", ".py"}
TEXT_ENDINGS |= {".service", ".sh", ".sql", ".svg", ".toml", ".txt", ".yaml", ".yml"}


@dataclass(frozen=True)
class Module:
    """One Python file of ours.

    Attributes:
        path: Relative to the root, with forward slashes.
    """

    path: str
    source: str

    @cached_property
    def tree(self) -> ast.Module:
        """Return its syntax tree; each node knows its parent as ``parent``."""
        tree = ast.parse(self.source, self.path)
        for node in ast.walk(tree):
            for child in ast.iter_child_nodes(node):
                child.parent = node  # type: ignore[attr-defined]
        return tree

    def nodes(self) -> tuple[ast.AST, ...]:
        """Return every node of the tree."""
        return self._nodes

    def calls(self) -> tuple[ast.Call, ...]:
        """Return every call."""
        return self._calls

    @cached_property
    def _nodes(self) -> tuple[ast.AST, ...]:
        return tuple(ast.walk(self.tree))

    @cached_property
    def _calls(self) -> tuple[ast.Call, ...]:
        return tuple(node for node in self._nodes if isinstance(node, ast.Call))

    def place(self, node: ast.AST) -> str:
        """Return ``path:line`` of a node."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}"

    def imports(self) -> Iterator[tuple[ast.stmt, str, str]]:
        """Yield (node, module, name) of each import; name is "" where a whole module is imported."""
        for node in self.nodes():
            if isinstance(node, ast.Import):
                yield from ((node, alias.name, "") for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield from ((node, node.module or "", alias.name) for alias in node.names)

    def stands_in(self, *places: str) -> bool:
        """Return whether the file is one of ``places``, or lies in one that ends with "/"."""
        return any(self.path == place or (place.endswith("/") and self.path.startswith(place)) for place in places)


@cache
def files() -> tuple[Path, ...]:
    """Return every file that belongs to the project: what a clean clone holds, and what will be added to it."""
    return tuple(sorted(_walk(ROOT)))


@cache
def texts() -> dict[str, str]:
    """Return path → contents of every text file of the project."""
    found = {}
    for path in files():
        if path.suffix in TEXT_ENDINGS:
            found[_name(path)] = path.read_text(encoding="utf-8")
    return found


@cache
def modules() -> tuple[Module, ...]:
    """Return every Python file of the project."""
    return tuple(Module(path, text) for path, text in texts().items() if path.endswith(".py"))


@cache
def product_modules() -> tuple[Module, ...]:
    """Return the Python files that make up the product: the rooms and ``app.py``."""
    return tuple(module for module in modules() if module.path.split("/")[0] in ROOMS or module.path == "app.py")


def dotted(node: ast.AST) -> str:
    """Return a name like ``session.add`` as it is written; "" for anything that is not one."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return f"{before}.{node.attr}" if before else f"?.{node.attr}"
    return ""


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if path.is_dir():
            hidden = path.name.startswith(".") and path.name != ".ci"
            if not hidden and path.name != "__pycache__" and _name(path) not in NOT_OURS:
                yield from _walk(path)
        elif path.is_file():
            yield path


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()
