"""The inbox: what waits at the left, all there is to know at the right, the decision always in view."""

from collections.abc import Iterable, Sequence
from functools import partial

from fastapi import Request

from core.access import Actor
from core.errors import DomainError, NotFound
from core.i18n import N_, _
from core.permissions import Permission
from pages.approvals.subjects import STANDING, WAITING, Bulk, InboxPage, InboxSubject
from pages.components.base.assets import add_style
from pages.components.base.buttons import button, link_button
from pages.components.base.elements import Tag
from pages.components.layout.content import empty_state, keys_hint, notice, page_header, panel, update_subtitle
from pages.components.layout.inbox import Inbox, poll
from pages.components.layout.views import View, view_tabs
from pages.shell.calls import page, show_refusal
from pages.shell.navigation import count_again, staff_shell
from pages.shell.reading import read, read_as_current_user
from pages.web.identity import current_actor, page_actor
from services.accounts.sessions import SignInNeeded
from services.approvals.worklist import decides_anything, keys_waiting, waiting_counts

LOOK_AGAIN_S = 20.0
_subjects: list[InboxSubject] = []


def register_approvals(subjects: Iterable[InboxSubject]) -> None:
    """Register the inbox with its subjects, in the order of their tabs; the first one is shown at ``/approvals``."""
    _subjects[:] = subjects
    page("/approvals", permission=Permission.ORDER_VIEW, title=N_("Waiting for me"))(approvals_page)


async def approvals_page(request: Request) -> None:
    """Draw the inbox; ``?subject=`` chooses the subject, ``?view=`` the view, and a key the line open at first.

    Without any of them the first subject opens in which something waits.

    Raises:
        NotFound: There is no such subject.
        NotPermitted: The actor may not see it.
    """
    actor, name = page_actor(), request.query_params.get("subject", "")
    if name:
        subject = next((one for one in _subjects if one.name == name), None)
        if subject is None:
            raise NotFound("approvals.subject_not_found", N_("There is nothing here to decide at this address."))
        actor.require(subject.permission)
    else:
        seen = _subjects_of(actor)
        counts = {} if request.query_params else await read(actor, waiting_counts)
        subject = next((one for one in seen if counts.get(one.name)), seen[0])
    await draw_inbox(request, subject)


async def draw_inbox(request: Request, subject: InboxSubject) -> None:
    """Draw the page of the inbox with one subject."""
    actor = page_actor()
    views = subject.views(actor)
    view = request.query_params.get("view", "")
    view = view if view in views else next(iter(views))
    found = await read(actor, subject.read, view)
    wanted = request.query_params.get(subject.parameter, "")[:64]
    await _add_wanted(actor, subject, found, wanted if view == WAITING else "")
    counts = await read(actor, waiting_counts)
    async with staff_shell(_title(subject, actor), current=subject.place, fill=True):
        for sheet in subject.styles:
            add_style(sheet)
        await ApprovalInbox(subject, actor, view, found, counts).draw(wanted)


def _title(subject: InboxSubject, actor: Actor) -> str:
    return _("Waiting for me") if decides_anything(actor) else _(subject.label)


def _subjects_of(actor: Actor) -> list[InboxSubject]:
    return [one for one in _subjects if actor.can(one.permission)]


async def _add_wanted(actor: Actor, subject: InboxSubject, found: InboxPage, key: str) -> None:
    """Add the line of the document that the address names, if it waits and the list is too short for it."""
    if not key or subject.read_item is None or any(item.key == key for item in found.items):
        return
    wanted = await read(actor, subject.read_item, key)
    found.items[:0] = wanted.items
    found.tickable = {**found.tickable, **wanted.tickable}
    found.late |= wanted.late


