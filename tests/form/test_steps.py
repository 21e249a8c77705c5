"""The conversation without a browser: what happened goes in, what is to be seen comes out."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from wx_notebook import errors
from wx_notebook.credentials import endpoints
from wx_notebook.form import Lists, Typed, steps
from wx_notebook.form.page import PARTS, module
from wx_notebook.form.steps import View, as_json
from wx_notebook.form.words import word, words
from wx_notebook.service import Place, Project
from wx_notebook.session.finding import Choice, Step

ID = "12345678-1234-4123-8123-123456789abc"
FRANKFURT = endpoints(region="eu-de")
HERE = Place(FRANKFURT, Project(ID, "My project", True))
PAGE = Path(steps.__file__).parent / "page"


def after(*events: Step) -> View:
    view = steps.began(View(), Typed(where="eu-de"))
    for event in events:
        view = steps.stepped(view, event)
    return view


def shown(view: View) -> list[tuple[str, str, str]]:
    return [(s["name"], s["state"], s["text"]) for s in as_json(view)["steps"]]


def test_each_step_is_a_line_with_its_own_mark_in_the_order_of_a_sign_in():
    view = after(
        Step("model", "busy"),
        Step("key", "ok", "jane"),
        Step("region", "ok", "eu-de (Frankfurt)"),
        Step("project", "ok", "My project", place=HERE),
        Step("runtime", "ok"),
    )
    assert shown(view) == [
        ("key", "ok", "The key is accepted, of jane"),
        ("region", "ok", "Region eu-de (Frankfurt)"),
        ("project", "ok", "Project My project"),
        ("runtime", "ok", "It has a watsonx.ai Runtime"),
        ("model", "busy", "The models of the region are asked"),
    ]
    space = Place(FRANKFURT, Project(ID, "S", True, "space"))
    assert shown(after(Step("project", "ok", "S", place=space)))[0][2] == "Space S"
    assert shown(after(Step("key", "ok")))[0][2] == "The key is accepted"


REPAIRS = [
    (
        Step("key", "bad", problem=errors.KeyRefused("IAM says no.", hint="Make another.")),
        "https://cloud.ibm.com/iam/apikeys",
    ),
    (
        Step("runtime", "bad", problem=errors.NoRuntime("None.", hint="Associate."), place=HERE),
        f"https://eu-de.dataplatform.cloud.ibm.com/projects/{ID}/manage/services?context=wx",
    ),
    (
        Step("project", "bad", problem=errors.ProjectError("None found."), place=FRANKFURT),
        "https://eu-de.dataplatform.cloud.ibm.com/projects?context=wx",
    ),
    (
        Step("project", "bad", problem=errors.ProjectError("Unknown.")),
        "https://dataplatform.cloud.ibm.com/projects?context=wx",
    ),
    (Step("key", "bad", problem=errors.ServiceDown("IAM is away.")), None),
]


@pytest.mark.parametrize(("step", "href"), REPAIRS, ids=lambda it: getattr(it, "name", ""))
def test_a_step_that_failed_has_its_reason_its_repair_and_the_exact_page(step, href):
    (line,) = as_json(after(step))["steps"]
    assert (line["state"], line["why"]) == ("bad", step.problem.message)
    assert line["repair"] == step.problem.hint
    assert (line["link"] or {}).get("href") == href


def test_an_account_that_is_not_of_ibm_cloud_is_led_to_none_of_its_pages():
    cluster = endpoints(url="https://cpd.example.com", kind="software")
    aws = endpoints(region="us-east-1")
    assert aws.kind == "mcsp"
    key, project = errors.KeyRefused("No."), errors.ProjectError("Unknown.")
    for name, problem, place, kind, href in [
        ("key", key, FRANKFURT, "cluster", "https://cloud.ibm.com/iam/apikeys"),
        ("key", key, cluster, "cloud", None),
        ("key", key, aws, "cloud", None),
        ("key", key, None, "cluster", None),
        ("project", project, cluster, "cloud", None),
        ("project", project, None, "cluster", None),
        ("project", project, None, "aws", None),
    ]:
        view = steps.began(View(), Typed(kind=kind))
        view = steps.stepped(view, Step(name, "bad", problem=problem, place=place))
        link = as_json(view)["steps"][0]["link"]
        assert (link and link["href"]) == href, (name, place, kind)
    view = steps.stepped(View(), Step("project", "bad", problem=project, place=aws))
    assert ".aws." in as_json(view)["steps"][0]["link"]["href"]


def test_a_sandbox_has_no_page_of_ibm_cloud():
    place = Place(endpoints(url="http://127.0.0.1:1"), HERE.project)
    step = Step("runtime", "bad", problem=errors.NoRuntime("None."), place=place)
    assert as_json(after(step))["steps"][0]["link"] is None


ABOUT = [
    (errors.KeyRefused("x"), "key"),
    (errors.NotConnected("x"), "key"),
    (errors.TokenRefused("x"), "key"),
    (errors.UnknownRegion("x"), "region"),
    (errors.HostRefused("x"), "region"),
    (errors.ProjectError("x"), "project"),
    (errors.NoRuntime("x"), "runtime"),
    (errors.ModelError("x"), "model"),
]


@pytest.mark.parametrize(("problem", "name"), ABOUT, ids=lambda it: type(it).__name__)
def test_an_error_stands_at_the_step_that_it_is_about(problem, name):
    (line,) = as_json(steps.failed(View(), problem))["steps"]
    assert (line["name"], line["invalid"]) == (name, True)


def test_another_error_stands_at_the_step_under_way_and_blames_no_field():
    view = steps.failed(after(Step("region", "busy")), errors.ServiceDown("Away.", hint="Wait."))
    (line,) = as_json(view)["steps"]
    assert (line["name"], line["why"], line["invalid"]) == ("region", "Away.", False)
    assert steps.failed(View(), errors.ServiceDown("Away.")).trouble.message == "Away."


def test_nothing_stays_in_progress_once_it_has_ended():
    busy = after(Step("key", "ok"), Step("region", "busy"))
    assert list(steps.settled(busy, "").steps) == ["key"]
    assert list(steps.objected(busy, steps.Trouble("Interrupted.")).steps) == ["key"]


def test_a_list_has_names_regions_and_the_last_used_and_stays_after_a_choice_that_failed():
    bare = Place(FRANKFURT, Project("2", "", False, "space"))
    silent = (endpoints(region="jp-tok"),)
    view = steps.offered(after(), Choice((HERE, bare), (ID,), silent), Lists(("m",), "m"))
    assert view.phase == "choosing"
    assert [tuple(item.values()) for item in as_json(view)["places"]] == [
        (ID, "My project", "project", "eu-de (Frankfurt)", True, True),
        ("2", "2", "space", "eu-de (Frankfurt)", False, False),
    ]
    assert view.silent == "No answer in time from jp-tok."
    view = steps.failed(steps.began(view), errors.ProjectError("It is gone."))
    view = steps.settled(view, "")
    assert (view.phase, len(view.places)) == ("choosing", 2)
    done = steps.settled(view, "connected", ("note",), done=True)
    assert (done.phase, done.places, done.steps, done.notes) == ("connected", (), {}, ("note",))


def test_where_no_list_says_what_a_project_has_nothing_is_said_of_any():
    place = Place(FRANKFURT, Project(ID, "P", False))
    view = steps.offered(View(), Choice((place,)), Lists())
    assert as_json(view)["places"][0]["ready"]


def test_a_log_out_leaves_the_fields_as_they_were_at_first():
    view = steps.settled(after(Step("key", "ok")), "connected", done=True)
    assert steps.out(view) == View(typed=Typed(where="eu-de"))


def test_a_new_try_forgets_what_was_wrong_before():
    view = steps.failed(View(), errors.KeyRefused("No."))
    assert steps.began(view, Typed()).steps == {}


def test_a_message_has_at_most_five_lines_and_a_hint():
    problem = errors.ServiceDown("\n".join("abcdefgh"), hint="Try\nagain.")
    assert steps.told(problem) == ("a\nb\nc\nd\ne", "Try again.")


def test_a_view_is_json():
    view = steps.offered(after(Step("key", "ok")), Choice((HERE,)), Lists())
    assert json.loads(json.dumps(as_json(view))) == as_json(view)


# --- words and looks ---------------------------------------------------------------------------


def test_all_words_stand_in_one_table_and_each_is_used():
    python = [p.read_text(encoding="utf-8") for p in Path(steps.__file__).parents[1].rglob("*.py")]
    source = "\n".join([*python, *((PAGE / name).read_text(encoding="utf-8") for name in PARTS)])
    unused = []
    for name in words():
        stem = name.rpartition(".")[0]
        quoted = f'"{name}"' in source or f"WORDS.{name}" in source
        built = any(f"{mark}{start}.${{" in source or f"{mark}{start}.{{" in source
                    for start in (stem, stem.partition(".")[0]) for mark in "`\"'")  # fmt: skip
        by_kind = re.search(rf'wordFor\([`"]{re.escape(stem)}', source) is not None
        by_field = name.startswith(("secret.", "where", "billed_to", "username", "help."))
        if not (quoted or built or by_kind or by_field):
            unused.append(name)
    assert unused == []


def test_a_place_in_a_text_is_filled_in_and_foreign_text_is_none():
    assert word("step.region.ok", found="{found}") == "Region {found}"


def test_the_page_says_nothing_that_is_not_in_the_table():
    for name in PARTS:
        source = re.sub(r"/\*.*?\*/|//[^\n]*", "", (PAGE / name).read_text(), flags=re.DOTALL)
        for text in re.findall(r'"([^"\n]*)"', source):
            assert not re.fullmatch(r"[A-Z][a-z]+( [a-z]+)+.*", text), (name, text)


def test_the_module_is_one_and_loads_nothing():
    source = module()
    assert source.startswith("const WORDS = {")
    assert source.rstrip().endswith("export default { render };")
    assert not re.search(
        r"^\s*import\b|\bimport\(|fetch\(|XMLHttpRequest|eval\(", source, re.MULTILINE
    )
    assert not re.search(r"localStorage|sessionStorage|document\.cookie|console\.", source)
    assert "innerHTML" not in source


def test_no_colour_and_no_font_stands_outside_the_fallback_of_a_variable():
    css = re.sub(r"/\*.*?\*/", "", (PAGE / "form.css").read_text(), flags=re.DOTALL)
    bare = re.sub(r"var\((--[\w-]+)[^)]*\)", r"\1", css)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgba?\(|hsla?\(", bare)
    for name, value in re.findall(r"([\w-]+):\s*([^;{}]+);", bare):
        if name in ("color", "background", "background-color", "border-color", "font-family"):
            assert value.startswith("--jp-") or value in ("currentcolor", "--wxn-on-accept"), value
        if name == "border-left-color":
            assert value.startswith("--jp-")
    for variable in re.findall(r"var\(([^)]*)\)", css):
        assert "," in variable, f"{variable} has no fallback"
