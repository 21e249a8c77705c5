"""Files and batch jobs, as clients that know nothing of wx_notebook use them."""

from __future__ import annotations

import json

import pytest
import requests

from wx_notebook.sandbox import Sandbox

VERSION = {"version": "2026-10-14"}
MODEL = "ibm/granite-4-h-small"


class Jobs:
    """Plain HTTP to the files and jobs of one sandbox."""

    def __init__(self, sandbox: Sandbox, bearer: str = "") -> None:
        self.sandbox = sandbox
        self.http = requests.Session()
        self.http.trust_env = False
        self.http.headers["Authorization"] = f"Bearer {bearer or sandbox.issue_token()}"
        self.http.headers["X-IBM-Project-ID"] = sandbox.project_id

    def call(self, method, path, **more):
        params = {**VERSION, **more.pop("params", {})}
        return self.http.request(
            method, f"{self.sandbox.url}/ml/v1/{path}", params=params, timeout=10, **more
        )

    def upload(self, data, **fields):
        form = {"purpose": "batch", **fields}
        return self.call("POST", "files", data=form, files={"file": ("in.jsonl", data)})

    def begin(self, data=None, **more):
        data = lines() if data is None else data
        body = {
            "input_file_id": self.upload(data).json()["id"], "endpoint": "/v1/chat/completions",
            "completion_window": "24h", **more,
        }  # fmt: skip
        return self.call("POST", "batches", json=body)

    def state(self, job):
        return self.call("GET", f"batches/{job['id']}").json()

    def lines_of(self, file_id):
        return [
            json.loads(one) for one in self.call("GET", f"files/{file_id}/content").iter_lines()
        ]


def line(custom_id, model=MODEL, **more):
    body = {"model": model, "messages": [{"role": "user", "content": f"say {custom_id}"}], **more}
    document = {
        "custom_id": custom_id, "method": "POST", "url": "/v1/chat/completions", "body": body
    }  # fmt: skip
    return json.dumps(document).encode() + b"\n"


def lines(number=10, **more):
    return b"".join(line(f"row-{at}", **more) for at in range(number))


@pytest.fixture
def sandbox(clock):
    with Sandbox(clock=clock, batch_seconds=100) as running:
        yield running


@pytest.fixture
def jobs(sandbox):
    return Jobs(sandbox)


def test_a_file_is_kept_listed_read_and_deleted(jobs):
    file = jobs.upload(b"one\ntwo\n").json()
    assert set(file) == {
        "id", "object", "bytes", "created_at", "expires_at", "filename", "purpose"
    }  # fmt: skip
    assert (file["bytes"], file["filename"], file["purpose"]) == (8, "in.jsonl", "batch")
    assert file["expires_at"] - file["created_at"] == 2_592_000_000, "30 days, in milliseconds"
    second = jobs.upload(b"x").json()
    page = jobs.call("GET", "files", params={"limit": 1}).json()
    assert [one["id"] for one in page["data"]] == [second["id"]]
    assert page["has_more"] is True
    rest = jobs.call("GET", "files", params={"after": second["id"]}).json()
    assert ([one["id"] for one in rest["data"]], rest["has_more"]) == ([file["id"]], False)
    assert jobs.call("GET", f"files/{file['id']}").json() == file
    assert jobs.call("GET", f"files/{file['id']}/content").content == b"one\ntwo\n"
    gone = jobs.call("DELETE", f"files/{file['id']}").json()
    assert gone == {"id": file["id"], "deleted": True, "object": "file"}
    assert jobs.call("GET", f"files/{file['id']}").status_code == 404


def test_a_job_goes_through_its_states_and_answers_in_another_order(jobs, clock):
    job = jobs.begin(lines(10), metadata={"made_by": "a test"}).json()
    assert (job["status"], job["request_counts"]) == (
        "validating", {"total": 10, "completed": 0, "failed": 0},
    )  # fmt: skip
    assert job["expires_at"] - job["created_at"] == 86_400, "a day, in seconds"
    assert set(job["metadata"]) == {"made_by", "runtime_instance_id"}
    seen = []
    for _ in range(21):
        clock.now += 5
        now = jobs.state(job)
        seen.append((now["status"], now["request_counts"]["completed"]))
    states = list(dict.fromkeys(state for state, _ in seen))
    assert states == ["validating", "in_progress", "finalizing", "completed"]
    assert [done for _, done in seen] == sorted(done for _, done in seen)
    ended = jobs.state(job)
    answers = jobs.lines_of(ended["output_file_id"])
    ids = [one["custom_id"] for one in answers]
    assert sorted(ids) == sorted(f"row-{at}" for at in range(10))
    assert ids != [f"row-{at}" for at in range(10)]
    response = answers[0]["response"]
    assert (response["status_code"], response["request_id"]) == (200, ids[0])
    assert (response["body"]["model"], response["body"]["model_id"]) == (MODEL, "")
    assert f"say {ids[0]}" in response["body"]["choices"][0]["message"]["content"]
    assert "error_file_id" not in ended
    assert jobs.sandbox.answered_lines == ids