class ApprovalInbox:
    """One view of one subject on one person's screen."""

    def __init__(
        self, subject: InboxSubject, actor: Actor, view: str, found: InboxPage, subject_counts: dict[str, int]
    ) -> None:
        self._subject = subject
        self._actor = actor
        self._view = view
        self._found = found
        self._subject_counts = subject_counts
        self._shown = ""
        self._bulk: Bulk | None = None

    async def draw(self, key: str) -> None:
        """Draw the page, with one line open."""
        subject, waits = self._subject, self._view == WAITING
        with page_header(_title(subject, self._actor), self._subtitle()):
            if waits and (self._found.items or subject.bulk):
                keys_hint(subject.hints(self._actor))
            if waits and subject.bulk is not None:
                self._bulk = subject.bulk(self._decided_many)
                self._bulk.draw()
            if subject.draw_header is not None:
                subject.draw_header(self._actor)
        self._tabs = Tag("div")
        self._draw_tabs()
        self._news = Tag("div", css="qd-fresh", role="status", hidden=True)
        if not self._found.items:
            self._draw_nothing()
            return
        on_tick = self._ticked if self._bulk else None
        self._inbox = Inbox(
            self._found.items, self._show, label=_(subject.list_label), on_tick=on_tick, tickable=self._found.tickable
        )
        first = key if key in self._inbox.keys else self._inbox.keys[0]
        await self._inbox.open(first, leave_list=bool(key))
        if waits:
            poll(LOOK_AGAIN_S, self._look_for_news)

    def _subtitle(self) -> str:
        """Return how much waits in all, the subject of the open tab, and how much of it waits and is late."""
        late = len(self._found.late)
        parts = []
        if decides_anything(self._actor) and len(_subjects_of(self._actor)) > 1:
            parts = [_("{count} waiting in all", count=sum(self._subject_counts.values())), _(self._subject.label)]
        if self._view == WAITING:
            parts.append(_("{count} to decide", count=self._found.counts[WAITING]))
        if late:
            parts.append(_("{count} late", count=late))
        return " · ".join(parts)

    def _draw_tabs(self) -> None:
        labels, counts = self._subject.views(self._actor), self._found.counts
        _path, _mark, query = self._subject.href.partition("?")
        self._tabs.clear()
        with self._tabs:
            self._draw_subjects()
            shown = [View(view, label, query=query, count=counts.get(view)) for view, label in labels.items()]
            view_tabs(shown, current=self._view)

    def _draw_subjects(self) -> None:
        seen = _subjects_of(self._actor)
        if len(seen) < 2:
            return
        with Tag("nav", css="qd-tabs", aria_label=_("Kinds"), testid="subjects"):
            for one in seen:
                count = self._subject_counts.get(one.name, 0)
                Tag(
                    "a",
                    f"{_(one.label)} {count:,}",
                    "qd-tab",
                    href=one.href,
                    aria_current="page" if one is self._subject else None,
                    testid=f"subject-{one.name}",
                )

    async def _count_again(self) -> None:
        """Say how many are left, wherever this page says so."""
        with self._tabs:  # the button that was pressed may be gone by now
            self._found.counts.update(await read_as_current_user(self._subject.read_counts))
            self._subject_counts = await read_as_current_user(waiting_counts)
            update_subtitle(self._subtitle())
            self._draw_tabs()
            await count_again()

    def _draw_nothing(self) -> None:
        title, sentence = self._subject.empty[self._view]
        label, href = self._subject.all_link
        with panel(), empty_state(_(title), _(sentence)):
            link_button(_(label), href)

    async def _show(self, key: str, problem: str = "", *, is_news: bool = False) -> None:
        """Draw one document at the right, as it is now; one that is there already stays, unless there is news of it.

        The buttons of the one before go first: a key pressed meanwhile must not decide what is no longer looked at.
        """
        if key == self._shown and not problem and not is_news:
            return
        self._shown = key
        with self._inbox.bar():
            pass
        try:
            actor = await current_actor() if is_news or problem else self._actor
            case = await read_as_current_user(self._subject.read_case, key)
        except SignInNeeded as error:
            show_refusal(error)
            return
        except DomainError as error:
            with self._inbox.detail():
                notice(error.text, "danger", testid="problem")
            return
        if key != self._shown:
            return  # another one was opened meanwhile
        with self._inbox.detail():
            if problem:
                notice(problem, "danger", testid="problem")
            self._subject.draw_case(case, actor, partial(self._draw_again, key))
        with self._inbox.bar():
            self._subject.draw_bar(case, actor, self._go_on, self._show_again)

    async def _draw_again(self, key: str) -> None:
        """Show a document, and the list it stands in, as they are after something about it was changed here."""
        await self._show(key, is_news=True)
        if self._view == WAITING:
            await self._read_list()

    async def _show_again(self, problem: str) -> None:
        """Show the open document as it is by now; if somebody else decided it, its line leaves the list."""
        key = self._shown
        await self._show(key, problem, is_news=True)
        if self._view == WAITING:
            await self._remove_decided([key])
            await self._count_again()

    async def _go_on(self) -> None:
        """Remove the line of what was decided, unless it still waits for the same person, and open the one below.

        Other views show it as it is by now.
        """
        key = self._shown
        if self._view in STANDING:
            await self._show(key, is_news=True)
            return
        following = self._inbox.following(key)
        await self._remove_decided([key])
        if self._inbox.keys:
            self._shown = ""  # the only one there is may still wait: it is drawn as it is by now
            await self._inbox.open(following if following in self._inbox.keys else self._inbox.keys[0])
        else:
            self._draw_all_done()
        await self._count_again()

    def _draw_all_done(self) -> None:
        self._shown = ""
        title = self._subject.empty[WAITING][0] if WAITING in self._subject.empty else ""
        with self._inbox.detail(), empty_state(_(title), _(self._subject.all_done)):
            pass
        with self._inbox.bar():
            pass

    async def _remove_decided(self, keys: Sequence[str]) -> None:
        """Remove the lines of those of ``keys`` that no longer wait for this person; the others are read again."""
        waiting: set[str] = set()
        if self._view == WAITING:
            with self._tabs:
                waiting = await read_as_current_user(keys_waiting, self._subject.name, keys)
        for key in keys:
            if key not in waiting and key in self._inbox.keys:
                self._found.tickable = {name: one for name, one in self._found.tickable.items() if name != key}
                self._found.late -= {key}
                self._inbox.remove(key)
        if waiting:
            await self._read_list()

    def _ticked(self) -> None:
        if self._bulk is not None:
            chosen = [self._found.tickable[key] for key in self._inbox.keys if key in self._inbox.ticked]
            self._bulk.choose(chosen)

    async def _decided_many(self, keys: Sequence[str]) -> None:
        """Remove what was decided at once from the list."""
        opened = self._inbox.current
        await self._remove_decided(keys)
        await self._count_again()
        if not self._inbox.keys:
            self._draw_all_done()
        elif opened not in self._inbox.keys:
            await self._inbox.open(self._inbox.keys[0], leave_list=False)

    async def _look_for_news(self) -> None:
        """Say that the list has changed meanwhile; it changes on the screen only when the person says so."""
        try:
            keys = await read_as_current_user(self._subject.read_waiting)
        except SignInNeeded:
            return  # the next click says so
        known = set(self._inbox.keys)
        added, gone = len(keys - known), len(known - keys)
        self._news.clear()
        self._news.put(hidden=not added and not gone)
        if not added and not gone:
            return
        parts = [_("{count} new", count=added)] if added else []
        parts += [_("{count} decided by others", count=gone)] if gone else []
        with self._news, notice(" · ".join(parts), "info", testid="news"):
            button(_("Refresh the list"), self._refresh, testid="action-refresh")

    async def _refresh(self) -> None:
        try:
            await self._read_list()
        except DomainError as error:
            show_refusal(error)
            return
        await self._count_again()
        self._news.clear()
        self._news.put(hidden=True)

    async def _read_list(self) -> None:
        with self._tabs:  # the button that was pressed may be gone by now
            actor = await current_actor()
        self._found = await read(actor, self._subject.read, WAITING)
        await _add_wanted(actor, self._subject, self._found, self._shown)
        self._inbox.show_all(self._found.items, self._found.tickable)
