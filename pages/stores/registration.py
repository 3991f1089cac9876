"""Registering a store where it stands: where, what, photos. By staff, by a partner, or by who holds an invite."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any, Concatenate, Literal, ParamSpec, TypeVar

from fastapi import Request
from nicegui import app as web
from nicegui import context
from sqlalchemy.orm import Session
from starlette.concurrency import run_in_threadpool

from core.access import Actor
from core.addresses import record_path
from core.database.sessions import transact
from core.errors import DomainError
from core.i18n import N_, _, current_language, set_language
from core.permissions import Permission
from models.stores import STATUS_LABELS, Store, StoreStatus
from pages.components.base.assets import add_style
from pages.components.base.buttons import button, link_button
from pages.components.base.elements import Tag
from pages.components.base.focus import focus_on
from pages.components.base.toasts import toast
from pages.components.forms.drafts import BrowserDraft
from pages.components.layout import content
from pages.components.layout.visitor_shell import visitor_shell
from pages.shell.calls import RECONNECT_S, call_or_raise, page
from pages.shell.navigation import staff_shell
from pages.shell.page_lifetime import end_with_page
from pages.shell.reading import read
from pages.stores._fields import StatementFields
from pages.stores._first_step import INVITE_LENGTH_MAX, PATH, first_step, router
from pages.stores._photo_step import PhotoStep
from pages.stores._position_step import PositionStep
from pages.stores._queries import accuracy_text, position_source_text, region_text
from pages.web.identity import actor_of_request, language_of
from services.accounts.one_time_secrets import new_token
from services.form_submissions import FORM_ID_LENGTH_MAX
from services.stores.registration import InvitedBy, StoreStatement, anonymous_actor, invite_facts, register_store_once

T = TypeVar("T")
P = ParamSpec("P")

Step = Literal["where", "what", "photo"]
STEPS: tuple[Step, ...] = ("where", "what", "photo")
SUMMED_UP = ("name", "phone", "address")


def register_store_registration() -> None:
    """Register the page and its first step."""
    web.include_router(router)
    draw = page(
        PATH,
        public=True,
        title=N_("Register a store"),
        reconnect_timeout=RECONNECT_S,
        before=first_step,
    )
    draw(store_registration_page)


async def store_registration_page(request: Request) -> None:
    """Draw the three steps, for a signed-in user or one with an invite.

    Raises:
        NotPermitted: The person's role registers no stores.
        DomainError: What is wrong with the invite.
    """
    actor, invite = actor_of_request(request), request.query_params.get("invite", "")[:INVITE_LENGTH_MAX]
    if actor is not None:
        actor.require(Permission.STORE_REGISTER)
        invite = ""
    anonymous = anonymous_actor(current_language()) if actor is None else None
    invited = await read(anonymous, invite_facts, invite) if anonymous else None
    async with _frame(actor):
        add_style("stores.css")
        Registration(actor, invite, invited).draw()


@asynccontextmanager
async def _frame(actor: Actor | None) -> Any:
    title = _("Register a store")
    if actor is None:
        with visitor_shell(title):
            yield
    else:
        async with staff_shell(title, current="stores"):
            yield


class Registration:
    """The form on one person's screen.

    Args:
        actor: Who is signed in; None for who comes with an invite.
        invite: Code of the invite, "" without.
        invited: Whose invite it is.
    """

    def __init__(self, actor: Actor | None, invite: str, invited: InvitedBy | None) -> None:
        self._actor, self._invite, self._invited = actor, invite, invited
        self._statement = StatementFields(actor, self._changed)
        self._position = PositionStep(self._placed, lambda: len(self._photos.references))
        self._photos = PhotoStep(lambda: self._position.best, self._photos_changed)
        self._at: Step = "where"
        self._is_resuming = False
        self._form_id = new_token()

    def draw(self) -> None:
        """Draw it with the first step open."""
        with Tag("div", css="qd-register") as self._page:
            person = self._actor.person if self._actor else self._invite
            self._draft = BrowserDraft(f"stores.register:{person}", self._resume)
            under = _("For {partner}", partner=self._invited.partner_name) if self._invited else ""
            with content.page_header(_("Register a store"), under):
                pass
            self._way = Tag("div")
            self._problems = Tag("div", aria_live="assertive")
            self._sections: dict[Step, Tag] = {}
            self._headings: dict[Step, Tag] = {}
            draws: dict[Step, Callable[[], None]] = {
                "where": self._draw_where,
                "what": self._statement.draw,
                "photo": self._draw_photo,
            }
            for step in STEPS:
                with self._section(step):
                    draws[step]()
        if self._invited and self._invited.region:
            self._position.set_region(self._invited.region)  # heard by parts that have to be there
        self._show("where")

    # --- the steps ---

    @contextmanager
    def _section(self, step: Step) -> Iterator[None]:
        titles = {"where": _("Where is it?"), "what": _("What is it?"), "photo": _("Show it")}
        with Tag("section", css="qd-panel", aria_label=titles[step]) as self._sections[step]:
            with Tag("div", css="qd-panel-head"):
                self._headings[step] = Tag("h2", titles[step])
            with Tag("div", css="qd-panel-body"):
                yield
            with Tag("div", css="qd-register-bar"):
                self._draw_bar(step)

    def _draw_bar(self, step: Step) -> None:
        at = STEPS.index(step)
        if at:
            button(_("Back"), partial(self._open, STEPS[at - 1]), testid=f"action-back-{step}")
        if step != "photo":
            made = button(_("Continue"), partial(self._next, step), look="primary", testid=f"action-next-{step}")
            if step == "where":
                self._continue = made
        else:
            button(_("Register the store"), self._register, look="primary", testid="action-register")

    def _draw_where(self) -> None:
        content.paragraph(_("Stand at the entrance of the store and let your phone measure where it is."))
        self._position.draw()

    def _placed(self) -> None:
        self._continue.set_enabled(bool(self._position.fixes))
        self._changed()

    def _draw_photo(self) -> None:
        self._photos.draw()
        self._summary = Tag("div", css="qd-fix")

    def _photos_changed(self) -> None:
        self._problems.clear()
        self._changed()

    def _open(self, step: Step) -> None:
        """Show a step to somebody who has come from another one."""
        self._show(step)
        focus_on(self._headings[step])

    def _show(self, step: Step) -> None:
        self._at = step
        labels = {"where": _("Where"), "what": _("What"), "photo": _("Photo")}
        way = [
            content.Step(labels[one], "", "current" if one == step else "done" if at < STEPS.index(step) else "open")
            for at, one in enumerate(STEPS)
        ]
        self._way.clear()
        with self._way:
            content.steps(way, label=_("Steps of the registration"))
        for one, section in self._sections.items():
            section.put(hidden=one != step)
        self._problems.clear()
        self._continue.set_enabled(bool(self._position.fixes))
        if step == "photo":
            self._photos.compare()
            self._draw_summary()
        self._changed()

    def _next(self, step: Step) -> None:
        problems = self._where_problems() if step == "where" else self._statement.missing()
        if problems:
            self._refuse(_("Please change this first:"), problems)
            return
        self._open(STEPS[STEPS.index(step) + 1])

    def _where_problems(self) -> list[str]:
        missing = _("The position is missing: measure it, set a pin or paste coordinates.")
        return [] if self._position.fixes else [missing]

    def _refuse(self, sentence: str, items: list[str]) -> None:
        """Say why it does not go on; if no input says so too, the focus goes here."""
        self._problems.clear()
        with self._problems:
            said = content.notice(sentence, "danger", items=items, testid="problem")
        if self._at != "what" or not items:
            focus_on(said)

    def _draw_summary(self) -> None:
        best, stated = self._position.best, self._statement.stated
        facts: dict[str, object] = {self._statement.fields[name].label: stated[name] for name in SUMMED_UP}
        facts[_("Region")] = region_text(self._position.region)
        if best is not None:
            how = (position_source_text(best.source), accuracy_text(best.accuracy_m))
            facts[_("Position")] = " · ".join(filter(None, how))
        self._summary.clear()
        with self._summary:
            content.kv(facts, pairs=1)

    # --- sending ---

    async def _register(self) -> None:
        """Register the store, or say what is missing where it is missing."""
        missing: dict[Step, list[str]] = {"where": self._where_problems(), "what": self._statement.missing()}
        for step, problems in missing.items():
            if problems:
                self._show(step)
                self._refuse(_("Please change this first:"), problems)
                return
        if problem := self._photos.problem():
            self._refuse(problem, [])
            return
        stated = StoreStatement(
            **self._statement.stated, region=self._position.region, tried_again=self._position.tried_again
        )
        try:
            store = await self._run(
                register_store_once,
                self._form_id,
                stated,
                self._position.fixes,
                self._photos.references,
                self._invite,
            )
        except DomainError as error:
            self._show_refusal(error)
            return
        self._draft.forget()
        self._draw_done(store)

    async def _run(self, service: Callable[Concatenate[Session, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._actor is not None:
            return await call_or_raise(service, *args, **kwargs)
        language = language_of(context.client.request, current_language())
        set_language(language)
        with end_with_page():
            return await run_in_threadpool(
                transact, anonymous_actor(language), lambda session: service(session, *args, **kwargs)
            )

    def _show_refusal(self, error: DomainError) -> None:
        """Open the step the problem belongs to and say it there."""
        sentences = {name: problem.text for name, problem in error.fields.items()}
        if items := self._statement.refuse(sentences):
            self._show("what")
            self._statement.refuse(sentences)
            self._refuse(_("Please change this first:"), items)
            return
        if error.code.startswith(("stores.accuracy", "stores.fix", "stores.position", "positions.")):
            self._show("where")
        elif error.code.startswith(("stores.photo", "pictures.")):
            self._photos.field.refuse(error.text)
        self._refuse(error.text, [])

    def _draw_done(self, store: Store) -> None:
        self._page.clear()
        status = StoreStatus(store.status)
        waits = status is not StoreStatus.ACTIVE
        sentence = (
            _("It waits for a review by the brand. You need to do nothing; if something is missing, you will be asked.")
            if waits
            else _("It was accepted at once.")
        )
        with (
            self._page,
            content.panel(),
            content.empty_state(_("{name} is registered", name=store.name), sentence) as done,
        ):
            self._draw_result(store, _(STATUS_LABELS[status][0]))
        focus_on(done)

    def _draw_result(self, store: Store, status: str) -> None:
        with Tag("div", css="qd-stack qd-done", testid="registered", data_code=store.code):
            with content.row():
                Tag("b", store.code, testid="registered-code")
                content.chip(status, content.tone_of(store.status))
            if self._actor is not None:
                with content.row():
                    link_button(_("Open the store"), record_path("stores", store.code), testid="action-open")
                    link_button(_("Register another store"), PATH, look="primary", testid="action-another")

    # --- the draft ---

    def _changed(self) -> None:
        """Keep what is stated now."""
        if self._is_resuming:
            return
        self._draft.keep(
            {"step": self._at, "photos": list(self._photos.references), "form_id": self._form_id}
            | self._statement.state()
            | self._position.state()
        )

    def _resume(self, state: Mapping[str, Any]) -> None:
        """State again what an earlier visit had stated."""
        self._is_resuming = True
        form_id = state.get("form_id")
        if isinstance(form_id, str) and 0 < len(form_id) <= FORM_ID_LENGTH_MAX:
            self._form_id = form_id
        found = [self._statement.resume(state), self._photos.resume(state)]
        self._position.resume(state)
        self._is_resuming = False
        if any(found) or self._position.fixes:
            step = state.get("step")
            self._show(step if step in STEPS and self._position.fixes else "where")
            toast(_("Your draft is back: go on where you were."))
