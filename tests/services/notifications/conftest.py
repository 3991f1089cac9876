import pytest

from tests.support.reading_in_process import read_in_process


@pytest.fixture(autouse=True)
def reading_in_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare every file the start of a child process, which these tests are not about."""
    read_in_process(monkeypatch)
