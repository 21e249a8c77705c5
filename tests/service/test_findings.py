"""What guardrails found is told in one line for each kind, without the words that were found."""

from __future__ import annotations

import json

import pytest
from transport.servers import CHAT, chunked, connect, events, http

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
        result = {"generated_text": "x", "stop_reason": "eos_token", **document}
        server.on("/ml/", http(200, {"model_id": "m", "results": [result]}))
    else:
        server.on("/ml/", http(200, CHAT | document))
    return connect(server).chat("hello", model="m", generate=generate)


@pytest.mark.parametrize(("document", "told"), CASES)
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
    usage = {"choices": [], "usage": {}}
    server.on("/ml/", chunked(events(delta | found, delta | found, end | found, usage)))
    stream = connect(server).stream("hello", model="m")
    assert "".join(stream) == "xx"
    assert stream.answer.warnings == ("guardrail: personal data in the answer (EmailAddress)",)


@pytest.mark.parametrize("document", STRANGE)
def test_what_has_another_shape_costs_no_answer(serve, document):
    answer = answered(serve, document)
    assert answer.text
    assert all(line.startswith("guardrail: ") for line in answer.warnings)
