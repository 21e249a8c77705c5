"""Values that are pictures: files, bytes, images of Pillow's, figures of matplotlib and plotly."""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any, Self

from wx_notebook.errors import BadOption, mask_keys
from wx_notebook.templates.file_kinds import is_picture_file
from wx_notebook.templates.files import read_bytes
from wx_notebook.templates.pixels import SentPicture, prepare_data, prepare_image

#: Bytes of a file; a photograph has a tenth of that.
_LARGEST_FILE = 60_000_000
_MARK_BYTES = 64
_TAKES = (
    "Pictures are files, bytes, images of Pillow's, and figures of matplotlib or plotly. For an "
    "array: PIL.Image.fromarray(array)"
)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture that a prompt sends: encoded `data`, or an `image` of Pillow's."""

    name: str
    data: bytes = b""
    image: Any = None

    def sent(self, longest: int) -> SentPicture:
        """Return it as it goes out, its longest side at most so many pixels; raises `BadOption`."""
        if self.image is not None:
            return prepare_image(self.image, self.name, longest)
        return prepare_data(self.data, self.name, longest)


class IllustratedText(str):
    """A text with pictures in it: each before the character of its number."""

    __slots__ = ("pictures",)
    pictures: tuple[tuple[int, Picture], ...]

    def __new__(cls, text: str, pictures: Iterable[tuple[int, Picture]]) -> Self:
        """Make the text."""
        made = super().__new__(cls, text)
        made.pictures = tuple(pictures)
        return made

    def parts(self) -> list[str | Picture]:
        """Return the text and its pictures in their order, without empty texts."""
        found: list[str | Picture] = []
        at = 0
        for position, picture in self.pictures:
            found += [self[at:position], picture]
            at = position
        return [part for part in (*found, self[at:]) if part != ""]


def with_pictures(
    pattern: re.Pattern[str], text: str, replace: Callable[[re.Match[str]], str | Picture]
) -> str:
    """Return a text with something in place of each match, which may be a picture."""
    pieces: list[str] = []
    pictures: list[tuple[int, Picture]] = []
    at = length = 0
    for match in pattern.finditer(text):
        before, value = text[at : match.start()], replace(match)
        at = match.end()
        pieces += [before, value] if isinstance(value, str) else [before]
        length += len(before)
        if isinstance(value, Picture):
            pictures.append((length, value))
        else:
            length += len(value)
    whole = "".join([*pieces, text[at:]])
    return IllustratedText(whole, pictures) if pictures else whole


def picture_of(value: Any, name: str) -> Picture | None:  # noqa: ANN401
    """Return the picture that a value is, None for any other value.

    Parameters
    ----------
    name
        What the user calls it.

    Raises
    ------
    BadOption
        A file that cannot be read, or a figure that cannot be drawn.
    """
    shown = mask_keys(name)
    if isinstance(value, PurePath):
        path = Path(value)
        if not is_picture_file(read_bytes(path, _MARK_BYTES, start=True)):
            return None
        return Picture(value.name, read_bytes(path, _LARGEST_FILE))
    if isinstance(value, bytes | bytearray | memoryview):
        start = bytes(value[:_MARK_BYTES])
        return Picture(shown, bytes(value)) if is_picture_file(start) else None
    return _drawn(value, shown)


def picture_or_refuse(value: Any, name: str) -> Picture:  # noqa: ANN401
    """Return the picture that a value is, also a text that is the path of one.

    Raises
    ------
    BadOption
        The value is not a picture.
    """
    shown = mask_keys(name)
    if isinstance(value, str):
        if not value.strip():
            raise BadOption(f"{shown} is an empty text, not a path.", hint="Give a file's path.")
        if value.startswith(("http://", "https://")):
            raise BadOption(
                f"{shown} is a web address, and pictures are not downloaded.",
                hint="Download it first, and give the path of the file.",
            )
        value = Path(value).expanduser()
    if isinstance(value, PurePath) and not is_picture_file(
        read_bytes(Path(value), _MARK_BYTES, start=True)
    ):
        raise BadOption(f"{value} is not a picture.", hint="Give a PNG, JPEG, GIF or WebP file.")
    if (found := picture_of(value, name)) is not None:
        return found
    if (own := _own_bytes(value, "_repr_png_", "_repr_jpeg_")) and is_picture_file(own):
        return Picture(shown, own)
    raise BadOption(f"'{shown}' is not a picture ({type(value).__name__}).", hint=_TAKES)


