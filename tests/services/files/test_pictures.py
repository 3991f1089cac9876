"""Pictures uploaded before their owner row exists: an encrypted reference, valid for a day, which cannot be forged."""

import base64
from datetime import timedelta
from urllib.parse import unquote

import pytest
from sqlalchemy import func, select

from core.clock import freeze, now
from core.database.sessions import reading, unit_of_work
from core.errors import InvalidInput
from core.files.contents import StoredFile, content_path
from core.files.pictures import PICTURE_BYTES_MAX
from services.files.pictures import REFERENCE_LASTS, keep_picture, picture_of, release_picture, take_picture
from tests.conftest import ADMIN, HUADONG_CLERK
from tests.core.files.test_pictures import BUND, coded, shop, tagged


def files() -> int:
    with reading(ADMIN) as session:
        return session.scalar(select(func.count()).select_from(StoredFile)) or 0


def code_of(reference: str) -> str:
    with pytest.raises(InvalidInput) as refused:
        picture_of(reference)
    return refused.value.code


def test_a_reference_holds_the_picture_and_its_metadata(data_dir):
    reference, handed = take_picture(tagged({}, BUND, Model="P60"))

    assert picture_of(reference) == handed
    assert (round(handed.latitude, 3), handed.camera) == (31.239, "P60")
    assert content_path(handed.sha256).stat().st_size == handed.size_bytes


def test_a_picture_becomes_a_stored_file_only_where_it_is_filed(database):
    reference, handed = take_picture(coded(shop()))
    before = files()

    with unit_of_work(HUADONG_CLERK) as session:
        kept = keep_picture(session, reference)

    with reading(HUADONG_CLERK) as session:
        row = session.scalars(select(StoredFile)).one()
    assert (before, kept) == (0, handed)
    assert (row.sha256, row.person, row.size_bytes) == (handed.sha256, HUADONG_CLERK.person, handed.size_bytes)


def test_a_picture_whose_content_is_gone_must_be_uploaded_again_and_nothing_is_stored(database):
    reference, handed = take_picture(coded(shop()))
    content_path(handed.sha256).unlink()

    with pytest.raises(InvalidInput) as refused, unit_of_work(HUADONG_CLERK) as session:
        keep_picture(session, reference)

    assert refused.value.code == "pictures.reference_not_valid"
    assert files() == 0


def test_a_reference_that_was_altered_or_made_up_is_refused(data_dir):
    reference, _handed = take_picture(coded(shop()))
    other, _handed = take_picture(coded(shop(colour="#123456")))
    half = len(reference) // 2

    altered = (reference[:half] + other[half:], "A" + reference[1:-1], reference[:half] + "é" + reference[half:])
    for wrong in ("", ".", "x", "{}", reference[:half], reference * 9, *altered, f"{reference[:half]}.{half}"):
        assert code_of(wrong) == "pictures.reference_not_valid"


def test_a_reference_holds_for_a_day(data_dir):
    reference, handed = take_picture(coded(shop()))

    with freeze(now() + REFERENCE_LASTS - timedelta(minutes=1)):
        assert picture_of(reference) == handed
    with freeze(now() + REFERENCE_LASTS + timedelta(minutes=1)):
        assert code_of(reference) == "pictures.reference_not_valid"


def test_nothing_that_the_camera_wrote_can_be_read_in_a_reference(data_dir):
    reference, handed = take_picture(tagged({}, BUND, Model="P60", Make="HUAWEI", Software="Snapseed"))
    hidden = [f"{handed.latitude:.2f}", f"{handed.longitude:.2f}", handed.camera, handed.software, handed.sha256, "lat"]
    assert "P60" in handed.camera

    pieces = reference.replace("=", "").split(".")
    for part in (piece[start:] for piece in pieces for start in range(4)):  # wherever in the text decoding begins
        decoded = base64.b64decode(part[: len(part) // 4 * 4], altchars=b"-_")
        for text in (part, unquote(part), decoded.decode("latin-1"), decoded.hex()):
            assert not [one for one in hidden if one in text]
    assert take_picture(tagged({}, BUND, Model="P60", Make="HUAWEI", Software="Snapseed"))[0] != reference


def test_what_cannot_be_taken_leaves_nothing_on_disk(data_dir):
    for content in (b"no picture", bytes(PICTURE_BYTES_MAX + 1)):
        with pytest.raises(InvalidInput):
            take_picture(content)

    assert not list(data_dir.rglob("files/*/*"))


def test_a_picture_that_is_given_up_loses_one_file_and_leaves_those_of_others(database):
    reference, handed = take_picture(coded(shop()))
    for actor in (HUADONG_CLERK, ADMIN):
        with unit_of_work(actor) as session:
            keep_picture(session, reference)

    counts = []
    for _ in range(3):
        with unit_of_work(HUADONG_CLERK) as session:
            release_picture(session, handed.sha256)
        counts.append(files())

    assert counts == [1, 0, 0]
