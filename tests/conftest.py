"""What every test has: a clean environment, a sandbox over real HTTP, a real kernel."""

from __future__ import annotations

import os
import sys
from collections import Counter
from pathlib import Path

# before anything imports jsonschema, here or in a process that a test starts; the reason is there
_ABSENT = str(Path(__file__).parent / "support" / "absent")
sys.path.insert(0, _ABSENT)
os.environ["PYTHONPATH"] = os.pathsep.join([_ABSENT, *filter(None, [os.environ.get("PYTHONPATH")])])

# compiled files are kept, whatever the environment says: else each worker, kernel and server
# compiles our modules anew, which is a fifth of the work of the quick tests
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# ruff: noqa: E402
import hypothesis
import pytest
from support.fronts import chromium, jupyter  # noqa: F401  # fixtures
from support.kernels import Kernel

from wx_notebook import hints
from wx_notebook.sandbox import Sandbox

# how many cases a generated test tries; how long one takes says nothing on a busy machine
_ANYWHERE = {
    "deadline": None,
    "suppress_health_check": [
        hypothesis.HealthCheck.function_scoped_fixture,
        hypothesis.HealthCheck.too_slow,
    ],
}
hypothesis.settings.register_profile("dev", max_examples=25, **_ANYWHERE)
hypothesis.settings.register_profile(
    "ci", max_examples=60, database=None, derandomize=True, **_ANYWHERE
)
hypothesis.settings.register_profile("nightly", max_examples=1000, database=None, **_ANYWHERE)
_ON_CI = os.environ.get("CI", "").lower() == "true"
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if _ON_CI else "dev"))

_READ = ("WATSONX_", "WX_", "RUNTIME_ENV_", "IBM_", "IBMCLOUD_", "WML_", "WATSON_", "PM_20_")
_READ_TOO = {
    "HTTP_PROXY", "HTTPS_PROXY", "REGION", "PROJECT_ID", "SPACE_ID", "USER_ACCESS_TOKEN",
}  # fmt: skip


#: Fixtures that bring up a browser, a kernel or a Jupyter server, and take a second for it.
_BROWSER, _SERVERS = {"chromium"}, {"jupyter", "_servers"}
_SLOW = {"_running_kernel", *_BROWSER, *_SERVERS}


@pytest.hookimpl(wrapper=True)  # before xdist reads the groups, wherever it stands in the order
def pytest_collection_modifyitems(config, items):
    """Mark what a fixture makes slow, and say which tests go to the same worker.

    A kernel is started once in each worker. Of servers and of what a module makes for its own
    tests there is one: those tests stay together. Another slow test goes to whoever is free.
    """
    for number, item in enumerate(items):
        used = set(item.fixturenames)
        if used & _SLOW:
            item.add_marker(pytest.mark.slow)
        if used & _BROWSER:
            item.add_marker(pytest.mark.browser)
        if item.get_closest_marker("slow"):
            # a page, a server and a kernel share two cores with the other tests: what failed is
            # tried once more, as JupyterLab's own tests of its pages are, and the summary says so
            item.add_marker(pytest.mark.flaky(reruns=1))
        if item.get_closest_marker("xdist_group"):
            continue
        fixtures = item._fixtureinfo.name2fixturedefs
        own = any(found[-1].scope == "module" for found in fixtures.values())
        if own or used & (_BROWSER | _SERVERS):
            item.add_marker(pytest.mark.xdist_group(item.module.__name__))
        elif item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.xdist_group(f"slow-{number}"))
    result = yield
    if hasattr(config, "workerinput"):
        _put_long_groups_first(items)
    return result


