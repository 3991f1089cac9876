"""One row of any resource: its facts in sections edited where they stand, what can be done, and its history."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from core.access import Actor
from core.addresses import KeyInPath
from core.errors import NotFound
from core.i18n import N_, _
from core.queries.finding import find_row
from core.resource import Action, Resource
from pages.components.base.buttons import button
from pages.components.base.navigation import go_to, load_again
from pages.components.base.toasts import toast
from pages.components.layout.content import columns, page_header, panel, paragraph
from pages.components.layout.records import TimelineEntry, timeline
from pages.resources.bulk import ask, look_of
from pages.resources.history import history_of
from pages.resources.screens import Screen
from pages.resources.sections import Record, Section, sections_of
from pages.resources.value_texts import chip_tone, row_title, status_field, value_text
from pages.shell.calls import call, page, permitted_actor
from pages.shell.navigation import staff_shell
from pages.shell.reading import read


def register_records(screens: Iterable[Screen]) -> None:
    """Register ``/RESOURCE/KEY`` for every resource without a record of its own; last, as a key may be any text."""
    for screen in screens:
        if "record" not in screen.own:
            _register(screen)


async def record_page(screen: Screen, key: str) -> None:
    """Draw a record as the whole page.

    Raises:
        NotFound: There is none, or the actor may not see it: both look the same.
    """
    resource = screen.resource
    async with staff_shell(_(resource.title), current=resource.name) as actor:
        record, history = await read(actor, _find, resource, key)
        fields = resource.fields_for(actor)
        status = status_field(resource, fields)
        value = record.row.get(status.name) if status else None
        with page_header(
            row_title(resource, record.row),
            record.key if record.row.get("name") else "",
            chip_text=value_text(status.kind, value) if status else "",
            tone=(chip_tone(status.kind, value) if status else None) or "draft",
            crumbs={_(resource.label): f"/{resource.name}"},
        ):
            for action in resource.actions:
                if actor.can(action.permission):
                    _action_button(record, action)
            if screen.record_actions is not None:
                screen.record_actions(record, actor)
        await _draw(screen, record, actor, history)


def _register(screen: Screen) -> None:
    resource = screen.resource

    @page(f"/{resource.name}/{{key:path}}", permission=resource.view, title=resource.title)
    async def draw(key: KeyInPath) -> None:
        await record_page(screen, key)


def _find(session: Session, resource: Resource, key: str) -> tuple[Record, list[TimelineEntry]]:
    row = find_row(session, resource, key)
    if row is None:
        raise NotFound("rows.not_found", N_("There is nothing here under “{key}”, or you may not see it."), key=key)
    return Record(resource, key, row), history_of(session, resource, key)


async def _draw(screen: Screen, record: Record, actor: Actor, history: list[TimelineEntry]) -> None:
    with columns() as (content, rail):
        with content:
            for name, fields in sections_of(record.resource, actor).items():
                Section(record, name, fields, actor)
            if screen.record_sections is not None:
                await screen.record_sections(record, actor)
        with rail, panel(_("History")):
            if history:
                timeline(history)
            else:
                paragraph(_("Nothing has happened here yet."))


def _action_button(record: Record, action: Action) -> None:
    button(_(action.label), partial(_run, record, action), look=look_of(action, 1), testid=f"action-{action.name}")


async def _run(record: Record, action: Action) -> None:
    actor = await permitted_actor(action.permission)
    answer = None if actor is None else await ask(action, actor, key=record.key)
    if answer is None:
        return
    outcomes: Any = await call(action.run, [record.key], answer.note, **answer.values)
    if outcomes:
        (outcome,) = outcomes
        if outcome.problem is None and action.name == "delete":
            go_to(f"/{record.resource.name}")  # the record is gone
        elif outcome.problem is None:
            load_again()
        else:
            toast(outcome.problem.text, tone="danger")
