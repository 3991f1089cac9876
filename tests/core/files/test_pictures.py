"""Pictures: checked, upright, small, nothing hidden left; what was hidden is read, never believed, never fatal."""

import zlib
from datetime import UTC, datetime
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import ExifTags, Image, ImageDraw, PngImagePlugin

from core.errors import InvalidInput
from core.files.pictures import PIXELS_MAX, SAME_PICTURE_BITS, SIDE_MAX, perceptual_distance, read_picture
from tests.support.source import ROOT

HEIC = ROOT / "tests" / "data" / "pictures" / "shop.heic"
BASE, GPS = ExifTags.Base, ExifTags.GPS
BUND = {
    GPS.GPSLatitudeRef: "N",
    GPS.GPSLatitude: (31.0, 14.0, 20.4),
    GPS.GPSLongitudeRef: "E",
    GPS.GPSLongitude: (121.0, 29.0, 9.0),
}
SATELLITES = {GPS.GPSDateStamp: "2026:11:21", GPS.GPSTimeStamp: (22.0, 5.0, 30.0)}


def shop(width: int = 320, height: int = 240, colour: str = "#0b6b62") -> Image.Image:
    image = Image.new("RGB", (width, height), "#e8f0ee")
    draw = ImageDraw.Draw(image)
    draw.rectangle((width * 0.1, height * 0.3, width * 0.9, height), fill=colour)
    draw.rectangle((width * 0.1, height * 0.1, width * 0.9, height * 0.3), fill="#b42318")
    draw.rectangle((width * 0.15, height * 0.5, width * 0.35, height), fill="#ffffff")
    return image


def coded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    out = BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def tagged(shot: dict | None = None, gps: dict | None = None, **base: object) -> bytes:
    exif = Image.Exif()
    for name, value in base.items():
        exif[BASE[name]] = value
    exif.get_ifd(ExifTags.IFD.Exif).update(shot or {})
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(gps or {})
    return coded(shop(), exif=exif)


def refusal(content: bytes) -> str:
    with pytest.raises(InvalidInput) as refused:
        read_picture(content)
    return refused.value.code


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_what_is_kept_is_a_jpeg_of_the_same_picture(kind: str):
    picture = read_picture(coded(shop(), kind))

    kept = Image.open(BytesIO(picture.jpeg))
    assert (kept.format, kept.size, (picture.width, picture.height)) == ("JPEG", (320, 240), (320, 240))
    assert perceptual_distance(picture.look, read_picture(coded(shop())).look) <= SAME_PICTURE_BITS


def test_heic_as_phones_take_it_is_read_with_its_tags():
    picture = read_picture(HEIC.read_bytes())

    assert (picture.width, picture.height, picture.camera) == (160, 120, "HEIC test")


def test_nothing_hidden_is_left_in_what_is_kept():
    words = PngImagePlugin.PngInfo()
    words.add_text("Comment", "13800138000")
    hidden = [
        tagged({BASE.DateTimeOriginal: "2026:11:22 10:00:00"}, BUND, Model="Phone", Software="Editor"),
        coded(shop(), "PNG", pnginfo=words),
        coded(shop(), "JPEG", comment=b"13800138000"),
        coded(shop(), "WEBP", xmp=b"<x:xmpmeta/>"),
    ]

    for content in hidden:
        jpeg = read_picture(content).jpeg
        kept = Image.open(BytesIO(jpeg))
        assert not kept.getexif()
        assert set(kept.info) <= {"jfif", "jfif_version", "jfif_unit", "jfif_density", "progressive", "progression"}
        assert b"Exif" not in jpeg
        assert b"13800138000" not in jpeg
        assert b"xmp" not in jpeg


def test_a_large_picture_is_made_small_and_keeps_its_shape():
    picture = read_picture(coded(shop(4000, 3000)))

    assert (picture.width, picture.height) == (SIDE_MAX, 1536)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_upright_whichever_way_the_camera_was_held(orientation: int):
    upright = shop()
    lying = {
        1: [], 2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180],
        4: [Image.Transpose.FLIP_TOP_BOTTOM], 5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_90],
        7: [Image.Transpose.TRANSVERSE], 8: [Image.Transpose.ROTATE_270],
    }[orientation]  # fmt: skip
    stored = upright
    for turn in lying:
        stored = stored.transpose(turn)
    exif = Image.Exif()
    exif[BASE.Orientation] = orientation

    picture = read_picture(coded(stored, exif=exif))

    assert (picture.width, picture.height) == (320, 240)
    assert perceptual_distance(picture.look, read_picture(coded(upright)).look) <= SAME_PICTURE_BITS


def test_what_is_see_through_becomes_white():
    clear = Image.new("RGBA", (40, 40), (0, 0, 0, 0))

    kept = Image.open(BytesIO(read_picture(coded(clear, "PNG")).jpeg))

    assert kept.getpixel((20, 20)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "CMYK", "I;16", "RGBA"])
def test_every_kind_of_colours_is_read(mode: str):
    kind = "JPEG" if mode == "CMYK" else "PNG"

    picture = read_picture(coded(Image.new(mode, (64, 48)), kind))

    assert (picture.width, picture.height) == (64, 48)


# --- what the camera says ---


def test_place_camera_and_software_are_read_from_the_tags():
    picture = read_picture(tagged({}, BUND, Make="HUAWEI", Model="P60", Software="Snapseed\0"))

    assert (round(picture.latitude, 6), round(picture.longitude, 6)) == (31.239, 121.485833)
    assert (picture.camera, picture.software) == ("HUAWEI P60", "Snapseed")


