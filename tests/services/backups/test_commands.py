"""The commands ``backup`` and ``restore``: answers of the contract, one sentence and exit 2 for what cannot be."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from api.cli.backups import commands
from core.errors import InvalidInput
from core.i18n import use_language
from services.backups.commands import read_passphrase
from tests.support.backups import empty_url, installation

BACKUP_FACTS = {"file", "bytes", "rows", "files", "sha256", "release"}


def run(*words: Any) -> Result:
    return CliRunner().invoke(commands, [str(word) for word in words])


def refusal_of(*words: Any) -> str:
    done = run(*words, "--json")
    assert done.exit_code == 2, done.output
    facts = json.loads(done.stdout)
    assert facts.keys() == {"code", "message"} and facts["message"]
    assert done.stderr.strip() == facts["message"]
    return str(facts["code"])


def test_backup_check_and_restore_answer_by_contract(kind, tmp_path, worker_id):
    file = tmp_path / "backup.qudao"
    with installation(tmp_path / "data", empty_url(kind, f"commands_{worker_id}")):
        made = json.loads(run("backup", file, "--json").stdout)

        assert made.keys() >= BACKUP_FACTS
        assert (made["file"], made["bytes"]) == (str(file), file.stat().st_size)
        assert refusal_of("backup", file) == "backups.exists"
    with installation(tmp_path / "other"):
        checked = run("restore", file, "--check", "--json")
        assert (checked.exit_code, json.loads(checked.stdout)["rows"]) == (0, made["rows"])
        assert not (tmp_path / "other").exists()

        restored = run("restore", file)

        assert restored.exit_code == 0
        assert str(made["rows"]) in restored.stdout


def test_a_pass_phrase_is_read_from_a_file(tmp_path, sqlite_template):
    file, phrase, wrong = tmp_path / "backup.qudao", tmp_path / "phrase", tmp_path / "wrong"
    phrase.write_bytes("口令 of ours\r\nmore\n".encode())
    wrong.write_text("\n")
    (tmp_path / "qudao.db").write_bytes(sqlite_template.read_bytes())
    with installation(tmp_path):
        assert refusal_of("backup", file, "--passphrase-file", wrong) == "backups.no_passphrase"
        assert not file.exists()
        assert run("backup", file, "--passphrase-file", phrase).exit_code == 0

        assert run("restore", file, "--check", "--passphrase-file", phrase).exit_code == 0
        assert refusal_of("restore", file, "--check") == "backups.passphrase_needed"
        wrong.write_text("another\n")
        assert refusal_of("restore", file, "--check", "--passphrase-file", wrong) == "backups.wrong_passphrase"
        assert refusal_of("restore", file, "--check", "--passphrase-file", tmp_path) == "backups.no_passphrase"


@pytest.mark.parametrize(
    ("content", "phrase"),
    [(b"one", b"one"), (b"one\r\ntwo", b"one"), (b" spaces inside ", b"spaces inside"), (b"\xff\xfe", b"\xff\xfe")],
)
def test_the_first_line_of_a_file_is_the_pass_phrase(tmp_path, content, phrase):
    (tmp_path / "phrase").write_bytes(content)

    assert read_passphrase(tmp_path / "phrase") == phrase
    assert read_passphrase(None) is None


@pytest.mark.parametrize("content", [b"", b"\n", b"   \nsecond"])
def test_a_file_without_a_pass_phrase_is_refused(tmp_path, content):
    (tmp_path / "phrase").write_bytes(content)

    with pytest.raises(InvalidInput) as refused:
        read_passphrase(tmp_path / "phrase")

    assert refused.value.code == "backups.no_passphrase"


def test_refusals_are_read_in_chinese(tmp_path):
    (tmp_path / "foreign").write_bytes(Path(__file__).read_bytes())

    with installation(tmp_path / "data"), use_language("zh_CN"):
        done = run("restore", tmp_path / "foreign")

    assert done.exit_code == 2
    assert "不是本产品的备份" in done.stderr
    assert not (tmp_path / "data").exists()
