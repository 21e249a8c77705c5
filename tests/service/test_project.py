"""Projects and spaces: all of them, by name; and each told apart from the other."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from support.cases import all_cases
from transport.servers import PROJECT, TOKEN, caught, held_by, http, shown

from wx_notebook.credentials.hosts import endpoints
from wx_notebook.credentials.secret import Secret
from wx_notebook.credentials.token import Token
from wx_notebook.credentials.token_source import TokenSource, steady_clock
from wx_notebook.errors import HostRefused, NoRuntime, ProjectError, ServiceDown
from wx_notebook.service import (
    Project,
    Scope,
    Service,
    find_project,
    no_runtime_error,
    projects,
    spaces,
)
from wx_notebook.transport import Transport

CANARY = "storage-canary-0123456789"
BOTH = all_cases(("ask", "path"), [(projects, "/v2/projects"), (spaces, "/v2/spaces")])


def service_at(there):
    """The service at a sandbox or a scripted server, with a token that opens it."""
    issued = getattr(there, "issue_token", None)
    secret = Secret(issued() if issued else TOKEN)
    transport = Transport(sleep=lambda seconds: None)
    transport.hide(secret)
    tokens = TokenSource(lambda: Token(secret, steady_clock() + 3600, 3600))
    return Service(transport, endpoints(url=there.url), tokens)


def entry(number, name=None):
    """A document as it comes, with what must not come in."""
    return {
        "metadata": {"guid": f"{number:08d}-0000-4000-8000-000000000000"},
        "entity": {
            "name": name or f"P {number:05d}",
            "storage": {"properties": {"credentials": {"secret_key": CANARY}}},
            "compute": [{"type": "machine_learning"}],
        },
    }


def saying(answer):
    """Answers each request with what `answer` makes of its query."""

    def say(connection, seen):
        query = {name: values[0] for name, values in parse_qs(urlsplit(seen.path).query).items()}
        connection.sendall(http(200, answer(query)))
        return True

    return say


# --- lists -------------------------------------------------------------------------------------


def test_all_projects_are_listed_page_by_page_and_by_name(sandbox):
    names = [f"Project {number:03d}" for number in range(210)]
    for name in reversed(names):
        sandbox.add_project(name)
    found = projects(service_at(sandbox))
    assert [each.name for each in found] == [*names, "Project without a runtime", "Sandbox project"]
    assert sandbox.counts["projects"] == 3
    assert {each.kind for each in found} == {"project"}
    assert sandbox.project_id in {each.id for each in found}


def test_all_spaces_are_listed_page_by_page_and_by_name(sandbox):
    names = [f"space {number:03d}" for number in range(205)]
    for name in reversed(names):
        sandbox.add_space(name)
    found = spaces(service_at(sandbox))
    assert [each.name for each in found] == ["Sandbox space", *names]
    assert sandbox.counts["spaces"] == 3
    assert {each.kind for each in found} == {"space"}


def test_one_name_finds_all_that_are_called_so_whatever_the_case(sandbox):
    ids = {sandbox.add_project("Sales"), sandbox.add_project("Sales")}
    sandbox.add_project("Sales of last year")
    service = service_at(sandbox)
    assert {each.id for each in projects(service, name="Sales")} == ids
    assert {each.id for each in projects(service, name="sALES")} == ids
    assert projects(service, name="Sale") == []
    assert [each.id for each in spaces(service, name="sandbox SPACE")] == [sandbox.space_id]


def test_a_project_is_found_by_name_with_one_small_request(sandbox):
    assert len(projects(service_at(sandbox), name="Sandbox project")) == 1
    assert sandbox.counts["projects"] == 1


@BOTH
def test_a_service_that_knows_no_names_is_read_to_its_end_for_one(serve, ask, path):
    server = serve()
    server.on(path, http(200, {"resources": [entry(2, "b"), entry(1, "B"), entry(3, "c")]}))
    assert [each.name for each in ask(service_at(server), name="b")] == ["B", "b"]


def test_only_four_facts_of_a_document_come_in(serve, sandbox):
    service = service_at(sandbox)
    for found in (projects(service), spaces(service)):
        assert found
        assert not [text for text in held_by(found) if sandbox.storage_secret in text]
    assert set(Project.__slots__) == {"id", "name", "has_runtime", "kind"}
    by_id = {each.id: each for each in projects(service)}
    assert by_id[sandbox.project_id].has_runtime
    assert not by_id[sandbox.bare_project_id].has_runtime


# --- where the next page is --------------------------------------------------------------------


@all_cases(
    "link",
    ["/v2/spaces?limit=100&start=op%2Baque", "{url}/v2/spaces?start=op%2Baque&limit=7",
     "?start=op%2Baque", "{url}/somewhere/else?start=op%2Baque"],
    ids=["relative", "absolute", "query only", "another path"],
)  # fmt: skip
@all_cases("as_text", [False, True])
def test_of_a_link_to_the_next_page_only_the_place_in_the_list_is_used(serve, link, as_text):
    server = serve()
    href = link.format(url=server.url)
    following = href if as_text else {"href": href}
    server.on(
        "/v2/spaces",
        http(200, {"resources": [entry(1)], "next": following}),
        http(200, {"resources": [entry(2)]}),
    )
    assert len(spaces(service_at(server))) == 2
    first, second = (seen.path for seen in server.seen)
    assert first == "/v2/spaces?limit=100"
    assert second == "/v2/spaces?limit=100&start=op%2Baque"


@pytest.mark.parametrize("bookmark", ["op+aque", 7])
def test_a_bookmark_leads_on(serve, bookmark):
    server = serve()
    server.on(
        "/v2/projects",
        http(200, {"resources": [entry(1)], "bookmark": bookmark, "next": {"href": None}}),
        http(200, {"resources": [entry(2)], "bookmark": ""}),
    )
    assert len(projects(service_at(server))) == 2
    assert parse_qs(urlsplit(server.seen[1].path).query)["bookmark"] == [str(bookmark)]


@BOTH
@all_cases(
    "link",
    ["https://evil.example/v2/spaces?start=2", "//evil.example/v2/spaces?start=2",
     "http://127.0.0.1:1/v2/spaces?start=2", "http://evil.example", "{url}.evil.example/?start=2",
     "https://api.dataplatform.cloud.ibm.com/v2/spaces?start=2", "{url}@evil.example/?start=2",
     "http://[::1/?start=2"],
)  # fmt: skip
def test_a_link_to_another_host_is_an_error_and_nothing_is_sent_there(serve, ask, path, link):
    server = serve()
    href = link.format(url=server.url)
    server.on(path, http(200, {"resources": [entry(1)], "next": {"href": href}}))
    service = service_at(server)
    problem = caught(lambda: ask(service))
    assert type(problem) is HostRefused
    assert "The token is not sent to another address" in problem.message
    assert problem.hint
    assert len(server.seen) == 1
    assert CANARY not in shown(problem)


def test_a_service_asked_by_its_private_name_may_link_to_its_public_one():
    from wx_notebook.service.project import _following

    service = service_at(type("Somewhere", (), {"url": "https://private.eu-de.ml.cloud.ibm.com"}))
    link = "https://api.eu-de.dataplatform.cloud.ibm.com/v2/spaces?start=2"
    assert _following(link, service) == {"start": "2"}
    elsewhere = "https://api.eu-gb.dataplatform.cloud.ibm.com/v2/spaces?start=2"
    assert type(caught(lambda: _following(elsewhere, service))) is HostRefused


@BOTH
@all_cases(
    "more",
    [{"next": 7}, {"next": {"href": 7}}, {"next": {}}, {"next": []}, {"next": {"href": "?start="}},
     {"bookmark": None}, {"bookmark": ["x"]},
     {"bookmark": True}, {"bookmark": {"a": 1}}, {"next": {"href": "javascript:alert(1)"}}],
    ids=range(10),
)  # fmt: skip
def test_what_is_no_link_ends_the_list(serve, ask, path, more):
    server = serve()
    server.on(path, http(200, {"resources": [entry(1)], **more}))
    assert len(ask(service_at(server))) == 1
    assert len(server.seen) == 1


@BOTH
def test_a_place_in_the_list_that_comes_again_ends_it(serve, ask, path):
    for more in ({"bookmark": "again"}, {"next": {"href": "?start=again"}}):
        server = serve()
        server.on(path, http(200, {"resources": [entry(1)], **more}))
        assert len(ask(service_at(server))) == 1
        assert len(server.seen) == 2


@pytest.mark.slow
@BOTH
def test_a_list_without_end_has_an_end(serve, ask, path):
    def page(query):
        first = int(query.get("bookmark", 0))
        return {"resources": [entry(first + n) for n in range(150)], "bookmark": first + 150}

    server = serve()
    server.on(path, saying(page))
    assert len(ask(service_at(server))) == 10_000
    # also one in which nothing stands
    empty = serve()
    empty.on(path, saying(lambda query: {"bookmark": int(query.get("bookmark", 0)) + 1}))
    assert ask(service_at(empty)) == []
    assert len(empty.seen) <= 100


@BOTH
def test_an_entry_that_comes_twice_is_listed_once(serve, ask, path):
    server = serve()
    server.on(
        path,
        http(200, {"resources": [entry(1), entry(2)], "bookmark": "2"}),
        http(200, {"resources": [entry(2), entry(3)]}),
    )
    assert [each.name for each in ask(service_at(server))] == ["P 00001", "P 00002", "P 00003"]


# --- foreign text ------------------------------------------------------------------------------


@BOTH
def test_a_name_is_one_line_without_anything_secret_in_it(serve, ask, path):
    names = [f"mine \x1b[31m\n{TOKEN}", "Bearer abcdefghijklmnop", "x" * 5_000, "\ud800 lone"]
    server = serve()
    resources = [entry(number, name) for number, name in enumerate(names)]
    server.on(path, http(200, {"resources": resources}))
    found = {each.id[:8]: each.name for each in ask(service_at(server))}
    assert found["00000000"].startswith("mine")
    assert found["00000000"].endswith("<secret>")
    assert found["00000001"] == "Bearer <secret>"
    assert all(name.isprintable() and len(name) <= 120 for name in found.values())


@BOTH
@all_cases(
    "document",
    [{}, {"resources": 7}, {"resources": [7, None, "x", []]}, {"resources": [{}]},
     {"resources": [{"metadata": {"guid": {"secret": CANARY}}, "entity": {"name": [CANARY]}}]},
     {"resources": [{"metadata": [], "entity": "x"}]}],
    ids=range(6),
)  # fmt: skip
def test_what_is_no_project_is_not_listed(serve, ask, path, document):
    server = serve()
    server.on(path, http(200, document))
    assert ask(service_at(server)) == []


@BOTH
def test_a_list_that_cannot_be_had_is_an_error(serve, ask, path):
    server = serve(http(500, "<html>"))
    service = service_at(server)
    assert type(caught(lambda: ask(service))) is ServiceDown


# --- told apart --------------------------------------------------------------------------------


def test_a_space_that_was_given_as_a_project_says_so(sandbox):
    service = service_at(sandbox)
    problem = caught(lambda: find_project(service, Scope(project_id=sandbox.space_id), limit_s=60))
    assert type(problem) is ProjectError
    assert problem.message == f"{sandbox.space_id} is a space, 'Sandbox space', not a project."
    assert problem.hint == (
        f"Next: %watsonx use --space {sandbox.space_id}, or "
        f'wx.connect(space_id="{sandbox.space_id}").'
    )
    assert (problem.__cause__, problem.__context__) == (None, None)


def test_a_project_that_was_given_as_a_space_says_so(sandbox):
    service = service_at(sandbox)
    problem = caught(lambda: find_project(service, Scope(space_id=sandbox.project_id), limit_s=60))
    assert problem.message == f"{sandbox.project_id} is a project, 'Sandbox project', not a space."
    assert f"%watsonx use --project {sandbox.project_id}" in problem.hint


def test_an_id_that_is_neither_is_just_not_found(sandbox):
    service = service_at(sandbox)
    problem = caught(lambda: find_project(service, Scope(space_id=PROJECT)))
    assert f"The space {PROJECT} was not found here" in problem.message
    assert "HTTP 404" in problem.message
    assert sandbox.counts["project"] == 1, "whether it is a project was asked"


def test_where_the_second_question_fails_the_first_answer_stands(serve):
    server = serve()
    server.on("/v2/projects/", http(404, {"errors": [{"code": "not_found", "message": "No."}]}))
    for reply in (http(500, "<html>"), http(200, "<html>"), http(200, {}), http(200, entry(9)),
                  server.hang_up(), http(307, b"", Location="http://127.0.0.1:1/")):  # fmt: skip
        server.on("/v2/spaces/", reply)
        service = service_at(server)
        problem = caught(lambda service=service: find_project(service, Scope(project_id=PROJECT)))
        assert f"The project {PROJECT} was not found here" in problem.message
        assert CANARY not in shown(problem)


def test_a_failing_platform_is_asked_nothing_more(serve):
    server = serve(http(500, "<html>"))
    service = service_at(server)
    problem = caught(lambda: find_project(service, Scope(project_id=PROJECT)))
    assert type(problem) is ServiceDown
    assert server.of("/v2/spaces") == []


def test_a_project_and_a_space_without_a_runtime_say_where_to_associate_one(sandbox):
    service = service_at(sandbox)
    bare = find_project(service, Scope(project_id=sandbox.bare_project_id))
    assert not bare.has_runtime
    problem = no_runtime_error(bare)
    assert type(problem) is NoRuntime
    assert "The project 'Project without a runtime' has no watsonx.ai Runtime" in problem.message
    assert "Services & integrations" in problem.hint
    space_id = sandbox.add_space("Bare", runtime=False)
    problem = no_runtime_error(find_project(service, Scope(space_id=space_id)))
    assert "The space 'Bare' has no watsonx.ai Runtime" in problem.message
    assert "with the space" in problem.hint
