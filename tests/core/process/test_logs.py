"""The log stays readable and small, whatever is said to it and however often."""

import io
import logging

import pytest

from core.process.logs import KEYS_MAX, LINE_LENGTH_MAX, LineHandler

PAGE = "0f8fad5b-d9cb-469f-a165-70867728950e"


class Log:
    """A logger with a handler of its own, a stream to read, and minutes that pass on command."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        self.due: list = []
        self.handler = LineHandler(self.stream, lambda _seconds, call: self.due.append(call))
        self.logger = logging.Logger("test")
        self.logger.addHandler(self.handler)

    def lines(self) -> list[str]:
        """Return the lines written since the last call, without the time in front."""
        found = self.stream.getvalue().splitlines()
        self.stream.seek(0)
        self.stream.truncate()
        return [line if line.startswith("  | ") else line.split(" ", 1)[1] for line in found]

    def minute(self) -> None:
        """Let a minute pass."""
        for call in self.due[:]:
            self.due.remove(call)
            call()


@pytest.fixture
def log() -> Log:
    return Log()


def bug(reason: str) -> ZeroDivisionError:
    try:
        raise ZeroDivisionError(reason)
    except ZeroDivisionError as error:
        return error


def test_each_line_says_when_how_bad_and_from_where(log):
    log.logger.warning("first of %d", 2)

    assert log.lines() == ["WARNING [-] test: first of 2"]


def test_what_is_said_stays_on_one_marked_line_of_limited_length(log):
    log.logger.warning("x\r\n2026-11-22 ERROR forged\u2028\x1b[2J")
    log.logger.warning("y" * 5000)

    first, second = log.lines()
    assert first == "WARNING [-] test: x\\r\\n2026-11-22 ERROR forged\\u2028\\x1b[2J"
    assert second == "WARNING [-] test: " + "y" * LINE_LENGTH_MAX + "…"


def test_no_line_of_a_trace_can_be_taken_for_another_one(log):
    log.logger.error("failed", exc_info=bug("x\n2026-11-22 00:00:00 ERROR forged"))

    head, *trace = log.lines()
    assert head == "ERROR [-] test: failed"
    assert "  | 2026-11-22 00:00:00 ERROR forged" in trace
    assert all(line.startswith("  | ") for line in trace)


def test_identifiers_of_pages_never_stand_in_the_log(log):
    log.logger.error("page %s is gone", PAGE, exc_info=bug(PAGE))

    text = "\n".join(log.lines())
    assert PAGE not in text
    assert "page (id) is gone" in text


def test_a_repeated_line_is_counted_and_summed_up_after_a_minute(log):
    for _ in range(1235):
        log.logger.warning("too many from %s", "198.51.100.7")
    log.logger.warning("another")
    assert log.lines() == ["WARNING [-] test: too many from 198.51.100.7", "WARNING [-] test: another"]

    log.minute()
    assert log.lines() == ["WARNING [-] test: … 1,234 more in the last minute: too many from 198.51.100.7"]

    log.minute()
    log.logger.warning("too many from %s", "198.51.100.7")
    assert log.lines() == ["WARNING [-] test: too many from 198.51.100.7"]


def test_lines_that_differ_only_in_the_identifier_of_a_page_are_the_same(log):
    for n in range(10):
        log.logger.warning("page %s", PAGE.replace("0f", f"{n:02}"))

    assert log.lines() == ["WARNING [-] test: page (id)"]


def test_a_trace_is_written_once_though_its_references_differ(log):
    for reference in ("a1", "b2", "c3"):
        log.logger.error("failed, reference %s", reference, exc_info=bug(reference))

    lines = log.lines()
    assert [line for line in lines if not line.startswith("  | ")] == [
        "ERROR [-] test: failed, reference a1",
        "ERROR [-] test: failed, reference b2 (its trace is the same as above)",
        "ERROR [-] test: failed, reference c3 (its trace is the same as above)",
    ]
    assert sum("Traceback" in line for line in lines) == 1


def test_an_exception_that_several_loggers_speak_of_is_written_once(log):
    error = bug("once")

    log.logger.error("ours, reference a1", exc_info=error)
    log.logger.error("of the server", exc_info=error)

    assert [line for line in log.lines() if not line.startswith("  | ")] == ["ERROR [-] test: ours, reference a1"]


def test_a_flood_of_different_lines_of_one_kind_ends_in_one(log):
    for n in range(KEYS_MAX + 500):
        log.logger.warning("closed, from %s", f"address {n}")

    assert len(log.lines()) == KEYS_MAX + 1
    log.minute()
    assert log.lines() == ["WARNING [-] test: … 499 more in the last minute: closed, from %s"]
