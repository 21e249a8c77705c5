"""One prompt, from a cell's text to the user's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wx_notebook.errors import BadOption, Interrupted, NotConnected, WatsonxError
from wx_notebook.options import DEFAULT_MODEL, Options

if TYPE_CHECKING:
    from wx_notebook.answer import Answer, AnswerStream
    from wx_notebook.display import Live


def run(shell: Any, text: str, options: Options) -> Any:  # noqa: ANN401  # an Answer, or None
    """Send a cell's text and show its answer while it comes; return it as a value.

    With `--show` nothing is sent and nothing returned. An answer that was interrupted or cut is
    bound to the `--output` name all the same, and shown; the cell fails.
    """
    prompt = _filled(shell, text, options)
    if not prompt.strip():
        raise BadOption(
            "The prompt is empty.", hint="Write it below the %%watsonx line, or behind ask."
        )
    if options.show:
        _show(shell, prompt, options)
        return None
    # requests and its kin are imported by the first prompt, not by %load_ext
    from wx_notebook.display import Live, canvas_for

    with Live(canvas_for(shell), f"waiting for {options.model or 'watsonx.ai'}") as live:
        answer, failure = _answered(prompt, options, live)
        if answer is not None:
            if options.output is not None:
                # before it is painted: a second press of Stop may hit that
                shell.user_ns[options.output] = answer
            failure = _painted(live, answer) or failure
    if failure is not None:
        raise failure
    assert answer is not None  # noqa: S101  # without a failure the stream has ended
    answer.be_silent_once()
    return answer


def _answered(
    prompt: str, options: Options, live: Live
) -> tuple[Answer | None, WatsonxError | Interrupted | None]:
    """Return the answer, whole or in part, and what kept it from being whole."""
    from wx_notebook.service.pieces import RUN_AGAIN
    from wx_notebook.session import session

    stream: AnswerStream | None = None
    answer: Answer | None = None
    failure: WatsonxError | Interrupted | None = None
    try:
        held = session()
        request = held.prepare(prompt, options, stream=options.stream)
        stream = held.open(request, on_wait=lambda wait: live.waiting(wait, wait.pause_s))
        with stream:
            for piece in stream:
                live.add(piece)
            answer = stream.answer
    except (WatsonxError, Interrupted) as problem:
        failure, answer = problem, problem.answer
    except KeyboardInterrupt:
        # it hit our own code between two pieces
        answer = stream.interrupt() if stream is not None else None
        answer = answer if answer is not None and answer.text else None
        hint = RUN_AGAIN if answer is not None else "Run it again."
        failure = Interrupted("Stopped while the answer was arriving.", hint=hint, answer=answer)
    return answer, failure


def _painted(live: Live, answer: Answer) -> Interrupted | None:
    """Show an answer for good; an interrupt in the middle of that loses only the picture."""
    try:
        live.finish(answer)
    except KeyboardInterrupt:
        return Interrupted(
            "Stopped while the answer was being shown.", hint="It is in wx.last().", answer=answer
        )
    return None


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
    from wx_notebook.session import prepare, session

    try:
        held = session()
        request = held.prepare(prompt, options, stream=options.stream, dry=True)
        base = held.endpoints.url
    except NotConnected:
        # what would be sent does not depend on who sends it
        base = "(not connected)"
        request = prepare(
            prompt,
            options,
            model_id=options.model or DEFAULT_MODEL,
            scope=Scope("(your project)"),
            stream=options.stream,
        )
    show_request(shell, request.shown(base))
