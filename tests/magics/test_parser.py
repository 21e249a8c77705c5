"""The parser of lines: near names, no abbreviations, no exit, and no key in a message."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.cases import all_cases

from wx_notebook.errors import BadOption
from wx_notebook.magics.arguments import Argument
from wx_notebook.magics.commands import COMMANDS, parser_of
from wx_notebook.magics.line_words import split_line
from wx_notebook.magics.option_line import ask_parser, check_free_text, parse_options
from wx_notebook.magics.parser import LineParser

KEY = "Abcdefghij" * 4 + "1234"
PARSER = LineParser(
    "%watsonx try",
    [
        Argument(("words",), "some words", "WORDS", "*"),
        Argument(("-n", "--name"), "a name", "NAME"),
        Argument(("--each",), "one of several", "EACH", repeatable=True),
        Argument(("--keep",), "a name, or none", "NAME", "?"),
        Argument(("--left",), "one way", group="way"),
        Argument(("--right",), "the other way", "WHERE", group="way"),
    ],
    next_step="Next: %watsonx help try",
)


def refused(line, parser=PARSER):
    with pytest.raises(BadOption) as caught:
        parser.parse_line(line)
    assert caught.value.hint
    assert caught.value.__context__ is None, "argparse's own error quotes what was typed"
    return caught.value.message


@all_cases(
    ("line", "values"),
    [
        ("", {"words": [], "name": None, "each": None, "keep": None, "left": None}),
        ("a --name b c --each d 'e f'", {"words": ["a", "c", "e f"], "name": "b", "each": ["d"]}),
        ("--name=b --each=c --each d", {"name": "b", "each": ["c", "d"]}),
        ("-n -5", {"name": "-5"}),
        ("-n '-a b'", {"name": "-a b"}),
        ("--keep", {"keep": ""}),
        ("--keep --left", {"keep": "", "left": True}),
        ("--keep x", {"keep": "x"}),
        ("--right=--left", {"right": "--left"}),
    ],
)
def test_a_line_becomes_values(line, values):
    parsed = vars(PARSER.parse_line(line))
    assert {name: parsed[name] for name in values} == values


@all_cases(
    ("line", "message"),
    [
        ("--nam x", "'--nam' is not an option of %watsonx try. Did you mean '--name'?"),
        ("-name x", "'-name' is not an option of %watsonx try. Did you mean '--name'?"),
        ("--", "'--' is not an option of %watsonx try."),
        ("--name", "--name needs a value."),
        ("--name --left", "--name needs a value."),
        ("--name ' '", "--name needs a value."),
        ("--left=yes", "--left takes no value."),
        ("--name a -n b", "--name is given more than once."),
        ("--left --right x", "--left and --right can't be combined."),
        ("--right x --left", "--left and --right can't be combined."),
    ],
)
def test_a_mistake_is_named(line, message):
    assert refused(line) == message


def test_a_value_that_begins_with_a_hyphen_gets_the_way_to_write_it():
    with pytest.raises(BadOption) as caught:
        PARSER.parse_line("--name --x")
    assert caught.value.hint == "A value that begins with a hyphen is written --name=VALUE."


@all_cases("name", [name for name in COMMANDS if name not in ("ask", "help")])
@all_cases("line", ["--api-key={}", "--token {}", "--password hunter2", "--x-{}"])
def test_a_key_on_a_line_is_never_repeated(name, line):
    message = refused(line.format(KEY), parser_of(name))
    assert "takes no key on its line" in message
    assert KEY not in message
    assert "hunter2" not in message


@all_cases("name", ["login", "status", "usage", "code"])
def test_a_key_as_a_word_is_never_repeated(name):
    assert "takes no key on its line" in refused(KEY, parser_of(name))


@all_cases(
    ("name", "line", "message"),
    [
        ("status", "now", "%watsonx status takes no arguments."),
        ("usage", "now", "%watsonx usage takes no words, only --budget and --day."),
        ("logout", "a b", "%watsonx logout takes one PROFILE, but got more than one word."),
        ("use", "--profile a", "Name the profile without --profile."),
    ],
)
def test_a_word_too_many_says_what_the_command_takes(name, line, message):
    assert refused(line, parser_of(name)) == message


@given(st.sampled_from([name for name in COMMANDS if name != "ask"]), st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_whatever_stands_on_a_line_is_parsed_or_an_error_with_a_hint(name, line):
    error = None
    try:
        parser_of(name).parse_line(line)
    except BadOption as caught:
        error = caught
    assert error is None or error.hint


@all_cases(
    ("line", "words"),
    [
        ("a  b\tc", ["a", "b", "c"]),
        ("'a b' \"c d\"", ["a b", "c d"]),
        ("a'b c'd", ["ab cd"]),
        ("''", [""]),
        (r'"a \"b\" \\"', [r'a "b" ' + "\\"]),
        ("--system don't", ["--system", "don't"]),
        (r"C:\data\new 'a\b'", [r"C:\data\new", r"a\b"]),
        ('"never closed', ['"never', "closed"]),
        ("“a b” „c d“ ‘e f’", ["a b", "c d", "e f"]),
        ("--system=“a b”", ["--system=a b"]),
        ("‘it’s fine’ don’t", ["it’s fine", "don’t"]),
        ("“never closed", ["“never", "closed"]),
        ("the “a b” c", ["the", "a b", "c"]),
    ],
)
def test_words_are_split_as_a_shell_does_and_nothing_is_an_error(line, words):
    assert split_line(line) == words


def test_the_help_shows_the_line_and_each_argument():
    assert PARSER.usage_lines() == [
        "%watsonx try [-n NAME] [--each EACH] [--keep [NAME]] [--left | --right WHERE]",
        "             [WORDS ...]",
    ]
    assert PARSER.argument_lines()[:3] == [
        "  WORDS                     some words",
        "  -n, --name NAME           a name",
        "  --each EACH               one of several",
    ]


# --- what people type and paste in the place of an option ----------------------------------------


@all_cases(
    ("line", "options"),
    [
        ("--max_tokens 20", {"max_tokens": 20}),
        ("--max_tokens=20 --no_stream", {"max_tokens": 20, "stream": False}),
        ("--top_p 0.5 --max-tokens 5", {"top_p": 0.5, "max_tokens": 5}),
        ("—max-tokens 20", {"max_tokens": 20}),
        ("–max_tokens=20", {"max_tokens": 20}),
        ("–s short —no-stream", {"system": "short", "stream": False}),
        ("−t 0.5 ‑‑top‑p 0.5", {"temperature": 0.5, "top_p": 0.5}),
        ("--system “You are a pirate” -t 1", {"system": "You are a pirate", "temperature": 1.0}),
        ("--stop — --system “—max_tokens”", {"stop": ("—",), "system": "—max_tokens"}),
        ("--system --max_tokens=1", None),
    ],
)
def test_underscores_dashes_and_curly_quotes_are_understood(line, options):
    if options is None:
        with pytest.raises(BadOption, match="--system needs a value"):
            parse_options(line)
    else:
        assert parse_options(line) == options


@all_cases("name", ["use", "usage", "login", "models"])
def test_commands_take_an_underscore_and_a_dash_too(name):
    for action in {id(each): each for each in parser_of(name).flags.values()}.values():
        flag = action.option_strings[-1]
        for typed in (flag.replace("-", "_").replace("__", "--", 1), f"—{flag.lstrip('-')}"):
            value = "" if action.nargs == 0 else " x"
            parsed = parser_of(name).parse_line(typed + value)
            assert getattr(parsed, action.dest) == ([value[1:]] if isinstance(
                getattr(parsed, action.dest), list) else (value[1:] or action.const))  # fmt: skip


@all_cases(
    ("line", "hint"),
    [
        ("--system You are a pirate", 'Quote the text: --system "You are a pirate"'),
        ("-s You are -t 1", 'Quote the text: -s "You are"'),
        (
            "--temperature 1 --system=You are a pirate",
            'Quote the text: --system "You are a pirate"',
        ),
        ("--stop the end --seed 1", 'Quote the text: --stop "the end"'),
        ("-m llama 70b", 'Quote the text: -m "llama 70b"'),
        (f"--system it is {'x' * 31}", 'Quote the text: --system "..."'),
        (f"--model=x {KEY}", 'Quote the text: --model "..."'),
    ],
)
def test_a_text_without_quotes_is_told_with_its_quotes(line, hint):
    with pytest.raises(BadOption, match="takes one word or a text in quotes") as caught:
        parse_options(line)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("line", "said"),
    [("-m m --sytem You are", "'--sytem' is not an option of %%watsonx. Did you mean '--system'?"),
     ("-m m --tempreature 0.5", "'--tempreature' is not an option"),
     ("-t 1 -s a --top-q 1 b c", "'--top-q' is not an option")],
)  # fmt: skip
def test_a_misspelt_option_behind_another_one_is_told_as_such(line, said):
    with pytest.raises(BadOption) as caught:
        parse_options(line)
    assert caught.value.message.startswith(said)


@all_cases(
    ("word", "told"),
    [("--json", "Did you mean '--format json'?"), ("--tokens 5", "Did you mean '--max-tokens'?"),
     ("--max-new-tokens 5", "Did you mean '--max-tokens'?"), ("--n-best 2", "Did you mean '--n'?"),
     ("--top_k 5", "parameter of the service: -p top_k=VALUE"), ("--verbose", "'--verbose' is not"),
     ("--system-prompt x", "Did you mean '--system'?"), ("--prompt hi", "'--prompt' is not"),
     ("--token abc", "takes no key on its line")],
)  # fmt: skip
def test_the_words_of_other_programs_are_told_with_the_option_that_they_mean(word, told):
    with pytest.raises(BadOption) as caught:
        parse_options(word)
    assert told in str(caught.value)
    if word in ("--verbose", "--prompt hi"):
        assert "Did you mean" not in str(caught.value), "no option is near"


@pytest.mark.parametrize("line", ["--for sdk > prog.py", "--for sdk >prog.py", "--for curl | head"])
def test_a_command_writes_no_file_as_a_shell_does(line):
    with pytest.raises(BadOption, match="works only in a shell") as caught:
        parser_of("code").parse_line(line)
    assert caught.value.hint.startswith("Next: %watsonx code --cell")


def test_a_value_out_of_a_few_words_needs_no_quotes():
    with pytest.raises(BadOption, match="takes no words, only --for and --cell"):
        parser_of("code").parse_line("--for sdk prog.py")


@pytest.mark.parametrize(
    "line", ["-m m --system You are a pirate", "-s You are", "—system Pirate, what is a watt?"]
)
def test_a_system_message_without_quotes_in_front_of_a_prompt_is_refused(line):
    options, text = ask_parser().split_text(line)
    with pytest.raises(BadOption, match="not clear where the text of --system ends") as caught:
        check_free_text(options, text, line)
    assert '--system "You are ..." PROMPT' in caught.value.hint


@all_cases(
    "line",
    ["--system 'You are a pirate' hi", '-s "Pirate" hi', "--system=Pirate hi", "-s Pirate -- hi",
     "--system “You are” hi", "-s Pirate", "-s Pirate -t 1 hi", "-t 1 hi", "hi", ""],
)  # fmt: skip
def test_a_system_message_whose_end_is_clear_is_taken(line):
    options, text = ask_parser().split_text(line)
    check_free_text(options, text, line)


@all_cases(
    "line",
    ["--model=x {}", "{}", "-t {}", "--format {}", "--seed={}", "-p {}", "--no-stream {}", "--{}"],
)
def test_a_long_word_is_never_repeated(line):
    for length in (31, 44):
        word = ("Zy9" * 20)[:length]
        with pytest.raises(BadOption) as caught:
            parse_options(line.format(word))
        assert word[:12] not in str(caught.value)


def test_words_on_a_line_of_commands_are_not_repeated():
    with pytest.raises(BadOption) as caught:
        parser_of("login").parse_line("--project My secret name")
    assert caught.value.hint == 'Quote the text: --project "..."'


@all_cases(
    ("line", "options", "text"),
    [
        ("What is a watt?", "", "What is a watt?"),
        ("--max-tokens 20 What is a watt?", "--max-tokens 20", "What is a watt?"),
        ("-t 0 --system 'Be brief' hi  there ", "-t 0 --system 'Be brief'", "hi  there "),
        ("--no-stream   two blanks", "--no-stream", "  two blanks"),
        ("--max_tokens=5 —top-p .5 x", "--max_tokens=5 —top-p .5", "x"),
        ("-- --max-tokens means what?", "", "--max-tokens means what?"),
        ("-t 1 -- -5 + 3", "-t 1", "-5 + 3"),
        ("-5 + 3", "", "-5 + 3"),
        ("- an item", "", "- an item"),
        ("—Hola, dijo", "", "—Hola, dijo"),
        ("—max-token 5 hi", "—max-token", "5 hi"),
        ("-- ", "", ""),
        ("  indented", "", "  indented"),
        ("hi --max-tokens 5", "", "hi --max-tokens 5"),
        ("--stop -- go on", "--stop --", "go on"),
        ("--temprature 1 hi", "--temprature", "1 hi"),
    ],
)
def test_options_are_read_in_front_of_a_text(line, options, text):
    assert ask_parser().split_text(line) == (options, text)
