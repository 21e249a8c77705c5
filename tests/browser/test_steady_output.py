"""While an answer streams, the page stays where it is: no frame is lower than the one before it."""

from __future__ import annotations

import itertools
import json

import pytest
from support.fronts import LabPage

from wx_notebook.render import answer_html, line_html, markdown_html, partial_html
from wx_notebook.sandbox import Sandbox

pytestmark = pytest.mark.browser

THINKING = "The reader wants a *definition* first.\n\nThen a table, some code and a formula."
TEXT = r"""# The watt, in short

The **watt** is the *unit of power*: one joule a second. It is named after James Watt, and
[the SI brochure](https://www.bipm.org/en/publications/si-brochure) defines it as
$\mathrm{W} = \frac{\mathrm{J}}{\mathrm{s}} = \frac{\mathrm{kg}\,\mathrm{m}^2}{\mathrm{s}^3}$ [1].

Where it comes from
-------------------

1. A **joule** is the work of one newton over one metre, so $1\,\mathrm{J} = 1\,\mathrm{N\,m}$.
2. A *second* is a second.
   - nested with `code` and a long line that is wrapped at least once in the widths of this test
   - **bold *and italic***
> A quote with **bold** and `code`, and a second sentence that makes it long enough to be wrapped.
>
> - a list in it

| Quantity | Symbol | In words, at some length so that it is wrapped in a narrow page |
|:---------|:------:|------------------------------------------------|
| Power of a lamp that has a long name | $P$ | by time, **always** |
| Energy | $E$ | what is used over the hours; kilowatt hours on a bill, joules in physics |
| `x` | ~~old~~ | a<br>b |

Text right after it, with a \* star, AT&amp;T, an image ![alt](https://example.org/x.png),
<https://example.org/path>, 5 * 3 = 15, $5 and $10, snake_case_name and a [reference][ref].

```python
class Device:
    '''A device with a power, in watts, and a line that is long enough to be wrapped in the page.'''

    def energy(self, hours: float) -> float:
        return self.power * hours  # watt hours


---
| no | table |
print(Device(60.0).energy(24))
```

\[
E = \int_0^T P(t)\,dt \\
- \sum_{i=1}^{n} P_i \, \Delta t_i
\]

- [ ] to do

Title by an underline
=====================

* * *

The end, in **bold**.

[ref]: https://example.org/ref "title"
"""
VALUE = {"name": "lamp", "rooms": [{"id": n, "on": n > 1} for n in range(3)], "none": None}

#: An empty page with the styles of this one and the elements around an output: thousands of
#: frames are laid out in it in the time that the application needs for some dozens.
PROBE = """async () => {
    const css = [...document.styleSheets].flatMap(sheet => {
        try { return [...sheet.cssRules].map(rule => rule.cssText); } catch { return []; }
    }).join("\\n");
    const frame = document.createElement("iframe");
    frame.style.cssText = "position:fixed; left:0; top:0; height:600px; visibility:hidden";
    frame.srcdoc = "<!doctype html><body></body>";
    document.body.append(frame);
    await new Promise(done => frame.addEventListener("load", done, {once: true}));
    const page = frame.contentDocument, style = page.createElement("style");
    style.textContent = css;
    page.head.append(style);
    for (const {name, value} of document.body.attributes) page.body.setAttribute(name, value);
    page.body.style.cssText = "position:static; height:auto; overflow:auto";
    const chain = ["jp-ThemedContainer"];
    const output = document.querySelector(".jp-OutputArea-output");
    for (let at = output; !at.matches(".jp-Notebook"); at = at.parentElement)
        chain.splice(1, 0, at.className);
    let at = page.body;
    for (const name of chain) at = at.appendChild(Object.assign(page.createElement("div"),
                                                               {className: name}));
    window.probe = {frame, at};
    return chain.length;
}"""
HEIGHTS = """([htmls, width]) => {
    const {frame, at} = window.probe;
    frame.style.width = `${width}px`;
    return htmls.map(html => (at.innerHTML = html, at.getBoundingClientRect().height));
}"""

#: Notes each height that the output has and each place where the notebook stands.
WATCH = """cell => {
    const area = document.querySelectorAll(".jp-Notebook .jp-CodeCell")[cell];
    let scroller = area.parentElement;
    while (!(scroller.scrollHeight > scroller.clientHeight + 1
             && getComputedStyle(scroller).overflowY !== "visible"))
        scroller = scroller.parentElement;
    const seen = window.seen = [];
    const look = () => {
        const output = area.querySelector(".jp-OutputArea");
        const height = output?.getBoundingClientRect().height ?? 0;
        const is_last = Boolean(area.querySelector(".wxn-footer"));
        const now = [height, scroller.scrollTop, is_last];
        if (String(seen.at(-1)) !== String(now)) seen.push(now);
    };
    new ResizeObserver(look).observe(area);
    const each = () => { look(); if (window.seen === seen) requestAnimationFrame(each); };
    each();
}"""


