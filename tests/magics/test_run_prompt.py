"""`%%watsonx` in a real kernel: what goes out, what comes back, what a failing cell looks like."""

from __future__ import annotations

import pytest

from wx_notebook.render import ANSWER_TYPE

BODIES = [
    ">>> print('hello')",
    "In [1]: 1 + 1\nOut[1]: 2",
    "ends with a semicolon;",
    "does it end with a question mark?",
    "ends with a backslash\\",
    "first\r\nsecond\r\nthird",
    "ends with a line feed\n",
    "ends with CRLF\r\n",
    "it's John's, isn't it",
    'a "quote" that never closes: "',
    r"$\frac{a}{b}$ and \(x^{2}\) and \[\int_0^{\infty}\]",
    '{"key": [1, 2, {"nested": "{value}"}]}',
    "a { color: red } @media print { b { top: 0 } }",
    "{% for x in xs %}{{ 1 + 1 }}{% endfor %}{# no comment #}",
    '<p v-if="ok">{{ a ? b : c }}</p> {{color: \'red\'}} {{{ triple }}}',
    "{{ gone() }} {{ gone.b() }} {{ _private }} {{ gone._private }} {{ gone + b1 }}",
    "$HOME ~ !ls %time %%timeit ?help",
    "%watsonx ask nothing\n%%watsonx\nstill the body",
    "# a comment\n    indented\n\ttab \x0b vertical \x0c form \x85 next \u2028 line",
    "ümlaut, 漢字, \U0001f600, zero\u200bwidth",
    "'''triple''' and \"\"\"triple\"\"\" \\n \\x41",
    "  leading blanks\n\n\n  and empty lines  ",
]  # fmt: skip


def sent(sandbox, number=-1):
    """The last user message that arrived at the sandbox."""
    call = [c for c in sandbox.calls if c.kind in ("chat", "chat_stream")][number]
    return call.body_json["messages"][-1]["content"]


@pytest.mark.parametrize("body", BODIES)
def test_a_prompt_arrives_byte_for_byte(connected, sandbox, body):
    sandbox.say("fine")
    connected.run(f"%%watsonx\n{body}").ok()
    assert sent(sandbox) == body


def test_with_crlf_throughout_the_body_arrives_with_crlf(connected, sandbox):
    connected.run("%%watsonx --max-tokens 10\r\none\r\ntwo").ok()
    assert sent(sandbox) == "one\r\ntwo"


def test_comments_and_blank_lines_may_stand_above_the_magic(connected, sandbox):
    connected.run("# ask the model\n\n%%watsonx\nhello").ok()
    assert sent(sandbox) == "hello"


def test_braces_and_dollars_in_the_option_line_are_not_expanded(connected, sandbox):
    connected.run("it = 'EXPANDED'\n").ok()
    connected.run("%%watsonx --system 'say {it} and $it'\nhello").ok()
    messages = sandbox.calls[-1].body_json["messages"]
    assert messages[0] == {"role": "system", "content": "say {it} and $it"}


def test_ask_sends_the_rest_of_the_line_also_when_it_ends_in_a_question_mark(connected, sandbox):
    ran = connected.run("%watsonx ask what's this, {it} and $it?").ok()
    assert sent(sandbox) == "what's this, {it} and $it?"
    assert len(ran.outputs) == 1


def test_ask_reads_options_in_front_of_its_text(connected, sandbox):
    connected.run(
        "told = %watsonx ask --max_tokens 20 -s “You are a pirate” -o kept  What is -t 1?"
    ).ok()
    body = sandbox.calls[-1].body_json
    assert body["max_completion_tokens"] == 20
    assert [message["content"] for message in body["messages"]] == [
        "You are a pirate", " What is -t 1?"
    ]  # fmt: skip
    assert connected.value("kept is told")
    connected.run("%watsonx ask -- --max-tokens means what?").ok()
    assert sent(sandbox) == "--max-tokens means what?"
    assert sandbox.calls[-1].body_json["max_completion_tokens"] == 2048


