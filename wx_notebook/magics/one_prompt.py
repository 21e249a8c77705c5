"""One prompt, from a cell's text to the user's names."""

from __future__ import annotations

from typing import Any

from wx_notebook.errors import BadOption, Interrupted, WatsonxError
from wx_notebook.options import DEFAULT_MODEL, Options


def run(shell: Any, text: str, options: Options) -> Any:  # noqa: ANN401  # an Answer, or None
    """Send a cell's text and show its answer while it comes; return it as a value.

    With `--show` nothing is sent and nothing returned. An answer that was interrupted or cut is
    bound to the `--output` name all the same, and shown; the cell fails.
    """
    prompt = _filled(shell, text, options)
    if not prompt.strip():
        raise BadOption("The prompt is empty.", hint="Write it below the %%watsonx line.")
    if options.show:
        _show(shell, prompt, options)
        return None

    # requests and its kin are imported by the first prompt, not by %load_ext
    from wx_notebook.display import Live, canvas_for
    from wx_notebook.service.pieces import RUN_AGAIN
    from wx_notebook.session import session

    held = session()
    failure: WatsonxError | Interrupted | None = None
    answer = stream = None
    with Live(canvas_for(shell), f"waiting for {options.model or 'watsonx.ai'}") as live:
        try:
            request = held.prepare(prompt, options, stream=options.stream)
            stream = held.open(request, on_wait=live.waiting)
            with stream:
                for piece in stream:
                    live.add(piece)
                answer = stream.answer
        except (WatsonxError, Interrupted) as problem:
            failure, answer = problem, problem.answer
        except KeyboardInterrupt:
            # it hit our own code between two pieces
            failure = Interrupted("Stopped while the answer was arriving.", hint=RUN_AGAIN)
            answer = stream.interrupt() if stream is not None else None
        if answer is None:
            live.abandon()
        else:
            live.finish(answer)
    if answer is not None and options.output is not None:
        shell.user_ns[options.output] = answer
    if failure is not None:
        raise failure
    assert answer is not None  # noqa: S101  # without a failure the stream has ended
    answer.be_silent_once()
    return answer


def _filled(shell: Any, text: str, options: Options) -> str:  # noqa: ANN401
    if options.raw or "{{" not in text:
        return text
    from wx_notebook.credentials import Secret
    from wx_notebook.prompt import fill
    from wx_notebook.session import Session

    hidden = shell.user_ns_hidden
    return fill(text, shell.user_ns, refused=(Secret, Session), not_suggested=hidden)


def _show(shell: Any, prompt: str, options: Options) -> None:  # noqa: ANN401
    from wx_notebook.display import show_request
    from wx_notebook.service import Scope
    from wx_notebook.session import current, prepare

    held = current()
    if held is not None:
        request = held.prepare(prompt, options, stream=options.stream, dry=True)
        base = held.endpoints.url
    else:
        base = "(not connected)"
        request = prepare(
            prompt,
            options,
            model_id=options.model or DEFAULT_MODEL,
            scope=Scope("(your project)"),
            stream=options.stream,
        )
    show_request(shell, request.shown(base))
