"""What a call asked and what it was answered, as text that a person reads."""

from __future__ import annotations

import json
from typing import Any

from wx_notebook.sandbox.calls import Call
from wx_notebook.sandbox.kept_replies import MOST_BYTES_OF_ONE
from wx_notebook.sandbox.wire import json_object

LONGEST_SHOWN = 20_000


def asked(call: Call) -> str:
    """Return the request as it came: line, headers and body, the JSON of it indented."""
    query = "&".join(f"{name}={value}" for name, value in call.query.items())
    lines = [f"{call.method} {call.path}{f'?{query}' if query else ''}"]
    lines += [f"{name}: {value}" for name, value in call.headers.items()]
    body = call.body.decode("utf-8", "replace")
    if (document := json_object(call.body)) is not None:
        body = json.dumps(document, indent=2, ensure_ascii=False)
    return shortened("\n".join([*lines, "", body]).rstrip())


def answered(reply: bytes) -> str:
    """Return the words of a reply, of which the end may be missing; streams in one piece."""
    if len(reply) >= MOST_BYTES_OF_ONE:
        whole = reply[: reply.rfind(b"\n\n") + 1]
        return f"{shortened(_streamed(whole))}\n... (the rest is not kept)"
    if reply[:3] in (b"id:", b"dat"):
        return shortened(_streamed(reply))
    document = json_object(reply)
    if document is None:
        return shortened(reply.decode("utf-8", "replace"))
    return shortened(_words(document) or json.dumps(document, indent=2, ensure_ascii=False))


def shortened(text: str) -> str:
    """Return `text`, of a long one the beginning."""
    more = len(text) - LONGEST_SHOWN
    return text if more <= 0 else f"{text[:LONGEST_SHOWN]}\n... and {more} characters more"


def _streamed(reply: bytes) -> str:
    words = []
    for line in reply.split(b"\n"):
        if line.startswith(b"data: ") and line != b"data: [DONE]":
            document = json_object(line[6:])
            words.append(_words(document) if document else "\n[an event that is not JSON]\n")
    return "".join(words)


def _words(document: dict[str, Any]) -> str:
    """Return what a whole reply or one event says, "" if it holds no words."""
    errors = document.get("errors") or [document.get("error")]
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        return f"\n{errors[0].get('code')}: {errors[0].get('message')}\n".lstrip("\n")
    words = [_choice(each) for each in document.get("choices") or () if isinstance(each, dict)]
    words += [str(each.get("generated_text") or "") for each in document.get("results") or ()
              if isinstance(each, dict)]  # fmt: skip
    usage = document.get("usage")
    if isinstance(usage, dict) and "completion_tokens" in usage:
        words.append(f"\n\n[{usage['prompt_tokens']} tokens read, "
                     f"{usage['completion_tokens']} written]")  # fmt: skip
    return "".join(words)


def _choice(choice: dict[str, Any]) -> str:
    said = choice.get("message") or choice.get("delta") or {"content": choice.get("text")}
    words = [str(said.get(name) or "") for name in ("reasoning_content", "content")]
    for call in said.get("tool_calls") or ():
        function = call.get("function", {})
        name = function.get("name")
        words.append(f"{f'{name} ' if name else ''}{function.get('arguments', '')}")
    return "".join(words)
