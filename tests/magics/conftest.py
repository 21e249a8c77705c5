"""What the tests of the magics share."""

from __future__ import annotations

from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]


@pytest.fixture
def keyring(kernel):
    """A keyring in the kernel, in the place of a desktop's (a container has none)."""
    kernel.run(
        f"import sys; sys.path.insert(0, {str(TESTS)!r})\n"
        "from credentials.keyring_stand_ins import Keeps, system\n"
        "_desktop = system(Keeps); _keyring = _desktop.__enter__()",
        store_history=False,
    ).ok()
    yield kernel
    kernel.run("_desktop.__exit__(None, None, None); sys.path.pop(0)", store_history=False).ok()
    for file in (kernel.folder / "config").glob("*.toml"):
        file.unlink()
