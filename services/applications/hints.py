"""What a reviewer should look at before deciding: the same company already there, and how the stated facts fit."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from rapidfuzz import fuzz
from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.errors import Problem
from core.i18n import N_
from core.kinds import uscc
from core.kinds.plain_texts import normal_form
from core.permissions import Permission
from models.accounts.users import User
from models.partners.applications import Application
from models.partners.partners import Partner
from models.regions.names import longest_parses
from models.regions.resolving import code_range, region

ALIKE_MIN = 84.0
"""From this similarity (0 to 100, of what is left of two names) on they are taken to mean the same company."""
CANDIDATES_MAX = 2_000
SHOWN_MAX = 10

_IN_BRACKETS = re.compile(r"\(([^()]*)\)")
_MOBILE = re.compile(r"1[3-9]\d{9}")
_SIGNS = re.compile(r"[^\w]+")
_FORMS = re.compile(
    r"(有限责任公司|股份有限公司|有限公司|责任公司|合伙企业|个体工商户|分公司|集团|公司|工作室|经营部|商行|商店|商贸|贸易|实业|科技"
    r"|co ?ltd|limited|ltd|inc|company|trading)"
)
_EVERYBODY = {"see_all": "an e-mail address signs in to one account across the brand"}


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A partner that may be the applicant already: ``why`` says by what."""

    code: str
    name: str
    status: str
    why: Problem


def duplicates_of(session: Session, application: Application) -> list[Duplicate]:
    """Return partners with the same social credit code, the same phone or nearly the same name, the surest first.

    For reviewers only: an applicant learns nothing about who is there.

    Raises:
        NotPermitted: The actor may not decide applications.
    """
    actor_of(session).require(Permission.APPLICATION_DECIDE)
    found: dict[str, Duplicate] = {}
    same_code = Problem("applications.same_uscc", N_("has the same social credit code"))
    same_phone = Problem("applications.same_phone", N_("has the same phone"))
    for value, column, why in (
        (application.uscc, Partner.uscc, same_code),
        (application.phone, Partner.phone, same_phone),
    ):
        for partner in _others(session, application, column == value) if value else ():
            found.setdefault(partner.code, Duplicate(partner.code, partner.name, partner.status, why))
    for partner, percent in _alike(session, application):
        why = Problem("applications.near_name", N_("is called nearly the same ({percent} %)"), {"percent": percent})
        found.setdefault(partner.code, Duplicate(partner.code, partner.name, partner.status, why))
    return list(found.values())[:SHOWN_MAX]


def findings_of(session: Session, application: Application) -> list[Problem]:
    """Return what does not fit in what was stated, as sentences for the reviewer.

    Raises:
        NotPermitted: The actor may not decide applications.
    """
    actor_of(session).require(Permission.APPLICATION_DECIDE)
    return [*_about_uscc(application), *_about_phone(application), *_about_account(session, application)]


def plain_name(name: str, *, without_place: bool = True) -> str:
    """Return what is left of a company's name without its place, its legal form and signs: what tells it from others.

    >>> plain_name("恒源（苏州）商贸有限公司") == plain_name("苏州市恒源贸易公司")
    True
    """
    text = whole = normal_form("NFKC", name).casefold()
    for inside in _IN_BRACKETS.findall(text):
        if _place_end(inside) == len(inside):
            text = text.replace(f"({inside})", "")
    kept = _without_form(text[_place_end(text) :]) if without_place else _without_form(text)
    return kept or _SIGNS.sub("", whole)


def alikeness(one: str, other: str) -> float:
    """Return how alike two companies' names are, 0 to 100, after ``plain_name``.

    What reads like a place may be the name itself (龙井茶叶), so either of the two is also taken with it.
    """
    plain, other_plain = plain_name(one), plain_name(other)
    pairs = (
        (plain, other_plain),
        (plain, plain_name(other, without_place=False)),
        (plain_name(one, without_place=False), other_plain),
    )
    return max(fuzz.ratio(*pair) for pair in pairs)


def _without_form(text: str) -> str:
    return _SIGNS.sub("", _FORMS.sub("", _SIGNS.sub(" ", text)))


def _place_end(text: str) -> int:
    """Return where the names of places at the beginning of a text end; 0 if it begins with none."""
    return max((one.end for one in longest_parses(text)), default=0)


def _others(session: Session, application: Application, condition: ColumnElement[bool]) -> Iterable[Partner]:
    query = select(Partner).where(condition, Partner.id != (application.partner_id or 0))
    return session.scalars(query.order_by(Partner.code).limit(SHOWN_MAX))


def _alike(session: Session, application: Application) -> list[tuple[Partner, int]]:
    """Return partners whose names are nearly the applicant's, with the similarity in percent, the most alike first."""
    if not application.name:
        return []
    core = plain_name(application.name)
    pieces = {core[:2], core[-2:]} if len(core) > 1 else {core}
    named = or_(*(Partner.name.icontains(piece, autoescape=True) for piece in sorted(pieces)))
    query = select(Partner).where(named, Partner.id != (application.partner_id or 0)).order_by(Partner.id)
    scored = [(one, alikeness(application.name, one.name)) for one in session.scalars(query.limit(CANDIDATES_MAX))]
    alike = [(one, round(score)) for one, score in scored if score >= ALIKE_MIN]
    return sorted(alike, key=lambda pair: (-pair[1], pair[0].code))[:SHOWN_MAX]


def _about_uscc(application: Application) -> list[Problem]:
    code = application.uscc
    if not code:
        return [Problem("applications.no_uscc", N_("No social credit code was stated: the applicant is a person."))]
    if len(code) != uscc.LENGTH:
        return [Problem("applications.old_licence", N_("The licence is from before 2015: 15 digits, without a check."))]
    registered = region(code[2:8])
    if registered is None or application.region is None:
        return []
    first, past = code_range(registered.code[:2] + "0000")
    if first <= application.region < past:
        return []
    message = N_("The code was given in {registered}, the region stated is {stated}.")
    stated = region(application.region)
    values = {"registered": registered.full_name, "stated": stated.full_name if stated else application.region}
    return [Problem("applications.other_region", message, values)]


def _about_phone(application: Application) -> list[Problem]:
    phone = application.phone or ""
    if not phone or _MOBILE.fullmatch(phone):
        return []
    return [Problem("applications.no_mobile", N_("The phone {phone} is no mobile of the mainland."), {"phone": phone})]


def _about_account(session: Session, application: Application) -> list[Problem]:
    if application.email is None:
        return [Problem("applications.no_email", N_("No e-mail was stated: nobody is invited when it is approved."))]
    taken = select(User.id).where(
        User.email == application.email, User.partner_id.is_distinct_from(application.partner_id)
    )
    if session.scalar(taken.execution_options(**_EVERYBODY)) is None:
        return []
    message = N_("There is an account for {email} already: it cannot be approved with this address.")
    return [Problem("applications.email_taken", message, {"email": application.email})]