def _put_long_groups_first(items):
    """Sort the groups as three workers begin them: two with those of the browser, one the others.

    Of each kind the longest come first, so that no worker waits for another one's last group.
    """
    seconds, browser = Counter(), set()  # about what they take on a free machine
    costs = {"browser": 5, "slow": 0.5}
    for item in items:
        cost = next((s for mark, s in costs.items() if item.get_closest_marker(mark)), 0.03)
        seconds[_unit(item.nodeid)] += cost
        if item.get_closest_marker("browser"):
            browser.add(_unit(item.nodeid))
    begins, ends = {}, {True: 0.0, False: 0.0}
    for unit, length in seconds.most_common():
        kind = unit in browser
        begins[unit] = ends[kind]
        ends[kind] += length / 2 if kind else length
    items.sort(key=lambda item: begins[_unit(item.nodeid)])


def _unit(nodeid):
    """Return what stays together, as xdist has it: the group behind the @, or the module."""
    at = nodeid.rfind("@")
    return nodeid[at + 1 :] if at > nodeid.rfind("]") else nodeid.partition("::")[0]


@pytest.hookimpl(wrapper=True, optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Let `-n auto` start one worker more than there are cores, since many tests only wait."""
    number = yield
    return number if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ else number + 1


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Hand out the tests without a group by modules.

    One by one, xdist 3.8 looks through all that it has handed out for each of them, which costs 20
    seconds for 9,000 tests.
    """
    from xdist.scheduler import LoadGroupScheduling

    class ByModule(LoadGroupScheduling):
        def _split_scope(self, nodeid):
            return _unit(nodeid)

    # the order is ours: by their numbers of tests, those of the browser would come last
    config.option.loadscopereorder = False
    return ByModule(config, log) if config.getvalue("dist") == "loadgroup" else None


@pytest.fixture(scope="session")
def _empty_config(tmp_path_factory):
    return tmp_path_factory.mktemp("jupyter-config")


@pytest.fixture(scope="session")
def _own_data(tmp_path_factory):
    return tmp_path_factory.mktemp("jupyter-data")


@pytest.fixture(autouse=True)
def _no_credentials_of_this_machine(monkeypatch, _empty_config, _own_data):
    """What a developer has in the environment neither helps nor harms a test."""
    for name in list(os.environ):
        if name.startswith(_READ) or name.upper() in _READ_TOO:
            monkeypatch.delenv(name)
    # nor does a default profile, or a keyring that asks somebody for leave
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(_empty_config))
    # and what a test spends is not counted among the developer's own tokens
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(_own_data))


@pytest.fixture(autouse=True)
def _somebody_can_be_asked(monkeypatch):
    """What a message says to do next is said to a person; `nobody` takes that person away."""
    monkeypatch.setattr(hints, "can_ask", lambda _=None: True)


@pytest.fixture
def nobody(monkeypatch, _somebody_can_be_asked):
    """Run as under papermill or in CI: nobody can answer a question."""
    monkeypatch.setattr(hints, "can_ask", lambda _=None: False)


@pytest.fixture(autouse=True)
def _no_session_of_another_test():
    yield
    from wx_notebook.session import disconnect

    disconnect()


@pytest.fixture(autouse=True)
def _no_tokens_stay_reserved():
    """A prompt that has ended, however it ended, takes no room in a budget any more."""
    yield
    from wx_notebook.session.process import METER

    left, METER._reserved = METER._reserved, 0
    assert left == 0


@pytest.fixture
def sandbox():
    """Serve a stand-in of IAM and watsonx.ai on the loopback; its answers come at once."""
    with Sandbox() as running:
        yield running


@pytest.fixture
def session(sandbox):
    """Connect to the sandbox; nothing has been sent yet."""
    import wx_notebook as wx

    return wx.connect(api_key=sandbox.api_key, url=sandbox.url, project_id=sandbox.project_id)


@pytest.fixture(scope="session")
def _running_kernel(tmp_path_factory):
    with Kernel(tmp_path_factory.mktemp("kernel")) as kernel:
        yield kernel


@pytest.fixture
def kernel(_running_kernel):
    """A real IPython kernel with the magics loaded and an empty namespace, not connected."""
    _running_kernel.renew()
    return _running_kernel


@pytest.fixture
def connected(kernel, sandbox):
    """The same kernel, connected to the sandbox of this test."""
    kernel.connect(sandbox)
    return kernel
