"""A request to the service as a value that can be shown before it is sent."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Base: TypeAlias = Literal["inference", "platform"]
Message: TypeAlias = Mapping[str, Any]
#: A text, or messages such as ``{"role": "user", "content": "..."}``.
Prompt: TypeAlias = str | Sequence[Message]
#: Which of the service's shapes the answer has.
Endpoint: TypeAlias = Literal["chat", "generation", "other"]
#: The date of the API's behaviour that this package was written for: what IBM's Python SDK 1.8.1
#: sends. The service answers older and newer ones alike.
API_VERSION = "2026-10-14"


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of the service; where it goes and who asks is added by `Service`.

    `format` and `default_model` are not sent: as what the answer is shown, and whether nobody chose
    the model. `timeout_s` is the whole time that it may take, None for the transport's own limits.
    """

    path: str
    endpoint: Endpoint = "other"
    body: Mapping[str, Any] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    base: Base = "inference"
    stream: bool = False
    paid: bool = False
    authorized: bool = True
    format: str = "auto"
    default_model: bool = False
    timeout_s: float | None = None

    @property
    def method(self) -> str:
        """POST with a body, GET without."""
        return "GET" if self.body is None else "POST"

    @property
    def deployment(self) -> str:
        """The deployment that is asked, "" for a model."""
        _, is_one, rest = self.path.partition("/deployments/")
        return rest.partition("/")[0] if is_one else ""

    @property
    def query(self) -> dict[str, str]:
        """The query, with the `version` that every call of the inference API must carry."""
        version = {"version": API_VERSION} if self.base == "inference" else {}
        return version | dict(self.params)

    @property
    def model_id(self) -> str:
        """The model that is asked, "" where none is."""
        return str((self.body or {}).get("model_id", ""))

    def shown(self, base_url: str, written: Callable[[Any], str] | None = None) -> str:
        """Return the request as a person reads it; the body is exactly what goes out.

        `written` makes JSON text of the body, where a reader is to see characters that are not
        seen otherwise.
        """
        query = "&".join(f"{name}={value}" for name, value in self.query.items())
        head = f"{self.method} {base_url}{self.path}" + (f"?{query}" if query else "")
        if self.body is None:
            return head
        body = (
            written(self.body) if written else json.dumps(self.body, indent=2, ensure_ascii=False)
        )
        return f"{head}\n\n{body}"


@dataclass(frozen=True, slots=True)
class Scope:
    """What a prompt is billed to: a project, or else a space."""

    project_id: str = ""
    space_id: str = ""

    def as_body(self) -> dict[str, str]:
        """Return the field that names it; the project wins."""
        if self.project_id:
            return {"project_id": self.project_id}
        return {"space_id": self.space_id} if self.space_id else {}
