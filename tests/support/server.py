"""The real product in a process of its own: ``python app.py serve`` on a database that the tests reach too."""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

from tests.support.source import ROOT

START_S_MAX = 90.0


@contextmanager
def serving(url: str, folder: Path, **settings: str) -> Iterator[str]:
    """Serve a database; give the address.

    Args:
        url: Of the database, migrated and filled.
        folder: For stored files and the log.
        settings: Further ``QUDAO_…`` settings by name in lower case.
    """
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "NICEGUI_"))}
    own = {"QUDAO_PORT": str(port), "QUDAO_DATA_DIR": str(folder), "QUDAO_DATABASE_URL": url}
    own |= {f"QUDAO_{name.upper()}": value for name, value in settings.items()}
    with (folder / "server.log").open("wb") as log:
        command = [sys.executable, "app.py", "serve"]
        server = subprocess.Popen(command, cwd=ROOT, env=kept | own, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_for(f"{address}/healthz", server, folder / "server.log")
            yield address
        finally:
            server.terminate()
            server.wait(30)


def _wait_for(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    end = monotonic() + START_S_MAX
    while monotonic() < end:
        if server.poll() is not None:
            raise RuntimeError(f"the server stopped: {log.read_text(errors='replace')[-2000:]}")
        try:
            with urllib.request.urlopen(url):  # noqa: S310  (our own address)
                return
        except urllib.error.URLError:
            sleep(0.1)
    raise TimeoutError(f"the server did not answer: {log.read_text(errors='replace')[-2000:]}")
