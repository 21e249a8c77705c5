"""No text takes the guard's searches more than linear time, whatever it is made of."""

from __future__ import annotations

import json
import logging
import secrets
import time
from pathlib import Path

import pytest
from support.cases import all_cases
from support.guard import book, code, fingerprints, jwt, new_key, printed, shown

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.fingerprints import Fingerprints, make_fingerprint
from wx_notebook.guard.kernel_fingerprints import KernelFingerprints
from wx_notebook.guard.scan_files import combined_search, search_file
from wx_notebook.guard.scan_notebook import NotebookScanner
from wx_notebook.guard.scan_text import KnownSecretSearch
from wx_notebook.server.notebook_guard import NotebookGuard

#: Seconds of computing, not of a clock: other processes do not count.
now_s = time.process_time
KEY, TOKEN = new_key(), jwt()
SMALL_TOKEN = "eyJhbGciOiJub25lIn0.eyJhIjoxfQab.cccccccc"
#: What each search could stumble over, by what it is made of.
UNITS = {
    "starts of tokens": "eyJ",
    "starts of tokens with other letters": "eyJé",
    "heads of tokens": "eyJaaaaaaaa.",
    "small tokens": f"{SMALL_TOKEN} ",
    "small tokens without a gap": f"{SMALL_TOKEN}.",
    "tokens": f"{TOKEN} ",
    "dots": "a.",
    "ids of 126 characters": f'"{"aB3-x_" * 21}" ',
    "lookalikes": f'"{new_key()}" ',
    "lookalikes that begin as Google's ids": f'"1{new_key()[1:]}" ',
    "keys": f"{KEY} ",
    "keys without a gap": KEY,
    "the end of the key": KEY[-6:],
    "base64 in lines": "QUJD" * 19 + "\n",
    "one character": "a",
    "characters of others": "a中",
    "colours": "\x1b[31m",
    "colours that do not end": "\x1b[3",
    "keys in colours": f"\x1b[31m{KEY[:9]}\x1b[0m{KEY[9:]} ",
    "a password": "swordfish ",
    "letters of a password": "swordfis",
    "escapes of JSON": f'\\\\n\\"{KEY}\\"',
}
SEARCHES = {
    "fingerprints": fingerprints(("api_key", KEY), ("token", TOKEN), ("token", "0f" * 32)),
    "check": combined_search(KnownSecretSearch([
        ("a", "api_key", Secret(KEY)), ("b", "password", Secret("swordfish"))])),
}  # fmt: skip
_SIZE = 20_000


def steps(search, size, make):
    """The least computing time of a few searches through a document of that size."""
    document = make(size)

    def once():
        began = now_s()
        NotebookScanner(search, redact=True).scan(document)
        return now_s() - began

    return max(min(once() for _ in range(2)), 0.002)


