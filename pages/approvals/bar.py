"""The buttons by which one document is decided, with one field for the reason."""

from collections.abc import Callable
from functools import partial
from typing import Any

from core.errors import Conflict, DomainError, NotFound
from pages.approvals.subjects import OnDone, OnStale
from pages.components.base.buttons import button
from pages.components.base.toasts import toast
from pages.components.forms.fields import FormField, text_field
from pages.components.forms.reasons import reason_problem
from pages.shell.calls import call_or_raise, show_refusal
from pages.web.identity import current_actor


class DecisionBar:
    """Buttons of services that decide: called with key, reason and version.

    Args:
        key: Of the document.
        version: That the person sees.
        on_done: Called when something was done. on_stale: called with a sentence when somebody was faster.
        shown: Codes of conflicts that are said in passing, because the document is still as it was seen.
    """

    def __init__(
        self, key: str, version: int, on_done: OnDone, on_stale: OnStale, *, shown: frozenset[str] = frozenset()
    ) -> None:
        self._key = key
        self._version = version
        self._on_done = on_done
        self._on_stale = on_stale
        self._shown = shown
        self._reason: FormField | None = None

    def button(
        self, name: str, label: str, service: Callable[..., Any], done: str, *, needs_reason: bool = False, **look: Any
    ) -> None:
        """Draw a button; ``done`` is what is said when it has worked."""
        button(label, partial(self._decide, service, done, needs_reason), testid=f"action-{name}", **look)

    def reason(self, label: str, placeholder: str, *, name: str = "reason", max_length: int = 2000) -> None:
        """Draw the field for the reason."""
        self._reason = text_field(name, label, placeholder=placeholder, max_length=max_length)

    async def run(self, service: Callable[..., Any], done: str, *arguments: Any) -> None:
        """Call a service with the key, ``arguments`` and the version, and say what became of it."""
        try:
            await call_or_raise(service, self._key, *arguments, version=self._version)
        except (Conflict, NotFound) as error:
            if error.code in self._shown:
                show_refusal(error)
            else:
                await self._on_stale(error.text)
        except DomainError as error:
            show_refusal(error)
        else:
            toast(done)
            await self._on_done()

    async def _decide(self, service: Callable[..., Any], done: str, needs_reason: bool) -> None:
        reason = str(self._reason.value or "").strip() if self._reason else ""
        if self._reason and (problem := reason_problem(reason, required=needs_reason)):
            await current_actor()
            self._reason.refuse(problem.text)
            self._reason.control.run_method("focus")
            return
        await self.run(service, done, reason)
