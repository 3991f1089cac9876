"""Parent side of the reader process: starts it, receives its frames, watches its limits, ends it."""

import json
import marshal
import os
import platform
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from core.settings import ROOT
from importers.reading.errors import FileError

START = "import sys; sys.path.insert(0, sys.argv.pop(1)); from importers.reading._child import main; main()"
WATCH_S = 0.05
STALLED_S = 300  # a good file is read without a limit of time, but not without any sign of life
FRAME_BYTES_MAX = 1 << 30
INHERITED_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP")


class ReaderProcess:
    """One child that answers one request; use as a context manager, which leaves neither child nor files behind.

    Args:
        request: What ``child`` expects, without "folder".
        seconds_max: Wall time it may take; None = as long as it gives signs of life.
    """

    def __init__(self, request: dict[str, Any], seconds_max: float | None = None) -> None:
        self._request = request
        self._seconds_max = seconds_max
        self._ended_for = ""
        self._waiting_since: float | None = None
        self._closing = threading.Event()
        self._ending = threading.Lock()

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="qudao-reading-", ignore_cleanup_errors=True)
        request = json.dumps({**self._request, "folder": self._folder.name})
        self._errors: IO[bytes] = (Path(self._folder.name) / "errors").open("w+b")
        self._process = subprocess.Popen(  # noqa: S603
            [sys.executable, "-I", "-c", START, str(ROOT), request],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            cwd=self._folder.name,
            env={name: os.environ[name] for name in INHERITED_VARIABLES if name in os.environ}
            | {"RUST_BACKTRACE": "0"},
            start_new_session=True,
        )
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self._watcher.join()
        self._end()
        for stream in (self._process.stdin, self._process.stdout, self._errors):
            if stream is not None:
                stream.close()
        self._folder.cleanup()

    @property
    def id(self) -> int:
        """Return the process id of the child."""
        return self._process.pid

    def frames(self) -> Iterator[tuple[Any, ...]]:
        """Yield the child's frames, without the last one.

        Raises:
            FileError: What the child refused; ``memory``, ``took_too_long`` or ``crashed`` if it was ended or died.
        """
        while True:
            self._waiting_since = time.monotonic()
            frame = self._next_frame()
            self._waiting_since = None
            if frame[0] == "end":
                return
            if frame[0] == "refused":
                raise FileError(frame[1], **frame[2])
            yield frame

    def _next_frame(self) -> tuple[Any, ...]:
        stream = self._process.stdout
        assert stream is not None  # noqa: S101  (a pipe was requested)
        head = stream.read(8)
        length = struct.unpack("<Q", head)[0] if len(head) == 8 else 0
        if not 0 < length <= FRAME_BYTES_MAX:
            raise self._death()
        data = stream.read(length)
        if len(data) < length:
            raise self._death()
        frame = marshal.loads(data)  # noqa: S302  (plain values of our own program; it cannot name code to run)
        return frame if isinstance(frame, tuple) else (frame,)

    def _death(self) -> FileError:
        """Return why the child's answer stopped before its end."""
        if self._ended_for:
            return FileError(self._ended_for)
        self._end()
        self._errors.seek(0)
        last_words = self._errors.read(65_536)
        if b"memory allocation of" in last_words or b"MemoryError" in last_words:
            return FileError("memory")
        return FileError("crashed")

    def _watch(self) -> None:
        started = time.monotonic()
        while not self._closing.wait(WATCH_S):
            now = time.monotonic()
            waiting_since = self._waiting_since
            if memory_bytes_of(self._process.pid) > self._request["memory_bytes_max"]:
                return self._end("memory")
            if self._seconds_max is not None and now - started > self._seconds_max:
                return self._end("took_too_long")
            if waiting_since is not None and now - waiting_since > STALLED_S:
                return self._end("took_too_long")
        return None

    def _end(self, reason: str = "") -> None:
        with self._ending:
            if self._process.returncode is not None:
                return
            self._ended_for = reason
            # Not yet waited for, so its number cannot belong to another process.
            with suppress(ProcessLookupError):
                if hasattr(os, "killpg"):
                    os.killpg(self._process.pid, signal.SIGKILL)
                else:
                    self._process.kill()
            self._process.wait()


def memory_bytes_of(process_id: int) -> int:
    """Return the resident memory of a process in bytes; 0 if the system does not tell."""
    try:
        pages = int(Path(f"/proc/{process_id}/statm").read_text().split()[1])
    except (OSError, IndexError, ValueError):
        return _memory_bytes_by_ps(process_id)
    return pages * os.sysconf("SC_PAGE_SIZE")


def _memory_bytes_by_ps(process_id: int) -> int:
    if platform.system() != "Darwin":
        return 0
    answer = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "rss=", "-p", str(process_id)], capture_output=True, text=True, check=False
    )
    return int(answer.stdout.strip() or 0) * 1024
