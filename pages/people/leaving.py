"""The leaving wizard: what a person holds, successors for each kind, what ends; executed at once."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from core.addresses import KeyInPath, record_path
from core.errors import DomainError
from core.i18n import N_, _, ngettext
from core.limits import NOTE_LENGTH_MAX
from core.permissions import Permission
from pages.components.base.assets import add_style
from pages.components.base.buttons import button, link_button
from pages.components.base.elements import Tag
from pages.components.forms.dialogs import confirm
from pages.components.forms.fields import FormField, search_field, text_field
from pages.components.layout.content import columns, kv, notice, page_header, panel, paragraph, row, stack
from pages.shell.calls import call_or_raise, page, permitted_actor, show_refusal
from pages.shell.navigation import staff_shell
from pages.shell.reading import read
from pages.web.identity import current_actor
from services.organisation.handover import shares
from services.organisation.leaving import Holding, Holdings, holdings, leave, possible_successors

PEOPLE_MAX = 6  # successors of one kind

Search = Callable[[str], Awaitable[Mapping[str, str]]]


def register_leaving() -> None:
    """Register ``/users/EMAIL/leave``; before the records."""

    @page("/users/{email}/leave", permission=Permission.USER_EDIT, title=N_("Leaving"))
    async def draw(email: KeyInPath) -> None:
        await leaving_page(email)


async def leaving_page(email: str) -> None:
    """Draw the wizard as the whole page. Raises as ``services.organisation.leaving.holdings``."""
    async with staff_shell(_("Leaving"), current="users") as actor:
        found = await read(actor, holdings, email)
        add_style("leaving.css")
        crumbs = {_("Users"): "/users", found.name: record_path("users", found.email)}
        with page_header(_("{name} leaves", name=found.name), found.email, crumbs=crumbs):
            pass
        body = stack()
        with body:
            Leaving(found, body)


class Leaving:
    """State of the wizard: holdings and successors; the result when it is done."""

    def __init__(self, found: Holdings, body: Tag) -> None:
        self._found = found
        self._body = body
        if found.undecided_count:
            _warn(found.undecided_count)
        with columns() as (content, rail):
            with content:
                self._kinds = self._draw_held()
                with panel():
                    self._note = text_field(
                        "note", _("Note for the audit trail"), multiline=True, max_length=NOTE_LENGTH_MAX
                    )
            with rail:
                _draw_ended(found)
        self._problems = Tag("div").style("display:contents")  # beside the button: the page is longer than a screen
        with row():
            go = button(_("Let {name} leave", name=found.name), self._ask, look="danger", testid="action-let-leave")
            link_button(_("Cancel"), record_path("users", found.email), testid="action-cancel")
        if found.undecided_count:
            go.disable()

    def _draw_held(self) -> dict[str, "Successors"]:
        with panel(_("What goes to colleagues")):
            if not self._found.held:
                paragraph(_("They hold nothing that somebody else must take over."))
                return {}
            kinds: dict[str, Successors] = {}
            if len(self._found.held) > 1:
                search = partial(self._search, self._found.held[0].kind.name)
                everything = search_field("everything", _("Everything to one colleague"), search)
                everything.control.on_value_change(lambda: self._give_all(everything))
            for holding in self._found.held:
                search = partial(self._search, holding.kind.name)
                kinds[holding.kind.name] = Successors(holding, search)
        return kinds

    async def _search(self, kind: str, typed: str) -> Mapping[str, str]:
        return await read(await current_actor(), possible_successors, self._found.email, kind, typed)

    def _give_all(self, everything: FormField) -> None:
        label = everything.chosen_label
        if label:
            for kind in self._kinds.values():
                kind.give(str(everything.value), label)

    async def _ask(self) -> None:
        if await permitted_actor(Permission.USER_EDIT) is None:
            return
        name, sentence = (
            self._found.name,
            _("Everything is handed over, every way in is shut. It happens at once, or not at all."),
        )
        title = _("Let {name} leave?", name=name)
        if await confirm(title, sentence, yes=_("Let {name} leave", name=name), danger=True) is None:
            return
        chosen = {kind: successors.emails for kind, successors in self._kinds.items()}
        self._problems.clear()
        try:
            counts = await call_or_raise(leave, self._found.email, chosen, str(self._note.value or "").strip())
        except DomainError as error:
            self._refuse(error)
            return
        self._done(counts)

    def _refuse(self, error: DomainError) -> None:
        for name, kind in self._kinds.items():
            problem = error.fields.get(name)
            kind.refuse(problem.text if problem else "")
        unknown = {name: problem for name, problem in error.fields.items() if name not in self._kinds}
        if unknown:  # something was given to the person meanwhile
            show_refusal(error)
        with self._problems:
            notice(error.text, "danger", testid="form-problems")

    def _done(self, counts: Mapping[str, int]) -> None:
        labels = {holding.kind.name: _(holding.kind.label) for holding in self._found.held}
        items = [_("{label}: {count} handed over", label=labels.get(n, n), count=f"{c:,}") for n, c in counts.items()]
        self._body.clear()
        with self._body:
            notice(_("{name} has left.", name=self._found.name), "ok", items=items, testid="left")
            with row():
                link_button(_("Open the record"), record_path("users", self._found.email), testid="action-open")
                link_button(_("All users"), "/users")


class Successors:
    """Successors for one kind of holding: one colleague, or several who share it."""

    def __init__(self, holding: Holding, search: Search) -> None:
        self._holding = holding
        self._search = search
        self._fields: list[FormField] = []
        self._labels = (_("Goes to"), _("and to"))  # in the language of now: a choice is no event that asks for it
        self._divided = _("Divided: {shares}")
        with Tag("section", css="qd-hand", testid=f"kind-{holding.kind.name}"):
            with Tag("div", css="qd-hand-what"):
                Tag("b", _(holding.kind.label))
                Tag("b", f"{holding.count:,}", "qd-hand-count")
                Tag("small", _examples(holding))
            with Tag("div", css="qd-hand-to"):
                self._box = Tag("div", css="qd-stack")
                with row():
                    self._shares = Tag("span", css="qd-hint")
                    self._more = button(
                        _("Divide among several"),
                        self._divide,
                        look="quiet",
                        icon="plus",
                        testid=f"action-divide-{holding.kind.name}",
                    )
        self._more.put(hidden=not holding.kind.can_split or holding.count < 2)
        self._add()

    @property
    def emails(self) -> list[str]:
        """Return the chosen successors, without repeats."""
        return list(dict.fromkeys(str(field.value) for field in self._fields if field.value))

    def give(self, email: str, label: str) -> None:
        """Choose one successor for all of it."""
        self._fields[0].choose(email, label)
        for other in self._fields[1:]:
            other.value = None
        self._say()

    def refuse(self, problem: str) -> None:
        """Show what is wrong under the first choice; "" takes it away."""
        self._fields[0].refuse(problem)

    async def _divide(self) -> None:
        if await permitted_actor(Permission.USER_EDIT) is not None:
            self._add()

    def _add(self) -> None:
        if len(self._fields) >= min(PEOPLE_MAX, max(self._holding.count, 1)):
            return
        number = len(self._fields) + 1
        name = self._holding.kind.name if number == 1 else f"{self._holding.kind.name}-{number}"
        label = self._labels[number > 1]
        with self._box:
            self._fields.append(search_field(name, label, self._search, on_change=self._say, required=number == 1))

    def _say(self) -> None:
        if self._fields and self.emails:
            self.refuse("")
        chosen = self.emails
        parts = [f"{share:,}" for share in shares(self._holding.count, len(chosen))] if len(chosen) > 1 else []
        self._shares.text = self._divided.replace("{shares}", " + ".join(parts)) if parts else ""


def _examples(holding: Holding) -> str:
    rest = holding.count - len(holding.keys)
    named = "、".join(holding.keys)
    return _("{keys} and {count} more", keys=named, count=f"{rest:,}") if rest > 0 else named


def _warn(count: int) -> None:
    sentence = ngettext(
        "{count} order waits for a decision that nobody else could take. Give somebody else that right, or decide it"
        " first.",
        "{count} orders wait for a decision that nobody else could take. Give somebody else that right, or decide them"
        " first.",
        count,
    )
    with notice(sentence, "danger", testid="undecided"):
        link_button(_("See what waits"), "/orders?status=submitted")


def _draw_ended(found: Holdings) -> None:
    with panel(_("What ends")):
        paragraph(_("With the account, these end at once:"))
        kv({_(label): f"{count:,}" for label, count in found.ended.items()}, pairs=1)
        paragraph(_("Password and second factor are forgotten. What they did stays on record under their name."))
