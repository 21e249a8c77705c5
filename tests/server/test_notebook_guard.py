"""The guard at work: modes, the user's own hook, faults, and what the user is told."""

from __future__ import annotations

import base64
import json
import logging
import os
import re
import time

import pytest
from support.guard import (
    GONE,
    TOKEN_GONE,
    book,
    code,
    jwt,
    leaks,
    new_key,
    printed,
    shown,
)

from wx_notebook.credentials.secret import Secret
from wx_notebook.guard.kernel_fingerprints import KernelFingerprints
from wx_notebook.guard.patterns import ALLOWLIST_COMMENT
from wx_notebook.guard.reports import (
    ALLOWLIST_HINT,
    EDIT_HISTORY_HINT,
    OPEN_PAGE_HINT,
    REPLACE_KEY_HINT,
    SaveReport,
)
from wx_notebook.server import notebook_guard
from wx_notebook.server.notebook_guard import KEYS, LOOKALIKES, TOKENS, NotebookGuard

#: jupyter-collaboration is installed for the tests, and switched off.
ALONE = "c.YDocExtension.disable_rtc = True"
#: A user's own hook, and faults that a file switches on; all of it runs inside the server.
OWN_HOOK_AND_FAULTS = """
import os, pathlib
from wx_notebook.guard import kernel_fingerprints, reports
from wx_notebook.server import notebook_guard

def mark(model, path, contents_manager, **kwargs):
    if model["type"] == "notebook":
        model["content"]["metadata"]["mine"] = path

c.ContentsManager.pre_save_hook = mark
c.YDocExtension.disable_rtc = True
# as most tests here show, it is "redact" then
c.WatsonxGuard.mode = "nonsense"

def faulty(name, function):
    def either(*args, **kwargs):
        if pathlib.Path(os.environ["FAULTS"], "fault-" + name).exists():
            raise RuntimeError("a fault: " + str(args))
        return function(*args, **kwargs)
    return either

kernel_fingerprints.live_fingerprints = faulty("keys", kernel_fingerprints.live_fingerprints)
notebook_guard.find_ibm_tokens = faulty("tokens", notebook_guard.find_ibm_tokens)
notebook_guard._find_lookalikes = faulty("lookalikes", notebook_guard._find_lookalikes)
notebook_guard._is_notebook = faulty("all", notebook_guard._is_notebook)
reports.save_report = faulty("leave", reports.save_report)
"""


@pytest.fixture
def server(server_with):
    running = server_with(OWN_HOOK_AND_FAULTS)
    yield running
    for fault in running.home.glob("fault-*"):
        fault.unlink()


@pytest.fixture
def key(server):
    made = new_key()
    server.knows(made)
    return made


def both(key, token):
    return book(code(f"a = '{key}'"), code("b", [printed(f"{token}\n")]))


# --- beside the user's own hook -------------------------------------------------------------------


def test_the_users_own_hook_runs_as_well(server, key):
    saved = json.loads(server.save("hook.ipynb", book(code(f"k = '{key}'"))))
    assert saved["metadata"]["mine"] == "hook.ipynb"
    assert saved["cells"][0]["source"] == [f"k = '{GONE}'"]


def test_keys_and_tokens_are_removed_and_the_user_is_told_where_and_to_rotate(server, key):
    saved = server.save("told.ipynb", both(key, jwt()))
    assert GONE.encode() in saved
    assert TOKEN_GONE.encode() in saved
    assert server.reports() == [
        "told.ipynb was saved without these secrets:",
        "  an API key: cell 1 [7], source, line 1",
        "  an access token of IBM Cloud: cell 2 [7], output, line 1",
        OPEN_PAGE_HINT,
        REPLACE_KEY_HINT,
    ]


def test_the_user_is_told_once_although_the_page_saves_the_same_again_and_again(server, key):
    document = both(key, jwt())
    server.save("once.ipynb", document)
    assert server.reports()
    assert server.reports() == [], "shown once"
    document["cells"].insert(0, code("a new cell"))
    saved = server.save("once.ipynb", document)
    assert key.encode() not in saved
    assert server.reports() == [], "only its cell has another number"


def test_another_key_in_the_same_cell_is_told_again(server, key):
    server.save("again.ipynb", book(code(f"k = '{key}'")))
    assert server.reports()
    second = new_key()
    server.knows(second)
    server.save("again.ipynb", book(code(f"k = '{second}'")))
    assert any(GONE not in line and "an API key" in line for line in server.reports())


def test_a_key_that_was_removed_once_does_not_come_back_when_its_kernel_has_ended(server, key):
    page = book(code(f"k = '{key}'"))
    server.save("restarted.ipynb", page)
    server.handed_over.pop().remove()
    assert GONE.encode() in server.save("restarted.ipynb", page)
    assert key.encode() not in server.save("another.ipynb", page)


