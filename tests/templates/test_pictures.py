"""Pictures: what is one, where it stands in a prompt, and what is sent of it."""

from __future__ import annotations

import base64
import io
import os
import re
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import matplotlib.figure
import PIL.Image
import PIL.PngImagePlugin
import pytest
from IPython.core.display import Image
from support import fronts
from support.cases import all_cases

from wx_notebook.errors import BadOption, MissingName
from wx_notebook.templates import (
    IllustratedText,
    Picture,
    fill_placeholders,
    named_pictures,
    pictures_of,
)
from wx_notebook.templates import pixels as pixel_module
from wx_notebook.templates.pixels import pixel_size


def encoded(kind="PNG", size=(30, 20), mode="RGB", **options):
    out = io.BytesIO()
    PIL.Image.new(mode, size, 40 if mode in ("L", "P") else (200, 40, 40, 128)[: len(mode)]).save(
        out, kind, **options
    )
    return out.getvalue()


def seen(picture, longest=2048):
    """What a model would see: the image of the URL, decoded again, and the facts beside it."""
    sent = picture.sent(longest)
    head, _, data = sent.url.partition(";base64,")
    image = PIL.Image.open(io.BytesIO(base64.b64decode(data)))
    image.load()
    assert head == f"data:image/{image.format.lower()}"
    return image, sent


@pytest.fixture
def without_pillow(monkeypatch):
    monkeypatch.setattr(pixel_module, "has_pillow", lambda: False)


FIGURE = matplotlib.figure.Figure()
FIGURE.subplots().plot([1, 3, 2])


