"""One Tab with 300 models and 5,000 variables, beside IPython's own completion in the same run.

python tests/benchmarks/completion.py
"""

from __future__ import annotations

import statistics
import time
import timeit
from typing import Any

MODELS, VARIABLES = 300, 5_000


def completion() -> dict[str, float]:
    """Return milliseconds: ours for a model, an option and a variable; IPython's for a variable.

    IPython's own is measured without Jedi, which is what it takes at the least, and with it.
    `other_cell` is what our matcher costs a cell of 500 lines that is not ours, in microseconds.
    """
    from IPython.core.completer import CompletionContext, provisionalcompleter
    from IPython.core.interactiveshell import InteractiveShell

    import wx_notebook as wx
    from wx_notebook.magics import load, unload
    from wx_notebook.sandbox import Sandbox
    from wx_notebook.service import Listing, Model

    shell = InteractiveShell.instance()
    load(shell)
    shell.user_ns.update({f"value_{number}": number for number in range(VARIABLES)})
    models = tuple(
        Model(f"provider-{n % 7}/model-{n}", "", ("text_chat",), 0, "available")
        for n in range(MODELS)
    )
    with Sandbox() as sandbox, provisionalcompleter():
        held = wx.connect(api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id)
        held.state.catalogue._day = held.state.catalogue._snapshot(Listing(models))

        def one(text: str) -> float:
            began = time.perf_counter()
            assert list(shell.Completer.completions(text, len(text)))
            return (time.perf_counter() - began) * 1e3

        def median(text: str, times: int = 15) -> float:
            one(text)
            return statistics.median(one(text) for _ in range(times))

        shell.Completer.use_jedi = False
        found = {
            "model": median("%%watsonx --model mod"),
            "option": median("%%watsonx --"),
            "variable": median("%%watsonx\nWhat is {{ value_4"),
            "ipython": median("value_4"),
        }
        # asked alone: beside what IPython does in the meantime it cannot be measured
        (ours,) = (m for m in shell.Completer.custom_matchers if m.__name__ == "matcher")
        line = CompletionContext("value_4", "x = 1\n" * 500 + "value_4", 7, 500, 500)
        found["other_cell"] = min(timeit.repeat(lambda: ours(line), number=1_000, repeat=5)) * 1e3
        unload(shell)
        shell.Completer.use_jedi = True
        found["ipython_jedi"] = median("value_4", 5)
    return found


def rows(found: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Return a row for the table of benchmarks."""
    ours = max(found[name] for name in ("model", "option", "variable"))
    return [
        (
            f"one Tab with {MODELS} models and {VARIABLES:,} variables",
            (
                f"{ours:.1f} ms, {ours / found['ipython']:.2f} of IPython's own without Jedi, "
                f"{ours / found['ipython_jedi']:.2f} with it"
            ),
            "50 ms",
        )
    ]


if __name__ == "__main__":
    measured = completion()
    print({name: round(value, 2) for name, value in measured.items()})
    print(rows(measured))
