"""What the command ``demo load`` prints."""

import pytest

from core.i18n import use_language
from services.demo.commands import people_table

COUNTS = dict.fromkeys(("partners", "stores", "products", "customers", "orders"), 1_000)
PEOPLE = [
    {"email": "admin@example.com", "role": "administrator", "password": "one"},
    {"email": "hd@example.com", "role": "partner_owner", "password": "two"},
]


@pytest.mark.parametrize(
    ("language", "lines"),
    [
        ("zh_CN", ["  admin@example.com  系统管理员      one", "  hd@example.com     合作伙伴负责人  two"]),
        ("en", ["  admin@example.com  Administrator  one", "  hd@example.com     Partner owner  two"]),
    ],
)
def test_people_are_listed_with_their_roles_in_the_language_of_the_terminal(language: str, lines: list[str]):
    with use_language(language):
        table = people_table({**COUNTS, "people": PEOPLE})

    assert table.splitlines()[-2:] == lines
