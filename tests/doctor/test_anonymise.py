"""No secret, and nobody's name in a path, in anything that the doctor says, in whatever form."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from support.cases import all_cases
from support.fronts import pieces
from transport.servers import http

from wx_notebook.credentials.secret import OpaqueMapping, Secret
from wx_notebook.credentials.variables import SECRET_VARIABLES
from wx_notebook.doctor import (
    CheckContext,
    CheckRunner,
    CheckStatus,
    FrontEnd,
    issue_block,
    results_document,
)
from wx_notebook.doctor.anonymise import Anonymiser

KEY = "Zq7_kEyCaNaRy-aQwErTyXcVbNmPoIuYtReWqLkJhG8f"  # pragma: allowlist secret
TOKEN = "eyJhbGciOiJIUzI1NiJ9.eyJjYW5hcnkiOiJ0T2tFbiIsIm4iOjF9.sIgNaTuReCaNaRy-xYzQwErTyUiOp_0"
PROXY, NETRC, FILED, OTHER = (f"{n}-cAnArY-0f-jane" for n in ("pr0xy", "n3trc", "f1led", "0ther"))
IN_A_PATH = "pAtHcAnArY_" + "aB3-" * 9
# the head of a JSON Web Token names an algorithm, and is the same in all of them
REST = TOKEN.split(".")[1:]
SECRETS = (KEY, *REST, PROXY, NETRC, FILED, OTHER, IN_A_PATH)
USER = "janedoe"
ECHO = f"key {KEY}, as form apikey={KEY}&x=1, header Bearer {TOKEN}, password: {OTHER}"


def leaked(text):
    """Which canaries stand in a text, as a whole or by twelve characters."""
    data = text.encode("utf-8", "replace")
    return [s for s in SECRETS if any(piece in data for piece in pieces(s))]


@pytest.fixture
def home(tmp_path):
    """A home folder with canaries in every file that somebody may read."""
    folder = tmp_path / USER
    (folder / "config").mkdir(parents=True)
    (folder / ".netrc").write_text(f"machine 127.0.0.1 login jane password {NETRC}\n")
    (folder / ".netrc").chmod(0o600)
    bundle = folder / IN_A_PATH / "ca.pem"
    bundle.parent.mkdir()
    bundle.write_text("no certificate")
    return folder


@pytest.fixture
def environ(home):
    """What a child process gets: canaries wherever a secret can stand, and a user's name."""
    kept = {n: v for n, v in os.environ.items() if not n.startswith(("WATSONX", "WX_"))}
    return kept | {
        "HOME": str(home), "LOGNAME": USER, "USER": USER,
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "NETRC": str(home / ".netrc"), "REQUESTS_CA_BUNDLE": str(home / IN_A_PATH / "ca.pem"),
        "WATSONX_API_KEY": KEY, "WATSONX_PROJECT_ID": "12345678-1234-4123-8123-123456789abc",
        "HTTPS_PROXY": f"http://jane:{PROXY}@127.0.0.1:1", "OTHER_SERVICE_PASSWORD": OTHER,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.fail.Keyring",
    }  # fmt: skip


ISSUED = http(200, {"access_token": TOKEN, "expires_in": 3600})
REFUSED = {"errorCode": "BXNIM0415E", "errorMessage": ECHO, "context": {"requestId": KEY}}
NAMED = {
    "metadata": {"guid": "12345678-1234-4123-8123-123456789abc"},
    "entity": {"name": f"{ECHO} of {USER}", "storage": {"properties": {"credentials": {"k": KEY}}}},
}
MODELS = {"resources": [{"model_id": f"ibm/granite-4-h-small-{KEY}", "label": TOKEN,
                         "functions": [{"id": "text_chat"}]}]}  # fmt: skip
PAGE = http(500, f"<html><title>{KEY}</title><body>{ECHO}<p>{TOKEN}</body></html>")
#: Each way of a service to send a secret back: what IAM, the projects and the catalogue say.
SERVICES = {
    "IAM refuses and quotes the key": (http(400, REFUSED), ISSUED, http(200, MODELS)),
    "names that are secrets": (ISSUED, http(200, NAMED), http(200, MODELS)),
    "pages that show the request": (ISSUED, PAGE, PAGE),
    "headers that are secrets": (ISSUED, http(401, {"errors": [{"code": KEY, "message": ECHO}],
                                                    "trace": TOKEN}), http(307, Location=f"https://{KEY}.example/{TOKEN}")),
}  # fmt: skip


def served(serve, service):
    issued, project, models = SERVICES[service]
    server = serve(http(404, {}), token=False)
    server.on("/identity/token", issued)
    server.on("/v2/projects", project)
    server.on("/ml/v1/foundation_model_specs", models)
    return server


@pytest.mark.slow
@pytest.mark.parametrize("service", SERVICES)
def test_nothing_that_the_doctor_says_has_a_secret_in_it(serve, environ, service):
    environ |= {"WATSONX_URL": served(serve, service).url}
    context = CheckContext(environ=OpaqueMapping(environ), front_end=FrontEnd("command"))
    # what this process itself reads, as jupyter_core and requests do
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        runner = CheckRunner(context)
        states = [repr(results) for results in runner]
        results = runner.statuses
        context.close()
    texts = [
        *states,
        issue_block(results, 1.0),
        json.dumps(results_document(results, 1.0)),
        repr(context.params),
    ]
    assert [leaked(text) for text in texts] == [[]] * len(texts)
    assert not any(USER in text for text in texts[:-1])
    assert any(result.state == "failed" for result in results), "something was quoted"


