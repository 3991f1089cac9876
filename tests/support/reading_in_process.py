"""The reader of foreign files without its child process: the same frames by the same functions, no limits watched.

Starting the child costs a tenth of a second for each file. ``tests/importers/reading/test_process.py`` holds the child
to its limits, and to reading every type of file as this does. Worksheets with rows in no order are for the child: it
leaves files open when it refuses them.
"""

import marshal
import tempfile
from collections.abc import Generator, Iterator
from types import TracebackType
from typing import Any, Self

import pytest

from importers.reading import _child
from importers.reading.errors import FileError


class ReaderInProcess:
    """Stands for ``ReaderProcess``."""

    def __init__(self, request: dict[str, Any], seconds_max: float | None = None) -> None:
        self._request = request

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="qudao-reading-")
        self._frames = self._answered()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._frames.close()
        self._folder.cleanup()

    def frames(self) -> Iterator[tuple[Any, ...]]:
        """Return the frames that the child would send."""
        return self._frames

    def _answered(self) -> Generator[tuple[Any, ...], None, None]:
        frames = _frames_of(self._request | {"folder": self._folder.name})
        try:
            for frame in frames:
                yield marshal.loads(marshal.dumps(frame, 2))  # noqa: S302  (plain values of our own program)
        finally:
            frames.close()


def _frames_of(request: dict[str, Any]) -> Generator[tuple[Any, ...], None, None]:
    try:
        yield from _child.response_frames(request)
    except (GeneratorExit, KeyboardInterrupt):
        raise
    except FileError as error:
        refusal = FileError(error.code, **error.values)
    except BaseException as error:  # calamine's panics are no Exceptions
        code, values = _child._reason_of(error)
        refusal = FileError(code, **values)
    else:
        return
    raise refusal  # a new one: the traceback of the other holds what it read


def read_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read foreign files in the process of the test until its end."""
    monkeypatch.setattr("importers.reading.workbooks.ReaderProcess", ReaderInProcess)
