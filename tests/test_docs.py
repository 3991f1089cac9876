"""What the documents say exists: commands, settings, files, links."""

import re
from dataclasses import fields
from functools import cache

import typer
from typer.main import get_command

import app
from core.settings import Settings
from tests.support.source import FOLDERS, ROOT, texts

MAKE_WORDS = {"setup", "run", "test", "lint", "bench", "campaign", "demo"}
NOT_IN_A_CLONE = ("data/local", "deploy/.env")
OTHER_SETTINGS = {"QUDAO_CONFIG", "QUDAO_TEST_DATABASE_URL", "QUDAO_DATASETS"}


def test_every_make_word_in_the_documents_exists():
    targets = set(re.findall(r"^(\w+):(?!=)", texts()["Makefile"], re.MULTILINE))

    told = {word for text in documents().values() for word in re.findall(r"(?:^|`)make (\w+)", text, re.MULTILINE)}

    assert targets >= MAKE_WORDS
    assert sorted(told - targets) == []
    assert sorted(word for word in MAKE_WORDS if f"make {word}" not in texts()["README.md"]) == []


def test_every_command_in_the_documents_exists():
    told = {
        (path, words.strip())
        for path, text in documents().items()
        for words in re.findall(r"python3? app\.py((?: [a-z][a-z-]*)*)", text)
    }

    assert sorted((path, words) for path, words in told if not command_exists(words.split())) == []


def test_every_setting_in_the_documents_exists():
    known = {f"QUDAO_{field.name.upper()}" for field in fields(Settings)} | OTHER_SETTINGS
    for path in ("deploy/compose.sqlite.yaml", "deploy/compose.postgres.yaml"):
        known |= set(re.findall(r"\$\{(QUDAO_[A-Z_]+)", texts()[path]))  # what compose asks of whoever runs it

    told = {(path, name) for path, text in documents().items() for name in re.findall(r"\bQUDAO_[A-Z_]+\b", text)}

    assert sorted((path, name) for path, name in told if name not in known) == []


def test_every_link_between_documents_leads_somewhere():
    wrong = [
        f"{path}: {target}"
        for path, text in documents().items()
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", text)
        if "://" not in target and not (ROOT / path).parent.joinpath(target).exists()
    ]

    assert wrong == []


def test_every_file_the_documents_name_exists():
    name = re.compile(rf"`((?:{'|'.join(FOLDERS)})/[\w./-]+)`")

    wrong = [
        f"{path}: {named}"
        for path, text in documents().items()
        if path != "CHANGELOG.md"  # tells of files that were, too
        for named in name.findall(text)
        if not named.startswith(NOT_IN_A_CLONE) and not (ROOT / named).exists()
    ]

    assert wrong == []


def test_both_readmes_give_the_same_commands():
    assert blocks("README.md") == blocks("README.zh-CN.md")


def documents() -> dict[str, str]:
    return {path: text for path, text in texts().items() if path.endswith(".md")}


def blocks(path: str) -> list[str]:
    """The lines of code in a document, without their comments."""
    code = re.findall(r"```\w*\n(.*?)```", texts()[path], re.DOTALL)
    return [re.sub(r"\s+#.*", "", line) for block in code for line in block.splitlines() if line.strip()]


def command_exists(words: list[str]) -> bool:
    """Whether the words begin with a command; what follows one are its arguments."""
    command = command_line()
    for word in words:
        known = getattr(command, "commands", None)
        if known is None:
            return True
        if word not in known:
            return False
        command = known[word]
    return True


@cache
def command_line():
    return get_command(next(value for value in vars(app).values() if isinstance(value, typer.Typer)))
