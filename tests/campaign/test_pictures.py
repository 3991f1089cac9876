"""Photos of real cameras, some with damaged tags: each is read or refused in words, its place is the published one."""

import csv
import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from core.errors import InvalidInput
from core.files.pictures import SAME_PICTURE_BITS, perceptual_distance, read_picture
from tests.core.files.test_pictures import SEEDS

pytestmark = pytest.mark.campaign
ABOUT_A_METRE = 1e-5  # degrees


def photos() -> Path:
    return Path(os.environ["QUDAO_DATASETS"]) / "exif-gps-photos"


def published() -> Iterator[dict[str, str]]:
    with (photos() / "manifest.csv").open(encoding="utf-8") as file:
        yield from csv.DictReader(file)


def test_every_photo_is_read_and_says_where_it_was_taken_exactly_if_it_does():
    for row in published():
        picture = read_picture((photos() / row["file"]).read_bytes())

        if row["lat"]:
            assert abs(picture.latitude - float(row["lat"])) < ABOUT_A_METRE, row["file"]
            assert abs(picture.longitude - float(row["lon"])) < ABOUT_A_METRE, row["file"]
        else:
            assert (picture.latitude, picture.longitude) == (None, None), row["file"]
        if row["gps_date"].startswith("2"):
            assert picture.taken_at.strftime("%Y:%m:%d") == row["gps_date"], row["file"]
        assert not Image.open(BytesIO(picture.jpeg)).getexif(), row["file"]


def test_the_same_scene_is_upright_however_the_camera_was_held():
    looks = [read_picture((photos() / f"orientation__portrait_{way}.jpg").read_bytes()).look for way in range(1, 5)]

    assert max(perceptual_distance(looks[0], other) for other in looks) <= SAME_PICTURE_BITS


def test_different_photos_look_different():
    names = ("DSCN0010.jpg", "DSCN0021.jpg", "DSCN0027.jpg", "DSCN0038.jpg", "DSCN0042.jpg", "Kodak_CX7530.jpg")
    looks = [read_picture((photos() / name).read_bytes()).look for name in names]

    apart = [perceptual_distance(one, other) for at, one in enumerate(looks) for other in looks[:at]]
    assert min(apart) > SAME_PICTURE_BITS


@given(st.data())
@settings(max_examples=2_000, deadline=None)
def test_no_damage_to_a_real_photo_crashes_the_reader(data: st.DataObject):
    real = sorted(photos().glob("*.jpg"))
    content = bytearray(data.draw(st.sampled_from(SEEDS) | st.sampled_from(real).map(Path.read_bytes)))
    head = min(len(content), data.draw(st.sampled_from([64, 2_000, len(content)])))
    for _ in range(data.draw(st.integers(1, 30))):
        content[data.draw(st.integers(0, head - 1))] = data.draw(st.integers(0, 255))

    try:
        picture = read_picture(bytes(content))
    except InvalidInput as refused:
        assert refused.code.startswith("pictures.")
    else:
        assert not Image.open(BytesIO(picture.jpeg)).getexif()
