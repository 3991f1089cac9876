"""The kind of a region field: any way people name a region in, its adcode stored."""

from core.kinds import Kind, Refused, matches
from models.regions import region, resolve


def _parse(stated: str) -> str:
    resolution = resolve(stated)
    if resolution.region is None:
        problem = resolution.problem
        assert problem is not None, "a region that is not found says why"
        raise Refused(problem.code, problem.message, **problem.values)
    return resolution.region.code


_looks_like_a_code = matches(r"[1-9]\d{5}")


def _are_current(codes: "list[str]") -> list[bool]:
    shaped = _looks_like_a_code(codes)
    return [
        ok and (found := region(code)) is not None and found.status == "current"
        for ok, code in zip(shaped, codes, strict=True)
    ]


REGION = Kind(name="region", parse=_parse, is_canonical=_are_current)