@all_cases(
    "value",
    [
        encoded(), bytearray(encoded("JPEG")), memoryview(encoded("WEBP")), encoded("GIF"),
        encoded("TIFF"), encoded("BMP"), FIGURE, FIGURE.axes[0], FIGURE.axes[0].lines[0],
        *(PIL.Image.new(mode, (9, 9)) for mode in ("RGB", "RGBA", "CMYK", "I;16", "P", "1")),
        Image(encoded()),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_each_kind_of_picture_becomes_one_that_models_take(value):
    (picture,) = pictures_of([value])
    image, sent = seen(picture)
    assert image.format in ("PNG", "JPEG", "GIF", "WEBP")
    assert sent.tokens >= 1
    assert f"{image.width:,} x {image.height:,} pixels" in sent.about


def test_greys_of_another_range_are_stretched_to_what_a_plot_would_show():
    # 12 of 16 bits, as a camera at a microscope writes them, and numbers from 0 to 1
    ramp = PIL.Image.new("I;16", (5, 1))
    ramp.putdata([0, 1_000, 2_000, 3_000, 4_000])
    tiff = io.BytesIO()
    ramp.save(tiff, "TIFF")
    png = io.BytesIO()
    ramp.save(png, "PNG")
    share = PIL.Image.new("F", (5, 1))
    share.putdata([0, 0.25, 0.5, 0.75, 1])
    for value in (ramp, tiff.getvalue(), png.getvalue(), share):
        image, _ = seen(pictures_of([value])[0])
        assert [image.convert("L").getpixel((x, 0)) for x in range(5)] == [0, 63, 127, 191, 255]
    assert seen(pictures_of([PIL.Image.new("I;16", (2, 2), 9)])[0])[0].size == (2, 2)


def test_of_a_moving_picture_the_first_frame_is_sent_and_told():
    frames = [PIL.Image.new("RGB", (8, 8), color) for color in ("red", "green", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    image, sent = seen(pictures_of([out.getvalue()])[0])
    assert (image.format, image.convert("RGB").getpixel((0, 0))) == ("PNG", (255, 0, 0))
    assert ", the first of 3 frames," in sent.about


def test_a_picture_of_printing_colors_goes_in_those_of_a_screen():
    out = io.BytesIO()
    PIL.Image.new("CMYK", (8, 8), (0, 255, 255, 0)).save(out, "JPEG")
    assert seen(pictures_of([out.getvalue()])[0])[0].mode == "RGB"


def test_a_path_is_a_file_and_a_text_is_a_path(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded())
    for value in (path, str(path), [path]):
        (picture,) = pictures_of([value])
        assert picture.name == "a.png"
        assert seen(picture)[1].about == "PNG, 30 x 20 pixels, 1 kB"


def test_a_picture_stands_where_its_placeholder_stood_and_the_text_around_it_is_untouched():
    figure, other = encoded(), encoded("JPEG")
    filled = fill_placeholders(
        "What\r\n does {{ a }}{{ b }} show, {{ who }}?", {"a": figure, "b": other, "who": "Ada"}
    )
    assert isinstance(filled.text, IllustratedText)
    first, one, two, last = filled.text.parts()
    assert (first, last) == ("What\r\n does ", " show, Ada?")
    assert [one.data, two.data] == [figure, other]
    assert [p.document.sends for p in filled.placeholders][:2] == ["the picture a", "the picture b"]


def test_a_text_without_pictures_stays_a_text():
    assert type(fill_placeholders("{{ who }}", {"who": "Ada"}).text) is str


def test_a_large_picture_is_made_smaller_and_says_so():
    image, sent = seen(Picture("photo", encoded(size=(6000, 4000))))
    assert image.size == (2048, 1365)
    assert "2,048 x 1,365 pixels of 6,000 x 4,000" in sent.about
    assert seen(Picture("photo", encoded(size=(600, 400))), 300)[0].size == (300, 200)


def test_a_small_picture_goes_byte_for_byte():
    data = encoded("GIF")
    assert base64.b64decode(Picture("a", data).sent(2048).url.partition(",")[2]) == data


def test_the_users_own_image_is_not_changed():
    own = PIL.Image.new("RGB", (3000, 10))
    assert seen(Picture("own", image=own))[0].width == 2048
    assert own.size == (3000, 10)


def _with_xmp(text):
    info = PIL.PngImagePlugin.PngInfo()
    info.add_itxt("XML:com.adobe.xmp", text)
    return info


def test_a_photograph_stands_upright_and_loses_the_place_where_it_was_taken():
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    exif[0x8825] = {1: "N", 2: (48.0, 8.0, 0.0)}
    data = encoded("JPEG", (40, 20), exif=exif)
    assert b"Exif" in data
    image, _ = seen(Picture("photo", data))
    assert image.size == (20, 40)
    assert not image.getexif()
    # other programs write it as XML
    for place in (encoded("JPEG", xmp=b"<place/>"), encoded("PNG", pnginfo=_with_xmp("<place/>"))):
        assert b"<place/>" in place
        assert "xmp" not in " ".join(seen(Picture("photo", place))[0].info).lower()


def test_what_is_clear_stays_clear():
    assert seen(Picture("a", encoded("TIFF", mode="RGBA")))[0].mode == "RGBA"


def test_noise_that_no_png_holds_goes_as_a_photograph():
    noise = PIL.Image.frombytes("RGB", (2000, 2000), os.urandom(12_000_000))
    image, sent = seen(Picture("noise", image=noise))
    assert image.format == "JPEG"
    assert len(sent.url) < 7_000_000


def test_without_pillow_a_picture_goes_as_it_is_up_to_a_limit(without_pillow):
    for kind in ("PNG", "GIF", "JPEG"):
        data = encoded(kind, (70, 50))
        sent = Picture("a", data).sent(64)
        assert base64.b64decode(sent.url.partition(",")[2]) == data
        assert "70 x 50 pixels" in sent.about
        assert sent.tokens == 3 * 2
    for data in (encoded("PNG") + b"\0" * 5_000_000, encoded("TIFF")):
        with pytest.raises(BadOption, match=r"Pillow") as caught:
            Picture("a", data).sent(2048)
        assert "pip install 'wx-notebook[images]'" in caught.value.hint


@pytest.mark.parametrize("size", [(1, 1), (300, 7), (65_535, 3)])
def test_the_size_of_a_picture_is_read_from_its_head(size):
    for kind in ("PNG", "GIF", "JPEG"):
        if kind == "JPEG" and max(size) > 65_500:
            continue
        assert pixel_size(encoded(kind, size)) == size
    assert pixel_size(encoded("WEBP")) == (0, 0)


def bomb():
    """A PNG of a few bytes that says it has 1,000,000 x 1,000,000 pixels."""
    head = struct.pack(">IIBBBBB", 1_000_000, 1_000_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + head
    return (b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(head)) + chunk
            + struct.pack(">I", zlib.crc32(chunk)))  # fmt: skip


@all_cases(
    ("value", "what"),
    [
        (encoded()[:40], "can't be read as a picture"),
        (bomb(), "can't be read as a picture|pixels"),
        (b"%PDF-1.7", "is not a picture (bytes)"),
        (b"", "is not a picture (bytes)"),
        (42, "is not a picture (int)"),
        (None, "is not a picture (NoneType)"),
        (len, "is not a picture"),
        ("https://example.org/a.png", "is a web address, and pictures are not downloaded"),
        ("no/such/file.png", "cannot be read: No such file"),
        (Path(__file__), "is not a picture."),
        (Path(__file__).parent, "cannot be read: Is a directory"),
        ("a\0b", "cannot be read"),
    ],
)
def test_what_is_no_picture_is_told(value, what):
    with pytest.raises(BadOption, match=what if "|" in what else re.escape(what)) as caught:
        [picture.sent(2048) for picture in pictures_of([value])]
    assert caught.value.hint
    assert len(str(caught.value).split("\n")) <= 6


def test_a_picture_of_too_many_pixels_is_told():
    large = encoded(size=(16_000, 10_000), mode="L")
    with pytest.raises(BadOption, match="has 16,000 x 10,000 pixels") as caught:
        pictures_of([large])[0].sent(2048)
    assert caught.value.hint


def test_a_figure_that_cannot_be_drawn_is_told():
    figure = matplotlib.figure.Figure()
    figure.text(0, 0, r"$\nonsense$")
    with pytest.raises(BadOption, match="'images\\[0\\]' cannot be drawn: ValueError"):
        pictures_of([figure])


@pytest.fixture
def plotted():
    """A real figure of plotly."""
    plotly = pytest.importorskip("plotly.graph_objects")
    pytest.importorskip("kaleido")
    return plotly.Figure(plotly.Bar(y=[1, 3, 2]))


@pytest.mark.browser
@pytest.mark.slow
def test_a_figure_of_plotly_is_a_picture_by_kaleido_and_a_browser(plotted, monkeypatch):
    if (browser := fronts.found_browser()) is None:
        pytest.skip("kaleido finds no browser on this machine")
    monkeypatch.setenv("BROWSER_PATH", browser)
    (picture,) = pictures_of([plotted])
    assert seen(picture)[1].about.startswith("PNG, 700 x 500 pixels")
    filled = fill_placeholders("What does {{ figure }} show?", {"figure": plotted})
    assert [type(part) for part in filled.text.parts()] == [str, Picture, str]


@pytest.mark.slow
def test_a_figure_of_plotly_without_kaleido_or_without_a_browser_says_what_to_install(
    plotted, monkeypatch
):
    monkeypatch.setenv("BROWSER_PATH", "/no/such/browser")
    with pytest.raises(BadOption, match="Kaleido requires Google Chrome to be installed") as caught:
        pictures_of([plotted])
    assert caught.value.hint.startswith("Next: plotly_get_chrome (in a terminal); or save it")
    script = (
        "import sys; sys.modules['kaleido'] = None\n"
        "import plotly.graph_objects as go; from wx_notebook.templates import pictures_of\n"
        "try: pictures_of([go.Figure()])\n"
        "except Exception as error: print(error)"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    said, hint = ran.stdout.splitlines()
    assert "plotly cannot draw 'images[0]' here: Image export requires the Kaleido package" in said
    assert hint.startswith("Next: pip install kaleido; or save it")


def test_an_option_line_names_variables_their_parts_and_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("plot.png").write_bytes(encoded())
    names = {"fig": encoded(), "Out": {3: encoded("GIF")}, "figs": [encoded(), encoded()]}
    found = named_pictures(["fig", "Out[3]", "figs", "figs[1]", "plot.png", "./plot.png"], names)
    assert [picture.name for picture in found] == [
        "fig", "Out[3]", "figs[0]", "figs[1]", "figs[1]", "plot.png", "plot.png"
    ]  # fmt: skip
    with pytest.raises(MissingName, match="Did you mean 'fig'"):
        named_pictures(["fgi"], names)
    for wrong in ("fig.x", "fig()", "", "nothing.png"):
        with pytest.raises(MissingName, match="neither a variable nor"):
            named_pictures([wrong], names)
    with pytest.raises(BadOption, match="pictures are not downloaded"):
        named_pictures(["https://example.org/a.png"], names)
