"""The real product in a process of its own: ``python app.py serve`` on a database that the tests reach too."""

import os
import shutil
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from time import monotonic, sleep

import psutil

from core.database.sessions import connect
from tests.support.source import ROOT

START_S_MAX = 90.0
PRODUCT = ("app.py", "serve")
OWN_HOST = "127.0.0.1"


class Server:
    """One server on one port, which may be killed and started again.

    Args:
        url: Of the database, migrated and filled.
        folder: For stored files and the log.
        command: What Python runs.
        host: Name under which browsers come; with another than this machine's own, it is the public address too.
        settings: Further ``QUDAO_…`` settings by name in lower case.
    """

    def __init__(
        self, url: str, folder: Path, command: tuple[str, ...] = PRODUCT, host: str = OWN_HOST, **settings: str
    ) -> None:
        with closing(socket.socket()) as probe:
            probe.bind((OWN_HOST, 0))
            port = probe.getsockname()[1]
        self.address = f"http://{host}:{port}"
        self._own_address = f"http://{OWN_HOST}:{port}"
        self._command = [sys.executable, *command]
        self._log = folder / "server.log"
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "NICEGUI_"))}
        own = {"QUDAO_PORT": str(port), "QUDAO_DATA_DIR": str(folder), "QUDAO_DATABASE_URL": url}
        own |= {"QUDAO_PUBLIC_URL": self.address} if host != OWN_HOST else {}
        self._environment = kept | own | {f"QUDAO_{name.upper()}": value for name, value in settings.items()}
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, cwd=ROOT, env=self._environment, stdout=log, stderr=log)
        try:
            self._wait()
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        self._process.terminate()
        self._process.wait(30)

    def kill(self) -> None:
        """End it at once, as when the power fails."""
        self._process.kill()
        self._process.wait()

    def memory_mib(self) -> float:
        """Return how much memory its process holds, in MiB."""
        return float(psutil.Process(self._process.pid).memory_info().rss / 2**20)

    def _wait(self) -> None:
        """Wait until anything is answered: under an address it was not set up for, that is a refusal."""
        end = monotonic() + START_S_MAX
        while monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"the server stopped: {self._last_words()}")
            try:
                with urllib.request.urlopen(f"{self._own_address}/login"):  # noqa: S310  (our own address)
                    return
            except urllib.error.HTTPError:
                return
            except (urllib.error.URLError, ConnectionError):
                sleep(0.1)
        raise TimeoutError(f"the server did not answer: {self._last_words()}")

    def _last_words(self) -> str:
        return self._log.read_text(errors="replace")[-2000:]


@contextmanager
def serving(
    url: str, folder: Path, *, command: tuple[str, ...] = PRODUCT, host: str = OWN_HOST, **settings: str
) -> Iterator[str]:
    """Serve a database; give the address. Arguments as ``Server``."""
    server = Server(url, folder, command, host, **settings)
    try:
        yield server.address
    finally:
        server.stop()


@contextmanager
def serving_copy(
    template: Path, folder: Path, *, command: tuple[str, ...] = PRODUCT, host: str = OWN_HOST, **settings: str
) -> Iterator[str]:
    """Serve a copy of a migrated SQLite file that the tests reach too; give the address. Arguments as ``Server``."""
    shutil.copy(template, folder / "qudao.db")
    url = f"sqlite:///{folder / 'qudao.db'}"
    engine = connect(url)
    try:
        with serving(url, folder, command=command, host=host, totp_roles="", **settings) as address:
            yield address
    finally:
        engine.dispose()
