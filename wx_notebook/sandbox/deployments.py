"""Deployments: models that are asked by the name of a deployment instead of their own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from urllib.parse import unquote

from wx_notebook.sandbox.fields import Body
from wx_notebook.sandbox.model import Model
from wx_notebook.sandbox.models import BY_ID
from wx_notebook.sandbox.prompts import ModelOf
from wx_notebook.sandbox.replies import ok, refusal
from wx_notebook.sandbox.wire import Reply, Request, created_at


@dataclass(frozen=True, slots=True)
class _Deployment:
    id: str
    serving_name: str
    model: Model


class Deployments:
    """One deployment in a project; no prompt template is behind it.

    Attributes
    ----------
    deployment_id, serving_name
        Its two names.
    """

    def __init__(self, made_at: float, project_id: str) -> None:
        self.deployment_id = str(uuid.uuid4())
        self.serving_name = "sandbox_chat"
        self._project_id = project_id
        self._created_at = created_at(made_at)
        model = BY_ID["ibm/granite-4-h-small"]
        self._all = (_Deployment(self.deployment_id, self.serving_name, model),)

    def model_of(self, path: str) -> ModelOf:
        """Return what finds the model behind `/ml/v1/deployments/{id_or_name}/...`."""
        name = unquote(path.split("/")[4])

        def find(body: Body, _function: str) -> Model:
            return self._find(name, body.anchor).model

        return find

    def one(self, request: Request) -> Reply:
        """Answer `GET /ml/v4/deployments/{id}`.

        Raises
        ------
        Refused
            404: there is none such.
        """
        return ok(self._document(self._find(unquote(request.path.rpartition("/")[2]), "")))

    def all(self, request: Request) -> Reply:
        """Answer `GET /ml/v4/deployments`, of which `serving_name` and `name` can choose."""
        wanted = {request.query.get(name) for name in ("serving_name", "name")} - {None}
        found = [each for each in self._all if wanted <= {each.serving_name}]
        return ok(
            {
                "limit": 100,
                "total_count": len(found),
                "first": {"href": "/ml/v4/deployments"},
                "resources": [self._document(each) for each in found],
            }
        )

    def _find(self, name: str, anchor: str) -> _Deployment:
        for each in self._all:
            if name in (each.id, each.serving_name):
                return each
        message = f"The deployment {name[:100]!r} does not exist."
        raise refusal(404, "not_found", message, anchor=anchor)

    def _document(self, deployment: _Deployment) -> dict[str, object]:
        urls = [
            f"/ml/v1/deployments/{deployment.id}/text/{what}" for what in ("chat", "generation")
        ]
        return {
            "metadata": {
                "id": deployment.id,
                "name": deployment.serving_name,
                "created_at": self._created_at,
                "project_id": self._project_id,
                "tags": [],
            },
            "entity": {
                "asset": {"id": str(uuid.uuid5(uuid.NAMESPACE_OID, deployment.id))},
                "online": {"parameters": {"serving_name": deployment.serving_name}},
                "deployed_asset_type": "foundation_model",
                "base_model_id": deployment.model.model_id,
                "status": {
                    "state": "ready",
                    "message": {"level": "info", "text": "No model is behind it."},
                    "inference": [
                        part
                        for url in urls
                        for part in ({"url": url}, {"url": f"{url}_stream", "sse": True})
                    ],
                },
            },
        }
