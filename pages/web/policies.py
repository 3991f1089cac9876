"""Access policies of routes: declared with the route, enforced before it runs; start fails for a route without one.

A policy is a dependency: ``dependencies=[Depends(permitted(Permission.ORDER_VIEW))]``. What cannot be declared without
being enforced cannot be forgotten.
"""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from fastapi import FastAPI, Request
from starlette.routing import compile_path

from core.errors import InvalidInput
from core.i18n import N_
from core.permissions import Permission
from pages.web.identity import require_session_user

OF_THE_FRAMEWORK = ("/_nicegui/", "/_nicegui_ws", "/favicon.ico", "/static/qudao/")
"""Prefixes of public paths: scripts, pictures and sockets."""


class Policy:
    """Access policy of a route.

    Attributes:
        policy: As text, for the table of all routes. Any dependency with an attribute of this name counts as a policy.
    """

    def __init__(self, policy: str, *, is_public: bool = False, permission: Permission | None = None) -> None:
        self.policy = policy
        self.is_public = is_public
        self.permission = permission

    def __call__(self, request: Request) -> None:
        """Enforce the policy.

        Raises:
            SignInNeeded: Nobody is signed in any more.
            NotPermitted: ``access.denied``.
        """
        if not self.is_public:
            session_user = require_session_user(request)
            if self.permission is not None:
                session_user.actor.require(self.permission)


PUBLIC = Policy("public", is_public=True)
"""Anyone, also without an account."""
SIGNED_IN = Policy("signed in")
"""Everyone with an account."""


def permitted(permission: Permission) -> Policy:
    """Return the policy that requires ``permission``."""
    return Policy(permission.value, permission=permission)


def policies_of(app: FastAPI) -> dict[str, str]:
    """Return path → policy text of every route, "" where none is declared."""
    return dict(_policies(app.routes))


def undeclared_routes(app: FastAPI) -> list[str]:
    """Return the paths of routes without a policy; start fails if there is one."""
    return sorted(path for path, policy in _policies(app.routes) if not policy)


def require_policies(app: FastAPI) -> None:
    """Require a policy on every route.

    Raises:
        InvalidInput: ``routes.without_policy``.
    """
    if found := undeclared_routes(app):
        message = N_("These routes do not say who may use them: {paths}")
        raise InvalidInput("routes.without_policy", message, paths=", ".join(found))


_large_bodies: list[tuple[Any, Callable[[], int]]] = []


def allow_large_body(path: str, bytes_max: Callable[[], int]) -> None:
    """Allow requests to ``path`` (as the route writes it, e.g. ``/{resource}/import/file``) a body of that size."""
    _large_bodies.append((compile_path(path)[0], bytes_max))


def large_body_limit(path: str) -> int | None:
    """Return the limit of a request body for ``path`` in bytes, if it differs from the usual one."""
    return next((limit() for pattern, limit in _large_bodies if pattern.match(path)), None)


def _policies(routes: Iterable[Any]) -> Iterator[tuple[str, str]]:
    for route in routes:
        if hasattr(route, "effective_candidates"):  # a router that FastAPI keeps as one route
            yield from _policies(route.effective_candidates())
            continue
        path = str(getattr(route, "path", ""))
        if path.startswith(OF_THE_FRAMEWORK):
            continue
        yield path, _policy_in(getattr(route, "dependant", None)) or _policy_of_mount(route)


def _policy_in(dependant: Any) -> str:
    if dependant is None:
        return ""
    own = getattr(dependant.call, "policy", "")
    return str(own) or next((found for one in dependant.dependencies if (found := _policy_in(one))), "")


def _policy_of_mount(route: Any) -> str:
    """Return the policy of a mounted application: of all its routes, or what the application says of itself."""
    app = getattr(route, "app", None)
    if policy := getattr(app, "policy", ""):
        return str(policy)
    inner = dict(_policies(app.routes)) if isinstance(app, FastAPI) else {}
    return "mounted" if inner and all(inner.values()) else ""
