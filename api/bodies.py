"""Request bodies: strict JSON, parsed off the event loop where it is large."""

import json
from collections.abc import Callable, Coroutine
from json import JSONDecodeError
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool

from core.errors import DomainError, InvalidInput, Problem
from core.i18n import N_

DEPTH_MAX = 32  # levels of nesting
NAMES_MAX = 50  # members of one object
NAMES_IN_ALL_MAX = 5_000
NAME_LENGTH_SHOWN = 80
ON_LOOP_BYTES_MAX = 16 * 1024  # read in well under a millisecond
FORBIDDEN_NAMES = frozenset({"__proto__", "constructor", "prototype"})
"""Names with a special meaning in JavaScript, in which programs may later read the stored data."""


class UnsupportedMediaType(DomainError):
    """The body has a media type that the route does not accept."""

    status = 415


class JsonRequest(Request):
    """A request whose body is parsed by ``read_json``."""

    async def json(self) -> Any:
        """Return the body; raises as ``read_json``."""
        if not hasattr(self, "_json"):
            body = await self.body()
            is_short = len(body) <= ON_LOOP_BYTES_MAX
            self._json = read_json(body) if is_short else await run_in_threadpool(read_json, body)
        return self._json


class JsonRoute(APIRoute):
    """A route that accepts JSON only."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler, which refuses other media types first."""
        handle = super().get_route_handler()

        async def answer(request: Request) -> Response:
            json_request = JsonRequest(request.scope, request.receive)
            if self.body_field is not None and not _is_json(json_request) and await json_request.body():
                raise UnsupportedMediaType(
                    "request.not_json_type", N_("This address takes JSON: send Content-Type: application/json.")
                )
            return await handle(json_request)

        return answer


def read_json(body: bytes) -> Any:
    """Return the value of a JSON text.

    Raises:
        InvalidInput: ``request.not_json``, ``request.duplicate_name``, ``request.forbidden_name``,
            ``request.too_many_names`` or ``request.too_deep``.
    """
    try:
        value = json.loads(body, object_pairs_hook=_Objects().made, parse_constant=_refuse_constant)
    except JSONDecodeError as error:
        raise _not_json(error.lineno, error.colno) from error
    except RecursionError as error:
        raise _too_deep() from error
    except ValueError as error:  # not UTF-8, or a number of thousands of digits
        raise _not_json(1, 1) from error
    if _depth(value) > DEPTH_MAX:
        raise _too_deep()
    return value


class _Objects:
    """Object hook of the JSON parser: builds objects, and limits and checks their names."""

    def __init__(self) -> None:
        self._count = 0

    def made(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return an object from its (name, value) pairs."""
        self._count += len(pairs)
        if len(pairs) > NAMES_MAX or self._count > NAMES_IN_ALL_MAX:
            raise InvalidInput(
                "request.too_many_names",
                N_("This body has too many names: at most {names} in one object, {all} in all."),
                names=NAMES_MAX,
                all=NAMES_IN_ALL_MAX,
            )
        made: dict[str, Any] = {}
        for name, value in pairs:
            if name in made:
                raise _wrong_name("request.duplicate_name", N_("“{name}” is stated twice: state it once."), name)
            if name in FORBIDDEN_NAMES:
                raise _wrong_name("request.forbidden_name", N_("There is no field “{name}”: leave it out."), name)
            made[name] = value
        return made


def _depth(value: Any) -> int:
    """Return the depth of nesting; 0 for a plain value."""
    depth, level = 0, [value]
    while level := [one for one in level if isinstance(one, (list, dict))]:
        depth += 1
        level = [inner for one in level for inner in (one.values() if isinstance(one, dict) else one)]
    return depth


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _refuse_constant(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are no JSON


def _wrong_name(code: str, message: str, name: str) -> InvalidInput:
    shown = name[:NAME_LENGTH_SHOWN]
    return InvalidInput(code, message, fields={shown: Problem(code, message, {"name": shown})}, name=shown)


def _not_json(line: int, column: int) -> InvalidInput:
    message = N_("The body is no JSON that can be read; look at line {line}, column {column}.")
    return InvalidInput("request.not_json", message, line=line, column=column)


def _too_deep() -> InvalidInput:
    message = N_("Lists and objects stand too deep in each other: at most {count}.")
    return InvalidInput("request.too_deep", message, count=DEPTH_MAX)
