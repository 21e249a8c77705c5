"""The page at `/`: what was asked and answered, and switches for faults, for this machine's user.

No page of another site can read it or switch anything. The host must be a name of the loopback: any
other name was made to lead here. A request that a browser sends for another origin says so. A
change needs a token that stands on the page only.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from importlib.resources import files
from urllib.parse import parse_qsl, urlsplit

from wx_notebook.sandbox.http.faults import FAULTS, FaultSwitches, parse_fault
from wx_notebook.sandbox.http.messages import (
    Document,
    Reply,
    Request,
    encode_json,
    json_object,
    text_reply,
)
from wx_notebook.sandbox.http.request_log import MOST_REPLY_BYTES, Call, RequestLog

FAULTS_PATH = "/sandbox/faults"
_FILES = {
    "/sandbox/page.css": ("page.css", "text/css; charset=utf-8"),
    "/sandbox/page.js": ("page.js", "text/javascript; charset=utf-8"),
}
_LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_MOST_CALLS = 50
_LONGEST_TEXT = 20_000
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
_OPTION_FIELDS = ("times", "after", "seconds", "retry_after", "on", "to")
# name, label and default of each field of the form
_FORM = (
    ("probability", "probability", "1"),
    ("times", "number of calls", "1"),
    ("after", "after so many events", "half"),
    ("seconds", "delay of IAM in seconds", "3"),
    ("retry_after", "Retry-After of a 429 in seconds", "none"),
)


class StatusPage:
    """Answers the requests of the page.

    Parameters
    ----------
    log, faults
        What it shows, and what it switches.
    about
        A sentence about this sandbox.

    Attributes
    ----------
    token
        A request that switches a fault has to carry it.
    """

    def __init__(self, log: RequestLog, faults: FaultSwitches, about: str) -> None:
        self._log = log
        self._faults = faults
        self._about = about
        self.token = secrets.token_urlsafe(24)

    def owns(self, request: Request) -> bool:
        """Return whether `request` is for the page."""
        return request.path in (*_FILES, FAULTS_PATH) or (
            request.path == "/" and _accepts_html(request)
        )

    def reply(self, request: Request) -> Reply:
        """Return the reply to a request that the page owns."""
        if reason := _foreign_reason(request):
            return text_reply(403, reason, _HEADERS)
        if request.path == FAULTS_PATH:
            return self._switch(request)
        if request.method not in ("GET", "HEAD"):
            return _method_not_allowed(request, "GET")
        if request.path == "/":
            return self._page(request)
        name, content_type = _FILES[request.path]
        body = files(__package__).joinpath(name).read_bytes()
        return Reply(200, body, content_type, _HEADERS)

    def _page(self, request: Request, status: int = 200, error: str = "") -> Reply:
        # imported at the first look: the sandbox starts sooner without it
        from tornado.template import Template

        source = files(__package__).joinpath("page.html").read_text("utf-8")
        html = Template(source, name="page.html").generate(
            style_path="/sandbox/page.css",
            script_path="/sandbox/page.js",
            faults_path=FAULTS_PATH,
            about=self._about,
            error=error,
            url=f"{request.scheme}://{request.headers.get('host', '')}",
            token=self.token,
            faults=FAULTS,
            options=_FORM,
            active=self._active_faults(),
            calls=[self._call_view(*each) for each in self._log.latest(_MOST_CALLS)],
        )
        return Reply(status, html, "text/html; charset=utf-8", _HEADERS)

    def _active_faults(self) -> list[tuple[int, str, str]]:
        """Return index, name and description of each fault that is on."""
        lines = []
        for number, fault in enumerate(self._faults.active()):
            facts = [] if fault.probability == 1 else [f"probability {fault.probability:g}"]
            facts += [] if fault.times is None else [f"{fault.times} more"]
            text = FAULTS[fault.name] + (f" ({', '.join(facts)})" if facts else "")
            lines.append((number, fault.name, text))
        return lines

    def _call_view(self, number: int, call: Call, reply: bytes) -> Document:
        """Return what the page shows of a call; `state` changes whenever that does."""
        return {
            "number": number,
            "state": f"{call.status}-{call.seconds}-{call.client_gone}-{len(reply)}",
            "time": time.strftime("%H:%M:%S", time.localtime(call.at)),
            "kind": call.kind,
            "outcome": _outcome(call),
            "request": _printable(self._log.mask_quotes(request_text(call))),
            "answer": _printable(self._log.mask_quotes(reply_text(reply))) if reply else "",
        }

    def _switch(self, request: Request) -> Reply:
        if request.method != "POST":
            return _method_not_allowed(request, "POST")
        fields = _fields(request)
        if not secrets.compare_digest(fields.get("token", "").encode(), self.token.encode()):
            message = "The token is missing or old. Take it from the page, or reload the page."
            return text_reply(403, message, _HEADERS)
        wants_page = _accepts_html(request)
        try:
            self._change(fields)
        except ValueError as error:
            message = str(error)
            if wants_page:
                return self._page(request, 400, message)
            return text_reply(400, message, _HEADERS)
        if wants_page:
            return Reply(303, b"", "text/plain", {**_HEADERS, "Location": "/"})
        names = [fault.name for fault in self._faults.active()]
        return Reply(200, encode_json({"faults": names}), headers=_HEADERS)

    def _change(self, fields: Mapping[str, str]) -> None:
        """Switch one fault on, or one or all off.

        Raises
        ------
        ValueError
            The fields do not say which.
        """
        off = fields.get("off", "")
        if off == "all":
            self._faults.clear()
        elif off.isascii() and off.isdigit():
            self._faults.remove(int(off[:9]))
        elif name := fields.get("fault", ""):
            if probability := fields.get("probability", "").strip():
                name = f"{name}={probability}"
            options = [f"{field}={value}" for field in _OPTION_FIELDS
                       if (value := fields.get(field, "").strip())]  # fmt: skip
            # a fault with a probability stays on
            times = None if "=" in name.partition(",")[0] else 1
            self._faults.add(parse_fault(",".join([name, *options]), times=times))
        else:
            msg = "Name a fault, as in fault=cut=0.05, or send off=all."
            raise ValueError(msg)


def _accepts_html(request: Request) -> bool:
    return "text/html" in request.headers.get("accept", "")


def _method_not_allowed(request: Request, allowed: str) -> Reply:
    message = f"The method {request.method} is not allowed here. Use {allowed}."
    return text_reply(405, message, _HEADERS)


def _fields(request: Request) -> dict[str, str]:
    if "json" in request.headers.get("content-type", ""):
        document = json_object(request.body) or {}
        fields = {name: str(value) for name, value in document.items()}
    else:
        fields = dict(parse_qsl(request.body.decode("utf-8", "replace")))
    header = request.headers.get("x-sandbox-token")
    return fields if header is None else {**fields, "token": header}


def _foreign_reason(request: Request) -> str:
    """Return why a request does not come from this machine's user, "" if it may."""
    host = request.headers.get("host", "")
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        name = None
    if name not in _LOOPBACK_NAMES:
        return "This page can be opened on the loopback only, as http://127.0.0.1:PORT/."
    origin = request.headers.get("origin")
    if origin is not None and origin != f"{request.scheme}://{host}":
        return "The request comes from a page of another origin."
    site = request.headers.get("sec-fetch-site", "none")
    # a link on another site may lead here: the user who follows it sees the page, the site does not
    follows_link = request.headers.get("sec-fetch-mode") == "navigate" and request.method == "GET"
    if site not in ("none", "same-origin") and not follows_link:
        return "The request comes from a page of another site."
    return ""


