"""A project that is not here: the regions of the account are asked at once, and soon given up."""

from __future__ import annotations

import threading
import time
from dataclasses import replace

import pytest
from transport.servers import (
    CHAT,
    PROJECT,
    TOKEN,
    caught,
    connect,
    http,
    interrupt_when,
    shown,
)

from wx_notebook.credentials.hosts import Endpoints, endpoints
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import Token
from wx_notebook.credentials.token_source import TokenSource, steady_clock
from wx_notebook.errors import Interrupted, NoRuntime, ProjectError
from wx_notebook.sandbox import Sandbox
from wx_notebook.service import Scope, Service, add_location, find_project
from wx_notebook.service.region_search import find_elsewhere
from wx_notebook.transport import Transport

MESSAGES = [{"role": "user", "content": [{"type": "text", "text": "hello"}]}]
#: Of a test that has to be right on a slow day, too: nobody waits for it where all answer.
LONG_S = 60.0
MISSING = ProjectError("It was not found.\nThe service said: no.", hint="Check it.")


def at(there, place) -> Endpoints:
    """A server of this machine as the region `place`."""
    return replace(endpoints(url=there if isinstance(there, str) else there.url), place=place)


def service_at(there, token=None):
    """The service of `there`, with a token that it issued, or with this one."""
    issued = getattr(there, "issue_token", None)
    secret = Secret(token or (issued() if issued else TOKEN))
    transport = Transport(sleep=lambda seconds: None)
    transport.hide(secret)
    tokens = TokenSource(lambda: Token(secret, steady_clock() + 3600, 3600))
    tokens.token()
    return Service(transport, at(there, "us-south"), tokens)


@pytest.fixture
def account():
    """Three regions of one account."""
    with (
        Sandbox() as dallas,
        Sandbox(account=dallas) as frankfurt,
        Sandbox(account=dallas) as tokyo,
    ):
        yield dallas, frankfurt, tokyo


def others(account):
    return [at(account[1], "eu-de"), at(account[2], "jp-tok")]


# --- found -------------------------------------------------------------------------------------


def test_the_region_that_has_the_project_is_found_with_its_name(account):
    scope = Scope(project_id=account[1].project_id)
    place = find_elsewhere(service_at(account[0]), scope, others(account), limit_s=LONG_S)
    assert place.endpoints.place == "eu-de"
    assert (place.project.id, place.project.name) == (scope.project_id, "Sandbox project")
    assert not [text for text in (repr(place),) if account[1].storage_secret in text], (
        "as little comes in as from here"
    )


def test_the_error_of_a_project_names_the_region_that_has_it(account):
    given = account[2].project_id
    service = service_at(account[0])
    problem = caught(
        lambda: find_project(service, Scope(project_id=given), others(account), limit_s=LONG_S)
    )
    assert type(problem) is ProjectError
    first, second, *_ = problem.message.split("\n")
    assert first == f"The project {given} was not found here, or you have no access to it."
    assert second == "It is in jp-tok (Tokyo): 'Sandbox project'."
    assert problem.hint == ('Next: %watsonx use --region jp-tok, or wx.connect(region="jp-tok").')
    assert len(problem._render_traceback_()) <= 6
    assert (problem.__cause__, problem.__context__) == (None, None)


def test_the_error_of_a_space_does_too(account):
    scope = Scope(space_id=account[1].space_id)
    problem = add_location(MISSING, service_at(account[0]), scope, others(account), limit_s=LONG_S)
    assert problem.message.split("\n") == [
        "It was not found.", "It is in eu-de (Frankfurt): 'Sandbox space'.", "The service said: no."
    ]  # fmt: skip


def test_a_space_of_another_region_that_was_given_as_a_project_is_both(account):
    given = account[1].space_id
    scope = Scope(project_id=given)
    problem = add_location(MISSING, service_at(account[0]), scope, others(account), limit_s=LONG_S)
    assert "It is a space, not a project, and in eu-de (Frankfurt): 'Sandbox space'." in (
        problem.message
    )
    assert f"%watsonx use --region eu-de --space {given}" in problem.hint
    assert f'wx.connect(region="eu-de", space_id="{given}")' in problem.hint


def test_of_a_private_network_the_address_is_offered(account):
    private = replace(at(account[1], "eu-de"), url="https://private.eu-de.ml.cloud.ibm.com")
    scope = Scope(project_id=account[1].project_id)
    problem = add_location(MISSING, service_at(account[0]), scope, [private], limit_s=LONG_S)
    assert "%watsonx use --region https://private.eu-de.ml.cloud.ibm.com" in problem.hint


