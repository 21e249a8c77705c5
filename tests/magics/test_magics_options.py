"""Every option reaches what it is for, from a cell and from Python: none is ignored in silence."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

import wx_notebook as wx
from wx_notebook.errors import BadOption
from wx_notebook.options import Options, known_options
from wx_notebook.sandbox import Sandbox

PICTURE = Path(__file__).parents[2] / ".github" / "images" / "form-empty.png"
PIXELS = base64.b64encode(PICTURE.read_bytes()).decode()
SEES = "mistralai/mistral-small-3-1-24b-instruct-2503"
SANDBOX_ID = "sandbox_chat"
THINKING = {"chat_template_kwargs": {"thinking": True, "enable_thinking": True}}


def area(width: float) -> float:
    """Return the area of a square."""
    return width * width


@dataclass
class Case:
    """An option as a cell has it and as Python has it, and what of the request it becomes."""

    line: str
    keywords: dict[str, object] = field(default_factory=dict)
    body: dict[str, object] = field(default_factory=dict)
    parameters: dict[str, object] = field(default_factory=dict)
    #: of the path, behind /ml/v1/
    path: str = "text/chat_stream"


CASES = {
    "model": [Case("--model meta-llama/llama-3-3-70b-instruct",
                   {"model": "meta-llama/llama-3-3-70b-instruct"},
                   {"model_id": "meta-llama/llama-3-3-70b-instruct"})],
    "deployment": [
        Case("--deployment sandbox_chat", {"deployment": "sandbox_chat"},
             {"model_id": None, "project_id": None},
             path="deployments/sandbox_chat/text/chat_stream"),
        Case("--deployment sandbox_chat --generate",
             {"deployment": "sandbox_chat", "generate": True},
             {"model_id": None, "project_id": None, "input": "hi"},
             path="deployments/sandbox_chat/text/generation_stream"),
    ],
    "system": [Case("-s 'be brief'", {"system": "be brief"},
                    {"messages": [{"role": "system", "content": "be brief"},
                                  {"role": "user", "content": "hi"}]})],
    "temperature": [
        Case("-t 0.5", {"temperature": 0.5}, {"temperature": 0.5}),
        Case("--temperature 0 --generate", {"temperature": 0, "generate": True},
             parameters={"temperature": 0, "decoding_method": "sample"},
             path="text/generation_stream"),
    ],
    "max_tokens": [
        Case("--max-tokens 7", {"max_tokens": 7}, {"max_completion_tokens": 7}),
        Case("--max-tokens 7 --generate", {"max_tokens": 7, "generate": True},
             parameters={"max_new_tokens": 7}, path="text/generation_stream"),
    ],
    "top_p": [
        Case("--top-p 0.9", {"top_p": 0.9}, {"top_p": 0.9}),
        Case("--top-p 0.9 --generate", {"top_p": 0.9, "generate": True},
             parameters={"top_p": 0.9, "decoding_method": "sample"},
             path="text/generation_stream"),
    ],
    "n": [Case("--n 2", {"n": 2}, {"n": 2}), Case("-n 1", {"n": 1}, {"n": None})],
    "seed": [
        Case("--seed 42", {"seed": 42}, {"seed": 42}),
        Case("--seed -5", {"seed": -5}, {"seed": -5}),
        Case("--seed 42 --generate", {"seed": 42, "generate": True},
             parameters={"random_seed": 42}, path="text/generation_stream"),
    ],
    "stop": [
        Case("--stop END --stop 'the end'", {"stop": ["END", "the end"]},
             {"stop": ["END", "the end"]}),
        Case(r"--stop '\n\n'", {"stop": "\n\n"}, {"stop": ["\n\n"]}),
        Case(r"--stop \nabla", {"stop": r"\nabla"}, {"stop": [r"\nabla"]}),
        Case("--stop=--- --generate", {"stop": ("---",), "generate": True},
             parameters={"stop_sequences": ["---"]}, path="text/generation_stream"),
    ],
    "reasoning": [
        *(Case(f"--reasoning {level}", {"reasoning": level},
               {"reasoning_effort": level, "include_reasoning": None, **THINKING})
          for level in ("low", "medium", "high")),
        Case("--reasoning off", {"reasoning": "off"},
             {"include_reasoning": False, "reasoning_effort": None,
              "chat_template_kwargs": {"thinking": False, "enable_thinking": False}}),
    ],
    "format": [
        Case("-f json", {"format": "json"}, {"response_format": {"type": "json_object"}}),
        Case("--format code", {"format": "code"}, {"response_format": None}),
        Case("-f json -p 'response_format={\"type\": \"text\"}'",
             {"format": "json", "param": {"response_format": {"type": "text"}}},
             {"response_format": {"type": "text"}}),
    ],
    "schema": [
        Case("--schema 'name, age: int'", {"schema": "name, age: int"},
             {"response_format": {"type": "json_schema", "json_schema": {
                 "name": "name_age_int", "strict": True, "schema": {
                     "type": "object",
                     "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
                     "required": ["name", "age"], "additionalProperties": False}}}}),
        Case("--schema int -f text", {"schema": int, "format": "text"},
             {"response_format": {"type": "json_schema", "json_schema": {
                 "name": "int", "strict": True, "schema": {
                     "type": "object", "properties": {"value": {"type": "integer"}},
                     "required": ["value"], "additionalProperties": False}}}}),
    ],
    "repair": [Case("--schema a? --no-repair", {"schema": "a?", "repair": False})],
    "param": [
        Case("-p frequency_penalty=0.5 -p logprobs=true -p context=two",
             {"param": {"frequency_penalty": 0.5, "logprobs": True, "context": "two"}},
             {"frequency_penalty": 0.5, "logprobs": True, "context": "two"}),
        Case("-p context=a=b", {"param": {"context": "a=b"}}, {"context": "a=b"}),
        Case("-p context=NaN", {"param": {"context": "NaN"}}, {"context": "NaN"}),
        Case("-p top_k=5 -p 'moderations={\"pii\": {\"input\": {\"enabled\": true}}}' --generate",
             {"param": {"top_k": 5, "moderations": {"pii": {"input": {"enabled": True}}}},
              "generate": True},
             {"moderations": {"pii": {"input": {"enabled": True}}}},
             {"top_k": 5, "moderations": None}, path="text/generation_stream"),
    ],
    "timeout": [
        Case("--timeout 20", {"timeout": 20}, {"time_limit": 18_000}),
        Case("--timeout 20 --generate", {"timeout": 20, "generate": True},
             parameters={"time_limit": 18_000}, path="text/generation_stream"),
        # longer than a plan allows: the service's own limit is nearer
        Case("--timeout 301", {"timeout": 301}, {"time_limit": None}),
    ],
    "generate": [Case("--generate", {"generate": True}, {"input": "hi", "messages": None},
                      path="text/generation_stream")],
    "stream": [Case("--no-stream", {}, {}, path="text/chat")],
    "chat": [Case("--chat", {}, {"messages": [{"role": "user", "content": "hi"}]}),
             Case("--chat plan", {}, {"messages": [{"role": "user", "content": "hi"}]})],
    "images": [
        Case(f"--image {PICTURE} -m {SEES}", {"images": [PICTURE], "model": SEES},
             {"messages": [{"role": "user", "content": [
                 {"type": "text", "text": "hi"},
                 {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PIXELS}"}},
             ]}]}),
    ],
    # they change pictures alone: test_run_prompt_images.py has their cases
    "image_pixels": [Case("--image-pixels 64", {"image_pixels": 64})],
    "max_images": [Case("--max-images 2", {"max_images": 2})],
    # a function of the notebook, and what becomes of its calls: test_tools.py has their cases
    "tools": [Case("--tool area", {"tools": [area]})],
    "yes": [Case("--yes", {"yes": True})],
    "max_rounds": [Case("--max-rounds 2", {"max_rounds": 2})],
    # what the journal answers sends nothing: tests/session/test_answer_cache.py has its cases
    "cache": [Case("--cache new", {"cache": "new"},
                   {"messages": [{"role": "user", "content": "hi"}], "cache": None})],
    # two requests: test_compare.py has its cases
    "compare": [Case("--compare ibm/granite-4-h-small,openai/gpt-oss-120b")],
    "output": [Case("--output kept")],
    "show": [Case("--show")],
    "raw": [Case("--raw")],
}  # fmt: skip
OTHERS = ("compare", "tools", "yes", "max_rounds", "output", "show", "raw")


def test_each_option_has_a_case():
    """An option that is added to `Options` fails here until it has one.

    Those of a prompt over a table have theirs in `tests/batch/`.
    """
    assert set(CASES) == {one.name for one in known_options() if not one.metadata["batch"]}
    for name, cases in CASES.items():
        python = not next(o for o in known_options() if o.name == name).metadata["cell_only"]
        assert all(bool(case.keywords) is python for case in cases), name


def prompts(sandbox):
    return [call for call in sandbox.calls if "chat" in call.kind or "generation" in call.kind]


def check(case, call, path):
    assert call.path == f"/ml/v1/{path}"
    body = call.body_json
    for part, expected in ((body, case.body), (body.get("parameters", {}), case.parameters)):
        for name, value in expected.items():
            if value is None:
                assert name not in part
            else:
                assert part[name] == value


@pytest.mark.parametrize("name", sorted(set(CASES) - set(OTHERS)))
def test_an_option_of_a_cell_is_in_the_request(connected, sandbox, name):
    for case in CASES[name]:
        # what is shown as JSON has to be JSON
        sandbox.say("{}")
        connected.run(f"%%watsonx {case.line}\nhi").ok()
        check(case, prompts(sandbox)[-1], case.path)


@pytest.mark.parametrize(
    "name", [name for name in CASES if CASES[name][0].keywords and name not in OTHERS]
)
def test_a_keyword_of_python_is_in_the_same_request(session, sandbox, name):
    for case in CASES[name]:
        # a stream is the text of one answer, and asks once
        if name not in ("n", "repair"):
            assert wx.stream("hi", **case.keywords).answer.finish_reason
            check(case, prompts(sandbox)[-1], case.path)
        wx.ask("hi", **case.keywords)
        check(case, prompts(sandbox)[-1], case.path.removesuffix("_stream"))


def test_options_that_say_what_to_do_with_the_answer_do_it(connected, sandbox):
    connected.run("who = 'Ada'\n").ok()
    connected.run("%%watsonx --output kept --raw\nhi {{ who }}").ok()
    assert prompts(sandbox)[-1].body_json["messages"][-1]["content"] == "hi {{ who }}"
    assert connected.value("kept is _")
    before = len(prompts(sandbox))
    assert "hi Ada" in connected.run("%%watsonx --show --reasoning low\nhi {{ who }}").ok().plain
    assert len(prompts(sandbox)) == before


def test_the_answer_knows_the_format_that_was_asked_for(connected, session, sandbox):
    sandbox.say('{"a": 1}', '{"a": 1}')
    connected.run("%%watsonx -f json\nhi").ok()
    assert connected.value("_.format") == "json"
    assert wx.ask("hi", format="json").format == "json"


def test_what_is_not_asked_for_is_not_sent(connected, sandbox):
    connected.run("%%watsonx\nhi").ok()
    body = prompts(sandbox)[-1].body_json
    assert set(body) == {"model_id", "messages", "project_id", "max_completion_tokens"}


def test_a_deployment_is_asked_without_a_project_or_a_catalogue(sandbox):
    wx.connect(api_key=sandbox.api_key, url=sandbox.url)
    answer = wx.ask("hi", deployment=sandbox.deployment_id)
    assert answer.text
    assert answer.model_id == "ibm/granite-4-h-small", "the reply says which model it is"
    assert sandbox.counts["models"] == 0
    assert not answer.default_model


def test_an_unknown_deployment_is_told_by_its_name(connected):
    ran = connected.run("%%watsonx --deployment sandbox_chats\nhi")
    assert ran.error[0] == (
        "ModelError: The deployment 'sandbox_chats' was not found, or does not accept this kind of "
        "prompt."
    )
    assert "--generate" in ran.error[-1]
    assert len(ran.error) <= 6


def test_a_deployment_without_a_prompt_template_takes_a_system_message(connected, sandbox):
    # the service refuses it for a deployment of a prompt template, and says so
    connected.run(f"%%watsonx --deployment {SANDBOX_ID} --system 'be brief'\nhi").ok()
    assert [m["role"] for m in prompts(sandbox)[-1].body_json["messages"]] == ["system", "user"]


def test_thinking_is_apart_from_the_text(connected, sandbox):
    for model in ("openai/gpt-oss-120b", "ibm/granite-3-3-8b-instruct"):
        connected.run(f"%%watsonx -m {model} --reasoning low\nhi").ok()
        found = connected.value("[_.reasoning, _.text]")
        assert found[0].startswith("No model thinks here"), model
        assert "think" not in found[1].split("\n")[0], model
        connected.run(f"%%watsonx -m {model} --reasoning off\nhi").ok()
        assert connected.value("_.reasoning") == ""


@pytest.mark.parametrize("around", ["{}", "Bearer {}", "curl -H 'Authorization: Bearer {}'"])
def test_the_access_token_of_the_session_goes_out_in_no_prompt(sandbox, around):
    held = wx.connect(**sandbox.credentials())
    held.verify()
    before = len(prompts(sandbox))
    text = around.format(held.state.token.value.reveal())
    for options in ({}, {"stop": [text]}, {"param": {"context": text}}):
        with pytest.raises(BadOption, match="The prompt holds the access token of this session"):
            held.chat("hi" if options else text, **options)
    assert len(prompts(sandbox)) == before


def test_what_was_written_when_the_time_is_up_is_an_answer():
    with Sandbox(words_per_second=1000) as slow:
        held = wx.connect(api_key=slow.api_key, url=slow.url, project_id=slow.project_id)
        slow.say("word " * 1000)
        options = Options(model="ibm/granite-4-h-small", timeout=0.2)
        request = held.prepare("hi", options, stream=False)
        # the service's half of the limit; a slow machine has its own idea of the client's
        answer = held.open(replace(request, timeout_s=None)).answer
    assert answer.finish_reason == "time_limit"
    assert answer.usage.output_tokens == 180, "nine tenths of the time"


#: (one key in 64 begins with a hyphen)
SECRET_PLACES = ["--system 'it is {key}'", "--stop={key}", "-p context={key}",
                 "-p 'context=[\"{key}\"]'"]  # fmt: skip


def test_the_key_of_the_session_goes_out_in_no_option(connected, sandbox):
    for place in SECRET_PLACES:
        line = place.format(key=sandbox.api_key)
        ran = connected.run(f"%%watsonx {line}\nhi", store_history=False)
        assert ran.error[0].startswith("BadOption: The prompt holds the key of this session"), place
        shown = [m for m in ran.messages if m["msg_type"] != "execute_input"]
        assert sandbox.api_key not in json.dumps(shown, default=str)
    assert prompts(sandbox) == []
