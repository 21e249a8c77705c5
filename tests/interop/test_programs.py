"""A prompt as a program: run for itself, it sends what the cell sent, and it holds no value."""

from __future__ import annotations

import ast
import io
import json
import re
import subprocess
import sys

import PIL.Image
import pytest
from hypothesis import given
from hypothesis import strategies as st
from interop import program_runs
from support.cases import all_cases

import wx_notebook as wx
from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.hosts import endpoints
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption
from wx_notebook.interop.literals import json_literal, python_literal
from wx_notebook.interop.program_spec import DEFAULT_CONNECTION, TARGETS, ProgramConnection
from wx_notebook.interop.programs import program
from wx_notebook.sandbox import Sandbox
from wx_notebook.service import Request

KEY = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST"  # pragma: allowlist secret
PROJECT = "12345678-1234-4123-8123-123456789abc"
IN_PYTHON = sorted(set(TARGETS) - {"curl"})


def prompt_request(text="What is a watt?", *, stream=True, generate=False, **more):
    body = {"model_id": "ibm/granite-4-h-small", "project_id": PROJECT}
    if generate:
        body |= {"input": text, "parameters": {"max_new_tokens": 2048}}
        return Request("/ml/v1/text/generation_stream", "generation", body | more, stream=stream)
    body |= {"messages": [{"role": "user", "content": text}], "max_completion_tokens": 2048}
    return Request("/ml/v1/text/chat_stream", "chat", body | more, stream=stream)


def connection(params=None, **where):
    return ProgramConnection.of(endpoints(**where), params or ConnectionParams("arguments"))


def send(session, text, options, *, stream):
    if stream:
        return session.stream(text, **options).answer
    return session.chat(text, **options)


def picture(color):
    image = io.BytesIO()
    PIL.Image.new("RGB", (6, 4), color).save(image, "PNG")
    return image.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("target", ["requests", "curl"])
def test_a_program_reads_pictures_from_the_files_that_its_comment_names(
    session, sandbox, tmp_path, target
):
    sees = "mistralai/mistral-small-3-1-24b-instruct-2503"
    (tmp_path / "plots").mkdir()
    (tmp_path / "plots" / "it's.png").write_bytes(picture("green"))
    names = {"red": picture("red"), "plot": tmp_path / "plots" / "it's.png"}
    text = 'Is {{ red }} red, {{ plot }} green, and {{ red }} again? picture("red.png", "png")'
    wx.ask(text, names=names, images=[picture("blue")], model=sees)
    cell = json.loads(program_runs.last_prompt(sandbox).body)
    told = program_runs.printed_for(session, target)
    assert "base64,iVBOR" not in told
    for file, name in (("red.png", "red"), ("it-s.png", "plot"), ("images-0.png", "blue")):
        assert f"#   {file} (" in told
        (tmp_path / file).write_bytes(names[name].read_bytes() if name == "plot" else picture(name))
    sandbox.say("Yes.")
    ran = program_runs.run(told, target, sandbox, tmp_path)
    assert ran.body == cell
    assert "Yes." in ran.printed


# --- run for itself ----------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("stream", [True, False], ids=["streaming", "whole"])
@pytest.mark.parametrize("options", program_runs.OPTIONS.values(), ids=program_runs.OPTIONS)
@pytest.mark.parametrize("target", ["requests", "curl"])
def test_a_program_sends_what_the_cell_sent(target, options, stream, session, sandbox, tmp_path):
    send(session, program_runs.PROMPTS["plain"], options, stream=stream)
    cell = program_runs.last_prompt(sandbox)
    told = program_runs.run(program_runs.printed_for(session, target), target, sandbox, tmp_path)
    assert told.body == json.loads(cell.body)
    assert (told.path, told.query) == (cell.path, dict(cell.query))


@pytest.mark.slow
@pytest.mark.parametrize("prompt", program_runs.PROMPTS.values(), ids=program_runs.PROMPTS)
@pytest.mark.parametrize("target", ["requests", "curl"])
def test_whatever_the_prompt_holds_arrives_byte_for_byte(
    target, prompt, session, sandbox, tmp_path
):
    session.stream(prompt, system=prompt).answer  # noqa: B018  # waits for its end
    cell = program_runs.last_prompt(sandbox)
    told = program_runs.run(program_runs.printed_for(session, target), target, sandbox, tmp_path)
    assert told.body == json.loads(cell.body)
    assert told.body["messages"][1]["content"] == prompt


NOT_THE_CLIENTS = {
    "a deployment": {"deployment": "sandbox_chat"},
    "a field beside the parameters": {"generate": True, "param": {"moderations": {"pii": {}}}},
}


