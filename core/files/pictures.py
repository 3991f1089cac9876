"""Uploaded pictures: validated, turned upright, scaled down, and stripped of all metadata.

What a camera wrote beside the pixels (where, when, with what) is read once and kept as facts for those who decide; the
picture that is stored and shown has none of it. The bytes somebody sent are never shown to anybody.
"""

import hashlib
import warnings
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO

import numpy as np
import pi_heif
from PIL import Image, UnidentifiedImageError

from core.errors import InvalidInput
from core.files._exif import UNREADABLE, CameraFacts, facts_of
from core.i18n import N_
from core.settings import MIB

PICTURE_BYTES_MAX = 12 * MIB
REFERENCE_LENGTH_MAX = 2000
"""Of the text by which a form states a picture that was handed in, see services/files/pictures.py."""
PIXELS_MAX = 25_000_000
SIDE_MAX = 2048  # pixels
JPEG_QUALITY = 82
SAME_PICTURE_BITS = 8
"""Two perceptual hashes that differ in at most so many of their 64 bits are taken for the same picture."""

_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")
_HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_BOMB = (Image.DecompressionBombError, Image.DecompressionBombWarning)
_HASH_SIDE = 8
_SAMPLE_SIDE = 32
_FLAT = 1e-3  # of grey levels: below it there is nothing to tell one picture from another

pi_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")  # damaged tags are not news


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture fit to be stored and shown, and what was known about it.

    Attributes:
        jpeg: Upright, at most ``SIDE_MAX`` pixels a side, without any metadata.
        width: Of ``jpeg``, in pixels.
        height: See width.
        original_sha256: Of the bytes as they came, hexadecimal: the same file handed in twice.
        look: 64-bit perceptual hash as a signed integer: the same picture again after resizing or recompressing
            (see ``perceptual_distance``). 0 says nothing: one even colour.
        taken_at: In UTC; this and what follows as the camera wrote it, see ``CameraFacts``; nothing of it is proof.
        latitude: WGS-84 degrees; None together with ``longitude``.
        longitude: See latitude.
        software: "" if not stated, as ``camera``.
        camera: Maker and model.
    """

    jpeg: bytes
    width: int
    height: int
    original_sha256: str
    look: int
    taken_at: datetime | None
    latitude: float | None
    longitude: float | None
    software: str
    camera: str


def read_picture(content: bytes) -> Picture:
    """Decode a picture: JPEG, PNG, WebP or HEIC, identified by content and not by name.

    Raises:
        InvalidInput: ``pictures.not_a_picture``, ``pictures.too_many_pixels`` or ``pictures.damaged``. There is no
            byte string that raises anything else.
    """
    if not _is_of_a_known_format(content):
        raise _not_a_picture()
    facts, pixels = _opened(content)
    upright = _upright(pixels, facts.orientation)
    jpeg = BytesIO()
    upright.save(jpeg, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
    return Picture(
        jpeg=jpeg.getvalue(),
        width=upright.width,
        height=upright.height,
        original_sha256=hashlib.sha256(content).hexdigest(),
        look=_perceptual_hash(upright),
        taken_at=facts.taken_at,
        latitude=facts.latitude,
        longitude=facts.longitude,
        software=facts.software,
        camera=facts.camera,
    )


def perceptual_distance(one: int, other: int) -> int:
    """Return the Hamming distance of two 64-bit perceptual hashes: 0 is the same, around 32 is unrelated."""
    return ((one ^ other) & (2**64 - 1)).bit_count()


def _is_of_a_known_format(content: bytes) -> bool:
    if content.startswith((b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n")):
        return True
    if content[:4] == b"RIFF":
        return content[8:12] == b"WEBP"
    return content[4:8] == b"ftyp" and content[8:12] in _HEIF_BRANDS


def _opened(content: bytes) -> tuple[CameraFacts, Image.Image]:
    """Return the facts and the pixels, at most about twice the size we keep."""
    try:
        with Image.open(BytesIO(content), formats=_FORMATS) as image:
            if image.width * image.height > PIXELS_MAX:
                raise _too_many_pixels(image.width, image.height)
            facts = facts_of(image)
            image.draft("RGB", (SIDE_MAX, SIDE_MAX))  # a JPEG is decoded no larger than needed
            image.load()
            return facts, _small(image)
    except _BOMB as error:
        raise _too_many_pixels(0, 0) from error
    except UnidentifiedImageError as error:
        raise _not_a_picture() from error
    except (*UNREADABLE, EOFError, MemoryError) as error:
        raise InvalidInput(
            "pictures.damaged",
            N_("This picture is damaged and cannot be opened. Take it again, or choose another one."),
        ) from error


def _small(image: Image.Image) -> Image.Image:
    """Return the pixels in plain colours on white, no side longer than ``SIDE_MAX``, and nothing beside them."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        coloured = image.convert("RGBA")
        coloured.thumbnail((SIDE_MAX, SIDE_MAX))
        ground = Image.new("RGB", coloured.size, "white")
        ground.paste(coloured, mask=coloured.getchannel("A"))
        return ground
    plain = image.convert("RGB")
    plain.thumbnail((SIDE_MAX, SIDE_MAX))
    clean = Image.new("RGB", plain.size)
    clean.paste(plain)
    return clean


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)


def _perceptual_hash(image: Image.Image) -> int:
    """Return the perceptual hash, a bit for each of the 64 lowest frequencies of the picture in grey are above their
    median.

    As Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions" (2010), section 3.2.1, without the
    constant term.
    """
    side = (_SAMPLE_SIDE, _SAMPLE_SIDE)
    grey = np.asarray(image.convert("L").resize(side, Image.Resampling.LANCZOS), dtype=float)
    low = (_COSINES @ grey @ _COSINES.T)[1 : _HASH_SIDE + 1, 1 : _HASH_SIDE + 1].ravel()
    if float(np.abs(low).max()) < _FLAT * _SAMPLE_SIDE:
        return 0
    bits = low > float(np.median(low))
    return int.from_bytes(np.packbits(bits).tobytes(), "big", signed=True)


def _cosines() -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """Return the matrix of the discrete cosine transform (type II, not scaled)."""
    place = np.arange(_SAMPLE_SIDE, dtype=float)
    return np.cos(np.pi / _SAMPLE_SIDE * np.outer(place, place + 0.5))


_COSINES = _cosines()


def _not_a_picture() -> InvalidInput:
    message = N_("This is no picture that can be shown here. Choose a photo: JPEG, PNG, WebP or HEIC.")
    return InvalidInput("pictures.not_a_picture", message)


def _too_many_pixels(width: int, height: int) -> InvalidInput:
    message = N_(
        "This picture has more than {limit} million pixels. Take it with the camera's usual setting, or choose a"
        " smaller one."
    )
    return InvalidInput("pictures.too_many_pixels", message, limit=PIXELS_MAX // 1_000_000)
