"""Normalised names of stores for the detection of duplicates: without width, brackets, kind of shop and place."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache

from rapidfuzz import fuzz, process

from core.kinds.standard import NAME_LENGTH_MAX, half_width
from models.regions.table import region, table

ALIKE = 0.90
"""Similarity from which two names count as the same."""
RATHER_ALIKE = 0.75

_KINDS = re.compile(
    "(?:有限责任公司|股份有限公司|有限公司|个体工商户|旗舰店|专卖店|专营店|直营店|体验店|加盟店|便利店|超市|商店|商行|"
    "门市部|门市|经营部|营业部|服务部|销售部|连锁|分店|总店|门店|店铺|小店|"
    "(?:粮油|食品|副食|生鲜|水果|蔬菜|土特产|特产|烟酒|茶叶|百货|日用品|杂货|文具|母婴|美妆|化妆品|服装|餐饮|小吃)+(?:店|行)|店|铺)+"
    "(?=\\s|$)"
)
_SIGNS = re.compile(r"[^\w]+")
_ENDINGS = ("特别行政区", "自治州", "自治县", "自治旗", "地区", "新区", "省", "市", "区", "县", "盟", "旗")
_SHORT_MIN = 2  # letters of a place name without its ending


def name_key(name: str, region_code: str | None = None) -> str:
    """Return the normalised name; the whole name if nothing would be left of it.

    Args:
        name: As stated.
        region_code: Adcode of where the store says it is: a city or county of it in front of the name is left out.
    """
    plain = " ".join(_SIGNS.sub(" ", half_width(name).casefold().replace("_", " ")).split())
    rest = _without_place(plain, region_code)
    words = (_KINDS.sub("", word) for word in rest.split())
    key = " ".join(word for word in words if word)
    return (key or plain)[:NAME_LENGTH_MAX]


def similarity(key: str, other: str) -> float:
    """Return the similarity of two keys, 0 to 1: the share of equal letters in what their words do not have in common.

    A key whose words all occur in the other counts as the same: 恒源 and 恒源 南京路. Where words are divided in
    another way, as often in Chinese, they are compared without spaces too.
    """
    return similarities([key], [other])[0]


def similarities(keys: Sequence[str], others: Sequence[str]) -> list[float]:
    """Return the similarity of each pair, see ``similarity``."""
    if not keys:
        return []
    by_word = process.cpdist(keys, others, scorer=fuzz.token_set_ratio)
    joined = [[key.replace(" ", "") for key in some] for some in (keys, others)]
    by_letter = process.cpdist(*joined, scorer=fuzz.ratio)
    return [
        float(max(words, letters)) / 100 if key and other else 0.0
        for words, letters, key, other in zip(by_word, by_letter, keys, others, strict=True)
    ]


def _without_place(plain: str, region_code: str | None) -> str:
    """Return a name without provinces, cities and its own county in front of it."""
    places, longest = _cities()
    own = _own_names(region_code)
    for _ in range(3):  # province, city, county
        found = next(
            (
                length
                for length in range(min(longest, len(plain) - _SHORT_MIN), _SHORT_MIN - 1, -1)
                if plain[:length] in places or plain[:length] in own
            ),
            0,
        )
        if not found:
            break
        plain = plain[found:].lstrip()
    return plain


@cache
def _cities() -> tuple[frozenset[str], int]:
    """Return the names of all provinces and cities, with and without their ending, and the longest one's length."""
    large = (one for one in table().regions.values() if one.level < 3 and one.status == "current")
    names = {name for one in large for name in _spelt(one.name)}
    return frozenset(names), max(map(len, names)) + 8


@lru_cache(maxsize=5_000)
def _own_names(region_code: str | None) -> frozenset[str]:
    found = region(region_code) if region_code else None
    return frozenset(_spelt(found.name)) if found else frozenset()


def _spelt(name: str) -> set[str]:
    ending = next((one for one in _ENDINGS if name.endswith(one)), "")
    short = name.removesuffix(ending)
    return {name, short} if len(short) >= _SHORT_MIN else {name}
