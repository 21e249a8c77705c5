"""The service's errors: each code of watsonx-api.md, section 6.2, as the class for it."""

from __future__ import annotations

import re

from hypothesis import example, given
from hypothesis import strategies as st
from support.cases import all_cases
from transport.servers import (
    CHAT,
    TOKEN,
    TOKEN_DOCUMENT,
    caught,
    chunked,
    connect,
    events,
    http,
)

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
from wx_notebook.service.error_mapping import LONGEST_QUOTE, quoted, refusal

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


@all_cases(("status", "code", "said", "kind"), TABLE)
@all_cases("how", ["at once", "streamed"])
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
    # the tokens of a month do not come back in a few seconds
    attempts = 5 if status in (429, 503) and code != "token_quota_reached" else 1
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


@all_cases("status", [403, 404, 500, 502, 504])
def test_a_web_page_is_said_to_be_one_and_quoted_as_plain_words(serve, status):
    problem = caught(lambda: connect(serve(http(status, PAGE))).chat("hello", model="m"))
    assert type(problem) is ServiceDown
    what, said, facts = problem.message.split("\n")
    assert re.fullmatch(
        r"A proxy or filter on the way to 127.0.0.1:\d+ answered instead of the service.", what
    )
    assert said == "It said: Bad Gateway The & server is <away>."
    assert facts == f"No proxy is set (HTTPS_PROXY), HTTP {status}."
    assert "HTTPS_PROXY" in problem.hint


@all_cases(
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


@all_cases(
    "document",
    [[], 7, None, {"errors": []}, {"errors": {}}, {"errors": ["x"]}, {"errors": [{}]},
     {"errors": [{"code": 7, "message": ["x"], "target": {"name": 7}}], "trace": {"a": 1}},
    ],
    ids=range(8),
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


@all_cases(
    "said",
    ["word " * 5000, "data:image/png;base64," + "iVBORw0K" * 5000, "日本語のメッセージ" * 500,
     "x" * (LONGEST_QUOTE + 1)],
    ids=["words", "data URL", "Japanese", "one too many"],
)  # fmt: skip
@all_cases("how", ["at once", "streamed"])
def test_a_long_message_is_cut_at_the_limit_wherever_that_is(serve, said, how):
    document = {"errors": [{"code": "c" * 5000, "message": said}], "status_code": 400}
    server = serve(http(400, document))
    if how == "streamed":
        server.on("/ml/", chunked(events(document, name="error")))
    session = connect(server)
    ask = session.chat if how == "at once" else lambda *a, **k: session.stream(*a, **k).answer
    problem = caught(lambda: ask("hello", model="m"))
    assert len(problem.message) < LONGEST_QUOTE + 250
    assert f"The service said: {said[: LONGEST_QUOTE - 10]}" in problem.message
    assert " ..." in problem.message


@example("000\x08", 3)
@given(st.text(max_size=300), st.integers(1, 120))
def test_a_quote_of_what_may_hold_a_secret_never_parts_one(text, longest):
    words = " ".join(text.split())
    quote = quoted(text, longest)
    if quote != words:
        kept = quote.removesuffix("...").rstrip()
        assert len(kept) <= longest
        assert words.startswith(kept)
        rest = words[len(kept) :].lstrip()
        parts_a_secret = kept and rest and kept[-1:].isascii() and words[len(kept)].isascii()
        assert not parts_a_secret or words[len(kept)] == " "


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


# --- other shapes ------------------------------------------------------------------------------


@all_cases(
    ("status", "document", "kind", "said"),
    [
        (404, {"error": {"code": "model_not_found", "message": "No m.", "request_id": TRACE}},
         ModelError, "No m. (model_not_found)"),
        (403, {"error": {"code": "no_associated_service_instance_error", "message": "None."},
               "trace": TRACE}, NoRuntime, "None. (no_associated_service_instance_error)"),
        (403, {"code": 403, "message": "403: no_associated_service_instance_error"},
         NoRuntime, "403: no_associated_service_instance_error"),
        (401, {"code": 401, "description": "jwt expired"}, TokenRefused, "jwt expired"),
        (401, {"error": "invalid_token", "error_description": "No."}, TokenRefused, "No."),
        (403, {"_messageCode_": "403", "message": "Not you."}, ProjectError, "Not you."),
        (401, {"_statusCode_": 401, "exception": "User unauthorized."}, TokenRefused,
         "User unauthorized."),
        (400, {"error": {"code": "batch_not_found", "message": "x"}, "status": 400},
         BadOption, "x (batch_not_found)"),
        (403, {"error": {"code": "token_quota_reached", "message": "Spent."}}, QuotaSpent,
         "Spent. (token_quota_reached)"),
        (404, [{"code": "container_not_found", "message": "Gone."}], ProjectError, "Gone."),
        (429, {"error": {"message": "Slowly.", "type": "rate_limit_exceeded"}}, RateLimited,
         "Slowly. (rate_limit_exceeded)"),
        (422, {"detail": "field required"}, BadOption, "field required"),
        (429, {"httpCode": "429", "httpMessage": "Too Many", "moreInformation": "Rate limit."},
         RateLimited, "Rate limit."),
        (503, {"fault": {"faultstring": "No target.", "detail": {}}}, ServiceDown, "No target."),
        (403, {"error": "forbidden"}, ProjectError, "forbidden"),
        (403, {"code": 403, "message": '{"errors": [{"code": "token_quota_reached", "message": '
               '"Spent."}]}'}, QuotaSpent, "Spent. (token_quota_reached)"),
    ],
    ids=range(16),
)  # fmt: skip
def test_the_shapes_of_gateway_files_and_clusters_are_read_like_the_native_one(
    serve, status, document, kind, said
):
    problem = caught(lambda: connect(serve(http(status, document))).chat("hello", model="m"))
    assert type(problem) is kind
    assert f"The service said: {said}" in problem.message
    assert "{" not in problem.message
    if TRACE in str(document):
        assert f"request {TRACE}" in problem.message


def test_an_expired_token_is_told_as_expired_in_every_shape(serve):
    document = {"code": 401, "description": "jwt expired"}
    problem = caught(lambda: connect(serve(http(401, document))).chat("hello", model="m"))
    assert problem.message.startswith("The token has expired.")


@all_cases("status", [400, 401, 402, 403, 429, 500, 503])
@all_cases("shape", ["errors", "error"])
def test_a_quota_that_is_spent_is_told_at_once_whatever_the_status(serve, status, shape):
    error = {"code": "token_quota_reached", "message": "Request of 9 token(s) was rejected"}
    server = serve(http(status, {shape: [error] if shape == "errors" else error}))
    problem = caught(lambda: connect(server).chat("hello", model="m"))
    assert type(problem) is QuotaSpent
    assert len(server.of("/ml/")) == 1


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
    assert problem.hint.startswith("wx.session().models()")
    assert (problem.__cause__, problem.__context__) == (None, None)


def test_an_unknown_model_is_said_also_where_the_list_cannot_be_had(serve):
    server = serve(error_of(404, "model_not_supported", "Model 'x' is not supported."))
    server.on("/ml/v1/foundation_model_specs", http(500, "no"))
    problem = caught(lambda: connect(server).chat("hello", model="x"))
    assert type(problem) is ModelError
    assert "'x'." in problem.message
    assert TRACE in problem.message
