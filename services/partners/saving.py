"""Channel partners: stated by staff, forms and worksheets in any row order."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.access import Actor
from core.clock import today
from core.database.paths import ancestor_ids
from core.database.sessions import actor_of
from core.drafts import Drafts
from core.errors import CellProblem, Problem
from core.i18n import N_, translate
from core.kinds.kind import shown_value
from core.kinds.standard import MISSING
from core.permissions import Permission
from models.partners.partners import NEXT_STATUSES, STATUS_LABELS, Partner, PartnerStatus
from services.partners.affiliations import day_problems, keep_history
from services.partners.tree import TreeNode, compute_paths, lock_tree, move_branch, reserve_ids, tier_problem
from services.saving.lookups import look_up, match_keys
from services.saving.plans import Plan, Rows, Saved, SaveOptions
from services.saving.rows import save_rows

PLAN = Plan(
    subject="partners",
    model=Partner,
    keys=("code",),
    required=("name", "tier"),
    defaults={"status": PartnerStatus.ACTIVE.value},
    derived_columns=("path", "id"),
    field_names={"upstream_id": "upstream", "credit_limit_cents": "credit_limit"},
)
PLAN_WITHOUT_LIMITS = replace(PLAN, defaults={**PLAN.defaults, "credit_limit_cents": 0})
"""For who may not set credit limits: a new partner has none until somebody sets it."""
APPLYING = frozenset({PartnerStatus.APPLIED.value, PartnerStatus.UNDER_REVIEW.value})
MATCHES = {"code": Partner.code, "uscc": Partner.uscc, "phone": Partner.phone, "name": Partner.name}
PLAIN = ("name", "uscc", "contact", "phone", "region", "address", "status")


class Now(NamedTuple):
    """A partner as it is stored."""

    id: int
    tier: str
    path: str
    status: str
    valid_from: date
    credit_limit_cents: int | None


UNKNOWN_PARTNER = Problem("partners.not_found", N_("names no partner: there is no {key}"))


def save_partners(session: Session, drafts: Drafts, options: SaveOptions) -> Saved:
    """Add partners that are new, change those that differ, move those that get another upstream.

    An upstream may stand in a later row. A move keeps who stood where before (``affiliations``) and takes the whole
    branch along. All rows of one worksheet must come in one call. If the actor may not set credit limits, a new partner
    and one that becomes active after an application has the limit 0 until somebody sets it.

    Raises:
        NotPermitted: The actor may not edit partners; who may change credit limits may state these alone.
        Conflict: ``rows.changed_meanwhile``.
    """
    actor = actor_of(session)
    limits_only = drafts.columns.keys() <= {*PLAN.keys, "credit_limit"}
    if not (limits_only and actor.can(Permission.PARTNER_CREDIT_EDIT)):
        actor.require(Permission.PARTNER_EDIT)
    lock_tree(session)
    drafts, problems = match_keys(session, PLAN, drafts, options, MATCHES)
    existing = stored_partners(session, drafts.columns["code"])
    problems += [
        *_stated_problems(actor, drafts, existing),
        *_downstream_problems(session, drafts, existing),
        *day_problems(session, drafts, existing),
    ]
    drafts = drafts.without({problem.row for problem in problems})

    nodes, known = _standings(session, drafts, existing)
    placement = compute_paths(nodes, known)
    row_of = dict(zip(drafts.columns["code"], drafts.rows, strict=True))
    for code, problem in placement.problems.items():
        problems.append(CellProblem(row_of[code], "upstream", nodes[code].upstream or "", problem))
    drafts = drafts.without({problem.row for problem in problems})

    _move(session, nodes, placement.paths)
    rows, plan = _rows(drafts, existing, nodes, placement.paths), PLAN
    if not actor.can(Permission.PARTNER_CREDIT_EDIT):
        plan, rows.columns["credit_limit_cents"] = PLAN_WITHOUT_LIMITS, _unchanged_limits(drafts, existing)
    saved = save_rows(session, plan, rows, options)
    keep_history(session, drafts, existing, placement.paths)
    saved.problems = sorted([*problems, *saved.problems], key=lambda problem: problem.row)
    return saved


def stored_partners(session: Session, codes: Sequence[str]) -> dict[str, Now]:
    """Return code → partner as stored, of those that exist."""
    columns = (Partner.tier, Partner.path, Partner.status, Partner.valid_from, Partner.credit_limit_cents)
    return {code: Now(*row) for code, row in look_up(session, Partner.code, codes, *columns).items()}


def _stated_problems(actor: Actor, drafts: Drafts, existing: dict[str, Now]) -> list[CellProblem]:
    """Return what is wrong with a row by itself: no tier, a status out of reach, a limit that is not hers to set."""
    problems = []
    for index, row in enumerate(drafts.rows):
        stated = {name: values[index] for name, values in drafts.columns.items()}
        before = existing.get(stated["code"])
        if before is None and not stated.get("tier"):
            problems.append(CellProblem(row, "tier", "", MISSING))
        status = stated.get("status")
        if before and status and status != before.status and status not in NEXT_STATUSES[PartnerStatus(before.status)]:
            out_of_reach = N_("cannot follow the status {before}")
            label = translate(STATUS_LABELS[PartnerStatus(before.status)][0])
            problem = Problem("partners.wrong_status", out_of_reach, {"before": label})
            problems.append(CellProblem(row, "status", status, problem))
        limit = stated.get("credit_limit")
        present = before.credit_limit_cents if before else None if limit else limit  # of a new one, blank means 0
        if "credit_limit" in stated and limit != present and not actor.can(Permission.PARTNER_CREDIT_EDIT):
            denied = Problem("partners.credit_not_permitted", N_("may be changed by finance only"))
            problems.append(CellProblem(row, "credit_limit", shown_value(limit), denied))
    return problems


def _downstream_problems(session: Session, drafts: Drafts, existing: dict[str, Now]) -> list[CellProblem]:
    """Refuse a new tier under which those who stand below could not stay."""
    problems = []
    tiers = drafts.columns.get("tier", [None] * len(drafts))
    for row, code, tier in zip(drafts.rows, drafts.columns["code"], tiers, strict=True):
        before = existing.get(code)
        if before is None or tier is None or tier == before.tier:
            continue
        for below in session.scalars(select(Partner.tier).where(Partner.upstream_id == before.id).distinct()):
            if problem := tier_problem(below, tier):
                problems.append(CellProblem(row, "tier", tier, problem))
                break
    return problems


def _standings(
    session: Session, drafts: Drafts, existing: dict[str, Now]
) -> tuple[dict[str, TreeNode], dict[str, TreeNode]]:
    """Return where the stated partners are to stand, and the stored partners they are to stand under."""
    codes = drafts.columns["code"]
    tiers = drafts.columns.get("tier", [None] * len(codes))
    kept = _stored_upstreams(session, existing)
    upstreams = drafts.columns.get("upstream", [kept.get(code) for code in codes])
    new_ids = iter(reserve_ids(session, sum(code not in existing for code in codes)))
    nodes = {}
    for code, tier, upstream in zip(codes, tiers, upstreams, strict=True):
        before = existing.get(code)
        if before is None:
            nodes[code] = TreeNode(next(new_ids), tier, upstream)
        else:
            nodes[code] = TreeNode(before.id, tier or before.tier, upstream, before.path)
    outside = {one.upstream for one in nodes.values() if one.upstream and one.upstream not in nodes}
    known = {
        code: TreeNode(now.id, now.tier, None, now.path)
        for code, now in stored_partners(session, sorted(outside)).items()
    }
    return nodes, known


def _stored_upstreams(session: Session, existing: dict[str, Now]) -> dict[str, str]:
    """Return code → code of the upstream it has today."""
    above = {code: ancestor_ids(now.path)[-2] for code, now in existing.items() if len(ancestor_ids(now.path)) > 1}
    names = look_up(session, Partner.id, list(above.values()), Partner.code)
    return {code: names[upstream_id][1] for code, upstream_id in above.items() if upstream_id in names}


def _move(session: Session, nodes: dict[str, TreeNode], paths: dict[str, str]) -> None:
    """Move stored partners that get another upstream, those nearest the top first: they take others along."""
    moving = [code for code, path in paths.items() if nodes[code].path and nodes[code].path != path]
    for code in sorted(moving, key=lambda code: len(paths[code])):
        path = session.scalar(select(Partner.path).where(Partner.id == nodes[code].id))
        if path and path != paths[code]:
            move_branch(session, path, paths[code])


def _rows(drafts: Drafts, existing: dict[str, Now], nodes: dict[str, TreeNode], paths: dict[str, str]) -> Rows:
    codes = drafts.columns["code"]
    columns: dict[str, list[Any]] = {name: drafts.columns[name] for name in PLAIN if name in drafts.columns}
    columns["id"] = [nodes[code].id for code in codes]
    columns["code"] = list(codes)
    columns["tier"] = [nodes[code].tier for code in codes]
    columns["path"] = [paths[code] for code in codes]
    columns["upstream_id"] = [ancestor_ids(paths[code])[-2] if len(paths[code]) > 6 else None for code in codes]
    if "credit_limit" in drafts.columns:
        columns["credit_limit_cents"] = drafts.columns["credit_limit"]
    days = drafts.columns.get("valid_from", [None] * len(codes))
    columns["valid_from"] = [
        day or _day_from(existing.get(code), paths[code]) for day, code in zip(days, codes, strict=True)
    ]
    return Rows(drafts.rows, list(codes), columns)


def _unchanged_limits(drafts: Drafts, existing: dict[str, Now]) -> list[int | None]:
    """Return the limits as they stay; None becomes 0 where a partner becomes active that had only applied."""
    limits = []
    codes = drafts.columns["code"]
    for code, status in zip(codes, drafts.columns.get("status", [None] * len(codes)), strict=True):
        before = existing.get(code)
        limit = before.credit_limit_cents if before else None
        is_admitted = before is not None and before.status in APPLYING and status == PartnerStatus.ACTIVE.value
        limits.append(0 if is_admitted and limit is None else limit)
    return limits


def _day_from(before: Now | None, path: str) -> date:
    """Return since when a partner stands where it is to stand, if nobody says: today if it gets another upstream."""
    if before is not None and ancestor_ids(before.path)[-2:-1] == ancestor_ids(path)[-2:-1]:
        return before.valid_from
    return today()
