"""A file that was named is read; one that merely lies there is not."""

from __future__ import annotations

import json
import logging
import os

import pytest
from support.cases import all_cases

from wx_notebook.credentials.connection_params import ConnectionParams
from wx_notebook.credentials.hosts import endpoints_of
from wx_notebook.credentials.parsing.file_access import LARGEST_FILE
from wx_notebook.credentials.parsing.files import (
    find_unread_files,
    from_file,
    from_ibm_variable,
    from_sandbox,
)
from wx_notebook.credentials.provider_chain import find_credentials
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import BadOption, HostRefused, KeyRefused, NotConnected

FIRST, SECOND = (
    "Zq7_kEyCaNaRy-0123456789abcdefghijklmnopQRST",  # pragma: allowlist secret
    "b9" * 22,
)  # pragma: allowlist secret
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


@all_cases(
    ("text", "key"),
    [
        ("WATSONX_API_KEY=${OTHER}", SECOND),
        (f"OTHER={FIRST}\nWATSONX_API_KEY=${{OTHER}}", FIRST),
        (f"WATSONX_API_KEY=${{MISSING:-{FIRST}}}", FIRST),
        (f"WATSONX_API_KEY=${{OTHER:-{FIRST}}}", SECOND),
        ('A="${OTHER}"\nWATSONX_API_KEY="${A}"', SECOND),
        (f"WATSONX_API_KEY={FIRST}${{MISSING}}", FIRST),
        ("$env:WATSONX_API_KEY = ${OTHER}", SECOND),
    ],
)  # fmt: skip
def test_a_reference_in_a_value_is_expanded_as_python_dotenv_does(write, monkeypatch, text, key):
    monkeypatch.setenv("OTHER", SECOND)
    assert from_file(write(".env", text)).api_key.reveal() == key


@all_cases(
    "text",
    ["WATSONX_API_KEY=${MISSING}", "WATSONX_API_KEY=${WATSONX_API_KEY}",
     "A=${WATSONX_API_KEY}\nWATSONX_API_KEY=${A}", "WATSONX_API_KEY=${MISSING:-}"],
)  # fmt: skip
def test_a_reference_to_nothing_or_in_a_circle_is_no_key(write, text):
    with pytest.raises(NotConnected, match="no API key, token or password inside"):
        from_file(write(".env", text))


def test_a_reference_that_is_not_filled_in_is_told_by_its_name(write):
    with pytest.raises(NotConnected, match="It refers to MY_KEY, which is not set"):
        from_file(write(".env", "WATSONX_API_KEY=${MY_KEY}"))


def test_a_reference_without_braces_is_refused_before_a_request(write):
    found = from_file(write(".env", "WATSONX_API_KEY=$OTHER"))
    with pytest.raises(KeyRefused, match="a reference to a value"):
        find_credentials(found, {})


def test_a_key_of_the_environment_does_not_go_to_the_host_of_a_file(write, monkeypatch):
    """A cloned repository could bring such a file, and name its own cluster in it."""
    monkeypatch.setenv("OTHER", SECOND)
    text = (
        "WATSONX_API_KEY=${OTHER}\nWATSONX_USERNAME=jane\nWATSONX_AI_AUTH_TYPE=cp4d\n"
        "WATSONX_URL=https://cpd.example.com\n"
    )
    with pytest.raises(HostRefused):
        endpoints_of(from_file(write(".env", text)))
    assert endpoints_of(from_file(write(".env", text.replace("${OTHER}", FIRST)))).kind


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
    assert given.shadowed == ("file .env (WATSONX_APIKEY)",)
    assert given.notes == ("Line 6 of .env can't be read.",)
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
        assert notes == (
            f"other users of this machine can read my key.json. To change that: chmod 600 '{path}'",
        )


# --- the ways of other shells and other files ----------------------------------------------------

