"""What can be done about an application: the upstream's word, the brand's decision; one bar for inbox and record."""

from collections.abc import Callable
from typing import Any

from sqlalchemy.orm import Session

from core.access import Actor
from core.i18n import N_, _
from core.limits import NOTE_LENGTH_MAX
from core.permissions import Permission
from models.partners.applications import Application, ApplicationStatus
from models.partners.tiers import TIERS
from pages.approvals.bar import DecisionBar
from pages.approvals.subjects import OnDone, OnStale
from pages.components.base.buttons import button
from pages.components.forms.dialogs import drawer
from pages.components.forms.fields import search_field, text_field
from pages.components.layout import content
from pages.shell.reading import read
from pages.web.identity import current_actor
from services.applications.approval import (
    approve_application,
    assign_upstream,
    confirm_application,
    decline_application,
    is_own_application,
    may_speak_for_upstream,
    reject_application,
    return_application,
)
from services.applications.queries import possible_upstreams

FOUND_MAX = 30
UNCHANGED = frozenset({"applications.email_taken", "applications.upstream_not_active"})
"""Codes of conflicts in which the application itself is still as it was seen."""
DONE = {
    "confirm": N_("Application {number} confirmed"),
    "decline": N_("Application {number} declined"),
    "approve": N_("Application {number} approved"),
    "refuse": N_("Application {number} refused"),
    "return": N_("Application {number} returned for change"),
    "assign": N_("Application {number} put under another upstream"),
}


class ApplicationActions:
    """The buttons for one application on one person's screen.

    Args:
        application: As the person sees it.
        actor: Decides what is offered; each service decides again.
        on_done: Called when something was done. on_stale: called with a sentence when somebody was faster.
    """

    def __init__(
        self,
        application: Application,
        actor: Actor,
        on_done: OnDone,
        on_stale: OnStale,
    ) -> None:
        self._application = application
        self._actor = actor
        self._bar = DecisionBar(application.number, application.version, on_done, on_stale, shown=UNCHANGED)

    def draw(self) -> None:
        """Draw what the actor can do now, with one field for the reason or note."""
        status = ApplicationStatus(self._application.status)
        if is_own_application(self._actor, self._application):
            sentence = _("You made or entered this application yourself: someone else has to decide it.")
            content.notice(sentence, "info", testid="own-application")
        elif status is ApplicationStatus.UNDER_REVIEW and self._actor.can(Permission.APPLICATION_DECIDE):
            self._draw_decision()
        elif status is ApplicationStatus.SUBMITTED and may_speak_for_upstream(self._actor, self._application):
            self._draw_word()
        elif status is ApplicationStatus.SUBMITTED and self._actor.can(Permission.APPLICATION_DECIDE):
            self._draw_on_behalf()

    def _draw_decision(self) -> None:
        self._button("approve", _("Approve"), approve_application, look="primary", key="a")
        self._button("refuse", _("Refuse"), reject_application, look="danger", key="r", needs_note=True)
        self._button("return", _("Return for change"), return_application, needs_note=True)
        self._draw_assign()
        self._draw_note(_("Reason"), _("Reason (needed to refuse or return)"))

    def _draw_word(self) -> None:
        self._button("confirm", _("Confirm"), confirm_application, look="primary", key="a")
        self._button("decline", _("Decline"), decline_application, look="danger", key="r", needs_note=True)
        self._draw_note(_("Note"), _("Note (needed to decline)"))

    def _draw_on_behalf(self) -> None:
        self._button("confirm", _("Confirm on behalf"), confirm_application, needs_note=True)
        self._button("refuse", _("Refuse"), reject_application, look="danger", key="r", needs_note=True)
        self._button("return", _("Return for change"), return_application, needs_note=True)
        self._draw_note(_("Reason"), _("Reason (needed for each of these)"))

    def _draw_note(self, label: str, placeholder: str) -> None:
        self._bar.reason(label, placeholder)

    def _button(
        self, name: str, label: str, service: Callable[..., Any], *, needs_note: bool = False, **look: Any
    ) -> None:
        self._bar.button(name, label, service, self._done(name), needs_reason=needs_note, **look)

    def _done(self, name: str) -> str:
        return _(DONE[name], number=self._application.number)

    def _draw_assign(self) -> None:
        with drawer(_("Another upstream")) as show, content.stack():
            content.paragraph(_("The partner chosen has to confirm first. Nobody chosen: directly under the brand."))
            chosen = search_field("upstream", _("Upstream"), self._find_upstreams)
            note = text_field("assign-note", _("Note"), multiline=True, max_length=NOTE_LENGTH_MAX)

            async def assign() -> None:
                await self._bar.run(assign_upstream, self._done("assign"), chosen.value or None, str(note.value or ""))

            button(_("Put under it"), assign, look="primary", testid="action-assign")
        button(_("Another upstream"), show, look="quiet", testid="action-other-upstream")

    async def _find_upstreams(self, text: str) -> dict[str, str]:
        return await read(await current_actor(), find_upstreams, self._application.tier or "", text)


def find_upstreams(session: Session, tier: str, text: str) -> dict[str, str]:
    """Return code → how a partner is shown under whom a tier may stand and that a text may mean."""
    found = possible_upstreams(session, tier, text, FOUND_MAX)
    return {code: f"{name} · {_(TIERS[its_tier].label)} · {code}" for code, name, its_tier in found}
