"""Starting with wrong settings, folders or files: one sentence and exit 2, before anything is done."""

import json
import os
import socket
import stat
import subprocess
import sys
import urllib.request
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import InvalidInput
from core.setting_rules import unknown_variables
from core.settings import Settings, read_settings
from tests.support.server import serving
from tests.support.source import ROOT, product_modules


def code_of(**stated: str) -> str:
    with pytest.raises(InvalidInput) as refused:
        read_settings({f"QUDAO_{name.upper()}": value for name, value in stated.items()})
    assert refused.value.text
    return refused.value.code


def run(folder: Path, *words: str, **stated: str) -> subprocess.CompletedProcess[str]:
    """Run a command of the machine with a data folder of its own; a name in capitals is no setting of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("QUDAO_", "PYTEST_", "NICEGUI_"))}
    named = {name if name.isupper() else f"QUDAO_{name.upper()}": value for name, value in stated.items()}
    own = {"QUDAO_DATA_DIR": str(folder), **named}
    command = [sys.executable, "app.py", *words]
    return subprocess.run(command, cwd=ROOT, env=kept | own, capture_output=True, text=True, timeout=90, check=False)


@pytest.mark.parametrize("roles", ["admin", "Administrator", "administrator;finance;it", "administrator finance it"])
def test_a_role_that_does_not_exist_switches_no_second_factor_off(roles):
    assert code_of(totp_roles=roles) == "settings.unknown_role"


@pytest.mark.parametrize(
    "stated",
    [
        {"public_url": "qudao.example.cn"},
        {"public_url": "ftp://qudao.example.cn"},
        {"public_url": "https://"},
        {"public_url": "https://qudao.example.cn/shop"},
        {"public_url": "https://me@qudao.example.cn"},
        {"public_url": "https://qudao.example.cn:port"},
        {"worker": "maybe"},
        {"worker": ""},
        {"port": "0"},
        {"port": "99999"},
        {"port": "http"},
        {"inspect_s_max": "-1"},
        {"upload_bytes_max": "0"},
        {"database_url": "mysql://root:canary@host/qudao"},
        {"backup_copy": "copies"},
        {"backup_copy": str(Settings().data_dir / "copies")},
        {"backup_passphrase_file": "/nowhere/phrase"},
    ],
    ids=str,
)
def test_a_setting_that_means_nothing_is_refused(stated):
    assert code_of(**stated) == "settings.invalid"


def test_a_short_secret_is_refused_at_the_start():
    assert code_of(secret="short") == "settings.secret_too_short"


def test_what_is_right_is_taken():
    found = read_settings(
        {
            "QUDAO_PUBLIC_URL": "https://qudao.example.cn/",
            "QUDAO_WORKER": "Off",
            "QUDAO_TOTP_ROLES": "administrator, it",
        }
    )

    assert (found.public_url, found.address, found.worker) == ("https://qudao.example.cn",) * 2 + (False,)
    assert found.totp_roles == {"administrator", "it"}


def test_an_empty_pass_phrase_is_refused_and_a_second_place_may_be_mounted_later(tmp_path):
    (tmp_path / "phrase").write_text("\nsecond line\n")

    assert code_of(backup_passphrase_file=str(tmp_path / "phrase")) == "settings.invalid"
    (tmp_path / "phrase").write_text("correct horse\n")
    places = {"QUDAO_BACKUP_PASSPHRASE_FILE": str(tmp_path / "phrase"), "QUDAO_BACKUP_COPY": str(tmp_path / "missing")}
    assert read_settings(places).backup_copy == str(tmp_path / "missing")


def test_a_mistyped_name_in_the_environment_is_shown_with_the_one_most_alike():
    environment = {"QUDAO_PROT": "1", "QUDAO_PORT": "1", "QUDAO_XYZZY": "1", "QUDAO_CONFIG": "x", "PATH": "x"}

    assert unknown_variables(environment, ["port", "host"]) == [("QUDAO_PROT", "QUDAO_PORT"), ("QUDAO_XYZZY", "")]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"\xef\xbb\xbfport = 70000\n", "settings.invalid"),
        (b"port = = 1\n", "settings.unreadable"),
        ('brand_name = "渠道"\n'.encode("gbk"), "settings.unreadable"),
    ],
    ids=["byte order mark", "syntax", "gbk"],
)
def test_a_settings_file_of_an_editor_on_windows_is_read_or_refused_in_words(tmp_path, content, code):
    (tmp_path / "config.toml").write_bytes(content)

    assert code_of(config=str(tmp_path / "config.toml")) == code


def test_a_data_folder_that_is_a_file_is_said(tmp_path):
    (tmp_path / "file").touch()

    done = run(tmp_path / "file", "check")

    assert (done.returncode, done.stdout) == (2, "")
    assert str(tmp_path / "file") in done.stderr and "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said_and_nothing_is_made(tmp_path):
    with closing(socket.socket()) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        done = run(tmp_path / "data", "serve", port=str(taken.getsockname()[1]))

    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert done.stdout == "" and not (tmp_path / "data").exists()


def test_what_is_stored_is_for_the_account_of_the_product_only(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir(mode=0o755)
    (folder / "secret").write_text("s" * 48)
    (folder / "secret").chmod(0o644)
    umask = os.umask(0o022)
    try:
        with serving(f"sqlite:///{folder / 'qudao.db'}", folder, prot="1", host="127.0.0.1", totp_roles=""):
            found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
            log = (folder / "server.log").read_text()
    finally:
        os.umask(umask)

    found.pop("server.log")  # of the test
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {"qudao.db", "qudao.db-wal", "secret", "reserve"} <= set(found)
    assert set(found.values()) <= {0o600, 0o700}
    assert "QUDAO_PROT" in log and "QUDAO_PORT" in log


def test_links_for_people_are_whole_addresses(tmp_path):
    words = ("user", "create", "a@b.cn", "--name", "A", "--role", "sales")

    done = run(tmp_path, *words, public_url="https://qudao.example.cn")

    assert done.returncode == 0
    assert "https://qudao.example.cn/password?token=" in done.stdout


def test_the_doctor_says_what_is_doubtful(tmp_path):
    run(tmp_path, "check")
    (tmp_path / "qudao.db").chmod(0o644)

    done = run(tmp_path, "doctor", "--json", totp_roles="", host="0.0.0.0")  # noqa: S104  (nothing is served)

    assert done.returncode == 0
    facts = json.loads(done.stdout)
    assert (facts["backup_age_h"], facts["writable"], facts["disk_free_mib"] > 0) == (None, True, True)
    assert '"second factor"' in done.stdout and '"listening"' in done.stdout and '"files"' in done.stdout


def test_commands_that_import_and_export_load_no_page():
    code = "import sys, importers.commands; print(*{name.split('.')[0] for name in sys.modules})"

    loaded = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert {"importers", "resources", "models"} <= set(loaded.split())
    assert {"pages", "nicegui", "api"} & set(loaded.split()) == set()


LATE = {"pandas", "sqlite_utils", "geopy", "openpyxl"}
"""Packages that no start may cost anything, see ``core.process.late_imports``."""


def imported(log: str) -> set[str]:
    """Return the packages of ``LATE`` that ``python -X importtime`` names."""
    names = {line.rpartition("|")[2].strip().partition(".")[0] for line in log.splitlines() if "|" in line}
    assert "sqlalchemy" in names  # it was written down what is imported
    return names & LATE


def test_the_server_starts_and_answers_without_the_packages_of_reports(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPROFILEIMPORTTIME", "1")
    with serving(f"sqlite:///{tmp_path / 'qudao.db'}", tmp_path) as address:
        urllib.request.urlopen(f"{address}/login", timeout=30).close()  # noqa: S310  (our own server)
        log = (tmp_path / "server.log").read_text()

    assert imported(log) == set()


def test_import_and_export_load_no_packages_of_reports(tmp_path):
    rows = tmp_path / "customers.csv"
    rows.write_text("code,name\nC1,n\n", encoding="utf-8")

    for words in (("import", "customers", str(rows)), ("export", "customers", str(tmp_path / "out.xlsx"))):
        done = run(tmp_path / "data", *words, PYTHONPROFILEIMPORTTIME="1")
        assert done.returncode == 0 and imported(done.stderr) == set()


def test_everything_as_one_file_loads_what_writes_it(tmp_path):
    done = run(tmp_path / "data", "export", "ALL", str(tmp_path / "all.sqlite"), PYTHONPROFILEIMPORTTIME="1")

    assert done.returncode == 0 and "sqlite_utils" in imported(done.stderr)


def test_modules_are_loaded_late_in_one_place():
    wrong = [
        module.place(node)
        for module in product_modules()
        if not module.stands_in("core/process/late_imports.py", "models/__init__.py", "resources/_modules.py")
        for node, package, _name in module.imports()
        if package.partition(".")[0] == "importlib" and not package.startswith("importlib.metadata")
    ]
    late = (
        "services/reports/_pivoting.py",
        "importers/runs/_own_workbook.py",
        "importers/writing/sqlite_files.py",
        "importers/writing/templates.py",
        "integrations/geocoding/_providers.py",
        "data/build_reference.py",
    )
    early = [
        module.place(node)
        for module in product_modules()
        if not module.stands_in(*late)
        for node, package, _name in module.imports()
        if package.partition(".")[0] in LATE
    ]

    assert wrong + early == []
