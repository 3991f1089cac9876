"""The browser of the page tests: a Chromium of this machine, or one that gets installed.

``make test`` runs ``python -m tests.support.browser`` first, so that no test waits for an installation.
"""

import os
import platform
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PLACES = (
    "/usr/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "C:/Program Files/Google/Chrome/Application/chrome.exe",
)
OTHER_HOST = "shop.example"
"""Name under which the browser reaches this machine too: pages that do not come from 127.0.0.1 are not trusted."""
ARGUMENTS = [
    f"--host-resolver-rules=MAP {OTHER_HOST} 127.0.0.1",
    "--no-sandbox",  # Chromium refuses to start as root otherwise; it opens nothing but our own pages
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
OWN_BROWSER = "from playwright.sync_api import sync_playwright as s\nwith s() as p: print(p.chromium.executable_path)"


class NoBrowser(Exception):
    """There is no Chromium here and none could be installed; the message says what to do."""


@cache
def launch_options() -> dict[str, Any]:
    """Return what to pass to ``playwright.chromium.launch``.

    Raises:
        NoBrowser: See there.
    """
    found = find_chromium()
    if found is None:
        raise NoBrowser("No Chromium was found. Run `make test`, which installs one, or install Chromium yourself.")
    return {"executable_path": str(found), "args": ARGUMENTS, "headless": True}


def find_chromium() -> Path | None:
    """Return the browser to use: the system's, else Playwright's own, else None."""
    on_path = (shutil.which(name) for name in NAMES)
    for candidate in (*on_path, *PLACES):
        if candidate and Path(candidate).exists():
            return Path(candidate)
    own = Path(_say([sys.executable, "-c", OWN_BROWSER]).strip())
    return own if own.is_file() else None


def ensure_browser() -> Path:
    """Return the browser, installed together with a font for Chinese if either is missing.

    Raises:
        NoBrowser: See there.
    """
    may_use_apt = shutil.which("apt-get") is not None and hasattr(os, "geteuid") and os.geteuid() == 0
    if may_use_apt:
        wanted = [] if find_chromium() else ["chromium"]
        wanted += [] if has_chinese_font() else ["fonts-noto-cjk"]
        if wanted:
            environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(["apt-get", "update"], check=False, env=environment)
            subprocess.run(
                ["apt-get", "install", "-y", "--no-install-recommends", *wanted], check=False, env=environment
            )
    if find_chromium() is None:
        subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)
    found = find_chromium()
    if found is None:
        raise NoBrowser(
            "The page tests need Chromium and none could be installed. On Debian and Ubuntu: "
            "sudo apt-get install chromium fonts-noto-cjk. Elsewhere: install Google Chrome."
        )
    if not has_chinese_font():
        raise NoBrowser(
            "The page tests need a font with Chinese characters. On Debian and Ubuntu: "
            "sudo apt-get install fonts-noto-cjk."
        )
    return found


def has_chinese_font() -> bool:
    """Return whether Chinese text shows as characters and not as boxes."""
    if platform.system() != "Linux":
        return True
    if shutil.which("fc-list"):
        return bool(_say(["fc-list", ":lang=zh-cn", "family"]).strip())
    return any(Path("/usr/share/fonts").rglob("*CJK*"))


def _say(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


if __name__ == "__main__":
    try:
        sys.stdout.write(f"browser of the page tests: {ensure_browser()}\n")
    except NoBrowser as error:
        sys.exit(str(error))
