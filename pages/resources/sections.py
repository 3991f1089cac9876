"""Sections of a record: facts that are edited where they stand, one section at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.access import Actor
from core.addresses import record_path
from core.errors import Conflict, DomainError
from core.i18n import N_, _
from core.queries.finding import find_row
from core.resource import Field, Resource
from pages.components.base.buttons import Button, button, text_link
from pages.components.base.elements import Tag
from pages.components.base.navigation import ask_before_leaving, leave_page
from pages.components.layout.content import EMPTY, chip, kv, notice, row
from pages.resources.inputs import Inputs, save_stated
from pages.resources.value_texts import chip_tone, value_text
from pages.shell.calls import call_or_raise, permitted_actor, show_refusal
from pages.shell.reading import read
from pages.web.identity import current_actor
from resources import BY_NAME

TITLES = {
    "basics": N_("Basics"),
    "contact": N_("Contact and address"),
    "terms": N_("Terms"),
    "kept": N_("Kept by the system"),
}


@dataclass(frozen=True, slots=True)
class Record:
    """One row as a person sees it: ``row`` as ``find_row`` returns it, ``key`` as people write it."""

    resource: Resource
    key: str
    row: dict[str, Any]


def sections_of(resource: Resource, actor: Actor) -> dict[str, list[Field]]:
    """Return the fields an actor sees, by section name, in order; sections without fields are left out."""
    found: dict[str, list[Field]] = {name: [] for name in TITLES}
    for field in resource.fields_for(actor):
        found[_section(field)].append(field)
    return {name: fields for name, fields in found.items() if fields}


class Section:
    """One section of a record: facts, or inputs while it is edited.

    Args:
        record: Whose facts.
        name: In ``TITLES``.
        fields: What it shows, in order.
        actor: Decides which references lead somewhere, and which fields can be changed.
    """

    def __init__(self, record: Record, name: str, fields: Sequence[Field], actor: Actor) -> None:
        self.record = record
        self.fields = fields
        self._actor = actor
        self._editable = [
            field for field in editable(record.resource, fields, actor) if field.name not in record.resource.keys
        ]
        title = _(TITLES[name])
        with Tag("section", css="qd-panel", aria_label=title):
            with Tag("div", css="qd-panel-head"):
                Tag("h2", title)
                self._opener: Button | None = None
                if self._editable:
                    self._opener = button(_("Edit"), self.edit, look="quiet", testid=f"action-edit-{name}")
                    self._opener.put(aria_label=_("Edit {section}", section=title))
            self._body = Tag("div", css="qd-panel-body")
        self.show()

    def show(self) -> None:
        """Show the facts."""
        self._body.clear()
        if self._opener is not None:
            self._opener.put(hidden=False)
        with self._body:
            kv({_(field.label): self._drawn(field) for field in self.fields})

    async def edit(self) -> None:
        """Show inputs instead of the facts."""
        if await permitted_actor(self.record.resource.edit_permission(self._editable[0])) is None:
            return
        self._body.clear()
        if self._opener is not None:
            self._opener.put(hidden=True)
        with self._body:
            problems = Tag("div").style("display:contents")
            fields = [field.stated_by(self._actor) for field in self._editable]
            inputs = Inputs(fields, self.record.row, on_change=partial(ask_before_leaving, True))
            with row():
                button(_("Save"), partial(self._save, inputs, problems), look="primary", testid="action-save")
                button(_("Cancel"), self._cancel, testid="action-cancel-edit")

    async def _cancel(self) -> None:
        ask_before_leaving(False)
        if await permitted_actor() is not None:
            self.show()

    async def _save(self, inputs: Inputs, problems: Tag) -> None:
        changed = inputs.changed
        if not changed:
            await self._cancel()
            return
        problems.clear()
        try:
            await self._store(changed, self.record.row["_version"])
        except Conflict as conflict:
            if conflict.code != "rows.changed_meanwhile":
                show_refusal(conflict)
                return
            await self._show_both(conflict, changed, problems)
        except DomainError as error:
            sentences = inputs.refuse(error.fields)
            if not sentences:
                show_refusal(error)
                return
            with problems:
                notice(_("This was not saved:"), "danger", items=sentences, testid="form-problems")

    async def _store(self, changed: dict[str, str], version: int | None) -> None:
        resource, stored = self.record.resource, self.record.row
        keys = {name: str(stored[name]) for name in resource.keys}
        await call_or_raise(save_stated, resource, keys | changed, version)
        leave_page()

    async def _show_both(self, conflict: Conflict, changed: dict[str, str], problems: Tag) -> None:
        """Say that someone else was faster, and show their values beside ours; nothing is overwritten unseen."""
        now = await read(await current_actor(), find_row, self.record.resource, self.record.key)
        if now is None:
            show_refusal(conflict)
            return
        mine = self._insist(changed, now["_version"])
        with problems:
            notice(conflict.text, "warning", items=self._differences(now, changed), testid="form-conflict")
            with row():
                button(_("Take the new values"), leave_page, testid="action-take-theirs")
                button(_("Save mine all the same"), mine, testid="action-save-mine")

    def _differences(self, now: dict[str, Any], changed: dict[str, str]) -> list[str]:
        said = []
        for field in self.fields:
            if field.name in changed:
                theirs = value_text(field.kind, now[field.name], now.get(f"{field.name}__title") or "")
                values = {"label": _(field.label), "theirs": theirs or EMPTY, "mine": changed[field.name] or EMPTY}
                said.append(_("{label}: now “{theirs}”, you wrote “{mine}”", **values))
        return said

    def _insist(self, changed: dict[str, str], version: int) -> Callable[[], Any]:
        async def store() -> None:
            try:
                await self._store(changed, version)
            except DomainError as error:
                show_refusal(error)

        return store

    def _drawn(self, field: Field) -> object:
        value, title = self.record.row.get(field.name), self.record.row.get(f"{field.name}__title") or ""
        words = value_text(field.kind, value, title)
        if words and field.kind.reference is not None:
            target = BY_NAME.get(field.kind.reference.resource)
            if target is not None and self._actor.can(target.view):
                return partial(text_link, words, record_path(target.name, str(value)))
        tone = chip_tone(field.kind, value)
        return partial(chip, words, tone) if words and tone else words


def editable(resource: Resource, fields: Sequence[Field], actor: Actor) -> list[Field]:
    """Return the fields that ``actor`` may state in a form."""
    needed = ((field, resource.edit_permission(field)) for field in fields)
    return [field for field, permission in needed if permission is not None and actor.can(permission)]


def _section(field: Field) -> str:
    return field.section if field.stated else "kept"
