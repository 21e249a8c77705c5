"""Stop, as Jupyter's own button does it, in the first cell of a fresh kernel."""

from __future__ import annotations

import pytest
from support.kernels import Kernel

from wx_notebook.sandbox import Sandbox

pytestmark = pytest.mark.slow

WORDS = "one two three four five six seven eight nine ten " * 20


@pytest.fixture(params=["streaming", "before the first word", "signing in"])
def stopped(request, tmp_path):
    """A fresh kernel whose first prompt was interrupted: where, the sandbox, what ran."""
    where = request.param
    with Sandbox(words_per_second=50) as sandbox, Kernel(tmp_path) as kernel:
        kernel.run("%load_ext wx_notebook").ok()
        kernel.connect(sandbox)
        if where != "signing in":
            sandbox.say(WORDS)
        if where == "before the first word":
            sandbox.fault("stall", after=0)
        if where == "signing in":
            sandbox.fault("slow-iam", seconds=20)
        running = kernel.start("%%watsonx --output kept\nhello")
        if where == "streaming":
            while "one" not in str(kernel.next_message()["content"].get("data", "")):
                pass
        else:
            kind = "token" if where == "signing in" else "chat_stream"
            sandbox.wait_for(lambda call: call.kind == kind)
            # the line that says what is waited for: the kernel is in the wait by now
            while "waiting" not in str(kernel.next_message()["content"].get("data", "")):
                pass
        kernel.interrupt()
        yield where, sandbox, kernel, kernel.finish(running)


def test_the_request_ends_on_the_wire_and_what_came_is_kept(stopped):
    where, sandbox, kernel, ran = stopped
    assert ran.error[0].startswith("Interrupted: Stopped while ")
    assert len(ran.error) == 2
    sandbox.wait_for(lambda call: call.client_gone)
    assert kernel.value("'_' in globals() and type(_).__name__ == 'Answer'") is False
    if where == "streaming":
        assert "in wx.last()" in ran.error[1]
        kept = kernel.value("[kept.text, kept.finish_reason, kept is wx.last()]")
        assert WORDS.startswith(kept[0].strip())
        assert kept[1:] == ["interrupted", True]
        assert "interrupted: this is what had arrived" in ran.everything
    else:
        assert kernel.value("'kept' in globals()") is False
        assert "no result after " in ran.everything
    # the kernel goes on with the next prompt
    sandbox.clear_faults()
    sandbox.say("fine")
    assert kernel.run("%%watsonx\nagain").ok().plain.startswith("fine")
