"""Programs in Python: IBM's SDK, LangChain, the OpenAI client, plain requests."""

from __future__ import annotations

from typing import Any

from wx_notebook.errors import BadOption
from wx_notebook.interop.gateway import PATH
from wx_notebook.interop.literals import Code, arguments, python
from wx_notebook.interop.programs import SCOPES, Asked, environ, needs

_APIKEY = "urn:ibm:params:oauth:grant-type:apikey"
_ASSUME = "urn:ibm:params:oauth:grant-type:assume"
#: Parameters of text/chat that the OpenAI client has arguments for; others go along as they are.
_OPENAIS = {
    "frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "n",
    "presence_penalty", "reasoning_effort", "response_format", "seed", "stop", "temperature",
    "tool_choice", "tools", "top_logprobs", "top_p",
}  # fmt: skip


def sdk(asked: Asked) -> str:
    """Return the program with `ibm_watsonx_ai.ModelInference`."""
    made = {
        "model_id": asked.model_id,
        "credentials": Code("credentials"),
        **_scope(asked),
    }
    sent, show = {
        (True, True): ("chat_stream", _CHUNKS),
        (True, False): ("chat", _ANSWER),
        (False, True): ("generate_text_stream", _TEXTS),
        (False, False): ("generate_text", _TEXT),
    }[asked.is_chat, asked.request.stream]
    name = "messages" if asked.is_chat else "prompt"
    return _program(
        asked,
        "sdk",
        ["import os"],
        [
            "from ibm_watsonx_ai import Credentials",
            "from ibm_watsonx_ai.foundation_models import ModelInference",
        ],
        _credentials(asked),
        f"model = ModelInference(\n{arguments(made, 4)}\n)",
        f"{name} = {python(asked.content)}\nparameters = {python(asked.parameters)}",
        show.format(call=f"model.{sent}({name}={name}, params=parameters)"),
    )


def langchain(asked: Asked) -> str:
    """Return the program with langchain-ibm's `ChatWatsonx`, or `WatsonxLLM` for a generation."""
    kind, name = ("ChatWatsonx", "messages") if asked.is_chat else ("WatsonxLLM", "prompt")
    made = {
        "model_id": asked.model_id,
        "watsonx_client": Code("client"),
        **_scope(asked),
        "params": asked.parameters,
    }
    client = {"credentials": Code("credentials"), **_scope(asked)}
    text = ".text" if asked.is_chat else ""
    show = (
        f'for piece in model.stream({name}):\n    print(piece{text}, end="", flush=True)\nprint()'
        if asked.request.stream
        else f"print(model.invoke({name}){text})"
    )
    return _program(
        asked,
        "langchain",
        ["import os"],
        ["from ibm_watsonx_ai import APIClient, Credentials", f"from langchain_ibm import {kind}"],
        _credentials(asked),
        f"client = APIClient(\n{arguments(client, 4)}\n)",
        f"model = {kind}(\n{arguments(made, 4)}\n)",
        f"{name} = {python(asked.content)}",
        show,
    )


def openai(asked: Asked) -> str:
    """Return the program with `openai.OpenAI` on the model gateway.

    Raises
    ------
    BadOption
        It is a generation, or the place signs in without a token.
    """
    if not asked.is_chat:
        raise BadOption(
            "The model gateway is asked in chats, and this prompt was sent with --generate.",
            hint="Next: %watsonx code --for sdk, or run the cell without --generate.",
        )
    if asked.place.kind == "zen":
        raise BadOption(
            "The OpenAI client signs in with a token, and this session with its key.",
            hint="Next: %watsonx code --for requests",
        )
    client: dict[str, Any] = {"base_url": Code(f'f"{{url}}{PATH}"'), "api_key": Code("token")}
    if asked.scope:
        header = f"X-IBM-{asked.scope.upper().replace('_', '-')}"
        client["default_headers"] = {header: environ(SCOPES[asked.scope])}
    sent: dict[str, Any] = {"model": asked.model_id, "messages": asked.content}
    sent |= {name: value for name, value in asked.parameters.items() if name in _OPENAIS}
    if more := {n: value for n, value in asked.parameters.items() if n not in _OPENAIS}:
        sent["extra_body"] = more
    if asked.request.stream:
        sent["stream"] = True
    call = f"client.chat.completions.create(\n{arguments(sent, 4)}\n)"
    show = (
        f"for chunk in {call}:\n"
        "    for choice in chunk.choices:\n"
        '        print(choice.delta.content or "", end="", flush=True)\n'
        "print()"
        if asked.request.stream
        else f"answer = {call}\nprint(answer.choices[0].message.content)"
    )
    return _program(
        asked,
        "openai",
        ["import os"],
        ["import requests", "from openai import OpenAI"],
        *_sign_in(asked),
        f"client = OpenAI(\n{arguments(client, 4)}\n)",
        show,
    )


