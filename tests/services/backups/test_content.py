"""What stands in a backup, spoiled by hand under a right checksum of the file: refused, and nothing is changed."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
import pytest
import zstandard

from core.access import command_line
from core.errors import Conflict, DomainError, InvalidInput
from services.backups.restore import check_backup, restore_backup
from tests.support.backups import (
    faults,
    files_of,
    installation,
    members_of,
    table_facts,
    unpacked,
    with_cast,
    write_backup,
)

Members = dict[str, bytes]
REFUSALS = {"backups.not_restorable", "backups.not_a_backup", "backups.damaged"}
USERS = "tables/users/00001.jsonl.zst"


def pack(lines: bytes) -> bytes:
    return zstandard.ZstdCompressor(1).compress(lines)


def edited(members: Members, name: str, change: Callable[[Any], None]) -> Members:
    facts = json.loads(members[name])
    change(facts)
    return members | {name: json.dumps(facts).encode()}


def renamed(members: Members, before: str, after: str) -> Members:
    return {after if name == before else name: content for name, content in members.items()}


def first_file(members: Members) -> str:
    return next(name for name in members if name.startswith("files/"))


def without(members: Members, name: str) -> Members:
    return {one: content for one, content in members.items() if one != name}


def moved_to_the_end(members: Members, name: str) -> Members:
    return without(members, name) | {name: members[name]}


def one_row_less(members: Members) -> Members:
    rows = orjson.loads(unpacked(members[USERS]))
    return members | {USERS: pack(orjson.dumps(rows[:-1]) + b"\n")}


def another_value(members: Members) -> Members:
    return members | {USERS: pack(unpacked(members[USERS]).replace(b"ling@example.com", b"lang@example.com"))}


SPOILED: dict[str, Callable[[Members], Members]] = {
    "no member": lambda members: {},
    "nothing but the manifest": lambda members: {"manifest.json": members["manifest.json"]},
    "no settings": lambda members: without(members, "settings.json"),
    "no anchors": lambda members: without(members, "anchors.jsonl"),
    "no totals": lambda members: without(members, "totals.json"),
    "a part is missing": lambda members: without(members, USERS),
    "a file is missing": lambda members: without(members, first_file(members)),
    "settings at the end": lambda members: moved_to_the_end(members, "settings.json"),
    "a table at the end": lambda members: moved_to_the_end(members, USERS),
    "totals before a file": lambda members: moved_to_the_end(members, first_file(members)),
    "a row less": one_row_less,
    "another value": another_value,
    "a member more": lambda members: members | {"more": b""},
    "a part that is no zstandard": lambda members: members | {USERS: b"rows"},
    "a part that is no JSON": lambda members: members | {USERS: pack(b"rows\n")},
    "a part of numbers": lambda members: members | {USERS: pack(b"7\n")},
    "a part that is cut": lambda members: members | {USERS: members[USERS][:-20]},
    "a file with another hash": lambda members: members | {first_file(members): b"another"},
    "a file out of the folder": lambda members: renamed(members, first_file(members), "files/../../../etc/passwd"),
    "a file without a hash": lambda members: renamed(members, first_file(members), "files/picture.png"),
    "a table out of the folder": lambda members: renamed(members, USERS, "tables/../users/00001.jsonl.zst"),
    "a manifest that is no JSON": lambda members: members | {"manifest.json": b"{"},
    "a manifest that is a list": lambda members: members | {"manifest.json": b"[]"},
    "a manifest that is a number": lambda members: members | {"manifest.json": b"7"},
    "another product": lambda members: edited(members, "manifest.json", lambda facts: facts.update(product="other")),
    "no tables": lambda members: edited(members, "manifest.json", lambda facts: facts.update(tables=[])),
    "a table less": lambda members: edited(members, "manifest.json", lambda facts: facts["tables"].pop()),
    "a table with SQL for a name": lambda members: edited(
        members,
        "manifest.json",
        lambda facts: facts["tables"].append(['x"; DROP TABLE users; --', [["id", "integer"]], []]),
    ),
    "other totals": lambda members: edited(members, "totals.json", lambda facts: facts.update(files=99)),
    "totals without tables": lambda members: members | {"totals.json": b"{}"},
    "settings that are no object": lambda members: members | {"settings.json": b"[1]"},
}
"""Name of what is wrong → the members that have it."""


@pytest.fixture(scope="module")
def members(demo) -> Members:
    """Give the members of a backup."""
    return members_of(demo.plain)


def test_members_written_again_are_a_backup(demo, members, tmp_path):
    file = write_backup(tmp_path / "again.qudao", members.items())

    checked = check_backup(command_line(), file)

    assert (checked.rows, checked.files, checked.has_secrets) == (demo.facts.rows, demo.facts.files, True)


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_backup_is_refused(members, tmp_path, name):
    file = write_backup(tmp_path / "spoiled.qudao", SPOILED[name](members).items())

    with pytest.raises(InvalidInput) as refused:
        check_backup(command_line(), file)

    assert refused.value.code in REFUSALS and refused.value.text


@pytest.mark.parametrize(
    "name",
    [
        "no totals",
        "a table less",
        "a part is missing",
        "a row less",
        "a file with another hash",
        "a file out of the folder",
    ],
)
def test_a_spoiled_backup_changes_nothing(members, tmp_path, name):
    file = write_backup(tmp_path / "spoiled.qudao", SPOILED[name](members).items())

    with installation(tmp_path / "data") as folder, pytest.raises(InvalidInput) as refused:
        restore_backup(command_line(), file)

    assert refused.value.code in REFUSALS and refused.value.text
    assert [path for path in files_of(folder) if not path.startswith("files/")] == []
    assert not (tmp_path / "etc").exists()


NEWER: dict[str, dict[str, Any]] = {
    "format": {"format": 2},
    "revision": {"revision": "9999"},
    "no revision": {"revision": ""},
    "name of a revision": {"revision": "head"},
}


@pytest.mark.parametrize("name", NEWER)
def test_a_backup_of_a_newer_release_is_refused(members, tmp_path, name):
    newer = edited(members, "manifest.json", lambda facts: facts.update(NEWER[name], release="99.1"))
    file = write_backup(tmp_path / "newer.qudao", newer.items())

    with pytest.raises(Conflict) as refused:
        check_backup(command_line(), file)

    assert refused.value.code == "backups.newer_release" and "99.1" in refused.value.text


def with_rows(members: Members, change: Callable[[list[Any]], None]) -> Members:
    """Return members with other rows of users, and totals that are right for them."""
    rows = orjson.loads(unpacked(members[USERS]))
    change(rows)
    line = orjson.dumps(rows) + b"\n"
    found = {"rows": len(rows), "sha256": hashlib.sha256(line).hexdigest()}
    changed = members | {USERS: pack(line)}
    return edited(changed, "totals.json", lambda facts: facts["tables"].update(users=found))


WRONG_ROWS: dict[str, Callable[[list[Any]], None]] = {
    "twice the same": lambda rows: rows.append(rows[0]),
    "a value less": lambda rows: rows[0].pop(),
    "no list": lambda rows: rows.__setitem__(0, {"id": 1}),
    "no key": lambda rows: rows[0].__setitem__(0, None),
    "too large": lambda rows: rows[0].__setitem__(0, 2**64 - 1),
    "a list": lambda rows: rows[0].__setitem__(0, ["x"]),
}


def wrong_backup(members: Members, tmp_path: Path, name: str) -> Path:
    return write_backup(tmp_path / "wrong.qudao", with_rows(members, WRONG_ROWS[name]).items())


@pytest.mark.parametrize("name", WRONG_ROWS)
def test_rows_that_sqlite_refuses_change_nothing(members, tmp_path, name):
    with installation(tmp_path / "data") as folder, pytest.raises(DomainError) as refused:
        restore_backup(command_line(), wrong_backup(members, tmp_path, name))

    assert refused.value.code in REFUSALS and "\n" not in refused.value.text
    assert files_of(folder) == {}


@pytest.mark.parametrize("name", ["twice the same", "a value less", "too large"])
def test_rows_that_postgresql_refuses_change_nothing(members, request, tmp_path, name):
    with with_cast("postgresql", request, tmp_path / "data"):
        before = table_facts(without={"events"})

        with pytest.raises(DomainError) as refused:
            restore_backup(command_line(), wrong_backup(members, tmp_path, name), replace="Huadong")

        assert refused.value.code in REFUSALS and "\n" not in refused.value.text
        assert table_facts(without={"events"}) == before
        assert faults() == []
