"""Commands ``backup`` and ``restore``: everything in one file, and back; and ``move``: to another database."""

from pathlib import Path
from typing import Annotated

import typer

from core.i18n import _, ngettext
from core.process.terminal import Json, exit_on_expected_error, print_outcome

commands = typer.Typer()
PassphraseFile = Annotated[
    Path | None, typer.Option("--passphrase-file", help="File whose first line is the pass phrase.")
]


@commands.command()
def backup(
    file: Annotated[Path, typer.Argument(help="File to write; must not exist.")],
    passphrase_file: PassphraseFile = None,
    with_secrets: Annotated[bool, typer.Option("--with-secrets", help="With the secret and secret settings.")] = False,
    as_json: Json = False,
) -> None:
    """Write database, stored files and settings to one file while people work."""
    from services.backups.commands import back_up
    from services.installation.maintenance import open_database

    with exit_on_expected_error(as_json):
        open_database(reads=True)
        facts = back_up(file, passphrase_file, with_secrets=with_secrets)
        sentence = _("{file}: {rows} rows, {files} files, {bytes} bytes.", **facts)
        print_outcome(facts, as_json=as_json, sentence=sentence)
        if facts["missing"]:
            missing = ngettext("{count} stored file is missing.", "{count} stored files are missing.", facts["missing"])
            typer.echo(missing, err=True)


@commands.command()
def restore(
    file: Annotated[Path, typer.Argument(help="File that “backup” wrote.")],
    check: Annotated[bool, typer.Option("--check", help="Only prove the file; touch no data.")] = False,
    replace: Annotated[
        str, typer.Option("--replace", metavar="NAME", help="Replace data that are there; name of the installation.")
    ] = "",
    passphrase_file: PassphraseFile = None,
    as_json: Json = False,
) -> None:
    """Restore a backup into an empty installation, on either database."""
    from services.backups.commands import check_file, restore_file

    with exit_on_expected_error(as_json):
        if check:
            facts = check_file(file, passphrase_file)
            sentence = _("{file} is whole: {rows} rows, {files} files, made {created_at}.", **facts)
        else:
            facts = restore_file(file, passphrase_file, replace)
            sentence = _("Restored: {rows} rows, {files} files, as they were {created_at}.", **facts)
        print_outcome(facts, as_json=as_json, sentence=sentence)
        if not check and not facts["has_secrets"]:
            typer.echo(
                _("The secret was not in it: people sign in anew and set up their second factors again."), err=True
            )


@commands.command()
def move(
    to: Annotated[str, typer.Option("--to", metavar="URL", help="Database to move to, as QUDAO_DATABASE_URL.")] = "",
    replace: Annotated[
        str, typer.Option("--replace", metavar="NAME", help="Replace data that are there; name of the installation.")
    ] = "",
    cancel: Annotated[bool, typer.Option("--cancel", help="Give an unfinished move up.")] = False,
    as_json: Json = False,
) -> None:
    """Move the database to another one, from SQLite to PostgreSQL or back; go on if that was stopped."""
    from core.settings import settings
    from services.backups.commands import give_move_up, move_to

    with exit_on_expected_error(as_json):
        if cancel:
            give_move_up()
            print_outcome({"cancelled": True}, as_json=as_json, sentence=_("The move is given up; work goes on here."))
            return
        facts = move_to(to, replace)
        tables, skipped = facts["tables"], len(facts["skipped"])
        if skipped:
            message = ngettext("{count} table was complete.", "{count} tables were complete.", skipped)
            typer.echo(message, err=True)
        sentence = _(
            "{tables} tables with {rows} rows are in {place}, each compared. Set QUDAO_DATABASE_URL to it now; the old"
            " database takes no changes any more. Stored files stay in {folder}.",
            tables=len(tables),
            rows=sum(one["rows"] for one in tables.values()),
            place=facts["place"],
            folder=settings().data_dir,
        )
        print_outcome(facts, as_json=as_json, sentence=sentence)
