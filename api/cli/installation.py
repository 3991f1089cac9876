"""Commands ``migrate``, ``check``, ``doctor`` and ``config``: the installation as its operator sees it."""

import sys

import typer

from core.i18n import _, ngettext
from core.process.terminal import Json, exit_on_expected_error, print_outcome

commands = typer.Typer()
config_app = typer.Typer(no_args_is_help=True, help="Settings.")
commands.add_typer(config_app, name="config")


@commands.command("migrate")
def migrate_command(as_json: Json = False) -> None:
    """Bring the database to this release; an older one is backed up first."""
    from services.installation.maintenance import bring_up_to_date

    with exit_on_expected_error(as_json):
        facts = bring_up_to_date(restores_guards=True)
        print_outcome(facts, as_json=as_json, sentence=_("The database is at {revision}.", revision=facts["revision"]))


@commands.command()
def check(as_json: Json = False) -> None:
    """Check every invariant of the stored data; list what is broken."""
    from importers.commands import check_data

    with exit_on_expected_error(as_json):
        facts = check_data()
        broken = ngettext("{count} invariant is broken.", "{count} invariants are broken.", len(facts["broken"]))
        print_outcome(facts, as_json=as_json, sentence=_("All is well.") if facts["ok"] else broken)
        if not as_json:
            for one in facts["broken"]:
                print(f"  {one['check']}: {one['detail']}", file=sys.stderr)
    if not facts["ok"]:
        raise typer.Exit(1)


@commands.command()
def doctor(as_json: Json = False) -> None:
    """Look at the installation: database, disk, secret, address, reference data."""
    from services.installation.maintenance import diagnose

    with exit_on_expected_error(as_json):
        facts = diagnose()
        if as_json:
            print_outcome(facts, as_json=True)
        else:
            for one in facts["findings"]:
                print(f"{one['level']:<8} {one['name']}: {one['detail']}")
    if not facts["ok"]:
        raise typer.Exit(1)


@config_app.command("show")
def config_show(as_json: Json = False) -> None:
    """Show each setting, where it was stated, secrets masked."""
    from services.installation.maintenance import settings_facts

    with exit_on_expected_error(as_json):
        facts = settings_facts()
        if as_json:
            print_outcome(facts, as_json=True)
        else:
            for name, one in facts.items():
                print(f"{name} = {one['value']}  ({one['from']})")
