"""Where partners stand: a pure plan of the tree for many rows in any order, and the moving of whole branches."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Integer, func, literal, select, update
from sqlalchemy.orm import Session

from core.database.locks import DatabaseLock, take_lock
from core.database.paths import AFTER_EVERYTHING, SEGMENT_WIDTH, segment
from core.database.sessions import Base, is_sqlite
from core.errors import Conflict, Problem
from core.i18n import N_
from models.partners.partners import Partner, PartnerStatus
from models.partners.tiers import TIERS, tier_text


@dataclass(frozen=True, slots=True)
class TreeNode:
    """Where one partner is to stand.

    Attributes:
        id: Row number; of a new partner, the one it will get.
        tier: Its tier code.
        upstream: Code of the partner above; None directly under the brand.
        path: Path key it has today; "" if it is new.
    """

    id: int
    tier: str
    upstream: str | None
    path: str = ""


@dataclass(slots=True)
class Placement:
    """The outcome of ``compute_paths``: paths of the partners that have a place, and why the others have none."""

    paths: dict[str, str] = field(default_factory=dict)
    problems: dict[str, Problem] = field(default_factory=dict)


def compute_paths(stated: Mapping[str, TreeNode], known: Mapping[str, TreeNode]) -> Placement:
    """Return the path key of every stated partner, whatever order they come in.

    Args:
        stated: Code → where it is to stand.
        known: Code → partners that are not stated but that stated ones are to stand under. They move along with a
            stated partner above them.

    Returns:
        A path for each stated partner that can stand there. The others are named with
        ``partners.upstream_not_found``, ``partners.cycle``, ``partners.tier_not_allowed`` or
        ``partners.upstream_refused`` (what it stands under has a problem itself).
    """
    placement = Placement()
    by_path = {node.path: code for code, node in stated.items() if node.path}
    for first in stated:
        chain = _chain(first, stated, known, by_path, placement)
        for code in reversed(chain):
            if code not in placement.problems:
                _place_one(code, stated, known, by_path, placement)
    return placement


def _chain(
    first: str,
    stated: Mapping[str, TreeNode],
    known: Mapping[str, TreeNode],
    by_path: Mapping[str, str],
    placement: Placement,
) -> list[str]:
    """Return ``first`` and whatever above it has no place yet, upwards; a circle gets its problem here."""
    chain: list[str] = []
    on_chain: set[str] = set()
    code: str | None = first
    while code is not None and code not in placement.paths and code not in placement.problems:
        if code in on_chain:
            circle = chain[chain.index(code) :]
            names = " → ".join([*circle, code])
            problem = Problem("partners.cycle", N_("would stand under itself: {chain}"), {"chain": names})
            placement.problems.update(dict.fromkeys(circle, problem))
            break
        chain.append(code)
        on_chain.add(code)
        code = _anchor(stated[code].upstream, stated, known, by_path)[0]
    return chain


def _anchor(
    upstream: str | None, stated: Mapping[str, TreeNode], known: Mapping[str, TreeNode], by_path: Mapping[str, str]
) -> tuple[str | None, str]:
    """Return the nearest stated partner at or above ``upstream``, and the path from there down to ``upstream``."""
    if upstream is None or upstream in stated:
        return upstream, ""
    path = known[upstream].path if upstream in known else ""
    for end in range(len(path) - SEGMENT_WIDTH, 0, -SEGMENT_WIDTH):
        if path[:end] in by_path:
            return by_path[path[:end]], path[end:]
    return None, path


def _place_one(
    code: str,
    stated: Mapping[str, TreeNode],
    known: Mapping[str, TreeNode],
    by_path: Mapping[str, str],
    placement: Placement,
) -> None:
    own = stated[code]
    above = stated.get(own.upstream or "") or known.get(own.upstream or "")
    anchor, rest = _anchor(own.upstream, stated, known, by_path)
    if own.upstream is not None and above is None:
        problem = Problem(
            "partners.upstream_not_found", N_("names no partner: there is no {key}"), {"key": own.upstream}
        )
    elif anchor is not None and anchor in placement.problems:
        problem = Problem(
            "partners.upstream_refused", N_("stands under {upstream}, which is refused itself"), {"upstream": anchor}
        )
    elif above is not None and (found := tier_problem(own.tier, above.tier)):
        problem = found
    else:
        placement.paths[code] = (placement.paths[anchor] if anchor else "") + rest + segment(own.id)
        return
    placement.problems[code] = problem


def tier_problem(tier: str, upstream_tier: str) -> Problem | None:
    """Return why a partner of ``tier`` may not stand under one of ``upstream_tier``; None if it may."""
    if upstream_tier in TIERS[tier].upstreams:
        return None
    return Problem(
        "partners.tier_not_allowed",
        N_("of tier {tier} cannot stand under one of tier {upstream}"),
        {"tier": tier_text(tier), "upstream": tier_text(upstream_tier)},
    )


def lock_tree(session: Session) -> None:
    """Keep everyone else from changing the tree until the transaction ends."""
    take_lock(session, DatabaseLock.TREE)


def reserve_ids(session: Session, count: int) -> list[int]:
    """Return ids for new partners, whose paths need them before they are inserted. Needs ``lock_tree``."""
    if count == 0:
        return []
    if is_sqlite(session):
        highest = session.scalar(
            select(func.max(Partner.id)), execution_options={"see_all": "ids are unique across the brand"}
        )
        return list(range((highest or 0) + 1, (highest or 0) + 1 + count))
    series = func.generate_series(1, count).table_valued("n")
    sequence = func.pg_get_serial_sequence("partners", "id")
    return list(session.scalars(select(func.nextval(sequence)).select_from(series)))


def move_branch(session: Session, old_path: str, new_path: str) -> int:
    """Put a partner and everyone below it under another path, with the rows of all models that follow their branch.

    Returns:
        How many partners moved.
    """
    moved = 0
    # partners first: who places an order meanwhile waits for the partner's row, and then sees the new path
    for mapper in sorted(Base.registry.mappers, key=lambda mapper: mapper.class_ is not Partner):
        table: Any = mapper.local_table
        if "path" not in table.c or not mapper.class_.follows_branch:
            continue
        path = table.c.path
        rest = func.substr(path, literal(len(old_path) + 1, Integer))
        below = update(table).where(path >= old_path, path < old_path + AFTER_EVERYTHING)
        result = session.execute(below.values(path=literal(new_path, path.type).concat(rest)))
        if mapper.class_ is Partner:
            moved = int(result.rowcount)  # type: ignore[attr-defined]
    return moved


def require_active_upstream(session: Session, upstream_id: int | None) -> None:
    """Go on only if nobody or somebody active is above. Raises ``applications.upstream_not_active``."""
    above = session.get(Partner, upstream_id) if upstream_id else None
    if above is not None and above.status != PartnerStatus.ACTIVE:
        raise Conflict(
            "applications.upstream_not_active",
            N_("{name} is not active any more, so nobody can be put under it. Choose another upstream first."),
            name=above.name,
        )
