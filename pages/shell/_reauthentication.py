"""Re-authentication: a dialog in which the user enters the password again, before rights change.

The service decides when: it raises ``ReauthenticationNeeded``; ``shell.calls`` opens the dialog and calls it again.
"""

from starlette.concurrency import run_in_threadpool

from core.errors import DomainError
from core.i18n import _
from pages.components.forms.questions import ask_secret
from pages.web.identity import current_session_user
from services.accounts.own_account import reauthenticate


async def prove_again() -> bool:
    """Ask for the password, or for a code of the second factor if there is one; return whether it was right."""
    session_user = await current_session_user()

    async def look(stated: str) -> str:
        """Return why ``stated`` proves nothing; "" if it does."""
        try:
            await run_in_threadpool(reauthenticate, await current_session_user(), stated)
        except DomainError as error:
            return error.text
        return ""

    if session_user.has_second_factor:
        label, hint = _("Code"), _("The six digits your phone shows, or one of your one-time codes")
    else:
        label, hint = _("Your password"), ""
    return await ask_secret(
        _("Is it you?"),
        _("What you are about to do changes what people may do here. It is required once every few minutes."),
        label=label,
        hint=hint,
        is_code=session_user.has_second_factor,
        look=look,
        yes=_("Confirm"),
    )
