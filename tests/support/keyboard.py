"""Working a page by keyboard alone: each stop of the tabulator must be seen, and none may hold the focus."""

from typing import Any

from playwright.sync_api import Page

STOPS_MAX = 160

STOP = """() => {
  const seen = (window.tabStops ??= new Map());
  const at = document.activeElement;
  if (!at || at === document.body) return null;
  if (!seen.has(at)) seen.set(at, seen.size);
  const rings = (one, pseudo) => {
    const style = getComputedStyle(one, pseudo);
    const clear = (colour) => colour === "transparent" || /, 0\\)$/.test(colour);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1 && !clear(style.outlineColor);
    const framed = pseudo && parseFloat(style.borderTopWidth) >= 2 && !clear(style.borderTopColor);
    return outlined || framed;
  };
  let marked = null;
  for (let one = at, up = 0; one && up < 5 && !marked; one = one.parentElement, up += 1) {
    if (rings(one, "") || rings(one, "::after")) marked = one;
  }
  const shown = marked ?? at;
  const box = shown.getBoundingClientRect();
  const [x, y] = [box.left + box.width / 2, box.top + Math.min(box.height / 2, 20)];
  const top = document.elementFromPoint(x, y);
  const isClear = !!top && (shown.contains(top) || top.contains(shown) || at.contains(top));
  const holder = at.closest("[data-testid]");
  return {
    number: seen.get(at),
    testid: holder?.dataset.testid ?? "",
    words: (at.getAttribute("aria-label") ?? at.innerText ?? at.value ?? "").slice(0, 60),
    html: at.outerHTML.slice(0, 160),
    isMarked: !!marked,
    isClear,
  };
}"""
"""Where the focus is: which element of the page, whether that can be seen, and whether something covers it."""

IS_IN = "testid => document.activeElement?.closest('[data-testid]')?.dataset.testid === testid"


def tab_to(page: Page, testid: str, *, back: bool = False) -> None:
    """Press the tabulator until the focus is on an element of a test id; each stop on the way must be seen.

    Raises:
        AssertionError: It is never reached, or a stop cannot be seen.
    """
    unseen = []
    for _ in range(STOPS_MAX):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            continue
        if not (stop["isMarked"] and stop["isClear"]):
            unseen.append(stop)
        if stop["testid"] == testid:
            assert not unseen, f"not seen: {unseen}"
            return
    raise AssertionError(f"the tabulator does not reach {testid}")


def arrive(page: Page, testid: str) -> None:
    """Wait until the focus is in an element of a test id, put there by the page."""
    page.wait_for_function(IS_IN, arg=testid)


def press(page: Page, testid: str, key: str = "Enter", *, back: bool = False) -> None:
    """Go to an element by tabulator and press a key on it."""
    tab_to(page, testid, back=back)
    page.keyboard.press(key)


def write(page: Page, testid: str, text: str) -> None:
    """Go to an input by tabulator and type."""
    tab_to(page, testid)
    page.keyboard.type(text)


def stops(page: Page) -> list[dict[str, Any]]:
    """Return every stop of a page: from where the focus is, past the end, round to where it was first.

    Raises:
        AssertionError: The focus is held somewhere.
    """
    page.evaluate("window.tabStops = new Map()")
    found: list[dict[str, Any]] = []
    for _ in range(STOPS_MAX):
        page.keyboard.press("Tab")
        stop = page.evaluate(STOP)
        if stop is None:
            continue
        if found and stop["number"] == 0:
            return found
        assert stop["number"] == len(found), f"the focus is held before {stop['html']}"
        found.append(stop)
    raise AssertionError(f"there is no end after {STOPS_MAX} stops")
