"""A prompt as a program that sends the same request without a notebook.

A program contains names of environment variables in place of the key, the address and the project.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from wx_notebook.errors import BadOption, did_you_mean, mask_keys
from wx_notebook.interop.clients import GATEWAY_PATH
from wx_notebook.interop.http_programs import (
    curl_program,
    join_program,
    requests_program,
    sign_in_parts,
)
from wx_notebook.interop.literals import (
    Expression,
    keyword_arguments,
    python_literal,
    read_variable,
)
from wx_notebook.interop.picture_files import read_pictures
from wx_notebook.interop.program_spec import (
    DEFAULT_CONNECTION,
    SCOPE_VARIABLES,
    TARGETS,
    ProgramConnection,
    ProgramSpec,
)
from wx_notebook.service import Request

#: Parameters of text/chat that the OpenAI client has arguments for; the others go into
#: `extra_body`.
_OPENAI_PARAMETERS = {
    "frequency_penalty", "logit_bias", "logprobs", "max_completion_tokens", "n",
    "presence_penalty", "reasoning_effort", "response_format", "seed", "stop", "temperature",
    "tool_choice", "tools", "top_logprobs", "top_p",
}  # fmt: skip
_PRINT_CHUNKS = """\
for chunk in {call}:
    for choice in chunk["choices"]:
        print(choice["delta"].get("content") or "", end="", flush=True)
print()"""
_PRINT_ANSWER = """\
answer = {call}
print({text})"""
_PRINT_ANSWERS = """\
answer = {call}
for choice in answer["choices"]:
    print({text})"""
_PRINT_TEXTS = """\
for text in {call}:
    print(text, end="", flush=True)
