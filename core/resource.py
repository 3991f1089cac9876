"""A resource says how one thing of the business appears: its fields, labels, key, permissions and services.

It is data. It never writes: it names the service functions that do, so that no door can go past a rule. Grid, record
page, form, import, export, template, API and promises for every entity are readers of it. A page that needs
something special is written by hand from the same parts; a knob here needs two users.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from core.access import Actor
from core.kinds.kind import Kind
from core.kinds.person_names import name_column
from core.permissions import STATED_BY, Permission


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One fact about a row.

    Attributes:
        name: Its name outside, stable: in the API, in worksheets, in the URL.
        label: English heading (a catalogue key).
        kind: How its values are read, stored and shown.
        column: Mapped attribute that stores it; of a reference, the foreign key.
        stated: Whether people state it (form, import); otherwise it is kept by the system.
        required: Whether a new row needs it.
        example: What a template shows, as a person would type it.
        confidential_to: Permission without which it does not exist for the actor, through no door.
        section: Of a record: "basics", "contact" or "terms"; what people do not state stands in a section of its own.
        width: Pixels of its column in a list, at least; 0 = as its kind has it.
        seldom: Whether a list shows it only when asked to.
        serial: Whether its number names something, and is never added up.
    """

    name: str
    label: str
    kind: Kind
    column: Any
    stated: bool = True
    required: bool = False
    example: str = ""
    confidential_to: Permission | None = None
    section: Literal["basics", "contact", "terms"] = "basics"
    width: int = 0
    seldom: bool = False
    serial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something people do with one or many rows.

    Attributes:
        name: Verb, stable: ``data-testid`` is ``action-<name>``.
        label: English (a catalogue key).
        permission: Needed to see and to run it.
        run: Service function ``run(session, keys, note) -> Sequence[Outcome]``, one outcome for each key, see
            ``services.outcomes``.
        needs_note: Whether a reason must be given.
    """

    name: str
    label: str
    permission: Permission
    run: Callable[..., Any]
    needs_note: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One thing of the business as a table.

    Attributes:
        name: Plural noun, stable: URL, API, command line, file name in every room.
        label: English plural (a catalogue key). title: English singular (a catalogue key).
        model: Mapped class of the rows.
        keys: Names of the fields that together name a row; people address it by their values joined with "~".
        fields: In the order people see them.
        view: Permission to see it. edit: permission to state it.
        save: Service function ``save(session, drafts, options) -> Saved``; None if rows are made another way.
        actions: What can be done with rows.
        order: Field names to sort by unless the person chooses; a leading "-" means descending.
        sums: Names of the fields whose sum over the whole filter stands at the foot.
        match: Names of the fields by which an import may find existing rows, the key first; () = by the key only.
        search_rank: Place of its rows among those that the search of the frame finds, from 1; 0 = it finds none.
        worksheet: The resource whose rows stand in its worksheets, where those are not its own: lines of orders.
    """

    name: str
    label: str
    title: str
    model: Any
    keys: tuple[str, ...]
    fields: tuple[Field, ...]
    view: Permission
    edit: Permission | None = None
    save: Callable[..., Any] | None = None
    actions: tuple[Action, ...] = ()
    order: tuple[str, ...] = ()
    sums: tuple[str, ...] = ()
    match: tuple[str, ...] = ()
    search_rank: int = 0
    worksheet: "Resource | None" = None

    def field(self, name: str) -> Field:
        """Return the field called ``name``; raises ``KeyError``."""
        return self.fields[self.names.index(name)] if name in self.names else _no(name)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all fields."""
        return tuple(field.name for field in self.fields)

    @property
    def stated_fields(self) -> tuple[Field, ...]:
        """Return the fields that people state."""
        return tuple(field for field in self.fields if field.stated)

    def fields_for(self, actor: Actor) -> tuple[Field, ...]:
        """Return the fields that exist for ``actor``; of a person, partners see the name and not the e-mail."""
        seen = (f for f in self.fields if f.confidential_to is None or actor.can(f.confidential_to))
        named = (f if f.kind.person is None else replace(f, column=name_column(f.kind, f.column)) for f in seen)
        return tuple(seen if actor.is_brand else named)

    def edit_permission(self, field: Field) -> Permission | None:
        """Return what it takes to state a field in a form; None if nobody does."""
        if self.save is None or not field.stated:
            return None
        return STATED_BY.get(field.confidential_to, self.edit) if field.confidential_to else self.edit


def _no(name: str) -> Field:
    raise KeyError(name)