def test_an_unknown_option_in_front_of_a_text_is_not_sent(connected, sandbox):
    ran = connected.run("%watsonx ask --max-token 20 What is a watt?")
    assert ran.error == [
        "BadOption: '--max-token' is not an option of %watsonx ask. Did you mean '--max-tokens'?",
        "Next: %watsonx help. A text that begins with a hyphen: %watsonx ask -- TEXT",
    ]
    assert connected.run("%watsonx ask --raw --no-stream").error[0] == (
        "BadOption: The prompt is empty."
    )
    assert sandbox.counts.get("chat_stream", 0) + sandbox.counts.get("chat", 0) == 0
    connected.run("who = 'Ada'").ok()
    connected.run("%watsonx ask --raw hi {{ who }}").ok()
    assert sent(sandbox) == "hi {{ who }}"


def test_ask_can_be_assigned_among_other_lines(connected, sandbox):
    sandbox.say("forty-two")
    connected.run("x = 1\nfor _ in range(1):\n    y = %watsonx ask is it (x?\nz = 2").ok()
    assert sent(sandbox) == "is it (x?"
    assert connected.value("[str(y), z]") == ["forty-two", 2]


def test_ask_inside_a_string_is_only_text(connected, sandbox):
    connected.run('s = """\n%watsonx ask what?\n"""').ok()
    assert connected.value("s") == "\n%watsonx ask what?\n"
    assert sandbox.counts.get("chat_stream", 0) == 0


@pytest.mark.parametrize("body", ["", "\n", "   \n\t\n"])
def test_an_empty_prompt_is_our_own_error_and_nothing_is_sent(connected, sandbox, body):
    ran = connected.run(f"%%watsonx\n{body}")
    assert ran.error == [
        "BadOption: The prompt is empty.",
        "Write it below the %%watsonx line, or behind ask.",
    ]
    assert sandbox.counts.get("chat_stream", 0) == 0


def test_the_answer_is_in_underscore_in_out_and_under_its_name(connected, sandbox):
    sandbox.say("**Forty-two.**")
    ran = connected.run("%%watsonx --output answer\nWhat is it?").ok()
    number = ran.reply["execution_count"]
    found = connected.value(
        f"[type(_).__name__, str(_), _ is Out[{number}], _ is answer, answer.finish_reason]"
    )
    assert found == ["Answer", "**Forty-two.**", True, True, "stop"]


def test_the_notebook_holds_one_output_with_plain_text_html_and_metadata(connected, sandbox):
    sandbox.say("**Forty-two.**")
    ran = connected.run("%%watsonx\nWhat is it?").ok()
    (output,) = ran.outputs
    assert set(output["data"]) == {"text/plain", "text/html", ANSWER_TYPE}
    assert output["data"]["text/plain"].startswith("**Forty-two.**\n")
    assert "<strong>Forty-two.</strong>" in output["data"]["text/html"]
    facts = output["metadata"]["wx_notebook"]
    assert facts["model_id"] == "ibm/granite-4-h-small"
    assert facts["finish_reason"] == "stop"
    assert facts["usage"]["total_tokens"] > 0
    assert facts["request_id"]


def test_the_answer_shows_itself_again_when_its_name_is_a_cell_of_its_own(connected, sandbox):
    sandbox.say("**Forty-two.**")
    connected.run("%%watsonx -o answer\nWhat is it?").ok()
    for _ in range(2):
        (output,) = connected.run("answer").ok().outputs
        assert "<strong>Forty-two.</strong>" in output["data"]["text/html"]


def test_a_long_answer_is_painted_while_it_comes(connected, sandbox):
    sandbox.fault("stall")
    sandbox.say("word " * 400)
    running = connected.start("%%watsonx\nTell me.")
    frames = 0
    while frames < 1:
        message = connected.next_message()
        frames += message["msg_type"] in ("display_data", "update_display_data")
        last = message
    assert "word" in last["content"]["data"]["text/html"]
    connected.interrupt()
    connected.finish(running)