def requests(asked: Asked) -> str:
    """Return the program with plain `requests`."""
    scheme = "ZenApiKey" if asked.place.kind == "zen" else "Bearer"
    sent = {
        "params": asked.request.query,
        "headers": {"Authorization": Code(f'f"{scheme} {{token}}"')},
        "json": Code("body"),
        "timeout": 300,
    }
    path = asked.request.path
    modules = ["import json", "import os"] if asked.request.stream else ["import os"]
    if asked.place.kind == "zen" and asked.place.username:
        modules.insert(0, "import base64")
    if asked.request.stream:
        piece = (
            'choice["delta"].get("content") or ""' if asked.is_chat else 'choice["generated_text"]'
        )
        choices = "choices" if asked.is_chat else "results"
        show = (
            f'with requests.post(\n    f"{{url}}{path}",\n{arguments(sent, 4)}\n    stream=True,\n'
            ") as reply:\n"
            "    if not reply.ok:\n"
            "        raise SystemExit(reply.text)\n"
            "    for line in reply.iter_lines():\n"
            '        if not line.startswith(b"data:"):\n'
            "            continue\n"
            "        event = json.loads(line[5:])\n"
            '        if "errors" in event:\n'
            "            raise SystemExit(event)\n"
            f'        for choice in event["{choices}"]:\n'
            f'            print({piece}, end="", flush=True)\n'
            "print()"
        )
    else:
        found = (
            '["choices"][0]["message"]["content"]'
            if asked.is_chat
            else '["results"][0]["generated_text"]'
        )
        show = (
            f'reply = requests.post(\n    f"{{url}}{path}",\n{arguments(sent, 4)}\n)\n'
            "if not reply.ok:\n"
            "    raise SystemExit(reply.text)\n"
            f"print(reply.json(){found})"
        )
    return _program(
        asked,
        "requests",
        modules,
        ["import requests"],
        *_sign_in(asked),
        f"body = {python(asked.body)}",
        show,
    )


_CHUNKS = """\
for chunk in {call}:
    for choice in chunk["choices"]:
        print(choice["delta"].get("content") or "", end="", flush=True)
print()"""
_ANSWER = """\
answer = {call}
print(answer["choices"][0]["message"]["content"])"""
_TEXTS = """\
for text in {call}:
    print(text, end="", flush=True)
print()"""
_TEXT = "print({call})"


def _program(
    asked: Asked, target: str, modules: list[str], libraries: list[str], *parts: str
) -> str:
    head = "\n".join(f"# {line}" for line in needs(asked, target))
    return "\n\n".join([head, "\n".join(modules), "\n".join(libraries), *parts]) + "\n"


def _scope(asked: Asked) -> dict[str, Any]:
    return {asked.scope: environ(SCOPES[asked.scope])} if asked.scope else {}


def _credentials(asked: Asked) -> str:
    """Return IBM's `Credentials`, as its documentation writes them.

    Raises
    ------
    BadOption
        A trusted profile of the sandbox: the SDK would take its token to IBM's test stage.
    """
    place, url = asked.place, environ("WATSONX_URL")
    given: dict[str, Any] = {"url": url}
    if place.is_sandbox:
        # as of a region that is not in the SDK's table
        given["platform_url"] = url
        given["auth_url"] = Code(f'{url} + "{place.token_url}"')
    if place.kind in ("software", "zen"):
        given["username"] = environ("WATSONX_USERNAME")
        given["instance_id"] = "openshift"
    if place.in_two_steps:
        given["bedrock_url"] = environ("WATSONX_IAM_URL")
    if place.key == "WATSONX_PASSWORD":
        given["password"] = environ(place.key)
    else:
        given["api_key"] = environ("WATSONX_API_KEY")
    if place.profile and place.is_sandbox:
        raise BadOption(
            "IBM's SDK takes on a trusted profile at IBM Cloud only, wherever it was sent to.",
            hint="Next: %watsonx code --for requests",
        )
    if place.profile:
        given["trusted_profile_id"] = environ("WATSONX_TRUSTED_PROFILE_ID")
    return f"credentials = Credentials(\n{arguments(given, 4)}\n)"


def _sign_in(asked: Asked) -> list[str]:
    """Return the parts of a program that make `url` and `token`.

    Raises
    ------
    BadOption
        It is a cluster with an IAM of its own.
    """
    place = asked.place
    if place.in_two_steps:
        raise BadOption(
            "This cluster signs in in two steps, which IBM's SDK knows.",
            hint="Next: %watsonx code --for sdk",
        )
    url = 'url = os.environ["WATSONX_URL"].rstrip("/")'
    if place.kind == "zen":
        key = environ(place.key)
        if not place.username:
            return [url, f"token = {key}"]
        both = f'{environ("WATSONX_USERNAME")} + ":" + {key}'
        return [url, f"token = base64.b64encode(({both}).encode()).decode()"]
    secret = environ(place.key)
    sent: dict[str, Any]
    if place.kind == "iam":
        sent = {"data": {"grant_type": _APIKEY, "apikey": secret}}
    elif place.kind == "mcsp":
        sent = {"json": {"apikey": secret}}
    else:
        name = "password" if place.key == "WATSONX_PASSWORD" else "api_key"
        sent = {"json": {"username": environ("WATSONX_USERNAME"), name: secret}}
    parts = [url, _exchange(asked, "The key becomes a token, which ends after an hour.", sent)]
    if place.profile:
        taken_on = {
            "grant_type": _ASSUME,
            "profile_id": environ("WATSONX_TRUSTED_PROFILE_ID"),
            "access_token": Code("token"),
        }
        parts.append(_exchange(asked, "And that one of the trusted profile.", {"data": taken_on}))
    return parts


def _exchange(asked: Asked, why: str, sent: dict[str, Any]) -> str:
    place = asked.place
    address = python(place.token_url)
    if place.token_url.startswith("/"):
        address = f'f"{{url}}{place.token_url}"'
    field = "access_token" if place.kind == "iam" else "token"
    return (
        f"# {why}\n"
        f"reply = requests.post(\n    {address},\n{arguments(sent | {'timeout': 60}, 4)}\n)\n"
        "if not reply.ok:\n"
        "    raise SystemExit(reply.text)\n"
        f'token = reply.json()["{field}"]'
    )
