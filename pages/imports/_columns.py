"""Third step of an import: column mapping, constants, and the field that existing rows are matched by."""

from functools import partial

from sqlalchemy.orm import Session

from core.access import Actor
from core.errors import DomainError
from core.i18n import N_, _, ngettext
from core.resource import Resource
from importers.runs.drafts import (
    Certainty,
    ColumnChoice,
    ColumnProposal,
    choose_columns,
    is_ours,
    propose_columns,
    remembered_choice,
)
from importers.runs.mapping import editable_fields
from models.imports import ALL_OR_NOTHING, GOOD_ROWS, ImportBatch
from pages.components.base.buttons import button, link_button
from pages.components.base.design_tokens import Tone
from pages.components.base.elements import Tag
from pages.components.base.focus import focus_on
from pages.components.base.navigation import go_to
from pages.components.forms.fields import FormField, choice_field
from pages.components.layout.content import chip, columns, notice, panel, row
from pages.imports._wizard import step_path
from pages.resources.inputs import Inputs
from pages.shell.calls import call_or_raise
from pages.shell.reading import read
from pages.web.identity import page_actor
from resources import SHEETS

IGNORED = "-"  # a select cannot hold ""
BY_KEY = "-"
WORDS: dict[Certainty, tuple[str, Tone]] = {
    "sure": (N_("Sure"), "approved"),
    "likely": (N_("Likely"), "pending"),
    "none": (N_("Please choose"), "draft"),
    "chosen": (N_("Chosen"), "running"),
}
LINE = "display:flex;flex-wrap:wrap;gap:8px 16px;align-items:center;padding:9px 0"
BETWEEN = ";border-top:1px solid var(--line)"


async def draw_columns(resource: Resource, batch: ImportBatch) -> None:
    """Draw the columns of the file beside our fields."""
    actor = page_actor()
    proposals, choice = await read(actor, _find, resource, batch)
    ColumnsPage(resource, batch, actor, proposals, choice).draw()


