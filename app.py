"""Qudao 渠道: connects the rooms, and the commands of the machine itself.

Every command takes ``--json`` (one JSON object on standard output, messages on standard error) and exits 0 only when it
did all it was asked. Commands load only what they need: import and export start without the pages.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

try:
    import typer
except ImportError:
    sys.exit("Qudao needs Python 3.11 or newer and its packages. Run “make run” once, then .venv/bin/python app.py …")

from core.i18n import _, ngettext
from core.terminal import As, Json, accept_any_text, answer, in_words, read_password

app = typer.Typer(no_args_is_help=False, add_completion=False, pretty_exceptions_enable=False, help="Qudao 渠道")
app.add_typer(user_app := typer.Typer(no_args_is_help=True, help="People with an account."), name="user")
app.add_typer(token_app := typer.Typer(no_args_is_help=True, help="Keys of programs."), name="token")
app.add_typer(config_app := typer.Typer(no_args_is_help=True, help="Settings."), name="config")
app.add_typer(demo_app := typer.Typer(no_args_is_help=True, help="A made-up brand to play with."), name="demo")


@app.callback(invoke_without_command=True)
def main(context: typer.Context) -> None:
    """Start the server if no command is given."""
    if context.invoked_subcommand is None:
        with in_words(False):
            run_server()


@app.command()
def serve(as_json: Json = False) -> None:
    """Serve people, programs and jobs. An older database is backed up and brought up to date first."""
    with in_words(as_json):
        run_server()


def run_server() -> None:
    """Connect the rooms and serve until stopped; while nobody has an account, print the one-time set-up link."""
    import gc
    import threading

    from anyio.to_thread import current_default_thread_limiter
    from nicegui import app as web
    from nicegui import ui

    import jobs  # noqa: F401  (registers every job)
    from api.application import add_api
    from api.authentication import find_actor
    from core.database.disk_space import essential_writes
    from core.database.sessions import transact
    from core.jobs.schedule import work as run_jobs
    from core.settings import settings
    from core.throttling.capacity import REQUEST_THREADS
    from integrations.listening import require_free
    from jobs.event_seals import keep_sealed
    from jobs.schedule import SCHEDULE
    from pages.site import add_pages
    from pages.web.listening import RUN_OPTIONS, announce
    from pages.web.policies import require_policies
    from services.accounts.links import NOBODY_YET, setup_link
    from services.installation.start_up import start_serving

    require_free(settings().host, settings().port)
    start_serving()
    with essential_writes():  # also on a full disk: somebody has to come in to make room
        link = transact(NOBODY_YET, setup_link)
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
        await announce(link)

    web.on_startup(start)
    web.on_shutdown(stop.set)
    web.on_shutdown(lambda: sealer.join(10))
    sys.setswitchinterval(0.0005)  # s; a page waits this long, hundreds of times, for each thread that formats a file
    gc.set_threshold(100_000, 50, 100)  # a thousand open tabs are many objects; default pauses reach a second
    ui.run(
        host=settings().host,
        port=settings().port,
        title=settings().brand_name,
        **RUN_OPTIONS,
    )


@app.command()
def work(as_json: Json = False) -> None:
    """Run jobs in this process until it is stopped; any number may run against one PostgreSQL."""
    import signal
    import threading

    import jobs  # noqa: F401  (registers every job)
    from core.jobs.schedule import work as run_jobs
    from jobs.event_seals import keep_sealed
    from jobs.schedule import SCHEDULE
    from services.installation.start_up import start_working

    with in_words(as_json):
        start_working()
        stop = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: stop.set())
        print(_("Working. Stop with Ctrl+C."), file=sys.stderr)
        sealer = threading.Thread(target=keep_sealed, args=(stop,), daemon=True)
        sealer.start()
        run_jobs(stop, SCHEDULE)
        sealer.join(10)


@app.command()
def migrate(as_json: Json = False) -> None:
    """Bring the database to this release; an older one is backed up first."""
    from services.installation.maintenance import bring_up_to_date

    with in_words(as_json):
        facts = bring_up_to_date(restores_guards=True)
        answer(facts, as_json=as_json, sentence=_("The database is at {revision}.", revision=facts["revision"]))


@app.command("import")
def import_(
    resource: str,
    file: Path,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would happen; store nothing.")] = False,
    match: Annotated[str, typer.Option(help="Field by which existing rows are found; the key if left out.")] = "",
    mode: Annotated[str, typer.Option(help="good-rows or all-or-nothing.")] = "good-rows",
    maps: Annotated[list[str], typer.Option("--map", help='"HEADING=field"; "HEADING=" leaves it out.')] = [],  # noqa: B006
    sets: Annotated[list[str], typer.Option("--set", help='"field=value" for every row.')] = [],  # noqa: B006
    sheet: Annotated[str, typer.Option(help="Name of the worksheet; the first one if left out.")] = "",
    errors: Annotated[Path | None, typer.Option(help="Write the refused rows, marked, to this xlsx.")] = None,
    as_json: Json = False,
    as_: As = "",
) -> None:
    """Import rows of a worksheet: new ones are added, others changed, unchanged ones left alone."""
    from importers.commands import ImportOrder, import_rows, refusal_lines, report_sentence

    with in_words(as_json):
        order = ImportOrder(resource, file, dry_run, match, mode, tuple(maps), tuple(sets), sheet, errors)
        facts = import_rows(order, as_)
        answer(facts, as_json=as_json, sentence=report_sentence(facts))
        if not as_json:
            print(*refusal_lines(facts), sep="\n", end="", file=sys.stderr)
    if facts["refused"]:
        raise typer.Exit(1)


@app.command()
def export(
    resource: str,
    file: Path,
    filters: Annotated[list[str], typer.Option("--filter", help='"field=value"; repeatable.')] = [],  # noqa: B006
    fields: Annotated[str, typer.Option(help="Names of fields, separated by commas.")] = "",
    as_json: Json = False,
    as_: As = "",
) -> None:
    """Export rows to a .xlsx, .csv or .jsonl file."""
    from importers.commands import export_rows

    with in_words(as_json):
        facts = export_rows(resource, file, tuple(filters), fields, as_)
        sentence = ngettext(
            "{count} row is in {file}.", "{count} rows are in {file}.", facts["rows"], file=facts["file"]
        )
        answer(facts, as_json=as_json, sentence=sentence)


@app.command()
def template(resource: str, file: Path, as_json: Json = False, as_: As = "") -> None:
    """Write the workbook to fill in for an import."""
    from importers.commands import write_template_file

    with in_words(as_json):
        facts = write_template_file(resource, file, as_)
        answer(facts, as_json=as_json, sentence=_("The template is in {file}.", **facts))


@app.command()
def check(as_json: Json = False) -> None:
    """Check every invariant of the stored data; list what is broken."""
    from importers.commands import check_data

    with in_words(as_json):
        facts = check_data()
        broken = ngettext("{count} invariant is broken.", "{count} invariants are broken.", len(facts["broken"]))
        answer(facts, as_json=as_json, sentence=_("All is well.") if facts["ok"] else broken)
        if not as_json:
            for one in facts["broken"]:
                print(f"  {one['check']}: {one['detail']}", file=sys.stderr)
    if not facts["ok"]:
        raise typer.Exit(1)


@app.command()
def doctor(as_json: Json = False) -> None:
    """Look at the installation: database, disk, secret, address, reference data."""
    from services.installation.maintenance import examine

    with in_words(as_json):
        facts = examine()
        if as_json:
            answer(facts, as_json=True)
        else:
            for one in facts["findings"]:
                print(f"{one['level']:<8} {one['name']}: {one['detail']}")
    if not facts["ok"]:
        raise typer.Exit(1)


@config_app.command("show")
def config_show(as_json: Json = False) -> None:
    """Show each setting, where it was stated, secrets masked."""
    from services.installation.maintenance import settings_facts

    with in_words(as_json):
        facts = settings_facts()
        if as_json:
            answer(facts, as_json=True)
        else:
            for name, one in facts.items():
                print(f"{name} = {one['value']}  ({one['from']})")


@user_app.command("create")
def user_create(
    email: str,
    name: Annotated[str, typer.Option("--name")],
    role: Annotated[str, typer.Option("--role")],
    partner: Annotated[str, typer.Option("--partner", help="Code of the partner the person works for.")] = "",
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from input.")] = False,
    as_json: Json = False,
    as_: As = "",
) -> None:
    """Add a person; without a password, print the link with which they choose one."""
    from services.accounts.administration import create_user
    from services.installation.maintenance import acting, password_address

    with in_words(as_json):
        password = read_password() if password_stdin else None
        with acting(as_) as session:
            user = create_user(session, email, name=name, role=role, partner=partner or None, password=password)
            link = None if password_stdin else password_address(session, email)
        facts = {"email": user.email, "name": name, "role": role, "partner": partner or None, "link": link}
        sentence = _("{email} may sign in.", email=user.email)
        answer(facts, as_json=as_json, sentence=f"{sentence} {link}" if link else sentence)


@user_app.command("reset-password")
def user_reset_password(
    email: str,
    password_stdin: Annotated[bool, typer.Option("--password-stdin", help="Read the password from input.")] = False,
    as_json: Json = False,
    as_: As = "",
) -> None:
    """Give a person a new password; without one, print the link with which they choose it."""
    from services.accounts.administration import reset_password
    from services.installation.maintenance import acting, password_address

    with in_words(as_json):
        password = read_password() if password_stdin else None
        with acting(as_) as session:
            if password is not None:
                reset_password(session, email, password)
            link = None if password is not None else password_address(session, email)
        changed = _("The password of {email} is changed.", email=email)
        answer({"email": email, "link": link}, as_json=as_json, sentence=link or changed)


@user_app.command("lock")
def user_lock(email: str, as_json: Json = False, as_: As = "") -> None:
    """Keep a person out; all their sessions end."""
    from services.accounts.administration import lock_user
    from services.installation.maintenance import acting

    with in_words(as_json):
        with acting(as_) as session:
            user = lock_user(session, email)
        facts = {"email": user.email, "status": user.status}
        answer(facts, as_json=as_json, sentence=_("{email} is locked.", email=user.email))


@user_app.command("list")
def user_list(as_json: Json = False, as_: As = "") -> None:
    """List the people with an account."""
    from services.accounts.administration import list_users
    from services.installation.maintenance import acting

    with in_words(as_json):
        with acting(as_) as session:
            people = [
                {"email": user.email, "name": user.name, "role": user.role, "partner": partner, "status": user.status}
                for user, partner in list_users(session)
            ]
        lines = [f"{one['email']}  {one['role']}  {one['partner'] or '—'}  {one['status']}" for one in people]
        answer({"users": people}, as_json=as_json, sentence="" if as_json else "\n".join(lines))


@token_app.command("create")
def token_create(
    name: str,
    role: Annotated[str, typer.Option("--role")],
    partner: Annotated[str, typer.Option("--partner", help="Code of the partner it acts for.")] = "",
    as_json: Json = False,
    as_: As = "",
) -> None:
    """Make a key for a program; it is shown this once."""
    from services.accounts.tokens import create_token
    from services.installation.maintenance import acting

    with in_words(as_json):
        with acting(as_) as session:
            row, secret = create_token(session, name, role=role, partner=partner or None)
        facts = {"name": row.name, "role": role, "partner": partner or None, "token": secret}
        facts["confirmation"] = row.confirmation
        if row.confirmation == "needed":
            print(_("It opens nothing until a second person confirms it on the page of API keys."), file=sys.stderr)
        if as_json:
            answer(facts, as_json=True)
        else:
            print(secret)


@app.command("jobs", add_help_option=False, context_settings={"ignore_unknown_options": True})
def jobs_(words: Annotated[list[str], typer.Argument(help="list, retry, cancel or confirm-clock.")] = []) -> None:  # noqa: B006
    """Jobs: list them, let one go on, stop one; say that the clock is right."""
    from jobs.commands import commands

    commands(words or ["--help"], prog_name="app.py jobs")


@demo_app.command("load")
def demo_load(
    partners: Annotated[int, typer.Option(min=0, max=100_000, help="Partners above the stores.")] = 200,
    stores: Annotated[int, typer.Option(min=0, max=1_000_000, help="Stores, as partners of tier store.")] = 1_000,
    orders: Annotated[int, typer.Option(min=0, max=10_000_000, help="Orders in 18 months.")] = 6_000,
    seed: Annotated[int, typer.Option(help="The same seed makes the same data on the same day.")] = 20_261_122,
    as_json: Json = False,
) -> None:
    """Fill a database without business rows with a made-up brand; its people's passwords are shown this once."""
    from services.demo.commands import load, people_table
    from services.demo.loading import DemoSize

    with in_words(as_json):
        facts = load(DemoSize(partners, stores, orders, seed), lambda text: print(text, file=sys.stderr))
        answer(facts, as_json=as_json, sentence="" if as_json else people_table(facts))


@demo_app.command("clear")
def demo_clear(as_json: Json = False) -> None:
    """Remove the demo data, unless other rows refer to it; the trail stays."""
    from services.demo.commands import clear

    with in_words(as_json):
        answer(clear(), as_json=as_json, sentence=_("There is no demo data any more; the trail stays."))


if __name__ in {"__main__", "__mp_main__"}:
    os.umask(0o077)  # what the product writes is for its own account
    accept_any_text()
    app()
