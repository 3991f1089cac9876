"""API keys: shown once, stored as a hash, valid for at most a year."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import now
from core.database.sessions import actor_of
from core.errors import InvalidInput, NotFound, NotPermitted, Problem
from core.events.log import EventDraft, record
from core.i18n import N_
from core.limits import NAME_LENGTH_MAX
from core.permissions import PARTNER_ROLES, Permission, Role
from models.accounts.tokens import ApiToken
from models.accounts.users import User, UserStatus
from models.partners.partners import Partner, PartnerStatus
from services.accounts.one_time_secrets import new_token, token_hash
from services.accounts.sessions import SEEN_EVERY, SignInNeeded, require_reauthentication
from services.accounts.token_rights import confirmation_of, rights_of
from services.accounts.users import GRANTS
from services.free_texts import Note, parse_name, parse_note
from services.outcomes import Outcome

MARK = "qd_"
PREFIX_LENGTH = len(MARK) + 6
LASTS_MAX = timedelta(days=365)

_SEE = {"see_all": "the holder of a key's secret may see the key and its owner"}


def create_token(
    session: Session, name: str, *, role: str, partner: str | None = None, lasts: timedelta = LASTS_MAX
) -> tuple[ApiToken, str]:
    """Create a key; return its row and the secret, which is stored nowhere.

    A key whose role exceeds its maker's rights is not valid until a second person has confirmed it.

    Args:
        session: Of someone who may edit keys and give ``role``.
        name: What the key is for. role: code. partner: code, for a partner's role. lasts: at most a year.

    Raises:
        InvalidInput: ``tokens.name_required``, ``tokens.lasts_too_long``, ``users.unknown_role``,
            ``users.partner_required``, ``users.partner_not_allowed``, ``partners.not_found``, or as ``parse_name``.
        NotPermitted: ``tokens.role_not_yours_to_give``.
        ReauthenticationNeeded: ``access.proof_needed``.
    """
    actor = actor_of(session)
    actor.require(Permission.TOKEN_EDIT)
    require_reauthentication(session)
    shown = parse_name(name)
    if not shown:
        raise InvalidInput("tokens.name_required", N_("Name the key after the program that will use it."))
    if not timedelta(0) < lasts <= LASTS_MAX:
        raise InvalidInput("tokens.lasts_too_long", N_("A key lasts at most a year."))
    partner_id, path = _place(session, actor, role, partner)
    secret = _new_secret(session)
    row = ApiToken(
        name=shown,
        prefix=secret[:PREFIX_LENGTH],
        token_hash=token_hash(secret),
        role=role,
        partner_id=partner_id,
        user_id=actor.user_id,
        person=actor.person if actor.user_id is not None else f"token {shown}"[:NAME_LENGTH_MAX],
        created_at=now(),
        expires_at=now() + lasts,
        confirmation=confirmation_of(actor, role).value,
    )
    session.add(row)
    session.flush()
    facts = {"name": row.name, "role": role, "partner": partner, "expires_at": row.expires_at.isoformat()}
    facts |= {"confirmation": row.confirmation}
    record(session, "token.created", "tokens", [EventDraft(row.prefix, path, data=facts)])
    return row, secret


def revoke_token(session: Session, token_id: int) -> ApiToken:
    """Revoke a key.

    Raises:
        NotFound: ``tokens.not_found``.
    """
    actor_of(session).require(Permission.TOKEN_EDIT)
    row = session.scalar(select(ApiToken).where(ApiToken.id == token_id).with_for_update())
    if row is None:
        raise NotFound("tokens.not_found", N_("There is no such key."))
    _revoke(session, row)
    return row


def revoke_tokens(session: Session, prefixes: Sequence[str], note: str = "") -> list[Outcome]:
    """Revoke keys, named by prefix; return the outcome of each.

    Raises:
        NotPermitted: The actor may not edit keys.
    """
    actor_of(session).require(Permission.TOKEN_EDIT)
    checked = parse_note(note)
    wanted = select(ApiToken).where(ApiToken.prefix.in_(prefixes)).order_by(ApiToken.id).with_for_update()
    rows = session.scalars(wanted).all()
    for row in rows:
        _revoke(session, row, checked)
    found = {row.prefix for row in rows}
    unknown = Problem("tokens.not_found", N_("There is no such key."))
    return [Outcome(prefix, None if prefix in found else unknown) for prefix in prefixes]


def list_tokens(session: Session) -> list[ApiToken]:
    """Return the keys the actor may see, the latest first."""
    return list(session.scalars(select(ApiToken).order_by(ApiToken.id.desc())))


def actor_of_token(session: Session, secret: str) -> Actor:
    """Return the actor of a key by its secret. Raises as ``actor_of_key``."""
    return _actor_of(session, ApiToken.token_hash == token_hash(secret))


def actor_of_key(session: Session, token_id: int) -> Actor:
    """Return the actor of a key, with current rights and branch.

    Raises:
        SignInNeeded: ``tokens.not_valid``: unknown, too old, revoked, or its user may not sign in any more.
        NotPermitted: ``tokens.not_confirmed``.
    """
    return _actor_of(session, ApiToken.id == token_id)


def _actor_of(session: Session, is_wanted: ColumnElement[bool]) -> Actor:
    query = (
        select(ApiToken, Partner.path, Partner.status, User)
        .outerjoin(Partner, Partner.id == ApiToken.partner_id)
        .outerjoin(User, User.id == ApiToken.user_id)
        .where(is_wanted)
    )
    found: Any = session.execute(query.execution_options(**_SEE)).one_or_none()
    if found is None or not _is_valid(found):
        raise SignInNeeded("tokens.not_valid", N_("This key is not valid: it is unknown, has ended or was revoked."))
    row, path, _, maker = found
    actor = Actor(
        row.name,
        Role(row.role),
        row.person,
        partner_id=row.partner_id,
        partner_path=path or "",
        source="api",
        token_id=row.id,
        rights=rights_of(row, path or "", maker),
    )
    return actor if maker is None else replace(actor, language=maker.language)


def note_used(session: Session, secret: str) -> None:
    """Record the use of a key, to the minute."""
    used = update(ApiToken).where(ApiToken.token_hash == token_hash(secret))
    due = used.where((ApiToken.used_at.is_(None)) | (ApiToken.used_at <= now() - SEEN_EVERY))
    session.execute(due.values(used_at=now()).execution_options(**_SEE, synchronize_session=False))


def _new_secret(session: Session) -> str:
    """Return a secret with a unique prefix, by which people distinguish keys."""
    while True:
        secret = MARK + new_token()
        like = select(ApiToken.id).where(ApiToken.prefix == secret[:PREFIX_LENGTH])
        if session.scalar(like.execution_options(see_all="keys begin differently across the brand")) is None:
            return secret


def _revoke(session: Session, row: ApiToken, note: Note | None = None) -> None:
    if row.revoked_at is None:
        row.revoked_at = now()
        data = {"name": row.name, **({"note": note} if note else {})}
        record(session, "token.revoked", "tokens", [EventDraft(row.prefix, data=data)])


def _is_valid(found: Any) -> bool:
    row, _, partner_status, maker = found
    return (
        row.revoked_at is None
        and row.expires_at > now()
        and partner_status != PartnerStatus.CLOSED
        and (maker is None or maker.status == UserStatus.ACTIVE)
    )


def _place(session: Session, actor: Actor, role: str, partner: str | None) -> tuple[int | None, str]:
    """Return number and path of the partner a key belongs to; (None, "") for the brand's own."""
    if role not in set(Role):
        raise InvalidInput("users.unknown_role", N_("There is no role “{role}”."), role=role)
    if Role(role) not in GRANTS.get(actor.role, frozenset()):
        message = N_("Your own role may not give the role “{role}”.")
        raise NotPermitted("tokens.role_not_yours_to_give", message, role=role)
    if Role(role) not in PARTNER_ROLES:
        if partner:
            raise InvalidInput("users.partner_not_allowed", N_("A role of the brand has no partner."))
        return None, ""
    if not partner:
        raise InvalidInput("users.partner_required", N_("A partner's role needs the code of the partner."))
    found = session.execute(select(Partner.id, Partner.path).where(Partner.code == partner)).one_or_none()
    if found is None:
        raise InvalidInput("partners.not_found", N_("There is no partner “{partner}”."), partner=partner)
    return found[0], found[1]
