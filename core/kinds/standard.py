"""The standard kinds of value: texts, codes, phones, amounts, numbers, dates, choices, references."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation
from difflib import SequenceMatcher
from enum import StrEnum
from functools import cache
from typing import Any

from core.errors import Problem
from core.i18n import N_, both_languages, translate
from core.kinds import uscc
from core.kinds.kind import Choice, Kind, Reference, Refused, dump_date, dump_instant, matches
from core.kinds.plain_texts import INVISIBLE
from core.limits import CODE_LENGTH_MAX as CODE_LENGTH_MAX
from core.limits import EMAIL_LENGTH_MAX, STATED_LENGTH_MAX
from core.limits import NAME_LENGTH_MAX as NAME_LENGTH_MAX
from core.limits import NOTE_LENGTH_MAX as NOTE_LENGTH_MAX

XML_CHARACTERS = "\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff"
CENTS_MAX = 10**15  # within the exact integers of JavaScript and Excel
UNIT_PRICE_SCALE = 10_000  # unit prices are whole numbers at 4 decimals
PPM = 1_000_000
YEAR_MIN = 1900  # of a day: earlier ones are typing errors
ALIKE_MIN = 0.6  # similarity from 0 to 1 from which a choice is suggested for a misspelt value

_ILLEGAL = re.compile(f"[^{XML_CHARACTERS}]")
_PLAIN: dict[int, int | None] = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys((0x3000, 0x00A0, 0x2007, 0x202F), 0x20),
    **dict.fromkeys(INVISIBLE),
    0xFFE5: 0xA5,
}
_SPACES = re.compile(r"\s+")
_PHONE_SIGNS = re.compile(r"[\s\-().·/–—]")
_TAG_ENDS = re.compile("[;；]")
_PLAIN_NUMBER = re.compile(r"-?(\d+|\d{1,3}(,\d{3})+)(\.\d+)?")
_EXPONENT = re.compile(r"\d(?:\.(?P<fraction>\d+))?[eE](?P<plus>\+?)(?P<exponent>\d{1,2})")
_PHONE = re.compile(r"\+?\d{6,15}")
_MAINLAND = re.compile(r"(?:\+86|0086|86)(1[3-9]\d{9})")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)*")
_DAY = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?(?:[T ]\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?)?")
_COMPACT_DAY = re.compile(r"((?:19|20)\d{2})(\d{2})(\d{2})")
_EXCEL_DAY_ZERO = date(1899, 12, 30)
_EXCEL_DAYS = range(20_000, 80_000)  # 1954 to 2119: a number outside is no date


def half_width(text: str) -> str:
    """Return ``text`` as it is compared: full-width letters, digits and signs made plain, invisible signs left out.

    Full-width ones come from Chinese keyboards, invisible ones from copying out of chats and web pages.
    """
    return text.translate(_PLAIN)


def _short(stated: str) -> str:
    """Return a short value without outer spaces, ``half_width``; "" for a text that is longer than any such value."""
    trimmed = stated.strip()
    return half_width(trimmed).strip() if len(trimmed) <= STATED_LENGTH_MAX else ""


def refuse_illegal(text: str) -> str:
    """Return ``text`` if a worksheet and an XML message can carry it. Raises ``Refused``."""
    found = _ILLEGAL.search(text)
    if found:
        raise Refused(
            "text.illegal_character",
            N_(
                "holds the control character U+{number} at position {position}, which no worksheet can carry: remove it"
            ),
            number=f"{ord(found[0]):04X}",
            position=found.start() + 1,
        )
    return text


def _require_length(stated: str, length_max: int) -> None:
    if len(stated) > length_max:
        raise Refused("text.too_long", N_("is longer than {length} characters"), length=length_max)


def text(length_max: int) -> Kind:
    """Return the kind of free text up to ``length_max`` characters: kept exactly as stated, never trimmed."""

    def parse(stated: str) -> str:
        _require_length(stated, length_max)
        return refuse_illegal(stated)

    return Kind(
        name="text",
        parse=parse,
        is_canonical=matches(f"(?=.*\\S)[{XML_CHARACTERS}]+", length_max),
        keeps_spaces=True,
    )


def code(length_max: int) -> Kind:
    """Return the kind of identifying codes, up to ``length_max`` characters, without outer spaces.

    Invisible characters are removed, so that two codes that look alike are equal.
    """

    def parse(stated: str) -> str | None:
        _require_length(stated.strip(), STATED_LENGTH_MAX)
        found = written_out(refuse_illegal(_short(stated)), needs_plus=True)
        _require_length(found, length_max)
        return found or None

    canonical = matches(rf"[A-Za-z0-9][A-Za-z0-9._\-]{{0,{length_max - 1}}}")
    return Kind(name="code", parse=parse, is_canonical=canonical, refuses_dates=True)


def parse_phone(stated: str) -> str:
    """Return the digits of a phone as typed, or as Excel made a number of it; +86 before a mobile is dropped.

    Raises:
        Refused: ``phone.invalid``, ``cells.digits_lost``.
    """
    compact = _PHONE_SIGNS.sub("", written_out(_short(stated)).removesuffix(".0"))
    if mainland := _MAINLAND.fullmatch(compact):
        return mainland[1]
    if not _PHONE.fullmatch(compact):
        raise Refused("phone.invalid", N_("is not a phone number: 6 to 15 digits, optionally after a +"))
    return compact


def written_out(text: str, *, needs_plus: bool = False) -> str:
    """Return a number that a spreadsheet shows with an exponent with all its digits; any other text as it is.

    Args:
        text: As ``half_width`` returns it.
        needs_plus: Whether only the form of spreadsheets counts, ``6.90123E+12``; 2E5 is an honest code.

    Raises:
        Refused: ``cells.digits_lost`` if the text has fewer digits than the number: the others are gone.
    """
    found = _EXPONENT.fullmatch(text)
    if found is None or (needs_plus and not found["plus"]):
        return text
    if len(found["fraction"] or "") < int(found["exponent"]):
        raise Refused(
            "cells.digits_lost",
            N_("has lost digits in a spreadsheet: format the column as text and type the whole number again"),
        )
    return f"{Decimal(text):f}"


def _parse_uscc(stated: str) -> str:
    code = _SPACES.sub("", _short(stated)).replace("-", "").upper()
    if uscc.is_valid(code):
        return code
    if len(code) == 15 and code.isdigit():
        return code  # licences issued before 2015
    if len(code) != uscc.LENGTH:
        raise Refused(
            "uscc.length",
            N_("is not a social credit code: it needs 18 characters, this has {length}"),
            length=len(code) or len(stated),
        )
    suggestion = code.translate(str.maketrans("OI", "01"))
    if suggestion != code and uscc.is_valid(suggestion):
        raise Refused(
            "uscc.suggestion",
            N_("is not a social credit code: letters O and I never occur; is it {suggestion}?"),
            suggestion=suggestion,
        )
    raise Refused(
        "uscc.check_digit", N_("is not a social credit code: its check characters do not fit, some character is wrong")
    )


def _decimal(stated: str) -> Decimal:
    plain = _SPACES.sub("", _short(stated)).replace("−", "-")
    plain = plain.removeprefix("¥").removeprefix("CNY").removesuffix("元")
    scale = 10_000 if plain.endswith("万") else 1
    plain = plain.removesuffix("万")
    try:
        if _PLAIN_NUMBER.fullmatch(plain):
            return Decimal(plain.replace(",", "")) * scale
        if _EXPONENT.fullmatch(plain):
            return Decimal(written_out(plain))
    except InvalidOperation:
        pass
    raise Refused("number.invalid", N_("is not a number: write it like 1234.56"))


def _whole(amount: Decimal, scale: int, decimals: int) -> int:
    scaled = amount * scale
    if scaled != scaled.to_integral_value():
        raise Refused("number.decimals", N_("has more than {decimals} decimals"), decimals=decimals)
    return int(scaled)


def money(cents_min: int = 0) -> Kind:
    """Return the kind of amounts: yuan outside, whole cents from ``cents_min`` to ``CENTS_MAX`` inside."""

    def parse(stated: str) -> int:
        cents = _whole(_decimal(stated), 100, 2)
        if not cents_min <= cents <= CENTS_MAX:
            raise Refused(
                "money.out_of_range", N_("is outside what is allowed: at least {least} yuan"), least=yuan(cents_min)
            )
        return cents

    return Kind(name="money", parse=parse, dump=lambda cents: None if cents is None else yuan(cents), style="money")


def yuan(cents: int) -> str:
    """Return an amount in cents as decimal yuan with two places, e.g. ``-1.05``."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole}.{rest:02}"


