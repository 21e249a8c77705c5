"""More projects and spaces: their lists, page by page, and their runtimes."""

from __future__ import annotations

from itertools import chain
from urllib.parse import parse_qsl, urlsplit

import pytest


def ids(document) -> list[str]:
    each = [resource["metadata"] for resource in document["resources"]]
    return [metadata.get("guid") or metadata["id"] for metadata in each]


def pages_of_projects(client, **query: object) -> list[list[str]]:
    pages = []
    while True:
        document = client.get("/v2/projects", **query).json()
        pages.append(ids(document))
        if "bookmark" not in document:
            assert document["total_results"] == sum(map(len, pages))
            return pages
        query["bookmark"] = document["bookmark"]


def pages_of_spaces(client, **query: object) -> list[list[str]]:
    pages = []
    while True:
        document = client.get("/v2/spaces", **query).json()
        pages.append(ids(document))
        if "next" not in document:
            assert document["total_count"] == sum(map(len, pages))
            return pages
        # all that is needed stands in the address of the next page
        url = urlsplit(document["next"]["href"])
        assert url.path == "/v2/spaces"
        query = dict(parse_qsl(url.query))
        assert "start" in query


def test_projects_that_are_added_are_listed_in_order_page_by_page(client):
    sandbox = client.sandbox
    known = [sandbox.project_id, sandbox.bare_project_id]
    known += [sandbox.add_project(f"project {number}") for number in range(248)]
    pages = pages_of_projects(client)
    assert [len(page) for page in pages] == [100, 100, 50]
    assert list(chain(*pages)) == known
    assert [len(page) for page in pages_of_projects(client, limit=99)] == [99, 99, 52]


def test_spaces_that_are_added_are_listed_in_order_page_by_page(client):
    sandbox = client.sandbox
    known = [sandbox.space_id, *(sandbox.add_space(f"space {number}") for number in range(209))]
    pages = pages_of_spaces(client)
    assert [len(page) for page in pages] == [100, 100, 10]
    assert list(chain(*pages)) == known
    assert [len(page) for page in pages_of_spaces(client, limit="70")] == [70, 70, 70]


# IBM's Python SDK asks for so many at a time
@pytest.mark.parametrize(("path", "most"), [("/v2/projects", 100), ("/v2/spaces", 200)])
def test_a_page_holds_no_more_than_a_client_asks_for(client, code_of, path, most):
    assert client.get(path, limit=most).status_code == 200
    for limit in (most + 1, "0", "-1", "many"):
        assert code_of(client.get(path, limit=limit)) == (400, "invalid_request_entity")


@pytest.mark.parametrize("query", [{"bookmark": "made-up"}, {"start": "made-up"}])
def test_a_next_page_needs_a_token_of_the_sandbox(client, code_of, query):
    path = "/v2/projects" if "bookmark" in query else "/v2/spaces"
    assert code_of(client.get(path, **query)) == (400, "invalid_request_entity")


def test_two_may_have_the_same_name_and_are_both_found_by_it(client):
    sandbox = client.sandbox
    projects = [sandbox.add_project("the same & more") for _ in range(5)]
    spaces = [sandbox.add_space("the same & more") for _ in range(5)]
    assert len(set(projects + spaces)) == 10
    found = pages_of_projects(client, name="the same & more", limit=2)
    assert found == [projects[:2], projects[2:4], projects[4:]]
    found = pages_of_spaces(client, name="the same & more", limit=2)
    assert found == [spaces[:2], spaces[2:4], spaces[4:]]
    assert pages_of_projects(client, name="the same") == [[]]
    assert pages_of_spaces(client, name="the same") == [[]]


def test_what_is_added_takes_prompts_and_is_found_under_its_name(client):
    project_id = client.sandbox.add_project("mine")
    space_id = client.sandbox.add_space("mine")
    assert client.chat(project_id=project_id).status_code == 200
    assert client.chat(project_id=..., space_id=space_id).status_code == 200
    for path in (f"/v2/projects/{project_id}", f"/v2/spaces/{space_id}"):
        entity = client.get(path).json()["entity"]
        assert entity["name"] == "mine"
        assert entity["compute"]
        assert entity["storage"]["type"]


def test_without_a_runtime_a_project_and_a_space_take_no_prompt(client, code_of):
    project_id = client.sandbox.add_project("bare", runtime=False)
    space_id = client.sandbox.add_space("bare", runtime=False)
    for scope in ({"project_id": project_id}, {"project_id": ..., "space_id": space_id}):
        refused = client.chat(**scope)
        assert code_of(refused) == (403, "no_associated_service_instance_error")
    for path in (f"/v2/projects/{project_id}", f"/v2/spaces/{space_id}"):
        assert client.get(path).json()["entity"]["compute"] == []


def test_a_project_is_no_space_and_a_space_no_project(client, code_of):
    sandbox = client.sandbox
    for scope in (
        {"project_id": sandbox.space_id},
        {"project_id": ..., "space_id": sandbox.project_id},
    ):
        assert code_of(client.chat(**scope)) == (404, "container_not_found")
    for path in (f"/v2/projects/{sandbox.space_id}", f"/v2/spaces/{sandbox.project_id}"):
        assert code_of(client.get(path)) == (404, "not_found")
