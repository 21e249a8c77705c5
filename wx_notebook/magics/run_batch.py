"""A cell with `--each`: its prompt is sent for each row of a table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from wx_notebook.batch.cluster.address import is_client
from wx_notebook.batch.plan import Plan
from wx_notebook.batch.progress import RunProgress
from wx_notebook.batch.prompt_batch import Batch
from wx_notebook.batch.service_lines import line_document
from wx_notebook.batch.summary import BatchResult
from wx_notebook.credentials.secret import OpaqueMapping
from wx_notebook.display import Canvas, canvas_for
from wx_notebook.display import Progress as Waiting
from wx_notebook.display.batch_progress import BatchDisplay
from wx_notebook.errors import BadOption, BatchStopped, Interrupted, did_you_mean, mask_keys
from wx_notebook.magics.run_prompt import named_schema
from wx_notebook.options import SERVICE, Options
from wx_notebook.render import format_json
from wx_notebook.session import session
from wx_notebook.templates import named_pictures, table_of

_FILES = (".csv", ".parquet")
#: A list of more rows is not printed as the value of a cell.
_MOST_PRINTED = 20


def send_table(
    shell: Any,  # noqa: ANN401
    text: str,
    params: Mapping[str, Any],
    local_ns: Mapping[str, Any] | None,
    code: str,
) -> Any:  # noqa: ANN401  # the user's kind of table
    """Send the prompt for each row, show how far it is, and return the table with the answers.

    With `--show` the flight plan is shown and None is returned. A run that ends early binds the
    rows so far to the `--output` name, and the cell fails.

    Parameters
    ----------
    params
        The options that the cell sets itself; the settings give the others.
    local_ns
        The names of a function; they come before those of the notebook.
    code
        What was typed, for the journal.
    """
    names = OpaqueMapping({**shell.user_ns, **(local_ns or {})})
    canvas = canvas_for(shell)
    with Waiting(canvas, "reading the table") as waiting:
        current = session()
        options = current.state.options(params)
        if not text.strip():
            raise BadOption("The prompt is empty.", hint="Write it below the %%watsonx line.")
        options = named_schema(options, names)
        if options.images is not None:
            pictures = named_pictures(options.images, names, shell.user_ns_hidden)
            options = replace(options, images=pictures)
        options = _with_client(options, names)
        table = _table(options.each or "", names, set(shell.user_ns_hidden))
        batch = Batch(current, text, table, options, {} if options.raw else names, code)
        plan = batch.plan()
        if options.show:
            waiting.show_lines(_shown(plan, current.endpoints.url))
            return None
        display = _display(canvas, plan)
        waiting.show_bundle(display.first_frame())
    result = _run(shell, batch, display, options.output)
    is_long = isinstance(result.value, list | dict) and len(result.value) > _MOST_PRINTED
    return None if options.output is not None and is_long else result.value


def run_shown(shell: Any, batch: Batch, **more: Any) -> BatchResult:  # noqa: ANN401
    """Run a batch of a Python call, and show how far it is, as `send_table` does."""
    canvas = canvas_for(shell)
    with Waiting(canvas, "reading the table") as waiting:
        plan = batch.plan()
        display = _display(canvas, plan)
        waiting.show_bundle(display.first_frame())
    return _run(shell, batch, display, None, **more)


def _display(canvas: Canvas, plan: Plan) -> BatchDisplay:
    first = "the first row goes alone ..." if plan.on != SERVICE else "the table goes over ..."
    return BatchDisplay(canvas, plan.lines(), plan.text, first)


def _run(
    shell: Any, batch: Batch, display: BatchDisplay, variable: str | None, **more: Any  # noqa: ANN401
) -> BatchResult:  # fmt: skip
    last: list[RunProgress] = []

    def show(progress: RunProgress) -> None:
        last[:] = [progress]
        display.update(progress)

    failure: BatchStopped | Interrupted | None = None
    try:
        result = batch.run(show, **more)
    except (BatchStopped, Interrupted) as error:
        failure = error
    if failure is None:
        if variable is not None:
            shell.user_ns[variable] = result.value
        display.finish(last[-1] if last else None, result.line, result.notes)
        return result
    if variable is not None and failure.table is not None:
        shell.user_ns[variable] = failure.table
        if not isinstance(failure.table, Path):
            failure.hint = f"The rows so far are in {variable}. {failure.hint}"
    line = failure.message.split("\n")[-1]
    display.finish(last[-1] if last else None, line)
    raise failure


def _table(name: str, names: Mapping[str, Any], hidden: set[str]) -> Any:  # noqa: ANN401
    """Return the variable of this name, or the path of a file."""
    if name in names:
        return names[name]
    if Path(name).suffix.lower() in _FILES:
        return Path(name)
    known = [one for one in names if one[:1] != "_" and one not in hidden]
    tables = [one for one in known if isinstance(names[one], list | dict) or table_of(names[one])]
    hint = f"Tables here: {', '.join(tables[:10])}." if tables else "For example: --each df"
    if set(name) & set("[("):  # an expression
        hint = f"It takes a name. Run table = {mask_keys(name)} first, then type --each table."
    near = did_you_mean(name, known)
    raise BadOption(
        f"There is no variable and no file '{mask_keys(name)}' for --each.{near}", hint=hint
    )


def _with_client(options: Options, names: Mapping[str, Any]) -> Options:
    """Return the options with the `distributed.Client` that --on names."""
    on = options.on
    if not isinstance(on, str) or on == SERVICE or "://" in on:
        return options
    if is_client(names.get(on)):
        return replace(options, on=names[on])
    clients = [name for name in names if name[:1] != "_" and is_client(names[name])]
    what = "no distributed.Client" if on in names else "no variable of this notebook"
    near = did_you_mean(on, [SERVICE, *clients])
    raise BadOption(
        f"--on takes a place, and '{mask_keys(on)}' is {what}.{near}",
        hint=f"Clients here: {', '.join(clients[:5])}."
        if clients
        else f"Type --on {SERVICE}, --on tls://HOST:PORT, or the name of a distributed.Client.",
    )


def _shown(plan: Plan, url: str) -> list[str]:
    lines = plan.lines()
    if plan.request is None:
        return [*lines, "no row was read for this"]
    if plan.on == SERVICE:
        line = line_document(plan.key, plan.request)
        calls = [f"POST {url}{path}" for path in ("/ml/v1/files", "/ml/v1/batches")]
        return [
            *lines,
            "",
            *calls,
            "",
            "the first line of the file:",
            *format_json(line).split("\n"),
        ]
    return [*lines, "", "the first request:", *plan.request.shown(url, format_json).split("\n")]