def grouped_yuan(cents: int) -> str:
    """Return an amount in cents as sentences state it, e.g. ``-1,234.05``."""
    whole, rest = divmod(abs(cents), 100)
    return f"{'-' if cents < 0 else ''}{whole:,}.{rest:02}"


def scaled_text(value: int, scale: int) -> str:
    """Return a whole number at ``scale`` as a decimal without needless zeros, at least two places for prices."""
    return f"{(Decimal(value) / scale).normalize():f}"


def _parse_unit_price(stated: str) -> int:
    price = _whole(_decimal(stated), UNIT_PRICE_SCALE, 4)
    if not 0 <= price <= CENTS_MAX:
        raise Refused("money.out_of_range", N_("is outside what is allowed: at least {least} yuan"), least="0")
    return price


def _parse_rate(stated: str) -> int:
    plain = _short(stated)
    rate = _decimal(plain.removesuffix("%"))
    if plain.endswith("%") or rate > 1:  # nobody means 1300 % by 13
        rate /= 100
    if not 0 <= rate <= 1:
        raise Refused("rate.out_of_range", N_("is not between 0 % and 100 %"))
    return _whole(rate, PPM, 6)


def integer(least: int, most: int) -> Kind:
    """Return the kind of whole numbers from ``least`` to ``most``, both included."""

    def parse(stated: str) -> int:
        number = _whole(_decimal(stated), 1, 0)
        if not least <= number <= most:
            raise Refused("number.out_of_range", N_("is not between {least} and {most}"), least=least, most=most)
        return number

    return Kind(name="integer", parse=parse, style="integer")


