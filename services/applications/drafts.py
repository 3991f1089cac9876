"""What an applicant states: which fields there are, how they are read, and what is still missing."""

from collections.abc import Mapping

from core.errors import Problem
from core.i18n import N_
from core.kinds.kind import Kind, Refused
from core.kinds.standard import EMAIL, MISSING, NAME, NOTE, NOTE_LENGTH_MAX, PHONE, USCC
from models.partners.tiers import TIER
from models.regions.kind import REGION
from models.regions.resolving import region

KINDS: dict[str, Kind] = {
    "tier": TIER,
    "region": REGION,
    "name": NAME,
    "uscc": USCC,
    "address": NOTE,
    "contact": NAME,
    "phone": PHONE,
    "email": EMAIL,
    "note": NOTE,
}
"""Fields that become columns, and how each is read."""
CHOICES = ("invite", "upstream", "way")
"""What else a draft keeps: the code of an invite, the upstream chosen, and by which of the ways it was chosen."""
PERSONS = frozenset({"micro_merchant", "group_leader"})
"""Tiers that a person without a business licence may apply for."""
STEPS: dict[int, tuple[str, ...]] = {
    1: ("tier", "region", "invite", "upstream"),
    2: ("name", "uscc", "licence", "address"),
    3: ("contact", "phone", "email", "note"),
}
"""Step of the form to the fields it asks for; the fourth shows them all."""
ALWAYS = ("tier", "region", "name", "contact", "phone", "email")


def kept_texts(stated: Mapping[str, str]) -> dict[str, str]:
    """Return what a draft keeps of what a form says: the fields there are, each text cut to what any may hold."""
    return {name: str(stated[name])[: NOTE_LENGTH_MAX + 1] for name in (*KINDS, *CHOICES) if name in stated}


def read_texts(stated: Mapping[str, str]) -> tuple[dict[str, str | None], dict[str, Problem]]:
    """Return the checked value of each field stated, None where it is blank or wrong, and why it is wrong."""
    values: dict[str, str | None] = {}
    problems: dict[str, Problem] = {}
    for name, kind in KINDS.items():
        if name not in stated:
            continue
        values[name] = None
        try:
            values[name] = kind.parse_cell(stated[name])
        except Refused as refused:
            problems[name] = refused.problem
    found = region(values.get("region") or "")
    if found is not None and found.level < 3 and not found.is_leaf:
        values["region"] = None
        too_large = N_("is too large: name the county or district, for example 苏州市姑苏区")
        problems["region"] = Problem("applications.region_too_large", too_large)
    return values, problems


def missing(values: Mapping[str, str | None], *, has_licence: bool) -> dict[str, Problem]:
    """Return what has to be stated before an application can be submitted and is not.

    Who applies as a person (``PERSONS``) needs no social credit code and no licence.
    """
    needed = [name for name in ALWAYS if _says_nothing(values.get(name))]
    if values.get("tier") not in PERSONS:
        needed += [] if values.get("uscc") else ["uscc"]
        needed += [] if has_licence else ["licence"]
    return dict.fromkeys(needed, MISSING)


def step_of(name: str) -> int:
    """Return the step of the form that asks for a field."""
    return next((step for step, names in STEPS.items() if name in names), 4)


def _says_nothing(value: str | None) -> bool:
    return value is None or not value.strip()