@pytest.mark.slow
def test_neither_does_what_the_command_prints_in_any_form(serve, environ):
    environ |= {"WATSONX_URL": served(serve, "pages that show the request").url}
    program = "import sys; from wx_notebook.cli import main; sys.exit(main())"
    running = [
        subprocess.Popen(
            [sys.executable, "-c", program, "doctor", *form],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ,
        )
        for form in ([], ["--report"], ["--json"])
    ]  # fmt: skip
    for process in running:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 1
        assert leaked(out + err) == []
        assert USER not in out + err
        assert "REQUESTS_CA_BUNDLE" in out
        assert err == ""


@pytest.mark.parametrize("line", ["%watsonx doctor", "%watsonx doctor --report"])
def test_neither_does_any_message_of_a_kernel(serve, kernel, environ, line):
    environ |= {"WATSONX_URL": served(serve, "names that are secrets").url}
    canaries = {name: environ[name] for name in environ if os.environ.get(name) != environ[name]}
    kernel.run(f"_before = dict(_os.environ); _os.environ.update({canaries!r})",
               store_history=False).ok()  # fmt: skip
    try:
        ran = kernel.run(line).ok()
    finally:
        kernel.run("_os.environ.clear(); _os.environ.update(_before); del _before",
                   store_history=False).ok()  # fmt: skip
    assert leaked(ran.everything) == []
    assert USER not in ran.everything
    assert "••••••••" in ran.plain


def test_a_settings_file_with_a_key_in_it_is_told_and_not_quoted(run_checks, environ, home):
    del environ["WATSONX_API_KEY"]
    file = home / "config" / "wx_notebook.toml"
    file.write_text(f'profile = "work"\n[profiles.work]\napi_key = "{FILED}"\nurl = "{KEY}"\n')
    file.chmod(0o600)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_CONFIG_DIR", environ["JUPYTER_CONFIG_DIR"])
        patch.setenv("HOME", environ["HOME"])
        status = run_checks("credential", environ=environ)["credential"]
    assert status.state == "failed"
    assert "~/config/wx_notebook.toml" in status.finding
    assert leaked(repr(status)) == []
    assert USER not in repr(status)


# --- the mask by itself ------------------------------------------------------------------------


@pytest.fixture
def anonymise():
    return Anonymiser(
        {"LOGNAME": USER, "MY_API_KEY": "short-but-secret", "https_proxy": "http://j:p%40ss-word@h:1",
         "GREETING": "hello-everybody"}, home=f"/home/{USER}",
    )  # fmt: skip


@all_cases(
    ("text", "shown"),
    [(f"/home/{USER}/x/ca.pem", "~/x/ca.pem"), (f"in /home/{USER}, here", "in ~, here"),
     (f"/home/{USER}-old/x", "/home/<user>-old/x"), (f"/data/{USER}/x", "/data/<user>/x"),
     (f"/tmp/of-{USER}/x", "/tmp/of-<user>/x"), (f"C:\\Users\\{USER}\\x", "C:\\Users\\<user>\\x"),
     (f"the word {USER} alone", f"the word {USER} alone"), (f"/x/{USER}", f"/x/{USER}"),
     ("https://jane:pw@host/x", "https://<secret>@host/x"), ("mail jane@host", "mail jane@host"),
     ("is short-but-secret", "is <secret>"), ("p%40ss-word, p@ss-word", "<secret>, <secret>"),
     ("hello-everybody", "hello-everybody"), ("a\x1b[31m\nb\u202ec", "a [31m b c"),
     (f"x{KEY}x", "<secret>"), ("12345678-1234-4123-8123-123456789abc",) * 2],
)  # fmt: skip
def test_a_text_is_shown_without_secrets_users_and_control_characters(anonymise, text, shown):
    assert anonymise(text) == shown


def test_what_it_is_told_later_counts_from_then_on(anonymise):
    assert anonymise("kind-words of admin") == "kind-words of admin"
    anonymise.add_secret(Secret("kind-words"))
    anonymise.add_secret(None)
    anonymise.add_username("admin")
    anonymise.add_filter(lambda text: text.replace("blue", "green"))
    assert anonymise("kind-words of admin, blue") == "<secret> of <user>, green"
    assert anonymise("administrator") == "administrator"


def test_a_long_text_ends_between_two_words(anonymise):
    shown = anonymise("word " * 1000)
    assert len(shown) < 610
    assert shown.endswith("word ...")


def test_every_variable_of_ours_that_holds_a_secret_is_one_of_those_whose_values_are_hidden():
    for name in SECRET_VARIABLES:
        assert Anonymiser({name: "some-canary-value"})("x some-canary-value x") == "x <secret> x", (
            name
        )


def test_a_fence_in_what_is_quoted_does_not_end_the_block():
    broken = [CheckStatus(1, "x", "ok", "```\n# not in the block", "", 0.0)]
    text = issue_block(broken, 0.1)
    assert text.count("```") == 2
    assert text.startswith("```text\n")