@pytest.mark.slow
@pytest.mark.parametrize("options", NOT_THE_CLIENTS.values(), ids=NOT_THE_CLIENTS)
def test_what_a_client_has_no_argument_for_is_a_program_of_plain_http(
    options, session, sandbox, tmp_path
):
    send(session, "hello", options, stream="generate" in options)
    cell = program_runs.last_prompt(sandbox)
    for target in ("requests", "curl"):
        told = program_runs.run(
            program_runs.printed_for(session, target), target, sandbox, tmp_path
        )
        assert (told.body, told.path) == (json.loads(cell.body), cell.path)
    for target in ("sdk", "langchain", "openai"):
        with pytest.raises(BadOption, match="no arguments for this prompt") as caught:
            program_runs.printed_for(session, target)
        assert "--for requests" in caught.value.hint


@pytest.mark.slow
def test_a_program_prints_the_answer(session, sandbox, tmp_path):
    for stream in (True, False):
        for options in ({}, {"generate": True}):
            send(session, "hello", options, stream=stream)
            text = program_runs.printed_for(session, "requests")
            sandbox.say("Vier Watt, 日本.")
            assert (
                program_runs.run(text, "requests", sandbox, tmp_path).printed
                == "Vier Watt, 日本.\n"
            )


def test_a_program_says_what_the_service_said_and_fails(session, sandbox, tmp_path):
    session.chat("hello")
    for target, shell in (("requests", sys.executable), ("curl", "sh")):
        file = tmp_path / "program"
        file.write_text(program_runs.printed_for(session, target), encoding="utf-8")
        environment = program_runs.variables(sandbox, WATSONX_PROJECT_ID=PROJECT)
        done = subprocess.run(
            [shell, str(file)], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode != 0
        assert PROJECT in done.stdout + done.stderr


def test_a_program_with_a_wrong_key_fails_and_does_not_go_on(session, sandbox, tmp_path):
    session.chat("hello")
    for target, shell in (("requests", sys.executable), ("curl", "sh")):
        file = tmp_path / "program"
        file.write_text(program_runs.printed_for(session, target), encoding="utf-8")
        before = sandbox.counts["chat"]
        done = subprocess.run(
            [shell, str(file)], env=program_runs.variables(sandbox, WATSONX_API_KEY=KEY),
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode != 0
        assert KEY not in done.stdout + done.stderr
        assert sandbox.counts["chat"] == before


@pytest.mark.parametrize("target", ["requests", "curl"])
def test_an_account_iam_of_aws_signs_in_by_json(target, tmp_path):
    with Sandbox(kind="mcsp") as sandbox:
        session = wx.connect(
            api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id, kind="mcsp"
        )
        session.chat("hello")
        cell = program_runs.last_prompt(sandbox)
        told = program_runs.run(
            program_runs.printed_for(session, target), target, sandbox, tmp_path
        )
        assert told.body == json.loads(cell.body)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["requests", "curl"])
def test_a_cluster_signs_in_with_user_name_and_key_or_password(target, tmp_path):
    with Sandbox(kind="software") as sandbox:
        ways = {"api_key": sandbox.api_key, "password": sandbox.password}
        for name, secret in ways.items():
            session = wx.connect(
                **{name: secret}, url=sandbox.url, project_id=sandbox.project_id,
                username=sandbox.username, kind="software",
            )  # fmt: skip
            session.chat("hello")
            text = program_runs.printed_for(session, target)
            program_runs.run(
                text, target, sandbox, tmp_path, WATSONX_USERNAME=sandbox.username,
                WATSONX_PASSWORD=sandbox.password,
            )  # fmt: skip
            assert secret not in text
            assert sandbox.username not in text


@pytest.mark.parametrize("target", ["requests", "curl"])
def test_a_cluster_can_be_sent_the_key_itself(target, tmp_path):
    with Sandbox(kind="software") as sandbox:
        session = wx.connect(
            api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id,
            username=sandbox.username, kind="zen",
        )  # fmt: skip
        session.chat("hello")
        text = program_runs.printed_for(session, target)
        program_runs.run(text, target, sandbox, tmp_path, WATSONX_USERNAME=sandbox.username)


def test_a_trusted_profile_is_taken_on(sandbox, tmp_path):
    session = wx.connect(
        api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id,
        trusted_profile_id=sandbox.profile_id,
    )  # fmt: skip
    session.chat("hello")
    text = program_runs.printed_for(session, "requests")
    before = sandbox.counts["token"]
    program_runs.run(
        text, "requests", sandbox, tmp_path, WATSONX_TRUSTED_PROFILE_ID=sandbox.profile_id
    )
    assert sandbox.counts["token"] == before + 2
    assert sandbox.profile_id not in text
    with pytest.raises(BadOption, match="two steps"):
        program_runs.printed_for(session, "curl")
    for target in ("sdk", "langchain"):
        # the SDK would take the user's token to a host of IBM's
        with pytest.raises(BadOption, match="on IBM Cloud only"):
            program_runs.printed_for(session, target)


def test_a_trusted_profile_of_ibm_cloud_is_taken_on_by_the_sdk():
    given = ConnectionParams("arguments", trusted_profile_id="Profile-1")
    text = program(prompt_request(), "sdk", connection(given, region="us-south"))
    assert 'trusted_profile_id=os.environ["WATSONX_TRUSTED_PROFILE_ID"]' in text


# --- what is in it, and what is not ------------------------------------------------------------


@pytest.mark.parametrize("target", TARGETS)
def test_names_of_variables_stand_in_it_and_no_value(target, session, sandbox):
    session.chat("hello")
    text = program_runs.printed_for(session, target)
    for value in (sandbox.api_key, sandbox.project_id, sandbox.url):
        assert value not in text
    for name in ("WATSONX_API_KEY", "WATSONX_URL", "WATSONX_PROJECT_ID"):
        assert name in text


@all_cases("target", TARGETS)
def test_a_prompt_that_quotes_the_project_keeps_it(target):
    # only the field becomes a variable
    text = program(prompt_request(f'"project_id": "..." and {PROJECT}'), target)
    assert text.count(PROJECT) == 1
    assert "WATSONX_PROJECT_ID" in text


@all_cases("target", TARGETS)
def test_a_space_is_read_from_its_own_variable(target):
    request = prompt_request()
    body = {("space_id" if name == "project_id" else name): v for name, v in request.body.items()}
    text = program(Request(request.path, "chat", body, stream=True), target)
    assert "WATSONX_SPACE_ID" in text
    assert "project" not in text.lower()


@all_cases("target", IN_PYTHON)
@all_cases("prompt", program_runs.PROMPTS.values(), ids=program_runs.PROMPTS)
def test_every_python_program_compiles_and_shows_all_that_it_holds(target, prompt):
    for stream in (True, False):
        text = program(prompt_request(prompt, stream=stream), target)
        ast.parse(text)
        assert all(char.isprintable() or char == "\n" for char in text)


def test_a_region_signs_in_at_ibm_cloud_iam():
    text = program(prompt_request(), "requests", connection(region="eu-de"))
    assert '"https://iam.cloud.ibm.com/identity/token"' in text
    text = program(prompt_request(), "curl", connection(region="eu-de"))
    assert '"https://iam.cloud.ibm.com/identity/token"' in text
    assert program(prompt_request(), "requests", DEFAULT_CONNECTION) == program(
        prompt_request(), "requests"
    )


def test_for_a_region_the_sdk_gets_what_ibms_documentation_shows():
    text = program(prompt_request(), "sdk", connection(region="eu-de"))
    assert (
        'credentials = Credentials(\n    url=os.environ["WATSONX_URL"],\n'
        '    api_key=os.environ["WATSONX_API_KEY"],\n)'
    ) in text
    assert "platform_url" not in text


def test_the_sandbox_is_all_hosts_in_one_and_speaks_https_to_the_sdk(sandbox):
    text = program(prompt_request(), "sdk", connection(url=sandbox.url))
    assert 'platform_url=os.environ["WATSONX_URL"]' in text
    assert 'auth_url=os.environ["WATSONX_URL"] + "/identity/token"' in text
    assert "# IBM's SDK supports https only: start the sandbox with --tls." in text


def test_an_own_authority_is_told_in_the_words_of_each_library():
    given = ConnectionParams("arguments", ca_bundle="/etc/own.pem")
    for target, (_, names) in TARGETS.items():
        text = program(prompt_request(), target, connection(given, region="us-south"))
        assert all(name in text for name in names)
        assert "/etc/own.pem" not in text


def test_a_cluster_with_an_iam_of_its_own_is_the_sdks_matter():
    given = ConnectionParams(
        "arguments", password=Secret("pässword"), username="jane", kind="software"
    )
    where = connection(
        given, url="https://cpd.example.com:31843", iam_url="https://cpd.example.com",
        kind="software",
    )  # fmt: skip
    text = program(prompt_request(), "sdk", where)
    assert 'bedrock_url=os.environ["WATSONX_IAM_URL"]' in text
    assert 'password=os.environ["WATSONX_PASSWORD"]' in text
    assert 'username=os.environ["WATSONX_USERNAME"]' in text
    assert "example.com" not in text
    for target in ("requests", "openai", "curl"):
        with pytest.raises(BadOption, match="two steps") as caught:
            program(prompt_request(), target, where)
        assert caught.value.hint == "Next: %watsonx code --for sdk"


def test_curl_is_given_no_secret_as_an_argument():
    # `ps` shows arguments to everybody on the machine; printf is the shell's own
    for text in (
        program(prompt_request(), "curl"),
        program(prompt_request(), "curl", connection(region="us-east-1")),
        program(
            prompt_request(), "curl", connection(url="https://cpd.example.com", kind="software")
        ),
    ):
        joined = text.replace("\\\n", " ")
        for line in joined.split("\n"):
            command = line.strip()
            if command.startswith("curl"):
                assert "API_KEY" not in command
                assert "$token" not in command


# --- bad input ---------------------------------------------------------------------------------


def test_an_unknown_target_is_an_error_with_the_nearest_one():
    with pytest.raises(BadOption, match="Did you mean 'langchain'") as caught:
        program(prompt_request(), "langchian")
    assert caught.value.hint == "Next: %watsonx code --for sdk|langchain|openai|requests|curl"


def test_a_key_in_the_place_of_the_target_is_not_repeated():
    with pytest.raises(BadOption) as caught:
        program(prompt_request(), KEY)
    assert KEY not in str(caught.value)


def test_the_gateway_has_chats_only():
    with pytest.raises(BadOption, match="--generate"):
        program(prompt_request(generate=True), "openai")


def test_the_openai_client_has_no_way_to_send_a_key_itself():
    with pytest.raises(BadOption, match="signs in with a token"):
        program(prompt_request(), "openai", connection(url="https://cpd.example.com", kind="zen"))


def test_what_is_no_prompt_is_no_program():
    with pytest.raises(BadOption, match="Only a prompt"):
        program(Request("/v2/projects", base="platform"))


# --- values as source code ---------------------------------------------------------------------

TEXTS = st.text(st.characters(exclude_categories=()), max_size=200)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)  # fmt: skip


