"""Inside watsonx Studio nobody types anything."""

from __future__ import annotations

import os

import pytest
from support.cases import all_cases

from wx_notebook.credentials.hosts import endpoints
from wx_notebook.credentials.studio import from_studio
from wx_notebook.errors import TokenRefused

PROJECT = "12345678-1234-4123-8123-123456789abc"
SPACE = "87654321-1234-4123-8123-123456789abc"


def test_outside_of_studio_there_is_nothing():
    assert from_studio({}) is None
    assert from_studio({"PROJECT_ID": PROJECT, "RUNTIME_ENV_APSX_URL": "https://x.y"}) is None
    assert from_studio({"USER_ACCESS_TOKEN": "  "}) is None
    assert from_studio({"USER_ACCESS_TOKEN": "Bearer "}) is None


def test_the_runtimes_own_token_address_and_project_are_taken():
    given = from_studio(
        {
            "USER_ACCESS_TOKEN": "Bearer eyJ.a.b",
            "RUNTIME_ENV_APSX_URL": "https://api.eu-de.dataplatform.cloud.ibm.com",
            "PROJECT_ID": PROJECT,
            "SPACE_ID": SPACE,
        }
    )
    assert given.token().reveal() == "eyJ.a.b"
    assert (given.source, given.kind) == ("watsonx Studio", "")
    assert (given.project_id, given.space_id) == (PROJECT, SPACE)
    assert endpoints(url=given.url).place == "eu-de"


@all_cases("typed", ["t0ken", "Bearer t0ken", "bearer  t0ken\n", "  BEARER t0ken "])
def test_the_word_bearer_is_taken_off(typed):
    assert from_studio({"USER_ACCESS_TOKEN": typed}).token().reveal() == "t0ken"


def test_a_token_that_only_begins_like_the_word_is_left_whole():
    assert from_studio({"USER_ACCESS_TOKEN": "bearertoken"}).token().reveal() == "bearertoken"


def test_the_platform_renews_file_and_variable_so_both_are_read_anew(tmp_path):
    file = tmp_path / "token"
    file.write_text("\ufeffBearer first\n", encoding="utf-8")
    environ = {"RUNTIME_ENV_ACCESS_TOKEN_FILE": str(file), "USER_ACCESS_TOKEN": "of the variable"}
    token = from_studio(environ).token
    assert token().reveal() == "first", "the file wins"
    file.write_text("second")
    assert token().reveal() == "second"
    file.unlink()
    assert token().reveal() == "of the variable"
    environ["USER_ACCESS_TOKEN"] = "renewed"
    assert token().reveal() == "renewed"


def test_a_token_that_is_gone_is_said_so_with_what_to_do(tmp_path):
    file = tmp_path / "token"
    file.write_text("first")
    token = from_studio({"RUNTIME_ENV_ACCESS_TOKEN_FILE": str(file)}).token
    file.unlink()
    with pytest.raises(TokenRefused, match="token is gone") as caught:
        token()
    assert "%watsonx login" in caught.value.hint
    assert caught.value.__context__ is None


@all_cases("content", [None, b"", b"  \n", b"\xff\xfe", b"x" * 200_000])
def test_a_file_without_a_token_counts_as_none(tmp_path, content):
    file = tmp_path / "token"
    if content is not None:
        file.write_bytes(content)
    assert from_studio({"RUNTIME_ENV_ACCESS_TOKEN_FILE": str(file)}) is None
    both = {"RUNTIME_ENV_ACCESS_TOKEN_FILE": str(file), "USER_ACCESS_TOKEN": "other"}
    assert from_studio(both).token().reveal() == "other"


@pytest.mark.parametrize("name", ["\0", "/nowhere/at/all", "."])
def test_a_name_of_no_file_counts_as_none(name):
    assert from_studio({"RUNTIME_ENV_ACCESS_TOKEN_FILE": name}) is None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_under_that_name_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    assert from_studio({"RUNTIME_ENV_ACCESS_TOKEN_FILE": str(tmp_path / "pipe")}) is None


@all_cases(
    ("url", "kind"),
    [
        ("https://internal-nginx-svc:12443", "software"),
        ("https://internal-nginx-svc.zen.svc.cluster.local:12443", "software"),
        ("https://internal-nginx-svc-evil.example.com", ""),
        ("https://internal-nginx-svc.evil.example.com", ""),
        ("https://internal-nginx-svc.zen.svc.evil.com", ""),
        ("https://example.com/internal-nginx-svc", ""),
        ("https://api.dataplatform.cloud.ibm.com", ""),
        ("https://[", ""),
        ("", ""),
    ],
)
def test_the_address_inside_a_cluster_says_that_it_is_one(url, kind):
    given = from_studio({"USER_ACCESS_TOKEN": "t", "RUNTIME_ENV_APSX_URL": url})
    assert (given.url, given.kind) == (url, kind)


def test_an_id_that_is_none_is_left_away():
    given = from_studio({"USER_ACCESS_TOKEN": "t", "PROJECT_ID": "google", "SPACE_ID": ""})
    assert (given.project_id, given.space_id) == ("", "")


def test_what_was_found_shows_no_token():
    given = from_studio({"USER_ACCESS_TOKEN": "t0ken-of-the-runtime"})
    assert "t0ken-of-the-runtime" not in f"{given!r} {given.token!r} {given.token()!r}"
