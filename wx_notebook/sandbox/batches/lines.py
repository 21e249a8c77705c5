"""The lines of a batch job: a chat in each of the file, its reply in each of the results."""

from __future__ import annotations

import uuid

from wx_notebook.sandbox.http.messages import Document, Reply, Request, encode_json, json_object

#: The one endpoint that stands in any public source.
ENDPOINT = "/v1/chat/completions"
_MOST_ERRORS = 10


def chat_request(line: Document, scope_field: str, scope: str) -> Request:
    """Return the chat in a line, billed to the project or space of its job."""
    body = dict(line["body"])
    body["model_id"] = body.pop("model", None)
    body[scope_field] = scope
    return Request("POST", "/ml/v1/text/chat", {}, {}, encode_json(body))


def result_line(custom_id: str, reply: Reply, now: int) -> bytes:
    """Return the reply to a chat as a line of a result file."""
    body = json_object(reply.body) or {}
    if reply.status == 200:
        # (recorded: the model stands in the other field)
        body["model"], body["model_id"] = body.get("model_id", ""), ""
    response = {"status_code": reply.status, "request_id": custom_id, "body": body}
    return encode_json(
        {
            "id": str(uuid.uuid4()),
            "custom_id": custom_id,
            "response": response,
            "processed_at": now,
        }
    )


def problems_of(lines: list[bytes]) -> list[Document]:
    """Return what makes a file no file of prompts, as the errors of a job that failed."""
    if not lines:
        return [problem("empty_file", "The file has no lines.", None)]
    found: list[Document] = []
    seen: set[str] = set()
    for number, line in enumerate(lines, 1):
        document = json_object(line) or {}
        custom_id = document.get("custom_id")
        if not isinstance(custom_id, str) or not isinstance(document.get("body"), dict):
            found.append(problem("invalid_json_line", "The line is not a request.", number))
        elif document.get("method") != "POST" or document.get("url") != ENDPOINT:
            found.append(problem("invalid_url", f"The line must be a POST of {ENDPOINT}.", number))
        elif custom_id in seen:
            # what the service says to this is not public
            found.append(problem("duplicate_custom_id", "The custom_id is there twice.", number))
        else:
            seen.add(custom_id)
    return found[:_MOST_ERRORS]


def problem(code: str, message: str, line: int | None) -> Document:
    """Return one error of a job that failed."""
    return {"code": code, "message": message, "param": None, "line": line}
