"""Rights of API keys: at most its maker's, unless a second person with these rights has confirmed the key."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.sessions import actor_of
from core.errors import NotPermitted, Problem
from core.events.log import EventDraft, record
from core.i18n import N_, translate
from core.permissions import ROLE_PERMISSIONS, Permission, Role
from models.accounts.tokens import ApiToken, Confirmation
from models.accounts.users import User
from models.partners.partners import Partner
from services.accounts.sessions import require_reauthentication
from services.free_texts import Note, parse_note
from services.outcomes import Outcome

SEPARATOR = "、"
_MAKERS = {"see_all": "the owner of a key compares it with the rights of the user who made it"}


def confirmation_of(maker: Actor, role: str) -> Confirmation:
    """Return whether a key with ``role`` needs a second person when ``maker`` makes it."""
    missing = ROLE_PERMISSIONS[Role(role)] - maker.permissions
    return Confirmation.NEEDED if missing else Confirmation.NOT_NEEDED


def rights_of(row: ApiToken, path: str, maker: User | None) -> frozenset[Permission] | None:
    """Return the current rights of a key; None for all rights of its role.

    Args:
        row: The key.
        path: Branch of the key's partner; "" for the whole channel.
        maker: Who made it, as the account stands now; None for a key made on the command line.

    Raises:
        NotPermitted: ``tokens.not_confirmed``.
    """
    if row.confirmation == Confirmation.NEEDED:
        raise NotPermitted(
            "tokens.not_confirmed",
            N_(
                "This key cannot be used yet: it may do more than the person who made it. A second person who may do "
                "that as well has to confirm it on the page of API keys (/tokens)."
            ),
        )
    if maker is None or row.confirmation == Confirmation.CONFIRMED:
        return None
    own = ROLE_PERMISSIONS[Role(row.role)]
    held = own - missing_rights(row, path, maker)
    return None if held == own else held


def missing_rights(row: ApiToken, path: str, maker: User) -> frozenset[Permission]:
    """Return the rights of a key's role that its maker currently lacks within the key's branch."""
    own = ROLE_PERMISSIONS[Role(row.role)]
    return own - ROLE_PERMISSIONS[Role(maker.role)] if path.startswith(maker.path) else own


def confirm_tokens(session: Session, prefixes: Sequence[str], note: str = "") -> list[Outcome]:
    """Confirm rights of keys that their makers lack; keys are named by prefix. Return the outcome of each.

    Only another person than the maker can do this, who may do all of that and manages keys; never an API key.

    Raises:
        NotPermitted: The actor may not edit keys.
        ReauthenticationNeeded: ``access.proof_needed``.
    """
    actor = actor_of(session)
    actor.require(Permission.TOKEN_EDIT)
    require_reauthentication(session)
    checked = parse_note(note)
    wanted = (
        select(ApiToken, User, Partner.path)
        .outerjoin(User, User.id == ApiToken.user_id)
        .outerjoin(Partner, Partner.id == ApiToken.partner_id)
        .where(ApiToken.prefix.in_(prefixes))
        .order_by(ApiToken.id)
        .with_for_update(of=ApiToken)
    )
    found = {row.prefix: (row, maker, path or "") for row, maker, path in session.execute(wanted)}
    return [Outcome(prefix, _confirm(session, actor, found.get(prefix), checked)) for prefix in dict.fromkeys(prefixes)]


def keys_above_makers(session: Session) -> dict[Confirmation, list[str]]:
    """Return the prefixes of valid keys whose role exceeds their makers' rights, by confirmation.

    ``Confirmation.NOT_NEEDED``: their makers have lost rights since, so that the keys hold less than their roles.
    """
    query = (
        select(ApiToken, User, Partner.path)
        .join(User, User.id == ApiToken.user_id)
        .outerjoin(Partner, Partner.id == ApiToken.partner_id)
        .where(ApiToken.revoked_at.is_(None), ApiToken.expires_at > now())
        .order_by(ApiToken.id)
    )
    above: dict[Confirmation, list[str]] = {}
    for row, maker, path in session.execute(query, execution_options=_MAKERS):
        if missing_rights(row, path or "", maker):
            above.setdefault(Confirmation(row.confirmation), []).append(row.prefix)
    return above


def _confirm(
    session: Session, actor: Actor, found: tuple[ApiToken, User | None, str] | None, note: Note
) -> Problem | None:
    """Confirm one key; return why it cannot be confirmed."""
    if found is None:
        return Problem("tokens.not_found", N_("There is no such key."))
    row, maker, path = found
    if problem := _refusal(actor, row, maker, path):
        return problem
    row.confirmation, row.confirmed_by, row.confirmed_at = Confirmation.CONFIRMED.value, actor.person, now()
    facts = {"name": row.name, "role": row.role, "maker": row.person, **({"note": note} if note else {})}
    record(session, "token.confirmed", "tokens", [EventDraft(row.prefix, path, data=facts)])
    return None


def _refusal(actor: Actor, row: ApiToken, maker: User | None, path: str) -> Problem | None:
    if row.revoked_at is not None or row.expires_at <= now():
        return Problem("tokens.ended", N_("This key has ended or was revoked: make a new one."))
    missing = missing_rights(row, path, maker) if maker is not None else frozenset[Permission]()
    is_waiting = row.confirmation == Confirmation.NEEDED
    if row.confirmation == Confirmation.CONFIRMED or not (is_waiting or missing):
        return Problem("tokens.confirmation_not_needed", N_("This key needs no confirmation."))
    if actor.token_id is not None or not actor.person or actor.person == row.person:
        return Problem("tokens.own_key", N_("You made this key: a second person has to confirm it."))
    if beyond := missing - actor.permissions:
        what = SEPARATOR.join(sorted(translate(one.label) for one in beyond))
        return Problem(
            "tokens.not_yours_to_confirm",
            N_("Who confirms this key must hold its rights as well. You lack: {what}."),
            {"what": what},
        )
    return None