WAYS = [
    '$env:WATSONX_API_KEY="{key}"\n$env:WATSONX_URL = \'{url}\'',
    "${{env:WATSONX_API_KEY}} = '{key}'\r\n$Env:WATSONX_URL='{url}'  # mine",
    ('[Environment]::SetEnvironmentVariable("WATSONX_API_KEY", "{key}", "User")\n'
    "[System.Environment]::SetEnvironmentVariable('WATSONX_URL', '{url}')"),
    'Set-Item -Path Env:WATSONX_API_KEY -Value "{key}"\nSet-Item Env:\\WATSONX_URL "{url}"',
    "@echo off\r\nREM mine\r\nset WATSONX_API_KEY={key}\r\nset WATSONX_URL={url}\r\n",
    'set "WATSONX_API_KEY={key}"\n:: mine\nSET "WATSONX_URL={url}"',
    'setx WATSONX_API_KEY "{key}"\nsetx WATSONX_URL {url} /M',
    "set -x WATSONX_API_KEY {key}\nset -gx WATSONX_URL '{url}'",
    "set -U -x WATSONX_API_KEY {key}\nset --export WATSONX_URL {url}",
    "setenv WATSONX_API_KEY {key}\nsetenv WATSONX_URL '{url}'",
    'declare -x WATSONX_API_KEY="{key}"\ntypeset -x WATSONX_URL="{url}"',
    "%env WATSONX_API_KEY={key}\n%set_env WATSONX_URL {url}",
    'os.environ["WATSONX_API_KEY"] = "{key}"\nos.environ[\'WATSONX_URL\']="{url}"',
    "ENV WATSONX_API_KEY={key}\nENV WATSONX_URL {url}",
    'Environment="WATSONX_API_KEY={key}"\nEnvironment=WATSONX_URL={url}',
    'WATSONX_API_KEY: {key}\nWATSONX_URL: "{url}" # there',
    "---\nenv:\n  WATSONX_API_KEY: '{key}'\n  WATSONX_URL: {url}",
    "services:\n  app:\n    environment:\n      - WATSONX_API_KEY={key}\n      - WATSONX_URL={url}",
    "env:\n- name: WATSONX_API_KEY\n  value: {key}\n- name: WATSONX_URL\n  value: '{url}'",
    "kind: Secret\nstringData:\n  WATSONX_API_KEY: {key}\n  WATSONX_URL: {url}",
    '"WATSONX_API_KEY": "{key}",\n"WATSONX_URL": "{url}",',
    '{{"env": {{"WATSONX_API_KEY": "{key}", "WATSONX_URL": "{url}"}}}}',
    '[watsonx]\napi_key = "{key}"\nurl = "{url}"\n[other]\napi_key = "no"\nurl = "http://x.y"',
    "[openai]\napi_key = no\n[ibm]\n; mine\napikey = {key}\nservice_url = {url}",
    "watsonx:\n  api_key: {key}\n  url: {url}\nopenai:\n  api_key: no",
    "quarkus.langchain4j.watsonx.api-key={key}\nquarkus.langchain4j.watsonx.base-url={url}",
    "watsonx.api.key={key}\n! mine\nwatsonx.url={url}",
    "apikey={key}\nurl={url}",
    "API key: {key}\nURL: {url}",
    '{{"apiKey": "{key}", "url": "{url}"}}',
    "set -gx WATSONX_API_KEY '{key}';\nset -gx WATSONX_URL {url};",
    "watsonx.apikey: {key}\nwatsonx.url: https\\://eu-de.ml.cloud.ibm.com",
    "watsonx_api_key={key}\nwatsonx_url={url}",
    'VCAP_SERVICES={{"pm-20": [{{"credentials": {{"apikey": "{key}", "url": "{url}"}}}}]}}',
    ('{{"VCAP_SERVICES": {{"cloudant": [{{"credentials": {{"apikey": "no"}}}}], "pm-20": '
    '[{{"label": "pm-20", "credentials": {{"apikey": "{key}", "url": "{url}"}}}}]}}}}'),
    ('{{"cloudantNoSQLDB": [{{"credentials": {{"apikey": "no"}}}}], "user-provided": '
    '[{{"name": "my-watsonx", "credentials": {{"apikey": "{key}", "url": "{url}"}}}}]}}'),
    '[{{"name": "key-1", "credentials": {{"apikey": "{key}", "url": "{url}"}}}}]',
    # several in one line, and commands behind them
    "WATSONX_API_KEY={key}; export WATSONX_API_KEY\nWATSONX_URL='{url}'; export WATSONX_URL",
    "export WATSONX_API_KEY={key} WATSONX_URL={url} # mine",
    "set WATSONX_API_KEY={key}&& set WATSONX_URL={url}",
    'set "WATSONX_API_KEY={key}" & set "WATSONX_URL={url}"',
    "WATSONX_API_KEY={key} WATSONX_URL={url} jupyter lab",
    "ENV WATSONX_API_KEY={key} WATSONX_URL={url}",
    'docker run -e WATSONX_API_KEY={key} -e "WATSONX_URL={url}" image',
    "heroku config:set WATSONX_API_KEY={key} WATSONX_URL={url}",
    "$env:WATSONX_API_KEY='{key}'; $env:WATSONX_URL='{url}'",
    ("kubectl create secret generic x --from-literal=WATSONX_API_KEY={key} "
    "--from-literal=WATSONX_URL={url}"),
    # xonsh, nushell, elvish, R, Python, JavaScript, PHP, Go, make, Ruby
    '$WATSONX_API_KEY = "{key}"\n$WATSONX_URL = \'{url}\'',
    '$env.WATSONX_API_KEY = "{key}"\n$env.WATSONX_URL = "{url}"',
    'load-env {{ WATSONX_API_KEY: "{key}", WATSONX_URL: "{url}" }}',
    'load-env {{\n  WATSONX_API_KEY: "{key}"\n  WATSONX_URL: "{url}"\n}}',
    "set E:WATSONX_API_KEY = {key}\nset-env WATSONX_URL {url}",
    'Sys.setenv(WATSONX_API_KEY = "{key}", WATSONX_URL = "{url}")',
    'Sys.setenv(\n  WATSONX_API_KEY = "{key}",\n  WATSONX_URL = "{url}"\n)',
    'os.environ.setdefault("WATSONX_API_KEY", "{key}")\nos.putenv(\'WATSONX_URL\', \'{url}\')',
    'os.environ.update({{"WATSONX_API_KEY": "{key}", "WATSONX_URL": "{url}"}})',
    'os.environ |= {{\n    "WATSONX_API_KEY": "{key}",\n    "WATSONX_URL": "{url}",\n}}',
    "process.env.WATSONX_API_KEY = '{key}';\nprocess.env.WATSONX_URL = '{url}';",
    'putenv("WATSONX_API_KEY={key}");\nputenv("WATSONX_URL={url}");',
    'os.Setenv("WATSONX_API_KEY", "{key}")\nos.Setenv("WATSONX_URL", "{url}")',
    "export WATSONX_API_KEY := {key}\nWATSONX_URL ?= {url}",
    "ENV['WATSONX_API_KEY'] ||= '{key}'\nENV['WATSONX_URL'] = '{url}'",
    # nested YAML and TOML
    "watsonx:\n  credentials:\n    api_key: {key}\n    url: {url}\nopenai:\n  api_key: no",
    "services:\n  ibm:\n    auth:\n      apiKey: '{key}'\n    url: {url}",
    "watsonx: {{api_key: {key}, url: '{url}'}}\nopenai: {{api_key: no}}",
    "WATSONX_API_KEY: >-\n  {key}\nWATSONX_URL: |\n  {url}\n",
    '[watsonx.credentials]\napi_key = "{key}"\n[watsonx]\nurl = "{url}"\n[x]\napi_key = "no"',
    'watsonx = {{ api_key = "{key}", url = "{url}" }}\nopenai = {{ api_key = "no" }}',
    '[tool.app]\nwatsonx.credentials.api_key = "{key}"\nwatsonx.credentials.url = "{url}"',
    ('[[env]]\nname = "WATSONX_API_KEY"\nvalue = "{key}"\n[[env]]\nname = "WATSONX_URL"\n'
    'value = "{url}"'),
    # lists of names and values, the settings of editors, JSON with comments
    ('[{{"name": "WATSONX_API_KEY", "value": "{key}"}},\n'
    '{{"name": "WATSONX_URL", "value": "{url}"}}]'),
    ('{{"values": [{{"key": "WATSONX_API_KEY", "value": "{key}", "enabled": true}},\n'
    '{{"key": "WATSONX_URL", "value": "{url}"}}]}}'),
    "env:\n- {{name: WATSONX_API_KEY, value: {key}}}\n- {{name: WATSONX_URL, value: '{url}'}}",
    ('{{"version": "0.2.0", "configurations": [{{"env": {{"WATSONX_API_KEY": "{key}", '
    '"WATSONX_URL": "{url}"}}}}]}}'),
    ('{{\n  // mine\n  "env": {{"WATSONX_API_KEY": "{key}", /* there */\n'
    '  "WATSONX_URL": "{url}",}},\n}}'),
    '{{"Watsonx": {{"ApiKey": "{key}", "Url": "{url}"}}, "OpenAI": {{"ApiKey": "no"}}}}',
    # as IBM's examples and people write them down
    "credentials = {{'apikey': '{key}', 'url': '{url}'}}",
    "credentials = Credentials(url='{url}', api_key='{key}')",
    "wml_credentials = {{\n    \"url\": \"{url}\",\n    \"apikey\": \"{key}\"\n}}",
    "creds = Credentials(\n    url = \"{url}\",\n    api_key = \"{key}\",\n)",
    "API Key: {key}\nProject ID: 12345678-1234-4123-8123-123456789abc\nService URL: {url}",
    # what only YAML knows: anchors, merged tables, lists in one line, several documents
    "x: &key {key}\nwatsonx:\n  api_key: *key\n  url: {url}",
    "base: &base\n  WATSONX_URL: {url}\nprod:\n  <<: *base\n  WATSONX_API_KEY: {key}",
    ("kind: ConfigMap\ndata:\n  a: b\n---\nkind: Pod\n"
    "env: [{{name: WATSONX_API_KEY, value: {key}}}, {{name: WATSONX_URL, value: '{url}'}}]"),
    "environment: [WATSONX_API_KEY={key}, 'WATSONX_URL={url}']",
    "WATSONX_API_KEY: !!str {key}\nWATSONX_URL: &url {url}",
]  # fmt: skip


