"""A printed program, run for itself: in another process, with the variables that it names."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

from wx_notebook.interop.program_spec import ProgramConnection
from wx_notebook.interop.programs import program
from wx_notebook.session.process import HISTORY

#: What a program must carry through as it is: each of these ends a text, or begins something, in
#: one of the languages on the way.
PROMPTS = {
    "plain": "What is a watt?",
    "quotes": """She said "it's" '''twice''' and \"\"\"thrice\"\"\" and \\" and \\' and \\""",
    "shell": "$HOME ${HOME} `id` $(id) $$ \\$ \\` !! ~ * && | > /dev/null # no comment\nJSON\nEOF",
    "lines": "one\n\n  two \ttabbed\r\nthree, with a carriage return\n\nthe last, which ends\n",
    "languages": "Füße, naïve, 日本語, русский, עברית, 🎉 and e\u0301",
    "unseen": "nul-free: \x07\x1b[31m \x85\u00a0\u200b\u202ereversed\u202c\u2028\u2029\ufeff end",
    "json": json.dumps({"a": ["b", 1.5, None, True], "c": {"d": "\\"}}, indent=2),
    "format": "{x} {{x}} %s %(x)s %d f'{1+1}' {url} {token}",
    "long": "word " * 2_000 + "\n" + "x" * 200,
}
OPTIONS: dict[str, dict[str, Any]] = {
    "as it is": {},
    "all options": {"system": "Be \"brief\" & 'kind'.\n$", "temperature": 0.25, "max_tokens": 77,
                    "model": "meta-llama/llama-3-3-70b-instruct", "top_p": 0.5, "seed": 7,
                    "stop": ["\n\n", "$END'"], "reasoning": "low", "format": "json", "timeout": 60,
                    "param": {"frequency_penalty": 0.5, "logprobs": True}},
    "generate": {"generate": True, "temperature": 1.0, "seed": 7, "stop": "END", "timeout": 60,
                 "param": {"top_k": 5}},
}  # fmt: skip
PROMPT_CALLS = ("chat", "chat_stream", "generation", "generation_stream", "gateway_chat",
                "deployment_chat", "deployment_generation_stream")  # fmt: skip


@dataclass
class ProgramRun:
    """What became of a program."""

    printed: str
    path: str
    query: dict[str, str]
    body: dict[str, Any]
    headers: dict[str, str]


def variables(sandbox, **more: str) -> dict[str, str]:
    """The environment in which a program runs: what it names, and nothing of this machine's."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    named = {
        "WATSONX_URL": sandbox.url,
        "WATSONX_API_KEY": sandbox.api_key,
        "WATSONX_PROJECT_ID": sandbox.project_id,
    }
    if sandbox.url.startswith("https"):
        trust = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
        named |= dict.fromkeys((*trust, "WX_CLIENT_VERIFY_REQUESTS"), str(sandbox.ca_file))
    return kept | named | more


def last_prompt(sandbox) -> Any:
    return [call for call in sandbox.calls if call.kind in PROMPT_CALLS][-1]


def printed_for(session, target: str) -> str:
    """The program for the last prompt of this process."""
    return program(
        HISTORY.last_request, target, ProgramConnection.of(session.endpoints, session.state.params)
    )


def run(text: str, target: str, sandbox, folder, **more: str) -> ProgramRun:
    """Run a program that was printed and return what reached the sandbox."""
    file = folder / ("program.sh" if target == "curl" else "program.py")
    file.write_text(text, encoding="utf-8")
    before = len(sandbox.calls)
    command = ["sh", str(file)] if target == "curl" else [sys.executable, str(file)]
    done = subprocess.run(
        command, env=variables(sandbox, **more), capture_output=True, text=True, check=False,
        encoding="utf-8", cwd=folder, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    sent = [call for call in sandbox.calls[before:] if call.kind in PROMPT_CALLS]
    assert len(sent) == 1, [call.kind for call in sent]
    (call,) = sent
    assert call.status == 200
    return ProgramRun(
        done.stdout, call.path, dict(call.query), json.loads(call.body), dict(call.headers)
    )
