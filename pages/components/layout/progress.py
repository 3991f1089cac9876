"""Progress of a job, updated while the page is open."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal

from nicegui import ui

from core.i18n import _
from pages.components.base.elements import Tag


@dataclass(frozen=True, slots=True)
class Progress:
    """Progress of a job.

    Attributes:
        done: Rows done; ``total`` is 0 while it is not known.
        eta_s: Seconds to go, None while it is not known.
    """

    label: str
    done: int
    total: int
    eta_s: int | None = None
    state: Literal["running", "done", "failed"] = "running"


class ProgressBar:
    """A bar with count and time to go; the person may leave the page meanwhile."""

    def __init__(self, progress: Progress | None = None) -> None:
        with Tag("div", css="qd-progress", testid="progress"):
            with Tag("div", css="qd-progress-line", role="status"):
                self._label = Tag("span")
                self._count = Tag("span")
            self._bar = Tag("progress", max=1, aria_label=_("Progress"))
        if progress:
            self.show(progress)

    def show(self, progress: Progress) -> None:
        """Show the current progress."""
        self._label.text = progress.label
        self._bar.put(aria_label=progress.label, max=max(progress.total, 1), value=progress.done or None)
        self._count.text = _count_text(progress)


def live_progress(
    read: Callable[[], Awaitable[Progress | None]],
    *,
    every_s: float = 1.0,
    on_done: Callable[[Progress], Awaitable[None]] | None = None,
) -> ProgressBar:
    """Draw a progress bar that polls ``read`` until the job is no longer running.

    Args:
        read: Returns the progress, or ``None`` to stop polling.
        on_done: Called once with the last answer.
    """
    bar = ProgressBar()

    async def look() -> None:
        progress = await read()
        if progress is not None:
            bar.show(progress)
        if progress is None or progress.state != "running":
            timer.cancel()
            if progress and on_done:
                await on_done(progress)

    timer = ui.timer(every_s, look)
    return bar


def _count_text(progress: Progress) -> str:
    if not progress.total:
        return f"{progress.done:,}"
    count = f"{progress.done:,} / {progress.total:,} · {min(progress.done * 100 // progress.total, 100)}%"
    if progress.eta_s is None or progress.state != "running":
        return count
    minutes, seconds = divmod(progress.eta_s, 60)
    left = _("{count} min left", count=minutes + (seconds > 30)) if minutes else _("{count} s left", count=seconds)
    return f"{count} · {left}"
