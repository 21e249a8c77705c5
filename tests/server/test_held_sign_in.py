"""One sign-in for all notebooks: a real Jupyter server, its real kernels, the sandbox."""

from __future__ import annotations

import base64
import json
import re
import stat
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from support.cases import all_cases
from support.guard import jwt, leaks, new_key
from support.signing_in import (
    SETTINGS,
    SigningServer,
    ask,
    memory_of,
    renewals_for_clients,
    renewals_for_kernels,
)

import wx_notebook as wx
from wx_notebook.credentials.connection_params import SERVER_SOURCE, ConnectionParams
from wx_notebook.credentials.hosts import endpoints_of
from wx_notebook.credentials.provider_chain import find_credentials
from wx_notebook.credentials.regions import REGIONS
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.server_sign_in import find_server_sign_in, fingerprint_of
from wx_notebook.credentials.sign_in_file import CONNECTION_NAMES
from wx_notebook.errors import NotConnected
from wx_notebook.sandbox import Sandbox
from wx_notebook.server.panel_form import PanelForm
from wx_notebook.session import current_session

#: What `%watsonx status` says of it.
BY_SERVER = "signed in by the Jupyter server"
PROJECT = "12345678-1234-4123-8123-123456789abc"


@pytest.fixture
def server(nobody_in):
    """A server at which nobody is signed in."""
    return nobody_in


# --- the panel ------------------------------------------------------------------------------------


def test_the_panel_shows_each_step_and_the_line_and_a_log_out_takes_it_back(server, sandbox):
    view = server.sign_in(sandbox)
    assert view["line"].startswith("connected to project 'Sandbox project'")
    assert sandbox.api_key not in json.dumps(server.state())
    server.sign_out()
    assert server.state()["form"]["view"]["phase"] == "form"
    assert server.state()["form"]["view"]["line"] == ""


def test_without_a_project_the_panel_offers_those_of_the_account(server, sandbox):
    other = sandbox.add_project("Another one")
    view = server.click(sandbox.api_key, action="connect", kind="cloud", region=sandbox.url)
    assert {one["name"] for one in view["scopes"]} >= {"Another one", "Sandbox project"}
    assert not server.file.exists() or server.written()["connection"] is None, "not yet"
    view = server.click(action="choose", scope_id=other)
    assert view["phase"] == "connected"
    assert server.written()["connection"]["project_id"] == other


def test_a_key_that_iam_refuses_stands_beside_its_field_and_an_earlier_sign_in_stays(
    signed_in, sandbox
):
    before = signed_in.written()
    view = signed_in.click(new_key(), action="connect", kind="cloud", region=sandbox.url)
    (step,) = (one for one in view["steps"] if one["state"] == "bad")
    assert (step["name"], step["field"]) == ("key", "secret")
    assert signed_in.written() == before
    # whose hint names no call and no variable: nobody types in a server
    view = signed_in.click(jwt(), action="connect", kind="token", region=sandbox.url)
    (step,) = (one for one in view["steps"] if one["state"] == "bad")
    assert "Next: sign in in JupyterLab's panel “watsonx”." in step["hint"]


def test_a_sign_in_that_hangs_can_be_stopped_and_the_server_answers_meanwhile(server, sandbox):
    sandbox.fault("slow-iam", times=None, seconds=20)
    number = server.begin(sandbox.api_key, action="connect", kind="cloud", region=sandbox.url)
    sandbox.wait_for(lambda call: call.kind == "token")
    began = time.monotonic()
    assert server.state()["form"]["view"]["phase"] == "working"
    assert time.monotonic() - began < 5, "IAM is not asked on the event loop"
    server.begin(action="cancel")
    view = server.finish(number, seconds=20)
    assert view["error"]["message"] == "The sign-in was interrupted."
    assert view["phase"] == "form"


