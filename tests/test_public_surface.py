"""Every public name of `wx`, `Session`, `Answer` and the errors, and why users need it."""

from __future__ import annotations

import inspect
import typing

from support.cases import all_cases

import wx_notebook as wx
from wx_notebook import errors
from wx_notebook.options import Options, PromptOptions, known_options

PACKAGE = {
    "Answer": "the type of what `ask` returns, for annotations",
    "Session": "the type of what `connect` returns, for annotations",
    "WatsonxError": "the base of all errors, for `except`",
    "abatch": "a prompt over a table, for who has a loop of their own",
    "ask": "a prompt",
    "batch": "a prompt over a table",
    "connect": "the connection",
    "classify": "one of a few labels for each text of a table",
    "extract": "values out of each text of a table",
    "filter": "the rows of which something is true",
    "chat": "a conversation that remembers its turns",
    "compare": "one prompt, several models",
    "explain": "why the last cell failed",
    "last": "the last answer, also one that was cut",
    "login": "the form",
    "session": "the current session",
    "stream": "a prompt whose answer is read piece by piece",
}
SESSION = {
    "chat": "a prompt",
    "generate": "a prompt to the generation endpoint",
    "stream": "a prompt whose answer is read piece by piece",
    "prepare": "the request of a prompt, to look at before it is sent",
    "open": "sends a request that `prepare` returned",
    "models": "the models of the region",
    "projects": "the projects that this user can see",
    "spaces": "the deployment spaces that this user can see",
    "verify": "checks, unpaid, that key, region and project fit together",
    "project": "the name and the ID of the verified project",
    "scope": "the IDs that prompts are billed to",
    "endpoints": "the hosts that it sends to",
    "source": "where the credential was found: each automatic choice is named",
    "status_line": "the connection in one line",
    "pop_notices": "what should be said about the credential, for who connects without a cell",
    "with_params": "another session with the same network and history",
    "close": "forgets the credential",
    "state": "its parts, for the other rooms of this package",
    "pipeline": "the way of its prompts, for the other rooms of this package",
    "sdk_credentials": "hand-over to IBM's SDK",
    "api_client": "hand-over to IBM's SDK",
    "chat_model": "hand-over to langchain-ibm",
    "openai_client": "hand-over to the OpenAI client",
}
ANSWER = {
    "text": "what the model wrote",
    "model_id": "which model wrote it",
    "finish_reason": "why it ended",
    "usage": "tokens",
    "request_id": "the service's id, for IBM's support",
    "seconds": "how long it took",
    "warnings": "what the service had to say besides",
    "reasoning": "what the model thought before it answered",
    "calls": "the tools that the model called",
    "format": "as what it is shown",
    "default_model": "whether nobody chose the model",
    "refusal": "why the model does not answer",
    "data": "the JSON value in the text",
    "df": "the list in the text as a table",
    "body": "the text as its format shows it: terminals and the display show it",
    "code": "the code in the text",
    "logprobs": "details of its tokens",
    "prompt_logprobs": "details of the prompt's tokens",
    "answers": "all answers to the prompt",
    "more": "goes on where the answer was cut",
    "is_whole": "whether the model came to its end",
    "notes": "what a reader should know besides the text: the display shows it",
    "footer": "the line below the text: the display shows it",
    "plain": "the text form: terminals and the display show it",
    "summary": "what a screen reader says: the display shows it",
    "metadata": "the facts that a notebook's output carries",
}
ERRORS = {
    "BatchStopped": "a prompt over a table stopped early; `.table` has the rows so far",
    "AnswerCut": "the answer broke off; `.answer` has what arrived",
    "BadOption": "an option or an argument is wrong",
    "HostRefused": "a host that no credential is sent to",
    "Interrupted": "the user stopped it; `.answer` has what arrived",
    "KeyRefused": "the API key is wrong",
    "MissingName": "a placeholder names nothing",
    "ModelError": "the model does not exist here, or cannot do this",
    "NoRuntime": "the project has no watsonx.ai Runtime",
    "NotConnected": "nobody is signed in",
    "PromptBlocked": "a guardrail stopped the prompt",
    "ProjectError": "the project is wrong, or not this user's",
    "PromptTooLong": "the prompt does not fit into the model",
    "QuotaSpent": "a quota or a budget is used up",
    "RateLimited": "too many requests",
    "SchemaMismatch": "the answer is not the JSON that was asked for",
    "ServiceDown": "the service does not answer",
    "TokenRefused": "the token is wrong, or has ended",
    "UnknownRegion": "no region has this name",
    "UserFacingError": "the base of `WatsonxError` and `Interrupted`: shown in a few lines",
    "WatsonxError": "the base of all errors but `Interrupted`",
}