def test_nor_does_one_that_stood_only_in_a_coloured_traceback(server, key):
    page = book(code("k", [printed(f"key \x1b[31m{key[:9]}\x1b[0m{key[9:]}\n")]))
    assert key[9:].encode() not in server.save("coloured.ipynb", page)
    server.handed_over.pop().remove()
    assert key[9:].encode() not in server.save("coloured.ipynb", page)


def test_an_output_that_goes_very_deep_is_cleaned_like_any_other(server, key):
    deep: list = [f"key {key}"]
    for _ in range(250):
        deep = [deep]
    for page in (
        book(code("d", [shown(application__json=deep)]), code(f"k = '{key}'")),
        # as a cloned notebook could bring along
        book(code(f"k = '{key}'"), x=deep),
        book(code(f"k = '{key}'", metadata={"x": deep})),
    ):
        saved = server.save("deep.ipynb", page)
        assert saved.count(GONE.encode()) == 2
        assert key.encode() not in saved
    assert not any("failed" in line for line in server.reports())


def test_what_only_looks_like_a_key_is_told_and_not_touched(server):
    looks, foreign = new_key(), jwt("KNOXSSO")
    saved = server.save("looks.ipynb", book(code(f"k = '{looks}'"), code(f"t = '{foreign}'")))
    assert looks.encode() in saved
    assert foreign.encode() in saved
    assert server.reports() == [
        "looks.ipynb was saved unchanged. It may contain:",
        "  a possible API key: cell 1 [7], source, line 1",
        "  a token of another service: cell 2 [7], source, line 1",
        ALLOWLIST_HINT,
    ]
    document = book(
        code(f"k = '{looks}'  # {ALLOWLIST_COMMENT}"),
        code(f"t = '{foreign}'  # {ALLOWLIST_COMMENT}"),
    )
    server.save("says-so.ipynb", document)
    assert server.reports() == []


def test_a_clean_notebook_is_saved_without_a_word(server, key):
    server.save("clean.ipynb", book(code("1 + 1", [printed("2\n")])))
    assert server.reports() == []


def test_the_text_of_a_notebook_in_an_editor_is_searched_and_a_file_with_settings_is_not(
    server, key
):
    raw = json.dumps(book(code(f"k = '{key}'")))
    assert server.save("raw.ipynb", raw, of_type="file") == raw.replace(key, GONE).encode()
    for name in (".env", "settings.py"):
        # where a key may be
        if name != ".env":
            assert server.save(name, f"KEY={key}\n", of_type="file") == f"KEY={key}\n".encode()
    assert len([line for line in server.reports() if "was saved without" in line]) == 1


def test_a_copy_that_the_server_makes_of_a_file_with_a_key_is_clean(server, key):
    path = server.root / "from-elsewhere.ipynb"
    path.write_text(json.dumps(book(code([f"k = '{key}'\n", "x"]))))
    made = server.post("api/contents", {"copy_from": path.name})
    copied = json.loads((server.root / made["path"]).read_text())
    assert copied["cells"][0]["source"] == [f"k = '{GONE}'\n", "x"]
    assert key in path.read_text(), "a file is not changed by looking at it"


def test_nothing_that_the_guard_writes_or_logs_holds_a_piece_of_the_secret(server, key):
    token = jwt()
    server.save(f"{key}.ipynb", both(key, token))
    written = b"".join(path.read_bytes() for path in server.runtime.glob("wx-notebook-guard-*"))
    said = "\n".join(server.reports())
    assert "<secret>.ipynb was saved without" in said
    # jupyter_server itself logs the name of each file that is saved
    ours = "\n".join(line for line in server.log.splitlines() if "was saved with" in line)
    assert ours
    assert leaks(said + ours, key, token) == []
    assert leaks(written.replace(f"{key}.ipynb".encode(), b""), key, token) == []


