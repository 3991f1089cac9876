"""Commands ``import``, ``export`` and ``template``: they start without the pages."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from core.i18n import _, ngettext
from core.process.terminal import As, Json, exit_on_expected_error, print_outcome

commands = typer.Typer()


@commands.command("import")
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

    with exit_on_expected_error(as_json):
        order = ImportOrder(resource, file, dry_run, match, mode, tuple(maps), tuple(sets), sheet, errors)
        facts = import_rows(order, as_)
        print_outcome(facts, as_json=as_json, sentence=report_sentence(facts))
        if not as_json:
            print(*refusal_lines(facts), sep="\n", end="", file=sys.stderr)
    if facts["refused"]:
        raise typer.Exit(1)


@commands.command()
def export(
    resource: str,
    file: Path,
    filters: Annotated[list[str], typer.Option("--filter", help='"field=value"; repeatable.')] = [],  # noqa: B006
    where: Annotated[str, typer.Option(help='Condition, such as "status = draft and total > 1000".')] = "",
    fields: Annotated[str, typer.Option(help="Names of fields, separated by commas.")] = "",
    as_json: Json = False,
    as_: As = "",
) -> None:
    """Export rows to a .xlsx, .csv, .jsonl or .sqlite file; ALL of them to one .sqlite file."""
    from importers.commands import export_rows

    with exit_on_expected_error(as_json):
        facts = export_rows(resource, file, tuple(filters), fields, as_, where=where)
        sentence = ngettext(
            "{count} row is in {file}.", "{count} rows are in {file}.", facts["rows"], file=facts["file"]
        )
        print_outcome(facts, as_json=as_json, sentence=sentence)


@commands.command()
def pivot(
    resource: str,
    file: Path,
    rows: Annotated[str, typer.Option(help="One or two fields, e.g. partner,created_at:month.")] = "",
    columns: Annotated[str, typer.Option(help="A field whose groups stand side by side.")] = "",
    measure: Annotated[str, typer.Option(help="count, or sum, min, max or average of a field, e.g. sum:total.")] = "",
    filters: Annotated[list[str], typer.Option("--filter", help='"field=value"; repeatable.')] = [],  # noqa: B006
    as_json: Json = False,
    as_: As = "",
) -> None:
    """Group a list by fields and write the figures to a .xlsx or .csv file."""
    from importers.commands import pair_of, pivot_rows

    with exit_on_expected_error(as_json):
        pairs = [*(pair_of(one) for one in filters), ("by", rows), ("across", columns), ("measure", measure)]
        facts = pivot_rows(resource, file, pairs, as_)
        sentence = ngettext("{count} row is grouped in {file}.", "{count} rows are grouped in {file}.", facts["rows"],
                            file=facts["file"])  # fmt: skip
        print_outcome(facts, as_json=as_json, sentence=sentence)


@commands.command()
def template(resource: str, file: Path, as_json: Json = False, as_: As = "") -> None:
    """Write the workbook to fill in for an import."""
    from importers.commands import write_template_file

    with exit_on_expected_error(as_json):
        facts = write_template_file(resource, file, as_)
        print_outcome(facts, as_json=as_json, sentence=_("The template is in {file}.", **facts))