@pytest.mark.parametrize("inline", [False, True], ids=["a file of their own", "among the answers"])
def test_lines_that_fail_are_counted_and_say_why(inline, jobs, clock):
    if inline:
        jobs.sandbox.put_errors_inline()
    data = lines(2) + line("no-model", model="ibm/none") + line("hot", temperature=9)
    job = jobs.begin(data).json()
    clock.now += 100
    ended = jobs.state(job)
    assert ended["request_counts"] == {"total": 4, "completed": 2, "failed": 2}
    assert ("error_file_id" in ended) is not inline
    found = jobs.lines_of(ended["output_file_id" if inline else "error_file_id"])
    codes = {
        one["custom_id"]: (
            one["response"]["status_code"], one["response"]["body"]["errors"][0]["code"]
        )
        for one in found
        if one["response"]["status_code"] != 200
    }  # fmt: skip
    assert codes == {
        "no-model": (404, "model_not_supported"), "hot": (400, "json_validation_error"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "empty_file"),
        (b"no json\n", "invalid_json_line"),
        (lines(2).replace(b"POST", b"GET"), "invalid_url"),
        (line("a") + line("a"), "duplicate_custom_id"),
    ],
)
def test_a_file_that_is_none_of_prompts_fails_its_job(data, code, jobs, clock):
    job = jobs.begin(data).json()
    clock.now += 20
    ended = jobs.state(job)
    assert ended["status"] == "failed"
    assert ended["errors"]["data"][0]["code"] == code
    assert jobs.sandbox.answered_lines == []


def test_a_cancelled_job_keeps_what_was_answered(jobs, clock):
    job = jobs.begin(lines(10)).json()
    clock.now += 50
    jobs.state(job)
    cancelling = jobs.call("POST", f"batches/{job['id']}/cancel").json()
    assert cancelling["status"] == "cancelling"
    ended = jobs.state(job)
    assert (ended["status"], ended["request_counts"]["completed"]) == ("cancelled", 5)
    assert len(jobs.lines_of(ended["output_file_id"])) == 5
    again = jobs.call("POST", f"batches/{job['id']}/cancel")
    assert (again.status_code, again.json()["error"]["code"]) == (500, "Internal Server Error")


def test_a_day_is_the_most(clock):
    with Sandbox(clock=clock, batch_seconds=200_000) as slow:
        jobs = Jobs(slow, slow.api_key)
        job = jobs.begin(lines(10)).json()
        clock.now += 90_000
        ended = jobs.state(job)
    assert ended["status"] == "expired"
    assert 0 < ended["request_counts"]["completed"] < 10


@pytest.mark.parametrize("name", ["job-fails", "job-expires"])
def test_a_fault_ends_a_job_early(name, jobs, clock):
    jobs.sandbox.fault(name)
    job = jobs.begin(lines(10)).json()
    clock.now += 100
    ended = jobs.state(job)
    expected = {"job-fails": ("failed", 0), "job-expires": ("expired", 5)}
    assert (ended["status"], ended["request_counts"]["completed"]) == expected[name]


def test_without_delay_a_job_is_completed_when_it_is_made():
    with Sandbox(batch_seconds=0) as quick:
        assert Jobs(quick).begin(lines(3)).json()["status"] == "completed"


@pytest.mark.parametrize(
    ("name", "count"),
    [("lines-missing", 9), ("lines-twice", 11), ("lines-foreign", 12), ("lines-cut", None)],
)
def test_a_fault_spoils_a_result_file_once(name, count, jobs, clock):
    job = jobs.begin(lines(10)).json()
    clock.now += 100
    path = f"files/{jobs.state(job)['output_file_id']}/content"
    whole = jobs.call("GET", path).content
    jobs.sandbox.fault(name)
    spoilt = jobs.call("GET", path).content
    if count is None:
        assert spoilt == whole[: len(whole) // 2]
    else:
        assert len(spoilt.splitlines()) == count
    assert jobs.call("GET", path).content == whole


def test_the_key_itself_signs_as_well_as_a_token(sandbox):
    assert Jobs(sandbox, sandbox.api_key).call("GET", "batches").status_code == 200
    refused = Jobs(sandbox, "nobody").call("GET", "files")
    assert refused.status_code == 401
    document = refused.json()
    assert document["error"]["code"] == document["code"] == "authentication_token_not_valid"
    assert (document["status"], document["type"]) == (401, "authentication_error")
    assert len(document["trace"]) == 32


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        ({"X-IBM-Project-ID": None}, "invalid_request"),
        ({"X-IBM-Space-ID": "both"}, "invalid_request"),
        ({"X-IBM-Project-ID": "11111111-1111-4111-8111-111111111111"}, "container_not_found"),
    ],
    ids=["none", "two", "unknown"],
)
def test_a_header_says_who_pays(headers, code, jobs):
    jobs.http.headers.update(headers)
    assert jobs.call("GET", "files").json()["code"] == code


def test_each_project_has_its_own_and_one_without_storage_has_none(jobs, sandbox):
    job = jobs.begin().json()
    jobs.http.headers["X-IBM-Project-ID"] = sandbox.add_project("another")
    assert jobs.call("GET", "batches").json()["data"] == []
    assert jobs.call("GET", f"batches/{job['id']}").status_code == 404
    jobs.http.headers["X-IBM-Project-ID"] = sandbox.add_project("bare", storage=False)
    refused = jobs.upload(b"x")
    assert (refused.status_code, refused.json()["code"]) == (400, "storage_not_found")


@pytest.mark.parametrize(
    "wrong",
    [{"endpoint": "/v1/embeddings"}, {"completion_window": "1h"}, {"input_file_id": "file-x"},
     {"metadata": {"a": 1}}],
    ids=str,
)  # fmt: skip
def test_a_job_that_cannot_be_is_refused(wrong, jobs):
    assert jobs.begin(**wrong).status_code in (400, 404)


def test_a_form_without_a_file_is_refused(jobs):
    assert jobs.upload(b"x", purpose="fine-tune").json()["param"] == "purpose"
    assert jobs.call("POST", "files", data=b"x").status_code == 400
    assert jobs.call("PUT", "files", data=b"x").status_code == 405