print()"""
_PRINT_TEXT = "print({call})"


def program(
    request: Request, target: str = "sdk", connection: ProgramConnection = DEFAULT_CONNECTION
) -> str:
    """Return a program that sends this request.

    Parameters
    ----------
    request
        A request of `Session.prepare`.
    target
        One of `TARGETS`.
    connection
        How the program signs in; `ProgramConnection.of` returns that of a session.

    Raises
    ------
    BadOption
        There is no such target, or the target can't send this request.
    """
    if target not in TARGETS:
        shown = mask_keys(re.sub(r"[^\w-]", "", target))
        raise BadOption(
            f"--for has no '{shown}'.{did_you_mean(shown, TARGETS)}",
            hint=f"Next: %watsonx code --for {'|'.join(TARGETS)}",
        )
    if request.endpoint not in ("chat", "generation") or request.body is None:
        raise BadOption("Only a prompt can become a program.", hint="Run a %%watsonx cell first.")
    if request.count > 1 or request.schema is not None:
        # the parts of several answers would be printed in turn, and a value is read whole
        path = request.path.removesuffix("_stream")
        request = replace(request, path=path, stream=False)
    request, pictures = read_pictures(request)
    spec = ProgramSpec.of(request, connection, pictures)
    if target == "requests":
        return requests_program(spec)
    if target == "curl":
        return curl_program(spec)
    if not _fits_clients(spec):
        raise BadOption(
            "Client libraries have no arguments for this prompt: it uses a deployment, or a field "
            "besides the parameters.",
            hint="Next: %watsonx code --for requests, or curl",
        )
    writers = {"sdk": _sdk_program, "langchain": _langchain_program, "openai": _openai_program}
    return writers[target](spec)


def _fits_clients(spec: ProgramSpec) -> bool:
    """Whether the request contains only a model, a text, parameters and a scope."""
    known = {"model_id", "input", "parameters", *SCOPE_VARIABLES}
    return bool(spec.model_id) and (spec.is_chat or set(spec.request.body or {}) <= known)


def _sdk_program(spec: ProgramSpec) -> str:
    """Return the program with `ibm_watsonx_ai.ModelInference`."""
    arguments = {
        "model_id": spec.model_id,
        "credentials": Expression("credentials"),
        **spec.scope_arguments,
    }
    method, template = {
        (True, True): ("chat_stream", _PRINT_CHUNKS),
        (True, False): ("chat", _PRINT_ANSWER),
        (False, True): ("generate_text_stream", _PRINT_TEXTS),
        (False, False): ("generate_text", _PRINT_TEXT),
    }[spec.is_chat, spec.request.stream]
    choice = 'answer["choices"][0]'
    if spec.request.count > 1:
        template, choice = _PRINT_ANSWERS, "choice"
    text = spec.value_of(f'{choice}["message"]["content"]')
    name = "messages" if spec.is_chat else "prompt"
    libraries = [
        "from ibm_watsonx_ai import Credentials",
        "from ibm_watsonx_ai.foundation_models import ModelInference",
    ]
    return join_program(
        spec,
        "sdk",
        [spec.modules, libraries],
        _sdk_credentials(spec),
        f"model = ModelInference(\n{keyword_arguments(arguments)}\n)",
        f"{name} = {python_literal(spec.content)}\nparameters = {python_literal(spec.parameters)}",
        template.format(call=f"model.{method}({name}={name}, params=parameters)", text=text),
    )


def _langchain_program(spec: ProgramSpec) -> str:
    """Return the program with langchain-ibm's `ChatWatsonx`, or `WatsonxLLM` for a generation.

    Raises
    ------
    BadOption
        The request asks for several answers.
    """
    if spec.request.count > 1:
        raise BadOption(
            f"LangChain returns one answer, but this prompt asks for {spec.request.count}.",
            hint="Next: %watsonx code --for sdk, or run the cell without --n.",
        )
    model_class, name = ("ChatWatsonx", "messages") if spec.is_chat else ("WatsonxLLM", "prompt")
    arguments = {
        "model_id": spec.model_id,
        "watsonx_client": Expression("client"),
        **spec.scope_arguments,
        "params": spec.parameters,
    }
    client = {"credentials": Expression("credentials"), **spec.scope_arguments}
    text = ".text" if spec.is_chat else ""
    show = (
        f'for piece in model.stream({name}):\n    print(piece{text}, end="", flush=True)\nprint()'
        if spec.request.stream
        else f"print({spec.value_of(f'model.invoke({name}){text}')})"
    )
    libraries = [
        "from ibm_watsonx_ai import APIClient, Credentials",
        f"from langchain_ibm import {model_class}",
    ]
    return join_program(
        spec,
        "langchain",
        [spec.modules, libraries],
        _sdk_credentials(spec),
        f"client = APIClient(\n{keyword_arguments(client)}\n)",
        f"model = {model_class}(\n{keyword_arguments(arguments)}\n)",
        f"{name} = {python_literal(spec.content)}",
        show,
    )


def _openai_program(spec: ProgramSpec) -> str:
    """Return the program with `openai.OpenAI` on the model gateway.

    Raises
    ------
    BadOption
        The request is a generation, or the sign-in uses no token.
    """
    if not spec.is_chat:
        raise BadOption(
            "The model gateway supports chats only, but this prompt was sent with --generate.",
            hint="Next: %watsonx code --for sdk, or run the cell without --generate.",
        )
    if spec.connection.kind == "zen":
        raise BadOption(
            "The OpenAI client signs in with a token, but this session signs in with its key.",
            hint="Next: %watsonx code --for requests",
        )
    client: dict[str, Any] = {
        "base_url": Expression(f'f"{{url}}{GATEWAY_PATH}"'),
        "api_key": Expression("token"),
    }
    if spec.scope:
        header = f"X-IBM-{spec.scope.upper().replace('_', '-')}"
        client["default_headers"] = {header: read_variable(SCOPE_VARIABLES[spec.scope])}
    return join_program(
        spec,
        "openai",
        [spec.modules, ["import requests", "from openai import OpenAI"]],
        *sign_in_parts(spec),
        f"client = OpenAI(\n{keyword_arguments(client)}\n)",
        _openai_call(spec),
    )


def _openai_call(spec: ProgramSpec) -> str:
    arguments: dict[str, Any] = {"model": spec.model_id, "messages": spec.content}
    extra_body: dict[str, Any] = {}
    for name, value in spec.parameters.items():
        (arguments if name in _OPENAI_PARAMETERS else extra_body)[name] = value
    if extra_body:
        arguments["extra_body"] = extra_body
    if spec.request.stream:
        arguments["stream"] = True
    call = f"client.chat.completions.create(\n{keyword_arguments(arguments)}\n)"
    if spec.request.count > 1:
        text = spec.value_of("choice.message.content")
        show = f"for choice in answer.choices:\n    print({text})"
        return f"answer = {call}\n{show}"
    if not spec.request.stream:
        text = spec.value_of("answer.choices[0].message.content")
        return f"answer = {call}\nprint({text})"
    return (
        f"for chunk in {call}:\n"
        "    for choice in chunk.choices:\n"
        '        print(choice.delta.content or "", end="", flush=True)\n'
        "print()"
    )


def _sdk_credentials(spec: ProgramSpec) -> str:
    """Return IBM's `Credentials`, as its documentation writes them.

    Raises
    ------
    BadOption
        It is a trusted profile of the sandbox: the SDK would send its token to IBM's test stage.
    """
    connection, url = spec.connection, read_variable("WATSONX_URL")
    if connection.has_trusted_profile and connection.is_sandbox:
        raise BadOption(
            "IBM's SDK can assume a trusted profile on IBM Cloud only, not in the sandbox.",
            hint="Next: %watsonx code --for requests",
        )
    arguments: dict[str, Any] = {"url": url}
    if connection.is_sandbox:
        # as for a region that the SDK's own table lacks
        arguments["platform_url"] = url
        arguments["auth_url"] = Expression(f'{url} + "{connection.token_url}"')
    if connection.kind in ("software", "zen"):
        arguments["username"] = read_variable("WATSONX_USERNAME")
        arguments["instance_id"] = "openshift"
    if connection.has_own_iam:
        arguments["bedrock_url"] = read_variable("WATSONX_IAM_URL")
    if connection.key_variable == "WATSONX_PASSWORD":
        arguments["password"] = read_variable(connection.key_variable)
    else:
        arguments["api_key"] = read_variable("WATSONX_API_KEY")
    if connection.has_trusted_profile:
        arguments["trusted_profile_id"] = read_variable("WATSONX_TRUSTED_PROFILE_ID")
    return f"credentials = Credentials(\n{keyword_arguments(arguments)}\n)"
