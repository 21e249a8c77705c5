"""What bad input gets: a failing cell of at most six lines that ends with the next step."""

from __future__ import annotations

import uuid

import pytest


def failing(ran):
    """The error's lines, checked for what all of them have in common."""
    assert ran.status == "error"
    assert 2 <= len(ran.error) <= 6, ran.error
    assert not any("Traceback" in line or "File " in line for line in ran.error)
    return ran.error


def connect_with(kernel, **given):
    arguments = ", ".join(f"{name}={value!r}" for name, value in given.items())
    return kernel.run(f"import wx_notebook as wx\nwx.connect({arguments})", store_history=False)


def environment(kernel, **values):
    kernel.run(f"import os; os.environ.update({values!r})", store_history=False).ok()


def test_a_missing_login(kernel):
    lines = failing(kernel.run("%%watsonx\nhello", allow_stdin=True))
    assert lines[0].startswith("NotConnected: not connected")
    assert "%watsonx login" in lines[-1]


@pytest.mark.parametrize(
    "cell",
    ["%%watsonx\nhello", "%watsonx login", "%watsonx login --text", "%watsonx use nobody",
     "%watsonx use --region eu-de", "%watsonx use", "%watsonx status", "%watsonx models",
     "%watsonx profiles", "import wx_notebook as wx; wx.ask('hello')", "wx.login()",
     "wx.connect(token='x')", "wx.connect(key='x')", "%watsonx --api-key x",
     "wx.interop.api_client()"],
)  # fmt: skip
def test_where_nobody_can_answer_no_hint_says_to_log_in(kernel, cell):
    """As under `jupyter execute`, papermill and CI."""
    kernel.run("import wx_notebook as wx")
    ran = kernel.run(cell)
    said = "\n".join(ran.error) or ran.plain
    assert said
    # a file that is named is read without a question
    assert "%watsonx login" not in said.replace("%watsonx login --env", "")


def test_login_where_nobody_can_answer_and_nothing_is_found(kernel):
    lines = failing(kernel.run("%watsonx login"))
    assert lines[0].startswith("NotConnected: not connected")
    assert "WATSONX_API_KEY" in lines[-1]


def test_a_wrong_key(kernel, sandbox):
    wrong = "w9" * 22
    environment(kernel, WATSONX_API_KEY=wrong, WATSONX_URL=sandbox.url,
                WATSONX_PROJECT_ID=sandbox.project_id)  # fmt: skip
    ran = kernel.run("%watsonx login")
    lines = failing(ran)
    assert lines[0] == (
        "KeyRefused: IBM Cloud does not know this API key. It is from: environment "
        "(WATSONX_API_KEY)."
    )
    assert "BXNIM0415E" in lines[1]
    assert "create a new key at" in lines[-1]
    assert wrong not in ran.everything


def test_a_disabled_key(connected, sandbox):
    sandbox.disable_key()
    lines = failing(connected.run("%%watsonx\nhello"))
    assert lines[0] == "KeyRefused: The API key is disabled."


def test_an_empty_key(kernel, sandbox):
    lines = failing(connect_with(kernel, api_key="  ", url=sandbox.url))
    assert lines[0] == "KeyRefused: The API key is empty."


def test_a_key_with_blanks_around_it_is_taken_without_them(kernel, sandbox):
    environment(kernel, WATSONX_API_KEY=f"  {sandbox.api_key}\n", WATSONX_URL=sandbox.url,
                WATSONX_PROJECT_ID=sandbox.project_id)  # fmt: skip
    assert "connected to project 'Sandbox project'" in kernel.run("%watsonx login").ok().plain


def test_a_key_with_a_blank_inside(kernel):
    lines = failing(connect_with(kernel, api_key="abc def"))
    assert "blank or a line end inside" in lines[0]


def test_an_unknown_region_gets_the_near_name(kernel):
    lines = failing(connect_with(kernel, api_key="k9" * 22, region="us-suth"))
    assert (
        lines[0]
        == "UnknownRegion: 'us-suth' is not a region of watsonx.ai. Did you mean 'us-south'?"
    )
    assert "eu-de" in lines[-1]


