"""Names of user agents."""

_BROWSERS = ("Edg", "Firefox", "MicroMessenger", "Chrome", "Safari")
_BROWSER_NAMES = {"Edg": "Edge", "MicroMessenger": "WeChat"}
_SYSTEMS = ("Android", "iPhone", "iPad", "Windows", "Mac OS", "Linux")


def browser_name(user_agent: str) -> str:
    """Return the name of a browser and its system, e.g. "Firefox · Windows"; "" if it says nothing known."""
    browser = next((name for name in _BROWSERS if name in user_agent), "")
    system = next((name for name in _SYSTEMS if name in user_agent), "")
    return " · ".join(part for part in (_BROWSER_NAMES.get(browser, browser), system) if part)
