"""Qudao 渠道, application assembly: connects the rooms and defines the command line. Commands that need one room only
stand in ``api.cli`` and ``jobs.commands``.

Every command takes ``--json`` (one JSON object on standard output, messages on standard error) and exits 0 only when it
did all that was requested. Commands load only what they need: import and export start without the pages.
"""

import os
import sys
from typing import Annotated

try:
    import typer
except ImportError:
    sys.exit("Qudao needs Python 3.11 or newer and its packages. Run “make run” once, then .venv/bin/python app.py …")

from api.cli import backups, demo, imports, installation, people
from core.i18n import _
from core.process.terminal import Json, accept_any_text, exit_on_expected_error

app = typer.Typer(no_args_is_help=False, add_completion=False, pretty_exceptions_enable=False, help="Qudao 渠道")
for one in (imports, installation, backups, people, demo):
    app.add_typer(one.commands)


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Start the server if no command is given."""
    if context.invoked_subcommand is None:
        with exit_on_expected_error(False):
            run_server()


@app.command()
def serve(as_json: Json = False) -> None:
    """Serve people, programs and jobs. An older database is backed up and brought up to date first."""
    with exit_on_expected_error(as_json):
        run_server()


def run_server() -> None:
    """Assemble the application and serve until stopped; while nobody has an account, print the one-time set-up link."""
    import gc

    gc.set_threshold(100_000, 50, 100)  # a thousand open tabs are many objects; default pauses reach a second
    import threading

    from anyio.to_thread import current_default_thread_limiter
    from nicegui import app as web
    from nicegui import ui

    import jobs  # noqa: F401  (registers every job)
    from api.application import add_api
    from api.authentication import find_actor
    from core.database.disk_space import essential_writes
    from core.database.sessions import disconnect, transact
    from core.jobs.schedule import work as run_jobs
    from core.settings import settings
    from core.throttling.capacity import REQUEST_THREADS
    from integrations.listening import require_free
    from jobs.event_seals import keep_sealed
    from jobs.schedule import SCHEDULE
    from pages.site import add_pages
    from pages.web.listening import RUN_OPTIONS, print_address
    from pages.web.policies import require_policies
    from services.accounts.links import SETUP, setup_link
    from services.installation.start_up import start_serving

    require_free(settings().host, settings().port)
    start_serving()
    with essential_writes():  # also on a full disk: somebody has to come in to make room
        link = transact(SETUP, setup_link)
    add_pages(web)
    add_api(web, find_actor)
    require_policies(web)
    stop = threading.Event()
    sealer = threading.Thread(target=keep_sealed, args=(stop,), daemon=True)
    worker = threading.Thread(target=run_jobs, args=(stop, SCHEDULE), daemon=True)

    async def start() -> None:
        current_default_thread_limiter().total_tokens = REQUEST_THREADS
        sealer.start()
        if settings().worker:
            worker.start()
        await print_address(link)

    web.on_startup(start)
    web.on_shutdown(stop.set)
    web.on_shutdown(lambda: sealer.join(10))
    if settings().worker:
        web.on_shutdown(lambda: worker.join(5))
    web.on_shutdown(disconnect)  # here, because a signal ends the process before anything that follows
    sys.setswitchinterval(0.0005)  # s; a page waits this long, hundreds of times, for each thread that formats a file
    ui.run(
        host=settings().host,
        port=settings().port,
        title=settings().brand_name,
        **RUN_OPTIONS,
    )


@app.command("work")
def work_command(as_json: Json = False) -> None:
    """Run jobs in this process until it is stopped; any number may run against one PostgreSQL."""
    import signal
    import threading

    import jobs  # noqa: F401  (registers every job)
    from core.jobs.schedule import work as run_jobs
    from jobs.event_seals import keep_sealed
    from jobs.schedule import SCHEDULE
    from services.installation.start_up import start_working

    with exit_on_expected_error(as_json):
        start_working()
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        print(_("Working. Stop with Ctrl+C."), file=sys.stderr)
        sealer = threading.Thread(target=keep_sealed, args=(stop,), daemon=True)
        sealer.start()
        run_jobs(stop, SCHEDULE)
        sealer.join(10)


@app.command("jobs", add_help_option=False, context_settings={"ignore_unknown_options": True})
def jobs_(words: Annotated[list[str], typer.Argument(help="list, retry, cancel or confirm-clock.")] = []) -> None:  # noqa: B006
    """Jobs: list them, let one go on, stop one; say that the clock is right."""
    from jobs.commands import commands

    commands(words or ["--help"], prog_name="app.py jobs")


if __name__ in {"__main__", "__mp_main__"}:
    os.umask(0o077)  # what the product writes is for its own account
    accept_any_text()
    app()
