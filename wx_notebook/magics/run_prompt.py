"""One prompt: from the text of a cell to an answer in the user's variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import wx_notebook as wx
from wx_notebook.answer import Answer, AnswerStream, ReceivedHint, named_answer
from wx_notebook.chats import chat
from wx_notebook.credentials.secret import OpaqueMapping, Secret
from wx_notebook.display import Live, canvas_for
from wx_notebook.errors import BadOption, Interrupted, WatsonxError
from wx_notebook.magics.compare import show_comparison
from wx_notebook.magics.delivery import apply_format, deliver, suppress_display
from wx_notebook.magics.show import show_request
from wx_notebook.magics.tools import named_tools
from wx_notebook.options import Options
from wx_notebook.service import Request, continuation_request
from wx_notebook.session import Session, current_session, session
from wx_notebook.session.fitting import repaired, second_request, unrepaired
from wx_notebook.session.pipeline import PromptPipeline
from wx_notebook.session.process import HISTORY
from wx_notebook.settings import resolve_options
from wx_notebook.templates import (
    FilledPrompt,
    IllustratedText,
    fill_placeholders,
    named_pictures,
)

#: How long a line stays before the wait for the answer takes its place.
_LONG_ENOUGH_TO_READ_S = 3.0


def send_cell(
    shell: Any,  # noqa: ANN401
    text: str,
    params: Mapping[str, Any],
    local_ns: Mapping[str, Any] | None = None,
) -> Any:  # noqa: ANN401  # an Answer; a table of `--compare`; None with `--show`
    """Send a cell's text, show its answer while it arrives, and return the answer.

    With `--show` nothing is sent and None is returned. An answer that was interrupted or cut is
    shown and bound to the `--output` name as well, but the cell fails.

    Parameters
    ----------
    params
        The options that the cell sets itself; the settings give the others.
    local_ns
        The names of a function; they come before those of the notebook.
    """
    current = current_session()
    # without a session the model stays open: the session that is made then names it
    options = resolve_options(params, None) if current is None else current.state.options(params)
    names = OpaqueMapping({**shell.user_ns, **(local_ns or {})})
    options = named_schema(options, names)
    prompt = _fill(shell, text, options, names)
    if options.images is not None:
        pictures = named_pictures(options.images, names, shell.user_ns_hidden)
        options = replace(options, images=pictures)
    if options.tools is not None:
        tools = named_tools(shell, options.tools, names)
        options = replace(options, tools=(tools,))
    if not prompt.text.strip() and not isinstance(prompt.text, IllustratedText):
        raise BadOption(
            "The prompt is empty.", hint="Write it below the %%watsonx line, or behind ask."
        )
    if options.show:
        show_request(shell, prompt, options)
        return None
    if options.compare is not None:
        table = show_comparison(shell, prompt, options, _more)
        suppress_display(shell, table)
        return table
    sent = _Prompt(shell, prompt, options)
    canvas = canvas_for(shell, options.shown_format)
    with Live(canvas, f"waiting for {options.model or 'watsonx.ai'}") as live:
        answer, error = _receive(sent, live)
        if answer is not None:
            answer = _bound(shell, answer, options, error)
            error = _paint(live, answer, _received_hint(shell, options.output)) or error
    if answer is not None and error is None and options.schema is not None:
        answer, error = _repair(sent, answer)
    if answer is not None and error is None:
        error = apply_format(shell, answer)
    return deliver(shell, answer, error)


def _bound(
    shell: Any,  # noqa: ANN401
    answer: Answer,
    options: Options,
    error: WatsonxError | Interrupted | None,
) -> Answer:
    """Return the answer under its name, and put it into that variable.

    That comes before the answer is painted, because a second press of Stop may hit the painting.
    """
    # how its note on going on calls it; after a failure `_` is still an older value
    variable = "answer.more(), here _" if error is None else "wx.last()"
    answer = _renamed(answer, options.output or variable, error)
    if options.output is not None:
        shell.user_ns[options.output] = answer
    return answer


def _repair(
    prompt: _Prompt, first: Answer
) -> tuple[Answer | None, WatsonxError | Interrupted | None]:
    """Ask once more for an answer that fits the schema, and show that below the first one.

    Where nothing is to be repaired, the first answer is returned, and why it does not fit.
    """
    shell, options, pipeline = prompt.shell, prompt.options, prompt.pipeline
    assert pipeline is not None  # noqa: S101  # the answer came that way
    assert prompt.request is not None  # noqa: S101
    second = second_request(pipeline, prompt.request, first)
    if second is None:
        return first, None
    canvas = canvas_for(shell, first.format)
    with Live(canvas, "the answer does not fit the schema: asking once more") as live:
        answer, error = _receive(_Continuation(shell, pipeline, second), live)
        if error is not None:
            failure = unrepaired(pipeline, prompt.request, first, error)
            return None, failure
        assert answer is not None  # noqa: S101  # without an error the stream has ended
        answer = repaired(pipeline, prompt.request, first, answer)
        answer = _bound(shell, answer, options, None)
        error = _paint(live, answer, _received_hint(shell, options.output))
    return answer, error


def _renamed(answer: Answer, name: str, error: WatsonxError | Interrupted | None) -> Answer:
    """Return the answer with this name in its note on going on, and keep it as the last one."""
    renamed = named_answer(answer, name)
    HISTORY.replace(answer, renamed)
    if error is not None:
        error.answer = renamed
    return renamed


def _more(
    shell: Any,  # noqa: ANN401
    pipeline: PromptPipeline,
    request: Request,
    so_far: Answer,
) -> Answer:
    """Continue an answer and show it while it arrives: `answer.more()` in a notebook."""
    pipeline.check_open()
    following = continuation_request(request, so_far.text)
    canvas = canvas_for(shell, so_far.format)
    with Live(canvas, f"waiting for {so_far.model_id or 'watsonx.ai'}") as live:
        live.begin_with(so_far.text)
        answer, error = _receive(_Continuation(shell, pipeline, following), live)
        if answer is not None:
            answer = pipeline.join(request, so_far, answer, partial(_more, shell, pipeline))
            # the variable that `so_far` is in has its first part alone
            answer = _renamed(answer, "wx.last()", error)
            error = _paint(live, answer, _received_hint(shell)) or error
    if answer is not None and error is None:
        error = apply_format(shell, answer)
    return deliver(shell, answer, error)


@dataclass
class _Prompt:
    """A prompt of a cell; once it is sent, its request and the way that it went."""

    shell: Any
    prompt: FilledPrompt
    options: Options
    request: Request | None = None
    pipeline: PromptPipeline | None = None

    def open(self, live: Live) -> AnswerStream:
        """Send it and return the stream of its answer."""
        current = session()
        for tools in self.options.tools or ():
            tools.reporter.begin(live)
        request, notes = self._prepare(current, live)
        self.request, self.pipeline = request, current.pipeline
        stream = current.open(
            request,
            on_wait=lambda wait: live.show_pause(wait, wait.pause_s),
            go_on=partial(_more, self.shell, current.pipeline),
        )
        stream.warn(*notes, *self.prompt.notes_on_sent)
        stream.received_hint = _received_hint(self.shell, self.options.output)
        return stream

    def _prepare(self, current: Session, live: Live) -> tuple[Request, tuple[str, ...]]:
        """Return the request, and what is to be said of the chat that it belongs to."""
        text, options = self.prompt.text, self.options
        if options.chat is None:
            return current.prepare(text, options, stream=options.stream), ()
        prepared = chat(options.chat).prepare(current, text, options, stream=options.stream)
        if prepared.news:
            # before anything is paid
            live.show_pause(prepared.news, _LONG_ENOUGH_TO_READ_S)
        return prepared.request, prepared.notes


class _Continuation(NamedTuple):
    """A request that continues an answer."""

    shell: Any
    pipeline: PromptPipeline
    request: Request

    def open(self, live: Live) -> AnswerStream:
        """Send it and return the stream of its answer."""
        stream = self.pipeline.open(
            self.request, on_wait=lambda wait: live.show_pause(wait, wait.pause_s)
        )
        stream.received_hint = _received_hint(self.shell)
        return stream


def _receive(
    prompt: _Prompt | _Continuation, live: Live
) -> tuple[Answer | None, WatsonxError | Interrupted | None]:
    """Return the answer, whole or in part, and the error that kept it from being whole."""
    stream: AnswerStream | None = None
    answer: Answer | None = None
    error: WatsonxError | Interrupted | None = None
    try:
        stream = prompt.open(live)
        stream.on_reasoning = live.add_reasoning
        stream.on_reset = live.reset
        stream.watch_others(live.add_other)
        with stream:
            for piece in stream:
                live.add(piece)
            answer = stream.answer
    except (WatsonxError, Interrupted) as caught:
        error, answer = caught, caught.answer
    except KeyboardInterrupt:
        # it hit our own code between two pieces
        answer = stream.interrupt() if stream is not None else None
        has_text = answer is not None and any(one.text for one in answer.answers)
        answer = answer if has_text else None
        hint = "Run it again."
        if stream is not None and answer is not None:
            hint = str(stream.received_hint)
        error = Interrupted("Stopped while the answer was arriving.", hint=hint, answer=answer)
    return answer, error


def _paint(live: Live, answer: Answer, hint: ReceivedHint) -> Interrupted | None:
    """Show the final answer; an interrupt during that loses only the picture."""
    try:
        live.finish(answer)
    except KeyboardInterrupt:
        message = "Stopped while the answer was being shown."
        return Interrupted(message, hint=str(hint), answer=answer)
    return None


def named_schema(options: Options, names: Mapping[str, Any]) -> Options:
    """Return the options with the schema that their text stands for in the notebook."""
    if not isinstance(options.schema, str):
        return options
    # only a prompt with a schema needs it
    from wx_notebook.schemas.spec import schema_of_spec

    return replace(options, schema=schema_of_spec(options.schema, names))


def _received_hint(shell: Any, output: str | None = None) -> ReceivedHint:  # noqa: ANN401
    """Return the hint that names what was received as it can be typed in the next cell."""
    return ReceivedHint(output or "", has_wx=shell.user_ns.get("wx") is wx)


def _fill(
    shell: Any,  # noqa: ANN401
    text: str,
    options: Options,
    names: Mapping[str, Any],
) -> FilledPrompt:
    """Return the prompt with the values of its placeholders."""
    if options.raw or "{{" not in text:
        return FilledPrompt(text)
    return fill_placeholders(
        text,
        names,
        refused_types=(Secret, Session),
        text_types=(Answer,),
        not_suggested=shell.user_ns_hidden,
    )
