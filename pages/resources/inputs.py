"""Fields of a resource as inputs: which input a kind takes, what it shows at first, and what was stated in it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from core.drafts import draft_one
from core.errors import InvalidInput, NotPermitted, Problem, RowsRefused
from core.i18n import N_, _
from core.kinds import standard
from core.kinds.kind import Kind, Reference
from core.queries.finding import find_row
from core.queries.lookups import search_references
from core.resource import Input, Resource
from models.regions import resolving
from pages.components.forms import fields as form_fields
from pages.components.forms.fields import Search
from pages.components.layout.content import form
from pages.resources.value_texts import value_text
from pages.shell.reading import read
from pages.web.identity import current_actor
from services.saving.plans import SaveOptions

FOUND_MAX = 30
SHORT_TEXT = standard.NAME_LENGTH_MAX
NEW = 0
"""Version of a row that is not there yet: one that is there already has another."""


class Inputs:
    """Inputs for some fields of one row, or of an action.

    Attributes:
        fields: Name to input.
        before: Name to what stood in it at first.
    """

    def __init__(
        self, fields: Sequence[Input], row: Mapping[str, Any], *, on_change: Callable[[], None] | None = None
    ) -> None:
        with form():
            self.fields = {field.name: _input(field, row, on_change) for field in fields}
        self.before = {name: _text(one.value) for name, one in self.fields.items()}

    @property
    def stated(self) -> dict[str, str]:
        """Name to text of every input."""
        return {name: _text(one.value) for name, one in self.fields.items()}

    @property
    def changed(self) -> dict[str, str]:
        """Name to text of the inputs that say something else than at first."""
        return {name: text for name, text in self.stated.items() if text != self.before[name]}

    def state(self) -> dict[str, Any]:
        """Return what is stated, for a draft."""
        labels = {name: one.chosen_label for name, one in self.fields.items() if one.chosen_label}
        return {"fields": self.stated, "labels": labels}

    def resume(self, state: Mapping[str, Any]) -> bool:
        """State again what a draft held; return whether there was anything else than at first."""
        fields, labels = (found if isinstance(found := state.get(name), dict) else {} for name in ("fields", "labels"))
        for name, one in self.fields.items():
            text, label = fields.get(name), labels.get(name)
            if isinstance(text, str) and text and text != self.before[name]:
                one.resume(text[: standard.NOTE_LENGTH_MAX], label if isinstance(label, str) else "")
        return bool(self.changed)

    def refuse(self, problems: Mapping[str, Problem]) -> list[str]:
        """Show problems beside their inputs; return the sentences of all of them, for the top of the form."""
        form_fields.show_problems(self.fields, {name: problem.text for name, problem in problems.items()})
        labels = {name: one.label for name, one in self.fields.items()}
        return [
            _("{label}: {problem}", label=labels[name], problem=problem.text) if name in labels else problem.text
            for name, problem in problems.items()
        ]


def save_stated(session: Session, resource: Resource, stated: Mapping[str, str], version: int | None) -> str:
    """Save what a form states about one row and return the row's key.

    Args:
        session: The click's.
        resource: With ``save``.
        stated: Field name to text; the key fields among them.
        version: That the person saw; ``NEW`` for a row that must not be there yet.

    Raises:
        RowsRefused: ``fields`` says which field and why.
        InvalidInput: ``rows.key_taken``.
        Conflict: ``rows.changed_meanwhile``.
    """
    # The opened row is matched exactly, also where its key has signs that a new key would not have.
    opened = {name for name in resource.keys if version != NEW and resource.field(name).kind.names_rows}
    fields = [field for field in resource.stated_fields if field.name in stated and field.name not in opened]
    drafts, problems = draft_one(fields, {name: text for name, text in stated.items() if name not in opened})
    if problems:
        raise RowsRefused(problems)
    drafts.columns.update({name: [stated[name]] for name in opened})
    keys = [resource.field(name).kind.dump(drafts.columns[name][0]) for name in resource.keys]
    key = "~".join(map(str, keys))
    if version == NEW and find_row(session, resource, key) is not None:
        taken = Problem("rows.key_taken", N_("is taken: choose another"))
        raise InvalidInput(taken.code, taken.message, fields={resource.keys[0]: taken})
    if resource.save is None:
        raise NotPermitted("rows.not_stated", N_("{what} cannot be added or changed by hand."), what=_(resource.label))
    resource.save(session, drafts, SaveOptions(version=version)).or_refuse()
    return key


def find_references(session: Session, reference: Reference, text: str) -> dict[str, str]:
    """Return key → title of rows that a person may mean by ``text``, as far as the actor may see them."""
    return {key: f"{title} · {key}" for key, title in search_references(session, reference, text, FOUND_MAX)}


def _input(field: Input, row: Mapping[str, Any], on_change: Callable[[], None] | None) -> form_fields.FormField:
    name, label, kind, value = field.name, _(field.label), field.kind, row.get(field.name)
    if kind.choices:
        choices = {one.value: _(one.label) for one in kind.choices}
        return form_fields.choice_field(
            name, label, choices, value, required=field.required, clearable=not field.required, on_change=on_change
        )
    if kind.reference is not None:
        title = row.get(f"{name}__title")
        shown = f"{title} · {value}" if title else ""
        search = reference_search(kind.reference)
        return form_fields.search_field(
            name, label, search, value, value_label=shown, required=field.required, on_change=on_change
        )
    if kind.name == "region":
        shown = value_text(kind, value)
        return form_fields.search_field(
            name, label, _find_regions, value, value_label=shown, required=field.required, on_change=on_change
        )
    if kind.name == "date":
        return form_fields.date_field(name, label, value or "", required=field.required, on_change=on_change)
    text = _typed(kind, value)
    if kind.align == "right":
        sign = "¥" if kind.name in {"money", "unit_price"} else ""
        return form_fields.number_field(name, label, text, sign=sign, required=field.required, on_change=on_change)
    return form_fields.text_field(
        name,
        label,
        text,
        required=field.required,
        multiline=kind is standard.NOTE,
        placeholder=_("e.g. {example}", example=field.example) if field.example and not row else "",
        hint=_("Several are separated by ;") if kind.name == "tags" else "",
        on_change=on_change,
    )


def _typed(kind: Kind, value: Any) -> str:
    """Return a dumped value as a person would type it."""
    if value is None:
        return ""
    return value_text(kind, value) if kind.name == "rate" else str(value)


def _text(value: object) -> str:
    return "" if value is None else str(value)


def reference_search(reference: Reference) -> Search:
    """Return what a search field asks to find rows of another resource, as far as the person may see them."""

    async def search(text: str) -> dict[str, str]:
        return await read(await current_actor(), find_references, reference, text)

    return search


async def _find_regions(text: str) -> dict[str, str]:
    await current_actor()
    found = await run_in_threadpool(resolving.search, text, FOUND_MAX)
    return {one.code: one.full_name for one in found}
