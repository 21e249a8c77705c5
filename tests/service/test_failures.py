"""The service's errors: each code of watsonx-api.md, section 6.2, as the class for it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from transport.servers import CHAT, TOKEN, TOKEN_DOCUMENT, caught, connect, http

from wx_notebook.errors import (
    BadOption,
    ModelError,
    NoRuntime,
    ProjectError,
    PromptTooLong,
    QuotaSpent,
    RateLimited,
    ServiceDown,
    TokenRefused,
    WatsonxError,
)
from wx_notebook.service.failures import LONGEST_QUOTE, quoted, refusal

TRACE = "23e11747002c4d2919987401b745f6a7"
TABLE = [
    (401, "authentication_token_not_valid", "Failed to authenticate.", TokenRefused),
    (401, "authentication_token_expired", "The token has expired.", TokenRefused),
    (403, "authorization_rejected", "No permission.", ProjectError),
    (403, "user_authorization_failed", "No permission.", ProjectError),
    (403, "no_associated_service_instance_error", "project_id x is not associated.", NoRuntime),
    (403, "token_quota_reached", "Request of 9 token(s) from quota was rejected", QuotaSpent),
    (429, "token_quota_reached", "Request of 9 token(s) from quota was rejected", QuotaSpent),
    (429, "rate_limit_reached_requests", "Too many.", RateLimited),
    (429, "consumption_limit_reached", "Pool is full.", RateLimited),
    (429, "rate_limit_exceeded", "Too many.", RateLimited),
    (503, "service_unavailable", "Not now.", ServiceDown),
    (400, "invalid_request_entity", "Missing tool arguments.", BadOption),
    (400, "invalid_request_entity", "Neither space_id nor project_id was given.", ProjectError),
    (400, "json_validation_error", "project_id must be a version 4 uuid.", ProjectError),
    (400, "json_validation_error", "temperature must be at most 2.", BadOption),
    (400, "json_type_error", "max_tokens must be a number.", BadOption),
    (400, "invalid_input_argument", "The number of input tokens is too large.", PromptTooLong),
    (400, "invalid_input_argument", "At most 1 image.", BadOption),
    (404, "model_not_supported", "Model 'x' is not supported.", ModelError),
    (400, "model_not_supported", "Model 'x' is not supported.", ModelError),
    (400, "model_no_support_for_function", "function_text_chat", ModelError),
    (404, "model_no_support_for_function", "function_text_chat", ModelError),
    (404, "container_not_found", "No such project.", ProjectError),
    (404, "not_found", "No such thing.", WatsonxError),
    (500, "downstream_request_failed", "Backend failed.", ServiceDown),
    (502, "downstream_request_failed", "Backend failed.", ServiceDown),
    (520, "", "Something.", ServiceDown),
    (422, "some_new_code", "Not like this.", BadOption),
    (403, "some_new_code", "Not you.", ProjectError),
    (429, "some_new_code", "Not now.", RateLimited),
    (418, "some_new_code", "A teapot.", WatsonxError),
]


def error_of(status, code="c", message="m", **more):
    error = {"code": code, "message": message, "more_info": "https://cloud.ibm.com/x", **more}
    return http(status, {"errors": [error], "trace": TRACE, "status_code": status})


@pytest.mark.parametrize(("status", "code", "said", "kind"), TABLE)
@pytest.mark.parametrize("how", ["at once", "streamed"])
def test_a_code_becomes_its_class_with_words_code_trace_and_attempts(
    serve, status, code, said, kind, how
):
    server = serve(error_of(status, code, said))
    session = connect(server)
    ask = session.chat if how == "at once" else session.stream
    problem = caught(lambda: ask("hello", model="m"))
    assert type(problem) is kind
    first, quote, facts = problem.message.split("\n")
    assert first
    assert quote == f"The service said: {said}" + (f" ({code})" if code else "")
    attempts = 5 if status in (429, 503) else 1
    assert facts == f"HTTP {status}, request {TRACE}" + (
        f", {attempts} attempts." if attempts > 1 else "."
    )
    assert problem.hint.rstrip(".")
    lines = problem._render_traceback_()
    assert 4 <= len(lines) <= 6
    assert lines[0] == f"{kind.__name__}: {first}"
    assert lines[-1] == problem.hint


def test_the_field_that_the_service_names_tells_a_project_from_an_option(serve):
    target = {"type": "field", "name": "project_id"}
    server = serve(error_of(400, "json_validation_error", "must be a uuid", target=target))
    assert type(caught(lambda: connect(server).chat("hello", model="m"))) is ProjectError
    for odd in ("x", {"name": 7}, [], None):
        server.on("/ml/", error_of(400, "json_validation_error", "must be a uuid", target=odd))
        assert type(caught(lambda: connect(server).chat("hello", model="m"))) is BadOption


# --- bodies that are no error document ---------------------------------------------------------

PAGE = """<!DOCTYPE html><html><head><title>502</title><style>p { color: red }</style>
<script>alert("run me")</script></head><body><!-- hidden --><h1>Bad Gateway</h1>
<p>The &amp; server<br>is &lt;away&gt;.</p></body></html>"""


@pytest.mark.parametrize("status", [403, 404, 500, 502, 504])
def test_a_web_page_is_said_to_be_one_and_quoted_as_plain_words(serve, status):
    problem = caught(lambda: connect(serve(http(status, PAGE))).chat("hello", model="m"))
    what, said, facts = problem.message.split("\n")
    assert what == f"Something other than watsonx.ai answered with a web page (HTTP {status})."
    assert said == "The service said: Bad Gateway The & server is <away>."
    assert facts == f"HTTP {status}."


@pytest.mark.parametrize(
    "body",
    ["", "   ", "<", "<!", "<![foo[ bar ]]>", "<!doctype", "<![CDATA[", "<script>", "<p", "</",
     "<?", "<!--", "&#x110000;", "&#xD800;", "<a href='", "<script>" * 2000, "<" * 5000,
     "\x00" * 100, "Bad gateway", "limit: 5 < 7 > 3", "[" * 50_000,
     '{"errors": ' * 5000, "é" * 30_000,
     "word " * 20_000],
    ids=range(24),
)  # fmt: skip
def test_a_body_of_any_form_is_quoted_in_part_and_breaks_nothing(serve, body):
    problem = caught(lambda: connect(serve(http(500, body))).chat("hello", model="m"))
    assert type(problem) is ServiceDown
    assert len(problem.message) < 400
    assert problem.message.endswith("HTTP 500.")


@pytest.mark.parametrize(
    "document",
    [[], 7, None, "text", {"errors": []}, {"errors": {}}, {"errors": ["x"]}, {"errors": [{}]},
     {"errors": [{"code": 7, "message": ["x"], "target": {"name": 7}}], "trace": {"a": 1}},
     {"error": {"code": "model_not_found", "message": "m", "request_id": "r"}}],
    ids=range(10),
)  # fmt: skip
def test_an_error_document_of_another_shape_is_an_error_by_its_status(serve, document):
    problem = caught(lambda: connect(serve(http(404, document))).chat("hello", model="m"))
    assert type(problem) is WatsonxError
    assert problem.message.endswith("HTTP 404.")


def test_a_refusal_whose_body_is_cut_off_is_still_that_refusal(serve):
    server = serve()
    server.on("/ml/", server.hang_up(error_of(429, "rate_limit_reached_requests")[:-20]))
    problem = caught(lambda: connect(server).chat("hello", model="m"))
    assert type(problem) is RateLimited
    assert problem.message.endswith("HTTP 429, 5 attempts.")


def test_a_long_message_is_quoted_in_part(serve):
    server = serve(error_of(400, "c" * 5000, "word " * 5000))
    problem = caught(lambda: connect(server).chat("hello", model="m"))
    assert len(problem.message) < LONGEST_QUOTE + 250
    assert "word word ..." in problem.message


@settings(max_examples=200)
@given(st.text(max_size=300), st.integers(1, 120))
def test_a_quote_never_ends_inside_a_word(text, longest):
    words = " ".join(text.split())
    quote = quoted(text, longest)
    if quote != words:
        kept = quote.removesuffix("...").rstrip()
        assert len(kept) <= longest
        assert words.startswith(kept)
        assert kept == "" or words[len(kept)] == " "


@settings(max_examples=150)
@given(
    st.integers(200, 599),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["errors", "code", "message", "trace", "target", "name"]), inner
            )
        ),
    ),
    st.text(max_size=200),
)
def test_no_answer_of_the_service_breaks_its_own_translation(status, document, body):
    problem = refusal(status, document, body)
    assert isinstance(problem, WatsonxError)
    assert len(problem._render_traceback_()) <= 6


# --- tokens that are rejected ------------------------------------------------------------------


def test_a_token_refused_once_is_renewed_and_the_prompt_sent_again(sandbox, session):
    session.projects()
    before = sandbox.counts
    sandbox.revoke_tokens()
    assert session.chat("hello").text
    assert sandbox.counts["token"] - before["token"] == 1
    assert sandbox.counts["chat"] - before["chat"] == 2
    first, second = [call.body for call in sandbox.calls if call.kind == "chat"]
    assert first == second


def test_a_token_that_expired_at_the_service_alone_is_renewed_for_every_kind_of_call(
    sandbox, session
):
    for ask in (session.projects, session.verify, lambda: session.stream("hello").answer,
                lambda: session.generate("hello")):  # fmt: skip
        sandbox.fault("expired")
        before = sandbox.counts["token"]
        assert ask()
        assert sandbox.counts["token"] - before <= 2


def test_a_token_refused_twice_is_the_user_s_to_solve(serve):
    server = serve(error_of(401, "authentication_token_not_valid", "Invalid."))
    problem = caught(lambda: connect(server).chat("hello", model="m"))
    assert type(problem) is TokenRefused
    assert problem.hint == "Next: run %watsonx login."
    assert len(server.of("/identity/")) == 2
    assert len(server.of("/ml/")) == 2


def test_the_renewed_token_is_the_one_that_is_sent(serve):
    server = serve(token=False)
    second = TOKEN_DOCUMENT | {"access_token": "second-" + TOKEN}
    server.on("/identity/", http(200, TOKEN_DOCUMENT), http(200, second))
    server.on("/ml/", error_of(401), http(200, CHAT))
    assert connect(server).chat("hello", model="m").text == "Four."
    sent = [seen.headers["authorization"] for seen in server.of("/ml/")]
    assert sent == [f"Bearer {TOKEN}", f"Bearer second-{TOKEN}"]


def test_a_401_for_a_call_without_a_token_renews_nothing(serve):
    server = serve(error_of(401))
    assert type(caught(connect(server).models)) is TokenRefused
    assert server.of("/identity/") == []


# --- models ------------------------------------------------------------------------------------


def test_an_unknown_model_gets_the_near_name(session):
    problem = caught(lambda: session.chat("hello", model="ibm/granite-4-h-smal"))
    assert type(problem) is ModelError
    assert "'ibm/granite-4-h-smal'. Did you mean 'ibm/granite-4-h-small'?" in problem.message
    assert "%watsonx models" in problem.hint
    assert (problem.__cause__, problem.__context__) == (None, None)


def test_an_unknown_model_is_said_also_where_the_list_cannot_be_had(serve):
    server = serve(error_of(404, "model_not_supported", "Model 'x' is not supported."))
    server.on("/ml/v1/foundation_model_specs", http(500, "no"))
    problem = caught(lambda: connect(server).chat("hello", model="x"))
    assert type(problem) is ModelError
    assert "'x'." in problem.message
    assert TRACE in problem.message
