"""Filling in: what is a place, what is text, and what a place may be filled with."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.cases import all_cases
from transport.servers import caught

from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, MissingName
from wx_notebook.templates import fill_placeholders


def fill(text, names, **options):
    return fill_placeholders(text, names, **options).text


NAMES = {
    "name": "Ada",
    "row": {"title": "A tale", "items": 3, "deep": [{"x": "found"}]},
    "n": 7,
    "nothing": None,
    "text": "one two three four",
    "hostile": "{{ name }} {% raw %} \\ $",
}


@all_cases(
    ("typed", "filled"),
    [
        ("Hello {{ name }}!", "Hello Ada!"),
        ("{{name}}{{  name  }}", "AdaAda"),
        ("{{ row.title }}", "A tale"),
        ("{{ row['title'] }} {{ row[\"title\"] }}", "A tale A tale"),
        ("{{ row.deep[0].x }} {{ row.deep[-1]['x'] }}", "found found"),
        ("{{ n }} {{ nothing }}", "7 None"),
        ("{{ name | upper }} {{ name|lower }}", "ADA ada"),
        ("{{ text | truncate(11) }}", "one two..."),
        ("{{ text | replace('one', 'ONE') | title }}", "One Two Three Four"),
        ("{{ gone | default('there') }}", "there"),
        ("{{\nname\n}}", "Ada"),
        ("a\r\n{{ name }}\r\nb ", "a\r\nAda\r\nb "),
    ],
)
def test_a_place_is_filled_in(typed, filled):
    assert fill(typed, NAMES) == filled


def test_what_a_variable_holds_is_never_syntax():
    assert fill("{{ hostile }}", NAMES) == NAMES["hostile"]


@all_cases(
    "typed",
    [
        "{{ 1 + 1 }}", "{{ gone() }}", "{{ gone.title() }}", "{{ gone + other }}", "{{ 'text' }}",
        "{{ _private }}", "{{ gone._private }}", "{{ gone.__class__ }}", "{{ true }}", "{{ self }}",
        "{{ name ", "{ { name } }", "{{color: 'red'}}", "{{{ name }}}", "{% if name %}", "{# x #}",
        "{{}}", "{{ }}", "{{ gone[0:2] }}", "{{ name if n }}", "{{ lipsum() }}", "{{#if name}}",
        "{{ name | upper() if 1 }}", "{{ .Values.name }}", "{{1}}", r"\frac{{1}}{{2}}", "{{/if}}",
        "{{ 'name' }}", "{{ name: 1 }}", "${{ matrix.os == 'x' }}", "{{> name}}",
        "{{else}}", "{{{ n + 1 }}}", "{{ n ", "{{ n + }}", r"\mathbf{{x}_{n}}",
    ],
)  # fmt: skip
def test_another_form_stays_as_typed(typed):
    assert fill(typed, NAMES) == typed


@all_cases(
    "expression",
    [
        "n + 1", "len(text)", "name.upper()", "row[name]", "row['deep'][0:1]", "n if n else 0",
        "name + name", "name.__class__", "row._private", "[x for x in text]", "f'{n}'", "not n",
        "{'a': n}", "{'a': {'b': n}}['a']", "text.split()[0] | upper", "name | replace(name, n)",
        "n,\n  name", "range", "dict(a=1)", "print(1)", "lambda: n", "'\\d' + text", "-n",
    ],
)  # fmt: skip
def test_an_expression_with_a_known_name_is_an_error_that_says_how(expression):
    problem = caught(lambda: fill(f"Tell me: {{{{ {expression} }}}}", NAMES))
    assert type(problem) is BadOption
    assert problem.message.startswith("No expression is run in a prompt: {{ ")
    assert problem.hint.startswith(f"Compute it in its own cell, value = {expression}, and write")
    assert problem.hint.endswith("%%watsonx --raw")


@all_cases(
    ("typed", "advice"),
    [
        # Jinja's marks for blanks
        *((mark, "Write {{ n }}.") for mark in (
            "{{- n -}}", "{{~ n ~}}", "{{+ n }}", "{{ n -}}", "{{-n-}}", "{{-\n n\n-}}")),
        ("{{- name | upper -}}", "Compute it in its own cell, value = name | upper, and write"),
        # slips, and the forms of f-strings and of IPython
        *((mark, "Write {{ n }}.") for mark in (
            "{{ n! }}", "{{ n= }}", "{{ n? }}", "{{ n. }}", "{{ n | }}", "{{ n; }}")),
        ("{{ n:.2f }}", 'Compute it in its own cell, value = f"{n:.2f}", and write'),
        ("{{ name!r }}", 'Compute it in its own cell, value = f"{name!r}", and write'),
        ("{{ n := 2 }}", "Compute it in its own cell, value = (n := 2), and write"),
        # statements and commands
        *((mark, "Do it in a cell of its own") for mark in (
            "{{ n = 2 }}", "{{ n += 1 }}", "{{ n; n }}", "{{ del n }}", "{{ return n }}",
            "{{ x = n + 1 }}", "{{ print n }}", "{{ %time n }}", "{{ import n; n }}")),
    ],
)  # fmt: skip
def test_code_about_a_variable_is_an_error_in_every_other_form(typed, advice):
    problem = caught(lambda: fill(f"Tell me: {typed}", NAMES))
    assert type(problem) is BadOption
    assert problem.message.startswith("No expression is run in a prompt: {{")
    assert problem.hint.startswith(advice)


@all_cases(
    "typed",
    ["{{n: 'red'}}", "{{ n: 5 }}", "{{- .Values.n -}}", "{{- gone -}}", "{{ gone = 2 }}",
     "{{ id = 5 }}", "{{ $n }}", "{{! n }}", "{{ n of the customer }}", "\\frac{{n}+1}{2}"],
)  # fmt: skip
def test_what_is_code_of_another_kind_or_about_nothing_known_stays_as_typed(typed):
    assert fill(typed, NAMES) == typed


def test_an_expression_is_read_and_never_run():
    ran = []
    with pytest.raises(BadOption, match="No expression"):
        fill("{{ ran.append(1) }}", {"ran": ran})
    assert ran == []


def test_each_expression_is_told_once_and_the_others_are_counted():
    typed = "{{ n*2 }} {{ n*2 }} {{ n*3 }} {{ n*4 }} {{ n*5 }}"
    message = caught(lambda: fill(typed, NAMES)).message
    assert "in a prompt: {{ n*2 }}, {{ n*3 }}, {{ n*4 }} and 1 more. A placeholder" in message


def test_expressions_and_missing_names_are_one_error():
    problem = caught(lambda: fill("{{ nam }} {{ n * 2 }} {{ print }} {{ id | upper }}", NAMES))
    assert type(problem) is MissingName
    assert problem.message == (
        "The prompt uses 'nam', which does not exist. For 'nam': Did you mean 'name'?\n"
        "'print', 'id' are names of Python and not variables.\n"
        "No expression is run in a prompt: {{ n * 2 }}. A placeholder takes a variable, its "
        "attributes, its items and filters."
    )


def test_a_name_of_python_is_a_variable_where_the_user_made_it_one():
    assert fill("{{ input }} {{ id }}", {"input": "typed", "id": 7}) == "typed 7"
    with pytest.raises(MissingName, match=r"^'print' is a name of Python and not a variable"):
        fill("{{ print }}", NAMES)


def test_a_text_that_warns_when_python_reads_it_warns_nobody(recwarn):
    assert fill(r"{{ '\d' }} {{ '\w' + gone }}", NAMES) == r"{{ '\d' }} {{ '\w' + gone }}"
    assert list(recwarn) == []


@pytest.mark.parametrize("typed", ["{{ n (" * 20_000, "{{ " * 40_000, "{{ {" * 20_000 + "}}" * 9])
def test_braces_without_end_take_no_time(typed):
    began = time.process_time()
    assert fill(typed, NAMES) == typed
    assert time.process_time() - began < 2


@given(st.text())
def test_any_text_without_a_well_formed_place_goes_out_byte_for_byte(text):
    typed = text.replace("{{", "{ {")
    assert fill(typed, NAMES) == typed


@given(st.text(alphabet="{}% \n\r'\"|.[]()_#x1", max_size=60))
def test_braces_in_any_order_are_text_or_an_error_of_ours(text):
    try:
        fill(text, {})
    except (MissingName, BadOption):
        assert "{{" in text
    else:
        assert fill(text, {}) == text


@given(
    st.text(), st.text().filter(lambda t: "{{" not in t), st.text().filter(lambda t: "}}" not in t)
)
def test_a_value_stands_where_its_place_stood(value, before, after):
    before, after = before.rstrip("{"), after.lstrip("}")
    assert fill(f"{before}{{{{ v }}}}{after}", {"v": value}) == before + value + after


def test_names_that_do_not_exist_are_one_error_with_the_near_name():
    with pytest.raises(MissingName, match=r"'nam', 'row\.titel', which do not exist") as caught:
        fill("{{ nam }} {{ row.titel }} {{ name }}", NAMES)
    assert caught.value.message.endswith("For 'nam': Did you mean 'name'?")
    assert "--raw" in caught.value.hint


def test_a_name_in_capitals_has_near_names_too():
    with pytest.raises(MissingName, match="Did you mean 'DATA_FRAME'"):
        fill("{{ DATA_FRAM }}", {"DATA_FRAME": 1})


def test_the_iterators_of_filters_are_read():
    assert fill("{{ xs | map('upper') }}", {"xs": ["a"]}) == "['A']"


def test_a_filter_that_does_not_exist_is_named():
    with pytest.raises(MissingName, match="the filter 'currency', which does not exist") as one:
        fill("{{ n | currency }}", NAMES)
    assert "Define" not in one.value.hint
    assert "--raw" in one.value.hint
    with pytest.raises(MissingName, match="Did you mean 'upper'"):
        fill("{{ name | replace('| x', '') | uppr }}", NAMES)
    with pytest.raises(MissingName, match="uses 'nam', which"):
        fill("{{ nam | uppr }}", NAMES)


def test_a_filter_that_fails_says_why():
    with pytest.raises(BadOption, match="failed:"):
        fill("{{ text | truncate('x') }}", NAMES)


def test_a_method_is_not_a_text():
    with pytest.raises(BadOption, match="is a function"):
        fill("{{ name.upper }}", NAMES)


def test_blanks_without_end_in_a_filters_brackets_take_no_time():
    began = time.process_time()
    typed = "{{ name | f(" + " " * 20_000
    assert fill(typed, NAMES) == typed
    # quadratic it was 4 s, linear it is under 10 ms
    assert time.process_time() - began < 2


@all_cases("typed", ["{{ key }}", "{{ box.key }}", "{{ key | upper }}", "{{ box }}"])
def test_a_secret_is_never_filled_in(typed):
    value = "s3cret-value-of-some-length"
    names = {"key": Secret(value), "box": {"key": Secret(value)}}
    shown = ""
    with contextlib.suppress(BadOption):
        shown = fill(typed, names, refused_types=(Secret,))
    assert value not in shown


def test_attributes_that_lead_out_of_the_sandbox_stay_closed():
    for typed in ("{{ name | attr('__class__') }}", "{{ row['__class__'] }}"):
        with pytest.raises((MissingName, BadOption)):
            fill(typed, NAMES)


def test_a_value_whose_text_form_fails_is_an_error_of_ours():
    class Broken:
        def __str__(self):
            raise RuntimeError("no text today")

    with pytest.raises(BadOption, match="no text today"):
        fill("{{ x }}", {"x": Broken()})
