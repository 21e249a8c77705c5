"""Filling in: what is a place, what is text, and what a place may be filled with."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wx_notebook.credentials import Secret
from wx_notebook.errors import BadOption, MissingName
from wx_notebook.prompt import fill

NAMES = {
    "name": "Ada",
    "row": {"title": "A tale", "items": 3, "deep": [{"x": "found"}]},
    "n": 7,
    "nothing": None,
    "text": "one two three four",
    "hostile": "{{ name }} {% raw %} \\ $",
}


@pytest.mark.parametrize(
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


@pytest.mark.parametrize(
    "typed",
    [
        "{{ 1 + 1 }}", "{{ name() }}", "{{ row.title() }}", "{{ name + name }}", "{{ 'text' }}",
        "{{ _private }}", "{{ row._private }}", "{{ name.__class__ }}", "{{ true }}", "{{ range }}",
        "{{ name ", "{ { name } }", "{{color: 'red'}}", "{{{ name }}}", "{% if name %}", "{# x #}",
        "{{}}", "{{ }}", "{{ row[name] }}", "{{ row[0:2] }}", "{{ name if n }}", "{{ lipsum() }}",
        "{{ name | upper() if 1 }}", "{{ name | replace(name, n) }}",
    ],
)  # fmt: skip
def test_another_form_stays_as_typed(typed):
    assert fill(typed, NAMES) == typed


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


def test_an_iterator_of_the_user_is_not_used_up():
    numbers = iter([1, 2])
    fill("{{ numbers }}", {"numbers": numbers})
    assert list(numbers) == [1, 2]
    assert fill("{{ xs | map('upper') }}", {"xs": ["a"]}) == "['A']"


def test_a_filter_that_does_not_exist_is_named():
    with pytest.raises(MissingName, match="the filter 'currency', which does not exist") as one:
        fill("{{ n | currency }}", NAMES)
    assert "Define" not in one.value.hint
    assert "--raw" in one.value.hint
    with pytest.raises(MissingName, match="Did you mean 'upper'"):
        fill("{{ name | replace('| x', '') | uppr }}", NAMES)
    with pytest.raises(MissingName, match="asks for 'nam', which"):
        fill("{{ nam | uppr }}", NAMES)


def test_a_filter_that_fails_says_why():
    with pytest.raises(BadOption, match="cannot be filled in"):
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


@pytest.mark.parametrize("typed", ["{{ key }}", "{{ box.key }}", "{{ key | upper }}", "{{ box }}"])
def test_a_secret_is_never_filled_in(typed):
    value = "s3cret-value-of-some-length"
    names = {"key": Secret(value), "box": {"key": Secret(value)}}
    shown = ""
    with contextlib.suppress(BadOption):
        shown = fill(typed, names, refused=(Secret,))
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