@all_cases("text", WAYS, ids=range(len(WAYS)))
def test_a_file_is_read_as_other_shells_and_tools_write_it(write, text):
    given = from_file(write("settings.txt", text.format(key=FIRST, url=EU_DE)))
    assert (given.api_key.reveal(), endpoints_of(given).place) == (FIRST, "eu-de")
    assert given.notes == ()


def test_yaml_that_doubles_itself_without_end_is_read_in_no_time(write):
    laughs = "a0: &a0 {WATSONX_X: x}\n" + "".join(
        f"a{n}: &a{n} {{x: *a{n - 1}, y: *a{n - 1}}}\n" for n in range(1, 40)
    )
    for text in (laughs, "a: &a [*a, *a]\n", "a: &a {x: *a}\nb: [1]\n", "? [a]\n: &b c\nd: *c\n"):
        with pytest.raises(NotConnected):
            from_file(write("laughs.yaml", text))


@all_cases(
    "text",
    ["WATSONX_API_KEY=${{{{ secrets.X }}}}", "WATSONX_API_KEY: ${{{{ secrets.X }}}}",
     "WATSONX_API_KEY=__KEY__", "WATSONX_API_KEY: '#{{KEY}}#'", "WATSONX_API_KEY=encrypted:BE9Y",
     "WATSONX_API_KEY: true", "WATSONX_API_KEY = os.getenv('X')", '{{"apikey": "${{env:X}}"}}'],
)  # fmt: skip
def test_what_another_tool_should_fill_in_is_read_as_it_stands_and_refused(write, text):
    found = from_file(write("settings.txt", text.format()))
    with pytest.raises(KeyRefused, match=r"It is from: file settings\.txt"):
        find_credentials(found, {})


