"""The city in which a mobile number was issued: a hint about a store far away from it, never a rule.

Numbers move with the people who own them, and keep their first seven digits when they change the operator.
"""

import re
from contextlib import closing

from core.limits import STATED_LENGTH_MAX
from models.regions.table import Region, open_reference, region

SPACES = re.compile(r"[\s()-]")
MOBILE = re.compile(r"(?:\+?86)?(1[3-9]\d{5})\d{4}")


def place_given_out(phone: str) -> Region | None:
    """Return the city (or municipality) that issued a mainland mobile number; None if that is not known."""
    number = MOBILE.fullmatch(SPACES.sub("", phone[:STATED_LENGTH_MAX]))
    if number is None:
        return None
    prefix = int(number[1])
    with closing(open_reference()) as reference:
        found = reference.execute(
            'SELECT "first" + "count", region FROM phone_ranges JOIN phone_places ON phone_places.id = place'
            ' WHERE "first" <= ? ORDER BY "first" DESC LIMIT 1',
            (prefix,),
        ).fetchone()
    if found is None or prefix >= found[0]:
        return None
    return region(found[1])