def public(names):
    return {name for name in names if not name.startswith("_")}


def members(cls):
    """The public names of an instance: methods, properties, fields."""
    fields = set(getattr(cls, "__dataclass_fields__", ()))
    return public(fields | set(dir(cls)))


@all_cases(
    ("is_there", "reasons"),
    [
        (lambda: set(dir(wx)), PACKAGE),
        (lambda: set(wx.__all__), PACKAGE),
        (lambda: members(wx.Session) | {"pipeline"}, SESSION),
        (lambda: members(wx.Answer), ANSWER),
        (
            lambda: {
                name
                for name, value in vars(errors).items()
                if inspect.isclass(value) and issubclass(value, BaseException)
            },
            ERRORS,
        ),
    ],
    ids=["dir(wx)", "wx.__all__", "Session", "Answer", "errors"],
)
def test_each_public_name_has_a_reason_and_no_other_name_is_public(is_there, reasons):
    assert is_there() == set(reasons)


def test_a_session_has_no_other_public_attribute(session):
    assert public(vars(session)) == {"pipeline"}


def test_every_public_name_is_there():
    assert all(hasattr(wx, name) for name in PACKAGE)


# --- the options, for editors and for Shift+Tab --------------------------------------------------

TWIN = {
    "wx.ask": wx.ask,
    "wx.stream": wx.stream,
    "Session.chat": wx.Session.chat,
    "Session.stream": wx.Session.stream,
    "Session.generate": wx.Session.generate,
}


def test_the_typed_options_are_those_of_the_table():
    in_python = {one.name for one in known_options() if not one.metadata["cell_only"]}
    assert set(PromptOptions.__annotations__) == in_python
    typed = typing.get_type_hints(PromptOptions)
    for name, kind in typing.get_type_hints(Options).items():
        if name in typed:
            assert type(None) in typing.get_args(typed[name]), f"{name}: None is not given"
            wanted = set(typing.get_args(kind) or [kind]) - {type(None)}
            if name != "stop":  # a text, too: one of them alone
                assert wanted <= set(typing.get_args(typed[name])), name


@all_cases("function", TWIN.values(), ids=TWIN)
def test_shift_tab_lists_the_options_with_their_meaning(function):
    parameters = inspect.signature(function).parameters
    about = inspect.getdoc(function)
    for option in known_options():
        one_answer = (wx.stream, wx.Session.stream, wx.Session.generate)
        left_out = {"generate": (wx.Session.generate,), "n": one_answer, "repair": one_answer,
                    "schema": (wx.Session.generate,)}  # fmt: skip
        if option.metadata["cell_only"] or function in left_out.get(option.name, ()):
            assert option.name not in parameters
        else:
            assert parameters[option.name].kind is inspect.Parameter.KEYWORD_ONLY
            assert f"\n{option.name}\n    {option.metadata['help']}" in about
    assert "options" not in parameters


def test_a_kernel_shows_them(kernel):
    kernel.run("import wx_notebook as wx").ok()
    for function in ("wx.ask", "wx.stream"):
        reply = kernel.client.inspect(function, reply=True, timeout=30)
        shown = reply["content"]["data"]["text/plain"]
        assert "max_tokens" in shown.partition("Docstring")[0]
        assert "nucleus sampling" in shown