def pictures_of(values: Sequence[Any], names: Sequence[str] = ()) -> list[Picture]:
    """Return the pictures of values, a list among them opened; raises as `picture_or_refuse`."""
    found = []
    for number, value in enumerate(values):
        if isinstance(value, Picture):
            found.append(value)
            continue
        name = names[number] if names else f"images[{number}]"
        if isinstance(value, list | tuple):
            if not value:
                raise BadOption(f"{name} is an empty list.", hint="Put a picture into it.")
            called = [f"{name}[{at}]" for at in range(len(value))]
            found += pictures_of(value, called)
            continue
        found.append(picture_or_refuse(value, name))
    return found


def is_picture_class(value: object) -> bool:
    """Return whether the class of a value says that it is a picture; runs no code of the value."""
    return bool({"PIL.Image", "matplotlib.Artist", "plotly.BaseFigure"} & _classes(value))


def _drawn(value: Any, name: str) -> Picture | None:  # noqa: ANN401
    """Return the picture of an object of a library that draws."""
    classes = _classes(value)
    if "PIL.Image" in classes:
        return Picture(name, image=value)
    if {"matplotlib.Artist", "seaborn.Grid"} & classes:
        figure = value if hasattr(value, "savefig") else getattr(value, "figure", None)
        # a part of a figure that belongs to none has nothing to draw
        return None if figure is None else Picture(name, _matplotlib_png(figure, name))
    if "plotly.BaseFigure" in classes:
        return Picture(name, _plotly_png(value, name))
    if "IPython.Image" in classes and (data := _own_bytes(value, "_repr_png_", "_repr_jpeg_")):
        return Picture(name, data)
    return None


def _classes(value: object) -> set[str]:
    return {f"{str(c.__module__).partition('.')[0]}.{c.__name__}" for c in type(value).__mro__}


def _matplotlib_png(figure: Any, name: str) -> bytes:  # noqa: ANN401
    out = io.BytesIO()
    reason = ""
    try:
        figure.savefig(out, format="png", bbox_inches="tight")
        return out.getvalue()
    except Exception as error:  # noqa: BLE001  # a formula, a font, a callback of the user
        reason = f"{type(error).__name__}: {error}"
    raise BadOption(
        f"'{name}' cannot be drawn: {mask_keys(reason)}", hint="Show it in a cell first."
    )


def _plotly_png(figure: Any, name: str) -> bytes:  # noqa: ANN401
    reason = ""
    try:
        return bytes(figure.to_image(format="png"))
    except Exception as error:  # noqa: BLE001  # kaleido is not there, or has no browser
        lines = [line.strip(" ,") for line in str(error).split("\n") if line.strip()]
        reason = lines[0] if lines else type(error).__name__
    needs = "plotly_get_chrome (in a terminal)" if "Chrome" in reason else "pip install kaleido"
    raise BadOption(
        f"plotly cannot draw '{name}' here: {mask_keys(reason)}",
        hint=f"Next: {needs}; or save it as a PNG elsewhere and give the file.",
    )


def _own_bytes(value: Any, *methods: str) -> bytes:  # noqa: ANN401
    """Return the picture that an object draws of itself for a notebook, b"" if it draws none."""
    for method in methods:
        draw = getattr(type(value), method, None)
        try:
            drawn = draw(value) if callable(draw) else None
        except Exception:  # noqa: BLE001  # code of any class
            drawn = None
        # some return their metadata, too, and IPython's own returns base64 text
        drawn = drawn[0] if isinstance(drawn, tuple) and drawn else drawn
        if isinstance(drawn, bytes):
            return drawn
        if isinstance(drawn, str):
            return _decoded(drawn)
    return b""


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=False)
    except (binascii.Error, ValueError):
        return b""