def test_a_comment_behind_the_key_is_none_of_it(write):
    found = from_file(write(".env", f"WATSONX_API_KEY={FIRST}#mine"))
    found = find_credentials(found, {})
    assert found.api_key == Secret(FIRST)
    assert found.notes == ("the comment behind the key was removed.",)


def test_the_credentials_of_another_service_are_none_of_ours(write):
    services = {"cloudantNoSQLDB": [{"credentials": {"apikey": FIRST, "url": "https://x.y"}}]}
    with pytest.raises(NotConnected, match="it has cloudantNoSQLDB"):
        from_file(write("vcap.json", json.dumps(services)))


@all_cases(
    "encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig", "cp1252", "utf-8"]
)
def test_a_file_is_read_in_the_encodings_of_windows(write, encoding):
    text = f"# für mich\nWATSONX_API_KEY={FIRST}\nWATSONX_URL={EU_DE}\n"
    if encoding in ("utf-16-le", "utf-16-be"):
        text = text.replace("ü", "ue")
    given = from_file(write(".env", text.encode(encoding)))
    assert (given.api_key.reveal(), given.url) == (FIRST, EU_DE)


@all_cases("text", ["{}", "{}\n", '"{}"', "# my key\n\n  {}  \n"])
def test_the_bare_key_alone_is_read(write, text):
    assert from_file(write("key.txt", text.format(FIRST))).api_key.reveal() == FIRST


