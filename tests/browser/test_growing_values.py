"""A value with a schema grows as a table or a tree, never as raw JSON, in both themes."""

from __future__ import annotations

import json

import pytest
from support.contrasts import CONTRASTS
from support.fronts import LabPage

from wx_notebook.sandbox import Sandbox

pytestmark = pytest.mark.browser

DEVICES = [{"name": f"device {n}", "watts": 100 * n, "room": "kitchen"} for n in range(1, 9)]
HOUSE = {
    "name": "the house",
    "rooms": [{"name": "kitchen", "area": 12.5}, {"name": "office", "area": 9}],
    "owner": {"name": "Ada", "is_in": True}, "remark": "it stands on a hill",
}  # fmt: skip
CELLS = [
    "%%watsonx --schema '(name, watts: int, room)[]'\nDevices?",
    "%%watsonx --schema form\nA house?",
]
FORM = "form = {'type': 'object', 'properties': {'name': {'type': 'string'}}}"
#: Notes each state that the output of a cell has: the rows of its table, those of its tree, and
#: whether JSON stands there as text.
WATCH = """cell => {
    const area = document.querySelectorAll(".jp-Notebook .jp-CodeCell")[cell];
    const seen = window.seen = [];
    const look = () => {
        const output = area.querySelector(".jp-OutputArea");
        if (!output || window.seen !== seen) return;
        const done = Boolean(output.querySelector(".wxn-footer"));
        const open = [...output.querySelectorAll(".wxn-answer > *:not(details)")];
        const text = open.map(each => each.innerText).join("\\n");
        const rows = output.querySelectorAll("tbody tr").length;
        const leaves = output.querySelectorAll(".wxn-json div").length;
        const now = [rows, leaves, /[{}]/.test(text), done];
        if (String(seen.at(-1)) !== String(now)) seen.push(now);
    };
    new MutationObserver(look).observe(area, {childList: true, subtree: true});
}"""


def grown(page, server, sandbox, shots):
    lab = LabPage(page, server)
    connect = (
        f"import wx_notebook as wx\n{FORM}\nwx.connect(api_key={sandbox.api_key!r}, "
        f"url={sandbox.url!r}, project_id={sandbox.project_id!r})"
    )
    lab.open("growing.ipynb", ["%load_ext wx_notebook", connect, *CELLS])
    lab.run(0)
    lab.run(1)
    found = {}
    for cell, (name, needle) in enumerate([("table", "device 5"), ("tree", "kitchen")], 2):
        # the stream stops in the middle: what is there can be looked at for as long as it takes
        sandbox.say(json.dumps(DEVICES if name == "table" else HOUSE))
        sandbox.fault("stall", after=37 if name == "table" else 12, seconds=600)
        page.evaluate(WATCH, cell)
        lab.run(cell, wait=False)
        lab.wait_for_output(cell, needle)
        for shade in ("light", "dark"):
            lab.theme(shade)
            lab.cell(cell).screenshot(path=shots / f"{name}-{shade}.png")
            found[name, shade] = page.evaluate(CONTRASTS)
        assert not lab.cell(cell).locator(".wxn-footer").count(), "the stream should be open"
        lab.interrupt()
        lab.wait_until_idle()
        found[name, "stopped"] = page.evaluate("() => window.seen")
        sandbox.say(json.dumps(DEVICES if name == "table" else HOUSE))
        page.evaluate(WATCH, cell)
        lab.run(cell)
        lab.wait_for_output(cell, " s")
        found[name, "whole"] = page.evaluate("() => window.seen")
        for shade in ("light", "dark"):
            lab.theme(shade)
            lab.cell(cell).screenshot(path=shots / f"{name}-{shade}-whole.png")
    return found, lab


@pytest.fixture
def slow_sandbox():
    with Sandbox(words_per_second=25) as running:
        yield running


@pytest.mark.parametrize("front", ["lab", "notebook"])
def test_while_it_streams_a_value_grows_as_a_table_or_a_tree(
    chromium, jupyter, slow_sandbox, tmp_path, front
):
    found, lab = chromium.run(grown, jupyter(front), slow_sandbox, tmp_path, limit_s=300)
    for name, place in (("table", 0), ("tree", 1)):
        growing = [state for state in found[name, "whole"] if not state[3] and state[place]]
        counts = [state[place] for state in growing]
        assert len(set(counts)) >= 4, f"{name}: it grew in steps, not {counts}"
        assert counts == sorted(counts), f"{name}: nothing is taken back"
        states = [*found[name, "whole"], *found[name, "stopped"]]
        assert not any(raw for *_, raw, done in states if not done), f"{name}: raw JSON was shown"
        assert found[name, "whole"][-1][3]
        for shade in ("light", "dark"):
            seen = found[name, shade]
            assert seen, "nothing was there to be read"
            assert {kind: ratio for kind, ratio in seen.items() if ratio < 4.5} == {}
    assert found["table", "whole"][-1][0] == len(DEVICES)
    assert lab.seen.page_errors == []
    assert lab.seen.foreign == []