class ColumnsPage:
    """State of this page.

    Attributes:
        fields: Name to field of all that the person may state.
        selects: Position of a column to its select.
        constants: Name of a field without a column to its input.
    """

    def __init__(
        self,
        resource: Resource,
        batch: ImportBatch,
        actor: Actor,
        proposals: list[ColumnProposal],
        choice: ColumnChoice,
    ) -> None:
        self.resource, self.batch, self.proposals, self.choice = resource, batch, proposals, choice
        self.fields = {field.name: field for field in editable_fields(SHEETS[resource.name], actor)}
        self.selects: dict[int, FormField] = {}
        self.constants: dict[str, Inputs] = {}
        self._chips: dict[int, Tag] = {}

    def draw(self) -> None:
        """Draw the page."""
        self._top = Tag("div", css="qd-stack", testid="import-missing", aria_live="polite")
        with columns() as (content, rail):
            with content, panel(_("Your columns and ours")):
                with Tag("div"):
                    for proposal in self.proposals:
                        self._line(proposal)
                self._unnamed()
            with rail:
                with panel(_("The same for every row")):
                    self._constants()
                with panel(_("How it is imported")):
                    self._ways()
        for name in self.choice.constants:
            self._add_constant(name)
        self._changed()
        with row():
            button(_("Next: check"), self._next, look="primary", testid="action-next")
            path = step_path(self.resource, self.batch, "sheet")
            link_button(_("Other sheet or headings"), path, look="quiet", testid="action-sheet")

    def _line(self, proposal: ColumnProposal) -> None:
        is_first = proposal is self.proposals[0]
        with Tag("div").style(LINE if is_first else LINE + BETWEEN):
            with Tag("div").style("flex:1 1 220px;min-width:0;overflow-wrap:anywhere"):
                Tag("div", proposal.heading).style("font-weight:500")
                samples = " · ".join(proposal.samples[:3]) or _("(nothing in the first rows)")
                Tag("div", samples, "qd-hint")
            if proposal.is_repeated:
                Tag("span", _("Same heading as a column before: left out"), "qd-hint").style("flex:1 1 300px")
                return
            choices = {IGNORED: _("Do not import")} | {name: self._label(name) for name in self.fields}
            with Tag("div").style("flex:1 1 180px;min-width:0"):
                select = choice_field(
                    f"column-{proposal.position}",
                    "",
                    choices,
                    proposal.field or IGNORED,
                    on_change=partial(self._chosen, proposal),
                )
                next(iter(select.box)).visible = False  # the heading beside it is its label
                select.control.props["aria-label"] = _("Field for “{heading}”", heading=proposal.heading)
            self.selects[proposal.position] = select
            with Tag("div").style("flex:0 0 104px") as word:
                self._chips[proposal.position] = word
            self._word(proposal.position, proposal.certainty)

    def _label(self, name: str) -> str:
        field = self.fields[name]
        return f"{_(field.label)} *" if field.required else _(field.label)

    def _word(self, position: int, certainty: Certainty) -> None:
        words, tone = WORDS[certainty]
        self._chips[position].clear()
        with self._chips[position]:
            chip(_(words), tone)

    def _chosen(self, proposal: ColumnProposal) -> None:
        """Update the choices; a field goes to one column only, the last one chosen."""
        select = self.selects[proposal.position]
        for position, other in self.selects.items():
            if position != proposal.position and select.value != IGNORED and other.value == select.value:
                other.value = IGNORED
        is_guess = select.value == (proposal.field or IGNORED)
        if select.value == IGNORED:
            self._word(proposal.position, "none")
        else:
            self._word(proposal.position, proposal.certainty if is_guess else "chosen")
        self._changed()

    def _unnamed(self) -> None:
        blank = sum(1 for heading in self.batch.headings if not heading.strip())
        if blank:
            words = ngettext(
                "{count} column without a heading is left out. To import it, give it one.",
                "{count} columns without a heading are left out. To import them, give them one.",
                blank,
            )
            Tag("div", words, "qd-hint")

    def _constants(self) -> None:
        Tag("p", _("For fields without a column: what you choose here is stated for each row.")).classes("qd-hint")
        self._constant_box = Tag("div", css="qd-stack")
        self._constant_box.visible = False
        choices = {name: self._label(name) for name in self.fields if name not in self.resource.keys}
        self._more = choice_field("constant", _("Add a field"), choices, on_change=self._add_chosen)

    def _add_chosen(self) -> None:
        name = self._more.value
        if name:
            self._more.value = None
            self._add_constant(str(name))
            if inputs := self.constants.get(str(name)):
                inputs.fields[str(name)].focus()

    def _add_constant(self, name: str) -> None:
        field = self.fields.get(name)
        if field is None or name in self.constants:
            return
        self._constant_box.visible = True
        with self._constant_box, Tag("div", css="qd-stack") as box:
            self.constants[name] = Inputs([field], {name: self.choice.constants.get(name)})
            button(_("Take away"), partial(self._drop_constant, name, box), look="quiet", testid=f"action-drop-{name}")
        self._changed()

    def _drop_constant(self, name: str, box: Tag) -> None:
        del self.constants[name]
        box.delete()
        self._more.focus()
        self._constant_box.visible = bool(self.constants)
        self._changed()

    def _ways(self) -> None:
        matches = self.resource.match
        keys = [_(self.fields[name].label) for name in self.resource.keys if name in self.fields]
        choices = {BY_KEY: _(" and ").join(keys)}
        choices |= {name: _(self.fields[name].label) for name in matches if name not in self.resource.keys}
        self._match = None
        if matches:
            self._match = choice_field(
                "match",
                _("Known rows are found by"),
                choices,
                self.choice.match or BY_KEY,
                hint=_("A row that is found is changed, any other is new."),
                on_change=self._changed,
            )
        self._mode = choice_field(
            "mode",
            _("If some rows are wrong"),
            {GOOD_ROWS: _("import the good ones"), ALL_OR_NOTHING: _("import nothing at all")},
            self.choice.mode,
        )

    def _changed(self) -> None:
        """Draw at the top which required fields are missing."""
        stated = {str(select.value) for select in self.selects.values()} | set(self.constants)
        match = str(self._match.value) if self._match else BY_KEY
        required = [name for name, field in self.fields.items() if field.required]
        missing = [name for name in (required if match == BY_KEY else [match]) if name not in stated]
        keys = [name for name in self.resource.keys if name in required and name not in stated]
        self._top.clear()
        self._top.visible = bool(missing or keys)
        with self._top:
            if missing:
                sentence = _(
                    "Still missing: {fields}. Choose the column below. If your file has none, add it there first.",
                    fields=self._labels(missing),
                )
                notice(sentence, "warning")
            elif keys:
                words = _(
                    "Without {fields} only known rows are changed; new ones are refused.", fields=self._labels(keys)
                )
                notice(words)

    def _labels(self, names: list[str]) -> str:
        return _(", ").join(_(self.fields[name].label) for name in names)

    async def _next(self) -> None:
        repeated = {one.position for one in self.proposals if one.is_repeated}
        mapping = {heading: "" for heading in self.batch.headings if is_ours(heading)}
        for proposal in self.proposals:
            if proposal.position not in repeated:
                value = str(self.selects[proposal.position].value)
                mapping[proposal.heading] = "" if value == IGNORED else value
        constants = {name: inputs.stated[name] for name, inputs in self.constants.items() if inputs.stated[name]}
        match = str(self._match.value) if self._match else BY_KEY
        choice = ColumnChoice(mapping, constants, "" if match == BY_KEY else match, str(self._mode.value))
        try:
            await call_or_raise(choose_columns, self.resource, self.batch.id, choice)
        except DomainError as error:
            for name, inputs in self.constants.items():
                inputs.refuse({name: error.fields[name]} if name in error.fields else {})
            self._top.clear()
            self._top.visible = True
            with self._top:
                said = notice(error.text, "danger", testid="import-refused")
            if not error.fields.keys() & self.constants.keys():
                focus_on(said)
            return
        go_to(step_path(self.resource, self.batch, "check"))


def _find(session: Session, resource: Resource, batch: ImportBatch) -> tuple[list[ColumnProposal], ColumnChoice]:
    return propose_columns(session, resource, batch), remembered_choice(session, resource, batch)
