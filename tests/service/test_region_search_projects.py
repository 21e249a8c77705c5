"""The projects of all regions of an account are asked for at once, and soon given up."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from transport.servers import caught, http, interrupt_when

from wx_notebook.credentials.hosts import endpoints
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import Token
from wx_notebook.credentials.token_source import TokenSource, steady_clock
from wx_notebook.errors import Interrupted, ServiceDown
from wx_notebook.sandbox import Sandbox
from wx_notebook.service import Service, account_projects
from wx_notebook.transport import Transport

#: Of a test that has to be right on a slow day, too: nobody waits for it where all answer.
PATIENT_S = 60.0


def at(there, place):
    return replace(endpoints(url=there if isinstance(there, str) else there.url), place=place)


def service_at(there, token=""):
    secret = Secret(token or there.issue_token())
    tokens = TokenSource(lambda: Token(secret, steady_clock() + 3600, 3600))
    return Service(Transport(sleep=lambda _: None), at(there, "us-south"), tokens)


@pytest.fixture
def account():
    with Sandbox() as dallas, Sandbox(account=dallas) as frankfurt:
        yield dallas, frankfurt


def test_each_comes_with_its_region_projects_first_and_by_name(account):
    found = account_projects(service_at(account[0]), [at(account[1], "eu-de")], limit_s=PATIENT_S)
    rows = [(p.project.kind, p.project.name, p.endpoints.place) for p in found.places]
    assert rows == [
        ("project", "Project without a runtime", "eu-de"),
        ("project", "Project without a runtime", "us-south"),
        ("project", "Sandbox project", "eu-de"),
        ("project", "Sandbox project", "us-south"),
        ("space", "Sandbox space", "eu-de"),
        ("space", "Sandbox space", "us-south"),
    ]
    assert found.silent == ()


@pytest.mark.slow
def test_a_region_that_hangs_fails_or_knows_nobody_is_named_and_asked_once(account, serve):
    hanging, stranger = serve(), serve(http(401, {"errors": []}))
    hanging.on("/v2/", hanging.silent())
    stopped = Sandbox().start()
    stopped.close()
    others = [at(hanging, "eu-gb"), at(stranger, "jp-tok"), at(stopped, "au-syd"),
              at(account[1], "eu-de")]  # fmt: skip
    service = service_at(account[0])
    began = time.monotonic()
    found = account_projects(service, others, limit_s=1.0)
    assert time.monotonic() - began < PATIENT_S / 2
    assert {where.place for where in found.silent} >= {"eu-gb", "jp-tok", "au-syd"}
    assert {p.endpoints.place for p in found.places} >= {"us-south"}
    assert service.tokens.current() is not None, "what a stranger says costs nobody the token"
    assert len(stranger.seen) <= 2, "projects, and spaces"


def test_where_this_region_fails_the_others_do(account, serve):
    down = serve(http(500, {"errors": [{"message": "down"}]}))
    service = service_at(down, account[0].issue_token())
    found = account_projects(service, [at(account[1], "eu-de")], limit_s=PATIENT_S)
    assert {place.endpoints.place for place in found.places} == {"eu-de"}
    assert [where.place for where in found.silent] == ["us-south"]
    assert isinstance(caught(lambda: account_projects(service, [])), ServiceDown)


def test_an_interrupt_ends_it_without_a_frame(serve):
    hanging = serve()
    hanging.on("/v2/", hanging.silent())
    service = service_at(hanging, "t9" * 20)
    with interrupt_when(hanging.arrived):
        problem = caught(lambda: account_projects(service, []))
    assert isinstance(problem, Interrupted)
