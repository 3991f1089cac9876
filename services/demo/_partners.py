"""The demo channel: master agents, agents of two tiers, dealers and stores in six provinces, and their customers.

Two frauds are in it on purpose: two dealers that are one company (same telephone, nearly the same name and address,
under two upstreams), and an agent whose orders all go to another agent's province.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import NamedTuple

from core.clock import day_of
from core.database.paths import segment
from models.customers import CustomerStage
from models.partners.partners import PartnerStatus
from services.demo._applicants import Applicant, applicants_among
from services.demo._names import PREFIX, PROVINCE_WEIGHTS, PROVINCES, NameMaker
from services.money.credit import Buyer

ABOVE = {
    "master_agent": (),
    "agent_1": ("master_agent",),
    "agent_2": ("agent_1", "agent_1", "master_agent"),
    "dealer": ("agent_2", "agent_2", "agent_2", "agent_1", "master_agent"),
    "store": ("dealer", "dealer", "dealer", "dealer", "agent_2"),
}
"""Tier to the tiers it stands under, as often as they stand here."""
FRAUD_FROM = 8  # partners; fewer have no room for the two frauds
LENDING = 6  # dealers near their limit, and as many over it
ODD_STATUSES = (PartnerStatus.FROZEN, PartnerStatus.UNDER_REVIEW, PartnerStatus.EXITING, PartnerStatus.APPLIED)
ODD_EVERY = 37  # every so many-th dealer or store is not active
SOURCES = ("展会", "来电", "转介绍", "线上咨询", "地推", "老客户")
TAGS = ("餐饮", "团购", "企业福利", "商超", "电商", "学校食堂", "酒店")
STAGES = tuple(stage.value for stage in CustomerStage)
STAGE_WEIGHTS = (30, 25, 18, 17, 10)
CUSTOMER_COLUMNS = (
    "code", "name", "contact", "phone", "uscc", "region", "address", "stage", "owner_id", "source", "tags",
    "partner_id", "path", "version", "created_at", "updated_at",
)  # fmt: skip


class DemoPartner(NamedTuple):
    """A partner, and what its row has beyond ``Buyer``. ``province``: position in ``PROVINCES``."""

    buyer: Buyer
    upstream_id: int | None
    uscc: str
    valid_from: date
    province: int


@dataclass(frozen=True, slots=True)
class DemoChannel:
    """All partners, and those with a special role. Lists are empty where there are too few partners.

    Attributes:
        twins: Two dealers that are one company.
        diverting: The agent whose orders go to another's province, and the agent of that province.
        overdue: Dealers over their credit limit. nearly: those close to it.
        applicants: Dealers that have applied, with what they applied for: also those that were approved lately.
    """

    partners: list[DemoPartner]
    twins: list[DemoPartner]
    diverting: list[DemoPartner]
    overdue: list[DemoPartner]
    nearly: list[DemoPartner]
    applicants: list[tuple[DemoPartner, Applicant]]

    @property
    def ordering(self) -> list[DemoPartner]:
        """Return the partners that order: no applicant has ordered yet."""
        asking = {one.buyer.id for one, _ in self.applicants}
        active = PartnerStatus.ACTIVE.value
        return [one for one in self.partners if one.buyer.status == active and one.buyer.id not in asking]


def tier_counts(partners: int) -> dict[str, int]:
    """Return how many partners of each tier there are above the stores; they add up to ``partners``."""
    least = 2 if partners >= FRAUD_FROM else min(1, partners)
    counts = {"master_agent": max(least, min(len(PROVINCES), partners // 10))}
    left = partners - counts["master_agent"]
    counts["agent_1"] = min(left, max(least, partners * 15 // 100))
    left -= counts["agent_1"]
    counts["agent_2"] = min(left, max(least, partners * 25 // 100))
    counts["dealer"] = left - counts["agent_2"]
    return counts


def make_channel(names: NameMaker, ids: Sequence[int], stores: int, first_day: date, now: datetime) -> DemoChannel:
    """Return a channel of ``len(ids)`` partners, ``stores`` of them stores.

    Args:
        names: Its random numbers decide everything.
        ids: Row numbers, for the path keys.
        stores: How many, of tier ``store``.
        first_day: Everyone but the applicants has stood where they stand since before this day.
        now: When the demo ends.
    """
    counts = tier_counts(len(ids) - stores) | {"store": stores}
    provinces = max(1, counts["master_agent"])
    made: list[DemoPartner] = []
    standing: dict[tuple[str, int], list[DemoPartner]] = {}
    free = iter(ids)
    applicants: list[tuple[DemoPartner, Applicant]] = []
    for tier, count in counts.items():
        asking = applicants_among(count) if tier == "dealer" else ()
        for number in range(count - len(asking)):
            province = number if number < provinces else _province(names.random, provinces)
            upstream = _upstream(names.random, standing, tier, province)
            one = _partner(names, next(free), tier, number, province, upstream, first_day)
            made.append(one)
            standing.setdefault((tier, province), []).append(one)
        for number, applicant in enumerate(asking, count - len(asking)):
            province = 0 if applicant.is_under_first else _province(names.random, provinces)
            upstream = made[0] if applicant.is_under_first else _upstream(names.random, standing, tier, province)
            one = _partner(names, next(free), tier, number, province, upstream, first_day)
            known = standing["agent_1", 0][0] if applicant.is_known else None
            applicants.append((_applying(one, applicant, known, now), applicant))
        made += [one for one, _ in applicants] if asking else []
    return _with_frauds(made, applicants)


def _applying(one: DemoPartner, applicant: Applicant, known: DemoPartner | None, now: datetime) -> DemoPartner:
    """Return a dealer as the partner row that stands for an applicant. ``known``: partner whose phone they enter."""
    phone = known.buyer.phone if known else one.buyer.phone
    is_partner = applicant.partner_status is PartnerStatus.ACTIVE
    day = day_of(applicant.since(now) if is_partner else now - timedelta(hours=applicant.hours))
    return one._replace(buyer=one.buyer._replace(phone=phone, status=applicant.partner_status.value), valid_from=day)


def _province(random: Random, provinces: int) -> int:
    return random.choices(range(provinces), PROVINCE_WEIGHTS[:provinces])[0]


def _upstream(
    random: Random, standing: dict[tuple[str, int], list[DemoPartner]], tier: str, province: int
) -> DemoPartner | None:
    if not ABOVE[tier]:
        return None
    drawn = random.choice(ABOVE[tier])
    for above in (drawn, *ABOVE[tier], "agent_1", "master_agent"):
        if above in ABOVE[tier] or above == "master_agent":
            candidates = standing.get((above, province))
            if candidates:
                return random.choice(candidates)
    return None


def _partner(
    names: NameMaker,
    partner_id: int,
    tier: str,
    number: int,
    province: int,
    upstream: DemoPartner | None,
    first_day: date,
) -> DemoPartner:
    place = names.place(PROVINCES[province])
    is_store = tier == "store"
    is_odd = tier in {"dealer", "store"} and number % ODD_EVERY == ODD_EVERY - 1
    status = ODD_STATUSES[number // ODD_EVERY % len(ODD_STATUSES)] if is_odd else PartnerStatus.ACTIVE
    letter = {"master_agent": "M", "agent_1": "A", "agent_2": "B", "dealer": "D", "store": "S"}[tier]
    buyer = Buyer(
        id=partner_id,
        code=f"{PREFIX}-{letter}{number + 1:04}",
        name=names.shop(place) if is_store else names.company(place),
        tier=tier,
        path=(upstream.buyer.path if upstream else "") + segment(partner_id),
        status=status.value,
        credit_limit_cents=None,
        contact=names.person(),
        phone=names.mobile(),
        region=place.county.code,
        address=names.address(place),
    )
    return DemoPartner(
        buyer,
        upstream.buyer.id if upstream else None,
        names.uscc(place, kind="92" if is_store else "91"),
        first_day - timedelta(days=names.random.randrange(30, 900)),
        province,
    )


def _with_frauds(partners: list[DemoPartner], applicants: list[tuple[DemoPartner, Applicant]]) -> DemoChannel:
    plain = DemoChannel(partners, [], [], [], [], applicants)
    agents = [one for one in partners if one.buyer.tier == "agent_1"]
    dealers = [one for one in plain.ordering if one.buyer.tier == "dealer"]
    if sum(one.buyer.tier != "store" for one in partners) < FRAUD_FROM:
        return plain
    first = dealers[-1]
    near = [one for one in dealers[:-1] if one.province == first.province] or dealers[:-1]
    second = next((one for one in near if one.upstream_id != first.upstream_id), near[0])
    twin = second._replace(buyer=_twin_of(first.buyer, second.buyer), province=first.province)
    partners = [twin if one is second else one for one in partners]
    others = [one for one in dealers if one not in (first, second)]
    lent, nearly = others[:LENDING], others[LENDING : 2 * LENDING]
    return DemoChannel(partners, [first, twin], agents[:2], lent, nearly, applicants)


def _twin_of(first: Buyer, own: Buyer) -> Buyer:
    """Return ``own`` as a duplicate of the company ``first``."""
    name = first.name.replace("贸易", "商贸") if "贸易" in first.name else first.name.replace("有限公司", "经营部")
    return own._replace(name=name, phone=first.phone, region=first.region, address=f"{first.address}2楼")


class Owner(NamedTuple):
    """An owner of customers: of the brand (path "") or of a partner and all below it."""

    user_id: int
    path: str


def customer_rows(
    names: NameMaker, channel: DemoChannel, owners: Sequence[Owner], count: int, first_day: datetime, now: datetime
) -> Iterator[tuple[object, ...]]:
    """Yield customers in every stage, as ``CUSTOMER_COLUMNS``: four in ten the brand's own, the others a dealer's."""
    random = names.random
    dealers = [one for one in channel.ordering if one.buyer.tier in {"agent_2", "dealer"}] or channel.partners
    seconds = int((now - first_day).total_seconds())
    for number in range(1, count + 1):
        partner = random.choice(dealers) if random.random() < 0.6 else None
        place = names.place(PROVINCES[partner.province if partner else _province(random, len(PROVINCES))])
        path = partner.buyer.path if partner else ""
        fitting = [one for one in owners if bool(one.path) == bool(path) and path.startswith(one.path)]
        owner = random.choice(fitting) if fitting and random.random() < 0.85 else None
        at = first_day + timedelta(seconds=random.randrange(seconds))
        yield (
            f"{PREFIX}-C{number:05}",
            names.company(place),
            names.person(),
            names.mobile(),
            names.uscc(place) if random.random() < 0.6 else None,
            place.county.code,
            names.address(place),
            random.choices(STAGES, STAGE_WEIGHTS)[0],
            owner.user_id if owner else None,
            random.choice(SOURCES),
            ";".join(random.sample(TAGS, random.randrange(3))) or None,
            partner.buyer.id if partner else None,
            path,
            1,
            at,
            at,
        )
