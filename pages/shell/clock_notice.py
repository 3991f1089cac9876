"""What administrators and IT read while the clock is in doubt, and the button that takes it for right."""

from core.access import Actor
from core.i18n import _
from core.jobs.clock_guard import ClockDoubt, clock_doubt
from core.permissions import Permission
from pages.components.base.buttons import button
from pages.components.base.navigation import load_again
from pages.components.layout.content import notice, row, stack
from pages.components.layout.records import instant_text
from pages.shell.calls import call
from pages.shell.reading import read
from services.jobs.clock_confirmation import confirm_clock


async def draw_clock_notice(actor: Actor) -> None:
    """Draw nothing while the clock is trusted, or for who may do nothing about it."""
    if not actor.can(Permission.SYSTEM_OPERATE):
        return
    doubt = await read(actor, clock_doubt)
    if doubt is None:
        return
    with stack():
        notice(doubt_sentence(doubt), "danger", testid="clock-doubt")
        with row():
            button(_("The clock is right, go on"), _confirm, testid="action-confirm-clock")


def doubt_sentence(doubt: ClockDoubt) -> str:
    """Return what happened to the clock, what waits because of it, and what to do."""
    return _(
        "The clock jumped: it said {clock}, although the database was last used at {seen}. What deletes, expires or "
        "passes on by date has stopped. Set the clock if it is wrong; then say that it is right.",
        clock=instant_text(doubt.doubted_at),
        seen=instant_text(doubt.seen_at),
    )


async def _confirm() -> None:
    if await call(confirm_clock) is not None:
        load_again()