#: The same text in the forms that a notebook gives to it.
FORMS = {
    "one line": lambda unit, size: book(code("", [printed(unit * (size // len(unit)))])),
    "many lines": lambda unit, size: book(code([f"{unit}\n"] * (size // len(unit)))),
    "fields": lambda unit, size: book(
        code("", [shown(application__json={f"{n} {unit}": unit for n in range(size // 40)})])
    ),
}


@pytest.mark.slow  # twice five searches for each of 132 cases
@all_cases("form", FORMS)
@all_cases("unit", UNITS)
@all_cases("search", SEARCHES)
def test_four_times_the_text_takes_about_four_times_as_long(search, unit, form):
    def make(size):
        return FORMS[form](UNITS[unit], size)

    ratios = []
    for _ in range(3):
        few, many = (steps(SEARCHES[search], size, make) for size in (_SIZE, 4 * _SIZE))
        ratios.append(many / few)
        # square time would be 16
        if ratios[-1] < 8:
            return
    pytest.fail(f"four times the text takes {ratios} times as long")


@pytest.mark.slow  # 20 MB each
@pytest.mark.parametrize("unit", ["keys without a gap", "escapes of JSON", "starts of tokens"])
def test_20_mb_of_the_worst_text_take_the_server_less_than_a_second(unit, runtime):
    kernel = KernelFingerprints()
    kernel.add(Secret(KEY), "api_key")
    told = []
    guard = NotebookGuard(
        mode=lambda: "redact",
        has_collaboration=lambda: False,
        save_report=told.append,
        log=logging.getLogger("test"),
        clock=now_s,
    )
    model = {"type": "notebook", "content": FORMS["many lines"](UNITS[unit], 20_000_000)}
    began = now_s()
    guard.before_save(model, "large.ipynb")
    # of computing; what was not looked at by then is told
    assert now_s() - began < 1.5, "1 s on a machine of its own"
    kernel.remove()
    # a quick machine is through with some of them in time
    assert told or unit != "keys without a gap"
    assert all(report.unfinished_searches for report in told)


def test_names_that_become_equal_are_numbered_in_linear_time():
    def rename(number):
        keys = [new_key() for _ in range(50)]
        search = fingerprints(*(("api_key", key) for key in keys))
        # one in fifty names becomes equal to each other
        document = {f"{n // 50}{keys[n % 50]}": n for n in range(number)}
        began = now_s()
        renamed = NotebookScanner(search, redact=True).scan({"metadata": document})["metadata"]
        assert len(renamed) == number
        return now_s() - began

    # the least of a few: the collector of garbage and other threads take time at random
    few, many = (min(rename(number) for _ in range(4)) for number in (1_000, 4_000))
    assert many / max(few, 0.002) < 8


@pytest.mark.parametrize("kernels", [10, 40])
def test_many_kernels_with_the_same_key_take_as_long_as_one(kernels):
    groups = []
    for _ in range(kernels):
        salt = secrets.token_bytes(32)
        groups.append((salt, [make_fingerprint(Secret(KEY), "api_key", salt)]))
    text = "".join(f'"{secrets.token_urlsafe(94)}" ' for _ in range(2_000)) + f"{KEY} " * 100

    def seconds(search):
        def once():
            began = now_s()
            assert len(list(search(text))) == 100
            return now_s() - began

        return max(min(once() for _ in range(5)), 0.001)

    assert seconds(Fingerprints(groups)) / seconds(Fingerprints(groups[:1])) < 4


def test_a_fingerprint_is_computed_for_few_parts_of_a_text(monkeypatch):
    import hmac

    search = fingerprints(("api_key", KEY), ("token", TOKEN))
    counted = []
    digest = hmac.digest
    monkeypatch.setattr(hmac, "digest", lambda *parts: counted.append(1) or digest(*parts))
    text = "".join(f'"{secrets.token_urlsafe(94)}" ' for _ in range(2_000))
    assert list(search(text)) == []
    # there were 83 for each id
    assert len(counted) < 5


def test_the_clock_is_looked_at_inside_one_text(runtime):
    looks = []
    guard = NotebookGuard(mode=lambda: "redact", has_collaboration=lambda: False,
                          save_report=lambda _: None, log=logging.getLogger("test"),
                          clock=lambda: looks.append(1) or 0.0)  # fmt: skip
    text = "eyJ" * 1_000_000
    model = {"type": "notebook", "content": book(code("", [printed(text)]))}
    guard.before_save(model, "x.ipynb")
    # for each piece of 128 kB, in each of three searches
    assert len(looks) > 3 * 3_000_000 / 2**17


@pytest.mark.parametrize("depth", [10_000, 200_000])
def test_a_file_that_is_nested_too_deeply_for_json_is_searched_as_text(depth, tmp_path):
    path = Path(tmp_path, "deep.ipynb")
    path.write_text("[" * depth + json.dumps(KEY) + "]" * depth)
    search = combined_search(KnownSecretSearch([("a", "api_key", Secret(KEY))]))
    assert [finding.kind for finding in search_file(path, search)] == ["api_key"]
