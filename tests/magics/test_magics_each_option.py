"""Each option of talk, values, pictures and tools: in a cell, shown, headless, and from Python.

Of each there are bad inputs, too. They fail before anything is sent, in a few lines that end with
what to type next.
"""

from __future__ import annotations

from typing import NamedTuple

import pytest
from support.kernels import prompts_sent, refused

A, B = "ibm/granite-4-h-small", "mistralai/mistral-medium-2505"
SEES = "mistralai/mistral-small-3-1-24b-instruct-2503"
SETUP = """
import PIL.Image, dataclasses, wx_notebook as wx
from wx_notebook.tools import McpServer
red = PIL.Image.new("RGB", (128, 64), "red")
many = [red] * 40
@dataclasses.dataclass
class Person:
    name: str
class Plain: pass
def area(width: float, height: float) -> float:
    "Return the area."
    return width * height
def bare(width): return width
"""


class Option(NamedTuple):
    """An option as it is used well, and three ways to use it badly, in a cell and from Python."""

    line: str
    python: str
    #: what `--show` says of it
    shown: str
    bad: tuple[str, ...]
    bad_python: tuple[str, ...]


def ask(arguments):
    return f"wx.ask('hi', {arguments})"


OPTIONS = {
    "chat": Option(
        "--chat plan", "wx.chat('plan').ask('hi')", '"content": "hi"',
        ("--chat a/b", "--chat ../x", "--chat plan --generate", "--chat plan --chat other"),
        ("wx.chat('a/b')", "wx.chat('plan').ask(3)", ask("chat='plan'"), "wx.chat(None)",
         "wx.chat('plan').fork('x')", "wx.chat('plan').save(3)", "wx.chat('plan').save(b'x')",
         "wx.chat('plan').ask('hi', names=3)"),
    ),
    "schema": Option(
        "--schema Person", ask("schema=Person"), '"response_format": {',
        ("--schema Persn", "--schema 'age: integer'", "--schema Plain", "--schema 'a, a'",
         "--schema Person -p response_format=x"),
        (ask("schema=Plain"), ask("schema={'a': 'b'}"), ask("schema=3"), ask("schema=[]"),
         ask("schema='a: integer'")),
    ),
    "repair": Option(
        "--schema Person --no-repair", ask("schema=Person, repair=False"), "not asked again",
        ("--no-repair", "--schema Person --no-repair=1", "--no-repair --generate"),
        (ask("repair=False"), ask("schema=Person, repair='no'"),
         "wx.stream('hi', schema=Person, repair=False)"),
    ),
    "images": Option(
        f"-m {SEES} --image red", ask(f"images=red, model='{SEES}'"), "picture red",
        ("--image rde", "--image wx", "--image https://example.org/a.png", "--image many",
         f"-m {A} --image red"),
        (ask("images=3"), ask("images=[]"), ask("images='no.png'"), ask("images=b'%PDF-1.7'"),
         ask("images=[[]]"), ask("images=''")),
    ),
    "image_pixels": Option(
        f"-m {SEES} --image red --image-pixels 64",
        ask(f"images=red, image_pixels=64, model='{SEES}'"), "64 x 32 pixels of 128 x 64",
        ("--image red --image-pixels 3", "--image red --image-pixels wide", "--image-pixels"),
        (ask("images=red, image_pixels=3"), ask("images=red, image_pixels='wide'"),
         ask("images=red, image_pixels=[64]")),
    ),
    "max_images": Option(
        f"-m {SEES} --image red --max-images 1",
        ask(f"images=red, max_images=1, model='{SEES}'"), "picture red",
        ("--image red --image red --max-images 1", "--image red --max-images 0",
         "--image red --max-images few"),
        (ask("images=[red, red], max_images=1"), ask("images=red, max_images=0"),
         ask("images=red, max_images='few'")),
    ),
    "tools": Option(
        "--tool area --yes", ask("tools=[area], yes=True"), "area, which the model may call",
        ("--tool aera --yes", "--tool bare --yes", "--tool Person --yes", "--tool area",
         "--tool mcp:nothing --yes"),
        (ask("tools=[bare], yes=True"), ask("tools=[3], yes=True"), ask("tools=[area]"),
         ask("tools=['mcp:nothing'], yes=True"), ask("tools=[McpServer('a')], yes=True"),
         ask("tools=[McpServer(3, command='x')], yes=True"),
         ask("tools=[McpServer('a', command='x', args='y')], yes=True"),
         ask("tools=[McpServer('a', command='x', pass_env=[3])], yes=True")),
    ),
    "yes": Option(
        "--tool area --yes", ask("tools=[area], yes=True"), '"name": "area"',
        ("--yes", "--tool area --yes=maybe", "--yes --generate"),
        (ask("yes=True"), ask("tools=[area], yes='no'"), ask("tools=[area], yes=3")),
    ),
    "max_rounds": Option(
        "--tool area --yes --max-rounds 2", ask("tools=[area], yes=True, max_rounds=2"),
        '"name": "area"',
        ("--max-rounds 2", "--tool area --yes --max-rounds 0",
         "--tool area --yes --max-rounds many"),
        (ask("max_rounds=2"), ask("tools=[area], yes=True, max_rounds=0"),
         ask("tools=[area], yes=True, max_rounds='many'")),
    ),
    "compare": Option(
        f"--compare {A},{B}", f"wx.compare('hi', ['{A}', '{B}'])", f"the same goes to {B}",
        ("--compare one", f"--compare {A},{A}", f"--compare {A},granit-4",
         f"--compare {A},{B} -n 2"),
        (f"wx.compare('hi', ['{A}'])", f"wx.compare('hi', ['{A}', '{B}'], n=2)",
         "wx.compare('hi', 3)", f"wx.compare('hi', ['{A}', None])"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OPTIONS)
def test_it_works_in_a_cell_headless_and_from_python_and_show_sends_nothing(
    connected, sandbox, name
):
    option = OPTIONS[name]
    connected.run(SETUP).ok()
    shown = connected.run(f"%%watsonx {option.line} --show\nhi").ok()
    assert option.shown in shown.plain
    assert prompts_sent(sandbox) == 0
    for allow_stdin in (True, False):
        before = prompts_sent(sandbox)
        ran = connected.run(f"%%watsonx {option.line}\nhi", allow_stdin=allow_stdin).ok()
        assert ran.plain
        assert prompts_sent(sandbox) > before
    before = prompts_sent(sandbox)
    connected.run(option.python).ok()
    assert prompts_sent(sandbox) > before
    assert sandbox.api_key not in shown.everything + ran.everything


@pytest.mark.parametrize("name", OPTIONS)
def test_bad_input_fails_in_a_few_lines_before_anything_is_sent(connected, sandbox, name):
    option = OPTIONS[name]
    assert min(len(option.bad), len(option.bad_python)) >= 3
    connected.run(SETUP).ok()
    for cell in (*(f"%%watsonx {line}\nhi" for line in option.bad), *option.bad_python):
        refused(connected, sandbox, cell)
