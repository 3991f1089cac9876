"""Saving rows that need no rule of their own: what the resource declares is all there is to check."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy.orm import Session

from core.database.sessions import actor_of
from core.drafts import Drafts
from core.permissions import Permission
from core.resource import Resource
from services.saving.lookups import match_keys
from services.saving.plans import Plan, Rows, Saved, SaveOptions
from services.saving.rows import save_rows


def with_plain_save(resource: Resource, defaults: Mapping[str, Any] | None = None) -> Resource:
    """Return ``resource`` with a ``save`` made of its model, key, stated fields, ``match`` and ``edit``.

    Args:
        resource: Named by one field. Its rows belong to the brand and refer to no others, and their editors may state
            every field: otherwise it needs a service of its own.
        defaults: As ``Plan.defaults``.

    Raises:
        ValueError: It needs a service of its own.
    """
    stated = resource.stated_fields
    needs_more = any(one.kind.reference is not None or one.confidential_to is not None for one in stated)
    if resource.edit is None or len(resource.keys) != 1 or needs_more or hasattr(resource.model, "path"):
        raise ValueError(f"{resource.name} needs a service of its own")
    permission: Permission = resource.edit
    columns = {field.name: field.stored.name for field in stated}
    plan = Plan(
        subject=resource.name,
        model=resource.model,
        keys=tuple(columns[name] for name in resource.keys),
        required=tuple(columns[one.name] for one in stated if one.required and one.name not in resource.keys),
        defaults=defaults or {},
        field_names={column: name for name, column in columns.items() if name != column},
    )
    matches = {name: resource.field(name).stored.expression for name in resource.match}

    def save(session: Session, drafts: Drafts, options: SaveOptions) -> Saved:
        """Add rows that are new, change those that differ.

        Raises:
            NotPermitted: The actor may not edit the resource.
            Conflict: ``rows.changed_meanwhile``.
        """
        actor_of(session).require(permission)
        drafts, problems = match_keys(session, plan, drafts, options, matches)
        rows = {columns[name]: values for name, values in drafts.columns.items()}
        saved = save_rows(session, plan, Rows(drafts.rows, drafts.columns[resource.keys[0]], rows), options)
        saved.problems = sorted([*problems, *saved.problems], key=lambda problem: problem.row)
        return saved

    return replace(resource, save=save)
