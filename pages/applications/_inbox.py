"""The inbox of applications: what waits at the left, late ones first, all there is to know at the right."""

from collections.abc import Sequence

from fastapi import Request

from core.access import Actor
from core.errors import DomainError
from core.i18n import _
from core.permissions import Permission
from models.partners.applications import Application
from pages.applications._facts import draw_facts
from pages.applications._queries import can_act, inbox_item, read_facts, read_inbox
from pages.applications.actions import ApplicationActions
from pages.components.base.assets import add_style
from pages.components.base.buttons import link_button
from pages.components.base.elements import Tag
from pages.components.layout.content import empty_state, keys_hint, notice, page_header, panel, update_subtitle
from pages.components.layout.views import SplitView, View, view_tabs
from pages.shell.navigation import count_again, staff_shell
from pages.shell.reading import read
from pages.web.identity import current_actor, page_actor
from services.applications.queues import DONE, MINE, UPSTREAM, view_counts, waits_for


async def inbox_page(request: Request) -> None:
    """Draw the inbox; ``?view=`` chooses the view, ``?application=`` the line that is open at first."""
    actor = page_actor()
    view = request.query_params.get("view", MINE)
    if view not in (MINE, UPSTREAM, DONE) or (view == MINE and not waits_for(actor)):
        view = UPSTREAM
    async with staff_shell(_("Applications"), current="applications", fill=True):
        add_style("applications.css")
        add_style("photos.css")
        await ApplicationInbox(actor, view).draw(request.query_params.get("application", ""))


class ApplicationInbox:
    """One view of the inbox on one person's screen."""

    def __init__(self, actor: Actor, view: str) -> None:
        self._actor = actor
        self._view = view
        self._shown = ""

    async def draw(self, number: str) -> None:
        """Draw the page, with one line open."""
        found = await read(self._actor, read_inbox, self._view)
        counts = await read(self._actor, view_counts)
        with page_header(_("Applications"), self._subtitle(found)):
            if self._view == MINE and found:
                keys_hint({"J K": _("Up and down"), "A": self._yes(), "R": self._no()})
            link_button(_("All as a list"), "/applications", testid="action-all")
            if self._actor.can(Permission.PARTNER_EDIT):
                link_button(_("Enter an application"), "/applications/new", testid="action-new")
        self._views = Tag("div")
        self._draw_views(counts)
        if not found:
            self._draw_nothing()
            return
        items = [inbox_item(one) for one in found]
        self._split = SplitView(items, self._show, label=_("Applications"))
        self._keys = [item.key for item in items]
        first = number if number in self._keys else self._keys[0]
        await self._split.open(first, leave_list=bool(number))

    def _subtitle(self, found: Sequence[Application]) -> str:
        late = sum(inbox_item(one).is_late for one in found)
        return _("{count} late", count=late) if late and self._view != DONE else ""

    def _yes(self) -> str:
        return _("Approve") if self._actor.can(Permission.APPLICATION_DECIDE) else _("Confirm")

    def _no(self) -> str:
        return _("Refuse") if self._actor.can(Permission.APPLICATION_DECIDE) else _("Decline")

    def _draw_views(self, counts: dict[str, int]) -> None:
        mine = _("To decide") if self._actor.can(Permission.APPLICATION_DECIDE) else _("To confirm")
        labels = {MINE: mine, UPSTREAM: _("Waiting for others"), DONE: _("Decided")}
        views = [view for view in labels if view != MINE or waits_for(self._actor)]
        shown = [View(view, labels[view], count=counts.get(view)) for view in views]
        self._views.clear()
        with self._views:
            view_tabs(shown, current=self._view)

    def _draw_nothing(self) -> None:
        texts = {
            MINE: (_("No application waits for you"), _("Applications appear here as soon as it is your turn.")),
            UPSTREAM: (_("Nobody else is awaited"), _("Here stands what upstreams and applicants have to do.")),
            DONE: (_("Nothing decided yet"), _("What was approved, refused or taken back appears here.")),
        }
        with panel(), empty_state(*texts[self._view]):
            link_button(_("All applications"), "/applications")

    async def _show(self, number: str, problem: str = "", *, anew: bool = False) -> None:
        """Draw one application at the right, as it is now; the buttons of the one before go first."""
        if number == self._shown and not anew:
            return
        self._shown = number
        with self._split.bar():
            pass
        try:
            actor = await current_actor() if anew else self._actor
            facts = await read(actor, read_facts, number)
        except DomainError as error:
            with self._split.detail():
                notice(error.text, "danger", testid="problem")
            return
        if number != self._shown:
            return  # another one was opened meanwhile
        with self._split.detail():
            if problem:
                notice(problem, "danger", testid="problem")
            draw_facts(facts, actor)
        with self._split.bar():
            if can_act(actor, facts.application):
                ApplicationActions(facts.application, actor, self._done, self._stale).draw()
            else:
                link_button(_("Open the application"), f"/applications/{number}")

    async def _done(self) -> None:
        """Show what is next after a decision; the decided line goes."""
        number, keys = self._shown, self._keys
        at = keys.index(number)
        self._keys = keys[:at] + keys[at + 1 :]
        actor = await current_actor()
        found = await read(actor, read_inbox, self._view)
        self._draw_views(await read(actor, view_counts))
        update_subtitle(self._subtitle(found))
        await count_again()
        self._split.show([inbox_item(one) for one in found if one.number in self._keys])
        self._keys = [one.number for one in found if one.number in self._keys]
        if self._keys:
            await self._split.open(self._keys[min(at, len(self._keys) - 1)])
            return
        self._shown = ""
        words = _("No application waits for you"), _("You have dealt with all of them.")
        with self._split.detail(), empty_state(*words):
            pass
        with self._split.bar():
            pass

    async def _stale(self, sentence: str) -> None:
        await self._show(self._shown, sentence, anew=True)