def test_the_bare_token_alone_is_read_as_a_token(write):
    assert from_file(write("token.txt", "eyJhbGciOi.eyJzdWIi.c2ln")).token.reveal()[:3] == "eyJ"


def test_a_user_name_without_a_password_in_a_file_is_told(write):
    text = "WATSONX_USERNAME=jane\nWATSONX_URL=https://cpd.example.com"
    with pytest.raises(NotConnected, match=r"The password is missing in \.env"):
        from_file(write(".env", text))


# --- what can't be read -----------------------------------------------------------------------


def test_a_file_that_is_not_there_is_named_with_the_nearest_name(write, tmp_path):
    write("apikey.json", "{}")
    with pytest.raises(BadOption, match=r"There is no file '.*apikye\.json'") as caught:
        from_file(tmp_path / "apikye.json")
    assert "Did you mean 'apikey.json'?" in caught.value.message
    assert caught.value.__context__ is None
    with pytest.raises(BadOption, match="There is no file") as caught:
        from_file("nowhere/at/all.json")
    assert "Did you mean" not in caught.value.message


@all_cases("name", ["\0", "x" * 5_000, "~nobody-of-this-name/x", ""])
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
    with pytest.raises(BadOption, match="not a regular file"):
        from_file(tmp_path / "pipe")


@NO_ROOT
def test_a_file_that_is_not_ours_to_read_says_so(write):
    path = write("apikey.json", json.dumps(APIKEY_JSON))
    path.chmod(0)
    with pytest.raises(BadOption, match="Permission denied") as caught:
        from_file(path)
    assert caught.value.__context__ is None


def test_a_file_that_is_far_too_large_is_not_read(write):
    with pytest.raises(BadOption, match="too large"):
        from_file(write("big.env", b"#" * (LARGEST_FILE + 1)))


