"""`Options` as a value: what it takes, what it refuses and in which words, what excludes what."""

from __future__ import annotations

import dataclasses
import pickle
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.errors import BadOption
from wx_notebook.magics.option_line import options_table, parse_options
from wx_notebook.magics.parser import split_line
from wx_notebook.options import Options, known_options, options_from_keywords

README = Path(__file__).parents[2] / "README.md"


def refused(**options):
    with pytest.raises(BadOption) as caught:
        Options(**options)
    error = caught.value
    assert error.__context__ is None
    assert error.hint
    return error


# --- values ------------------------------------------------------------------------------------

TAKEN = [
    ("top_p", 0, 0.0), ("top_p", 1, 1.0), ("top_p", Fraction(1, 2), 0.5),
    ("seed", 0, 0), ("seed", -3, -3), ("seed", 7.0, 7), ("seed", 2**70, 2**70),
    ("stop", "END", ("END",)), ("stop", ["a", "b"], ("a", "b")), ("stop", (), ()),
    ("stop", [" "], (" ",)),
    ("reasoning", "off", "off"), ("format", "math", "math"),
    ("timeout", 0.5, 0.5), ("timeout", 86_400, 86_400.0),
    ("deployment", "my_model", "my_model"), ("deployment", "a" * 100, "a" * 100),
    ("deployment", "12345678-1234-4123-8123-123456789abc", "12345678-1234-4123-8123-123456789abc"),
    ("param", {}, {}), ("param", {"k": 5, "x": [1, {"y": None}]}, {"k": 5, "x": [1, {"y": None}]}),
    ("param", [("a", 1), ("b", "c")], {"a": 1, "b": "c"}),
]  # fmt: skip


@all_cases(("name", "value", "kept"), TAKEN, ids=repr)
def test_a_value_that_can_be_is_kept_in_one_type(name, value, kept):
    found = getattr(Options(**{name: value}), name)
    assert found == kept
    assert type(found) is type(kept)


REFUSED = [
    *[("top_p", value) for value in (-0.1, 1.1, True, "0.5", float("nan"), float("inf"), None or [],
                                     Decimal("0.5"))],
    *[("seed", value) for value in (1.5, True, "7", float("nan"), float("inf"), b"7")],
    *[("stop", value) for value in ("", ["a", ""], [1], 7, b"END", {"a"}, {"a": 1}, [b"a"])],
    *[("reasoning", value) for value in ("hi", "HIGH", True, False, 1, ["low"], "")],
    *[("format", value) for value in ("yaml", "JSON", None, 1, "")],
    *[("timeout", value) for value in (0, -1, 86_401, float("inf"), float("nan"), True, "10")],
    *[("deployment", value) for value in ("", "a/b", "..", ".", "a b", "a?x=1", "a#b", "%2e", "-x",
                                          "a%2Fb", "a\n", "ä", 7, "a" * 101, "\u2028", "a\\b")],
    *[("param", value) for value in (7, "a=1", {"a b": 1}, {"": 1}, {1: 2}, {"a": float("nan")},
                                     {"a": object()}, {"a": b"x"}, {"a": {1, 2}}, {"top-k": 1},
                                     [("a", 1), ("a", 2)], {"a" * 101: 1})],
]  # fmt: skip


@all_cases(
    ("name", "value"), REFUSED, ids=[f"{name}-{place}" for place, (name, _) in enumerate(REFUSED)]
)
def test_a_value_that_cannot_be_is_refused_with_the_options_name(name, value):
    assert refused(**{name: value}).message.startswith(f"{name} ")


@all_cases(
    ("options", "said"),
    [
        ({"format": "htm"}, ("auto, markdown, text, code, json, html or math, "
                            "not 'htm'. Did you mean 'html'?")),
        ({"reasoning": "hig"}, "off, low, medium or high, not 'hig'. Did you mean 'high'?"),
        ({"top_p": 2}, "a number from 0 to 1, not 2."),
        ({"timeout": 0}, "a number of seconds above 0 and up to 86400, not 0."),
        ({"seed": "x"}, "a whole number, not 'x'."),
        ({"deployment": "../x"}, "the ID or the serving name of a deployment, not '../x'."),
    ],
)  # fmt: skip
def test_it_says_what_is_taken_and_the_nearest_of_a_few_words(options, said):
    (name,) = options
    assert refused(**options).message == f"{name} takes {said}"


OWN = {
    "model_id": "--model", "model": "--model", "MODEL_ID": "--model", "max_tokens": "--max-tokens",
    "max_completion_tokens": "--max-tokens", "max_new_tokens": "--max-tokens",
    "temperature": "--temperature", "Temperature": "--temperature", "top_p": "--top-p",
    "seed": "--seed", "random_seed": "--seed", "stop": "--stop", "stop_sequences": "--stop",
    "reasoning_effort": "--reasoning", "include_reasoning": "--reasoning",
    "time_limit": "--timeout", "stream": "--no-stream",
    "project_id": "%watsonx use --project", "space_id": "%watsonx use --space",
    "messages": "below the %%watsonx line", "input": "below the %%watsonx line",
    "parameters": "give each parameter by itself", "n": "use the option --n",
    "tools": "tool calls are not read yet", "tool_choice": "tool calls are not read yet",
    "tool_choice_option": "tool calls are not read yet",
}  # fmt: skip


