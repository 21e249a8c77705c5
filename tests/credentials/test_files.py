"""A file that was named is read; one that merely lies there is not."""

from __future__ import annotations

import json
import logging
import os

import pytest

from wx_notebook.credentials.files import (
    LARGEST,
    from_file,
    from_sandbox,
    lying_about,
    named_by_environment,
)
from wx_notebook.errors import BadOption, NotConnected

FIRST, SECOND = "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST", "b" * 44
PROJECT = "12345678-1234-4123-8123-123456789abc"
EU_DE = "https://eu-de.ml.cloud.ibm.com"
NO_ROOT = pytest.mark.skipif(
    os.name != "posix" or os.geteuid() == 0, reason="everything is readable to this user"
)
#: As IBM Cloud downloads them; the fields beside the key are commonly these.
APIKEY_JSON = {"name": "mine", "description": "", "createdAt": "2026-01-01", "apikey": FIRST}
SERVICE_JSON = {
    "apikey": FIRST, "iam_apikey_description": "x", "iam_apikey_id": "ApiKey-1", "url": EU_DE,
    "iam_role_crn": "crn:v1", "instance_id": PROJECT,
}  # fmt: skip


@pytest.fixture
def write(tmp_path):
    """Write a file that only its owner can read."""

    def written(name, content):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        path.chmod(0o600)
        return path

    return written


def caught_frames(caught):
    """What a debugger shows of our frames."""
    trace, frames = caught.value.__traceback__.tb_next, []
    while trace is not None:
        frames.append(repr(trace.tb_frame.f_locals))
        trace = trace.tb_next
    return "".join(frames)


# --- what it may hold --------------------------------------------------------------------------


@pytest.mark.parametrize("as_text", [json.dumps, lambda x: "\ufeff\n " + json.dumps(x, indent=2)])
def test_the_apikey_json_that_ibm_cloud_downloads_is_read(write, as_text):
    given = from_file(write("apikey.json", as_text(APIKEY_JSON)))
    assert given.api_key.reveal() == FIRST
    assert (given.source, given.notes, given.url) == ("file apikey.json", (), "")


@pytest.mark.parametrize(
    "document", [SERVICE_JSON, {"credentials": SERVICE_JSON, "name": "Service credentials-1"}]
)
def test_service_credentials_bring_their_url(write, document):
    given = from_file(write("service.json", json.dumps(document)))
    assert (given.api_key.reveal(), given.url, given.kind) == (FIRST, EU_DE, "")


@pytest.mark.parametrize(
    "text",
    [
        f"WATSONX_API_KEY={FIRST}\nWATSONX_URL={EU_DE}\n",
        f"# mine\r\nexport WATSONX_API_KEY='{FIRST}'\r\n\r\nWX_URL = \"{EU_DE}\" # there\r\n",
        f"\ufeffWATSONX_APIKEY={FIRST}\nWATSONX_URL_HOST=eu-de.ml.cloud.ibm.com",
    ],
)
def test_an_env_file_is_read_by_the_names_of_the_environment(write, monkeypatch, text):
    for name in ("WATSONX_API_KEY", "WATSONX_URL"):
        monkeypatch.delenv(name, raising=False)
    before = dict(os.environ)
    given = from_file(write(".env", text))
    assert (given.api_key.reveal(), given.url) == (FIRST, EU_DE)
    assert (given.source, given.notes) == ("file .env", ())
    assert dict(os.environ) == before, "nothing is written into the environment"


def test_the_environment_says_nothing_about_what_stands_in_a_file(write, monkeypatch):
    monkeypatch.setenv("OTHER", SECOND)
    given = from_file(write(".env", "WATSONX_API_KEY=${OTHER}\nWATSONX_PASSWORD=a$OTHER"))
    assert given.api_key.reveal() == "${OTHER}"


def test_a_file_names_what_it_shadows_inside_itself(write):
    given = from_file(write("my.env", f"WATSONX_API_KEY={FIRST}\nWATSONX_TOKEN=t\n"))
    assert (given.source, given.shadowed) == ("file my.env", ("file my.env (WATSONX_TOKEN)",))
    assert (
        from_file(write("my.env", f"WX_API_KEY={FIRST}"), source="profile x").source == "profile x"
    )


