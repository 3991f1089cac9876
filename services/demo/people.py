"""The people of the demo brand: one for each role, with passwords drawn anew for every load."""

import secrets
from typing import NamedTuple

from core.access import Role
from core.errors import InvalidInput
from services.accounts.passwords import require_acceptable

LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
GROUPS, GROUP_LENGTH = 4, 5  # together about 99 bits


class Person(NamedTuple):
    """Someone with an account. ``tier``: of the partner they work for, the first of it; "" for brand staff."""

    email: str
    name: str
    role: Role
    tier: str = ""


PEOPLE = (
    Person("gu@demo.example", "顾清远", Role.ADMINISTRATOR),
    Person("yan@demo.example", "严松", Role.EXECUTIVE),
    Person("ling@demo.example", "凌禾", Role.OPERATIONS),
    Person("wei@demo.example", "魏川", Role.SALES),
    Person("mei@demo.example", "梅静", Role.FINANCE),
    Person("tao@demo.example", "陶竹", Role.MARKETING),
    Person("he@demo.example", "何舒", Role.HR),
    Person("xu@demo.example", "许岚", Role.IT),
    Person("hua@demo.example", "华帆", Role.PARTNER_OWNER, "master_agent"),
    Person("su@demo.example", "苏晨", Role.PARTNER_CLERK, "agent_2"),
)


def new_password(person: Person) -> str:
    """Return a password nobody has had before and nobody can guess."""
    while True:
        groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
        password = "-".join(groups)
        try:
            require_acceptable(password, person.email, person.name)
        except InvalidInput:  # one in very many happens to be made of words
            continue
        return password
