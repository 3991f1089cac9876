"""Drafts of forms in the browser, which survive a lost connection."""

import json
from collections.abc import Callable
from typing import Any

from nicegui.events import GenericEventArguments

from pages.components.base.assets import add_script
from pages.components.base.elements import Tag

STATE_LENGTH_MAX = 20_000


class BrowserDraft(Tag):
    """Input of a form, stored in the browser until it is sent.

    Args:
        key: Names the form and the person, so that two people of one browser do not see each other's.
        on_found: Function or coroutine function that gets the draft of an earlier visit of less than a day ago. It
            comes from the browser: validate it. Its ``fields`` (name to text) hold what was typed last.
    """

    def __init__(self, key: str, on_found: Callable[[dict[str, Any]], Any]) -> None:
        add_script("draft.js")
        super().__init__("qudao-draft", hidden=True, data_key=key)
        self._key = key

        async def found(event: GenericEventArguments) -> None:
            state = event.args.get("detail") if isinstance(event.args, dict) else None
            if isinstance(state, dict) and len(json.dumps(state)) <= STATE_LENGTH_MAX:
                result = on_found(state)
                if result is not None:
                    await result

        self.on("draftfound", found, ["detail"])

    def keep(self, state: dict[str, Any]) -> None:
        """Store the current input."""
        self.put(state=json.dumps(state, ensure_ascii=False))

    def forget(self) -> None:
        """Delete the draft, as it is sent; works also if the page drops this element at once."""
        self.put(state=None)
        self.client.run_javascript(f"localStorage.removeItem('qudao.draft.' + {json.dumps(self._key)});")
