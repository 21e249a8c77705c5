"""The page as HTML: all that came from outside is escaped, and nothing in it runs by itself."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from html import escape

from wx_notebook.sandbox import page_text
from wx_notebook.sandbox.calls import Call
from wx_notebook.sandbox.faults import FAULTS, Fault

FAULTS_PATH = "/sandbox/faults"
STYLE_PATH = "/sandbox/page.css"
SCRIPT_PATH = "/sandbox/page.js"

_OPTIONS = (
    ("probability", "with a probability of", "1"),
    ("times", "for how many calls", "1"),
    ("after", "after how many events", "half"),
    ("seconds", "delay of IAM in seconds", "3"),
    ("retry_after", "Retry-After of a 429 in seconds", "none"),
)
_EXAMPLE = "curl -d token={token} -d fault=429=0.1,retry_after=2 {url}/sandbox/faults"


def page(
    about: str,
    url: str,
    token: str,
    faults: Sequence[Fault],
    calls: Sequence[tuple[int, Call, bytes]],
    clean: Callable[[str], str],
    problem: str = "",
) -> str:
    """Return the page.

    Parameters
    ----------
    about, url
        What this sandbox is, and where.
    token
        What a request to switch a fault has to carry.
    faults, calls
        Those that are on; the latest, with their replies.
    clean
        Takes secrets out of a text.
    problem
        Why a fault could not be switched on.
    """
    example = _EXAMPLE.format(token=token, url=url)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>wx_notebook sandbox</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{STYLE_PATH}">
<noscript><meta http-equiv="refresh" content="5"></noscript>
<script src="{SCRIPT_PATH}" defer></script>
</head>
<body>
<header><h1>wx_notebook sandbox</h1><p>{escape(about)}</p></header>
<main>
<section aria-labelledby="faults">
<h2 id="faults">Faults</h2>
{f'<p role="alert">{escape(problem)}</p>' if problem else ""}
<ul id="on">{"".join(_on(n, fault, token) for n, fault in enumerate(faults)) or _NONE_ON}</ul>
{_form(token)}
<details><summary>From a program</summary><pre>{escape(example)}</pre></details>
</section>
<section aria-labelledby="asked">
<h2 id="asked">What was asked and answered</h2>
<ol id="calls">{"".join(_call(*each, clean) for each in calls) or _NO_CALL}</ol>
</section>
</main>
</body>
</html>
"""


_NONE_ON = "<li>None is on.</li>"
_NO_CALL = "<li>Nothing yet: run a cell.</li>"


def _on(number: int, fault: Fault, token: str) -> str:
    facts = [] if fault.probability == 1 else [f"probability {fault.probability:g}"]
    facts += [] if fault.times is None else [f"{fault.times} more"]
    told = FAULTS[fault.name] + (f" ({', '.join(facts)})" if facts else "")
    return (
        f'<li><form method="post" action="{FAULTS_PATH}">{_hidden(token)}'
        f"<code>{escape(fault.name)}</code>: {escape(told)} "
        f'<button name="off" value="{number}">Switch off</button></form></li>'
    )


def _form(token: str) -> str:
    choices = "".join(
        f'<option value="{escape(name)}">{escape(name)}: {escape(told)}</option>'
        for name, told in FAULTS.items()
    )
    options = "".join(
        f'<label>{escape(told)} <input name="{name}" placeholder="{default}" size="6"></label>'
        for name, told, default in _OPTIONS
    )
    return (
        f'<form method="post" action="{FAULTS_PATH}">{_hidden(token)}'
        f'<label>Fault <select name="fault">{choices}</select></label>'
        f'<fieldset><legend>Options (for how many calls: a number, or "always")</legend>'
        f"{options}</fieldset><button>Switch on</button></form>"
    )


def _hidden(token: str) -> str:
    return f'<input type="hidden" name="token" value="{token}">'


def _call(number: int, call: Call, reply: bytes, clean: Callable[[str], str]) -> str:
    came = time.strftime("%H:%M:%S", time.localtime(call.at))
    state = f"{call.status}-{call.seconds}-{call.client_gone}-{len(reply)}"
    answer = clean(page_text.answered(reply)) if reply else ""
    told = f"<h3>Answered</h3><pre>{escape(answer)}</pre>" if answer else ""
    return (
        f'<li data-number="{number}" data-state="{state}"><details><summary>'
        f"<time>{came}</time> <b>{escape(call.kind)}</b> {escape(_outcome(call))}</summary>"
        f"<h3>Asked</h3><pre>{escape(clean(page_text.asked(call)))}</pre>{told}</details></li>"
    )


def _outcome(call: Call) -> str:
    status = "no reply" if call.status is None else str(call.status)
    if call.seconds is None:
        return "is being answered" if call.status is None else f"{status}, and it goes on"
    gone = ", the client left" if call.client_gone else ""
    return f"{status} after {call.seconds:.2f} s{gone}"
