"""Cells of `%%watsonx` look like prompts, whatever happens to them, and Python like Python."""

from __future__ import annotations

import pytest
from support.fronts import COLLABORATION, LabPage
from support.lab_pages import THEMES, execute, select, shoot, sources

pytestmark = pytest.mark.browser

PROSE = """# about heat pumps

%%watsonx --max-tokens 20 -m granite --system "Be short."
# A heading
Class **pumps** and `code`, it's {{ df | rows(5) }} but {{ df.describe() }}.
- import this
> a quote, _new_, *old* and [a page](https://example.com): **{{ df | rows(5) }} is not bold**
```
fenced {{ df | rows(5) }}
```
"""
CELLS = [PROSE, "class Pump:\n    pass", "%%watsonxclass\nclass Pump: pass", "%%watsonx\nclass"]
#: Of each cell: its language, whether it is tinted, the texts of its marks.
LOOK = """() => [...document.querySelectorAll(".jp-Notebook .jp-CodeCell .cm-editor")].map(e => ({
    language: e.querySelector(".cm-content").dataset.language,
    prompt: e.classList.contains("wx-prompt"),
    tinted: getComputedStyle(e).boxShadow.includes("inset"),
    wraps: getComputedStyle(e.querySelector(".cm-content")).whiteSpace !== "pre",
    placeholders: [...e.querySelectorAll(".wx-placeholder")].map(m => m.innerText),
    options: [...e.querySelectorAll(".wx-option")].map(m => m.innerText),
    marks: [...e.querySelectorAll(".cm-line span")].map(m => m.innerText),
}))"""
#: The worst contrast of a text in a prompt cell with what is behind it, by WCAG's formula.
CONTRAST = """() => {
    const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
    const rgb = (...layers) => {
        canvas.clearRect(0, 0, 1, 1);
        for (const layer of layers) { canvas.fillStyle = layer; canvas.fillRect(0, 0, 1, 1); }
        return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
    };
    const light = rgb => rgb.map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, n) => sum + c * [0.2126, 0.7152, 0.0722][n], 0);
    const editor = document.querySelector(".cm-editor.wx-prompt");
    const layers = [];
    for (let e = editor; e; e = e.parentElement)
        layers.unshift(getComputedStyle(e).backgroundColor);
    const back = light(rgb("white", ...layers));
    return Math.min(...[...editor.querySelectorAll(".cm-line, .cm-line span")].map(e => {
        const text = light(rgb(getComputedStyle(e).color));
        return (Math.max(text, back) + 0.05) / (Math.min(text, back) + 0.05);
    }));
}"""

#: Another kernel, of the same kind: Jupyter sets the language of each cell anew.
CHANGE_KERNEL = (
    "() => jupyterapp.shell.currentWidget.sessionContext.changeKernel({name: 'python3'})"
)
#: Colours of Solarized, which is no theme of JupyterLab's.
STRANGE_THEMES = [
    ("strange light", "true", {"--jp-layout-color0": "#fdf6e3", "--jp-layout-color1": "#fdf6e3",
                               "--jp-cell-editor-background": "#eee8d5",
                               "--jp-content-font-color1": "#073642"}),
    ("strange dark", "false", {"--jp-layout-color0": "#002b36", "--jp-layout-color1": "#002b36",
                               "--jp-cell-editor-background": "#073642",
                               "--jp-content-font-color1": "#eee8d5"}),
]  # fmt: skip
SET_COLOURS = """([name, light, colours]) => {
    document.body.dataset.jpThemeName = name;
    document.body.dataset.jpThemeLight = light;
    for (const [variable, value] of Object.entries(colours))
        document.body.style.setProperty(variable, value);
}"""


def kinds(lab):
    """Of each cell "prompt" or its language."""
    looks = lab.page.evaluate(LOOK)
    for look in looks:
        assert look["prompt"] == look["tinted"] == (look["language"] == "watsonx"), look
        # prose has long lines
        assert look["prompt"] == look["wraps"], look
    return ["prompt" if look["prompt"] else look["language"] for look in looks]


