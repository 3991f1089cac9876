"""The commands ``demo load`` and ``demo clear``, as people and programs see them."""

import json
from pathlib import Path

import pytest
from argon2 import PasswordHasher
from typer.testing import CliRunner

from app import app
from core.database.sessions import engine_in_use

SMALL = ("--partners", "8", "--stores", "2", "--orders", "16")


@pytest.fixture(autouse=True)
def fresh_installation(data_dir: Path, monkeypatch: pytest.MonkeyPatch):
    """Every command of a test works on one new SQLite database."""
    monkeypatch.delenv("QUDAO_DATABASE_URL", raising=False)
    monkeypatch.setattr("services.accounts.passwords.HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    yield
    engine_in_use().dispose()


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, [*words])
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout


def test_a_load_prints_one_object_with_people_and_passwords():
    code, printed = run("demo", "load", *SMALL, "--json")

    facts = json.loads(printed)
    assert (code, facts["partners"], facts["stores"], facts["orders"], facts["seed"]) == (0, 8, 2, 16, 20261122)
    assert len(facts["people"]) == 10
    assert set(facts["people"][0]) == {"email", "role", "password"}
    assert run("check", "--json") == (0, '{"ok": true, "broken": []}\n')


def test_people_read_a_table_with_every_password_once():
    code, printed = run("demo", "load", *SMALL)

    lines = [line for line in printed.splitlines() if "@demo.example" in line]
    assert code == 0
    assert len(lines) == 10
    assert len({line.split()[2] for line in lines}) == 10


def test_a_load_into_business_rows_exits_2_and_clearing_makes_room_again(tmp_path):
    (tmp_path / "rows.csv").write_text("code,name\nC1,a\n", encoding="utf-8")
    run("demo", "load", *SMALL)

    again = run("demo", "load", *SMALL, "--json")
    cleared = run("demo", "clear", "--json")
    run("import", "customers", str(tmp_path / "rows.csv"))
    beside = run("demo", "load", *SMALL, "--json")

    assert (again[0], json.loads(again[1])["code"]) == (2, "demo.already_loaded")
    assert (cleared[0], json.loads(cleared[1])["removed"]["partners"]) == (0, 10)
    assert (beside[0], json.loads(beside[1])["code"]) == (2, "demo.not_empty")


def test_clearing_is_refused_with_exit_2_where_a_real_row_refers_to_demo_data(tmp_path):
    run("demo", "load", *SMALL)
    (tmp_path / "rows.csv").write_text("code,name,partner\nC1,a,QH-A0001\n", encoding="utf-8")
    run("import", "customers", str(tmp_path / "rows.csv"))

    code, printed = run("demo", "clear", "--json")

    facts = json.loads(printed)
    assert (code, facts["code"]) == (2, "demo.referred_to")
    assert "customers C1 → partners QH-A0001" in facts["message"]
