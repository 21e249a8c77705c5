"""Answers from a file of recorded exchanges, without a key and without a network."""

from __future__ import annotations

import difflib
import io
import json
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
import urllib3

from wx_notebook.transport.exchange_aliases import Aliases
from wx_notebook.transport.exchange_file import (
    RecordedAnswer,
    RecordedRequest,
    RecordingError,
    how_to_record,
    name_of,
    read_exchanges,
)
from wx_notebook.transport.exchange_jobs import with_asked_lines
from wx_notebook.transport.exchange_scrubber import ASKED_ID, ExchangeScrubber
from wx_notebook.transport.redaction import Redaction

#: What every sign-in gets: the fields of IAM, of the account IAM, and of clusters.
_TOKEN = "wx-notebook-replay-needs-no-token"  # noqa: S105  # it opens nothing
_SIGNED_IN = {
    "access_token": _TOKEN, "accessToken": _TOKEN, "token": _TOKEN, "expires_in": 3600,
}  # fmt: skip
#: The project of a recording in which none was looked up.
_PROJECT = {
    "metadata": {"guid": ASKED_ID, "id": ASKED_ID},
    "entity": {"name": "recorded project", "compute": [{"type": "machine_learning"}]},
}
_JSON = "application/json"
#: Recorded requests that a missing one is compared with, and characters of a text that are shown.
_MOST_COMPARED, _SHOWN = 500, 60


