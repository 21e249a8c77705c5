"""An answer is one output, readable in both themes, and announced once to a screen reader."""

from __future__ import annotations

import json
from typing import Any

import pytest
from support.contrasts import CONTRASTS
from support.fronts import LabPage

from wx_notebook.render import ANSWER_TYPE

pytestmark = pytest.mark.browser

TEXT = """# A heading

Words with **bold**, *slanted*, `code`, [a link](https://example.org/) and ~~struck~~ ones.

> A quote

| name | watts |
| --- | ---: |
| kettle | 2,000 |

```python
@decorator
class Kettle(Exception):
    '''Boils.'''
    def boil(self, watts=2_000.5):  # a comment
        return None if watts < 1 else print(f"{watts} W")
```

```html
<p class="x">tag</p>
```

```diff
- old
+ new
```

"""
CELLS = [
    "%%watsonx\nthink",
    "%%watsonx --max-tokens 60\nat length",
    "%%watsonx -f json\njson",
    "%%watsonx -f math\nmath",
    "%%watsonx -f text\ntext",
    # puts a cell below itself
    "%%watsonx -f code\ncode",
]
#: Counts, from the moment it is called, what a screen reader is told by outputs.
LISTEN = """() => {
    window.told = [];
    const live = "[role=status],[role=alert],[role=log],[aria-live]:not([aria-live=off])";
    new MutationObserver(changes => {
        for (const change of changes) for (const node of change.addedNodes) {
            if (!node.closest?.(".jp-OutputArea")) continue;
            const found = [...(node.matches(live) ? [node] : []), ...node.querySelectorAll(live)];
            for (const each of found) window.told.push(each.textContent);
        }
    }).observe(document.querySelector(".jp-Notebook"), {childList: true, subtree: true});
}"""


def read(page: Any, server: Any, sandbox: Any) -> dict[str, Any]:
    lab = LabPage(page, server)
    (server.home / "sandbox.json").write_text(json.dumps(sandbox.credentials()))
    # the status also tells what the guard has done in notebooks of other tests
    connect = (
        "import json, wx_notebook as wx\n"
        "wx.connect(**json.load(open('../sandbox.json')))\n%watsonx status"
    )
    lab.open("reading.ipynb", ["%load_ext wx_notebook", connect, *CELLS])
    page.evaluate(LISTEN)
    for cell in range(len(CELLS) + 2):
        lab.run(cell)
    lab.wait_for_output(len(CELLS) + 1, " s")
    seen: dict[str, Any] = {"told": page.evaluate("() => window.told")}
    for shade in ("light", "dark"):
        lab.theme(shade)
        seen[shade] = page.evaluate(CONTRASTS)
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    within = {node["nodeId"]: node for node in tree}
    seen["tree"] = [
        spoken(node, within)
        for node in tree
        if not node["ignored"] and node.get("role", {}).get("value") == "status"
    ]
    saved = lab.save()
    seen["outputs"] = [
        cell.outputs for cell in saved.cells if "%%watsonx" in cell.get("source", "")
    ]
    return seen


def spoken(node: Any, within: Any) -> str:
    """All that stands in a node of the accessibility tree."""
    said = node["name"]["value"] if node.get("role", {}).get("value") == "StaticText" else ""
    children = (within[child] for child in node.get("childIds", []) if child in within)
    return said + "".join(spoken(child, within) for child in children)


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_an_answer_is_one_output_readable_in_both_themes_and_announced_once(
    chromium, jupyter, sandbox, front
):
    sandbox.say_thinking("I think of **kettles** and `code`.\n\n" * 20, TEXT + "The end. " * 100)
    sandbox.say("word " * 300)
    sandbox.say('{"watts": [9, 45.5, null, true], "unit": "W", "deep": {"a": {"b": []}}}')
    sandbox.say("$$x^2 + \\alpha$$")
    sandbox.say("plain text " * 50)
    sandbox.say(f"Words.\n\n{TEXT}")
    seen = chromium.run(read, jupyter(front), sandbox, fresh=True)

    # one output a cell, each with both texts and the facts
    for outputs in seen["outputs"]:
        assert len(outputs) == 1, outputs
        (output,) = outputs
        assert set(output.data) == {"text/plain", "text/html", ANSWER_TYPE}
        assert set(output.metadata["wx_notebook"]) == {
            "model_id", "finish_reason", "usage", "request_id", "seconds",
        }  # fmt: skip

    # a summary for each answer and nothing else, however many frames were painted; a machine that
    # is busy for a second says in between what it waits for
    seen["told"] = [line for line in seen["told"] if not line.startswith("waiting for ")]
    assert len(seen["told"]) == len(CELLS), seen["told"]
    for line in seen["told"]:
        assert line.startswith("Answer "), line
        assert len(line) < 60
    assert "not complete" in seen["told"][1]
    assert [line for line in seen["tree"] if line.startswith("Answer ")] == seen["told"]

    for shade in ("light", "dark"):
        kinds = " ".join(seen[shade])
        for each in ("span k ", "span s ", "span c ", "span m ", "span gd ", "code", "wxn-thinking",
                     "wxn-note", "wxn-footer", "wxn-json", "wxn-source"):  # fmt: skip
            assert each in kinds, f"nothing was seen of {each}"
        # 4.5 to 1 is what WCAG asks for text of this size
        poor = {kind: ratio for kind, ratio in seen[shade].items() if ratio < 4.5}
        assert poor == {}, f"{shade}: {poor}"
