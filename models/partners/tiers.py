"""Tiers of the channel: which kinds of partner there are and under whom each may stand.

A tier is data, not a class: the same tree, rights and prices hold for all of them.
"""

from dataclasses import dataclass

from core.i18n import N_, translate
from core.kinds.kind import Choice
from core.kinds.standard import choice

AGENT_TIERS = 9  # agent_1 … agent_9


@dataclass(frozen=True, slots=True)
class Tier:
    """One kind of partner.

    Attributes:
        code: Stable name, e.g. "agent_1".
        label: English (a catalogue key).
        upstreams: Codes of the tiers it may stand under. Standing directly under the brand is always allowed.
    """

    code: str
    label: str
    upstreams: frozenset[str]


def _agent(number: int) -> Tier:
    above = {"master_agent"} | {f"agent_{n}" for n in range(1, number)}
    return Tier(f"agent_{number}", AGENT_LABELS[number - 1], frozenset(above))


AGENT_LABELS = (
    N_("Tier-1 agent"),
    N_("Tier-2 agent"),
    N_("Tier-3 agent"),
    N_("Tier-4 agent"),
    N_("Tier-5 agent"),
    N_("Tier-6 agent"),
    N_("Tier-7 agent"),
    N_("Tier-8 agent"),
    N_("Tier-9 agent"),
)
_AGENTS = tuple(_agent(number) for number in range(1, AGENT_TIERS + 1))
_ALL_AGENTS = frozenset({"master_agent"} | {tier.code for tier in _AGENTS})

TIERS: dict[str, Tier] = {
    tier.code: tier
    for tier in (
        Tier("master_agent", N_("Master agent"), frozenset()),
        *_AGENTS,
        Tier("dealer", N_("Dealer"), _ALL_AGENTS),
        Tier("store", N_("Store"), _ALL_AGENTS | {"dealer"}),
        Tier("micro_merchant", N_("Micro-merchant"), _ALL_AGENTS | {"dealer", "store", "micro_merchant"}),
        Tier("group_leader", N_("Group leader"), _ALL_AGENTS | {"dealer", "store"}),
    )
}

TIER = choice(*(Choice(tier.code, tier.label) for tier in TIERS.values()))


def tier_text(code: str) -> str:
    """Return a tier as people read it, in the current language; a code that is none stays as it is."""
    return translate(TIERS[code].label) if code in TIERS else code