@all_cases(
    ("content", "kind"),
    [(b"%PDF-1.7\n", "a PDF"), (b"PK\x03\x04..word/document.xml", "a Word document"),
     (b"PK\x03\x04..xl/workbook.xml", "an Excel workbook"), (b"PK\x03\x04....", "a zip archive"),
     (b"\xd0\xcf\x11\xe0....", "an old Word"), (b"{\\rtf1\\ansi KEY", "a document in RTF"),
     (b"<!DOCTYPE html><p>KEY", "a web page"), (b"\n <html>", "a web page"),
     (b"\x89PNG\r\n", "a picture"), (b"a\0b\x01\x02\0\0\0c", "a binary file"),
     (b"-----BEGIN PRIVATE KEY-----\nKEY", "a certificate or a key in PEM"),
     (b"$ANSIBLE_VAULT;1.1", "encrypted with Ansible Vault"),
     (b"version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
     (b'{"cells": [], "nbformat": 4}', "a notebook"),
     (b"\xef\xbb\xbf{\\rtf1", "a document in RTF"),
     (b"apiVersion: v1\nkind: Secret\ndata:\n  WATSONX_API_KEY: S0VZ\n", "a Kubernetes Secret"),
     (b'{"kind": "Secret",\n"data": {"WATSONX_API_KEY": "S0VZ"}}', "a Kubernetes Secret")],
    ids=range(17),
)  # fmt: skip
def test_a_file_that_is_something_else_says_what_it_is(write, content, kind):
    path = write("key.txt", content.replace(b"KEY", FIRST.encode()))
    with pytest.raises(BadOption, match=f"key.txt is {kind}") as caught:
        from_file(path)
    assert caught.value.hint
    assert caught.value.__context__ is None
    assert FIRST not in str(caught.value) + caught_frames(caught)


@all_cases("text", ["{", '{"apikey": "' + FIRST, "{" * 100_000, '{"a":' * 100_000])
def test_json_that_is_broken_is_said_without_its_text(write, text):
    with pytest.raises(BadOption, match="looks like JSON but can't be parsed") as caught:
        from_file(write("apikey.json", text))
    assert caught.value.__context__ is None
    assert FIRST not in str(caught.value) + caught_frames(caught)


# --- no credential inside ----------------------------------------------------------------------


def test_json_without_a_key_names_what_it_has_instead(write):
    document = {"apikye": FIRST, "name": "mine", FIRST: "x", "apikey": ""}
    with pytest.raises(NotConnected, match=r"apikey\.json has no API key inside") as caught:
        from_file(write("apikey.json", json.dumps(document)))
    assert "Did you mean 'apikey'?" in caught.value.message
    assert "empty: apikey" in caught.value.message
    assert FIRST not in str(caught.value) + caught_frames(caught)


@all_cases("value", [7, None, [FIRST], {"x": FIRST}, True])
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


@all_cases("text", ["", "\n\n", "# nothing", "hello", "A=1", f"X: {FIRST}", "[]"])
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
    given = from_ibm_variable({"IBM_CREDENTIALS_FILE": str(path)})
    assert (given.source, given.kind) == ("file ibm.env (IBM_CREDENTIALS_FILE)", "iam")
    assert given.api_key.reveal() == FIRST


@pytest.mark.parametrize("content", [None, "DISCOVERY_APIKEY=x", "WATSONX_AI_AUTH_TYPE=noauth"])
def test_such_a_file_about_another_service_is_no_fault_of_ours(write, tmp_path, content):
    path = tmp_path / "ibm.env" if content is None else write("ibm.env", content)
    assert from_ibm_variable({"IBM_CREDENTIALS_FILE": str(path)}) is None
    assert from_ibm_variable({}) is None
    assert from_ibm_variable({"IBM_CREDENTIALS_FILE": " "}) is None


CLUSTER_FILE = (
    f"WATSONX_AI_AUTH_TYPE=cp4d\nWATSONX_USERNAME=jane\nWATSONX_APIKEY={FIRST}\n"
    "WATSONX_URL=https://cpd.example.com\n"
)


@pytest.mark.parametrize("name", ["ibm.env", "./ibm.env", "../{}/ibm.env"])
def test_a_relative_path_leads_to_no_cluster(write, tmp_path, monkeypatch, name):
    """A cloned repository brings the file, and the variable stands in the user's shell."""
    path = write("ibm.env", CLUSTER_FILE)
    monkeypatch.chdir(tmp_path)
    environ = {"IBM_CREDENTIALS_FILE": name.format(tmp_path.name)}
    with pytest.raises(HostRefused, match=r"ibm\.env is not used: it leads to a cluster") as caught:
        find_credentials(ConnectionParams("arguments"), environ)
    assert caught.value.hint.endswith(f"to its whole path: {path.resolve()}")
    # another credential is not stopped by it
    found = find_credentials(ConnectionParams("form", Secret(SECOND)), environ)
    assert found.api_key == Secret(SECOND)


def test_a_whole_path_may_lead_to_a_cluster_and_a_relative_one_to_ibm(write, tmp_path, monkeypatch):
    path = write("ibm.env", CLUSTER_FILE)
    monkeypatch.setenv("HOME", str(tmp_path))
    for whole in (str(path), "~/ibm.env"):
        assert from_ibm_variable({"IBM_CREDENTIALS_FILE": whole}).kind == "software"
    write("ibm.env", f"WATSONX_APIKEY={FIRST}\nWATSONX_URL={EU_DE}\n")
    monkeypatch.chdir(tmp_path)
    assert from_ibm_variable({"IBM_CREDENTIALS_FILE": "ibm.env"}).url == EU_DE


def test_files_that_lie_about_are_named_and_not_read(write, tmp_path):
    assert find_unread_files(tmp_path) == ()
    write(".env", f"WATSONX_API_KEY={FIRST}")
    write("apikey.json", b"\xff not read at all")
    write("ibm-credentials.env", "")
    assert find_unread_files(tmp_path) == (".env", "apikey.json", "ibm-credentials.env")


@all_cases(
    "content", ["DATABASE_URL=x", f"WATSONX_URL={EU_DE}", "WATSONX_API_KEY=", b"\xff", "",
                "#WATSONX_API_KEY=x", b"#" * (LARGEST_FILE + 1)]
)  # fmt: skip
def test_an_env_file_about_something_else_is_not_mentioned(write, tmp_path, content):
    write(".env", content)
    assert find_unread_files(tmp_path) == ()


def test_looking_about_never_fails(tmp_path):
    assert find_unread_files(tmp_path / "nowhere") == ()
    (tmp_path / ".env").mkdir()
    (tmp_path / "apikey.json").symlink_to(tmp_path / "apikey.json")
    assert find_unread_files(tmp_path) == ()
    assert find_unread_files(type(tmp_path)("\0")) == ()


# --- the sandbox -------------------------------------------------------------------------------


def test_the_sandbox_beside_this_kernel_is_read(write):
    document = {"api_key": FIRST, "url": "http://127.0.0.1:99", "project_id": PROJECT}
    given = from_sandbox({"WX_NOTEBOOK_SANDBOX": str(write("s.json", json.dumps(document)))})
    assert (given.source, given.api_key.reveal()) == ("sandbox", FIRST)
    assert (given.url, given.project_id) == ("http://127.0.0.1:99", PROJECT)


@all_cases(
    "content",
    [None, b"", b"[]", b"7", b"{}", b"\xff", b'{"api_key": 7, "url": "", "project_id": ""}'],
)  # fmt: skip
def test_a_sandbox_that_has_ended_counts_as_none(write, tmp_path, content):
    path = tmp_path / "s.json" if content is None else write("s.json", content)
    assert from_sandbox({"WX_NOTEBOOK_SANDBOX": str(path)}) is None
    assert from_sandbox({}) is None
