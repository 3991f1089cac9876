"""The command line in terminals of any encoding: what is printed never stops what is done."""

import json
import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from services.accounts.passwords import is_correct
from tests.support.source import ROOT

PASSWORD = "three quiet rivers meet"
TABLE = "code,name,phone\nC1,a,😀Ж\nC2,酒店,13800138000\n"


SEVERAL = """
import json, sys
from app import accept_any_text, app
accept_any_text()
for words in json.loads(sys.argv[1]):
    try:
        app(words)
    except SystemExit as end:
        print(f"\\x1e{end.code or 0}\\x1e", end="")
"""
"""Runs commands one after another, as ``app.py`` runs one; after each its exit code between record separators."""


def run(folder: Path, encoding: str, *words: str, stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    return start(folder, encoding, ["app.py", *words], stdin)


def run_all(folder: Path, encoding: str, *commands: list[str]) -> tuple[list[tuple[str, int]], str]:
    """Return what each command printed and its exit code, and what all of them said as errors."""
    done = start(folder, encoding, ["-c", SEVERAL, json.dumps(commands)])
    parts = done.stdout.decode(encoding).split("\x1e")
    return list(zip(parts[::2], map(int, parts[1::2]), strict=False)), done.stderr.decode(encoding)


def start(folder: Path, encoding: str, words: list[str], stdin: bytes = b"") -> "subprocess.CompletedProcess[bytes]":
    own = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "QUDAO_DATA_DIR": str(folder / "data")}
    command = [sys.executable, *words]
    return subprocess.run(command, cwd=ROOT, env=os.environ | own, capture_output=True, input=stdin, check=False)


@pytest.fixture
def table(tmp_path: Path) -> str:
    path = tmp_path / "rows.csv"
    path.write_text(TABLE, encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("encoding", ["gbk", "cp1252", "ascii", "utf-8"])
def test_a_command_says_in_any_encoding_what_it_did(tmp_path, table, encoding):
    importing = ["import", "customers", table]

    done, errors = run_all(
        tmp_path, encoding, [*importing, "--json"], importing, ["doctor"], ["config", "show"], ["check"]
    )

    facts = json.loads(done[0][0])
    assert (facts["created"], facts["refused"]) == (1, 1)
    assert facts["errors"][0]["value"] == "😀Ж"
    assert [code for _, code in done] == [1, 1, 0, 0, 0]
    assert all(printed for printed, _ in done)
    assert "Traceback" not in errors


def test_a_refusal_is_one_json_object_in_any_encoding(tmp_path):
    refused = run(tmp_path, "cp1252", "import", "customers", "没有.csv", "--json")

    assert (refused.returncode, json.loads(refused.stdout)["code"]) == (2, "files.not_found")
    assert "没有.csv" in json.loads(refused.stdout)["message"]


@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "cp1252"])
def test_a_password_has_no_byte_order_mark_and_no_line_end(tmp_path, encoding):
    words = ["user", "create", "a@b.cn", "--name", "x", "--role", "sales", "--password-stdin", "--json"]

    marked = run(tmp_path, encoding, *words, stdin=b"\xef\xbb\xbf" + PASSWORD.encode() + b"\r\n")

    assert marked.returncode == 0, marked.stderr
    with closing(sqlite3.connect(next((tmp_path / "data").rglob("*.db")))) as stored:
        (password_hash,) = stored.execute("SELECT password_hash FROM users").fetchone()
    assert is_correct(password_hash, PASSWORD)