@all_cases("name", OWN)
def test_a_parameter_that_is_set_elsewhere_is_refused_with_where(name):
    error = refused(param={name: 1})
    assert error.message.startswith(f"param does not take '{name}': ")
    assert OWN[name] in str(error)


def test_no_parameter_can_take_the_place_of_what_is_set_here():
    """Whatever the options, a name of theirs on the wire is one that `-p` refuses."""
    from wx_notebook.service import Scope, chat_request, generation_request

    full = Options(temperature=1, top_p=0.5, seed=1, stop="x", timeout=5)
    thinking = dataclasses.replace(full, reasoning="low", system="s")
    scope = Scope("p", "")
    chat = chat_request("x", thinking, model_id="m", scope=scope, stream=True)
    generation = generation_request(
        "x", dataclasses.replace(full, generate=True), model_id="m", scope=scope, stream=True
    )
    sent = {*chat.body, *generation.body, *generation.body["parameters"]}
    # these are checked against the option that sets them
    for name in sent - {"chat_template_kwargs", "decoding_method"}:
        assert name in str(refused(param={name: 1}))
    refused(reasoning="low", param={"chat_template_kwargs": {}})
    refused(temperature=1, generate=True, param={"decoding_method": "greedy"})
    refused(top_p=0.5, generate=True, param={"decoding_method": "greedy"})
    Options(generate=True, param={"decoding_method": "greedy"})
    Options(generate=True, temperature=1, param={"decoding_method": "sample"})


EXCLUDE = [
    ({"generate": True, "system": ""}, "generate and system can't be combined"),
    ({"generate": True, "reasoning": "off"}, "generate and reasoning can't be combined"),
    ({"deployment": "d", "model": "m"},
        "deployment and model can't be combined: it has its own model."),
    ({"generate": True, "seed": 0}, "With --generate, seed is a whole number from 1"),
    ({"generate": True, "top_p": 0}, "With --generate, top_p must be above 0"),
    ({"generate": True, "stop": list("abcdefg")}, "With --generate, stop takes at most 6 texts"),
    ({"generate": True, "stop": ["a", "a"]},
        "With --generate, stop takes at most 6 texts, all different"),
]  # fmt: skip


@all_cases(("options", "said"), EXCLUDE, ids=repr)
def test_options_that_exclude_each_other_say_so(options, said):
    assert refused(**options).message.startswith(said)


def test_an_option_that_is_off_excludes_nothing():
    Options(generate=False, system="s", reasoning="low", seed=0, top_p=0, stop=["a", "a"])


def test_they_are_a_value_that_nobody_changes():
    inner = {"x": [1]}
    options = Options(param={"a": inner}, stop=["x"])
    inner["x"].append(2)
    assert options.param == {"a": {"x": [1]}}
    with pytest.raises(dataclasses.FrozenInstanceError):
        options.model = "m"
    assert pickle.loads(pickle.dumps(options)) == options == dataclasses.replace(options)


def test_what_python_gives_as_none_is_not_given():
    assert options_from_keywords({"seed": None, "stop": [], "generate": False}) == {
        "stop": [], "generate": False,
    }  # fmt: skip


# --- the line of a cell --------------------------------------------------------------------------


@all_cases(
    ("line", "given"),
    [
        ("", {}),
        ("-p a=1 -p b=x -p c= -p d={} -p e=true -p f=null -p g=1e400",
         {"param": {"a": 1, "b": "x", "c": "", "d": {}, "e": True, "f": None, "g": "1e400"}}),
        ("--param 'a={\"b\": [1, 2]}'", {"param": {"a": {"b": [1, 2]}}}),
        (r"--stop '\n' --stop '\t\r' --stop '\n.'", {"stop": ("\n", "\t\r", r"\n.")}),
        ("-s '-Be brief'", {"system": "-Be brief"}),
        ("-f json --reasoning high", {"format": "json", "reasoning": "high"}),
        ("--timeout 1e2 --seed 7", {"timeout": 100.0, "seed": 7}),
    ],
)  # fmt: skip
def test_a_line_says_what_was_given_and_nothing_else(line, given):
    assert parse_options(line) == given


