"""Design tokens: colours and measures, for light and dark; the only source for style sheets and tests."""

from typing import Literal

Tone = Literal["draft", "pending", "approved", "running", "shipped", "done", "returned", "rejected", "frozen"]
"""Tones of a status chip; its text says the same."""

LIGHT: dict[str, str] = {
    "ground": "#F6F7F9",
    "surface": "#FFFFFF",
    "sunken": "#F1F3F6",
    "line": "#E3E7ED",
    "control": "#7C8799",
    "text": "#16202E",
    "text-2": "#4A5668",
    "text-3": "#5F6B80",
    "accent": "#0B6B62",
    "accent-hover": "#095850",
    "accent-soft": "#E3F4F1",
    "on-accent": "#FFFFFF",
    "danger": "#B42318",
    "danger-soft": "#FDE7E7",
    "on-danger": "#FFFFFF",
    "ok": "#12683C",
    "veil": "rgb(16 24 40 / .38)",
    "float": "0 1px 2px rgb(16 24 40 / .06), 0 12px 32px -8px rgb(16 24 40 / .22)",
}
DARK: dict[str, str] = {
    "ground": "#0F141B",
    "surface": "#161D27",
    "sunken": "#111821",
    "line": "#2A3442",
    "control": "#6B7A90",
    "text": "#E7ECF3",
    "text-2": "#AEB9C8",
    "text-3": "#8C99AB",
    "accent": "#4FC3B0",
    "accent-hover": "#6FD3C2",
    "accent-soft": "#12312D",
    "on-accent": "#06201C",
    "danger": "#FF9C97",
    "danger-soft": "#431717",
    "on-danger": "#2B0705",
    "ok": "#6FD39B",
    "veil": "rgb(4 8 14 / .6)",
    "float": "0 1px 2px rgb(0 0 0 / .4), 0 12px 32px -8px rgb(0 0 0 / .7)",
}
CHIPS: dict[Tone, tuple[str, str, str, str]] = {
    "draft": ("#EEF1F5", "#46526A", "#242E3B", "#B7C2D1"),
    "pending": ("#FFF3D6", "#8A5300", "#3A2C0C", "#F2C15B"),
    "approved": ("#E2F5EA", "#12683C", "#10321F", "#6FD39B"),
    "running": ("#E4EEFF", "#1D4FB8", "#15294F", "#93B8FF"),
    "shipped": ("#EAE8FF", "#4B3BB3", "#272152", "#B7ACFF"),
    "done": ("#E9EDF1", "#37455A", "#222B37", "#AEB9C8"),
    "returned": ("#FFE9DC", "#9A3D06", "#40220F", "#FFB083"),
    "rejected": ("#FDE7E7", "#A8201F", "#431717", "#FF9C97"),
    "frozen": ("#F3E6F2", "#82226F", "#3A1A34", "#EBA0DC"),
}
"""Tone to (background, text) in light, then (background, text) in dark."""


def token_css() -> str:
    """Return the custom properties of both modes.

    ``data-mode`` on the root element wins ("light" or "dark"); without it the system's preference does.
    """
    light = _declarations(LIGHT, {tone: colours[:2] for tone, colours in CHIPS.items()}, "light")
    dark = _declarations(DARK, {tone: colours[2:] for tone, colours in CHIPS.items()}, "dark")
    return (
        "@layer components {\n"
        f":root{{{light}}}\n"
        f'@media (prefers-color-scheme:dark){{:root:not([data-mode="light"]){{{dark}}}}}\n'
        f':root[data-mode="dark"]{{{dark}}}\n'
        "}\n"
    )


def _declarations(colours: dict[str, str], chips: dict[Tone, tuple[str, str]], scheme: str) -> str:
    lines = [f"--{name}:{value};" for name, value in colours.items()]
    lines += [f"--{tone}-bg:{background};--{tone}-fg:{text};" for tone, (background, text) in chips.items()]
    return "".join(lines) + f"color-scheme:{scheme}"
