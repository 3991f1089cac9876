"""Commands ``user`` and ``token``: people with an account, and keys of programs."""

import sys
from typing import Annotated

import typer

from core.i18n import _
from core.process.terminal import As, Json, exit_on_expected_error, print_outcome, read_password

commands = typer.Typer()
user_app = typer.Typer(no_args_is_help=True, help="People with an account.")
token_app = typer.Typer(no_args_is_help=True, help="Keys of programs.")
commands.add_typer(user_app, name="user")
commands.add_typer(token_app, name="token")


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

    with exit_on_expected_error(as_json):
        password = read_password() if password_stdin else None
        with acting(as_) as session:
            user = create_user(session, email, name=name, role=role, partner=partner or None, password=password)
            link = None if password_stdin else password_address(session, email)
        facts = {"email": user.email, "name": name, "role": role, "partner": partner or None, "link": link}
        sentence = _("{email} may sign in.", email=user.email)
        print_outcome(facts, as_json=as_json, sentence=f"{sentence} {link}" if link else sentence)


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

    with exit_on_expected_error(as_json):
        password = read_password() if password_stdin else None
        with acting(as_) as session:
            if password is not None:
                reset_password(session, email, password)
            link = None if password is not None else password_address(session, email)
        changed = _("The password of {email} is changed.", email=email)
        print_outcome({"email": email, "link": link}, as_json=as_json, sentence=link or changed)


@user_app.command("lock")
def user_lock(email: str, as_json: Json = False, as_: As = "") -> None:
    """Keep a person out; all their sessions end."""
    from services.accounts.administration import suspend_user
    from services.installation.maintenance import acting

    with exit_on_expected_error(as_json):
        with acting(as_) as session:
            user = suspend_user(session, email)
        facts = {"email": user.email, "status": user.status}
        print_outcome(facts, as_json=as_json, sentence=_("{email} is locked.", email=user.email))


@user_app.command("list")
def user_list(as_json: Json = False, as_: As = "") -> None:
    """List the people with an account."""
    from services.accounts.administration import list_users
    from services.installation.maintenance import acting

    with exit_on_expected_error(as_json):
        with acting(as_) as session:
            people = [
                {"email": user.email, "name": user.name, "role": user.role, "partner": partner, "status": user.status}
                for user, partner in list_users(session)
            ]
        lines = [f"{one['email']}  {one['role']}  {one['partner'] or '—'}  {one['status']}" for one in people]
        print_outcome({"users": people}, as_json=as_json, sentence="" if as_json else "\n".join(lines))


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

    with exit_on_expected_error(as_json):
        with acting(as_) as session:
            row, secret = create_token(session, name, role=role, partner=partner or None)
        facts = {"name": row.name, "role": role, "partner": partner or None, "token": secret}
        facts["confirmation"] = row.confirmation
        if row.confirmation == "needed":
            print(_("It opens nothing until a second person confirms it on the page of API keys."), file=sys.stderr)
        if as_json:
            print_outcome(facts, as_json=True)
        else:
            print(secret)
