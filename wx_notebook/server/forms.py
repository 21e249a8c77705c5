"""A login form that nobody finished, when its notebook is opened again without being run.

JupyterLab keeps no state of a widget in the file unless its user asks for that, and then shows in
the widget's place that a model was not found. So the file is given, for each such form, the little
that shows what to do: a field that takes nothing, and the words that the kernel left in the
output's metadata. While the kernel lives the front end takes the form itself, which comes first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_VIEW = "application/vnd.jupyter.widget-view+json"
_STATE = "application/vnd.jupyter.widget-state+json"
#: What is ours among the models of a file has this class; nobody else's is touched.
OURS = "wx-notebook-form-gone"
_CONTROLS = "@jupyter-widgets/controls"
_MODEL_ID = re.compile(r"[0-9a-f]{32}")


def before_save(model: dict[str, Any]) -> None:
    """Give the forms of a notebook that is about to be written what shows that they are gone.

    Parameters
    ----------
    model
        Of the contents manager. Its content is replaced, not changed: a document that several
        people edit may share it.
    """
    content = model.get("content")
    if model.get("type") != "notebook" or not isinstance(content, dict):
        return
    before = _models(content)
    forms = dict(_forms(content))
    if not (before or forms):
        return
    after = {name: one for name, one in before.items() if not _is_ours(one)}
    for name, words in forms.items():
        # saved by the front end as it was: that is the form itself
        if name not in after:
            after |= _gone(name, words)
    if after != before:
        model["content"] = content | {"metadata": _with(_at(content, "metadata"), after)}


def _forms(content: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the id of each form's model, and the words for it."""
    for cell in _list(content.get("cells")):
        for output in _list(cell.get("outputs") if isinstance(cell, dict) else None):
            words = _at(output, "metadata", "wx_notebook", "form")
            model_id = _at(output, "data", _VIEW).get("model_id")
            if words and isinstance(model_id, str) and _MODEL_ID.fullmatch(model_id):
                yield model_id, words


def _models(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return _at(content, "metadata", "widgets", _STATE, "state")


def _list(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else []


def _at(value: Any, *names: str) -> Mapping[str, Any]:  # noqa: ANN401  # whatever a file holds
    """Return the object under these names, an empty one where there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _is_ours(saved: Any) -> bool:  # noqa: ANN401  # whatever a file holds
    classes = _at(saved, "state").get("_dom_classes")
    return isinstance(classes, list) and OURS in classes


def _with(metadata: Mapping[str, Any], models: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notebook's metadata with these models, without an entry where there are none."""
    widgets = {name: one for name, one in _at(metadata, "widgets").items() if name != _STATE}
    if models:
        widgets[_STATE] = {"state": dict(models), "version_major": 2, "version_minor": 0}
    rest = {name: one for name, one in metadata.items() if name != "widgets"}
    return rest | ({"widgets": widgets} if widgets else {})


def _gone(model_id: str, words: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of widgets that every front end has: a field that is disabled, and a text.

    The words come from a file. Neither of these takes them for HTML.
    """
    field, text = (str(words.get(name, "")) for name in ("field", "gone"))
    children = [f"IPY_MODEL_{model_id}-field", f"IPY_MODEL_{model_id}-text"]
    return {
        model_id: _widget("VBox", children=children),
        f"{model_id}-field": _widget("Text", description=field, disabled=True),
        f"{model_id}-text": _widget("Label", value=text),
    }


def _widget(name: str, **state: object) -> dict[str, Any]:
    """Return one of the widgets of ipywidgets 8, without a style of its own."""
    model = {"_model_module": _CONTROLS, "_model_module_version": "2.0.0",
             "_model_name": f"{name}Model"}  # fmt: skip
    view = {"_view_module": _CONTROLS, "_view_module_version": "2.0.0",
            "_view_name": f"{name}View"}  # fmt: skip
    return {
        "model_module": _CONTROLS,
        "model_module_version": "2.0.0",
        "model_name": f"{name}Model",
        "state": {**model, **view, "_dom_classes": [OURS], "layout": None, "style": None, **state},
    }