class Player:
    """The answers of one file; of equal requests the n-th gets the n-th answer.

    Parameters
    ----------
    path
        The file. It is read with the first request.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.aliases = Aliases()
        self._lock = threading.Lock()
        self._requests: dict[str, RecordedRequest] = {}
        self._answers: dict[str, list[RecordedAnswer]] = {}
        self._is_read = False
        self._asked: Counter[str] = Counter()

    def next_answer(self, request: RecordedRequest) -> RecordedAnswer | None:
        """Return the next answer to a request, None where there is none.

        A list that is asked for once more (GET) gets the last answer again.

        Raises
        ------
        RecordingError
            The file cannot be used.
        """
        key = request.key
        with self._lock:
            self._read()
            answers = self._answers.get(key, [])
            number = self._asked[key]
            self._asked[key] += 1
        if number < len(answers):
            return answers[number]
        return answers[-1] if answers and request.method == "GET" else None

    def error(self, request: RecordedRequest) -> RecordingError:
        """Return why there is no answer to a request."""
        known = len(self._answers.get(request.key, ()))
        return self._exhausted(request, known) if known else self._missing(request)

    def _read(self) -> None:
        if self._is_read:
            return
        runs: dict[str, int] = {}
        answers: dict[str, list[RecordedAnswer]] = defaultdict(list)
        for run, request, answer in read_exchanges(self.path):
            key = request.key
            if runs.setdefault(key, run) != run:
                # recorded anew, by a later process
                runs[key] = run
                answers[key].clear()
            self._requests[key] = request
            answers[key].append(answer)
        self._answers, self._is_read = dict(answers), True

    def _exhausted(self, request: RecordedRequest, known: int) -> RecordingError:
        times = "once" if known == 1 else f"{known} times"
        number = self._asked[request.key]
        return RecordingError(
            f"{name_of(self.path)} has this request {times}, and it was sent {number} times: "
            f"{request.method} {request.path}\n{_excerpt(request)}",
            hint="A restarted kernel starts from the beginning. " + how_to_record(self.path),
        )

    def _missing(self, request: RecordedRequest) -> RecordingError:
        what = f"{request.method} {request.path}"
        lines = [f"{name_of(self.path)} has no answer to this request: {what}"]
        nearest = self._nearest(request)
        if nearest is None:
            lines.append("It has no request to this address.")
        else:
            lines += _differences(nearest, request)
        return RecordingError("\n".join(lines), hint=how_to_record(self.path))

    def _nearest(self, request: RecordedRequest) -> RecordedRequest | None:
        """Return the recorded request that differs least, None where none is comparable."""
        known = list(self._requests.values())
        alike = [one for one in known if one.path == request.path]
        # the same prompt, streamed or not
        alike = alike or [one for one in known if one.body and request.body]
        text = _excerpt(request)

        def distance(one: RecordedRequest) -> tuple[int, float]:
            ratio = difflib.SequenceMatcher(None, _excerpt(one), text).quick_ratio()
            return len(list(_unequal(one, request))), -ratio

        return min(alike[:_MOST_COMPARED], key=distance, default=None)


class ReplayAdapter:
    """Answers requests from a recording.

    Parameters
    ----------
    player
        The recording.
    redaction
        Knows the secrets of the session, which are no part of a recorded request.
    signs_in
        Whether the request exchanges a credential for a token: every credential is good.
    """

    def __init__(self, player: Player, redaction: Redaction, *, signs_in: bool) -> None:
        self._player = player
        self._scrubber = ExchangeScrubber(redaction, player.aliases)
        self._signs_in = signs_in

    def send(self, prepared: requests.PreparedRequest, **_: Any) -> urllib3.HTTPResponse:  # noqa: ANN401
        """Return the recorded answer as urllib3's response.

        Raises
        ------
        RecordingError
            There is none.
        """
        if self._signs_in:
            return _response(RecordedAnswer(200, _JSON, json.dumps(_SIGNED_IN)))
        url = str(prepared.url)
        request = self._scrubber.request(prepared)
        is_project = request.path.endswith(f"/{ASKED_ID}")
        answer = self._player.next_answer(request)
        if answer is None and is_project:
            # part of a sign-in, which succeeds
            answer = RecordedAnswer(200, _JSON, json.dumps(_PROJECT))
        if answer is None:
            raise self._player.error(request)
        if request.path.endswith("/content"):
            text = with_asked_lines(answer.text, self._player.aliases.asked)
            answer = answer._replace(text=text)
        if is_project:
            asked_id = url.partition("?")[0].rpartition("/")[2]
            answer = answer._replace(text=answer.text.replace(ASKED_ID, asked_id))
        return _response(answer)


def _response(answer: RecordedAnswer) -> urllib3.HTTPResponse:
    return urllib3.HTTPResponse(
        io.BytesIO(answer.text.encode("utf-8", "surrogatepass")),
        headers={"Content-Type": answer.content_type},
        status=answer.status,
        preload_content=False,
    )


# --- what differs ----------------------------------------------------------------------------


def _flat(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:  # noqa: ANN401  # JSON
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from _flat(inner, f"{place}.{name}" if place else name)
    elif isinstance(value, list) and value:
        for at, inner in enumerate(value):
            yield from _flat(inner, f"{place}[{at}]")
    else:
        yield place, value


def _unequal(one: RecordedRequest, other: RecordedRequest) -> Iterator[tuple[str, Any, Any]]:
    """Yield where two requests differ, and both values; "absent" stands for none."""
    left, right = (
        {"method": each.method, "path": each.path}
        | {f"query.{name}": value for name, value in each.query.items()}
        | dict(_flat(each.body))
        for each in (one, other)
    )
    for name in dict.fromkeys([*right, *left]):
        if left.get(name, ...) != right.get(name, ...):
            yield name, left.get(name, ...), right.get(name, ...)


def _differences(recorded: RecordedRequest, asked: RecordedRequest) -> Iterator[str]:
    """Yield three lines: where the requests differ, and both values there."""
    found = list(_unequal(recorded, asked))
    # the words of the prompt say more than a parameter
    found.sort(key=lambda one: not ("content" in one[0] or "input" in one[0]))
    (name, before, now), *others = found
    also = ", ".join(one[0] for one in others[:3]) + (", ..." if len(others) > 3 else "")
    yield f"The nearest one in it differs in {name}{f', and in {also}' if also else ''}:"
    both = (_written(before), _written(now))
    same = len(_common_beginning(*both))
    for word, text in zip(("recorded", "now"), both, strict=True):
        yield f"  {word + ':':9} {_around(text, same)}"


def _written(value: Any) -> str:  # noqa: ANN401
    return "(absent)" if value is ... else json.dumps(value, ensure_ascii=False)


def _common_beginning(one: str, other: str) -> str:
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    return one[: min(len(one), len(other)) if at is None else at]


def _around(text: str, at: int) -> str:
    """Return the part of a text where it begins to differ."""
    start = max(0, at - 20) if len(text) > _SHOWN else 0
    part = text[start : start + _SHOWN]
    return f"{'...' if start else ''}{part}{'...' if start + _SHOWN < len(text) else ''}"


def _excerpt(request: RecordedRequest) -> str:
    """Return the words of a prompt, the last ones first."""
    texts = [value for name, value in _flat(request.body)
             if isinstance(value, str) and ("content" in name or "input" in name)]  # fmt: skip
    return _around(" ".join((texts[-1] if texts else json.dumps(request.body)).split()), 0)
