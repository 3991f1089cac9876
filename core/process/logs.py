"""The process log: one formatted line for each message, injection-safe, with repeated messages counted.

What browsers say reaches the log in places that belong to other packages. So everything is decided where lines are
written: control characters are escaped, traces are indented, identifiers of pages, which are secrets, are left out, an
exception is written once, and what is repeated within a minute, a line or the trace below it, is counted or left out.
"""

import contextlib
import copy
import logging
import re
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any, TextIO

request_id: ContextVar[str] = ContextVar("request_id", default="-")
"""Id of the request that is being answered; "-" outside of one."""

REPEATED_S = 60.0
KEYS_MAX = 1_000
LINE_LENGTH_MAX = 1_000

_PAGE_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b", re.IGNORECASE)
_VARYING = re.compile(rf"{_PAGE_ID.pattern}|\bTask-\d+|\b0x[0-9a-f]+", re.IGNORECASE)
_FORMAT = "%(asctime)s %(levelname)s [%(request_id)s] %(name)s: %(message)s"
# PostgreSQL quotes rows and values in its details, over as many lines as the values have.
_DETAIL = re.compile(r"^DETAIL:.*?(?=^\[SQL|^\(Background|^The above|^During handling|^Traceback|\Z)", re.M | re.S)
_IS_WRITTEN = "_qudao_is_written"

_Key = tuple[str, int, str]


def set_up_logs() -> None:
    """Write everything that this process logs to standard error, by ``LineHandler`` alone."""
    logging.getLogger().handlers[:] = [LineHandler()]


def one_line(text: str, length_max: int = LINE_LENGTH_MAX) -> str:
    """Return a text as one line: what is not printable is escaped, what is too long is cut."""
    short = text[:length_max]
    if not short.isprintable():
        short = "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode() for sign in short)
    return short + "…" if len(text) > length_max else short


class LineFormatter(logging.Formatter):
    """Formatter of marked lines: ISO time, level, request and logger in front; lines of a trace begin with "  | "."""

    default_time_format = "%Y-%m-%dT%H:%M:%S%z"
    default_msec_format = ""

    def __init__(self) -> None:
        super().__init__(_FORMAT)

    def formatException(self, ei: Any) -> str:  # noqa: N802  (of the standard library)
        """Return a trace without what PostgreSQL quotes from rows."""
        return _DETAIL.sub("", super().formatException(ei))

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802  (of the standard library)
        """Return the record's line without its trace."""
        record.message = one_line(record.message)
        record.request_id = request_id.get()
        return super().formatMessage(record)

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as text; identifiers of pages are left out of it."""
        head, *trace = super().format(record).splitlines()
        return _PAGE_ID.sub("(id)", "\n".join([head, *(f"  | {one_line(line)}" for line in trace)]))


class LineHandler(logging.StreamHandler[TextIO]):
    """Handler that writes a line once a minute and then says how often it came again.

    Args:
        stream: Where to write; standard error if left out.
        later: Calls a function after some seconds, in a thread of its own.
    """

    def __init__(
        self, stream: TextIO | None = None, later: "Callable[[float, Callable[[], None]], None] | None" = None
    ):
        super().__init__(stream or sys.stderr)
        self.setFormatter(LineFormatter())
        self._later = later or _in_a_thread
        self._counts: Counter[_Key] = Counter()
        self._traces: set[str] = set()

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record, or count it. The lock of the handler is held."""
        if _is_in_log(record):
            return
        key: _Key = (record.name, record.levelno, one_line(_VARYING.sub("(id)", record.getMessage()), 200))
        if key not in self._counts and len(self._counts) >= KEYS_MAX:
            key = (record.name, record.levelno, one_line(str(record.msg), 200))  # of one kind, if not the same
        if not self._counts:
            self._later(REPEATED_S, self.write_counts)
        self._counts[key] += 1
        if self._counts[key] == 1:
            super().emit(self._without_known_trace(record))

    def write_counts(self) -> None:
        """Say of each line how often it came again since it was written, and begin to count anew."""
        with self.lock or contextlib.nullcontext():
            counts, self._counts, self._traces = self._counts, Counter(), set()
            for (name, level, line), count in counts.items():
                if count > 1:
                    text = f"… {count - 1:,} more in the last minute: {line}"
                    super().emit(logging.LogRecord(name, level, "", 0, "%s", (text,), None))

    def _without_known_trace(self, record: logging.LogRecord) -> logging.LogRecord:
        """Return a record without its trace, if the same one was written a moment ago."""
        if record.exc_info is None or record.exc_info[2] is None:
            return record
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(record.exc_info[2])]
        trace = " ".join(places)
        if trace not in self._traces:
            self._traces.add(trace)
            return record
        short = copy.copy(record)
        short.exc_info, short.exc_text = None, None
        short.msg, short.args = "%s (its trace is the same as above)", (record.getMessage(),)
        return short


def note_logged(error: BaseException) -> None:
    """Note that an exception is in the log, so that it is not written there again on its further way."""
    with contextlib.suppress(AttributeError):
        setattr(error, _IS_WRITTEN, True)


def is_logged(error: BaseException) -> bool:
    """Return whether an exception is in the log already."""
    return bool(getattr(error, _IS_WRITTEN, False))


def _is_in_log(record: logging.LogRecord) -> bool:
    """Return whether the record's exception was written before: servers log again what the product has logged."""
    error = record.exc_info[1] if record.exc_info else None
    if error is None or is_logged(error):
        return error is not None
    note_logged(error)
    return False


def _in_a_thread(seconds: float, call: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, call)
    timer.daemon = True
    timer.start()