def test_show_prints_the_request_and_sends_nothing(connected, sandbox):
    before = dict(sandbox.counts)
    ran = connected.run(
        "%%watsonx --show --model ibm/x -t 0.5 --max-tokens 7 -s 'be brief'\nhello"
    ).ok()
    assert dict(sandbox.counts) == before
    for part in (
        "/ml/v1/text/chat_stream?version=",
        '"ibm/x"',
        '"be brief"',
        '"hello"',
        "0.5",
        "7",
    ):
        assert part in ran.plain
    assert "Bearer" not in ran.everything
    assert connected.value("'_' in globals()") is False


def test_every_option_reaches_the_request(connected, sandbox):
    connected.run(
        "%%watsonx --model meta-llama/llama-3-3-70b-instruct -s sys -t 0.5 --max-tokens 7\nhi"
    ).ok()
    body = sandbox.calls[-1].body_json
    assert body["model_id"] == "meta-llama/llama-3-3-70b-instruct"
    assert body["messages"] == [
        {"role": "system", "content": "sys"},
        {"role": "user", "content": "hi"},
    ]
    assert (body["temperature"], body["max_completion_tokens"]) == (0.5, 7)
    connected.run("%%watsonx --no-stream\nhi").ok()
    assert sandbox.calls[-1].kind == "chat"
    connected.run("%%watsonx --generate --max-tokens 9\nhi").ok()
    assert sandbox.calls[-1].kind == "generation_stream"
    assert sandbox.calls[-1].body_json["input"] == "hi"
    assert sandbox.calls[-1].body_json["parameters"] == {"max_new_tokens": 9}
    connected.run("%%watsonx --raw\n{{ nothing }}").ok()
    assert sent(sandbox) == "{{ nothing }}"


def test_places_are_filled_in_from_the_notebook_once(connected, sandbox):
    connected.run("row = {'title': 'A {{ b }}', 'n': 3}; b = 'never'").ok()
    connected.run("%%watsonx\n{{ row.title }}, {{ row['n'] }}, {{ row.title | upper }}").ok()
    assert sent(sandbox) == "A {{ b }}, 3, A {{ B }}"


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("{{ row.title() }}", "BadOption: No expression is run in a prompt: {{ row.title() }}."),
        ("{{ len(row) }}", "BadOption: No expression is run in a prompt: {{ len(row) }}."),
        ("{{ row._n }}", "BadOption: No expression is run in a prompt: {{ row._n }}."),
        ("{{ print }}", "MissingName: 'print' is a name of Python and not a variable."),
        ("{{ numbers }}", "BadOption: 'numbers' is an iterator"),
        ("{{ picture }}", "BadOption: The prompt has a picture but no text."),
        ("a {{ picture }}", "BadOption: 'picture' can't be read as a picture"),
        ("{{ picture | upper }}", "BadOption: 'picture' is the bytes of a PNG picture"),
        ("{{ open }}", "BadOption: 'open' is a function"),
    ],
)
def test_what_can_be_known_to_be_wrong_is_not_sent(connected, sandbox, typed, error):
    connected.run(
        "row = {'n': 3}; numbers = (n for n in row); picture = b'\\x89PNG\\r\\n\\x1a\\n'"
    ).ok()
    for cell in (f"%%watsonx\n{typed}", f"%%watsonx --show\n{typed}", f"%watsonx ask {typed}"):
        ran = connected.run(cell)
        assert ran.error[0].startswith(error), cell
        assert len(ran.error) <= 6
    assert sandbox.counts.get("chat_stream", 0) == 0
    connected.run(f"%%watsonx --raw\n{typed}").ok()
    assert sent(sandbox) == typed


def test_the_session_is_never_filled_in(connected, sandbox):
    connected.run("s = wx.session()").ok()
    ran = connected.run("%%watsonx\n{{ s }}")
    assert ran.error[0].startswith("BadOption: 's' holds a secret or a session")
    assert sandbox.counts.get("chat_stream", 0) == 0