@pytest.mark.parametrize("name", ["\x1b[2J", "a\nb", "\u202ebypi", "\x9b2J", "\udcff"])
def test_a_name_that_steers_a_terminal_is_made_visible_in_the_log_and_the_report(
    name, runtime, caplog
):
    key, told = new_key(), []
    kernel = KernelFingerprints()
    kernel.add(Secret(key), "api_key")
    guard = NotebookGuard(mode=lambda: "redact", has_collaboration=lambda: False,
                          save_report=told.append, log=logging.getLogger("test"))  # fmt: skip
    model = {"type": "notebook", "content": book(code(f"k = '{key}'"))}
    guard.before_save(model, f"{name}.ipynb")
    # without its content, it is a fault
    guard.before_save({"type": "notebook"} | {"content": {1: 2}}, f"{name}.ipynb")
    kernel.remove()
    lines = [record.getMessage() for record in caplog.records] + told[0].lines()
    assert any("was saved without" in line for line in lines)
    assert all(line.isprintable() for line in lines)


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "missed", "key_goes", "token_goes"),
    [
        ("keys", KEYS, False, True),
        ("tokens", TOKENS, True, False),
        ("lookalikes", LOOKALIKES, True, True),
    ],
)
def test_a_fault_in_one_search_leaves_the_others_saves_the_notebook_and_is_told(
    server, key, fault, missed, key_goes, token_goes
):
    token = jwt()
    (server.home / f"fault-{fault}").touch()
    saved = server.save(f"{fault}.ipynb", both(key, token))
    assert (key.encode() not in saved) is key_goes
    assert (token.encode() not in saved) is token_goes
    assert json.loads(saved)["metadata"]["mine"] == f"{fault}.ipynb"
    told = server.reports()
    assert f"The guard failed on {fault}.ipynb: it was not searched for {missed}." in told
    assert f"To search it yourself: wx-notebook check '{fault}.ipynb'" in told
    assert re.search(rf"The guard failed on {fault}.ipynb: RuntimeError at .*:\d+", server.log)
    assert leaks(server.log, key, token) == []


def test_faults_in_all_searches_still_save_the_notebook_and_are_told(server, key):
    for fault in ("keys", "tokens", "lookalikes"):
        (server.home / f"fault-{fault}").touch()
    saved = server.save("three.ipynb", both(key, "x"))
    assert key.encode() in saved, "losing work would be worse"
    assert any(f"not searched for {KEYS} and {TOKENS} and {LOOKALIKES}" in line
               for line in server.reports())  # fmt: skip


def test_a_fault_around_the_searches_still_saves_the_notebook_and_is_logged(server, key):
    (server.home / "fault-all").touch()
    assert key.encode() in server.save("around.ipynb", both(key, "x"))
    assert "The guard failed on around.ipynb: RuntimeError" in server.log
    assert leaks(server.log, key) == []


def test_where_no_report_can_be_left_the_notebook_is_saved_clean_and_the_log_says_it(server, key):
    (server.home / "fault-leave").touch()
    assert key.encode() not in server.save("report.ipynb", both(key, "x"))
    assert "report.ipynb was saved without these secrets" in server.log
    assert server.reports() == []


# --- modes ----------------------------------------------------------------------------------------


def test_warn_saves_the_notebook_as_it_is_and_tells(server_with):
    server, key = server_with(f"c.WatsonxGuard.mode = 'warn'\n{ALONE}"), new_key()
    server.knows(key)
    assert key.encode() in server.save("warned.ipynb", book(code(f"k = '{key}'")))
    assert server.reports() == [
        "warned.ipynb was saved with these secrets in it:",
        "  an API key: cell 1 [7], source, line 1",
        REPLACE_KEY_HINT,
    ]


def test_block_refuses_what_is_certain_says_where_and_saves_the_rest(server_with):
    server = server_with(f"c.WatsonxGuard.mode = 'block'\n{ALONE}")
    key = new_key()
    server.knows(key)
    refused = server.refusal("blocked.ipynb", book(code("x"), code(f"k = '{key}'")))
    assert refused.startswith(
        "blocked.ipynb was not saved: it contains an API key (cell 2 [7], sou"
    )
    assert "WatsonxGuard.mode" in refused
    assert leaks(refused, key) == []
    assert not (server.root / "blocked.ipynb").exists()
    looks = new_key()
    assert looks.encode() in server.save("looks.ipynb", book(code(f"k = '{looks}'")))


def test_block_is_refused_where_documents_are_edited_by_several_at_once(server_with):
    pytest.importorskip("jupyter_server_ydoc")
    server, key = server_with("c.WatsonxGuard.mode = 'block'"), new_key()
    server.knows(key)
    assert "with real-time collaboration nobody would learn" in server.log
    saved = server.save("redacted.ipynb", book(code(f"k = '{key}'")))
    assert GONE.encode() in saved
    assert EDIT_HISTORY_HINT in server.reports()


def test_off_looks_at_nothing(server_with):
    server, key = server_with("c.WatsonxGuard.mode = 'off'"), new_key()
    server.knows(key)
    assert key.encode() in server.save("off.ipynb", both(key, jwt()))
    assert server.reports() == []
    assert "The guard of wx_notebook is off" in server.log


