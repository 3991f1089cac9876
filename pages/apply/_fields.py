"""Inputs of an application, and its choice of upstream: shown as soon as tier and region are known."""

import inspect
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool

from core.errors import DomainError
from core.i18n import _
from models.partners.invites import CODE_LENGTH
from models.partners.tiers import TIERS
from models.regions import resolving
from models.regions.table import region
from pages.apply._queries import Inviter, read_inviter, read_proposals
from pages.apply._submission import SubmissionChannel
from pages.apply.visitor import use_visitor_language
from pages.components.base.buttons import link_button
from pages.components.base.elements import Tag
from pages.components.base.focus import focus_on
from pages.components.forms.fields import FormField, choice_field, search_field, show_problems, text_field
from pages.components.forms.photos import photo_field, photo_view
from pages.components.layout.content import form, notice, row
from services.applications.drafts import kept_texts, read_texts
from services.applications.invites import STORE, plain_code

THE_BRAND = "the brand decides"
"""Option for no particular upstream; no partner's code has a space in it."""
FOUND_MAX = 30
OFFERED = ("master_agent", "agent_1", "agent_2", "agent_3", "dealer", "micro_merchant", "group_leader")
"""Tiers offered without an invite."""
TEXTS = ("name", "uscc", "address", "contact", "phone", "email", "note")
"""Text fields that are always in the form."""


