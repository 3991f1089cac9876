"""Commands ``demo load`` and ``demo clear``."""

import sys
from typing import Annotated

import typer

from core.i18n import _
from core.process.terminal import Json, exit_on_expected_error, print_outcome

commands = typer.Typer()
demo_app = typer.Typer(no_args_is_help=True, help="A made-up brand to play with.")
commands.add_typer(demo_app, name="demo")


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

    with exit_on_expected_error(as_json):
        facts = load(DemoSize(partners, stores, orders, seed), lambda text: print(text, file=sys.stderr))
        print_outcome(facts, as_json=as_json, sentence="" if as_json else people_table(facts))


@demo_app.command("clear")
def demo_clear(as_json: Json = False) -> None:
    """Remove the demo data, unless other rows refer to it; the audit log stays."""
    from services.demo.commands import clear

    with exit_on_expected_error(as_json):
        print_outcome(clear(), as_json=as_json, sentence=_("There is no demo data any more; the audit trail stays."))
