"""Prints every route of the product as JSON: in a process of its own, as pages register themselves for good."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import FastAPI
from nicegui import app as web

from api.application import add_api
from pages.site import add_pages
from pages.web.policies import OF_THE_FRAMEWORK, policies_of


def routes_of(app: FastAPI) -> list[dict[str, Any]]:
    """Return method, path, policy in words and names of parameters of each route of people and programs, in the order
    they are asked.
    """
    policies = policies_of(app)
    return [
        {"method": method, "path": path, "policy": policies[path], **_parameters(route)}
        for method, path, route in _paths(app.routes)
        if path in policies and not path.startswith(OF_THE_FRAMEWORK)
    ]


def _paths(found: Iterable[Any]) -> Iterator[tuple[str, str, Any]]:
    for route in found:
        if hasattr(route, "effective_candidates"):
            yield from _paths(route.effective_candidates())
            continue
        for method in sorted(set(getattr(route, "methods", None) or {"ANY"}) - {"HEAD"}):
            yield method, str(getattr(route, "path", "")), route


def _parameters(route: Any) -> dict[str, list[str]]:
    dependant = getattr(route, "dependant", None)
    return {
        "query": [one.alias for one in getattr(dependant, "query_params", ())],
        "form": [one.alias for one in getattr(dependant, "body_params", ())],
    }


if __name__ == "__main__":
    add_pages(web)
    add_api(web)
    json.dump(routes_of(web), sys.stdout)
