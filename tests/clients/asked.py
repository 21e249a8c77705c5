"""What every client is asked."""

from __future__ import annotations

CHAT_MODEL = "ibm/granite-4-h-small"
EMBEDDER = "ibm/granite-embedding-278m-multilingual"
RANKER = "cross-encoder/ms-marco-minilm-l-12-v2"
HELLO = [{"role": "user", "content": "hello"}]

ADD = {
    "type": "function",
    "function": {
        "name": "add",
        "description": "Adds two numbers.",
        "parameters": {
            "type": "object",
            "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
            "required": ["a", "b"],
        },
    },
}
PERSON = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer", "minimum": 18}},
    "required": ["name", "age"],
}
PERSON_FORMAT = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON}}