def test_a_region_that_hangs_is_not_waited_for_where_another_has_it(account, serve):
    hanging = serve()
    hanging.on("/v2/", hanging.silent())
    slow = [at(hanging, "eu-gb"), *others(account)]
    began = time.monotonic()
    scope = Scope(project_id=account[2].project_id)
    place = find_elsewhere(service_at(account[0]), scope, slow, limit_s=LONG_S)
    assert place.endpoints.place == "jp-tok"
    assert time.monotonic() - began < LONG_S / 2


# --- not found ---------------------------------------------------------------------------------


def test_a_project_that_nobody_has_leaves_the_error_as_it_was(account):
    service = service_at(account[0])
    scope = Scope(project_id=PROJECT)
    assert find_elsewhere(service, scope, others(account), limit_s=LONG_S) is None
    assert add_location(MISSING, service, scope, others(account), limit_s=LONG_S) is MISSING
    for sandbox in account[1:]:
        assert sandbox.counts["project"] == 2, "asked once for each of the two questions"


def test_regions_that_fail_are_just_not_where_it_is(account, serve):
    stopped = Sandbox().start()
    stopped.close()
    down = at(stopped, "eu-gb")
    stranger = serve(http(401, {"errors": []}))
    page = serve(http(200, "<html>sign in</html>"))
    limited = serve(http(429, "later", Retry_After="1"))
    away = serve(http(307, b"", Location=account[1].url))
    dropped = serve()
    dropped.on("/v2/", dropped.hang_up())
    other_thing = serve(http(200, {"metadata": {"guid": PROJECT}, "entity": {"name": "X"}}))
    nowhere = [
        down,
        *(at(s, "ca-tor") for s in (stranger, page, limited, away, dropped, other_thing)),
    ]
    for fault in ("500", "503", "502-html", "reset"):
        account[1].fault(fault, on=["project"])
    scope = Scope(project_id=account[2].project_id)
    service = service_at(account[0])
    everywhere = [*nowhere, *others(account)]
    assert find_elsewhere(service, scope, everywhere, limit_s=LONG_S).endpoints.place == "jp-tok"
    assert find_elsewhere(service, scope, nowhere, limit_s=LONG_S) is None
    for server in (stranger, limited, dropped):
        assert all("/v2/" in seen.path for seen in server.seen)


def test_each_region_is_asked_each_question_once(serve):
    servers = [serve(http(status, "no")) for status in (401, 429, 500, 503)]
    here = serve(http(404, {}))
    places = [at(server, "eu-de") for server in servers]
    service = service_at(here)
    assert find_elsewhere(service, Scope(project_id=PROJECT), places, limit_s=LONG_S) is None
    for server in servers:
        paths = [seen.path for seen in server.seen]
        assert paths == [f"/v2/projects/{PROJECT}", f"/v2/spaces/{PROJECT}"]
    assert [seen.path for seen in here.seen] == [f"/v2/spaces/{PROJECT}"]
    assert service.tokens.current() is not None, "another region's 401 says nothing of the token"


def test_when_all_of_them_hang_the_error_comes_after_the_limit(serve):
    hanging = serve()
    hanging.on("/v2/", hanging.silent())
    dripping = serve()
    dripping.on("/v2/", dripping.drip(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b" "))
    here = serve(http(404, {}))
    scope = Scope(project_id=PROJECT)
    places = [at(hanging, "eu-de"), at(dripping, "eu-gb")]
    began = time.monotonic()
    assert add_location(MISSING, service_at(here), scope, places, limit_s=0.2) is MISSING
    assert time.monotonic() - began < 10, "not the minutes that a request may take"
    assert hanging.gone.wait(20)
    assert dripping.gone.wait(20), "nor do their threads go on for ever"


def test_it_ends_at_once_when_the_user_stops_it(serve):
    hanging = serve()
    hanging.on("/v2/", hanging.silent())
    here = serve(http(404, {}))
    service = service_at(here)
    places = [at(hanging, "eu-de")]
    scope = Scope(project_id=PROJECT)
    began = time.monotonic()
    with interrupt_when(hanging.arrived):
        problem = caught(lambda: find_elsewhere(service, scope, places, limit_s=LONG_S))
    assert type(problem) is Interrupted
    assert problem.message == "Stopped while other regions were asked."
    assert time.monotonic() - began < LONG_S / 2


def test_an_interpreter_that_ends_does_not_wait_for_them(serve):
    hanging = serve()
    hanging.on("/v2/", hanging.silent())
    before = set(threading.enumerate())
    find_elsewhere(service_at(hanging), Scope(project_id=PROJECT), [], limit_s=0.01)
    assert all(thread.daemon for thread in set(threading.enumerate()) - before)