@pytest.mark.parametrize(
    ("shot", "gps", "expected"),
    [
        (
            {BASE.DateTimeOriginal: "2026:11:22 10:00:00", BASE.OffsetTimeOriginal: "+08:00"},
            SATELLITES,
            datetime(2026, 11, 22, 2, tzinfo=UTC),
        ),
        ({BASE.DateTimeOriginal: "2026:11:22 10:00:00"}, SATELLITES, datetime(2026, 11, 21, 22, 5, 30, tzinfo=UTC)),
        ({BASE.DateTimeOriginal: "2026:11:22 10:00:00"}, {}, datetime(2026, 11, 22, 2, tzinfo=UTC)),
        ({BASE.DateTimeOriginal: "0000:00:00 00:00:00"}, {}, None),
        ({BASE.DateTimeOriginal: "2026:13:45 10:00:00"}, {}, None),
        ({BASE.DateTimeOriginal: "1026:01:01 10:00:00"}, {}, None),
        ({}, {GPS.GPSDateStamp: "2026:11:21", GPS.GPSTimeStamp: (1e300, 0.0, 0.0)}, None),
        ({}, {}, None),
    ],
    ids=["zone stated", "satellites", "brand's zone", "zeros", "no date", "no year of cameras", "no time", "nothing"],
)
def test_the_time_is_that_of_the_clock_that_says_its_zone(shot: dict, gps: dict, expected: datetime | None):
    assert read_picture(tagged(shot, gps)).taken_at == expected


@pytest.mark.parametrize(
    "wrong",
    [
        {GPS.GPSLatitudeRef: ""},
        {GPS.GPSLatitudeRef: "X"},
        {GPS.GPSLatitude: (91.0, 0.0, 0.0)},
        {GPS.GPSLongitude: (181.0, 0.0, 0.0)},
        {GPS.GPSLatitude: (31.0,)},
        {GPS.GPSLatitude: (0.0, 0.0, 0.0), GPS.GPSLongitude: (0.0, 0.0, 0.0)},
    ],
    ids=["no half", "wrong half", "past the pole", "past the date line", "one number", "no fix"],
)
def test_a_place_that_is_not_certain_is_no_place(wrong: dict):
    picture = read_picture(tagged({}, BUND | wrong))

    assert (picture.latitude, picture.longitude) == (None, None)


def test_a_place_in_the_south_and_west_has_signs():
    south_west = BUND | {GPS.GPSLatitudeRef: "S", GPS.GPSLongitudeRef: "W"}

    picture = read_picture(tagged({}, south_west))

    assert (picture.latitude < 0, picture.longitude < 0) == (True, True)


# --- the same picture again ---


def test_a_picture_is_known_again_after_resizing_and_recompressing():
    first = read_picture(coded(shop(1600, 1200), quality=95))

    again = read_picture(coded(shop(1600, 1200).resize((500, 375)), quality=30))

    assert perceptual_distance(first.look, again.look) <= SAME_PICTURE_BITS
    assert first.original_sha256 != again.original_sha256


def test_different_pictures_look_different():
    one = read_picture(coded(shop()))
    other = read_picture(coded(shop().rotate(90, expand=True)))

    assert perceptual_distance(one.look, other.look) > SAME_PICTURE_BITS


def test_one_even_colour_says_nothing():
    assert read_picture(coded(Image.new("RGB", (300, 200), "#777777"))).look == 0


# --- what is refused ---


def test_a_picture_with_too_many_pixels_is_refused_before_it_is_unpacked():
    side = int(PIXELS_MAX**0.5) + 1

    assert refusal(coded(Image.new("1", (side, side)), "PNG")) == "pictures.too_many_pixels"


def test_a_bomb_of_pixels_is_refused():
    header = bytearray(coded(Image.new("1", (8, 8)), "PNG"))
    header[16:24] = (60_000).to_bytes(4, "big") * 2
    crc = zlib.crc32(bytes(header[12:29]))
    header[29:33] = crc.to_bytes(4, "big")

    assert refusal(bytes(header)) == "pictures.too_many_pixels"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff\xd8\xff",
        b"GIF89a" + bytes(100),
        b"%PDF-1.7",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"RIFF0000WAVE",
    ],
    ids=["nothing", "three bytes", "gif", "pdf", "svg", "sound"],
)
def test_what_is_no_photo_is_refused(content: bytes):
    assert refusal(content) == "pictures.not_a_picture"


def test_half_a_picture_is_refused_as_damaged():
    whole = coded(Image.effect_noise((400, 300), 80).convert("RGB"))

    assert refusal(whole[: len(whole) // 2]) == "pictures.damaged"


SEEDS = (tagged({BASE.DateTimeOriginal: "2026:11:22 10:00:00"}, BUND, Model="Phone"), coded(shop(), "PNG"),
         coded(shop(), "WEBP"), HEIC.read_bytes())  # fmt: skip


@given(st.data())
def test_no_bytes_crash_the_reader(data: st.DataObject):
    content = bytearray(data.draw(st.sampled_from(SEEDS) | st.binary(max_size=200)))
    for _ in range(data.draw(st.integers(0, 8))):
        if content:
            content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del content[data.draw(st.integers(0, len(content))) :]

    try:
        picture = read_picture(bytes(content))
    except InvalidInput as refused:
        assert refused.code.startswith("pictures.")
    else:
        assert not Image.open(BytesIO(picture.jpeg)).getexif()
