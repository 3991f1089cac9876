"""PostgreSQL for tests: one server for a whole run, one database for each worker.

``QUDAO_TEST_DATABASE_URL`` names a server to use (the login must be allowed to create databases; they are removed
afterwards). Without it a server that comes as a Python package is started in a temporary folder, tuned for speed.

All workers of a run share it. Whichever asks first starts the keeper (``postgres_keeper.py``), a process of its own
that stops the server when the run ends, however it ends.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import fasteners
import psycopg
from psycopg import sql
from sqlalchemy.engine import URL, make_url

ROOT = Path(__file__).parent.parent.parent
START_S_MAX = 90.0
SERVER = "server.url"
LOG = "keeper.log"


def postgres_url(worker_id: str, prepare: Callable[[str], None] | None = None) -> str:
    """Return the URL of a database that belongs to one worker of this run alone; made on first call.

    Args:
        worker_id: ``gw0``, ``gw1``, … or ``master``, as pytest-xdist's fixture of that name says.
        prepare: Called once per run with the URL of the template every worker's database is copied from: it
            migrates. It must leave no connection open.
    """
    with fasteners.InterProcessLock(str(_run_folder() / "lock")):
        server = make_url(_server_url())
        template = _name("template")
        if not _exists(server, template):
            _create(server, template, "template0")
            if prepare is not None:
                prepare(_text(server.set(database=template)))
        name = _name(worker_id)
        if not _exists(server, name):
            _create(server, name, template)
    return _text(server.set(database=name))


def empty_postgres_url(name: str) -> str:
    """Return the URL of a new database without a table, for tests of migrations; one of that name is replaced."""
    with fasteners.InterProcessLock(str(_run_folder() / "lock")):
        server = make_url(_server_url())
        _run(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_name(name))))
        _create(server, _name(name), "template0")
    return _text(server.set(database=_name(name)))


def copied_postgres_url(name: str) -> str:
    """Return the URL of a new copy of the template of ``postgres_url``, made before; one of that name is replaced."""
    with fasteners.InterProcessLock(str(_run_folder() / "lock")):
        server = make_url(_server_url())
        _run(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(_name(name))))
        _create(server, _name(name), _name("template"))
    return _text(server.set(database=_name(name)))


def drop_databases_of(server: URL, run: str) -> None:
    """Remove the databases of one run from a server that goes on living."""
    with _connect(server) as connection:
        found = connection.execute(
            "SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [f"{_prefix(run)}_"]
        ).fetchall()
    for (name,) in found:
        _run(server, sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _run_folder() -> Path:
    """Return the folder that the workers of this run share, and no other run."""
    folder = Path(tempfile.gettempdir()) / f"qudao-tests-{_run_name()}"
    folder.mkdir(mode=0o755, exist_ok=True)
    return folder


def _run_name() -> str:
    return os.environ.get("PYTEST_XDIST_TESTRUNUID", "")[:12] or str(os.getpid())


def _prefix(run: str) -> str:
    return f"qudao_test_{run}"


def _name(purpose: str) -> str:
    return re.sub(r"\W", "_", f"{_prefix(_run_name())}_{purpose}".lower())[:63]


def _server_url() -> str:
    """Return the URL of the server, started if this is the first call of the run."""
    folder = _run_folder()
    if not (folder / SERVER).exists():
        _start_keeper(folder)
    return (folder / SERVER).read_text(encoding="utf-8")


def _start_keeper(folder: Path) -> None:
    run = os.getppid() if "PYTEST_XDIST_WORKER" in os.environ else os.getpid()
    with (folder / LOG).open("wb") as log:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.support.postgres_keeper", str(folder), str(run), _run_name()],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for the tests; the keeper sees them end
        )
    deadline = time.monotonic() + START_S_MAX
    while not (folder / SERVER).exists():
        if keeper.poll() is not None or time.monotonic() > deadline:
            keeper.kill()
            said = (folder / LOG).read_text(encoding="utf-8", errors="replace")
            shutil.rmtree(folder, ignore_errors=True)
            raise RuntimeError(
                "PostgreSQL for the tests did not start. Run `make setup`, or name a server in "
                f"QUDAO_TEST_DATABASE_URL. It said:\n{said}"
            )
        time.sleep(0.05)
    keeper.returncode = 0  # it outlives us on purpose; without this Python warns that it still runs


def _exists(server: URL, name: str) -> bool:
    with _connect(server) as connection:
        return bool(connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name]).fetchone())


def _create(server: URL, name: str, template: str) -> None:
    encoding = sql.SQL(" ENCODING 'UTF8'") if template == "template0" else sql.SQL("")
    _run(
        server,
        sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)) + encoding,
    )


def _run(server: URL, statement: sql.Composed) -> None:
    with _connect(server) as connection:
        connection.execute(statement)


def _connect(server: URL) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(_text(server.set(drivername="postgresql")), autocommit=True)


def _text(url: URL) -> str:
    return url.render_as_string(hide_password=False)