def test_a_line_that_cannot_be_read_is_told_by_its_number_and_never_quoted(write, caplog):
    caplog.set_level(logging.DEBUG)
    text = f"WATSONX_API_KEY={FIRST}\n\n\nWATSONX_APIKEY: {SECOND}\nOK=1\nX='{SECOND}\n"
    given = from_file(write(".env", text))
    assert given.notes == ("Lines 4, 6 of .env cannot be read.",)
    assert caplog.text == ""


def test_a_tilde_is_the_home_folder(write, tmp_path, monkeypatch):
    write("apikey.json", json.dumps(APIKEY_JSON))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    assert from_file("~/apikey.json").api_key.reveal() == FIRST


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX")
@pytest.mark.parametrize(
    ("mode", "told"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True)]
)
def test_a_file_that_others_can_read_is_mentioned_with_the_command(write, mode, told):
    path = write("my key.json", json.dumps(APIKEY_JSON))
    path.chmod(mode)
    notes = from_file(path).notes
    assert bool(notes) == told
    if told:
        assert notes == (f"others on this machine can read my key.json: chmod 600 '{path}'",)


# --- what cannot be read -----------------------------------------------------------------------


def test_a_file_that_is_not_there_is_named_with_the_nearest_name(write, tmp_path):
    write("apikey.json", "{}")
    with pytest.raises(BadOption, match=r"There is no file '.*apikye\.json'") as caught:
        from_file(tmp_path / "apikye.json")
    assert "Did you mean 'apikey.json'?" in caught.value.message
    assert caught.value.__context__ is None
    with pytest.raises(BadOption, match="There is no file") as caught:
        from_file("nowhere/at/all.json")
    assert "Did you mean" not in caught.value.message


