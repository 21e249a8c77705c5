"""Where the journal lies, and which of its files this process writes.

On a local disk all kernels write one file, under SQLite's locks. On a network drive, as under many
JupyterHubs, locks can't be trusted: there each kernel writes a file of its own, and all files are
read.
"""

from __future__ import annotations

import os
import platform
import re
import time
from hashlib import sha256
from pathlib import Path

_NETWORK = re.compile(
    r"nfs|cifs|smb|sshfs|afs|9p|lustre|gpfs|beegfs|ceph|gluster|davfs|fuse\.|webdav", re.IGNORECASE
)
_NAME = "journal"
_SUFFIX = ".sqlite"


def journal_folder() -> Path:
    """Return the folder of the journal, in Jupyter's data folder."""
    from jupyter_core.paths import jupyter_data_dir

    return Path(jupyter_data_dir()) / "wx_notebook" / _NAME


def own_file(folder: Path) -> Path:
    """Return the file that this process writes."""
    if not is_on_network(folder):
        return folder / f"{_NAME}{_SUFFIX}"
    # a hash, because the name of the machine is private
    one = sha256(f"{platform.node()}-{os.getpid()}".encode()).hexdigest()[:8]
    return folder / f"{_NAME}-{one}{_SUFFIX}"


def other_files(folder: Path, own: Path) -> list[Path]:
    """Return the files of other kernels, the newest first."""
    files = [one for one in folder.glob(f"{_NAME}*{_SUFFIX}") if one != own and one.is_file()]
    files = [one for one in files if "aside" not in one.name]
    return sorted(files, key=lambda one: one.stat().st_mtime, reverse=True)


def aside_file(own: Path, why: str) -> Path:
    """Return a free name for a file that is set aside."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1_000):
        path = own.with_name(f"{own.stem}-aside-{why}-{stamp}-{number}{_SUFFIX}")
        if not path.exists():
            return path
    return own.with_name(f"{own.stem}-aside-{why}-{os.urandom(4).hex()}{_SUFFIX}")


def is_on_network(folder: Path) -> bool:
    """Return whether a folder lies on a network drive, by the type of its file system."""
    import psutil

    at = str(folder.resolve())
    best, kind = "", ""
    try:
        mounts = psutil.disk_partitions(all=True)
    except (OSError, RuntimeError):
        # an unknown system: SQLite's locks are right on nearly all of them
        return False
    for mount in mounts:
        point = mount.mountpoint.rstrip(os.sep) + os.sep
        if (at + os.sep).startswith(point) and len(point) >= len(best):
            best, kind = point, mount.fstype
    return _NETWORK.search(kind) is not None
