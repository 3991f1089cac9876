"""Somebody of the cast, signed in without typing a password."""

import httpx
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.database.sessions import transact
from models.accounts.sessions import SessionState
from models.accounts.users import User
from pages.web.identity import cookie_name
from services.accounts.sessions import AUTHENTICATION, Browser, begin_session


def session_of(actor: Actor) -> str:
    """Begin a session for a member of the cast; return the secret of its cookie."""

    def begin(session: Session) -> str:
        user = session.scalars(select(User).where(User.email == actor.person)).one()
        return begin_session(session, user, Browser("127.0.0.1", "test"), SessionState.SIGNED_IN)

    return transact(AUTHENTICATION, begin)


def sign_in_as(client: httpx.AsyncClient | httpx.Client, actor: Actor) -> str:
    """Let an httpx client (that of a ``User`` is ``user.http_client``) be a member of the cast; return the secret."""
    token = session_of(actor)
    client.cookies.set(cookie_name(), token)
    return token
