"""The page at `/`: what was asked and answered, and faults to switch, for this machine's user.

No page of another site may read it or switch anything: the names of the host are those of the
loopback (a name that was made to lead here is another one), a request that a browser sends for
another origin says so, and a change carries a token that only the page itself shows.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from importlib.resources import files
from urllib.parse import parse_qsl, urlsplit

from wx_notebook.sandbox import faults as _faults
from wx_notebook.sandbox import page_html
from wx_notebook.sandbox.calls import CallLog
from wx_notebook.sandbox.wire import Reply, Request, encode, json_object

_OUR_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_MOST_CALLS = 50
_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # not "no-referrer": with that a browser hides the origin of our own forms as well
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Vary": "Accept",
}
_FILES = {
    page_html.STYLE_PATH: ("page.css", "text/css; charset=utf-8"),
    page_html.SCRIPT_PATH: ("page.js", "text/javascript; charset=utf-8"),
}
_FIELDS = ("times", "after", "seconds", "retry_after", "on", "to")


class Page:
    """Answers what belongs to the page.

    Parameters
    ----------
    log, faults
        What it shows, and what it switches.
    about
        What this sandbox is, in a sentence.

    Attributes
    ----------
    token
        What a request that switches a fault has to carry.
    """

    def __init__(self, log: CallLog, faults: _faults.Faults, about: str) -> None:
        self._log = log
        self._faults = faults
        self._about = about
        self.token = secrets.token_urlsafe(24)

    def reply(self, request: Request) -> Reply | None:
        """Return the reply to `request`, None if it is not for the page."""
        wants_page = request.path == "/" and "text/html" in request.headers.get("accept", "")
        if not wants_page and request.path not in (*_FILES, page_html.FAULTS_PATH):
            return None
        if problem := _foreign(request):
            return _text(403, problem)
        if request.path == page_html.FAULTS_PATH:
            return self._switch(request)
        if request.method not in ("GET", "HEAD"):
            return _text(405, f"{request.method} is not allowed here, GET is.")
        if wants_page:
            return self._page(request)
        name, content_type = _FILES[request.path]
        body = files(__package__).joinpath(name).read_bytes()
        return Reply(200, body, content_type, _HEADERS)

    def _page(self, request: Request, status: int = 200, problem: str = "") -> Reply:
        html = page_html.page(
            self._about,
            f"{request.scheme}://{request.headers.get('host', '')}",
            self.token,
            self._faults.on(),
            self._log.latest(_MOST_CALLS),
            self._log.conceal,
            problem,
        )
        body = html.encode("utf-8", "replace")
        return Reply(status, body, "text/html; charset=utf-8", _HEADERS)

    def _switch(self, request: Request) -> Reply:
        if request.method != "POST":
            return _text(405, f"{request.method} is not allowed here, POST is.")
        given = _fields(request)
        if not secrets.compare_digest(given.get("token", "").encode(), self.token.encode()):
            return _text(403, "The token is missing or old: take it from the page, or reload it.")
        wants_page = "text/html" in request.headers.get("accept", "")
        try:
            self._change(given)
        except ValueError as problem:
            told = str(problem)
            return self._page(request, 400, told) if wants_page else _text(400, told)
        if wants_page:
            return Reply(303, b"", "text/plain", {**_HEADERS, "Location": "/"})
        names = [fault.name for fault in self._faults.on()]
        return Reply(200, encode({"faults": names}), headers=_HEADERS)

    def _change(self, given: Mapping[str, str]) -> None:
        """Switch one fault on, or one or all off.

        Raises
        ------
        ValueError
            It does not say which.
        """
        off = given.get("off", "")
        if off == "all":
            self._faults.clear()
        elif off.isascii() and off.isdigit():
            self._faults.remove(int(off[:9]))
        elif name := given.get("fault", ""):
            if probability := given.get("probability", "").strip():
                name = f"{name}={probability}"
            options = [f"{field}={value}" for field in _FIELDS
                       if (value := given.get(field, "").strip())]  # fmt: skip
            # one that has a chance of its own stays on
            times = None if "=" in name.partition(",")[0] else 1
            self._faults.add(_faults.parse(",".join([name, *options]), times=times))
        else:
            msg = "name a fault, as in fault=cut=0.05, or off=all"
            raise ValueError(msg)


def _fields(request: Request) -> dict[str, str]:
    if "json" in request.headers.get("content-type", ""):
        document = json_object(request.body) or {}
        given = {name: str(value) for name, value in document.items()}
    else:
        given = dict(parse_qsl(request.body.decode("utf-8", "replace")))
    header = request.headers.get("x-sandbox-token")
    return given if header is None else {**given, "token": header}


def _foreign(request: Request) -> str:
    """Return why a request is none of this machine's user's, "" if it may be."""
    host = request.headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if name not in _OUR_NAMES:
        return "The page is here for the loopback alone: open it as http://127.0.0.1:PORT/."
    origin = request.headers.get("origin")
    if origin is not None and origin != f"{request.scheme}://{host}":
        return "The request comes from a page of another origin."
    site = request.headers.get("sec-fetch-site", "none")
    # a link from elsewhere may lead here: who follows it sees the page, and nobody else does
    follows_link = request.headers.get("sec-fetch-mode") == "navigate" and request.method == "GET"
    if site not in ("none", "same-origin") and not follows_link:
        return "The request comes from a page of another site."
    return ""


def _text(status: int, line: str) -> Reply:
    return Reply(status, f"{line}\n".encode(), "text/plain; charset=utf-8", _HEADERS)