def refuse_early(day: date) -> None:
    """Refuse a day before ``YEAR_MIN``. Raises ``Refused``."""
    if day.year < YEAR_MIN:
        raise Refused("date.too_early", N_("is before the year {year}"), year=YEAR_MIN)


def _parse_day(stated: str) -> date:
    plain = _short(stated)
    found = _DAY.fullmatch(plain) or _COMPACT_DAY.fullmatch(plain)
    try:
        if found:
            day = date(int(found[1]), int(found[2]), int(found[3]))
            refuse_early(day)
            return day
        if plain.isascii() and plain.isdigit() and int(plain) in _EXCEL_DAYS:
            return _EXCEL_DAY_ZERO + timedelta(days=int(plain))
    except ValueError:
        pass
    raise Refused("date.invalid", N_("is not a date: write it like 2026-11-22"))


def _parse_email(stated: str) -> str:
    address = refuse_illegal(_short(stated).lower())
    if len(address) > EMAIL_LENGTH_MAX or not _EMAIL.fullmatch(address):
        raise Refused("email.invalid", N_("is not an e-mail address: write it like name@example.com"))
    return address


def _parse_tags(stated: str) -> str | None:
    _require_length(stated, NOTE_LENGTH_MAX)
    tags = dict.fromkeys(tag.strip() for tag in _TAG_ENDS.split(refuse_illegal(stated)))
    joined = ";".join(tag for tag in tags if tag)
    return joined or None