def test_a_url_pasted_as_region_is_understood(kernel):
    kernel.run("import wx_notebook as wx").ok()
    for pasted in ("https://eu-de.ml.cloud.ibm.com/ml/v1/text/chat?version=2024-05-01",
                   "https://eu-de.dataplatform.cloud.ibm.com/projects", "Frankfurt"):  # fmt: skip
        place = kernel.value(f"wx.connect(api_key='k9' * 22, region={pasted!r}).endpoints.url")
        assert place == "https://eu-de.ml.cloud.ibm.com"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example",
        "http://us-south.ml.cloud.ibm.com",
        "https://us-south.ml.cloud.ibm.com.evil.example",
        "https://us-south.ml.cloud.ibm.com@evil.example",
        "https://us-south.ml.cloud.ibm.com\\@evil.example",
        "http://127.0.0.1.evil.example",
        "ftp://127.0.0.1",
    ],
)
def test_a_foreign_host_is_refused_before_a_socket_opens(kernel, url):
    lines = failing(connect_with(kernel, api_key="k9" * 22, url=url))
    assert lines[0].startswith("HostRefused: ")


def test_a_project_id_that_is_no_uuid(kernel, sandbox):
    lines = failing(
        connect_with(kernel, api_key=sandbox.api_key, url=sandbox.url, project_id="my project")
    )
    assert lines[0].startswith("ProjectError: The project ID 'my project' is not a UUID")
    assert "Manage > General" in lines[-1]


def test_an_unknown_project(kernel, sandbox):
    environment(kernel, WATSONX_API_KEY=sandbox.api_key, WATSONX_URL=sandbox.url,
                WATSONX_PROJECT_ID=str(uuid.uuid4()))  # fmt: skip
    lines = failing(kernel.run("%watsonx login"))
    assert lines[0].startswith("ProjectError: The project ")
    assert "belongs to one region" in lines[-1]


def test_no_project_at_all(kernel, sandbox):
    connect_with(kernel, api_key=sandbox.api_key, url=sandbox.url).ok()
    lines = failing(kernel.run("%%watsonx\nhello"))
    assert lines[0] == "ProjectError: No project is set, and a prompt is billed to a project."


def test_a_project_without_runtime(kernel, sandbox):
    connect_with(
        kernel, api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.bare_project_id
    ).ok()
    lines = failing(kernel.run("%%watsonx\nhello"))
    assert lines[0].startswith("NoRuntime: ")
    assert "Associate service" in lines[-1]


def test_an_unknown_model_gets_the_near_name(connected):
    lines = failing(connected.run("%%watsonx --model ibm/granite-4-h-smal\nhello"))
    assert "'ibm/granite-4-h-smal'. Did you mean 'ibm/granite-4-h-small'?" in lines[0]
    assert "%watsonx models" in lines[-1]


def test_a_prompt_that_names_variables_which_do_not_exist(connected, sandbox):
    connected.run("topic = 1").ok()
    lines = failing(connected.run("%%watsonx\n{{ topik }} and {{ other }}"))
    assert lines[0].startswith(
        "MissingName: The prompt uses 'topik', 'other', which do not exist. "
        "For 'topik': Did you mean 'topic'?"
    )
    assert lines[-1].endswith("%%watsonx --raw")
    assert sandbox.counts.get("chat_stream", 0) == 0


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--temprature 1", "'--temprature' is not an option of %%watsonx. Did you mean"),
        ("--temperature hot", "--temperature takes a number from 0 to 2, not 'hot'."),
        ("--temperature 3", "--temperature takes a number from 0 to 2, not 3.0."),
        ("--max-tokens 0", "--max-tokens takes a whole number from 1, not 0."),
        ("--max-tokens 1.5", "--max-tokens takes a whole number from 1, not '1.5'."),
        ("--output 1x", "--output takes the name of a variable, not '1x'."),
        ("--output class", "--output takes the name of a variable, not 'class'."),
        ("--output print", "a name that Python and IPython do not use, not 'print'."),
        ("-o Out", "not 'Out'."), ("-o get_ipython", "not 'get_ipython'."),
        ("what is this", "'what' is not an option; the prompt goes below the %%watsonx line."),
        ("--generate --system x", "--generate and --system can't be combined"),
        ("--model", "--model needs a value."),
        ("-show", "'-show' is not an option of %%watsonx. Did you mean '--show'?"),
    ],
)  # fmt: skip
def test_a_bad_option_is_named_and_nothing_is_sent(connected, sandbox, line, said):
    lines = failing(connected.run(f"%%watsonx {line}\nhello"))
    assert said in lines[0]
    assert sandbox.counts.get("chat_stream", 0) == 0