def _outcome(call: Call) -> str:
    status = "no reply" if call.status is None else str(call.status)
    if call.seconds is None:
        return "in progress" if call.status is None else f"{status}, in progress"
    gone = ", the client left" if call.client_gone else ""
    return f"{status} after {call.seconds:.2f} s{gone}"


def request_text(call: Call) -> str:
    """Return a request as it came: first line, headers and body; JSON is indented."""
    query = "&".join(f"{name}={value}" for name, value in call.query.items())
    lines = [f"{call.method} {call.path}{f'?{query}' if query else ''}"]
    lines += [f"{name}: {value}" for name, value in call.headers.items()]
    body = call.body.decode("utf-8", "replace")
    if (document := json_object(call.body)) is not None:
        body = json.dumps(document, indent=2, ensure_ascii=False)
    return _shorten("\n".join([*lines, "", body]).rstrip())


def reply_text(reply: bytes) -> str:
    """Return the words of a reply, whose end can be missing; those of a stream are joined."""
    if len(reply) >= MOST_REPLY_BYTES:
        whole_events = reply[: reply.rfind(b"\n\n") + 1]
        return f"{_shorten(_stream_text(whole_events))}\n... (the rest is not kept)"
    if reply[:3] in (b"id:", b"dat"):
        return _shorten(_stream_text(reply))
    document = json_object(reply)
    if document is None:
        return _shorten(reply.decode("utf-8", "replace"))
    return _shorten(_words(document) or json.dumps(document, indent=2, ensure_ascii=False))


def _shorten(text: str) -> str:
    more = len(text) - _LONGEST_TEXT
    return text if more <= 0 else f"{text[:_LONGEST_TEXT]}\n... and {more} more characters"


def _printable(text: str) -> str:
    # a lone surrogate has no UTF-8 form
    return text.encode("utf-8", "replace").decode()


def _stream_text(reply: bytes) -> str:
    documents = []
    for line in reply.split(b"\n"):
        if line.startswith(b"data: ") and line != b"data: [DONE]":
            broken = {"choices": [{"text": "\n[an event that is not JSON]\n"}]}
            documents.append(json_object(line[6:]) or broken)
    # that of a prompt which a guardrail stopped has no words
    return _words(*documents) or reply.decode("utf-8", "replace")


def _words(*documents: Document) -> str:
    """Return the words of a whole reply, or of the events of one, "" without any."""
    texts: dict[int, list[str]] = {}
    ends: list[str] = []
    for document in documents:
        errors = document.get("errors") or [document.get("error")]
        if isinstance(errors, list) and errors and isinstance(errors[0], dict):
            ends.append(f"{errors[0].get('code')}: {errors[0].get('message')}\n")
            continue
        parts = [*(document.get("choices") or ()), *(document.get("results") or ())]
        for part in parts:
            if isinstance(part, dict):
                texts.setdefault(part.get("index") or 0, []).append(_choice_text(part))
        usage = document.get("usage")
        if isinstance(usage, dict) and "completion_tokens" in usage:
            ends.append(f"\n\n[{usage['prompt_tokens']} tokens read, "
                        f"{usage['completion_tokens']} written]")  # fmt: skip
    answers = ["".join(texts[index]) for index in sorted(texts)]
    if len(answers) > 1:
        answers = [f"[answer {number}]\n{text}" for number, text in enumerate(answers, 1)]
    return "\n\n".join(answers) + "".join(ends)


def _choice_text(choice: Document) -> str:
    text = choice.get("text") or choice.get("generated_text")
    message = choice.get("message") or choice.get("delta") or {"content": text}
    words = [str(message.get(name) or "") for name in ("reasoning_content", "content")]
    for call in message.get("tool_calls") or ():
        function = call.get("function", {})
        name = function.get("name")
        words.append(f"{f'{name} ' if name else ''}{function.get('arguments', '')}")
    return "".join(words)
