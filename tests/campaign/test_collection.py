"""The suite itself: every process that collects it finds the same tests.

Workers that run side by side refuse to begin when their lists differ, so a name made of the time, of chance or of the
order of a set stops the whole run, and only sometimes. (Each run of two workers looks for it too, by chance.)
"""

import os
import subprocess
import sys

import pytest

from tests.support.source import ROOT

pytestmark = pytest.mark.campaign


def test_another_process_at_another_second_names_every_test_alike(request: pytest.FixtureRequest):
    here = {item.nodeid for item in request.session.items}

    there = collected_elsewhere(hash_seed="1")

    assert sorted(here - there) == []


def collected_elsewhere(*, hash_seed: str) -> set[str]:
    """Return the names of the tests that a new process finds, its hashes begun at `hash_seed`."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "--collect-only", "-q", "-n", "0", "-m", "campaign or not campaign", "tests"],
        cwd=ROOT,
        env=os.environ | {"PYTHONHASHSEED": hash_seed, "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return set(done.stdout.splitlines())