def test_a_limit_that_cuts_the_answer_is_said_with_what_to_do(connected, sandbox):
    ran = connected.run("%%watsonx --max-tokens 3\nTell me a story.").ok()
    assert "raise the limit with --max-tokens" in ran.plain
    assert connected.value("_.finish_reason") == "length"


def test_the_body_of_another_cell_magic_is_not_touched(connected, sandbox):
    connected.run("%%writefile note.txt\n%watsonx ask hi?\n").ok()
    assert connected.value("open('note.txt').read()") == "%watsonx ask hi?\n"
    assert sandbox.counts.get("chat_stream", 0) == 0
    connected.run("%%time\n%watsonx ask hi?").ok()
    assert sent(sandbox) == "hi?"


def test_a_terminal_waits_for_the_body_of_the_cell(kernel):
    asked = "[get_ipython().check_complete(c)[0] for c in %s]"
    cells = ["%%watsonx\n", "%%watsonx -t 1\nwhat is\n", "%%watsonx\nwhat is\n\n"]
    assert kernel.value(asked % repr(cells)) == ["incomplete", "incomplete", "complete"]


def test_help_for_the_cell_magic_still_works(connected):
    ran = connected.run("%%watsonx?").ok()
    shown = str(ran.reply["payload"])
    assert "--max-tokens" in shown
    assert "%watsonx login" in shown


def test_unloading_takes_everything_off(kernel):
    kernel.run("%unload_ext wx_notebook").ok()
    assert "not found" in kernel.run("%watsonx status").printed.lower()
    left = kernel.value(
        "[t.__module__ for t in get_ipython().input_transformers_cleanup]"
        " + [c.__module__ for cs in get_ipython().events.callbacks.values() for c in cs]"
        " + [type(c).__module__ for c in get_ipython().configurables]"
        " + [type(m).__module__ for m in get_ipython().magics_manager.registry.values()]"
    )
    assert [module for module in left if "wx_notebook" in module] == []
    kernel.run("%load_ext wx_notebook").ok()


# --- what is asked in a function, and what stays behind -------------------------------------------


def test_a_line_in_a_function_takes_the_names_of_the_function(connected, sandbox):
    asks = "def f(word):\n    own = 'of f'\n    return get_ipython().run_line_magic("
    asks += "'watsonx', 'ask say {{ word }}, {{ own }}, {{ other }}')"
    connected.run(f"word, other = 'GLOBAL', 'of the notebook'\n{asks}", store_history=False).ok()
    connected.run("said = f('LOCAL')").ok()
    assert sent(sandbox) == "say LOCAL, of f, of the notebook"
    connected.run("%watsonx ask say {{ word }}").ok()
    assert sent(sandbox) == "say GLOBAL"


def test_what_did_not_fit_is_told_with_the_answer_and_what_was_asked_for_is_not(connected):
    connected.run("import pandas as pd; df = pd.DataFrame({'n': range(5000)})").ok()
    ran = connected.run("%%watsonx\n{{ df }}").ok()
    assert "left out of the prompt: 4," in ran.plain
    assert "of 5,000 rows of df" in ran.plain
    assert "left out" not in connected.run("%%watsonx\n{{ df | rows(3) }}").ok().plain


def test_a_limit_in_time_says_how_to_raise_it(connected, sandbox):
    sandbox.say("one two three four five six seven eight nine ten")
    sandbox.fault("stall")
    ran = connected.run("%%watsonx --timeout 1\nhello")
    assert ran.error[0].startswith("AnswerCut: ")
    assert "--timeout" in ran.error[-1]
    assert "cut: this is what had arrived" in ran.everything
    assert "the connection ended" not in ran.everything


def test_a_hint_can_be_typed_as_it_is_where_nobody_has_imported_the_package(connected, sandbox):
    sandbox.say("one two three four five six seven eight nine ten")
    sandbox.fault("cut")
    connected.run("_had, wx = wx, None", store_history=False).ok()
    ran = connected.run("%%watsonx\nhello")
    assert ran.error[-1].startswith("What was received: import wx_notebook as wx; wx.last()")
    connected.run("wx = _had", store_history=False).ok()
