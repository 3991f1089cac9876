"""Regions as people read them."""

from models.regions.resolving import region

REGIONS_SHOWN = 30


def region_full_name(code: str | None) -> str:
    """Return the full name of a region, e.g. "浙江省 杭州市 西湖区"; "" for none."""
    found = region(code) if code else None
    return found.full_name if found else code or ""
