"""What a hostile browser can say to an open page: every handler it knows, with any arguments, after its rights ended.

The page was opened by operations; meanwhile the person became somebody who may only look. Nothing may change, and no
handler may fail in a way the log calls unexpected: no trace at all, and few lines.
"""

import hashlib
import random
import re
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import create_engine, select, text, update

from core.access import command_line
from core.database.sessions import connect, unit_of_work
from core.permissions import Role
from models.accounts.users import User
from pages.web.identity import cookie_name
from pages.web.sockets.limits import PER_SESSION_MAX
from tests.browser.signing_in import session_of
from tests.support.every_page import page_paths, settle

pytestmark = [pytest.mark.campaign, pytest.mark.timeout(3600)]
PER_PAGE = 150
LINES_MAX = 1_000
"""Of the log: a line for each kind of refusal on each page, and once more each minute."""
PAGE_ID = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")
MAY_CHANGE = {"events", "sessions", "user_sessions", "attempt_counts", "known_devices", "jobs", "alembic_version"}
MAY_CHANGE |= {"clock_marks", "event_seals"}
"""Tables that tell of the refusals themselves, or that the worker and the sealer move on."""
FUZZ = """async ([count, seed]) => {
  let state = seed;
  const random = (n) => { state = (state * 1103515245 + 12345) % 2147483648; return state % n; };
  const deep = () => { let x = {}; const top = x; for (let i = 0; i < 60; i++) { x.x = {}; x = x.x; } return top; };
  const values = () => [null, true, -1, 1e308, "", "x".repeat(5000), "'; DROP TABLE orders; --", ":=1+1", [], {},
    {__proto__: null, constructor: 1}, [[[[1]]]], deep(), "\\u0000", "9".repeat(40), {value: {id: 1}, label: "x"}];
  const listeners = [];
  const elements = typeof mounted_app === "undefined" ? {} : mounted_app.elements;  // a plain page has no socket
  for (const [id, element] of Object.entries(elements))
    for (const event of element?.events ?? []) listeners.push([Number(id), event.listener_id]);
  if (!listeners.length) return 0;
  for (let n = 0; n < count; n++) {
    const [id, listener_id] = listeners[n % listeners.length];
    const all = values(), args = Array.from({length: random(4)}, () => JSON.stringify(all[random(all.length)]));
    const facts = {id, client_id: window.clientId, listener_id, args};
    if (n % 10 === 9) facts[Object.keys(facts)[random(4)]] = all[random(all.length)];
    window.socket.emit("event", facts);
    if (n % 50 === 49) for (const name of ["log", "ack", "javascript_response", "handshake"])
      window.socket.emit(name, {client_id: window.clientId, level: "error", message: all[random(all.length)],
        next_message_id: all[random(all.length)], request_id: all[random(all.length)]});
    if (n % 5 === 0) await new Promise((go) => setTimeout(go, 130));  // a socket that says more is closed
  }
  await new Promise((go) => setTimeout(go, 500));
  return listeners.length;
}"""


def stored(folder: Path) -> dict[str, str]:
    """Return a fingerprint of each table's rows."""
    engine = create_engine(f"sqlite:///{folder / 'qudao.db'}")
    found = {}
    with engine.connect() as connection:
        names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars().all()
        for name in names:
            if name not in MAY_CHANGE and not name.startswith("sqlite_"):
                rows = connection.execute(text(f'SELECT * FROM "{name}" ORDER BY 1')).all()
                found[name] = hashlib.sha256(repr(rows).encode()).hexdigest()
    engine.dispose()
    return found


def test_a_page_whose_person_lost_the_right_changes_nothing_whatever_it_sends(browser, brand):
    folder = brand.log.parent
    connect(f"sqlite:///{folder / 'qudao.db'}")
    with unit_of_work(command_line()) as session:
        admin = session.scalars(select(User).where(User.role == Role.ADMINISTRATOR.value)).first()
        assert admin is not None
        email = admin.email
    paths = page_paths(brand, Role.ADMINISTRATOR)
    pages = []
    for start in range(0, len(paths), PER_SESSION_MAX - 5):  # a session has so many sockets and no more
        context = browser.new_context()
        session_token = session_of(replace(command_line(), person=email))
        context.add_cookies([{"name": cookie_name(), "value": session_token, "url": brand.address}])
        for path in paths[start : start + PER_SESSION_MAX - 5]:
            page = context.new_page()
            page.goto(brand.address + path)
            settle(page)
            pages.append((path, page))
        context.route("**/*", lambda route: route.fulfill(status=204))  # pages stay, though they are led to sign in
    with unit_of_work(command_line()) as session:
        session.execute(update(User).where(User.email == email).values(role=Role.EXECUTIVE.value))
    before, seeds = stored(folder), random.Random(20261122)

    reached = {}
    for path, page in pages:
        page.on("dialog", lambda dialog: dialog.dismiss())
        reached[path] = page.evaluate(FUZZ, [PER_PAGE, seeds.randrange(1, 10**6)])

    assert sum(reached.values()) > len(paths)
    assert stored(folder) == before
    log = (folder / "server.log").read_text(errors="replace")
    assert log.split("Traceback (most recent call last):")[1:] == []
    assert PAGE_ID.search(log) is None
    assert len(log.splitlines()) < LINES_MAX
    assert "socket refused" not in log
    assert "too many messages" not in log