@all_cases(
    ("line", "said"),
    [
        ("-p a", "--param takes KEY=VALUE with an equals sign, and 'a' has none."),
        ("-p =1", "--param takes parameter names of the service."),
        ("-p a=1 -p a=2", "--param has 'a' twice."),
        ("-p max_tokens=3", "--param does not take 'max_tokens'"),
        ("--format jso", "--format takes auto, markdown, text, code, json, html or math, not 'j"),
        ("--seed 1.5", "--seed takes a whole number, not '1.5'."),
        ("--top-p much", "--top-p takes a number from 0 to 1, not 'much'."),
        ("--timeout never", "--timeout takes a number of seconds above 0"),
        ("--deployment a/b", "--deployment takes the ID or the serving name"),
        ("--stop", "--stop needs a value."),
        ("--stop ---", "--stop needs a value."),
        ("--reason low", "'--reason' is not an option of %%watsonx. Did you mean '--reasoning'?"),
        ("-x", "'-x' is not an option of %%watsonx."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_line_is_said(line, said):
    with pytest.raises(BadOption) as caught:
        parse_options(line)
    assert caught.value.message.startswith(said)
    assert caught.value.hint


def test_a_value_that_looks_like_a_flag_gets_the_way_to_write_it():
    with pytest.raises(BadOption) as caught:
        parse_options("--stop ---")
    assert caught.value.hint == "A value that begins with a hyphen is written --stop=VALUE."
    assert parse_options("--stop=---") == {"stop": ("---",)}


@pytest.mark.parametrize(
    "flag",
    ["--sources"],
)
def test_an_option_does_not_exist_before_the_day_it_works(flag):
    with pytest.raises(BadOption, match="is not an option of %%watsonx"):
        parse_options(f"{flag} x")


@given(st.text(max_size=60))
def test_whatever_stands_in_a_line_it_is_options_or_an_error_with_a_hint(line):
    given, problem = {}, None
    try:
        given = parse_options(line)
    except BadOption as error:
        problem = error
    assert Options(**given)
    assert problem.hint if problem else given or not split_line(line)


# --- what is said of them ------------------------------------------------------------------------


@all_cases("option", known_options(), ids=lambda option: option.name)
def test_everything_about_an_option_is_said(option):
    about = option.metadata
    assert about["flags"]
    assert about["flags"][-1].startswith("--")
    assert about["help"]
    assert "|" not in about["help"], "it stands in a table"
    assert bool(about["metavar"]) is not isinstance(option.default, bool)
    assert callable(about["type"].read)
    for word in about["type"].choices:
        assert getattr(Options(**{option.name: word}), option.name) == word
        assert word in about["help"]
    # one prompt each asks for these: as a default they would change what every prompt costs or does
    of_one_prompt = option.name in (
        "generate", "images", "n", "tools", "yes", "schema", "repair"
    )  # fmt: skip
    assert about["configurable"] is not about["cell_only"] or of_one_prompt


def test_the_readmes_table_of_options_is_current():
    table = README.read_text(encoding="utf-8").split("<!-- options -->\n")[1]
    table = table.split("<!-- /options -->")[0]
    assert table == options_table(), "stale; to renew it: python tests/readme_options.py"


# --- what a line says twice, and JSON without its quotes ------------------------------------------


@all_cases("line", ["-t 0.2 --temperature 0.9", "--max-tokens 5 --max-tokens 5",
                                  "-m a/b -m c/d", "-s one --system two"])  # fmt: skip
def test_an_option_that_is_given_twice_is_refused_and_not_the_first_one_ignored(line):
    with pytest.raises(BadOption, match="is given more than once") as caught:
        parse_options(line)
    assert caught.value.hint == "Keep one of them."


def test_stop_and_param_may_be_given_several_times():
    given = parse_options("--stop a --stop b -p top_k=1 -p min_p=0.5")
    assert (given["stop"], given["param"]) == (("a", "b"), {"top_k": 1, "min_p": 0.5})


def test_words_of_python_are_those_of_json_in_a_param():
    given = parse_options("-p logprobs=True -p echo=False -p user=None -p word=Truely")
    assert given["param"] == {
        "logprobs": True, "echo": False, "user": None, "word": "Truely",
    }  # fmt: skip


def test_json_whose_quotes_the_line_took_away_is_not_sent_as_a_text():
    with pytest.raises(BadOption, match="'response_format' that looks like JSON") as caught:
        parse_options('-p response_format={"type":"json_object"}')
    assert "-p 'response_format=" in caught.value.hint
    given = parse_options(caught.value.hint.split(": ", 1)[1])
    assert given["param"] == {"response_format": {"type": "json_object"}}


@all_cases(
    "name", ["Out", "In", "print", "input", "_", "___", "_i", "_ii", "_12", "_i3", "_oh", "exit",
             "display", "get_ipython"],
)  # fmt: skip
def test_an_answer_does_not_take_a_name_of_python_s_or_ipython_s(name):
    with pytest.raises(BadOption, match=f"a name that Python and IPython do not use, not '{name}'"):
        Options(output=name)


@all_cases("name", ["answer", "out", "_own", "_index", "outputs", "größe", "_1st"])
def test_any_other_name_is_a_variable_of_the_user_s(name):
    assert Options(output=name).output == name
