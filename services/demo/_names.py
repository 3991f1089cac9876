"""Names, places, telephone and registration numbers of people and companies that do not exist, all made by rule.

Names are put together from common characters, so one may chance to be somebody's. Numbers cannot be: mobiles begin
with 154, which is given to no operator, and organisation codes with QH, which no register gives out.
"""

import secrets
from collections.abc import Callable
from functools import cache
from random import Random
from typing import NamedTuple

from core.errors import InvalidInput
from core.kinds.uscc import ALPHABET, check_character, organisation_check
from core.permissions import Role
from models.regions.resolving import Region, regions_below
from services.accounts.passwords import require_acceptable

PREFIX = "QH"
"""How every demo code, SKU and order number begins."""
PROVINCES = ("330000", "320000", "440000", "370000", "510000", "420000")
PROVINCE_WEIGHTS = (28, 22, 18, 12, 11, 9)

SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许邓冯韩曹"
GIVEN = "宁安然禾川溪岚松柏青云舒远清和悦晨阳帆竹苗田雨霖岩峰湘海波静"
FIRST = "恒鼎瑞嘉德鑫盛泰锦裕兴隆润丰禾佳惠汇万合"
SECOND = "源盛丰泰达祥和通瑞康诚信昌荣顺茂"
TRADES = ("贸易", "商贸", "食品", "粮油", "供应链", "农产品", "礼品", "酒店用品")
SHOPS = ("粮油店", "食品店", "便利店", "生鲜店", "土特产店", "超市")
ROADS = ("建设路", "人民路", "中山路", "解放路", "和平路", "青年路", "滨河路", "学府路", "环城路", "文化路", "新华街")

_MOBILE_STEP = 48_271  # shares no factor with 10 ** 8, so that no number comes twice
_ZONE = "7"  # fifth digit of codes that are development zones and no county


class Locality(NamedTuple):
    """A county (or a city without counties) and the city it lies in."""

    city: Region
    county: Region


class NameMaker:
    """Generator of unique names; the same random generator gives the same names."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self._taken: set[str] = set()
        self._numbers = 0

    def place(self, province: str) -> Locality:
        """Return a place in a province."""
        return self.random.choice(localities(province))

    def address(self, place: Locality) -> str:
        """Return an address in a place."""
        full = place.county.full_name.replace(" ", "")
        return f"{full}{self.random.choice(ROADS)}{self.random.randrange(1, 400)}号"

    def company(self, place: Locality) -> str:
        """Return the name of a company, e.g. 杭州恒源贸易有限公司."""
        city = place.city.name.removesuffix("市")
        return self._once(lambda: f"{city}{self._word()}{self.random.choice(TRADES)}有限公司")

    def shop(self, place: Locality) -> str:
        """Return the name of a shop, e.g. 西湖区恒源粮油店."""
        return self._once(lambda: f"{place.county.name}{self._word()}{self.random.choice(SHOPS)}")

    def person(self) -> str:
        """Return the name of a person; namesakes happen."""
        return self.random.choice(SURNAMES) + "".join(self.random.sample(GIVEN, self.random.choice((1, 2, 2))))

    def mobile(self) -> str:
        """Return a mobile number that no operator can have given out; none comes twice."""
        self._numbers += 1
        return f"154{self._numbers * _MOBILE_STEP % 10**8:08}"

    def uscc(self, place: Locality, *, kind: str = "91") -> str:
        """Return a well-formed social credit code; ``kind`` 91 = company, 92 = self-employed person."""
        self._numbers += 1
        digits, rest = "", self._numbers
        for _ in range(6):
            rest, digit = divmod(rest, len(ALPHABET))
            digits = ALPHABET[digit] + digits
        organisation = PREFIX + digits
        check = organisation_check(organisation)
        first_17 = f"{kind}{place.county.code}{organisation}{check}"
        return first_17 + check_character(first_17)

    def _word(self) -> str:
        return self.random.choice(FIRST) + self.random.choice(SECOND)

    def _once(self, make: Callable[[], str]) -> str:
        for _ in range(8):
            name = make()
            if name not in self._taken:
                break
        else:
            name = f"{name}{len(self._taken)}"
        self._taken.add(name)
        return name


@cache
def localities(province: str) -> tuple[Locality, ...]:
    """Return every place of a province, by code; prefectures that are no city are left out, their names are long."""
    found = []
    for city in regions_below(province):
        if city.name.endswith("市"):
            counties = (city,) if city.is_leaf else regions_below(city.code)
            found += [Locality(city, county) for county in counties if county.code[4] != _ZONE]
    return tuple(found)


LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that looks like another
GROUPS, GROUP_LENGTH = 4, 5  # together about 99 bits


class DemoPerson(NamedTuple):
    """A demo user. ``tier``: of the partner they work for, the first of it; "" for brand staff."""

    email: str
    name: str
    role: Role
    tier: str = ""


PEOPLE = (
    DemoPerson("gu@demo.example", "顾清远", Role.ADMINISTRATOR),
    DemoPerson("yan@demo.example", "严松", Role.EXECUTIVE),
    DemoPerson("ling@demo.example", "凌禾", Role.OPERATIONS),
    DemoPerson("wei@demo.example", "魏川", Role.SALES),
    DemoPerson("mei@demo.example", "梅静", Role.FINANCE),
    DemoPerson("tao@demo.example", "陶竹", Role.MARKETING),
    DemoPerson("he@demo.example", "何舒", Role.HR),
    DemoPerson("xu@demo.example", "许岚", Role.IT),
    DemoPerson("hua@demo.example", "华帆", Role.PARTNER_OWNER, "master_agent"),
    DemoPerson("su@demo.example", "苏晨", Role.PARTNER_CLERK, "agent_2"),
)


def new_password(person: DemoPerson) -> str:
    """Return a random password."""
    while True:
        groups = ("".join(secrets.choice(LETTERS) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
        password = "-".join(groups)
        try:
            require_acceptable(password, person.email, person.name)
        except InvalidInput:  # one in very many happens to be made of words
            continue
        return password
