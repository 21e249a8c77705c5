"""What the kernel tells the front-end extension (`lab/`), and what it hears from it.

The kernel tells after each cell and each sign-in, if something has changed; the page listens. So no
code runs in the user's names, and no page asks a busy kernel. The messages are those of a comm that
nobody opens: front ends without the extension ignore them. No secret is in them.

The page says once that it is there, with its version. From then on a cell that the kernel generates
is put into that page by a message, which can replace the cell of the last run; other front ends get
Jupyter's own request for a next cell.
"""

from __future__ import annotations

import contextlib
from typing import Any, NamedTuple

import comm

from wx_notebook import __version__
from wx_notebook.credentials.sign_in_file import parent_pid, read_sign_in_file, sign_in_path
from wx_notebook.errors import Interrupted, NotConnected, WatsonxError, make_visible, mask_keys
from wx_notebook.magics.failures import last_failure
from wx_notebook.session import current_session
from wx_notebook.session.current import ended_sign_in, is_logged_out
from wx_notebook.session.events import SecretHeld, SessionChanged, subscribe, unsubscribe
from wx_notebook.session.process import METER, execution_of

#: The target and the ID of the comm; `lab/static/kernel_link.js` has the other end.
COMM = "wx_notebook.lab"
#: Pages that are remembered, and characters of one name in the line.
_MOST_PAGES, _LONGEST = 20, 80
#: What the user has stopped, and what keeps `%watsonx explain` from asking.
_NOT_EXPLAINED = (KeyboardInterrupt, Interrupted, NotConnected)
_LINKS: dict[int, LabLink] = {}


class Page(NamedTuple):
    """A page with the extension: its version, and the application that shows it."""

    version: str
    application: str


def attach_link(shell: Any) -> None:  # noqa: ANN401  # InteractiveShell
    """Tell the pages of a kernel about it from now on."""
    if hasattr(shell, "kernel"):
        detach_link(shell)
        _LINKS[id(shell)] = LabLink(shell, __version__)


def detach_link(shell: Any) -> None:  # noqa: ANN401
    """Tell nothing any more."""
    if (link := _LINKS.pop(id(shell), None)) is not None:
        link.close()


def pages_of(shell: Any) -> list[Page]:  # noqa: ANN401
    """Return the pages with the extension that have said they are there, the newest last."""
    link = _LINKS.get(id(shell))
    return list(link.pages.values()) if link is not None else []


def put_cell_below(shell: Any, text: str) -> None:  # noqa: ANN401
    """Put a cell with this text below the running one; nothing runs by itself.

    With the extension it takes the place of the cell that an earlier run has put there, unless
    somebody has edited that.
    """
    link = _LINKS.get(id(shell))
    if link is None or not link.put_below(text):
        shell.set_next_input(text)


class LabLink:
    """Tells pages about a kernel, from its making until `close`."""

    def __init__(self, shell: Any, version: str) -> None:  # noqa: ANN401  # InteractiveShell
        self._shell = shell
        self._version = version
        self._told: dict[str, Any] = {}
        #: by the session of its messages
        self.pages: dict[str, Page] = {}
        self._comm: Any = comm.create_comm(target_name=COMM, comm_id=COMM, primary=False)
        self._comm.on_msg(self._hear)
        comm.get_comm_manager().register_comm(self._comm)
        shell.events.register("post_run_cell", self.tell)
        subscribe(self._on_event)
        self.tell()

    def close(self) -> None:
        """Tell nothing any more, and say so."""
        unsubscribe(self._on_event)
        self._shell.events.unregister("post_run_cell", self.tell)
        self._send({"line": None})
        comm.get_comm_manager().unregister_comm(self._comm)

    def tell(self, _: object = None) -> None:
        """Tell the pages what has changed since they were told last."""
        # whatever fails here is no failure of the user's cell
        with contextlib.suppress(Exception):
            # a log out for all notebooks is seen here before the next prompt is refused
            ended_sign_in()
            line = line_facts(self._version)
            if line != self._told:
                self._told = line
                self._send({"line": line})

    def put_below(self, text: str) -> bool:
        """Put a cell below the running one, in the page that runs it; False where that is none."""
        request = self._shell.kernel.get_parent("shell") or {}
        cell_id = execution_of(self._shell).cell_id
        if not cell_id or request.get("header", {}).get("session") not in self.pages:
            return False
        self._send({"cell": {"cell_id": cell_id, "text": text}})
        return True

    def _on_event(self, event: SessionChanged | SecretHeld) -> None:
        if isinstance(event, SessionChanged):
            self.tell()

    def _hear(self, message: dict[str, Any]) -> None:
        with contextlib.suppress(Exception):
            hello = message["content"]["data"]["hello"]
            page = Page(str(hello["version"])[:_LONGEST], str(hello["application"])[:_LONGEST])
            self.pages[str(message["header"]["session"])] = page
            for session in list(self.pages)[:-_MOST_PAGES]:
                del self.pages[session]
            ended_sign_in()
            self._told = line_facts(self._version)
            self._send({"line": self._told})

    def _send(self, data: dict[str, Any]) -> None:
        with contextlib.suppress(Exception):
            self._comm.send(data)


def line_facts(version: str) -> dict[str, Any]:
    """Return what the line at the top of a notebook shows; the words for it are the page's."""
    session = current_session()
    facts: dict[str, Any] = {
        "version": version,
        "account": "in" if session is not None else _account(),
        "tokens": METER.used("notebook"),
        "failed": _explainable_cell(),
    }
    if session is None or session.state.authenticator is None:
        return facts
    state = session.state
    names = {"place": state.endpoints.place, "scope": "", "who": "", "model": ""}
    if state.project is not None:
        names["scope"] = state.project.name or state.project.id
    if state.token is not None:
        names["who"] = state.token.subject
    # a settings file that cannot be read is told by the next prompt
    with contextlib.suppress(WatsonxError):
        options = state.options({})
        names["model"] = options.deployment or options.model or state.default_model(dry=True)
    return facts | {key: _shown(name) for key, name in names.items()}


def _account() -> str:
    """Return what a kernel without a session is: "out" of its account, or who signs it in."""
    if is_logged_out():
        return "out"
    found = read_sign_in_file(sign_in_path(parent_pid()))
    # the next prompt connects with it
    return "none" if found is None or found.connection is None else "server"


def _explainable_cell() -> str:
    """Return the ID of the cell that `%watsonx explain` is about, "" where it could not ask."""
    failure = last_failure()
    if failure is None or isinstance(failure.error, _NOT_EXPLAINED):
        return ""
    return failure.cell_id


def _shown(name: str | None) -> str:
    shown = make_visible(mask_keys(name or ""))
    return shown if len(shown) <= _LONGEST else f"{shown[: _LONGEST - 1]}…"
