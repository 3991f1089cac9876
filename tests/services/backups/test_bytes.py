"""Bytes of a backup: one that is another, missing or added anywhere is found, and nothing of it reaches the data."""

import hashlib
import random
import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from core.access import command_line
from core.errors import InvalidInput
from services.backups.backup import make_backup
from services.backups.encryption import CHUNK_BYTES, MAGIC
from services.backups.restore import check_backup, restore_backup
from tests.support.backups import TRAILER_LENGTH, files_of, installation, members_of, opened, write_backup

PASSPHRASE = b"correct horse battery staple"
EDGE_BYTES = 2_000
SAMPLE = 1_000
CODES = {"backups.damaged", "backups.not_a_backup"}


@pytest.fixture(scope="module")
def small(tmp_path_factory, sqlite_template) -> dict[str, Path]:
    """Give a plain and an encrypted backup of the cast."""
    folder = tmp_path_factory.mktemp("small")
    (folder / "qudao.db").write_bytes(sqlite_template.read_bytes())
    with installation(folder):
        opened()
        for name, passphrase in (("plain", None), ("encrypted", PASSPHRASE)):
            make_backup(command_line(), folder / name, passphrase=passphrase)
    return {"plain": folder / "plain", "encrypted": folder / "encrypted"}


def refusal_of(file: Path, passphrase: bytes | None = PASSPHRASE) -> str:
    with pytest.raises(InvalidInput) as refused:
        check_backup(command_line(), file, passphrase=passphrase)
    assert refused.value.text
    return refused.value.code


def flip_each(file: Path, positions: Iterable[int], bit: int = 1) -> list[int]:
    """Flip a bit at each position in turn; return the positions that were not refused."""
    passed = []
    with file.open("r+b", buffering=0) as stream:
        for position in positions:
            stream.seek(position)
            right = stream.read(1)
            stream.seek(position)
            stream.write(bytes([right[0] ^ bit]))
            if refusal_of(file) not in CODES:
                passed.append(position)
            stream.seek(position)
            stream.write(right)
    return passed


@pytest.mark.parametrize("name", ["plain", "encrypted"])
def test_a_flipped_bit_is_found(small, name, tmp_path):
    file = tmp_path / "copy"
    file.write_bytes(small[name].read_bytes())
    size = file.stat().st_size
    chance = random.Random(10)
    positions = {*range(EDGE_BYTES), *range(size - EDGE_BYTES, size), *chance.sample(range(size), SAMPLE)}

    assert flip_each(file, sorted(positions), 1 << chance.randrange(8)) == []
    assert check_backup(command_line(), file, passphrase=PASSPHRASE).rows > 0


@pytest.mark.parametrize("name", ["plain", "encrypted"])
def test_a_cut_and_an_appended_byte_are_found(small, name, tmp_path):
    content = small[name].read_bytes()
    file = tmp_path / "copy"
    chance = random.Random(11)
    cuts = {0, 1, len(MAGIC), 512, TRAILER_LENGTH - 1, TRAILER_LENGTH, len(content) - TRAILER_LENGTH, len(content) - 1}

    for cut in sorted({*cuts, *(chance.randrange(len(content)) for _ in range(60))}):
        file.write_bytes(content[:cut])
        assert refusal_of(file) in CODES
    for added in (b"\n", b"\0", b"x" * 1_000, content):
        file.write_bytes(content + added)
        assert refusal_of(file) == "backups.damaged"


def with_trailer(content: bytes) -> bytes:
    return content + b"\nsha256:" + hashlib.sha256(content).hexdigest().encode() + b"\n"


def test_an_encrypted_backup_is_opened_by_its_pass_phrase_alone(small):
    assert check_backup(command_line(), small["encrypted"], passphrase=PASSPHRASE).rows > 0
    assert refusal_of(small["encrypted"], None) == "backups.passphrase_needed"
    for wrong in (b"", b"Correct horse battery staple", PASSPHRASE + b" "):
        assert refusal_of(small["encrypted"], wrong) == "backups.wrong_passphrase"
    assert b"ling@example.com" not in small["encrypted"].read_bytes()
    assert b"manifest.json" not in small["encrypted"].read_bytes()


def test_chunks_that_are_changed_swapped_or_missing_are_found_though_the_checksum_is_right(demo, tmp_path):
    with installation(demo.folder):
        opened()
        file = tmp_path / "sealed"
        make_backup(command_line(), file, passphrase=PASSPHRASE)
    content = file.read_bytes()[:-TRAILER_LENGTH]
    start = len(MAGIC) + 16 + 24
    chunk = CHUNK_BYTES + 17
    first, second, rest = content[start : start + chunk], content[start + chunk : start + 2 * chunk], start + 2 * chunk
    assert len(second) == chunk and len(content) > rest

    for wrong in (
        content[:start] + second + first + content[rest:],
        content[:start] + second + content[rest:],
        content[:rest],
        content[: start + chunk],
        content[:start],
        content[: start - 1],
        content[:100] + b"\x7f" + content[101:],
        content + b"\0",
        content[:start] + first + first + second + content[rest:],
    ):
        file.write_bytes(with_trailer(wrong))
        assert refusal_of(file) == "backups.wrong_passphrase"


def test_the_checksum_of_the_answer_is_that_of_the_file(demo, small, tmp_path):
    said = subprocess.run(["sha256sum", str(demo.plain)], capture_output=True, text=True, check=True).stdout.split()[0]

    assert demo.facts.sha256 == said
    assert demo.facts.bytes == demo.plain.stat().st_size


def test_damaged_archives_with_a_right_checksum_are_refused_in_one_sentence(small, tmp_path):
    members = members_of(small["plain"])
    chance = random.Random(12)
    accepted = 0

    for _ in range(150):

        def spoil(content: bytes) -> bytes:
            changed = bytearray(content)
            for _ in range(chance.randint(1, 4)):
                changed[chance.randrange(len(changed))] = chance.randrange(256)
            return bytes(changed[: chance.randint(1, len(changed))] if chance.random() < 0.3 else changed)

        file = write_backup(tmp_path / "spoiled", members.items(), spoil)
        try:
            check_backup(command_line(), file)
            accepted += 1  # a time or a mode that nobody reads
        except InvalidInput as refused:
            assert refused.code in CODES | {"backups.unreadable"} and refused.text

    assert accepted < 60


@pytest.mark.parametrize(
    "content",
    [b"", b"\0", b"\x89PNG\r\n\x1a\n" + bytes(2_000), b"PK\x03\x04" + bytes(2_000), MAGIC, MAGIC + bytes(500)],
    ids=["empty", "one byte", "png", "zip", "magic", "magic and nothing"],
)
def test_a_foreign_file_is_refused(tmp_path, content):
    file = tmp_path / "foreign"
    for written in (content, with_trailer(content)):
        file.write_bytes(written)
        assert refusal_of(file) in CODES | {"backups.wrong_passphrase"}


def test_a_folder_and_a_file_that_is_not_there_are_refused(tmp_path):
    assert refusal_of(tmp_path) == "backups.unreadable"
    assert refusal_of(tmp_path / "nowhere") == "backups.unreadable"


def test_a_damaged_backup_changes_nothing(small, tmp_path):
    file = tmp_path / "damaged"
    file.write_bytes(small["plain"].read_bytes()[:-1])
    folder = tmp_path / "data"
    folder.mkdir()

    with installation(folder), pytest.raises(InvalidInput):
        restore_backup(command_line(), file)

    assert files_of(folder) == {}