def frames_of(text, **options):
    """All that an output shows of an answer: the wait, a frame for each character, the answer."""
    thoughts = [partial_html("", reasoning=THINKING[:end], seconds=1.0, **options)
                for end in range(1, len(THINKING), 9)]  # fmt: skip
    frames = [partial_html(text[:end], reasoning=THINKING, **options)
              for end in range(1, len(text) + 1)]  # fmt: skip
    # (how high a formula is, only the front end knows; the test below looks at that)
    last = answer_html(text, reasoning=THINKING, footer="a model", typeset=False, **options)
    return [line_html("waiting", kind="busy"), *thoughts, *frames, last]


def falls(heights):
    pairs = enumerate(itertools.pairwise(heights))
    return [(place, *pair) for place, pair in pairs if pair[1] < pair[0] - 0.01]


def laid_out(page, server, answers, widths):
    lab = LabPage(page, server)
    lab.open("probe.ipynb", ["from IPython.display import HTML\nHTML('<p>here</p>')"])
    lab.run(0)
    lab.wait_for_output(0, "here")
    assert page.evaluate(PROBE) > 4
    return {
        (name, width): page.evaluate(HEIGHTS, [htmls, width])
        for name, htmls in answers.items()
        for width in widths
    }


def test_in_jupyterlab_s_styles_no_frame_is_lower_than_the_one_before_it(chromium, jupyter):
    answers = {
        "auto": frames_of(TEXT),
        "json": frames_of(json.dumps(VALUE, indent=2), format="json"),
        "whole json": frames_of(json.dumps(VALUE)),
        "code": frames_of("Here:\n\n```python\nx = 1\n\n\ny = 2\n```\n\nDone.", format="code"),
        "html": frames_of("```html\n<h1>a</h1>\n<p>b</p>\n<p>c</p>\n```", format="html"),
        "math": frames_of(r"$$\frac{a}{b} = \sum_{i=1}^n i$$", format="math"),
        "text": frames_of("one\n- two\n\n    three\n" * 3, format="text"),
        # each frame as if it were the whole answer
        "not settled": [markdown_html(TEXT[:end]) for end in range(1, len(TEXT), 5)],
    }
    heights = chromium.run(laid_out, jupyter("lab"), answers, (420, 1100), limit_s=300)
    for (name, width), seen in heights.items():
        assert seen[-1] > 40
        if name == "not settled":
            assert falls(seen), "else this test could not see a fall"
        else:
            assert falls(seen) == [], f"{name} at {width}"


def streamed(page, server, sandbox):
    lab = LabPage(page, server)
    page.set_viewport_size({"width": 1000, "height": 700})
    connect = (
        "import wx_notebook as wx; wx.connect("
        f"api_key={sandbox.api_key!r}, url={sandbox.url!r}, project_id={sandbox.project_id!r})"
    )
    long = "print('\\n'.join('line' for _ in range(60)))"
    lab.open("steady.ipynb", [f"%load_ext wx_notebook\n{connect}\n{long}", "%%watsonx\ngo", long])
    lab.run(0)
    lab.run(2)
    # the cell is at the top of the page, and the page can be scrolled both ways
    lab._js("() => { jupyterapp.shell.currentWidget.content.activeCellIndex = 1; }")
    cell = lab.cell(1)
    cell.evaluate("cell => cell.scrollIntoView({block: 'start'})")
    page.wait_for_timeout(100)
    page.evaluate(WATCH, 1)
    lab.run(1)
    cell.locator("mjx-container").first.wait_for()
    page.wait_for_function("() => window.seen.at(-1)[2]")
    page.wait_for_timeout(300)
    announced = cell.locator("[role=status]").all_inner_texts()
    return page.evaluate("() => window.seen"), announced, lab


@pytest.fixture
def slow_sandbox():
    with Sandbox(words_per_second=110) as running:
        yield running


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_while_an_answer_streams_its_height_never_falls_and_the_notebook_stays_where_it_is(
    chromium, jupyter, slow_sandbox, front
):
    slow_sandbox.say(f"<think>{THINKING}</think>\n\n{TEXT}")
    seen, announced, lab = chromium.run(streamed, jupyter(front), slow_sandbox)
    on_the_way = [height for height, _, is_last in seen if not is_last]
    at_the_end = [height for height, _, is_last in seen if is_last]
    assert len(set(on_the_way)) > 10, "it grew in steps"
    assert falls(on_the_way) == []
    # the source of the formulas is there for a moment, before they are typeset
    assert min(at_the_end) >= on_the_way[-1]
    # (as it starts a cell, Notebook moves it a little: before there is an output)
    assert len({top for height, top, _ in seen if height > 0}) == 1
    assert announced[0].startswith("Answer complete: ")
    assert len(announced) == 1
    assert lab.seen.page_errors == []
    assert lab.seen.foreign == []
