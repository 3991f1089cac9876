"""Adding one row of any resource by hand: inputs by kind, problems beside them, a warning before input is lost."""

from collections.abc import Iterable, Mapping
from typing import Any

from core.access import Actor
from core.addresses import record_path
from core.errors import DomainError
from core.i18n import _
from core.resource import Resource
from pages.components.base.buttons import button, link_button
from pages.components.base.elements import Tag
from pages.components.base.navigation import ask_before_leaving, leave_page
from pages.components.forms.drafts import BrowserDraft
from pages.components.layout.content import notice, page_header, panel, row, stack
from pages.resources.inputs import NEW, Inputs, save_stated
from pages.resources.screens import Screen
from pages.resources.sections import TITLES, editable, sections_of
from pages.shell.calls import call_or_raise, page, show_refusal
from pages.shell.navigation import staff_shell

_PARTS = ("fields", "labels")


def register_forms(screens: Iterable[Screen]) -> None:
    """Register ``/RESOURCE/new`` for every resource that is saved from forms; before the records."""
    for screen in screens:
        resource = screen.resource
        if resource.edit is not None and resource.save is not None and "form" not in screen.own:
            _register(resource)


class NewRow:
    """The form for one new row of a resource: what was stated in it, section by section."""

    def __init__(self, resource: Resource, actor: Actor, begin: Mapping[str, Any] | None = None) -> None:
        self.resource = resource
        self._draft = BrowserDraft(f"{resource.name}.new:{actor.person}", self._resume)
        self._resumed = Tag("div").style("display:contents")
        self._problems = Tag("div").style("display:contents")
        self._sections: list[Inputs] = []
        for name, fields in sections_of(resource, actor).items():
            stated = [field.stated_by(actor) for field in editable(resource, fields, actor)]
            if stated:
                with panel(_(TITLES[name])):
                    self._sections.append(Inputs(stated, begin or {}, on_change=self._changed))

    async def save(self) -> None:
        """Save the row and go on with ``saved``; or say beside the inputs what is wrong."""
        stated = {name: text for inputs in self._sections for name, text in inputs.stated.items()}
        required = {name for name in stated if self.resource.field(name).required}
        kept = {name: text for name, text in stated.items() if text or name in required}
        self._problems.clear()
        try:
            key = await call_or_raise(save_stated, self.resource, kept, NEW)
        except DomainError as error:
            self._refuse(error)
            return
        self._draft.forget()
        await self.saved(key)

    async def saved(self, key: str) -> None:
        """Open the record of the row that was saved."""
        leave_page(record_path(self.resource.name, key))

    def _changed(self) -> None:
        """Keep what is stated in the browser: neither a lost connection nor a server that starts again takes it."""
        ask_before_leaving(True)
        states = [inputs.state() for inputs in self._sections]
        self._draft.keep({part: {k: v for state in states for k, v in state[part].items()} for part in _PARTS})

    def _resume(self, state: dict[str, Any]) -> None:
        found = [inputs.resume(state) for inputs in self._sections]
        if any(found):
            with self._resumed, notice(_("What you had typed here is back."), "info", testid="resumed"):
                button(_("Begin anew"), self._begin_anew, testid="action-anew")

    def _begin_anew(self) -> None:
        self._draft.forget()
        leave_page()

    def _refuse(self, error: DomainError) -> None:
        if not error.fields:
            show_refusal(error)
            return
        sentences = []
        for inputs in self._sections:
            own = {name: problem for name, problem in error.fields.items() if name in inputs.fields}
            sentences += inputs.refuse(own)
        named = {name for inputs in self._sections for name in inputs.fields}
        sentences += [problem.text for name, problem in error.fields.items() if name not in named]
        with self._problems:
            notice(_("This was not saved:"), "danger", items=sentences, testid="form-problems")


def _register(resource: Resource) -> None:
    @page(f"/{resource.name}/new", permission=resource.edit, title=resource.title)
    async def draw() -> None:
        title = _("New: {what}", what=_(resource.title))
        async with staff_shell(title, current=resource.name) as actor:
            with page_header(title, crumbs={_(resource.label): f"/{resource.name}"}):
                pass
            with stack():
                form = NewRow(resource, actor)
                with row():
                    button(_("Save"), form.save, look="primary", testid="action-save")
                    link_button(_("Cancel"), f"/{resource.name}", testid="action-cancel-new")
