"""The API as programs meet it: in front of an application, with a key for each of the cast."""

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from api.application import add_api
from core.access import Actor
from services.accounts.sessions import SignInNeeded
from tests.conftest import CAST


class Programs:
    """One client per member of the cast; each request says who asks."""

    def __init__(self, client: TestClient) -> None:
        self.client = client
        self.count = 0

    def get(self, who: Actor | None, path: str):
        return self.client.get(f"/api/v1{path}", headers=self._headers(who))

    def post(self, who: Actor | None, path: str, json=None, *, key: str | None = "new", **headers: str):
        if key == "new":
            self.count += 1
            key = f"key {self.count}"
        sent = {**self._headers(who), **({"Idempotency-Key": key} if key is not None else {}), **headers}
        return self.client.post(f"/api/v1{path}", headers=sent, json=json)

    def _headers(self, who: Actor | None) -> dict[str, str]:
        return {"Authorization": f"Bearer {who.name}"} if who else {}


def find_actor(key: str) -> Actor:
    for actor in CAST:
        if actor.name == key:
            return actor
    raise SignInNeeded("tokens.not_valid", "This key is not valid: it is unknown, has ended or was revoked.")


@pytest.fixture(scope="session")
def application() -> FastAPI:
    """Return an application with the API in it, made once: it holds nothing of any database."""
    app = FastAPI()
    add_api(app, find_actor)
    return app


@pytest.fixture
def programs(database, application: FastAPI) -> Programs:
    """Give clients with a key each."""
    return Programs(TestClient(application, raise_server_exceptions=False))
