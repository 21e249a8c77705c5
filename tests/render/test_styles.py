"""The colours of code and of our own lines can be read in every theme."""

from __future__ import annotations

import re
import sys
from pathlib import Path

from support.cases import all_cases

from wx_notebook.render import answer_html
from wx_notebook.render.styles import COLOUR_SHARE, COLOURS

PIECE = re.compile(r'<span style="color: var\(--wxn-(\w+)\)">(.*?)</span>', re.DOTALL)


def test_the_wrapper_defines_the_colours_that_are_used_and_no_others():
    assert ("m", "1") in PIECE.findall(answer_html("```python\nx = 1\n```"))
    wrapper = answer_html("```python\nx = 1\n```").partition(">")[0]
    assert re.findall(r"--wxn-(\w+):", wrapper) == ["m"]
    assert "--wxn-" not in answer_html("no code")


LAB = Path(sys.prefix, "share/jupyter/lab/themes/@jupyterlab")
Colour = tuple[float, float, float]


def variables(shade: str) -> dict[str, str]:
    """What JupyterLab's own theme says, as it is installed."""
    css = (LAB / f"theme-{shade}-extension/index.css").read_text()
    return dict(re.findall(r"(--[\w-]+):\s*([^;}]+)", css))


def colour(value: str, known: dict[str, str], below: Colour) -> Colour:
    """A colour as it is painted on `below`."""
    value = value.strip()
    if match := re.fullmatch(r"var\((--[\w-]+)(?:,\s*(.*))?\)", value):
        return colour(known.get(match[1], match[2] or ""), known, below)
    if match := re.fullmatch(r"rgba?\((\d+),\s*(\d+),\s*(\d+)(?:,\s*([\d.]+))?\)", value):
        own = (float(match[1]), float(match[2]), float(match[3]))
        return mixed(own, below, float(match[4] or 1))
    named = {"white": "#fff", "black": "#000", "red": "#f00", "green": "#008000", "blue": "#00f"}
    digits = named.get(value, value).removeprefix("#")
    digits = "".join(2 * digit for digit in digits) if len(digits) == 3 else digits
    assert re.fullmatch("[0-9a-fA-F]{6}", digits), value
    red, green, blue = (float(int(digits[n : n + 2], 16)) for n in (0, 2, 4))
    return red, green, blue


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    red, green, blue = (a * share + b * (1 - share) for a, b in zip(one, other, strict=True))
    return red, green, blue


def contrast(one: Colour, other: Colour) -> float:
    """As WCAG 2 defines it."""

    def luminance(parts: Colour) -> float:
        red, green, blue = (
            part / 3294.6 if part <= 10.31 else ((part / 255 + 0.055) / 1.055) ** 2.4
            for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def pages() -> dict[str, tuple[dict[str, str], Colour, Colour]]:
    """Where answers are read: the variables there, the paper, the colour of its text."""
    found = {}
    for shade in ("light", "dark"):
        known = variables(shade)
        paper = colour("var(--jp-layout-color0)", known, (0, 0, 0))
        found[f"JupyterLab {shade}"] = (
            known, paper, colour("var(--jp-content-font-color1)", known, paper)
        )  # fmt: skip
    # pages without Jupyter's variables: exports elsewhere, Visual Studio Code
    for name, paper, text in (("white", "#fff", "#000"), ("light", "#f6f8fa", "#1f2328"),
                              ("dark", "#1e1e1e", "#ccc"), ("black", "#000", "#fff")):  # fmt: skip
        found[name] = ({}, colour(paper, {}, (0, 0, 0)), colour(text, {}, (0, 0, 0)))
    return found


@all_cases("page", pages())
@all_cases("name", COLOURS)
def test_every_colour_of_code_can_be_read(page, name):
    known, paper, text = pages()[page]
    own = colour(f"var({COLOURS[name].variable}, {COLOURS[name].fallback})", known, paper)
    assert contrast(mixed(own, text, COLOUR_SHARE / 100), paper) >= 4.5


@all_cases("page", pages())
def test_our_own_lines_can_be_read(page):
    known, paper, text = pages()[page]
    elsewhere = mixed(text, paper, 0.7)
    muted = colour("var(--jp-ui-font-color2)", known, paper) if known else elsewhere
    assert contrast(muted, paper) >= 4.5
