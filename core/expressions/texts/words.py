"""The words of the grammar in both languages: each operator, each period, each distance from today.

The first word of a language is the one that texts are written with; all are understood, whatever the language.
"""

from dataclasses import dataclass

from core.expressions.nodes import Comparison, Unit


@dataclass(frozen=True, slots=True)
class Words:
    """How an operator is said: in English, in Chinese, the written one first."""

    english: tuple[str, ...]
    chinese: tuple[str, ...]

    @property
    def all(self) -> tuple[str, ...]:
        """Return the words of both languages."""
        return self.english + self.chinese

    def written(self, language: str) -> str:
        """Return the word that a text in ``language`` has."""
        return self.chinese[0] if language == "zh_CN" else self.english[0]


AND = Words(("and",), ("且", "并且", "而且"))
OR = Words(("or",), ("或", "或者"))
NOT = Words(("not",), ("不", "非", "并非"))
IN = Words(("in",), ("属于",))
NOT_IN = Words(("not in",), ("不属于",))
BETWEEN = Words(("between",), ("介于",))
TO = Words(("and",), ("和", "与", "到", "至"))
"""Stands between the ends of ``BETWEEN``."""
BETWEEN_END = Words((), ("之间",))
CONTAINS = Words(("contains",), ("包含", "含有"))
NOT_CONTAINS = Words(("not contains",), ("不包含", "不含"))
STARTS = Words(("starts with",), ("开头是", "开头为"))
EMPTY = Words(("is empty",), ("为空", "是空"))
NOT_EMPTY = Words(("is not empty",), ("不为空", "非空"))
PATH_SEPARATOR = Words((".",), ("的",))
"""Leads from a reference to a field of the row above."""

COMPARISONS: dict[Comparison, Words] = {
    Comparison.IS: Words(("=", "==", "is"), ("=", "是", "为", "等于")),
    Comparison.IS_NOT: Words(("!=", "<>", "≠", "is not"), ("!=", "不是", "不为", "不等于")),
    Comparison.LESS: Words(("<",), ("<", "小于", "低于", "早于")),
    Comparison.AT_MOST: Words(("<=", "≤"), ("<=", "小于等于", "不大于", "不超过", "不晚于", "至多")),
    Comparison.MORE: Words((">",), (">", "大于", "超过", "高于", "晚于")),
    Comparison.AT_LEAST: Words((">=", "≥"), (">=", "大于等于", "不小于", "不低于", "不早于", "至少")),
}

PERIODS: dict[tuple[Unit, int], Words] = {
    (Unit.DAY, 0): Words(("today",), ("今天", "今日")),
    (Unit.DAY, -1): Words(("yesterday",), ("昨天", "昨日")),
    (Unit.DAY, 1): Words(("tomorrow",), ("明天", "明日")),
    (Unit.WEEK, 0): Words(("this week",), ("本周", "这周")),
    (Unit.WEEK, -1): Words(("last week",), ("上周",)),
    (Unit.WEEK, 1): Words(("next week",), ("下周",)),
    (Unit.MONTH, 0): Words(("this month",), ("本月", "这个月")),
    (Unit.MONTH, -1): Words(("last month",), ("上月", "上个月")),
    (Unit.MONTH, 1): Words(("next month",), ("下月", "下个月")),
    (Unit.QUARTER, 0): Words(("this quarter",), ("本季度", "本季")),
    (Unit.QUARTER, -1): Words(("last quarter",), ("上季度", "上季")),
    (Unit.QUARTER, 1): Words(("next quarter",), ("下季度", "下季")),
    (Unit.YEAR, 0): Words(("this year",), ("今年", "本年")),
    (Unit.YEAR, -1): Words(("last year",), ("去年", "上年")),
    (Unit.YEAR, 1): Words(("next year",), ("明年", "下年")),
}

AGO: dict[Unit, Words] = {
    Unit.DAY: Words(("days ago", "day ago"), ("天前", "日前")),
    Unit.WEEK: Words(("weeks ago", "week ago"), ("周前",)),
    Unit.MONTH: Words(("months ago", "month ago"), ("个月前", "月前")),
    Unit.YEAR: Words(("years ago", "year ago"), ("年前",)),
}
AHEAD: dict[Unit, Words] = {
    Unit.DAY: Words(("days ahead", "day ahead"), ("天后", "日后")),
    Unit.WEEK: Words(("weeks ahead", "week ahead"), ("周后",)),
    Unit.MONTH: Words(("months ahead", "month ahead"), ("个月后", "月后")),
    Unit.YEAR: Words(("years ahead", "year ahead"), ("年后",)),
}
"""Said behind a number."""

OPERATOR_WORDS: dict[str, Words] = {
    "and": AND,
    "or": OR,
    "not in": NOT_IN,
    "not contains": NOT_CONTAINS,
    "not empty": NOT_EMPTY,
    "empty": EMPTY,
    "not": NOT,
    "in": IN,
    "between": BETWEEN,
    "between end": BETWEEN_END,
    "contains": CONTAINS,
    "starts": STARTS,
    **{comparison.value: words for comparison, words in COMPARISONS.items()},
}
OPERATOR_BY_WORD: dict[str, str] = {word: name for name, words in OPERATOR_WORDS.items() for word in words.all}
"""Word → name of the operator."""
DIRECTION_BY_WORD: dict[str, tuple[Unit, int]] = {
    word: (unit, sign) for sign, table in ((-1, AGO), (1, AHEAD)) for unit, words in table.items() for word in words.all
}
"""Word behind a number → unit and direction."""
PERIOD_WORDS: dict[str, tuple[Unit, int]] = {word: period for period, words in PERIODS.items() for word in words.all}
RESERVED = frozenset(
    part
    for word in (*OPERATOR_BY_WORD, *PERIOD_WORDS, *DIRECTION_BY_WORD, *TO.all, *PATH_SEPARATOR.all)
    for part in (word, *word.split())
)
"""Words that are no names unless they stand in brackets, no codes unless in quotation marks."""
PHRASES = frozenset(
    word
    for word in (*OPERATOR_BY_WORD, *PERIOD_WORDS, *DIRECTION_BY_WORD, *TO.all, *PATH_SEPARATOR.all)
    if word[0].isalpha()
)
"""Words of letters, whole, as they are cut out of a text."""