class ApplyFields:
    """All inputs of the form; each step draws its own.

    Attributes:
        fields: Name to input, as far as they are drawn.
    """

    def __init__(
        self,
        channel: SubmissionChannel,
        stated: Mapping[str, str],
        invited: Inviter | None,
        on_change: Callable[[], None],
        on_licence: Callable[[Sequence[str]], Awaitable[None]],
    ) -> None:
        self._channel = channel
        self._before = dict(stated)
        self._invited = invited
        self._on_change = on_change
        self._on_licence = on_licence
        self._licence_before: Tag | None = None
        self._asked = ("", "")
        self._checked = invited.code if invited else ""
        self._proposals: dict[str, str] = {}
        self.fields: dict[str, FormField] = {}

    @property
    def stated(self) -> dict[str, str]:
        """Name → text of all inputs."""
        found = {name: _text(field.value) for name, field in self.fields.items() if name != "licence"}
        if found.get("upstream") == THE_BRAND or self._invited:
            found["upstream"] = ""
        if self._invited and self._invited.code:
            found["invite"] = self._invited.code
        return found

    @property
    def texts(self) -> dict[str, str]:
        """Name → text of the text fields."""
        return {name: _text(self.fields[name].value) for name in TEXTS}

    @property
    def labels(self) -> dict[str, str]:
        """Name to label of the inputs."""
        return {name: field.label for name, field in self.fields.items()}

    @property
    def upstream_words(self) -> str:
        """The chosen upstream as text."""
        if self._invited:
            return self._invited.by
        return self._proposals.get(self.stated.get("upstream", ""), _("The brand decides"))

    def refuse(self, problems: Mapping[str, str]) -> list[str]:
        """Show problems beside their inputs, clear the others, and return all sentences with their labels."""
        show_problems(self.fields, problems)
        labels = self.labels
        return [
            _("{label}: {problem}", label=labels[name], problem=sentence) if name in labels else sentence
            for name, sentence in problems.items()
        ]

    def resume(self, typed: Mapping[str, Any]) -> None:
        """Put ``typed`` (name to text, from a browser) into the inputs."""
        for name, text in kept_texts(typed).items():
            if name in TEXTS:
                self.fields[name].value = text

    def draw_target(self) -> None:
        """Draw what is applied for: invite, tier, region, upstream."""
        self._invite_box = Tag("div")
        self._draw_invite()
        tier = self._before.get("tier") or None
        choices = self._tiers()
        if len(choices) == 1:
            tier = next(iter(choices))
        with form():
            self.fields["tier"] = choice_field(
                "tier",
                _("I want to become"),
                choices,
                tier if tier in choices else None,
                required=True,
                on_change=self._target_changed,
            )
            found = region(self._before.get("region", ""))
            self.fields["region"] = search_field(
                "region",
                _("County or district"),
                self._find_regions,
                found.code if found else None,
                value_label=found.full_name if found else "",
                required=True,
                hint=_("Where you want to sell. Type a part of the name, for example 姑苏."),
                on_change=self._target_changed,
            )
        self._upstream_box = Tag("div", hidden=True)
        with self._upstream_box:
            self._draw_upstream()

    def draw_company(self, licence_path: str) -> None:
        """Draw name, social credit code, licence and address; ``licence_path`` leads to the picture that is there."""
        with form():
            self._text("name", _("Name of the company or shop"), required=True, hint=_("As it stands in the licence."))
            self._text(
                "uscc",
                _("Social credit code"),
                hint=_("18 characters, in the licence. Who applies as a person leaves it empty."),
                on_change=self._check_uscc,
            )
        if licence_path:
            self._licence_before = photo_view(licence_path, _("Business licence"), testid="licence")
        licence = photo_field(
            "licence",
            _("Photo of the business licence"),
            hint=_("All four corners, readable. Who applies as a person leaves it out."),
            on_change=self._licence_chosen,
        )
        self.fields["licence"] = licence
        self._text("address", _("Address"), multiline=True)

    def draw_contact(self) -> None:
        """Draw the contact's name, phone and e-mail."""
        with form():
            self._text("contact", _("Contact"), required=True).control.props["autocomplete"] = "name"
            phone = self._text("phone", _("Mobile phone"), required=True)
            phone.control.props("inputmode=tel")
            phone.control.props["autocomplete"] = "tel"
            email = self._text(
                "email", _("E-mail"), required=True, hint=_("You sign in with it once you are a partner.")
            )
            email.control.props("inputmode=email")
            email.control.props["autocomplete"] = "email"
        self._text("note", _("What else we should know"), multiline=True)

    def _text(self, name: str, label: str, **options: Any) -> FormField:
        options.setdefault("on_change", partial(self._typed, name))
        self.fields[name] = text_field(name, label, self._before.get(name, ""), **options)
        return self.fields[name]

    def _typed(self, name: str) -> None:
        self._on_change()
        self.fields[name].refuse("")

    def _draw_invite(self) -> None:
        self._invite_box.clear()
        with self._invite_box:
            if self._invited:
                self.fields.pop("invite", None)
                by = self._invited.by
                words = _("Upstream set by the brand: {name}", name=by) if self._invited.is_assigned else ""
                notice(words or _("Invited by {name}", name=by), "ok", testid="invited")
                if STORE in self._invited.tiers and self._invited.code:
                    href = f"/stores/register?invite={self._invited.code}"
                    with row():
                        link_button(_("Register a store"), href, testid="action-store")
            else:
                hint = _("Eight letters and digits, if somebody gave you one. You can apply without it.")
                self._text("invite", _("Invite code"), hint=hint, on_change=self._invite_typed)

    def _draw_upstream(self) -> None:
        choices = {THE_BRAND: _("I do not know: the brand decides")}
        kept = self._before.get("upstream", "")
        self.fields["upstream"] = choice_field(
            "upstream",
            _("Whom do you want to buy from?"),
            choices,
            THE_BRAND,
            hint=_("Partners near you that may have others below them."),
            on_change=self._on_change,
        )
        if kept:
            self._asked = ("", "")

    def _tiers(self) -> dict[str, str]:
        codes = self._invited.tiers if self._invited else tuple(TIERS) if self._channel.is_staff else OFFERED
        return {code: _(TIERS[code].label) for code in codes if code in TIERS and code != STORE}

    async def _invite_typed(self) -> None:
        """Look an invite up once it is typed in full."""
        use_visitor_language()
        self._on_change()
        code = plain_code(_text(self.fields["invite"].value))
        if len(code) != CODE_LENGTH or code == self._checked or not await self._channel.may_ask():
            return
        self._checked = code
        try:
            self._invited = await self._channel.look(read_inviter, code)
        except DomainError as refused:
            self.fields["invite"].refuse(refused.text)
            return
        self._draw_invite()
        focus_on(self._invite_box)  # the input it was typed into is gone
        self._upstream_box.put(hidden=True)
        choices, control = self._tiers(), self.fields["tier"].control
        value = control.value if control.value in choices else next(iter(choices)) if len(choices) == 1 else None
        control.set_options(choices, value=value)  # type: ignore[attr-defined]

    async def _target_changed(self) -> None:
        """Propose upstreams once tier and region are known."""
        use_visitor_language()
        self._on_change()
        for name in ("tier", "region"):
            if self.fields[name].value:
                self.fields[name].refuse("")
        values, _wrong = read_texts(kept_texts(self.stated))
        target = (values.get("tier") or "", values.get("region") or "")
        if self._invited or not all(target) or target == self._asked:
            return
        if not TIERS[target[0]].upstreams:
            self._upstream_box.put(hidden=True)
            return
        if not await self._channel.may_ask():
            return
        self._asked = target
        self._proposals = await self._channel.look(read_proposals, *target)
        choices = self._proposals | {THE_BRAND: _("I do not know: the brand decides")}
        kept = self._before.get("upstream", "")
        value = kept if kept in self._proposals else THE_BRAND
        self.fields["upstream"].control.set_options(choices, value=value)  # type: ignore[attr-defined]
        self._upstream_box.put(hidden=not self._proposals)

    async def _find_regions(self, text: str) -> dict[str, str]:
        """Return counties and districts that a text may mean; larger regions are no place for one partner."""
        found = await run_in_threadpool(resolving.search, text, FOUND_MAX * 4)
        return {one.code: one.full_name for one in found if one.level == 3 or one.is_leaf}

    async def _licence_chosen(self) -> None:
        self._on_change()
        value = self.fields["licence"].value
        if self._licence_before is not None:
            self._licence_before.put(hidden=True)  # replaced by a new one
        result = self._on_licence([str(one) for one in value or ()])
        if inspect.isawaitable(result):
            await result

    def _check_uscc(self) -> None:
        """Say at once when a code that is whole cannot be right."""
        use_visitor_language()
        self._on_change()
        text = _text(self.fields["uscc"].value)
        is_whole = len(plain_code(text)) >= 18
        _values, problems = read_texts({"uscc": text}) if is_whole else ({}, {})
        self.fields["uscc"].refuse(problems["uscc"].text if problems else "")


def _text(value: object) -> str:
    return "" if value is None else str(value)
