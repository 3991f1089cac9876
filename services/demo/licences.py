"""The business licence that every demo applicant hands in: a drawn sample that nobody can take for a real one."""

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import select
from sqlalchemy.orm import Session

from core.files.contents import StoredFile
from services.files.pictures import keep_picture, take_picture

SIZE_PX = (1_000, 700)
PAPER, FRAME, INK = "#fbf6e9", "#b08d3c", "#5f5a4c"
LINES = (("BUSINESS LICENCE", 64), ("SAMPLE", 120), ("Made up by `demo load`: no register knows it", 28))
TOP_PX, GAP_PX = 150, 60


def add_licence(session: Session) -> tuple[str, list[int]]:
    """Store the picture; return the hash of its content, and the row numbers of the stored files."""
    reference, _handed = take_picture(sample_licence())
    kept = keep_picture(session, reference)
    rows = select(StoredFile.id).where(StoredFile.sha256 == kept.sha256).order_by(StoredFile.id.desc()).limit(1)
    return kept.sha256, list(session.scalars(rows))


def sample_licence() -> bytes:
    """Return the picture as a PNG."""
    image = Image.new("RGB", SIZE_PX, PAPER)
    draw = ImageDraw.Draw(image)
    width, height = SIZE_PX
    for inset, stroke in ((24, 8), (44, 2)):
        draw.rectangle((inset, inset, width - inset, height - inset), outline=FRAME, width=stroke)
    top = TOP_PX
    for text, size in LINES:
        font = ImageFont.load_default(size)
        draw.text((width / 2, top), text, fill=INK, font=font, anchor="ma")
        top += size + GAP_PX
    packed = BytesIO()
    image.save(packed, "PNG")
    return packed.getvalue()
