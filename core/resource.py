"""A resource says how one thing of the business appears: its fields, labels, key, permissions and services.

It is data. It never writes: it names the service functions that do, so that no door can go past a rule. Grid, record
page, form, import, export, template, API and promises for every entity are readers of it. A page that needs
something special is written by hand from the same parts; a knob here needs two users.
"""

from collections.abc import Callable, Collection, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, Self

from core.access import Actor
from core.event_actions import EventAction
from core.i18n import N_, Phrase
from core.kinds.kind import Kind
from core.kinds.person_names import name_column
from core.permissions import STATED_BY, Permission
from core.storage import InColumn, Stored


@dataclass(frozen=True, slots=True, kw_only=True)
class Input:
    """A value that people state: of a row, or to an action.

    Attributes:
        name: Its name outside, stable: in the API, in worksheets, in the URL; of an action, the argument's.
        label: English heading (a catalogue key).
        kind: How its values are read, stored and shown.
        required: Whether a new row, or the action, needs it.
        example: What a template shows, as a person would type it.
        initial: What stands in the input of an action at first, as text.
        choices_for: Returns the values of its choices that an actor may state; None = all. Services decide again.
    """

    name: str
    label: str
    kind: Kind
    required: bool = False
    example: str = ""
    initial: str = ""
    choices_for: Callable[[Actor], Collection[str]] | None = None

    def stated_by(self, actor: Actor) -> Self:
        """Return it with the choices that ``actor`` has."""
        if self.choices_for is None:
            return self
        allowed = self.choices_for(actor)
        choices = tuple(choice for choice in self.kind.choices if choice.value in allowed)
        return replace(self, kind=replace(self.kind, choices=choices))


@dataclass(frozen=True, slots=True, kw_only=True)
class Field(Input):
    """One fact about a row.

    Attributes:
        column: Mapped attribute that stores it; of a reference, the foreign key.
        stated: Whether people state it (form, import); otherwise it is kept by the system.
        confidential_to: Permission without which it does not exist for the actor, through no door.
        section: Of a record: "basics", "contact" or "terms"; what people do not state stands in a section of its own.
        width: Pixels of its column in a list, at least; 0 = as its kind has it.
        seldom: Whether a list hides it by default.
        serial: Whether its number names something, and is never added up.
        group: Object that programs see it in, with those whose names begin so: "ship_to" of "ship_to_name"; "" = none.
        synonyms: Headings of other people's worksheets that mean it, separated by "|"; see also ``runs.mapping``.
    """

    column: Any
    stated: bool = True
    confidential_to: Permission | None = None
    section: Literal["basics", "contact", "terms"] = "basics"
    width: int = 0
    seldom: bool = False
    serial: bool = False
    group: str = ""
    synonyms: str = ""

    @property
    def stored(self) -> Stored:
        """Return the storage of its values: what everyone but a declaration asks."""
        return InColumn(self.column)


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something people do with one or many rows.

    Attributes:
        name: Verb, stable: ``data-testid`` is ``action-<name>``.
        label: English (a catalogue key).
        permission: Needed to see and to run it.
        run: Service function ``run(session, keys, note, **values) -> Sequence[Outcome]``, one outcome for each key, see
            ``services.outcomes``.
        needs_note: Whether a reason must be given.
        is_dangerous: Whether it takes something away: its buttons are red.
        inputs: What is stated besides, once for all rows: keyword arguments of ``run``, checked by their kinds.
        question: Heading of the question before, for one and for many rows, with "{count}" (keys); None = made
            of the label.
        explanation: What will happen, below that heading (a catalogue key); "" = that each row is checked on its own.
    """

    name: str
    label: str
    permission: Permission
    run: Callable[..., Any]
    needs_note: bool = False
    is_dangerous: bool = False
    inputs: tuple[Input, ...] = ()
    question: tuple[str, str] | None = None
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroups:
    """Rows of a worksheet that make up something larger, such as lines of an order: saved whole or not at all.

    ``save`` of the resource then takes all rows of a group, and the problems of their cells as a fourth argument.

    Attributes:
        by: Names of the fields that say which group a row belongs to.
        keys: Returns for each of ``Drafts`` what its group is known by.
    """

    by: tuple[str, ...]
    keys: Callable[..., Sequence[Hashable]]


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
        events: What can happen to its rows besides that they are added, changed and exported.
        worksheet: The resource whose rows stand in its worksheets, where those are not its own: lines of orders.
        row_groups: How rows of its worksheets belong together; None = each stands for itself.
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
    events: tuple[EventAction, ...] = ()
    worksheet: "Resource | None" = None
    row_groups: RowGroups | None = None

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

    @property
    def event_actions(self) -> tuple[EventAction, ...]:
        """Return what can happen to its rows: those that are saved are added and changed, all can be exported.

        One that is declared comes after the one of its name that is made, and replaces it in a dictionary.
        """
        noun = noun_of(self.name)
        saved = (
            EventAction(f"{noun}.created", Phrase(N_("{thing} added"), thing=self.title), N_("created it")),
            EventAction(f"{noun}.changed", Phrase(N_("{thing} changed"), thing=self.title), N_("changed it")),
        )
        return (*(saved if self.save is not None else ()), self.exported_action, *self.events)

    @property
    def exported_action(self) -> EventAction:
        """Return what is recorded when its rows are taken as a file."""
        label = Phrase(N_("{things} exported"), things=self.label)
        return EventAction(f"{self.name}.exported", label, N_("exported rows"))

    def fields_for(self, actor: Actor) -> tuple[Field, ...]:
        """Return the fields that exist for ``actor``; of a person, partners see the name and not the e-mail."""
        seen = (f for f in self.fields if f.confidential_to is None or actor.can(f.confidential_to))
        named = (
            f if f.kind.person is None else replace(f, column=name_column(f.kind, f.stored.expression)) for f in seen
        )
        return tuple(seen if actor.is_brand else named)

    def edit_permission(self, field: Field) -> Permission | None:
        """Return what it takes to state a field in a form; None if nobody does."""
        if self.save is None or not field.stated:
            return None
        return STATED_BY.get(field.confidential_to, self.edit) if field.confidential_to else self.edit


def noun_of(name: str) -> str:
    """Return the singular of a resource's name, with which its events begin: "order" of "orders"."""
    if name.endswith("ies"):
        return f"{name.removesuffix('ies')}y"
    return name.removesuffix("es" if name.endswith(("ches", "shes", "sses", "xes")) else "s")


def _no(name: str) -> Field:
    raise KeyError(name)
