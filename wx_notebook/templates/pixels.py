"""A picture as it is sent: its format, its size, smaller where it is too large for a prompt.

Pillow (the extra `images`) makes pictures smaller, turns photographs upright and takes out what a
camera wrote into them, such as a place. Without it a picture goes as it is.
"""

from __future__ import annotations

import base64
import importlib.util
import io
import re
import struct
import warnings
from typing import Any, NamedTuple

from wx_notebook.errors import BadOption

#: Formats that models take -> how they begin.
_FORMATS = {
    "png": rb"\x89PNG\r\n\x1a\n",
    "jpeg": rb"\xff\xd8\xff",
    "gif": rb"GIF8[79]a",
    "webp": rb"RIFF.{4}WEBP",
}
#: Bytes of a picture as it is sent.
MOST_BYTES = 5_000_000
#: Pixels that are decoded: more than any camera, less than a bomb.
_MOST_PIXELS = 150_000_000
#: Pixels of one side of the square that becomes one token, in the models of Mistral and Qwen (a
#: patch of 14, two by two merged); other families count otherwise, so this is an estimate.
_PATCH = 28
#: Tokens of a picture of unknown size.
_UNKNOWN_TOKENS = 1_500
_QUALITY = 90
#: Kinds of pixels that each decoder shows alike; of CMYK and of 16 bits some make another picture.
_PLAIN_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA")
#: Where Pillow keeps what a program wrote about a picture, with the place where it was taken.
_XMP = frozenset(["xmp", "XML:com.adobe.xmp"])
_START_OF_FRAME = re.compile(rb"\xff[\xc0-\xc3\xc5-\xc7\xc9-\xcb\xcd-\xcf]..\x08(....)", re.DOTALL)


class SentPicture(NamedTuple):
    """A picture as it goes out.

    Attributes
    ----------
    url
        The whole picture as a `data:` URL.
    about
        Its format, pixels and bytes, and what became of it, for the reader.
    tokens
        An estimate of what it costs.
    """

    url: str
    about: str
    tokens: int


def format_of(data: bytes) -> str:
    """Return the format of an encoded picture that models take, "" for another one."""
    formats = (name for name, mark in _FORMATS.items() if re.match(mark, data, re.DOTALL))
    return next(formats, "")


def has_pillow() -> bool:
    """Return whether Pillow is installed."""
    return importlib.util.find_spec("PIL") is not None


def prepare_data(data: bytes, name: str, longest: int) -> SentPicture:
    """Return an encoded picture as it is sent.

    Parameters
    ----------
    name
        What the user calls it, for messages.
    longest
        Pixels of its longest side.

    Raises
    ------
    BadOption
        It is damaged, too large, or of a format that needs Pillow.
    """
    if has_pillow():
        return _prepare(_opened(data, name), data, name, longest)
    kind = format_of(data)
    if not kind or len(data) > MOST_BYTES:
        why = f"has {len(data):,} bytes" if kind else "is of a format that models do not take"
        raise BadOption(
            f"'{name}' {why}, and Pillow, which changes pictures, is not installed here.",
            hint="Next: pip install 'wx-notebook[images]' (in a notebook: %pip)",
        )
    return _sent(data, kind, pixel_size(data), "")


def prepare_image(image: Any, name: str, longest: int) -> SentPicture:  # noqa: ANN401
    """Return an image of Pillow's as it is sent; the image itself is not changed."""
    return _prepare(image, b"", name, longest)


def pixel_size(data: bytes) -> tuple[int, int]:
    """Return width and height of a PNG, GIF or JPEG from its head, (0, 0) for another picture."""
    kind, width, height = format_of(data), 0, 0
    if kind == "png" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
    elif kind == "gif" and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
    elif kind == "jpeg" and (frame := _START_OF_FRAME.search(data)):
        height, width = struct.unpack(">HH", frame[1])
    return width, height


def _opened(data: bytes, name: str) -> Any:  # noqa: ANN401  # an image of Pillow's
    from PIL import Image

    reason = ""
    try:
        with warnings.catch_warnings():
            # its own limit only warns; ours refuses
            warnings.simplefilter("ignore")
            image = Image.open(io.BytesIO(data))
        if image.width * image.height <= _MOST_PIXELS:
            image.load()
            return image
        reason = f"has {image.width:,} x {image.height:,} pixels"
    except Exception as error:  # noqa: BLE001  # the decoders raise whatever they like
        reason = f"can't be read as a picture ({type(error).__name__})"
    raise BadOption(f"'{name}' {reason}.", hint="Save it again as a PNG, and use that.")


def _prepare(image: Any, data: bytes, name: str, longest: int) -> SentPicture:  # noqa: ANN401
    size = image.size
    if not all(size):
        raise BadOption(f"'{name}' is a picture without pixels.", hint="Look at it first.")
    kind, frames = format_of(data), getattr(image, "n_frames", 1)
    is_plain = frames == 1 and image.mode in _PLAIN_MODES and not image.getexif()
    is_plain = is_plain and not _XMP & image.info.keys()
    if kind and is_plain and max(size) <= longest and len(data) <= MOST_BYTES:
        return _sent(data, kind, size, "")
    from PIL import ImageOps

    # a camera notes which way is up, and where it was: the first is applied, the second dropped
    image = _eight_bits(ImageOps.exif_transpose(image))
    whole = image.size
    if max(whole) > longest:
        image = image.copy()
        image.thumbnail((longest, longest))
    data, kind = _encoded(image, is_photo=kind == "jpeg")
    changed = f" of {whole[0]:,} x {whole[1]:,}" if image.size != whole else ""
    changed += f", the first of {frames:,} frames" if frames > 1 else ""
    return _sent(data, kind, image.size, changed)


def _eight_bits(image: Any) -> Any:  # noqa: ANN401
    """Return an image whose greys have another range, of 16 bits or 0.0 to 1.0, with 256 of them.

    Its darkest value becomes black and its brightest white, as a plot shows it; Pillow alone would
    make a white area of most, and a black one of numbers below 1.
    """
    if not image.mode.startswith(("I", "F")):
        return image
    low, high = image.getextrema()
    scale = 255 / (high - low) if high > low else 1
    return image.convert("F").point(lambda value: value * scale - low * scale).convert("L")


def _encoded(image: Any, *, is_photo: bool) -> tuple[bytes, str]:  # noqa: ANN401
    is_clear = "A" in image.getbands() or "transparency" in image.info
    image = image.convert("RGBA" if is_clear else "L" if image.mode == "L" else "RGB")
    data = b"" if is_photo else _saved(image, "PNG")
    if data and len(data) <= MOST_BYTES:
        return data, "png"
    return _saved(image.convert("RGB"), "JPEG"), "jpeg"


def _saved(image: Any, kind: str) -> bytes:  # noqa: ANN401
    out = io.BytesIO()
    image.save(out, kind, quality=_QUALITY)
    return out.getvalue()


def _sent(data: bytes, kind: str, size: tuple[int, int], changed: str) -> SentPicture:
    width, height = size
    tokens = -(-width // _PATCH) * -(-height // _PATCH) if width and height else _UNKNOWN_TOKENS
    pixels = f", {width:,} x {height:,} pixels{changed}" if width and height else ""
    about = f"{kind.upper()}{pixels}, {max(1, round(len(data) / 1000)):,} kB"
    url = f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"
    return SentPicture(url, about, tokens)