@given(VALUES, st.sampled_from([0, 4, 8]))
def test_python_reads_back_what_was_written(value, indent):
    written = python_literal(value, indent)
    assert ast.literal_eval(written) == value
    assert all(char.isprintable() or char == "\n" for char in written)


@given(VALUES)
def test_json_reads_back_what_was_written(value):
    written = json_literal(value)
    assert json.loads(written) == value
    assert all(char.isprintable() or char == "\n" for char in written)
    written.encode()


@pytest.mark.slow
@pytest.mark.parametrize("target", ["requests", "curl"])
def test_a_program_for_several_answers_prints_each_whole(target, session, sandbox, tmp_path):
    sandbox.say(*["one two", "three four"] * 2)
    session.chat("hello", n=2)
    text = program_runs.printed_for(session, target)
    told = program_runs.run(text, target, sandbox, tmp_path)
    assert told.body["n"] == 2
    assert told.path == "/ml/v1/text/chat"


@pytest.mark.slow
def test_a_program_prints_the_value_of_a_schema(session, sandbox, tmp_path):
    for schema, said, printed in [
        ("name, age: int", '{"name": "Ada", "age": 36}', "{'name': 'Ada', 'age': 36}\n"),
        (list[int], '{"value": [1, 2]}', "[1, 2]\n"),
    ]:
        sandbox.say(said, said)
        session.chat("Who?", schema=schema)
        text = program_runs.printed_for(session, "requests")
        assert program_runs.run(text, "requests", sandbox, tmp_path).printed == printed


