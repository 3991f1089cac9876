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
from core.errors import Conflict, DomainError
from services.backups.restore import check_backup, restore_backup
from tests.support.backups import (
    faults,
    files_of,
    installation,
    members_of,
    table_facts,
    unpacked,
    write_backup,
)

Members = dict[str, bytes]
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


def spoiled(demo: Any, tmp_path: Path, members: Members) -> Path:
    return write_backup(tmp_path / "spoiled.qudao", members.items())


@pytest.fixture(scope="module")
def members(demo) -> Members:
    """Give the members of a backup."""
    return members_of(demo.plain)


def test_members_written_again_are_a_backup(demo, members, tmp_path):
    file = write_backup(tmp_path / "again.qudao", members.items())

    checked = check_backup(command_line(), file)

    assert (checked.rows, checked.files, checked.has_secrets) == (demo.facts.rows, demo.facts.files, True)


@pytest.mark.parametrize("name", SPOILED)
def test_a_spoiled_backup_is_refused_and_changes_nothing(demo, members, tmp_path, name):
    file = write_backup(tmp_path / "spoiled.qudao", SPOILED[name](members).items())

    with pytest.raises(DomainError) as refused:
        check_backup(command_line(), file)
    assert refused.value.code in {"backups.not_a_backup", "backups.damaged"} and refused.value.text
    with installation(tmp_path / "data") as folder, pytest.raises(DomainError) as refused:
        restore_backup(command_line(), file)

    assert refused.value.code in {"backups.not_a_backup", "backups.damaged", "backups.not_restorable"}
    assert [path for path in files_of(folder) if not path.startswith("files/")] == []


@pytest.mark.parametrize(
    "change", [{"format": 2}, {"revision": "9999"}, {"revision": ""}, {"revision": "head"}], ids=str
)
def test_a_backup_of_a_newer_release_is_refused(members, tmp_path, change):
    file = write_backup(
        tmp_path / "newer.qudao",
        edited(members, "manifest.json", lambda facts: facts.update(change, release="99.1")).items(),
    )

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


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: rows.append(rows[0]),
        lambda rows: rows[0].pop(),
        lambda rows: rows.__setitem__(0, {"id": 1}),
        lambda rows: rows[0].__setitem__(0, None),
        lambda rows: rows[0].__setitem__(0, 2**64 - 1),
        lambda rows: rows[0].__setitem__(0, ["x"]),
    ],
    ids=["twice the same", "a value less", "no list", "no key", "too large", "a list"],
)
def test_rows_that_the_database_refuses_change_nothing(members, kind, tmp_path, postgres_database, change):
    file = write_backup(tmp_path / "wrong.qudao", with_rows(members, change).items())
    url = "" if kind == "sqlite" else postgres_database.url.render_as_string(hide_password=False)
    postgres_database.dispose()
    with installation(tmp_path / "data", url, brand_name="B") as folder:
        before = table_facts() if url else None

        with pytest.raises(DomainError) as refused:
            restore_backup(command_line(), file, replace="B")

        assert refused.value.text and "\n" not in refused.value.text
        if url:
            assert table_facts(without={"events"}) == {k: v for k, v in (before or {}).items() if k != "events"}
            assert faults() == []
        else:
            assert [path for path in files_of(folder) if not path.startswith("files/")] == []