def wait_for(lab, expected):
    lab.wait_until(lambda: kinds(lab) == expected, f"{expected}; it is {kinds(lab)}")


def changes(page, server, shots):
    lab = LabPage(page, server)
    lab.open("prompts.ipynb", CELLS)
    opened = ["prompt", "python", "python", "prompt"]
    wait_for(lab, opened)
    first = page.evaluate(LOOK)[0]
    lab.restart()
    wait_for(lab, opened)
    page.evaluate(CHANGE_KERNEL)
    lab.wait_until_idle()
    wait_for(lab, opened)

    # somebody types the magic, and takes it back
    select(lab, 1)
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Home")
    page.keyboard.type("%%watson")
    wait_for(lab, opened)
    page.keyboard.type("x\n")
    wait_for(lab, ["prompt"] * 2 + opened[2:])
    for _ in range(9):
        page.keyboard.press("Control+z")
        if not sources(lab)[1].startswith("%%"):
            break
    wait_for(lab, opened)

    # a prompt is copied, pasted, split in its body, and merged with what follows
    select(lab, 0)
    execute(lab, "notebook:copy-cell")
    select(lab, 3)
    execute(lab, "notebook:paste-cell-below")
    wait_for(lab, [*opened, "prompt"])
    page.keyboard.press("Enter")
    page.keyboard.press("Control+End")
    execute(lab, "notebook:split-cell-at-cursor")
    wait_for(lab, [*opened, "prompt", "python"])
    select(lab, 4)
    execute(lab, "notebook:merge-cell-below")
    wait_for(lab, [*opened, "prompt"])

    for theme in THEMES:
        lab.theme(theme)
        lab.wait_until(lambda: page.evaluate(CONTRAST) > 4.5, f"a contrast of 4.5 in {theme}")
        shoot(lab, shots, f"prompts {theme}")
    # themes of somebody's own set JupyterLab's variables to other colours
    for name, light, colours in STRANGE_THEMES:
        page.evaluate(SET_COLOURS, [name, light, colours])
        lab.wait_until(lambda: page.evaluate(CONTRAST) > 4.5, f"a contrast of 4.5 in {name}")
        wait_for(lab, [*opened, "prompt"])
        shoot(lab, shots, f"prompts {name}")
    lab.save()
    lab.reload()
    wait_for(lab, [*opened, "prompt"])
    return first, lab.seen


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_a_prompt_cell_looks_like_one_whatever_happens_to_it(chromium, jupyter, front):
    first, seen = chromium.run(changes, jupyter(front), chromium.shots)
    assert first["options"] == ["--max-tokens", "-m", "--system"]
    # a placeholder that is filled in; the other one is sent as typed
    assert "".join(first["placeholders"]) == "{{ df | rows(5) }}" * 3
    for mark in (
        *("# about heat pumps", "%%watsonx", "# A heading", "**pumps**", "`code`", "- ", "_new_"),
        *("*old*", "[a page](https://example.com)"),
    ):
        assert mark in first["marks"], mark
    assert not {"Class", "import", "this"} & set(first["marks"]), "prose is not coloured"
    assert seen.page_errors == []


def together(page, server):
    lab = LabPage(page, server)
    lab.open("together.ipynb", CELLS)
    other = LabPage(page.context.new_page(), server)
    other.open("together.ipynb")
    for each in (lab, other):
        wait_for(each, ["prompt", "python", "python", "prompt"])
    page.bring_to_front()
    select(lab, 1)
    page.keyboard.press("Enter")
    page.keyboard.press("Control+Home")
    page.keyboard.type("%%watsonx\n")
    for each in (lab, other):
        wait_for(each, ["prompt", "prompt", "python", "prompt"])
    return lab.seen.page_errors + other.seen.page_errors


def test_it_looks_like_one_in_the_page_of_a_second_person_too(chromium, jupyter):
    pytest.importorskip("jupyter_server_ydoc")
    assert chromium.run(together, jupyter("lab", **{COLLABORATION: "1"}), fresh=True) == []
