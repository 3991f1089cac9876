"""The command line: one JSON object out, exit codes, and refusals in words, as programs outside rely on."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from app import app
from core.database.sessions import engine_in_use
from core.settings import settings

PASSWORD = "three quiet rivers meet"


@pytest.fixture(autouse=True)
def fresh_installation(data_dir: Path, monkeypatch: pytest.MonkeyPatch):
    """Every command of a test works on one new SQLite database."""
    monkeypatch.delenv("QUDAO_DATABASE_URL", raising=False)
    yield
    engine_in_use().dispose()


def run(*words: str, stdin: str = "") -> tuple[int, dict[str, Any]]:
    result = CliRunner().invoke(app, [*words, "--json"], input=stdin)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    lines = result.stdout.strip().splitlines()
    assert len(lines) == 1, result.stdout
    return result.exit_code, json.loads(lines[0])


def csv(folder: Path, *lines: str) -> str:
    path = folder / "rows.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    return str(path)


def test_an_import_prints_the_report_of_the_contract(tmp_path):
    code, facts = run("import", "customers", csv(tmp_path, "code,name,规模", "C1,a,x", "C2,,x"))

    error = facts.pop("errors")
    assert code == 1
    assert facts == {
        "batch": 1,
        "resource": "customers",
        "rows": 2,
        "created": 1,
        "updated": 0,
        "unchanged": 0,
        "refused": 1,
        "applied": True,
        "ignored": ["规模"],
    }
    assert [(e["row"], e["column"], e["value"], e["code"]) for e in error] == [(3, "name", "", "fields.required")]
    assert error[0]["message"]


def test_a_terminal_is_told_what_was_left_out_and_where_the_rest_of_the_refusals_are(tmp_path):
    file = csv(tmp_path, "code,name,规模", *(f"C{number},,x" for number in range(23)))

    result = CliRunner().invoke(app, ["import", "customers", file])

    assert result.exit_code == 1
    assert result.stdout.splitlines() == [
        "共 23 行：新增 0，变更 0，相同 0，拒绝 23。",
        "未写入任何数据。",
        "不导入的列：规模",
    ]
    told = result.stderr.splitlines()
    assert len(told) == 21
    assert told[0] == "  第 2 行 · name：必填"
    assert told[-1] == "  另有 3 处；用“--errors 文件.xlsx”可全部写出"


def test_a_dry_run_has_no_batch_and_stores_nothing(tmp_path):
    file = csv(tmp_path, "code,name", "C1,a")

    code, facts = run("import", "customers", file, "--dry-run")

    assert (code, facts["batch"], facts["applied"], facts["created"]) == (0, None, False, 1)
    assert run("import", "customers", file)[1]["created"] == 1


def test_all_or_nothing_says_that_nothing_was_applied(tmp_path):
    file = csv(tmp_path, "code,name", "C1,a", "C2,")

    code, facts = run("import", "customers", file, "--mode", "all-or-nothing")

    assert (code, facts["applied"], facts["created"], facts["refused"]) == (1, False, 0, 1)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["import", "customers", "nowhere.csv"], "files.not_found"),
        (["import", "nothing", "nowhere.csv"], "resources.not_found"),
        (["import", "customers", "{file}", "--map", "x=nope"], "imports.unknown_field"),
        (["import", "customers", "{file}", "--map", "no equals"], "commands.no_equals_sign"),
        (["import", "customers", "{file}", "--mode", "maybe"], "imports.unknown_mode"),
        (["import", "customers", "{file}", "--as", "nobody@example.com"], "users.not_found"),
        (["import", "customers", "{bare}"], "imports.required_column_missing"),
        (["export", "customers", "out.pdf"], "exports.unknown_format"),
        (["export", "customers", "out.csv", "--filter", "nope=1"], "queries.unknown_field"),
        (["export", "ALL", "out.csv"], "exports.unknown_format"),
        (["export", "ALL", "out.sqlite", "--filter", "code=C1"], "exports.whole_only"),
        (["export", "nothing", "out.sqlite"], "resources.not_found"),
        (["export", "ALL", "nowhere/out.sqlite"], "files.not_writable"),
        (["pivot", "customers", "out.pdf"], "exports.unknown_format"),
        (["pivot", "customers", "out.csv", "--rows", "note"], "reports.unknown_dimension"),
        (["export", "customers", "out.csv", "--where", "nope = 1"], "expressions.unknown_field"),
        (["export", "customers", "out.csv", "--where", "stage = won and ("], "expressions.syntax"),
        (["user", "create", "not-an-address", "--name", "x", "--role", "sales"], "email.invalid"),
        (["user", "create", "a@b.cn", "--name", "x", "--role", "king"], "users.unknown_role"),
        (["user", "lock", "nobody@example.com"], "users.not_found"),
        (["token", "create", "erp", "--role", "king"], "users.unknown_role"),
    ],
)
def test_what_cannot_be_taken_exits_2_with_a_code_and_a_sentence(tmp_path, monkeypatch, words, code):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bare.csv").write_text("name\na\n")
    files = {"{file}": csv(tmp_path, "code,name,x", "C1,a,"), "{bare}": str(tmp_path / "bare.csv")}

    exit_code, facts = run(*(files.get(word, word) for word in words))

    assert (exit_code, facts["code"]) == (2, code)
    assert facts["message"]


def test_an_export_can_be_edited_and_imported_again(tmp_path):
    run("import", "customers", csv(tmp_path, "code,name,phone", "007,a,13800138000", "C2,=1+1,"))
    target = str(tmp_path / "out.xlsx")

    code, facts = run("export", "customers", target, "--fields", "code,name,phone")

    assert (code, facts["rows"]) == (0, 2)
    assert run("import", "customers", target)[1]["unchanged"] == 2


def test_everything_goes_into_one_file(tmp_path):
    run("import", "customers", csv(tmp_path, "code,name", "C1,a"))

    code, facts = run("export", "ALL", str(tmp_path / "all.sqlite"))

    assert (code, facts["tables"]["customers"]) == (0, 1)
    assert (tmp_path / "all.sqlite").read_bytes()[:15] == b"SQLite format 3"


def test_a_list_is_grouped_into_a_file(tmp_path):
    run("import", "customers", csv(tmp_path, "code,name,stage", "C1,a,won", "C2,b,won", "C3,c,lead"))
    target = tmp_path / "out.csv"

    code, facts = run("pivot", "customers", str(target), "--rows", "stage", "--filter", "stage=won")

    assert (code, facts["rows"], facts["lines"]) == (0, 2, 1)
    assert [line.rpartition(",")[2] for line in target.read_text("utf-8-sig").splitlines()[1:]] == ["2", "2"]


def test_an_export_holds_the_rows_of_a_condition(tmp_path):
    run("import", "customers", csv(tmp_path, "code,name,stage", "C1,a,won", "C2,b,lead", "C3,c,won"))
    target = tmp_path / "out.jsonl"

    code, facts = run("export", "customers", str(target), "--where", '阶段 = 已成交 且 name != "c"', "--fields", "code")

    assert (code, facts["rows"]) == (0, 1)
    assert "C1" in target.read_text(encoding="utf-8")


def test_the_error_workbook_holds_what_was_refused(tmp_path):
    errors = tmp_path / "errors.xlsx"

    run("import", "customers", csv(tmp_path, "code,name", "C1,a", "C2,"), "--errors", str(errors))

    assert errors.read_bytes()[:2] == b"PK"


def test_a_person_made_on_the_machine_acts_with_their_own_scope(tmp_path):
    run("import", "partners", csv(tmp_path, "code,name,tier", "HD,华东,master_agent", "BF,北方,master_agent"))
    words = ["user", "create", "c@hd.cn", "--name", "c", "--role", "partner_clerk", "--partner", "HD"]
    code, _ = run(*words, "--password-stdin", stdin=PASSWORD + "\n")

    run("export", "partners", str(tmp_path / "own.jsonl"), "--as", "c@hd.cn")

    assert code == 0
    assert [json.loads(line)["code"] for line in (tmp_path / "own.jsonl").read_text().splitlines()] == ["HD"]
    assert (
        run("import", "partners", csv(tmp_path, "code,name", "HD,x"), "--as", "c@hd.cn")[1]["code"] == "access.denied"
    )


def test_a_short_password_is_refused_and_nobody_is_made():
    code, facts = run("user", "create", "a@b.cn", "--name", "x", "--role", "sales", "--password-stdin", stdin="short\n")

    assert (code, facts["code"]) == (2, "users.password_too_short")
    assert run("user", "list")[1] == {"users": []}


def test_the_administrator_of_the_settings_is_made_by_the_first_command(monkeypatch):
    monkeypatch.setenv("QUDAO_ADMIN_EMAIL", "boss@example.com")
    monkeypatch.setenv("QUDAO_ADMIN_PASSWORD", "short")
    settings.cache_clear()
    assert run("check")[1]["code"] == "users.password_too_short"
    monkeypatch.setenv("QUDAO_ADMIN_PASSWORD", PASSWORD)
    settings.cache_clear()

    code, facts = run("user", "list")

    assert code == 0
    assert [(one["email"], one["role"]) for one in facts["users"]] == [("boss@example.com", "administrator")]


def test_a_token_is_shown_once_and_every_invariant_holds():
    code, facts = run("token", "create", "erp", "--role", "operations")

    assert (code, facts["token"][:3]) == (0, "qd_")
    assert run("check") == (0, {"ok": True, "broken": []})
    assert run("doctor")[0] == 0
    assert run("config", "show")[1]["secret"]["value"] != settings().secret


def test_a_last_event_that_was_removed_is_found(tmp_path):
    run("user", "create", "ling@example.com", "--name", "Ling", "--role", "operations")
    assert run("check") == (0, {"ok": True, "broken": []})
    path = settings().data_dir / "qudao.db"
    with closing(sqlite3.connect(path)) as owner, owner:
        trigger = owner.execute("SELECT sql FROM sqlite_master WHERE name = 'events_no_delete'").fetchone()[0]
        owner.execute("DROP TRIGGER events_no_delete")
        owner.execute("DELETE FROM events WHERE id = (SELECT max(id) FROM events)")

    code, facts = run("check")
    assert (code, facts["code"]) == (2, "database.guards_missing")
    assert run("doctor")[0] == 1
    with closing(sqlite3.connect(path)) as owner, owner:
        owner.execute(trigger)

    code, facts = run("check")
    assert code == 1
    assert [one["check"] for one in facts["broken"]] == ["audit log"]


def test_a_file_of_another_release_is_refused(tmp_path):
    run("check")
    with engine_in_use().begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")

    assert run("check")[1]["code"] == "database.newer_schema"
    assert run("migrate")[1]["code"] == "database.newer_schema"
