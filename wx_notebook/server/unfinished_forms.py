"""Login forms that nobody finished, in a notebook that is opened again without being run.

JupyterLab saves no widget state unless its user asks for that. In place of the widget it then says
that a model was not found. So the file gets, for each such form, the state of a small widget that
tells the user what to do, by the text that the kernel put into the output's metadata. While the
kernel runs, the front end uses the form itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree as ET  # only written with

_VIEW = "application/vnd.jupyter.widget-view+json"
_STATE = "application/vnd.jupyter.widget-state+json"
#: Our models in a file have this class. No other model is changed.
_OUR_CLASS = "wx-notebook-form-gone"
_CONTROLS = "@jupyter-widgets/controls"
_NO_PICTURE = f".{_OUR_CLASS}::before {{ display: none !important; }}"
_MODEL_ID = re.compile(r"[0-9a-f]{32}")


def mark_unfinished_forms(model: dict[str, Any]) -> None:
    """Add a small widget for each unfinished login form to a notebook that is about to be written.

    Parameters
    ----------
    model
        The notebook in Jupyter's contents format. Its content is replaced, not changed: a document
        that several people edit may share it.
    """
    content = model.get("content")
    if model.get("type") != "notebook" or not isinstance(content, dict):
        return
    before = _saved_models(content)
    forms = dict(_find_forms(content))
    if not (before or forms):
        return
    after = {model_id: saved for model_id, saved in before.items() if not _is_ours(saved)}
    for model_id, texts in forms.items():
        # if the front end has saved the form itself, that is kept
        if model_id not in after:
            after |= _placeholder_models(model_id, texts)
    if after != before:
        metadata = _with_models(_get_object(content, "metadata"), after)
        model["content"] = content | {"metadata": metadata}


def _find_forms(content: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield the model id of each form, and its texts."""
    for cell in _as_list(content.get("cells")):
        for output in _as_list(cell.get("outputs") if isinstance(cell, dict) else None):
            texts = _get_object(output, "metadata", "wx_notebook", "form")
            model_id = _get_object(output, "data", _VIEW).get("model_id")
            if texts and isinstance(model_id, str) and _MODEL_ID.fullmatch(model_id):
                yield model_id, texts


def _saved_models(content: Mapping[str, Any]) -> Mapping[str, Any]:
    return _get_object(content, "metadata", "widgets", _STATE, "state")


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401
    return value if isinstance(value, list) else []


def _get_object(value: Any, *names: str) -> Mapping[str, Any]:  # noqa: ANN401  # any JSON
    """Return the object under these names, an empty one if there is none."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def _is_ours(saved: Any) -> bool:  # noqa: ANN401  # any JSON
    classes = _get_object(saved, "state").get("_dom_classes")
    return isinstance(classes, list) and _OUR_CLASS in classes


def _with_models(metadata: Mapping[str, Any], models: Mapping[str, Any]) -> dict[str, Any]:
    """Return a notebook's metadata with these widget models, or without the entry for them."""
    widgets = {
        name: value for name, value in _get_object(metadata, "widgets").items() if name != _STATE
    }
    if models:
        widgets[_STATE] = {"state": dict(models), "version_major": 2, "version_minor": 0}
    rest = {name: value for name, value in metadata.items() if name != "widgets"}
    return rest | ({"widgets": widgets} if widgets else {})


def _placeholder_models(model_id: str, texts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the state of a widget that every front end has: one line of text.

    JupyterLab puts the picture of a broken link before each widget without a kernel, which only a
    rule of style takes away. The text comes from a file, so nothing in it is left to be HTML.
    """
    line = ET.Element("span")
    style = ET.SubElement(line, "style")
    style.text, style.tail = _NO_PICTURE, str(texts.get("gone", ""))
    value = ET.tostring(line, encoding="unicode", method="html")
    return {model_id: _widget("HTML", value=value)}


def _widget(name: str, **state: object) -> dict[str, Any]:
    """Return the saved state of a widget of ipywidgets 8 with the default style."""
    model = {"_model_module": _CONTROLS, "_model_module_version": "2.0.0",
             "_model_name": f"{name}Model"}  # fmt: skip
    view = {"_view_module": _CONTROLS, "_view_module_version": "2.0.0",
            "_view_name": f"{name}View"}  # fmt: skip
    return {
        "model_module": _CONTROLS,
        "model_module_version": "2.0.0",
        "model_name": f"{name}Model",
        "state": {
            **model,
            **view,
            "_dom_classes": [_OUR_CLASS],
            "layout": None,
            "style": None,
            **state,
        },
    }
