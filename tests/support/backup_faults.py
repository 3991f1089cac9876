"""Backups and restores whose process is killed at a named stage: ``python -m tests.support.backup_faults …``."""

import importlib
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from core.access import command_line
from core.database.sessions import connect
from core.settings import settings
from services.backups.backup import make_backup
from services.backups.restore import restore_backup
from tests.support.source import ROOT

BACKUP_STAGES = {
    "first bytes": "services.backups.archive:HashedFile.write",
    "a table": "services.backups.backup:_write_table",
    "files": "services.backups.backup:_write_files",
    "end": "services.backups.backup:_totals_facts",
}
RESTORE_STAGES = {
    "tables": "core.schema.versions:upgrade",
    "rows": "services.backups.restore:load_rows",
    "checksums": "services.backups.restore:_stored",
    "files": "services.backups.restore:write_content",
    "end": "services.backups.restore:_outcome",
}
"""Stage → function at one of whose calls the process is killed."""


def killed(work: str, stage: str, number: int, file: Path, replace: str = "") -> int:
    """Let another process do ``work`` and be killed at the ``number``-th call of a stage; return its exit code."""
    words = [sys.executable, "-m", "tests.support.backup_faults", work, stage, str(number), str(file), replace]
    return subprocess.run(words, cwd=ROOT, capture_output=True, timeout=90, check=False).returncode


def kill_at(place: str, number: int) -> None:
    """Kill this process at the ``number``-th call of a function, written ``module:name`` or ``module:Class.name``."""
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = importlib.import_module(module)
    for one in owners:
        owner = getattr(owner, one)
    right, count = getattr(owner, name), 0

    def call(*words: Any, **options: Any) -> Any:
        nonlocal count
        count += 1
        if count == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return right(*words, **options)

    setattr(owner, name, call)


if __name__ == "__main__":
    work, stage, number, file, replace = sys.argv[1:]
    kill_at({"backup": BACKUP_STAGES, "restore": RESTORE_STAGES}[work][stage], int(number))
    connect(settings().url)
    run = make_backup if work == "backup" else partial(restore_backup, replace=replace)
    run(command_line(), Path(file))
