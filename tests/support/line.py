"""A line between browser and server that can go dead without a word, as a phone's does in a lift, and come back."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

CHUNK_BYTES = 64 * 1024


class Line:
    """Forwards a port of this machine to another one.

    Attributes:
        address: Where browsers connect.
    """

    def __init__(self, address: str = "") -> None:
        self.address = address
        self._target = 0
        self._is_open = threading.Event()
        self._is_open.set()

    def lead_to(self, address: str) -> None:
        """Forward connections to the server at ``address`` from now on."""
        self._target = urlsplit(address).port or 0

    def die(self) -> None:
        """Hold back everything, in both directions; connections stay open."""
        self._is_open.clear()

    def come_back(self) -> None:
        """Deliver what was held back, and everything that follows."""
        self._is_open.set()

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Forward one connection."""
        try:
            await self._wait()
            onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._pump(reader, onward_writer), self._pump(onward_reader, writer))

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while chunk := await reader.read(CHUNK_BYTES):
                await self._wait()
                writer.write(chunk)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def _wait(self) -> None:
        while not self._is_open.is_set():
            await asyncio.sleep(0.02)


@contextmanager
def line() -> Iterator[Line]:
    """Give an open line; tell it where it leads before a browser uses it."""
    made, is_ready = Line(), threading.Event()
    ending: list[Callable[[], object]] = []

    async def serve() -> None:
        loop, end = asyncio.get_running_loop(), asyncio.Event()
        ending.append(lambda: loop.call_soon_threadsafe(end.set))
        server = await asyncio.start_server(made.accept, "127.0.0.1", 0)
        made.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        is_ready.set()
        await end.wait()
        server.close()

    thread = threading.Thread(target=asyncio.run, args=(serve(),), daemon=True)
    thread.start()
    is_ready.wait(10)
    try:
        yield made
    finally:
        ending[0]()
        thread.join(10)
