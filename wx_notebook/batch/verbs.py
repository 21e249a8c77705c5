"""`wx.classify`, `wx.extract` and `wx.filter`: what people do most with a table of texts.

Each is a prompt with a schema, sent by `Batch`. What the user gives (labels, examples) is text in
the prompt and never syntax.

This module is imported with the package, so it imports nothing heavy at its top.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from wx_notebook.batch.functions import RUN_DISPLAY, make_batch
from wx_notebook.errors import BadOption, BatchStopped, mask_keys
from wx_notebook.hints import spoken_in_python

if TYPE_CHECKING:
    from wx_notebook.batch.prompt_batch import Batch

#: The name by which the prompt takes what the user gave; a column of this name comes first.
_TASK = "wxn_task"
#: The new column of `classify`, and the one that `filter` looks at and takes away.
LABEL, MATCHES = "label", "matches"


@spoken_in_python
def classify(
    table: Any, column: str, labels: Sequence[str], *,  # noqa: ANN401
    examples: Sequence[tuple[str, str]] = (), **options: Any,  # noqa: ANN401
) -> Any:  # fmt: skip  # noqa: ANN401
    """Give each row of a table one of the labels, in the column `label`.

    Parameters
    ----------
    table, options
        As for `wx_notebook.batch`.
    column
        The column with the text; `value` for a list of texts.
    labels
        At least two. An answer that is none of them is asked for once more, and is an error of its
        row then.
    examples
        Texts with their labels.

    Raises
    ------
    BadOption
        The labels or the examples cannot be right.
    BatchStopped, Interrupted
        As for `wx_notebook.batch`.

    Examples
    --------
    ::

        wx.classify(reviews, "text", ["good", "bad"], examples=[("Meh.", "bad")])
    """
    known: list[Any] = [] if isinstance(labels, str) else list(dict.fromkeys(labels))
    if len(known) < 2 or not all(isinstance(one, str) and one.strip() for one in known):
        raise BadOption(
            "classify needs a list of two labels or more, each of them a text.",
            hint='For example: wx.classify(df, "text", ["good", "bad"])',
        )
    for text, label in _pairs(examples):
        if label not in known:
            raise BadOption(
                f"The example '{mask_keys(text)}' has the label '{mask_keys(str(label))}', which is"
                " not one of the labels.",
                hint=f"Labels: {', '.join(known)}.",
            )
    task = f"Give the text one of these labels: {', '.join(known)}."
    schema = _object({LABEL: {"type": "string", "enum": known}})
    made = [(text, {LABEL: label}) for text, label in examples]
    return RUN_DISPLAY(_batch(table, column, task, made, {**options, "schema": schema})).value


@spoken_in_python
def extract(
    table: Any, column: str, schema: Any, *,  # noqa: ANN401
    examples: Sequence[tuple[str, Any]] = (), **options: Any,  # noqa: ANN401
) -> Any:  # fmt: skip  # noqa: ANN401
    """Read values out of each text of a table, in a column for each field of the schema.

    Parameters
    ----------
    table, options
        As for `wx_notebook.batch`.
    column
        The column with the text; `value` for a list of texts.
    schema
        As for `wx_notebook.ask`: ``"name, age: int"``, a class, or a JSON Schema.
    examples
        Texts with their values.

    Raises
    ------
    BadOption, BatchStopped, Interrupted
        As for `wx_notebook.batch`.

    Examples
    --------
    ::

        wx.extract(letters, "text", "sender, date: date, amount: float")
    """
    task = "Extract the values from the text. Take what the text says, and nothing else."
    batch = _batch(table, column, task, _pairs(examples), {**options, "schema": schema})
    return RUN_DISPLAY(batch).value


@spoken_in_python
def filter(  # noqa: A001  # the word for it, as in `wx.filter`
    table: Any, condition: str, *,  # noqa: ANN401
    examples: Sequence[tuple[str, bool]] = (), names: Mapping[str, Any] | None = None,
    **options: Any,  # noqa: ANN401
) -> Any:  # fmt: skip  # noqa: ANN401
    """Return the rows of a table of which something is true, without a new column.

    Parameters
    ----------
    table, options
        As for `wx_notebook.batch`, without `to`.
    condition
        A sentence with columns in double braces: ``"{{ text }} is a complaint"``.
    examples
        Sentences, each with whether it is true.
    names
        Values for names in the sentence that are no columns.

    Raises
    ------
    BatchStopped
        For some rows the answer is unknown; `.table` has the rows for which it is true.
    BadOption, Interrupted
        As for `wx_notebook.batch`.
    """
    if options.get("to") is not None:
        raise BadOption("filter returns rows, and writes no file.", hint="Remove to=.")
    task = "Say whether the sentence is true."
    for text, is_true in _pairs(examples):
        if not isinstance(is_true, bool):
            raise BadOption(
                f"The example '{mask_keys(text)}' has '{mask_keys(str(is_true)[:40])}' beside it, "
                "which is neither True nor False.",
                hint='For example: examples=[("It broke.", True)]',
            )
    made = [(text, {MATCHES: is_true}) for text, is_true in examples]
    prompt = f"{{{{ {_TASK} }}}}\n\nSentence: {condition}"
    schema = _object({MATCHES: {"type": "boolean"}})
    batch = make_batch(
        prompt, table, {**options, "schema": schema},
        names={**(names or {}), _TASK: _with_examples(task, made)}, told=condition,
    )  # fmt: skip
    from wx_notebook.batch.outputs import MatchingRows

    output = MatchingRows(batch.table, MATCHES)
    RUN_DISPLAY(batch, output=output)
    if output.failed:
        stopped = BatchStopped(
            f"{len(output.failed):,} rows have no answer, the first because: {output.failed[0]}",
            hint="Run it again: rows with an answer are not sent again. The rows that passed "
            "are in .table of this error.",
        )
        stopped.table = output.value()
        raise stopped
    return output.value()


def _batch(
    table: Any, column: str, task: str, examples: Sequence[tuple[str, Any]],  # noqa: ANN401
    options: Mapping[str, Any],
) -> Batch:  # fmt: skip
    text = f"Text: {{{{ row[{json.dumps(str(column))}] }}}}"
    return make_batch(
        f"{{{{ {_TASK} }}}}\n\n{text}", table, options,
        names={_TASK: _with_examples(task, examples)}, told=f"{task} {text}",
    )  # fmt: skip


def _with_examples(task: str, examples: Sequence[tuple[str, Any]]) -> str:
    shown = [
        f"Text: {text}\nAnswer: {json.dumps(values, ensure_ascii=False, default=str)}"
        for text, values in examples
    ]
    return "\n\n".join([task, *(["Examples:"] if shown else []), *shown])


def _pairs(examples: Sequence[tuple[str, Any]]) -> list[tuple[str, Any]]:
    given: Sequence[Any] = examples
    pairs = [tuple(one) for one in given if isinstance(one, tuple | list)]
    if len(pairs) != len(examples) or not all(
        len(one) == 2 and isinstance(one[0], str) for one in pairs
    ):
        raise BadOption(
            "An example is a pair of a text and its result.",
            hint='For example: examples=[("It broke.", "bad")]',
        )
    return [(one[0], one[1]) for one in pairs]


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object", "properties": properties, "required": list(properties),
        "additionalProperties": False,
    }  # fmt: skip
