"""A real kernel, and what came out of each cell that it ran."""

from __future__ import annotations

import json
import os
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from jupyter_client.manager import KernelManager


@dataclass
class Ran:
    """One cell that has run."""

    status: str
    messages: list[dict[str, Any]] = field(default_factory=list)
    reply: dict[str, Any] = field(default_factory=dict)

    def _of(self, *kinds: str) -> list[dict[str, Any]]:
        return [m["content"] for m in self.messages if m["msg_type"] in kinds]

    @property
    def printed(self) -> str:
        return "".join(c["text"] for c in self._of("stream"))

    @property
    def outputs(self) -> list[dict[str, Any]]:
        """The outputs as a notebook holds them: an update replaces what has its `display_id`."""
        held: list[dict[str, Any]] = []
        for message in self.messages:
            content, kind = message["content"], message["msg_type"]
            where = content.get("transient", {}).get("display_id")
            if kind == "update_display_data":
                for output in held:
                    if output["id"] == where:
                        output |= {"data": content["data"], "metadata": content["metadata"]}
            elif kind in ("display_data", "execute_result"):
                held.append({"kind": kind, "id": where, "data": content["data"],
                             "metadata": content["metadata"]})  # fmt: skip
        return held

    @property
    def plain(self) -> str:
        return "\n".join(output["data"].get("text/plain", "") for output in self.outputs)

    @property
    def html(self) -> str:
        return "\n".join(output["data"].get("text/html", "") for output in self.outputs)

    @property
    def frames(self) -> list[dict[str, Any]]:
        return self._of("display_data", "update_display_data")

    @property
    def error(self) -> list[str]:
        """The lines of the error as a reader sees them, [] when the cell did not fail."""
        found = self._of("error")
        return (
            [line for part in found[0]["traceback"] for line in part.split("\n")] if found else []
        )

    @property
    def everything(self) -> str:
        """Every message that left the kernel, for tests that look for a secret."""
        return json.dumps([self.messages, self.reply], default=str, ensure_ascii=False)


class Kernel:
    """A kernel of this Python, with folders of its own."""

    def __init__(self, folder: Path, *arguments: str, **environment: str) -> None:
        self.folder = folder
        self.ipython_dir = folder / "ipython"
        env = {
            k: v
            for k, v in os.environ.items()
            if not k.startswith(("WATSONX_", "WX_", "IBM", "WML_"))
        }
        env |= {"IPYTHONDIR": str(self.ipython_dir), "JUPYTER_RUNTIME_DIR": str(folder / "runtime")}
        env |= {
            "JUPYTER_CONFIG_DIR": str(folder / "config"),
            "JUPYTER_DATA_DIR": str(folder / "data"),
            "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
        }
        self._manager = KernelManager(transport="ipc", ip=str(folder / "socket"))
        self._manager.kernel_spec.argv[0] = sys.executable
        self._manager.start_kernel(
            env=env | environment, cwd=str(folder), extra_arguments=list(arguments)
        )
        self.client = self._manager.client()

    def __enter__(self) -> Self:
        self.client.start_channels()
        self.client.wait_for_ready(timeout=60)
        return self

    def __exit__(self, *_: object) -> None:
        self.client.stop_channels()
        # a kernel that is killed leaves no measurement of coverage behind
        self._manager.shutdown_kernel(now="COVERAGE_PROCESS_CONFIG" not in os.environ)

    def renew(self) -> None:
        """Empty the namespace, load the magics anew, forget connection, chats and budgets."""
        self.run(
            # `%reset` collects garbage twice, which takes longer than most tests
            "from unittest import mock as _m\n"
            "with _m.patch('gc.collect'): get_ipython().reset(new_session=False)\n"
            "get_ipython().config.pop('WatsonxMagics', None)\n%reload_ext wx_notebook\n"
            "from wx_notebook.session import disconnect as _d; _d(); import os as _os\n"
            "[_os.environ.pop(n) for n in list(_os.environ) if n.startswith(('WATSONX_', 'WX_'))]\n"
            "import logging as _l; _l.basicConfig(level=30, force=True)\n"
            "from wx_notebook.chats import registry as _r; _r._CHATS.clear()\n"
            "from wx_notebook.session import process as _p; _p.METER._budgets.clear()\n"
            "%xmode Context\nNone"
        ).ok()

    def connect(self, sandbox: Any) -> None:
        """Connect by the environment and keep it out of there afterwards."""
        self.run(
            "import wx_notebook as wx\n"
            f"wx.connect(api_key={sandbox.api_key!r}, url={sandbox.url!r}, "
            f"project_id={sandbox.project_id!r}); None",
            store_history=False,
        ).ok()

    def start(self, code: str, *, cell_id: str = "", **options: Any) -> str:
        """Send a cell without waiting for its end; JupyterLab sends the ID of the cell along."""
        options.setdefault("allow_stdin", False)
        if not cell_id:
            return self.client.execute(code, **options)
        content = {"code": code, "silent": False, "store_history": True, **options}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": cell_id})
        self.client.shell_channel.send(message)
        return message["header"]["msg_id"]

    def next_message(self, timeout_s: float = 30) -> dict[str, Any]:
        return self.client.get_iopub_msg(timeout=timeout_s)

    def interrupt(self) -> None:
        self._manager.interrupt_kernel()

    def finish(self, sent: str, timeout_s: float = 60) -> Ran:
        """Collect what a cell sends until the kernel is idle again."""
        ran, deadline = Ran(""), time.monotonic() + timeout_s
        while True:
            message = self.next_message(max(0.1, deadline - time.monotonic()))
            if message["parent_header"].get("msg_id") != sent:
                continue
            ran.messages.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        while True:
            reply = self.client.get_shell_msg(timeout=10)
            if reply["parent_header"].get("msg_id") == sent:
                break
        ran.reply, ran.status = reply["content"], reply["content"]["status"]
        return ran

    def run(self, code: str, **options: Any) -> _Checked:
        ran = self.finish(self.start(code, **options))
        return _Checked(ran.status, ran.messages, ran.reply)

    def value(self, expression: str) -> Any:
        """Return what an expression is in the kernel, by way of JSON."""
        ran = self.run(f"import json as _j; print(_j.dumps({expression}))", store_history=False)
        return json.loads(ran.ok().printed)


def refused(kernel: Kernel, sandbox: Any, cell: str) -> str:
    """Return the error of a cell that fails before a prompt is sent, in two to six lines."""
    before = prompts_sent(sandbox)
    ran = kernel.run(cell)
    assert ran.status == "error", f"{cell}: it is taken"
    assert 2 <= len(ran.error) <= 6, f"{cell}: {ran.error}"
    assert not any("Traceback" in line for line in ran.error), f"{cell}: {ran.error}"
    assert prompts_sent(sandbox) == before, f"{cell}: it was sent"
    return "\n".join(ran.error)


def prompts_sent(sandbox: Any) -> int:
    """How many prompts have reached the sandbox."""
    return sum(sandbox.counts[kind] for kind in ("chat", "chat_stream", "generation"))


class _Checked(Ran):
    def ok(self) -> _Checked:
        assert self.status == "ok", "\n".join(self.error)
        return self
