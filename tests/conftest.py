"""What every test has: a clean environment, a sandbox over real HTTP, a real kernel."""

from __future__ import annotations

import os

import pytest
from fronts import chromium, jupyter  # noqa: F401  # fixtures
from kernels import Kernel

from wx_notebook.sandbox import Sandbox

_READ_TOO = {
    "HTTP_PROXY", "HTTPS_PROXY", "IBMCLOUD_API_KEY", "IBM_CREDENTIALS_FILE", "WML_URL", "REGION",
    "PROJECT_ID", "SPACE_ID", "USER_ACCESS_TOKEN",
}  # fmt: skip


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
        if name.startswith(("WATSONX_", "WX_", "RUNTIME_ENV_")) or name.upper() in _READ_TOO:
            monkeypatch.delenv(name)
    # nor does a default profile, or a keyring that asks somebody for leave
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(_empty_config))
    # and what a test spends is not counted among the developer's own tokens
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(_own_data))


@pytest.fixture(autouse=True)
def _no_session_of_another_test():
    yield
    from wx_notebook.session import disconnect

    disconnect()


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
