"""A move that is killed: ``python -m tests.support.killed_move URL POINT…`` runs it once for each point, in a process
that ends itself there with SIGKILL, and prints how many tables were skipped by then.

A point is ``MODULE:NAME:NUMBER``: before the function of that name is called for the NUMBER-th time, from 1.
"""

import os
import signal
import sys
from importlib import import_module
from typing import Any

import models  # noqa: F401  (maps every table)
from core.access import command_line
from core.database.sessions import SQLITE_PRAGMAS
from services.backups.move import move_database


def main(url: str, points: list[str]) -> None:
    """Run the move to ``url`` once for each point."""
    SQLITE_PRAGMAS["synchronous"] = 0
    for point in points:
        child = os.fork()
        if child == 0:
            arm(point)
            move_database(command_line(), url)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if not os.WIFSIGNALED(status) or os.WTERMSIG(status) != signal.SIGKILL:
            sys.exit(f"{point} was not reached: {status}")


def arm(point: str) -> None:
    """Let this process kill itself at a point."""
    place, name, number = point.split(":")
    module, calls = import_module(place), 0
    original = getattr(module, name)

    def killing(*arguments: Any, **options: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == int(number):
            os.kill(os.getpid(), signal.SIGKILL)
        return original(*arguments, **options)

    setattr(module, name, killing)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
