"""The next step of a message: what can be typed where the code runs.

In a notebook with a person in front of it that is `%watsonx login`. Under `jupyter execute`,
papermill or CI, and in a script, nobody can answer: there a variable or `wx.connect` helps.
"""

from __future__ import annotations

import functools
import inspect
import re
import sys
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar, cast

from wx_notebook.errors import UserFacingError

_Params = ParamSpec("_Params")
_Result = TypeVar("_Result")
#: Options that messages name.
_OPTIONS = (
    "max-tokens|max-rounds|max-errors|max-images|timeout|reasoning|stop|temperature|top-p|seed|n|to|"
    "model|system|format|budget|rows|sample|concurrency|deployment|schema"
)
#: What is typed in a cell -> what says the same in Python, where the prompt was a call.
_IN_PYTHON = tuple(
    (re.compile(pattern), words)
    for pattern, words in (
        (r"%watsonx help lists all options", "help(wx.ask) lists all options"),
        (r"%watsonx models lists", "wx.session().models() lists"),
        (r"\(%watsonx models[^()]*\)", "(wx.session().models())"),
        (r"Next: %watsonx models\Z", "Next: wx.session().models()"),
        (r"%%watsonx --tool NAME --yes, in Python yes=True", "yes=True"),
        (r"--tool (\w+)", r"tools=[\1]"),
        (r"%watsonx status shows the connection", "wx.session() shows the connection"),
        (r"Next: %watsonx use [^,]*, or (wx\.connect\()", r"Next: \1"),
        (r"Next: %watsonx use --(?:project|space) \S+", "Give it to wx.connect(...)"),
        (r"Next: %%?watsonx (?:use )?--model (\S+)", r"Next: model='\1'"),
        (r"([Tt])ry again with --no-stream", r"\1ry again with wx.ask"),
        (r"Next: --no-stream", "wx.stream() streams, and wx.ask() does not"),
        (r"For example: --chat (\S+)", r"For example: wx.chat('\1')"),
        (r"For example --stop END, and --stop '\\n' for a line end",
         "For example stop=['END', '\\\\n']"),
        (r"Write it below the %%watsonx line", "Give it as the prompt"),
        (r"-p (\w+)=true\b", r"param={'\1': True}"),
        (r"-p (\w+)=(\S+?)(?=[.,;]?(?:\s|$))", r"param={'\1': \2}"),
        (r"--reasoning low or off", "reasoning='low' or 'off'"),
        (r"--format (auto|markdown|text|code|json|html|math)\b", r"format='\1'"),
        (r"--on service\b", "on='service'"),
        (r"--(generate|yes|fresh)\b", r"\1=True"),
        (r"--no-(resend|dedupe|repair)\b", r"\1=False"),
        (r"--each (\w+)", r"wx.batch(prompt, \1)"),
        # a command that is left keeps its own option
        (rf"(%watsonx \w+ --\S+)|--({_OPTIONS})\b",
         lambda found: found[1] or found[2].replace("-", "_") + "="),
        (r"\b(max_\w+=) (?=\d)", r"\1"),
        (r"--image (\S+)", r"images=\1"),
        (r"run the cell again", "run it again"),
        (r"Run the cell again", "Run it again"),
    )
)  # fmt: skip

#: What to do where nobody can be asked.
_WITHOUT_USER = (
    "set WATSONX_API_KEY, WATSONX_REGION and WATSONX_PROJECT_ID, or call wx.connect(...)"
)
#: What to do where a Jupyter server holds a sign-in.
IN_THE_PANEL = "sign in in JupyterLab's panel “watsonx”"


class _Process:
    #: whether it is the Jupyter server behind that panel
    has_panel = False


def name_the_panel() -> None:
    """Say in hints from now on that the panel signs in: this process is the server behind it."""
    _Process.has_panel = True


def can_ask(shell: Any = None) -> bool:  # noqa: ANN401  # IPython's InteractiveShell
    """Return whether somebody can be asked: not in nbclient, papermill, CI or a script.

    Parameters
    ----------
    shell
        IPython's; by default that of this process, if it has one.
    """
    if shell is None:
        # without IPython there are no magics to type
        ipython = sys.modules.get("IPython.core.interactiveshell")
        shell_class = getattr(ipython, "InteractiveShell", None)
        if shell_class is None or not shell_class.initialized():
            return False
        shell = shell_class.instance()
    kernel = getattr(shell, "kernel", None)
    if kernel is not None:
        # of the request that runs
        return bool(getattr(kernel, "_allow_stdin", False))
    return sys.stdin is not None and sys.stdin.isatty()


def login_hint(arguments: str = "", *, after: str = "", otherwise: str = _WITHOUT_USER) -> str:
    """Return the hint to sign in.

    Parameters
    ----------
    arguments
        What follows `%watsonx login`.
    after
        The rest of the sentence, such as ", or set WATSONX_API_KEY".
    otherwise
        What to do where nobody can be asked.
    """
    command = f"run %watsonx login {arguments}".rstrip()
    if can_ask():
        return f"Next: {command}{after}."
    return f"Next: {IN_THE_PANEL if _Process.has_panel else otherwise}."


def in_python(text: str) -> str:
    """Return a message for who called a function, and typed no option line."""
    for pattern, words in _IN_PYTHON:
        text = pattern.sub(words, text)
    return text


def spoken_in_python(function: Callable[_Params, _Result]) -> Callable[_Params, _Result]:
    """Decorate a function of the twin: its errors and notes name what can be typed in Python."""

    @functools.wraps(function)
    def call(*args: _Params.args, **kwargs: _Params.kwargs) -> _Result:
        try:
            result = function(*args, **kwargs)
        except UserFacingError as error:
            error.reword(in_python)
            raise
        # an answer has notes, and the errors of a stream are still to come
        if (speak := getattr(type(result), "_in_python", None)) is not None:
            speak(result)
        return result

    @functools.wraps(function)
    async def wait(*args: _Params.args, **kwargs: _Params.kwargs) -> Any:  # noqa: ANN401
        try:
            return await cast("Any", function)(*args, **kwargs)
        except UserFacingError as error:
            error.reword(in_python)
            raise

    return (
        cast("Callable[_Params, _Result]", wait) if inspect.iscoroutinefunction(function) else call
    )