@pytest.mark.parametrize("name", ["\0", "x" * 5_000, "~nobody-of-this-name/x", ""])
def test_what_cannot_be_the_name_of_a_file_is_an_error_of_ours(name):
    with pytest.raises(BadOption) as caught:
        from_file(name)
    assert caught.value.hint
    assert caught.value.__context__ is None


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(BadOption, match="is a folder"):
        from_file(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(BadOption, match="not an ordinary file"):
        from_file(tmp_path / "pipe")


@NO_ROOT
def test_a_file_that_is_not_ours_to_read_says_so(write):
    path = write("apikey.json", json.dumps(APIKEY_JSON))
    path.chmod(0)
    with pytest.raises(BadOption, match="Permission denied") as caught:
        from_file(path)
    assert caught.value.__context__ is None


def test_a_file_that_is_far_too_large_is_not_read(write):
    with pytest.raises(BadOption, match="far too large"):
        from_file(write("big.env", b"#" * (LARGEST + 1)))


@pytest.mark.parametrize("content", [b"\xff\xfeW\0A\0", b"WATSONX_API_KEY=\xe4" + FIRST.encode()])
def test_a_file_that_is_not_utf_8_says_how_to_save_it(write, content):
    with pytest.raises(BadOption, match="not a text in UTF-8") as caught:
        from_file(write(".env", content))
    assert "UTF-8" in caught.value.hint
    assert caught.value.__context__ is None
    assert FIRST not in str(caught.value) + caught_frames(caught)


@pytest.mark.parametrize("text", ["{", '{"apikey": "' + FIRST, "{" * 100_000, '{"a":' * 100_000])
def test_json_that_is_broken_is_said_without_its_text(write, text):
    with pytest.raises(BadOption, match="begins like JSON and is none") as caught:
        from_file(write("apikey.json", text))
    assert caught.value.__context__ is None
    assert FIRST not in str(caught.value) + caught_frames(caught)


# --- no credential inside ----------------------------------------------------------------------


def test_json_without_a_key_names_what_it_has_instead(write):
    document = {"apikye": FIRST, "name": "mine", FIRST: "x", "apikey": ""}
    with pytest.raises(NotConnected, match=r"apikey\.json has no API key inside") as caught:
        from_file(write("apikey.json", json.dumps(document)))
    assert "Did you mean 'apikey'?" in caught.value.message
    assert "nothing in apikey" in caught.value.message
    assert FIRST not in str(caught.value) + caught_frames(caught)


@pytest.mark.parametrize("value", [7, None, [FIRST], {"x": FIRST}, True])
def test_a_key_that_is_no_text_is_refused_without_being_shown(write, value):
    with pytest.raises((BadOption, NotConnected)) as caught:
        from_file(write("apikey.json", json.dumps({"apikey": value})))
    assert FIRST not in str(caught.value) + caught_frames(caught)


def test_an_env_file_without_a_key_offers_the_nearest_name(write):
    text = f"WATSONX_APIKY={FIRST}\nWATSONX_URL={EU_DE}\n{SECOND}\n"
    with pytest.raises(NotConnected, match="only WATSONX_URL") as caught:
        from_file(write(".env", text))
    assert "Did you mean 'WATSONX_APIKEY'?" in caught.value.message
    shown = str(caught.value) + caught_frames(caught)
    assert FIRST not in shown
    assert SECOND not in shown


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing", FIRST, "A=1", f"X: {FIRST}", "[]"])
def test_a_file_about_something_else_says_how_to_write_the_key_into_it(write, text):
    with pytest.raises(NotConnected, match="no API key, token or password inside") as caught:
        from_file(write(".env", text))
    assert "WATSONX_API_KEY=" in caught.value.hint
    assert FIRST not in str(caught.value) + caught_frames(caught)


def test_a_file_made_of_blanks_is_read_at_once(write):
    # python-dotenv looks for a comment behind each of them: a million blanks took minutes
    text = "A=x" + " " * 900_000 + f"y\nWATSONX_API_KEY={FIRST}"
    assert from_file(write(".env", text)).api_key.reveal() == FIRST


# --- files that others name --------------------------------------------------------------------


def test_the_file_that_ibms_sdks_share_is_read_where_the_environment_names_it(write):
    path = write("ibm.env", f"WATSONX_AI_AUTH_TYPE=iam\nWATSONX_AI_APIKEY={FIRST}\n")
    given = named_by_environment({"IBM_CREDENTIALS_FILE": str(path)})
    assert (given.source, given.kind) == ("file ibm.env (IBM_CREDENTIALS_FILE)", "iam")
    assert given.api_key.reveal() == FIRST


@pytest.mark.parametrize("content", [None, "DISCOVERY_APIKEY=x", "WATSONX_AI_AUTH_TYPE=noauth"])
def test_such_a_file_about_another_service_is_no_fault_of_ours(write, tmp_path, content):
    path = tmp_path / "ibm.env" if content is None else write("ibm.env", content)
    assert named_by_environment({"IBM_CREDENTIALS_FILE": str(path)}) is None
    assert named_by_environment({}) is None
    assert named_by_environment({"IBM_CREDENTIALS_FILE": " "}) is None


def test_files_that_lie_about_are_named_and_not_read(write, tmp_path):
    assert lying_about(tmp_path) == ()
    write(".env", f"WATSONX_API_KEY={FIRST}")
    write("apikey.json", b"\xff not read at all")
    write("ibm-credentials.env", "")
    assert lying_about(tmp_path) == (".env", "apikey.json", "ibm-credentials.env")


@pytest.mark.parametrize(
    "content", ["DATABASE_URL=x", f"WATSONX_URL={EU_DE}", "WATSONX_API_KEY=", b"\xff", "",
                "#WATSONX_API_KEY=x", b"#" * (LARGEST + 1)]
)  # fmt: skip
def test_an_env_file_about_something_else_is_not_mentioned(write, tmp_path, content):
    write(".env", content)
    assert lying_about(tmp_path) == ()


def test_looking_about_never_fails(tmp_path):
    assert lying_about(tmp_path / "nowhere") == ()
    (tmp_path / ".env").mkdir()
    (tmp_path / "apikey.json").symlink_to(tmp_path / "apikey.json")
    assert lying_about(tmp_path) == ()
    assert lying_about(type(tmp_path)("\0")) == ()


# --- the sandbox -------------------------------------------------------------------------------


def test_the_sandbox_beside_this_kernel_is_read(write):
    document = {"api_key": FIRST, "url": "http://127.0.0.1:99", "project_id": PROJECT}
    given = from_sandbox({"WX_NOTEBOOK_SANDBOX": str(write("s.json", json.dumps(document)))})
    assert (given.source, given.api_key.reveal()) == ("sandbox", FIRST)
    assert (given.url, given.project_id) == ("http://127.0.0.1:99", PROJECT)


@pytest.mark.parametrize(
    "content",
    [None, b"", b"[]", b"7", b"{}", b"\xff", b'{"api_key": 7, "url": "", "project_id": ""}'],
)  # fmt: skip
def test_a_sandbox_that_has_ended_counts_as_none(write, tmp_path, content):
    path = tmp_path / "s.json" if content is None else write("s.json", content)
    assert from_sandbox({"WX_NOTEBOOK_SANDBOX": str(path)}) is None
    assert from_sandbox({}) is None
