"""The release of the product."""

import tomllib
from functools import cache

from core.settings import ROOT


@cache
def release() -> str:
    """Return the release as pyproject.toml states it, e.g. "0.1.0"."""
    facts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return str(facts["project"]["version"])