@pytest.mark.parametrize("target", ["sdk", "langchain", "openai", "requests"])
def test_a_program_reads_the_value_where_the_model_takes_the_schema(target, session, sandbox):
    session.chat("Who?", schema=list[int])
    text = program_runs.printed_for(session, target)
    compile(text, target, "exec")
    assert "import json\n" in text
    assert re.search(r"print\(json\.loads\(.*\)\[\"value\"\]\)", text)
    sandbox.fault("no-schema", times=None)
    sandbox.say("[1]")
    session.chat("Who?", schema=list[int])
    text = program_runs.printed_for(session, target)
    assert "json.loads" not in text
    assert "JSON Schema" in text


@pytest.mark.parametrize("target", ["sdk", "openai", "requests"])
def test_no_program_mixes_the_parts_of_several_answers(target):
    text = program(prompt_request(n=2), target)
    assert "stream" not in text.replace("_stream", "").lower()
    assert "for choice in " in text
    ast.parse(text)


def test_langchain_returns_one_answer_and_says_so():
    with pytest.raises(BadOption) as refused:
        program(prompt_request(n=2), "langchain")
    assert "this prompt asks for 2" in refused.value.message
    assert "--for sdk" in refused.value.hint


def test_a_program_of_a_prompt_with_tools_says_that_it_runs_none():
    tools = [{"type": "function", "function": {"name": "area", "parameters": {}}}]
    for target in TARGETS:
        text = program(prompt_request(tools=tools), target)
        assert "# The model may call tools. This program sends them, and runs no call." in text
    assert "tools" not in program(prompt_request(), "requests")