def test_the_server_loads_http_code_only_when_the_form_is_opened():
    script = (
        "import logging, sys\n"
        "from wx_notebook.server.held_sign_in import HeldSignIn\n"
        "import wx_notebook.server.panel_handlers\n"
        "held = HeldSignIn(logging.getLogger())\n"
        "assert held.state() == {'server': held.server_id, 'done': 0, 'form': None, "
        "'lost': False}\n"
        "print('requests' in sys.modules)\n"
        "held.submit({'action': 'ping'}, None)\n"
        "held.sources().result(60)\n"
        "print(*(name in sys.modules for name in ('requests', 'IPython', 'ipywidgets')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["False", "True", "False", "False"]


# --- kernels --------------------------------------------------------------------------------------


def test_a_new_notebook_and_a_restarted_kernel_connect_without_a_form_and_status_says_how(
    signed_in, sandbox
):
    with signed_in.kernel() as kernel:
        answer = kernel.run("%%watsonx\nhello").ok()
        assert f"{BY_SERVER}: project" in answer.plain
        status = kernel.run("%watsonx status").ok().plain
        assert f"{BY_SERVER}: it holds the key" in status
        assert "project 'Sandbox project'" in status
        kernel.restart()
        kernel.run("%%watsonx\nhello").ok()
    assert sandbox.counts["token"] == 1


def test_it_counts_as_given_so_it_comes_before_the_environment_and_behind_an_argument(
    signed_in, sandbox
):
    with Sandbox() as other, signed_in.kernel() as kernel:
        kernel.run(
            "import os, wx_notebook as wx\n"
            f"os.environ |= dict(WATSONX_API_KEY={other.api_key!r}, WATSONX_URL={other.url!r}, "
            f"WATSONX_PROJECT_ID={other.project_id!r})"
        ).ok()
        kernel.run("%%watsonx\nhello").ok()
        assert sandbox.counts["chat_stream"] == 1
        assert "not used: environment (WATSONX_API_KEY)" in kernel.run("%watsonx status").plain
        kernel.run(f"wx.connect(api_key={other.api_key!r}, url={other.url!r}, "
                   f"project_id={other.project_id!r}); wx.ask('hello'); None").ok()  # fmt: skip
        assert other.counts["chat"] == 1
        assert "not used: sign-in of the Jupyter server" in kernel.run("%watsonx status").plain


def test_another_project_for_this_kernel_alone(signed_in, sandbox):
    other = sandbox.add_project("Another one")
    with signed_in.kernel() as kernel:
        kernel.run('%watsonx use --project "Another one"').ok()
        kernel.run("%%watsonx\nhello").ok()
        assert kernel.value("__import__('wx_notebook').session().scope.project_id") == other
    assert signed_in.written()["connection"]["project_id"] == sandbox.project_id
    assert sandbox.counts["token"] == 1


def test_a_log_out_in_the_panel_is_felt_at_the_next_prompt_of_every_kernel(signed_in, sandbox):
    with signed_in.kernel() as one, signed_in.kernel() as two:
        for kernel in (one, two):
            kernel.run("%%watsonx\nhello").ok()
            kernel.run("import wx_notebook as wx, os; held = wx.session()").ok()
            # another account's: nothing may be billed to it now
            kernel.run("os.environ |= dict(WATSONX_API_KEY='x' * 44)").ok()
        signed_in.sign_out()
        before = sandbox.counts.total()
        for kernel in (one, two):
            for cell in ("held.chat('hello')", "%%watsonx\nhello", "wx.ask('hello')"):
                error = kernel.run(cell, allow_stdin=True).error
                assert "Nothing was sent" in error[0]
            assert error[0].startswith("NotConnected:")
            said = kernel.run("%%watsonx\nhello", allow_stdin=True).error
            assert "%watsonx login" in said[-1]
            assert "panel" in said[-1]
            status = kernel.run("%watsonx status").plain
            assert status.startswith("not connected\nThe Jupyter server's sign-in has ended")
        assert sandbox.counts.total() == before
        signed_in.sign_in(sandbox)
        two.run("%watsonx use --model ibm/granite-3-8b-instruct").ok()
        two.run("%%watsonx\nhello").ok()
        assert f"{BY_SERVER}: project" in one.run("%%watsonx\nhello").ok().plain


def test_logout_fences_off_this_kernel_and_everywhere_ends_it_for_all(signed_in, sandbox):
    with signed_in.kernel() as one, signed_in.kernel() as two:
        for kernel in (one, two):
            kernel.run("%%watsonx\nhello").ok()
        assert "which finds the sign-in of the Jupyter server" in one.run("%watsonx logout").plain
        assert "You have logged out in this kernel" in one.run("%%watsonx\nhello").error[0]
        two.run("%%watsonx\nhello").ok()
        assert "for all its notebooks" in two.run("%watsonx logout --everywhere").ok().plain
        assert signed_in.state()["form"]["view"]["line"] == ""
        assert signed_in.written()["connection"] is None
        refused = one.run("%watsonx logout --everywhere").error
        assert refused[0] == "BadOption: Nobody is signed in at the Jupyter server of this kernel."


def test_a_kernel_s_log_out_for_all_waits_for_no_renewal(signed_in, sandbox):
    before = fingerprint_of(Secret(signed_in.ask_token().json()["token"]))
    sandbox.fault("slow-iam", times=None, seconds=20)
    calls = {id(call) for call in sandbox.calls}
    with ThreadPoolExecutor(2) as threads:
        # as many as wait for IAM at the same time
        renewals = [threads.submit(signed_in.ask_token, seen=before) for _ in range(2)]
        sandbox.wait_for(lambda call: call.kind == "token" and id(call) not in calls)
        began, known = time.monotonic(), signed_in.written()
        shown = {"Authorization": f"Bearer {known['secret']}"}
        assert ask(f"{known['url']}/log-out", {}, headers=shown).status == 200
        assert time.monotonic() - began < 10
        assert signed_in.written()["connection"] is None
        for renewal in renewals:
            assert renewal.result().json()["error"] == "NotConnected"


def test_another_sign_in_at_the_server_is_used_by_the_next_prompt_and_told(signed_in, sandbox):
    with Sandbox() as other, signed_in.kernel() as kernel:
        kernel.run("%%watsonx\nhello").ok()
        earlier = signed_in.written()
        signed_in.sign_in(other)
        # a request that was on its way: the other account's token would go to the first one's hosts
        shown = {"Authorization": f"Bearer {earlier['secret']}"}
        for known in ({"generation": earlier["generation"]}, {}):
            refused = ask(f"{earlier['url']}/token", known | {"seen": ""}, headers=shown)
            assert refused.json() == {
                "error": "NotConnected",
                "message": "The Jupyter server has a new sign-in. Nothing was sent.", "hint": "",
            }  # fmt: skip
        answer = kernel.run("%%watsonx\nhello").ok()
        assert f"{BY_SERVER}: project {other.project_id}" in answer.plain
        assert other.counts["chat_stream"] == 1
        signed_in.sign_out()


def test_tokens_that_the_service_revoked_are_renewed_once_for_all_kernels(signed_in, sandbox):
    with signed_in.kernel() as one, signed_in.kernel() as two:
        for kernel in (one, two):
            kernel.run("%%watsonx\nhello").ok()
        assert sandbox.counts["token"] == 1
        sandbox.revoke_tokens()
        for kernel in (one, two):
            kernel.run("%%watsonx\nhello").ok()
        assert sandbox.counts["token"] == 2


def test_a_key_that_was_deleted_is_told_in_the_notebook_with_what_to_type(signed_in, sandbox):
    with signed_in.kernel() as kernel:
        kernel.run("%%watsonx\nhello").ok()
        sandbox.disable_key()
        sandbox.revoke_tokens()
        error = kernel.run("%%watsonx\nhello", allow_stdin=True).error
        assert error[0].startswith("KeyRefused:")
        assert "run %watsonx login, or sign in in JupyterLab's panel" in error[-1]


def test_a_server_that_was_restarted_is_told_at_the_next_prompt(signed_in):
    with signed_in.kernel() as kernel:
        kernel.run("%%watsonx\nhello").ok()
        document = signed_in.written()
        new = {"server_id": "another", "generation": 7, "connection": None}
        # the file of a server with the same process ID, and none at all
        for text in (json.dumps(document | new), ""):
            signed_in.file.unlink(missing_ok=True)
            if text:
                signed_in.file.write_text(text)
                signed_in.file.chmod(0o600)
            error = kernel.run("%%watsonx\nhello", allow_stdin=True).error
            assert "restarted or has ended, and its sign-in is gone with it" in error[0]
            assert "run %watsonx login" in error[-1]
        assert "its sign-in is gone" in kernel.run("%watsonx status").plain


# --- figures --------------------------------------------------------------------------------------


def test_eight_kernels_and_64_clients_at_once_cost_one_token_request(signed_in, sandbox):
    assert renewals_for_kernels(signed_in, sandbox, 8) == 1
    prompts = [call for call in sandbox.calls if call.kind == "chat_stream" and call.status == 200]
    assert len(prompts) == 8
    assert renewals_for_clients(signed_in, sandbox, 64) == 1


def test_a_token_is_renewed_early_and_once_for_all_kernels_and_clients(server, sandbox):
    sandbox.token_lifetime_s = 20
    with server.kernel() as one, server.kernel() as two, ThreadPoolExecutor(16) as threads:
        began = time.monotonic()
        server.sign_in(sandbox)
        first = server.ask_token().json()["token"]
        for kernel in (one, two):
            kernel.run("%%watsonx\nhello").ok()

        def client(_: int) -> str:
            while (token := server.ask_token().json()["token"]) == first:
                assert time.monotonic() < began + 60, "the token is not renewed"
                time.sleep(0.05)
            return token

        seen = set(threads.map(client, range(16)))
        assert time.monotonic() - began < 20, "before its end, so that nobody waits"
        assert len(seen) == 1
        for kernel in (one, two):
            kernel.run("%%watsonx\nhello").ok()
        # the sign-in, and one renewal
        assert sandbox.counts["token"] == 2
    prompts = [call.status for call in sandbox.calls if call.kind == "chat_stream"]
    assert prompts == [200] * 4


def test_the_doctor_says_whether_the_server_is_signed_in(server, sandbox):
    with server.kernel() as kernel:
        ran = kernel.run("%watsonx doctor", allow_stdin=True).ok()
        assert "nobody is signed in at the Jupyter server" in " ".join(ran.plain.split())
        server.sign_in(sandbox)
        ran = kernel.run("%watsonx doctor", allow_stdin=True).ok()
        assert "the Jupyter server is signed in and gives out tokens" in " ".join(ran.plain.split())
        assert leaks(ran.everything, sandbox.api_key, server.written()["secret"]) == []


def test_the_file_is_private_and_holds_neither_key_nor_token(signed_in, sandbox):
    assert stat.S_IMODE(signed_in.file.stat().st_mode) == 0o600
    text, token = signed_in.file.read_text(), signed_in.ask_token().json()["token"]
    assert sandbox.api_key not in text
    assert token not in text
    assert not re.search(r"eyJ", text)


# --- other servers, and none ----------------------------------------------------------------------

#: As JupyterHub starts a user's server, with collaboration, which is installed for the tests.
OF_A_HUB = """
import os
os.environ |= {"JUPYTERHUB_USER": "jane", "JUPYTERHUB_SERVICE_PREFIX": "/user/jane/",
               "JUPYTERHUB_API_TOKEN": "t" * 32, "JUPYTERHUB_API_URL": "http://127.0.0.1:1/hub/api"}
c.ServerApp.base_url = "/user/jane/"
"""


def test_below_the_base_url_of_a_hub_it_works_alike_and_a_shared_server_says_so(
    server_with, sandbox
):
    pytest.importorskip("jupyter_server_ydoc")
    server = SigningServer(server_with(OF_A_HUB))
    assert "/user/jane/wx-notebook/sign-in" in server.address
    server.sign_in(sandbox)
    assert server.state()["shared"] is True
    with server.kernel() as kernel:
        assert BY_SERVER in kernel.run("%%watsonx\nhello").ok().plain
    server.sign_out()


def test_an_admin_can_switch_it_off_and_notebooks_sign_in_themselves(server_with, sandbox):
    server = SigningServer(server_with(f"c.WatsonxSignIn.enabled = False\n{SETTINGS}"))
    assert server.state() == {"enabled": False}
    for body in ({"action": "ping"}, {"action": "connect", "secret": new_key()}):
        refused = ask(server.address, body, headers=server.auth)
        assert refused.status == 403
        assert refused.json()["message"] == "The sign-in for all notebooks is switched off."
    assert ask(f"{server.address}/form", headers=server.auth).status == 403
    assert not server.file.exists()
    with server.kernel() as kernel:
        kernel.connect(sandbox)
        kernel.run("%%watsonx\nhello").ok()


#: Lets users of the server look, and do nothing with our resource.
WITH_AUTHORIZER = """
from jupyter_server.auth import Authorizer

class Careful(Authorizer):
    def is_authorized(self, handler, user, action, resource):
        return resource != "wx_notebook" or action == "read"

c.ServerApp.authorizer_class = Careful
"""


def test_an_authorizer_of_jupyter_s_decides_who_may_sign_in(server_with, sandbox):
    server = SigningServer(server_with(WITH_AUTHORIZER + SETTINGS))
    assert server.state()["enabled"] is True
    refused = ask(server.address, {"action": "connect", "secret": "x"}, headers=server.auth)
    assert refused.status == 403
    assert server.state()["form"] is None


@all_cases("region", [region.region_id for region in REGIONS])
def test_what_a_kernel_is_told_leads_to_the_hosts_of_the_sign_in(region):
    session = wx.connect(api_key=new_key(), region=region, project_id=PROJECT)
    assert _told_to_a_kernel(session) == session.endpoints


def test_so_it_is_for_a_cluster_and_a_sandbox(sandbox):
    cluster = wx.connect(
        username="jane", password="p" * 12, url="https://cpd.example.com:8443", kind="software",
        project_id=PROJECT,
    )  # fmt: skip
    assert _told_to_a_kernel(cluster) == cluster.endpoints
    local = wx.connect(**sandbox.credentials())
    assert _told_to_a_kernel(local) == local.endpoints


def _told_to_a_kernel(session):
    """Return the hosts that a kernel makes of what it is told."""
    told = PanelForm().connection_of(session)
    assert set(told) == set(CONNECTION_NAMES)
    return endpoints_of(ConnectionParams(SERVER_SOURCE, token=lambda: "x", **told))


def test_a_page_that_missed_a_log_out_offers_no_projects_of_another_key(sandbox, monkeypatch):
    for name, value in sandbox.credentials().items():
        monkeypatch.setenv(f"WATSONX_{name.upper()}", value)
    form = PanelForm()
    assert form.run({"action": "change"}, None) is False, "it would connect with the environment"
    assert form.as_json()["view"]["phase"] == "form"
    assert form.as_json()["view"]["scopes"] == []
    assert current_session() is None
    assert sandbox.counts.total() == 0


def test_a_process_that_no_server_has_started_finds_none(runtime):
    assert find_server_sign_in() is None
    with pytest.raises(NotConnected, match="no API key was given"):
        find_credentials(ConnectionParams("arguments"), {})


def test_a_process_that_was_forked_off_a_kernel_goes_on_with_its_session(signed_in, sandbox):
    with signed_in.kernel() as kernel:
        kernel.run("%%watsonx\nhello").ok()
        kernel.run(
            "import os, wx_notebook as wx\n"
            "def works_in_a_child():\n"
            "    child = os.fork()\n"
            "    if not child:\n"
            "        try:\n            wx.ask('hello')\n"
            "        except BaseException:\n            os._exit(1)\n"
            "        os._exit(0)\n"
            "    return os.waitpid(child, 0)[1] == 0"
        ).ok()
        assert kernel.value("works_in_a_child()") is True
        signed_in.sign_out()
        assert kernel.value("works_in_a_child()") is False


def test_a_key_that_goes_with_each_request_is_not_held_for_kernels(server):
    with Sandbox(kind="software") as cluster:
        both = base64.b64encode(f"{cluster.username}:{cluster.api_key}".encode()).decode()
        pasted = (
            f"WATSONX_ZENAPIKEY={both}\nWATSONX_URL={cluster.url}\n"
            f"WATSONX_PROJECT_ID={cluster.project_id}\n"
        )
        view = server.click(pasted, action="connect", kind="cloud")
        assert view["phase"] == "form", view
        assert "takes the key itself with each request" in view["error"]["message"], view
        assert "%watsonx login" in view["error"]["hint"]
    assert not server.file.exists() or server.written()["connection"] is None


def test_tokens_of_a_cluster_are_handed_on(server):
    with Sandbox(kind="software") as cluster:
        view = server.click(
            cluster.password, action="connect", kind="cluster", secret_kind="password",
            username=cluster.username, region=cluster.url, scope_text=cluster.project_id,
        )  # fmt: skip
        assert view["phase"] == "connected", view
        with server.kernel() as kernel:
            kernel.run("%%watsonx\nhello").ok()
            assert cluster.password.encode() not in memory_of(kernel.pid)
