"""Thousands of generated secrets at every error path: no error and no log has one, or a piece."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from transport.servers import Server, caught, http, shown

import wx_notebook as wx
from wx_notebook.credentials.parsing.files import from_file
from wx_notebook.credentials.secret import Secret
from wx_notebook.errors import UserFacingError
from wx_notebook.magics import commands
from wx_notebook.magics.option_line import parse_options

from .leaks import KINDS, TOKEN, found, logged, session_of, words

# --- secrets -----------------------------------------------------------------------------------

SEEDS = st.integers(0, 2**64)
AWKWARD = [
    '"', "'", "\\", "\\\\", "&", "<", ">", "%", "+", "=", " ", "  ", "\t", "/", "{", "}", "[", "#",
    "@", ":", "?", ";", "$", "`", "|", "%41", "%", "&amp;", "&#39;", "\\n", "\\u0041", "ä", "€",
    "\u3000", "\U0001f511", "<b>", "</title>", "${HOME}", "{{ x }}", "%s", "{}",
]  # fmt: skip


def core(seed: int, length: int = 44) -> str:
    """Characters of a key: always the same for a seed, and in nothing else."""
    return base64.urlsafe_b64encode(hashlib.sha512(str(seed).encode()).digest()).decode()[:length]


def part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


keys = st.builds(core, SEEDS)
#: What the alphabet of another issuer may be, and keys that look like something else.
other_keys = st.one_of(
    st.builds(
        lambda seed, n: base64.b64encode(hashlib.sha512(str(seed).encode()).digest()).decode()[-n:],
        SEEDS, st.integers(24, 88),
    ),
    st.builds(lambda seed: f"{core(seed, 20)}.{core(seed + 1, 20)}~{core(seed + 2, 9)}", SEEDS),
    st.builds(lambda seed: f"{core(seed, 9)}:{core(seed + 1, 30)}", SEEDS),
    st.builds(lambda seed: f"{core(seed, 9)}/+{core(seed + 1, 30)}", SEEDS),
)  # fmt: skip
tokens = st.builds(
    lambda seed, name: (
        f"{part({'alg': 'RS256', 'kid': '1'})}."
        f"{part({'sub': name, 'jti': core(seed, 24), 'exp': 9e9})}.{core(seed + 1, 86)}"
    ),
    SEEDS,
    st.sampled_from(["jane", "", "IBMid-1"]),
)
passwords = st.builds(
    lambda seed, between: "".join(
        core(seed + n, 4) + awkward for n, awkward in enumerate([*between, ""])
    ),
    SEEDS,
    st.lists(st.sampled_from(AWKWARD), min_size=3, max_size=8),
)
#: What is recognised wherever it stands, because nothing else looks like it.
evident = st.one_of(keys, tokens)

QUOTED = {
    "plain": str,
    "in quotes": lambda s: f'"{s}"',
    "as JSON": json.dumps,
    "as JSON, in UTF-8": lambda s: json.dumps(s, ensure_ascii=False),
    "as a form": lambda s: f"apikey={quote_plus(s)}&x=1",
    "as a URL": lambda s: f"https://host/path?k={quote(s, safe='')}",
    "as a path": quote,
    "in a page": html.escape,
    "in base64": lambda s: base64.b64encode(s.encode()).decode(),
    "in base64 of URLs": lambda s: base64.urlsafe_b64encode(f"x:{s}".encode()).decode(),
    "as Basic": lambda s: f"Basic {base64.b64encode(f'jane:{s}'.encode()).decode()}",
    "by Python": repr,
    "twice": lambda s: f"{s}{s}",
    "without a blank around": lambda s: f"x{s}x",
}


def secret_of(kind: str):
    """What may be given as this kind of credential, and would be sent."""
    if "password" in kind or "with an IAM" in kind:
        return passwords
    if KINDS[kind].holds == TOKEN:
        return st.one_of(keys, other_keys, tokens)
    return st.one_of(keys, other_keys)


def check(problem: BaseException, text: str, logs: list[str], secret: Secret) -> None:
    """It is one of ours, alone, and neither it nor a log shows the secret or a piece of it."""
    assert isinstance(problem, UserFacingError), type(problem)
    assert (problem.__cause__, problem.__context__) == (None, None)
    assert found(text, secret.reveal()) == []
    assert found("\n".join(logs), secret.reveal()) == []
    assert len(problem._render_traceback_()) <= 6


@given(st.one_of(keys, other_keys, tokens, passwords), st.text(max_size=20), st.text(max_size=20))
def test_a_quote_is_hidden_however_it_is_written(text, before, after):
    for how, quote_ in QUOTED.items():
        quoted = f"{before} {quote_(text)} {after}"
        for said in (quoted, " ".join(quoted.split())):
            assert found(Secret(text).hide_in(said), text) == [], how


@given(keys)
def test_without_that_it_would_be_found_so_the_tests_here_can_fail(text):
    for how, quote_ in QUOTED.items():
        assert found(f"x {quote_(text)} y", text), how


# --- a service that quotes it ------------------------------------------------------------------


class Parrot:
    """A server that signs nobody in, and quotes."""

    def __init__(self) -> None:
        self.says = b""
        self.server = Server(lambda *asked: self._say(*asked), token=False)

    def _say(self, connection, _):
        connection.sendall(self.says)
        return True


@pytest.fixture(scope="module")
def parrot():
    bird = Parrot()
    with bird.server:
        yield bird


def refusal(status: int, quoted: str) -> bytes:
    """A document with all the fields that we read of a refusal."""
    return http(
        status,
        {
            "errorCode": quoted,
            "errorMessage": f"Provided {quoted} is not valid.",
            "errorDetails": quoted,
            "context": {"requestId": quoted},
            "trace": quoted,
            "errors": [
                {"code": quoted, "message": f"what? {quoted} no", "target": {"name": quoted}}
            ],
            "access_token": None,
        },
    )


@given(st.data())
def test_a_sign_in_that_is_refused_and_quoted(parrot, data):
    kind = data.draw(st.sampled_from(list(KINDS)), "kind")
    secret = Secret(data.draw(secret_of(kind), "secret"))
    how = data.draw(st.sampled_from(list(QUOTED)), "how it is quoted")
    status = data.draw(st.sampled_from([400, 401, 403, 404, 500]), "status")
    parrot.says = refusal(status, QUOTED[how](secret.reveal()))
    with logged() as logs:
        session = session_of(kind, parrot.server.url, secret.reveal())
        problem = caught(lambda: session.chat("hello", model="m"))
        session.close()
    # with the names of all frames on the way
    check(problem, shown(problem), logs, secret)


@given(
    st.one_of(keys, tokens, st.builds(lambda s: f"{core(s, 30)}+/{core(s + 1, 9)}=", SEEDS)),
    st.sampled_from(list(QUOTED)),
    st.sampled_from([200, 302, 404, 502]),
    st.sampled_from(["an IBM Cloud key", "a cluster's key", "a ZenApiKey", "a function"]),
)
def test_a_web_page_or_a_redirect_that_quotes_it(parrot, text, how, status, kind):
    if text.startswith("eyJ"):
        kind = "a function"
    secret, text = Secret(text), ""
    quoted = QUOTED[how](secret.reveal())
    parrot.says = http(
        status,
        f"<html><title>{quoted}</title><p>Sorry: {html.escape(quoted)}</p></html>",
        Location=f"https://{quote(secret.reveal(), safe='')}.example.com/{quote(quoted)}",
    )
    del quoted
    with logged() as logs:
        session = session_of(kind, parrot.server.url, secret.reveal())
        problem = caught(lambda: session.chat("hello", model="m"))
        session.close()
    check(problem, shown(problem), logs, secret)


@given(
    st.one_of(keys, tokens, passwords),
    st.sampled_from([Exception, ValueError, KeyError, OSError, RuntimeError, SystemExit]),
    st.booleans(),
)
def test_a_function_that_raises_with_it(parrot, text, kind, returns):
    secret, text = Secret(text), ""

    def function():
        if returns:
            # a type that is none of ours, but quotes it
            return [secret.reveal()]
        raise kind(secret.reveal()) from ValueError(f"inner {secret.reveal()}")

    with logged() as logs:
        session = wx.connect(token=function, url=parrot.server.url)
        problem = caught(session.projects)
    check(problem, shown(problem), logs, secret)


# --- in the wrong place ------------------------------------------------------------------------

URLS = [
        "{}", "https://{}", "https://{}@example.com", "https://jane:{}@us-south.ml.cloud.ibm.com",
        "https://example.com/{}", "https://example.com/?apikey={}", "https://{}.example.com",
        "https://us-south.ml.cloud.ibm.com.{}", "http://{}", "ftp://{}", "https://example.com:{}",
        "https://{{region}}.example.com/{}", "https://example.com#{}", "//{}", "{}:443",
]  # fmt: skip
HOSTS = ["url", "region", "iam_url", "platform_url"]
PLACES = ["project_id", "space_id", "profile", "kind", "credentials"]
GOOD = {"api_key": "k9" * 22}


@given(evident, st.sampled_from(HOSTS), st.sampled_from(URLS), st.sampled_from(["", "software"]))
def test_a_url_with_it_inside(text, place, url, kind):
    secret, text = Secret(text), ""
    given_ = GOOD | {"kind": kind, place: url.format(secret.reveal())}
    if kind:
        given_ = {"username": "jane", "url": "https://cpd.example.com"} | given_
    with logged() as logs:
        try:
            # of a cluster any host will do
            session = wx.connect(**given_)
        except UserFacingError as error:
            problem = error
        else:
            assert found(f"{session!r} {session.status_line()}", secret.reveal()) == [] or kind
            return
    check(problem, words(problem), logs, secret)


@given(evident, st.sampled_from(PLACES), st.sampled_from(["{}", "{} ", "x{}", "{}/x", "a.{}"]))
def test_an_argument_that_is_it(text, place, around):
    secret, text = Secret(text), ""
    with logged() as logs:
        problem = caught(lambda: wx.connect(**(GOOD | {place: around.format(secret.reveal())})))
    check(problem, words(problem), logs, secret)


ENVIRONMENT = ["WATSONX_URL", "WATSONX_REGION", "WATSONX_AI_AUTH_TYPE", "WATSONX_PROJECT_ID",
               "WATSONX_SPACE_ID", "WATSONX_IAM_URL", "WATSONX_PLATFORM_URL"]  # fmt: skip


@given(evident, st.sampled_from(ENVIRONMENT))
def test_a_variable_of_the_environment_that_is_it(text, name):
    secret, text = Secret(text), ""
    with pytest.MonkeyPatch.context() as patch, logged() as logs:
        patch.setenv("WATSONX_API_KEY", "k9" * 22)
        patch.setenv(name, secret.reveal())
        problem = caught(wx.connect)
    check(problem, shown(problem), logs, secret)


@given(
    st.one_of(keys, passwords, tokens),
    st.sampled_from(["{} x", "x\n{}", "ApiKey-x {}", '{{"a": "{}"', '{{"apikey": ["{}"]}}', "{}é"]),
)
def test_a_key_that_cannot_be_one(text, around):
    # a quote or a backslash makes broken JSON of it, from which a key may be taken as from a line
    is_broken = '"' in around and bool({'"', "\\"} & {*text})
    secret, text = Secret(text), ""
    problem, session = None, None
    with logged() as logs:
        try:
            session = wx.connect(api_key=Secret(around.format(secret.reveal())))
        except UserFacingError as error:
            problem = error
    if problem is not None:
        check(problem, shown(problem), logs, secret)
    else:
        assert is_broken, "nothing was raised"
        assert found("\n".join([repr(session), str(vars(session)), *logs]), secret.reveal()) == []


# --- in files ----------------------------------------------------------------------------------

FILES = [
         '{{"apikey": "{}"', '{{"apikey": ["{}"]}}', '{{"{}": 1}}', '{{"x": {{"y": "{}"}}}}', "{}",
         "{} = {}", "API_KEY={}", "WATSONX_API_KEI={}", "WATSONX_API_KEY='{}", '"{}', "export {}",
         "WATSONX_URL=https://{}", "'{}'='{}'\n= {}",
         '{{"apikey": "x", "verify": false, "t": "{}"}}',
         '{{"apikey": {{"value": "{}"}}}}', "WATSONX_AI_AUTH_TYPE=x\nWATSONX_TOKEN={}",
         '{{"apikey": null, "token": ["{}"]}}', "\x00{}", "\ufeff{{{}",
]  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    file = tmp_path_factory.mktemp("files") / "credentials"
    file.touch(mode=0o600)
    return file


@given(st.one_of(keys, passwords, other_keys, tokens), st.sampled_from(FILES))
@example('eyJhbGciOiJIUzI1NiJ9.eyJhIjoiYWJjZGVmZ2hpamtsbW4ifQ.abcdefghijklmnop"\\', FILES[0])
def test_a_file_that_cannot_be_read(file, text, form):
    secret, text = Secret(text), ""
    file.write_text(form.replace("{{", "{").replace("}}", "}").replace("{}", secret.reveal()))
    with logged() as logs:
        try:
            # what looks like `NAME=` before a key is one that can be used
            given_ = from_file(file)
        except UserFacingError as error:
            problem = error
        else:
            # what another parser makes of the text may be a credential after all
            assert found(repr(given_), secret.reveal()) == []
            return
    check(problem, shown(problem), logs, secret)


TOML = [
        'api_key = "{}"', "{}", 'region = "{}', '[profiles.work]\nregion = {}',
        '[profiles.work]\nx_key = "{}"', '[profiles.work]\nregion = ["{}"]', 'profile = ["{}"]',
        '[profiles."{}"]\nregion = "us-south"', '[profiles.work]\n"{}" = "x"', '"{}" = "x"',
        'profile = "work"\n[profiles.work]\nkind = "{}"', 'profile = "{}"',
        '[profiles.work]\nurl = "https://jane:{}@cpd.example.com"', "# {}\n[profiles.work",
]  # fmt: skip


@given(evident, st.sampled_from(TOML), st.sampled_from(["work", "default"]))
def test_a_settings_file_that_cannot_be_read(file, text, form, how):
    secret, text = Secret(text), ""
    settings_file = file.parent / "wx_notebook.toml"
    settings_file.write_text(form.format(secret.reveal()))
    settings_file.chmod(0o600)
    with pytest.MonkeyPatch.context() as patch, logged() as logs:
        patch.setenv("JUPYTER_CONFIG_DIR", str(file.parent))
        problem = caught(lambda: wx.connect(**({"profile": how} if how == "work" else {})))
    check(problem, words(problem), logs, secret)


# --- on the line of a magic --------------------------------------------------------------------

LINES = ["{}", "login {}", "login --{}", "login --key {}", "login --key={}", "login --api-key={}",
         "login --env {}", "login --file={}", "login --remember {}", "login --text --env {}",
         "login --remember=a --{}", "use {}", "use --region {}", "use --{} x", "use --token {}",
         "profiles {}", "status {}", "status --{}", "logout {}", "version {}", "help {}",
         "logout --{}", "use a {}", "use --region={}", "apikey={}"]  # fmt: skip
OPTIONS = ["{}", "--{}", "-{}", "--model=x {}", "-t {}", "--temperature={}", "--max-tokens {}",
           "--{} x", "--apikey {}", "--key={}"]  # fmt: skip


@pytest.fixture(scope="module")
def shell():
    from wx_notebook.magics import load, unload

    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    load(shell)
    yield shell
    unload(shell)
    InteractiveShell.clear_instance()


@given(evident, st.sampled_from(LINES))
def test_a_command_with_it_on_the_line(shell, text, line):
    secret, text = Secret(text), ""
    with logged() as logs:
        problem = caught(lambda: commands.run(shell, line.format(secret.reveal())))
    check(problem, words(problem), logs, secret)


@given(evident, st.sampled_from(OPTIONS))
def test_an_option_of_a_cell_that_is_it(text, line):
    secret, text = Secret(text), ""
    problem = caught(lambda: parse_options(line.format(secret.reveal())))
    check(problem, words(problem), [], secret)
