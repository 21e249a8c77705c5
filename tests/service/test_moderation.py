"""What guardrails found is told; a prompt that they stopped is an error that says where."""

from __future__ import annotations

import json

import pytest
from support.cases import all_cases
from transport.servers import CHAT, caught, chunked, connect, events, http

from wx_notebook.errors import PromptBlocked
from wx_notebook.usage.ledger import TokenCounts

SECRET_WORD = "jane.doe@example.org"


def hap(**more):
    return {"score": 0.9, "entity": "HAP", "word": SECRET_WORD, "position": {"start": 0}} | more


PII = {"score": 0.8, "entity": "EmailAddress", "word": SECRET_WORD}
CASES = [
    ({"moderations": {"hap": [hap(input=True), hap(input=True)]}},
     ("guardrail: hate, abuse or profanity in the prompt",)),
    ({"moderations": {"hap": hap(), "pii": [PII]}},
     ("guardrail: hate, abuse or profanity in the answer",
      "guardrail: personal data in the answer (EmailAddress)")),
    ({"detections": {"output": [{"choice_index": 0, "results": [
        {"detection_type": "pii", "detection": "PhoneNumber", "text": SECRET_WORD, "score": 1}]}]}},
     ("guardrail: personal data in the answer (PhoneNumber)",)),
    ({"detections": {"input": [{"message_index": 0, "results": [{"detection_type": "risk"}]}]}},
     ("guardrail: risk in the prompt",)),
]  # fmt: skip
STRANGE = [
    {"moderations": 7, "detections": "x"},
    {"moderations": {"hap": None, "pii": [7, "x", {}]}},
    {"detections": {"input": [{"results": 7}], "output": 3}},
    {"moderations": {}, "detections": {}},
]


def answered(serve, document, *, generate=False):
    server = serve()
    if generate:
        result = {"generated_text": "x", "stop_reason": "eos_token", "input_token_count": 3}
        result |= document
        server.on("/ml/", http(200, {"model_id": "m", "results": [result]}))
    else:
        server.on("/ml/", http(200, CHAT | document))
    return connect(server).chat("hello", model="m", generate=generate)


@all_cases(("document", "told"), CASES)
def test_each_kind_and_side_is_told_once(serve, document, told):
    answer = answered(serve, document)
    assert answer.warnings == told
    assert all(line in answer.plain for line in told)
    assert SECRET_WORD not in json.dumps(answer._repr_mimebundle_()) + repr(answer)


def test_a_generation_has_them_in_its_result(serve):
    document, told = CASES[1]
    assert answered(serve, document, generate=True).warnings == told


def test_in_a_stream_they_are_told_once_for_all_events(serve):
    found = {"moderations": {"pii": [PII]}}
    delta = {"choices": [{"delta": {"content": "x"}}]}
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    server = serve()
    usage = {"choices": [], "usage": CHAT["usage"]}
    server.on("/ml/", chunked(events(delta | found, delta | found, end | found, usage)))
    stream = connect(server).stream("hello", model="m")
    assert "".join(stream) == "xx"
    assert stream.answer.warnings == ("guardrail: personal data in the answer (EmailAddress)",)


@all_cases("document", STRANGE)
def test_what_has_another_shape_costs_no_answer(serve, document):
    answer = answered(serve, document)
    assert answer.text
    assert all(line.startswith("guardrail: ") for line in answer.warnings)


# --- a prompt that a guardrail stopped -----------------------------------------------------------

PROMPT = "Call me at 5550101234, you fool"
SAID = {"id": "UNSUITABLE_INPUT", "message": "Unsuitable input detected. Change it."}
UNSUITABLE = {"system": {"warnings": [SAID]}}
PHONE = {"score": 0.8, "input": True, "position": {"start": 11, "end": 21}, "entity": "PhoneNumber",
         "word": "5550101234"}  # fmt: skip
FOOL = {"score": 0.9, "input": True, "position": {"start": 27, "end": 31}, "entity": "HAP"}
DETECTED = {"message_index": 0, "results": [
    {"detector_id": "d", "detection_type": "pii", "detection": "PhoneNumber", "score": 0.8,
     "text": "5550101234", "start": 11, "end": 21}]}  # fmt: skip
BARE = {"choices": [{"index": 0, "finish_reason": None}], "usage": {"prompt_tokens": 9}}
EMPTY = {"delta": {"content": ""}, "message": {"content": ""}, "finish_reason": "stop"}
#: What the service sends, and what the error says of it.
BLOCKED = [
    # as recorded
    (BARE | UNSUITABLE | {"moderations": {"pii": [PHONE]}, "detections": {"input": [DETECTED]}},
     ["personal data (PhoneNumber): '5550101234', characters 11 to 21"]),
    (BARE | UNSUITABLE | {"moderations": {"hap": [FOOL], "pii": [PHONE]}},
     ["hate, abuse or profanity: 'fool', characters 27 to 31",
      "personal data (PhoneNumber): '5550101234', characters 11 to 21"]),
    (BARE | {"detections": {"input": [DETECTED]}}, ["'5550101234', characters 11 to 21"]),
    (BARE | {"moderations": {"granite_guardian": {"input": True, "entity": "jailbreak"}}},
     ["what Granite Guardian looks for (jailbreak)."]),
    (BARE | UNSUITABLE, ["A guardrail stopped the prompt"]),
    (UNSUITABLE | {"choices": [], "usage": {"prompt_tokens": 9}}, ["A guardrail stopped"]),
    (UNSUITABLE | {"moderations": {"pii": [PHONE]}, "usage": {"prompt_tokens": 9}}, ["5550101234"]),
    (UNSUITABLE | {"choices": [EMPTY], "usage": {"prompt_tokens": 9}}, ["A guardrail stopped"]),
]  # fmt: skip
BLOCKED_GENERATIONS = [
    ({"generated_text": "", "input_token_count": 9, "stop_reason": reason, **found}, system, words)
    for reason in ("eos_token", "not_finished", None)
    for found, system, words in [
        ({"moderations": {"pii": [PHONE]}}, UNSUITABLE, ["'5550101234', characters 11 to 21"]),
        ({"moderations": {"hap": [FOOL]}}, {}, ["'fool', characters 27 to 31"]),
        ({}, UNSUITABLE, ["A guardrail stopped the prompt"]),
    ]
]