@pytest.mark.parametrize(
    ("line", "nearest"),
    [
        ("loggin", "login"),
        ("set", "settings"),
        ("help modles", "models"),
        ("help set x", "settings"),
    ],
)
def test_an_unknown_command_gets_the_near_name(kernel, line, nearest):
    lines = failing(kernel.run(f"%watsonx {line}"))
    assert lines[0].endswith(f" is not a command of %watsonx. Did you mean '{nearest}'?")


@pytest.mark.parametrize("option", ["-h", "--help", "--model x --help"])
def test_help_is_help_in_a_cell_and_on_the_line_of_ask(connected, sandbox, option):
    for below in ("", "\nhello"):
        assert "--max-tokens" in connected.run(f"%%watsonx {option}{below}").ok().plain
    if option in ("-h", "--help"):
        assert connected.run(f"%watsonx ask {option}").ok().plain.startswith("%watsonx ask TEXT")
    assert sandbox.counts.get("chat_stream", 0) == 0
    connected.run("%%watsonx --system 'what -h and --help are'\nhello").ok()
    assert sandbox.counts["chat_stream"] == 1


@pytest.mark.parametrize("line", ["--key {key}", "--api-key={key}", "{key}"])
def test_a_key_on_the_line_of_login_is_refused_and_not_repeated(kernel, line):
    key = "Abcdefghij" * 4 + "1234"
    ran = kernel.run("%watsonx login " + line.format(key=key))
    lines = failing(ran)
    assert "make a new one" in lines[0]
    shown = [m for m in ran.messages if m["msg_type"] != "execute_input"]
    assert key not in str(shown)


def test_a_service_that_answers_with_a_web_page(connected, sandbox):
    sandbox.fault("502-html")
    ran = connected.run("%%watsonx\nhello")
    lines = failing(ran)
    assert lines[0].startswith("ServiceDown: ")
    assert "HTTP 502" in "".join(lines)
    assert "<script" not in ran.everything


def test_a_service_that_cannot_be_reached(connected, sandbox):
    sandbox.close()
    lines = failing(connected.run("%%watsonx\nhello"))
    assert lines[0].startswith("ServiceDown: 127.0.0.1:")
    assert "Attempts: " in lines[0]


def test_a_busy_service_is_asked_again_and_the_attempts_are_told(connected, sandbox):
    sandbox.fault("429", times=2, retry_after=0)
    ran = connected.run("%%watsonx\nhello").ok()
    assert sandbox.counts["chat_stream"] == 3
    assert "sent 3 times" in ran.plain


@pytest.mark.parametrize("fault", ["cut", "cut-clean", "error-event", "malformed-event"])
def test_a_cut_in_mid_answer_keeps_what_was_received(connected, sandbox, fault):
    sandbox.say("one two three four five six seven eight nine ten")
    sandbox.fault(fault)
    ran = connected.run("%%watsonx --output kept\nhello")
    failing(ran)
    (output,) = ran.outputs
    assert "one" in output["data"]["text/plain"]
    assert "ten" not in output["data"]["text/plain"]
    assert output["metadata"]["wx_notebook"]["finish_reason"] == "cut"
    import_wx = "__import__('wx_notebook')"
    found = connected.value(f"[str(kept)[:3], kept is {import_wx}.last(), kept.finish_reason]")
    assert found == ["one", True, "cut"]
    assert sandbox.counts["chat_stream"] == 1, "a paid prompt was sent twice"


def test_a_cut_is_an_error_of_its_own(connected, sandbox):
    sandbox.fault("cut")
    lines = failing(connected.run("%%watsonx\nhello"))
    assert lines[0].startswith("AnswerCut: The answer was cut")
    assert "wx.last()" in lines[-1]


def test_an_interrupt_in_mid_answer_keeps_what_was_received(connected, sandbox):
    sandbox.say("one two three four five six seven eight nine ten")
    sandbox.fault("stall")
    running = connected.start("%%watsonx --output kept\nhello")
    while "one" not in str(connected.next_message()["content"].get("data", "")):
        pass
    connected.interrupt()
    ran = connected.finish(running)
    lines = failing(ran)
    assert lines[0].startswith("Interrupted: ")
    assert "wx.last()" in lines[-1]
    sandbox.wait_for(lambda call: call.client_gone)
    assert connected.value("[str(kept)[:3], kept.finish_reason]") == ["one", "interrupted"]


def test_the_underscore_is_left_alone_by_a_failing_cell(connected, sandbox):
    connected.run("'before'").ok()
    sandbox.fault("cut")
    connected.run("%%watsonx\nhello")
    assert connected.value("_") == "before"