def test_a_mode_that_does_not_exist_is_said_and_redact_is_used(server, key):
    assert "'nonsense'" in server.log
    assert "The default 'redact' is used." in server.log
    assert key.encode() not in server.save("mode.ipynb", book(code(f"k = '{key}'")))


# --- time -----------------------------------------------------------------------------------------


class Clock:
    """Says the seconds of a list, one whenever it is asked, and how often that was."""

    def __init__(self, seconds: list[float]) -> None:
        self.seconds, self.asked = seconds, 0

    def __call__(self) -> float:
        self.asked += 1
        return self.seconds[self.asked - 1]


def guarded(cells, clock=time.monotonic, *keys):
    """Save such cells with a guard of this process; return them and the report about them."""
    kernels = [KernelFingerprints() for _ in keys]
    for kernel, key in zip(kernels, keys, strict=True):
        kernel.add(Secret(key), "api_key")
    told: list[SaveReport] = []
    guard = NotebookGuard(
        mode=lambda: "redact",
        has_collaboration=lambda: False,
        save_report=told.append,
        log=logging.getLogger("test"),
        clock=clock,
    )
    model = {"type": "notebook", "content": book(*cells)}
    guard.before_save(model, "large.ipynb")
    for kernel in kernels:
        kernel.remove()
    return model["content"]["cells"], (told or [SaveReport("large.ipynb")])[0]


def test_all_searches_share_less_than_a_second():
    assert 0.5 < notebook_guard.BUDGET_S < 1.0


#: How often the clock may be asked before time is up, and what was not searched to its end then.
CUTS = {
    0: [KEYS, TOKENS, LOOKALIKES],
    1: [KEYS, TOKENS, LOOKALIKES],
    5: [TOKENS, LOOKALIKES],
    9: [LOOKALIKES],
    1000: [],
}


@pytest.mark.parametrize("looks", CUTS)
def test_when_time_is_up_what_was_not_searched_is_told_and_keys_come_first(looks, runtime):
    key, looks_like = new_key(), new_key()
    cells = [code(f"the key is '{key}'"), code("", [printed(f"a token: {jwt()}")])]
    cells += [code(f"this looks like one: '{looks_like}'"), code(f"once more the key: {key}")]
    # the deadline is read first
    clock = Clock((looks + 1) * [0.0] + 1000 * [0.9])
    saved, report = guarded(cells, clock, key)
    missed = CUTS[looks]
    assert (key in json.dumps(saved)) is (KEYS in missed)
    assert (TOKEN_GONE in json.dumps(saved)) is (TOKENS not in missed)
    told_of = {finding.kind for finding in report.findings}
    assert ("lookalike_key" in told_of) is (LOOKALIKES not in missed)
    said = f"Time was up before all of large.ipynb was searched for {' and '.join(missed)}."
    assert (said in report.lines()) is bool(missed)
    assert ("To search it yourself: wx-notebook check 'large.ipynb'" in report.lines()) is bool(
        missed
    )


def test_time_may_be_up_inside_one_text_and_what_was_found_until_then_is_removed(runtime):
    key = new_key()
    text = f"{key} " + "a word " * 100_000 + f" {key}"
    clock = Clock(3 * [0.0] + 1000 * [0.9])
    ((saved,), report) = guarded([code("", [printed(text)])], clock, key)
    assert saved["outputs"][0]["text"].startswith(GONE)
    assert saved["outputs"][0]["text"].endswith(key)
    assert report.unfinished_searches == f"{KEYS} and {TOKENS} and {LOOKALIKES}"


def test_a_notebook_of_20_mb_with_pictures_is_saved_with_each_picture_as_it_was(server_with):
    server, key = server_with(OWN_HOOK_AND_FAULTS), new_key()
    server.knows(key)
    # what begins and ends as a PNG does
    pictures = [
        base64.b64encode(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0" + os.urandom(3_375_000) +
                         b"\0\0\0\0IEND\xaeB`\x82").decode() for _ in range(4)
    ]  # fmt: skip
    cells = [code(f"plot({n})", [shown(image__png=p)]) for n, p in enumerate(pictures)]
    words = "df.groupby('country')['value'].mean()  # and so on, and so on\n" * 500
    cells += [code(words, [printed(words)]) for _ in range(30)]
    cells.append(code(f"k = '{key}'"))
    began = time.perf_counter()
    saved = server.save("large.ipynb", book(*cells))
    print(f"saved in {time.perf_counter() - began:.2f} s, with the way to the server and to disk")
    assert len(saved) > 19_000_000
    assert key.encode() not in saved
    found = json.loads(saved)["cells"]
    assert ["".join(cell["outputs"][0]["data"]["image/png"]) for cell in found[:4]] == pictures
