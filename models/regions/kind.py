"""The kind of region fields: accepts codes and names, stores the adcode."""

from collections.abc import Sequence

from core.kinds.kind import Kind, Refused, matches
from models.regions.resolving import region, resolve


def _parse(stated: str) -> str:
    resolution = resolve(stated)
    if resolution.problem is not None:
        raise Refused(resolution.problem.code, resolution.problem.message, **resolution.problem.values)
    return resolution.region.code if resolution.region else stated


_looks_like_a_code = matches(r"[1-9]\d{5}")


def _are_current(codes: Sequence[str]) -> list[bool]:
    shaped = _looks_like_a_code(codes)
    return [
        ok and (found := region(code)) is not None and found.status == "current"
        for ok, code in zip(shaped, codes, strict=True)
    ]


REGION = Kind(name="region", parse=_parse, is_canonical=_are_current)