def blocked(serve, document, *, stream=False, **options):
    """The error for a prompt that is answered so, and the session that it was asked in."""
    session = connect(serve(chunked(events(document)) if stream else http(200, document)))
    if stream:
        problem = caught(lambda: session.stream(PROMPT, model="m", **options).answer)
    else:
        problem = caught(lambda: session.chat(PROMPT, model="m", **options))
    assert type(problem) is PromptBlocked
    assert len(problem._render_traceback_()) <= 6
    return problem, session


def check(problem, session, words):
    assert all(word in problem.message for word in words), problem.message
    assert problem.message.startswith("A guardrail stopped the prompt; the model wrote nothing.")
    assert problem.hint.startswith("Running it again won't help: change ")
    assert problem.answer is None
    assert session.state.meter.by_model["m"] == TokenCounts(1, 9, 0), "it was read, and is paid"


@all_cases(("document", "words"), BLOCKED)
@all_cases("stream", [True, False])
def test_a_prompt_that_a_guardrail_stopped_says_which_one_and_where(serve, document, words, stream):
    check(*blocked(serve, document, stream=stream), words)


@all_cases(("result", "system", "words"), BLOCKED_GENERATIONS)
@all_cases("stream", [True, False])
def test_so_does_one_of_the_generation_endpoint(serve, result, system, words, stream):
    document = {"model_id": "m", "results": [result], **system}
    check(*blocked(serve, document, stream=stream, generate=True), words)


def test_it_is_told_at_once_where_the_service_keeps_the_connection_open(serve):
    server = serve()
    server.on("/ml/", server.silent(chunked(events(BLOCKED[0][0]), end=False)))
    problem = caught(lambda: connect(server).stream(PROMPT, model="m").answer)
    assert type(problem) is PromptBlocked
    assert server.gone.wait(2)


def test_the_words_are_found_in_the_message_that_they_stand_in(serve):
    place = {"detection_type": "pii", "start": 0, "end": 6}
    found = {"detections": {"input": [{"message_index": 1, "results": [place]}]}}
    problem, _ = blocked(serve, BARE | found, system="Be brief.")
    assert "personal data: 'Call m', characters 0 to 6 of message 2." in problem.message


def test_words_that_the_prompt_asks_to_leave_out_are_left_out(serve):
    asked = {"pii": {"input": {"enabled": True}, "mask": {"remove_entity_value": True}}}
    found = BARE | {"moderations": {"pii": [PHONE]}}
    problem, _ = blocked(serve, found, param={"moderations": asked})
    assert "personal data (PhoneNumber), characters 11 to 21." in problem.message
    assert "5550101234" not in str(problem)


def test_many_findings_are_counted(serve):
    found = [PHONE | {"position": {"start": at, "end": at + 2}} for at in range(9)]
    problem, _ = blocked(serve, BARE | UNSUITABLE | {"moderations": {"pii": found}})
    assert problem.message.count("Found: ") == 3
    assert "and 6 more." in problem.message
    assert "The service said: Unsuitable input detected. Change it." in problem.message


@pytest.mark.parametrize(
    "marked",
    [
        {"choices": [{"delta": {"role": "assistant", "content": ""}}]},
        {"choices": []},
        {"choices": [{"delta": {"content": "Fo"}}]},
    ],
)
def test_a_prompt_that_is_only_marked_is_answered(serve, marked):
    found = {"moderations": {"pii": [PHONE]}}
    stream = [marked | found, {"choices": [{"delta": {"content": "ur"}, "finish_reason": "stop"}]},
              {"choices": [], "usage": CHAT["usage"]} | found]  # fmt: skip
    answer = connect(serve(chunked(events(*stream)))).stream(PROMPT, model="m").answer
    assert answer.text.endswith("ur")
    assert answer.warnings == ("guardrail: personal data in the prompt (PhoneNumber)",)


@all_cases("found", [*STRANGE, {"moderations": {"pii": [{"input": True, "position": 7}]}}])
def test_a_finding_of_another_shape_never_breaks_the_error(serve, found):
    blocked(serve, BARE | UNSUITABLE | found)


@all_cases("stream", [True, False])
@all_cases("generate", [False, True])
def test_the_sandbox_stops_a_prompt_as_the_service_does(sandbox, session, stream, generate):
    options = {"param": {"moderations": {"pii": {"input": {"enabled": True}}}}}
    if stream:
        problem = caught(lambda: session.stream(PROMPT, generate=generate, **options).answer)
    else:
        problem = caught(lambda: session.chat(PROMPT, generate=generate, **options))
    assert type(problem) is PromptBlocked
    assert "personal data (PhoneNumber): '5550101234', characters 11 to 21" in problem.message
