import tempfile
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from core import settings as core_settings
from tests.support.reading_in_process import read_in_process


@pytest.fixture
def nothing_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Whatever a test does to the reader, no child process and no temporary file stays."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    before = {child.pid for child in readers()}
    yield
    assert list(folder.iterdir()) == []
    assert {child.pid for child in readers()} - before == set()


@pytest.fixture
def limits(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Give a way to set limits by ``QUDAO_…`` variables; they are read again after the test."""
    core_settings.settings.cache_clear()
    yield monkeypatch
    core_settings.settings.cache_clear()


@pytest.fixture
def reading_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare every file the start of a child process, for tests that are not about it."""
    read_in_process(monkeypatch)


def readers() -> list[psutil.Process]:
    """Return the readers this process has started; it may have other children, such as the keeper of PostgreSQL."""
    return [child for child in psutil.Process().children() if "importers.reading._child" in _words(child)]


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:  # it has just ended
        return ""