# --- what is asked, and with what --------------------------------------------------------------


def test_the_token_goes_to_the_places_that_were_named_and_to_nobody_else(serve):
    away, here = serve(http(200, {})), serve(http(404, {}))
    other = serve(http(307, b"", Location=f"{away.url}/v2/projects/{PROJECT}"))
    find_elsewhere(
        service_at(here), Scope(project_id=PROJECT), [at(other, "eu-de")], limit_s=LONG_S
    )
    assert {seen.headers["authorization"] for seen in other.seen} == {f"Bearer {TOKEN}"}
    assert away.seen == []


def test_without_a_token_or_an_id_nobody_is_asked(serve):
    server = serve(http(200, {}))
    service = service_at(server)
    assert find_elsewhere(service, Scope(), [at(server, "eu-de")]) is None
    service.tokens.forget()
    assert find_elsewhere(service, Scope(project_id=PROJECT), [at(server, "eu-de")]) is None
    assert server.seen == []


NO_RUNTIME = NoRuntime("It has no runtime.", hint="Associate one.")


def test_a_project_without_a_runtime_is_here_and_nowhere_else(serve):
    server = serve(http(200, {"metadata": {"guid": PROJECT}, "entity": {"name": "Bare"}}))
    service = service_at(server)
    scope = Scope(project_id=PROJECT)
    assert add_location(NO_RUNTIME, service, scope, [at(server, "x")]) is NO_RUNTIME
    assert [seen.path for seen in server.seen] == [f"/v2/projects/{PROJECT}"]


@pytest.mark.parametrize("given", ["project", "space"])
def test_a_space_given_as_a_project_has_no_runtime_by_the_service_and_is_told_apart(serve, given):
    """The service answers the same for both: only the platform knows."""
    other = "space" if given == "project" else "project"
    error = {"code": "no_associated_service_instance_error", "message": "not associated"}
    server = serve(http(403, {"errors": [error]}))
    server.on(f"/v2/{given}s/", http(404, {}))
    document = {"metadata": {"id": PROJECT}, "entity": {"name": "Mine"}}
    server.on(f"/v2/{other}s/", http(200, document))
    session = connect(server, **{"project_id": "", f"{given}_id": PROJECT})
    problem = caught(lambda: session.chat("hello", model="m"))
    assert type(problem) is ProjectError
    assert problem.message == f"{PROJECT} is a {other}, 'Mine', not a {given}."
    assert problem.hint == f'Next: wx.connect({other}_id="{PROJECT}").'


def test_a_platform_that_does_not_answer_leaves_the_error_as_it_is(serve):
    server = serve(http(500, {}))
    problem = add_location(NO_RUNTIME, service_at(server), Scope(project_id=PROJECT), [])
    assert problem is NO_RUNTIME


def test_a_project_that_is_here_asks_nobody_else(account):
    found = find_project(
        service_at(account[0]), Scope(project_id=account[0].project_id), others(account)
    )
    assert found.name == "Sandbox project"
    assert account[1].calls == account[2].calls == []


def test_a_name_from_elsewhere_is_one_line_and_nothing_secret_is_shown(serve):
    here, other = serve(http(404, {})), serve()
    storage = {"properties": {"credentials": {"secret_key": "storage-canary-0123456789"}}}
    name = f"two\nlines \x1b[31m {TOKEN}"
    document = {"metadata": {"guid": PROJECT.upper()}, "entity": {"name": name, "storage": storage}}
    other.on("/v2/projects/", http(200, document))
    service = service_at(here)
    problem = caught(
        lambda: find_project(
            service, Scope(project_id=PROJECT), [at(other, "eu-de")], limit_s=LONG_S
        )
    )
    assert "It is in eu-de (Frankfurt): 'two lines [31m <secret>'." in problem.message
    assert "storage-canary" not in shown(problem)
    assert TOKEN not in shown(problem)


def test_a_prompt_for_a_project_of_another_region_says_where_it_is(account):
    """The service's own refusal of a prompt gets the same words."""
    from wx_notebook.service import Request

    given = account[1].project_id
    service = service_at(account[0])
    body = {"model_id": CHAT["model_id"], "project_id": given, "messages": MESSAGES}
    request = Request("/ml/v1/text/chat", endpoint="chat", body=body, paid=True)
    refused = caught(lambda: service.send(request))
    assert type(refused) is ProjectError
    problem = add_location(
        refused, service, Scope(project_id=given), others(account), limit_s=LONG_S
    )
    assert "It is in eu-de (Frankfurt): 'Sandbox project'." in problem.message
    assert "container_not_found" in problem.message
    assert "--region eu-de" in problem.hint
