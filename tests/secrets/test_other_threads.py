"""What the frames of a thread show to another one while it waits for an answer: no secret.

Profilers, debuggers and crash reporters look at them by `sys._current_frames()`.
"""

from __future__ import annotations

import sys
import threading
import time
import types

from support.cases import all_cases
from transport.servers import caught, held_by

from wx_notebook.credentials.secret import Opaque, OpaqueMapping, Secret
from wx_notebook.transport import SealedBody, SealedHeader

from .leaks import KINDS, SECRETS, answers, found, session_of


class Hanging:
    """Says nothing until it may; knows whether a request has come."""

    def __init__(self):
        self.has_come, self.may_answer = threading.Event(), threading.Event()

    def __call__(self, connection, _):
        self.has_come.set()
        self.may_answer.wait(10)
        return False


def frames_of(thread: threading.Thread) -> list[types.FrameType]:
    frame, frames = sys._current_frames()[thread.ident], []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return frames


def texts_in(frames: list[types.FrameType]) -> list[str]:
    """Every text and bytes in the local variables of frames, and how they are printed."""
    values = [value for frame in frames for value in frame.f_locals.values()]
    deep = [held_by(value, but=(Secret, Opaque, OpaqueMapping)) for value in values]
    return [*map(repr, values), *(text for texts in deep for text in texts)]


def seen_while(hanging: Hanging, call) -> list[str]:
    """What a thread shows that has sent its request and waits for the answer."""
    thread = threading.Thread(target=lambda: caught(call), daemon=True)
    thread.start()
    assert hanging.has_come.wait(10)
    try:
        # the server may have read the last byte before the thread has left the call that sends it
        for _ in range(1_000):
            frames = frames_of(thread)
            if any(frame.f_code.co_name == "getresponse" for frame in frames):
                return texts_in(frames)
            time.sleep(0.005)
        raise AssertionError("the thread waits for no answer")
    finally:
        hanging.may_answer.set()
        thread.join(10)


@all_cases("kind", KINDS)
def test_no_frame_holds_the_credential_while_it_is_exchanged_or_the_token_while_a_prompt_is_sent(
    serve, kind
):
    for path in [*KINDS[kind].paths, "/ml/"]:
        server, hanging = serve(), Hanging()
        answers(server, kind, hanging)
        server.on(path, hanging)
        session = session_of(kind, server.url)
        texts = seen_while(hanging, lambda: session.chat("hello", model="m"))  # noqa: B023
        assert any(f"{server.url}/" in text for text in texts), "the request is under way"
        assert found("\n".join(texts), *SECRETS) == []


def test_what_is_sealed_is_sent_as_it_is_and_shown_as_it_is_not():
    header = SealedHeader(lambda: "Bearer abc", "Bearer <secret>")
    assert (header.open(), f"{header}", repr(header)) == (
        "Bearer abc", "Bearer <secret>", "'Bearer <secret>'",
    )  # fmt: skip
    body = SealedBody(lambda: "apikey=ü")
    assert body.size == 9
    assert (body.read(16_384), body.read(16_384)) == ("apikey=ü".encode(), b"")