def choice(*choices: Choice) -> Kind:
    """Return the kind of an enumerated value; its code, English or Chinese label are accepted."""

    @cache
    def meanings() -> dict[str, str]:
        labels = {half_width(label).casefold(): one.value for one in choices for label in both_languages(one.label)}
        return labels | {one.value.casefold(): one.value for one in choices}

    def parse(stated: str) -> str:
        meaning = meanings().get(_short(stated).casefold())
        if meaning is None:
            problem = unknown_choice(choices, stated)
            raise Refused(problem.code, problem.message, **problem.values)
        return meaning

    return Kind(name="choice", parse=parse, choices=choices)


def unknown_choice(choices: Sequence[Choice], stated: str) -> Problem:
    """Return the problem of a value that is none of ``choices``: their labels, and the most similar one."""
    values: dict[str, object] = {"allowed": Labels(one.label for one in choices)}
    nearest = _nearest_choice(choices, _short(stated).casefold())
    if nearest is None:
        return Problem("choice.unknown", N_("is none of: {allowed}"), values)
    values["nearest"] = Labels([nearest.label])
    return Problem("choice.unknown", N_("is not known; is it “{nearest}”? Possible are: {allowed}"), values)


class Labels(tuple[str, ...]):
    """Labels of choices that a sentence names: each in the language the sentence is made in."""

    __slots__ = ()

    def __str__(self) -> str:
        return " / ".join(translate(label) for label in self)


def _nearest_choice(choices: Sequence[Choice], stated: str) -> Choice | None:
    """Return the choice with the most similar code or label, if any is similar enough; the first of equals."""
    if len(stated) > CODE_LENGTH_MAX:
        return None
    words = {half_width(word).casefold(): one for one in choices for word in (one.value, *both_languages(one.label))}
    part = [word for word in words if len(stated) > 1 and (stated in word or word in stated)]
    alike = {word: SequenceMatcher(None, stated, word).ratio() for word in part or words}
    best = max(alike, key=alike.__getitem__)
    return words[best] if part or alike[best] >= ALIKE_MIN else None


def choices_of(labels: dict[StrEnum, tuple[str, str]]) -> tuple[Choice, ...]:
    """Return the choices of an enumeration from its (label, tone) table."""
    return tuple(Choice(value.value, label, tone) for value, (label, tone) in labels.items())


def reference(resource: str, key: Any, title: Any) -> Kind:
    """Return the kind of a reference to another resource by its key, see ``core.kinds.kind.Reference``."""
    return Kind(
        name="reference",
        parse=CODE.parse,
        is_canonical=CODE.is_canonical,
        refuses_dates=True,
        reference=Reference(resource, key, title),
    )


def _uscc_canonical(codes: Sequence[str]) -> Sequence[bool]:
    return uscc.are_valid(codes)


def _read_only(stated: str) -> Any:
    raise Refused("fields.not_stated", N_("is kept by the system and cannot be stated"))


CODE = code(CODE_LENGTH_MAX)
LINE = text(NAME_LENGTH_MAX)
NAME = replace(LINE, is_searched=True)
NOTE = text(NOTE_LENGTH_MAX)
PHONE = Kind(
    name="phone",
    parse=parse_phone,
    is_canonical=matches(r"1[3-9]\d{9}|0\d{9,11}"),
    refuses_dates=True,
    is_searched=True,
)
USCC = Kind(name="uscc", parse=_parse_uscc, is_canonical=_uscc_canonical)
EMAIL = Kind(name="email", parse=_parse_email, is_searched=True)
MONEY = money()
UNIT_PRICE = Kind(
    name="unit_price",
    parse=_parse_unit_price,
    dump=lambda price: None if price is None else scaled_text(price, UNIT_PRICE_SCALE),
    style="unit_price",
)
RATE = Kind(
    name="rate",
    parse=_parse_rate,
    dump=lambda ppm: None if ppm is None else scaled_text(ppm, PPM),
    style="decimal",
)
QUANTITY = integer(1, 10**9)
DAY = Kind(name="date", parse=_parse_day, dump=dump_date, style="date")
INSTANT = Kind(name="instant", parse=_read_only, dump=dump_instant, style="datetime")
TAGS = Kind(name="tags", parse=_parse_tags)

MISSING = Problem("fields.required", N_("is required"))
