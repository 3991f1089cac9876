import pytest


@pytest.fixture(autouse=True)
def without_child(reading_in_process: None) -> None:
    """Read every file of these tests in their own process."""
