"""A flood of requests from one address, made in a process of its own: ``python -m tests.support.flood …``.

Open loop: requests are sent when they are due, whether earlier ones are answered or not, over up to ``CONNECTIONS``
connections that stay open. What is overdue by more than a second is given up and counted.
"""

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import httpx

from tests.support.source import ROOT

CONNECTIONS = 32
FROM = "127.0.0.7"
OVERDUE_S = 1.0
PAUSE_S = 0.1


@contextmanager
def flooding(address: str, path: str, *, per_second: int, seconds: float) -> Iterator[Counter[str]]:
    """Flood one path of a server meanwhile; the counter holds status → answers afterwards, and what went wrong."""
    words = [address, path, str(per_second), str(seconds)]
    command = [sys.executable, "-m", "tests.support.flood", *words]
    found: Counter[str] = Counter()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        process.stdout.readline()  # it has begun
        yield found
        found.update(json.loads(process.stdout.readline()))


def times_of_requests(client: httpx.Client, path: str, seconds: float, pause_s: float = PAUSE_S) -> list[float]:
    """Return the seconds that each request of one person takes, ascending, one after the other with a pause."""
    taken, end = [], time.monotonic() + seconds
    while time.monotonic() < end:
        began = time.perf_counter()
        client.get(path).raise_for_status()
        taken.append(time.perf_counter() - began)
        time.sleep(pause_s)
    return sorted(taken)


def percentile(times: list[float], percent: int) -> float:
    """Return the time that ``percent`` of the sorted times do not exceed."""
    return times[min(len(times) - 1, len(times) * percent // 100)]


class Flood:
    """The requests of one flood."""

    def __init__(self, address: str, path: str, per_second: int, seconds: float) -> None:
        parts = urlsplit(address)
        self._host, self._port = parts.hostname, parts.port
        lines = (f"GET {path} HTTP/1.1", f"Host: {parts.netloc}", "Accept: text/html", "", "")
        self._request = "\r\n".join(lines).encode()
        self._interval_s = 1 / per_second
        self._due = time.monotonic()
        self._end = self._due + seconds
        self.answers: Counter[str] = Counter()

    async def run(self) -> None:
        """Send everything."""
        await asyncio.gather(*(self._work() for _ in range(CONNECTIONS)))

    async def _work(self) -> None:
        while self._due < self._end:
            try:
                reader, writer = await asyncio.open_connection(self._host, self._port, local_addr=(FROM, 0))
                await self._use(reader, writer)
            except (OSError, asyncio.IncompleteReadError):
                self.answers["broken"] += 1
                await asyncio.sleep(PAUSE_S)

    async def _use(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while self._due < self._end:
                due, self._due = self._due, self._due + self._interval_s
                overdue_s = time.monotonic() - due
                if overdue_s > OVERDUE_S:
                    self.answers["given up"] += 1
                    continue
                await asyncio.sleep(max(0.0, -overdue_s))
                writer.write(self._request)
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
                length = head.partition("\r\ncontent-length:")[2].partition("\r\n")[0]
                await (reader.readexactly(int(length)) if length else reader.readuntil(b"\r\n0\r\n\r\n"))
                self.answers[head[9:12]] += 1
        finally:
            writer.close()


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, kind in (("address", str), ("path", str), ("per_second", int), ("seconds", float)):
        parser.add_argument(name, type=kind)
    chosen = parser.parse_args()
    sys.stdout.write("begun\n")
    sys.stdout.flush()
    flood = Flood(chosen.address, chosen.path, chosen.per_second, chosen.seconds)
    asyncio.run(flood.run())
    sys.stdout.write(json.dumps(flood.answers) + "\n")


if __name__ == "__main__":
    main()
