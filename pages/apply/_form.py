"""The application form: four short steps, saved while it is filled in, every problem beside its field."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from core.errors import DomainError, Problem
from core.i18n import N_, _
from models.partners.applications import Application
from models.partners.tiers import TIERS
from pages.apply._fields import TEXTS, ApplyFields
from pages.apply._queries import Inviter
from pages.apply._status import draw_link
from pages.apply._submission import SubmissionChannel
from pages.apply.visitor import use_visitor_language
from pages.components.base.buttons import button
from pages.components.base.elements import Tag
from pages.components.base.focus import focus_on
from pages.components.base.navigation import leave_page, replace_address
from pages.components.forms.drafts import BrowserDraft
from pages.components.forms.fields import check_field, show_problems
from pages.components.layout.content import Step, kv, notice, stack, steps
from pages.components.layout.inbox import poll
from pages.resources.value_texts import value_text
from pages.shell.calls import show_refusal
from services.applications.applicant import attach_licence, save_draft, submit_application
from services.applications.drafts import KINDS, STEPS, kept_texts, missing, read_texts, step_of

AUTOSAVE_S = 2.0
TITLES = {1: N_("What you apply for"), 2: N_("Company"), 3: N_("Contact"), 4: N_("Check and submit")}
LAST = 4


class ApplyForm:
    """The form of one page.

    Args:
        channel: Where it is submitted.
        invited: The inviter, if the person came by an invite.
        application: A draft that is resumed, or one that was returned.
    """

    def __init__(
        self, channel: SubmissionChannel, *, invited: Inviter | None = None, application: Application | None = None
    ) -> None:
        self._channel = channel
        self._stored: dict[str, str] = {}  # name → text as last stored by this page
        self._refused: dict[str, str] | None = None
        self._step = 1
        self._has_licence = False
        self._has_consented = False
        self._number = application.number if application is not None else ""
        if application is not None:
            self._stored = {name: str(text) for name, text in application.stated.items()}
            self._step = application.step
            self._has_licence = application.licence_sha256 is not None
            self._has_consented = application.consented_at is not None
        self._fields = ApplyFields(channel, self._stored, invited, self._keep_in_browser, self._licence_changed)

    def draw(self) -> None:
        """Draw all steps; one of them is shown."""
        with stack():
            self._way = Tag("div", testid="apply-steps")
            self._problems = Tag("div").style("display:contents")
            self._headings: dict[int, Tag] = {}
            panels = {}
            for step, draw in ((1, self._fields.draw_target), (2, self._draw_company), (3, self._fields.draw_contact)):
                panels[step] = self._panel(step, draw)
            panels[LAST] = self._panel(LAST, self._draw_check)
            self._panels = panels
            self._link = Tag("div")
        self._draft = BrowserDraft(f"applications:{self._number}", self._resume) if self._number else None
        self._show(self._step)
        if self._channel.has_begun:
            self._draw_link()
        poll(AUTOSAVE_S, self._autosave)

    def _panel(self, step: int, draw: Callable[[], None]) -> Tag:
        title = _(TITLES[step])
        with Tag("section", css="qd-panel", aria_label=title, testid=f"step-{step}") as made:
            with Tag("div", css="qd-panel-head"):
                self._headings[step] = Tag("h2", title)
            with Tag("div", css="qd-panel-body"), stack():
                draw()
                with Tag("div", css="qd-apply-bar"):
                    if step > 1:
                        button(_("Back"), partial(self._go, step - 1), testid=f"action-back-{step}")
                    if step < LAST:
                        further = partial(self._continue, step)
                        button(_("Continue"), further, look="primary", testid=f"action-continue-{step}")
                    else:
                        button(_("Submit application"), self._submit, look="primary", testid="action-submit")
        return made

    def _draw_company(self) -> None:
        self._fields.draw_company(self._channel.licence_path if self._has_licence else "")

    def _draw_check(self) -> None:
        self._summary = Tag("div")
        if not self._has_consented:
            consent = _("I agree that the brand keeps what is stated here and checks it, in order to decide about it.")
            if self._channel.is_staff:
                consent = _("The applicant agrees that what is stated here is kept and checked.")
            self._consent = check_field("consent", consent)

    def _show(self, step: int) -> None:
        self._step = step
        self._way.clear()
        with self._way:
            steps(
                [
                    Step(_(title), state="current" if one == step else "done" if one < step else "open")
                    for one, title in TITLES.items()
                ]
            )
        for one, panel in self._panels.items():
            panel.put(hidden=one != step)
        if step == LAST:
            self._draw_summary()

    def _go(self, step: int) -> None:
        use_visitor_language()
        self._problems.clear()
        self._open(step)

    def _open(self, step: int) -> None:
        """Show another step."""
        self._show(step)
        focus_on(self._headings[step])

    async def _continue(self, step: int) -> None:
        """Save the step and show the next one, or show problems beside the fields."""
        use_visitor_language()
        stated = self._fields.stated
        try:
            if await self._channel.begin(stated):
                replace_address(f"{self._channel.path}/edit")
                self._draw_link()
            own = {name: text for name, text in stated.items() if name in STEPS[step]}
            problems = await self._save(self._changed() | own, step + 1)
        except DomainError as refused:
            self._refuse(refused)
            return
        values, _wrong = read_texts(kept_texts(stated))
        wanted = missing(values, has_licence=self._has_licence) | problems
        shown = {name: problem for name, problem in wanted.items() if name in STEPS[step]}
        self._say(shown)
        if not shown:
            self._open(step + 1)

    async def _submit(self) -> None:
        use_visitor_language()
        self._fields.refuse({})
        self._problems.clear()
        try:
            await self._save(self._fields.stated, LAST)
            consent = self._has_consented or bool(self._consent.value)
            await self._channel.run(submit_application, consent=consent)
        except DomainError as refused:
            self._refuse(refused)
            return
        if self._draft is not None:
            self._draft.forget()
        leave_page(self._channel.path)

    def _refuse(self, refused: DomainError) -> None:
        """Show an error: beside its field, on the first step that has one, and summed up above."""
        fields = dict(refused.fields)
        if "consent" in fields and not self._has_consented:
            show_problems({"consent": self._consent}, {"consent": fields.pop("consent").text})
            return
        if not fields and refused.code.startswith("invites."):
            fields = {"invite": refused.problem}
        if not fields:
            show_refusal(refused)
            return
        self._show(min(step_of(name) for name in fields))
        self._say(fields)

    def _say(self, problems: Mapping[str, Problem]) -> None:
        sentences = self._fields.refuse({name: problem.text for name, problem in problems.items()})
        self._problems.clear()
        if problems:
            with self._problems:
                notice(_("Please look at this again:"), "danger", items=sentences, testid="form-problems")

    def _changed(self) -> dict[str, str]:
        """Return the unsaved changes of this page; other fields may be newer on another page."""
        return {name: text for name, text in self._fields.stated.items() if text != self._stored.get(name, "")}

    async def _save(self, texts: dict[str, str], step: int) -> dict[str, Problem]:
        problems = await self._channel.run(save_draft, texts, step)
        self._stored |= texts
        self._keep_in_browser()
        return problems

    def _keep_in_browser(self) -> None:
        """Keep a draft in the browser too: the last input may not reach the server in time."""
        if self._draft is not None:
            self._draft.keep({"fields": self._fields.texts, "stored": {n: self._stored.get(n, "") for n in TEXTS}})

    def _resume(self, state: dict[str, Any]) -> None:
        """Restore input of a page that was left before it could be saved."""
        typed, stored = state.get("fields"), state.get("stored")
        if isinstance(typed, dict) and isinstance(stored, dict):
            before = {name: stored.get(name) for name in TEXTS}
            self._fields.resume({n: t for n, t in typed.items() if t != before.get(n) == self._stored.get(n, "")})
        self._keep_in_browser()

    async def _licence_changed(self, references: Sequence[str]) -> None:
        """Store the picture at once: an abandoned draft must not lose it."""
        use_visitor_language()
        if not self._channel.has_begun:
            return
        try:
            self._has_licence = bool(await self._channel.run(attach_licence, references[-1] if references else ""))
        except DomainError as refused:
            self._fields.fields["licence"].refuse(refused.text)
        else:
            self._fields.fields["licence"].refuse("")

    async def _autosave(self) -> None:
        changed = self._changed()
        if not changed or changed == self._refused or not self._channel.has_begun:
            return
        try:
            await self._save(changed, self._step)
        except DomainError:
            self._refused = changed  # the next step says why

    def _draw_summary(self) -> None:
        values, _wrong = read_texts(kept_texts(self._fields.stated))
        labels = self._fields.labels
        facts: dict[str, object] = {
            labels[name]: value_text(KINDS[name], values.get(name)) for name in KINDS if name in labels
        }
        tier = values.get("tier") or ""
        facts[labels["tier"]] = _(TIERS[tier].label) if tier in TIERS else ""
        facts[_("Upstream")] = self._fields.upstream_words
        facts[_("Business licence")] = _("handed in") if self._has_licence else ""
        self._summary.clear()
        with self._summary:
            kv(facts, pairs=1)

    def _draw_link(self) -> None:
        if self._channel.is_staff:
            return
        self._link.clear()
        with self._link:
            draw_link(self._channel.path, _("Everything is kept: leave and come back later"))
