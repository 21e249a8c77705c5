"""One prompt, from a cell's text to the user's names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from wx_notebook.errors import BadOption, Interrupted, WatsonxError
from wx_notebook.options import Options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from wx_notebook.answer import Answer, AnswerStream
    from wx_notebook.display import Live
    from wx_notebook.prompt import Filled
    from wx_notebook.service import Request
    from wx_notebook.session import Session

#: Answers that the live output of the running cell shows already.
_SHOWN: list[Answer] = []


def run(
    shell: Any,  # noqa: ANN401
    text: str,
    options: Options,
    local_ns: Mapping[str, Any] | None = None,
) -> Any:  # noqa: ANN401  # an Answer, or None
    """Send a cell's text and show its answer while it comes; return it as a value.

    With `--show` nothing is sent and nothing returned. An answer that was interrupted or cut is
    bound to the `--output` name all the same, and shown; the cell fails. The names of `local_ns`,
    a function's, come before those of the notebook.
    """
    prompt = _filled(shell, text, options, local_ns or {})
    if not prompt.text.strip():
        raise BadOption(
            "The prompt is empty.", hint="Write it below the %%watsonx line, or behind ask."
        )
    if options.show:
        from wx_notebook.magics.showing import show_request

        show_request(shell, prompt, options)
        return None
    # requests and its kin are imported by the first prompt, not by %load_ext
    from wx_notebook.display import Live, canvas_for

    canvas = canvas_for(shell, options.format)
    with Live(canvas, f"waiting for {options.model or 'watsonx.ai'}") as live:
        answer, failure = _answered(_Prompt(shell, prompt, options), live)
        if answer is not None:
            # for its note on how to go on; `_` is the value of the cell before, unless that failed
            here = "answer.more(), here _" if failure is None else "wx.last()"
            answer.is_called(options.output or here)
            if options.output is not None:
                # before it is painted: a second press of Stop may hit that
                shell.user_ns[options.output] = answer
            failure = _painted(live, answer) or failure
    if answer is not None and failure is None:
        failure = _taken_up(shell, answer)
    return _delivered(shell, answer, failure, options.output)


def forget_shown() -> None:
    """Let answers show themselves again: the cell has run that showed them live."""
    while _SHOWN:
        _SHOWN.pop().be_silent_once(False)


def _more(shell: Any, held: Session, request: Request, so_far: Answer) -> Answer:  # noqa: ANN401
    """Go on with an answer, and show it while it comes; what `answer.more()` does in a notebook."""
    from wx_notebook.display import Live, canvas_for
    from wx_notebook.service import continuation
    from wx_notebook.session.continuing import check_open, joined

    check_open(held)
    following = continuation(request, so_far.text)
    canvas = canvas_for(shell, so_far.format)
    with Live(canvas, f"waiting for {so_far.model_id or 'watsonx.ai'}") as live:
        live.add(so_far.text)
        answer, failure = _answered(_Continuation(held, following), live)
        if answer is not None:
            answer = joined(so_far, answer, lambda whole: _more(shell, held, request, whole))
            if failure is not None:
                failure.answer = answer
            failure = _painted(live, answer) or failure
    if answer is not None and failure is None:
        failure = _taken_up(shell, answer)
    return _delivered(shell, answer, failure)


def _taken_up(shell: Any, answer: Answer) -> WatsonxError | None:  # noqa: ANN401
    """Do what the format of an answer asks for; return what keeps it from being that.

    Whole code goes into the next cell, which nobody has run; a front end that cannot shows it all
    the same, and ignores this.
    """
    if answer.format == "code" and answer.is_whole:
        from wx_notebook.render import fenced_code, next_cell

        code = fenced_code(answer.text)
        if code is not None:
            shell.set_next_input(next_cell(code, answer.model_id).text)
    elif answer.format == "json":
        try:
            _ = answer.data
        except WatsonxError as problem:
            return problem
    return None


def _delivered(
    shell: Any,  # noqa: ANN401
    answer: Answer | None,
    failure: WatsonxError | Interrupted | None,
    output: str | None = None,
) -> Answer:
    if failure is not None:
        failure.hint = _by_its_name(shell, failure.hint, output)
        raise failure
    assert answer is not None  # noqa: S101  # without a failure the stream has ended
    answer.be_silent_once()
    _SHOWN.append(answer)
    return answer


def _by_its_name(shell: Any, hint: str, output: str | None) -> str:  # noqa: ANN401
    """Return a hint that names what was received as it can be typed in the next cell."""
    import wx_notebook as wx
    from wx_notebook.service.pieces import GO_ON

    told = GO_ON
    if output is not None:
        told = told.replace("wx.last().more()", f"{output}.more()")
        told = told.replace("in wx.last()", f"in wx.last() and in {output}")
    elif shell.user_ns.get("wx") is not wx:
        told = "What was received: import wx_notebook as wx; wx.last() and wx.last().more()"
    return hint.replace(GO_ON, told)


class _Prompt(NamedTuple):
    """A prompt of a cell, on the one way of all prompts."""

    shell: Any
    filled: Filled
    options: Options

    def opened(self, live: Live) -> AnswerStream:
        from wx_notebook.session import session

        held = session()
        request = held.prepare(self.filled.text, self.options, stream=self.options.stream)
        stream = held.open(
            request,
            on_wait=lambda wait: live.waiting(wait, wait.pause_s),
            more=lambda *came_from: _more(self.shell, *came_from),
        )
        stream.warn(
            *(f"left out of the prompt: {cut}" for cut in self.filled.cut_unasked),
            *(
                f"{left} went out as typed: a place has a name, and no call or operator"
                for left in self.filled.missed
            ),
        )
        return stream


class _Continuation(NamedTuple):
    """A request that goes on with an answer."""

    held: Session
    request: Request

    def opened(self, live: Live) -> AnswerStream:
        return self.held.open(self.request, on_wait=lambda wait: live.waiting(wait, wait.pause_s))


def _answered(
    prompt: _Prompt | _Continuation, live: Live
) -> tuple[Answer | None, WatsonxError | Interrupted | None]:
    """Return the answer, whole or in part, and what kept it from being whole."""
    from wx_notebook.service.pieces import GO_ON

    stream: AnswerStream | None = None
    answer: Answer | None = None
    failure: WatsonxError | Interrupted | None = None
    try:
        stream = prompt.opened(live)
        stream.on_thinking = live.think
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
        hint = GO_ON if answer is not None else "Run it again."
        failure = Interrupted("Stopped while the answer was arriving.", hint=hint, answer=answer)
    return answer, failure


def _painted(live: Live, answer: Answer) -> Interrupted | None:
    """Show an answer for good; an interrupt in the middle of that loses only the picture."""
    from wx_notebook.service.pieces import GO_ON

    try:
        live.finish(answer)
    except KeyboardInterrupt:
        return Interrupted("Stopped while the answer was being shown.", hint=GO_ON, answer=answer)
    return None


def _filled(
    shell: Any,  # noqa: ANN401
    text: str,
    options: Options,
    local_ns: Mapping[str, Any],
) -> Filled:
    from wx_notebook.prompt import Filled, filled

    if options.raw or "{{" not in text:
        return Filled(text)
    from wx_notebook.answer import Answer
    from wx_notebook.credentials import Secret
    from wx_notebook.credentials.secret import Unshown
    from wx_notebook.session import Session

    return filled(
        text,
        Unshown({**shell.user_ns, **local_ns}),
        refused=(Secret, Session),
        texts=(Answer,),
        not_suggested=shell.user_ns_hidden,
    )
