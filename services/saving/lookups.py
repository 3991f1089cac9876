"""Lookup of rows that drafts refer to, by key or by another unique field."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.database.chunks import in_chunks
from core.drafts import Drafts
from core.errors import CellProblem, Problem
from core.i18n import N_
from core.kinds.kind import shown_value
from services.saving.plans import Plan, SaveOptions


def look_up(session: Session, key: Any, stated: Sequence[Any], *extra: Any, lock: bool = False) -> dict[Any, Any]:
    """Return key → row of (id, *extra) for keys that exist and that the actor may see.

    Args:
        session: Its row filter decides what exists.
        key: Mapped attribute, e.g. ``Partner.code``.
        stated: Keys, with repeats and None.
        extra: Further mapped attributes to bring along.
        lock: Whether the rows stay as they are until the transaction ends; they are locked in the order of their keys.
    """
    wanted = [value for value in dict.fromkeys(stated) if value is not None]
    if lock:
        wanted.sort()
    model = key.class_
    found: dict[Any, Any] = {}
    for chunk in in_chunks(wanted):
        query = select(key, model.id, *extra).where(key.in_(chunk))
        if lock:
            query = query.order_by(key).with_for_update(key_share=True)
        found.update((row[0], row[1:]) for row in session.execute(query))
    return found


def look_up_references(
    session: Session, drafts: Drafts, name: str, key: Any, missing: Problem, *extra: Any
) -> tuple[dict[int, Any], list[CellProblem]]:
    """Look the references of field ``name`` up; return row number → (id, *extra), and a problem per unknown one."""
    stated = drafts.columns.get(name)
    if stated is None:
        return {}, []
    found = look_up(session, key, stated, *extra)
    problems = [
        CellProblem(row, name, shown_value(value), Problem(missing.code, missing.message, {"key": value}))
        for row, value in zip(drafts.rows, stated, strict=True)
        if value is not None and value not in found
    ]
    return {row: found[v] for row, v in zip(drafts.rows, stated, strict=True) if v in found}, problems


def match_keys(
    session: Session, plan: Plan, drafts: Drafts, options: SaveOptions, fields: Mapping[str, Any]
) -> tuple[Drafts, list[CellProblem]]:
    """Give each draft whose ``options.match`` field names one existing row that row's key.

    Args:
        session: Its row filter decides which rows exist.
        plan: Its one key column is the field of the same name.
        drafts: With or without the key's column.
        options: With ``match``.
        fields: Field name to mapped attribute.
    """
    key = plan.keys[0]
    if not options.match or options.match == key:
        return drafts, []
    stated = drafts.columns[options.match]
    attribute, key_attribute = fields[options.match], getattr(plan.model, key)
    found: dict[Any, list[str]] = {}
    wanted = [value for value in dict.fromkeys(stated) if value is not None]
    for chunk in in_chunks(wanted):
        query = select(attribute, key_attribute).where(attribute.in_(chunk))
        for value, row_key in session.execute(query):
            found.setdefault(value, []).append(row_key)
    given = drafts.columns.get(key, [None] * len(drafts))
    keys, problems = [], []
    for row, value, own in zip(drafts.rows, stated, given, strict=True):
        candidates = found.get(value, [])
        if len(candidates) > 1:
            problem = Problem(
                "imports.ambiguous_match",
                N_("belongs to {count} existing rows: {keys}"),
                {"count": len(candidates), "keys": ", ".join(candidates[:3])},
            )
            problems.append(CellProblem(row, options.match, shown_value(value), problem))
        elif not candidates and own is None:
            problem = Problem(
                "imports.no_match", N_("belongs to no existing row, and a new one needs a {field}"), {"field": key}
            )
            problems.append(CellProblem(row, options.match, shown_value(value), problem))
        keys.append(candidates[0] if candidates else own)
    matched = Drafts(drafts.rows, {**drafts.columns, key: keys})
    return matched.without({problem.row for problem in problems}), problems
