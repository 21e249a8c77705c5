"""Fixtures of the guard's tests."""

from __future__ import annotations

import pytest
from support.guard import _servers, runtime, server_with  # noqa: F401  # fixtures
from support.kernels import Kernel

from wx_notebook.guard import reports


@pytest.fixture(scope="module")
def _kernel(tmp_path_factory):
    # not the kernel of other tests: keys are typed here, and its history keeps them
    with Kernel(tmp_path_factory.mktemp("guard")) as running:
        yield running


@pytest.fixture
def of_kernel(_kernel, monkeypatch):
    """A kernel without connection, and its runtime folder without reports."""
    _kernel.renew()
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(_kernel.folder / "runtime"))
    reports.pop_reports()
    return _kernel
