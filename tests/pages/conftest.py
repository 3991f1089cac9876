"""What every page test needs: browsers, a signed-in user's client, and an application that starts fresh each time."""

from collections.abc import AsyncIterator
from functools import partialmethod

import pytest
from nicegui.testing import User
from nicegui.testing.general_fixtures import get_path_to_main_file

from pages.shell.navigation import register_places
from pages.site import PLACES  # imports every page once per worker
from tests.support.simulation import simulation

ATTEMPTS = 50  # 0.1 s apart
register_places(PLACES)  # tests of functions find them without an application, whichever test runs first


@pytest.fixture(autouse=True)
def patient_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look for what is to come for 5 s instead of 0.3 s: a busy machine draws late. What is there is seen at once."""
    for name in ("should_see", "should_not_see"):
        monkeypatch.setattr(User, name, partialmethod(getattr(User, name), retries=ATTEMPTS))


@pytest.fixture
async def user(caplog: pytest.LogCaptureFixture, request: pytest.FixtureRequest) -> AsyncIterator[User]:
    """Give a client of the pages that the test's main file registers; an error in the log fails the test.

    As the framework's own fixture of this name, but faster.
    """
    async with simulation(get_path_to_main_file(request)) as client:
        yield client
    if any(record.levelname == "ERROR" for record in caplog.get_records("call")):
        pytest.fail("There were unexpected ERROR logs.", pytrace=False)
