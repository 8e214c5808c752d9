"""Files that are replaced as a whole: a full disk or a crash leaves what was there before."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from stat import S_IMODE, S_ISREG
from typing import BinaryIO

__all__ = ["is_mount_point", "replacing"]

_MOUNTS = Path("/proc/self/mountinfo")


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file that takes the place of another once it is complete and on the disk.

    A symbolic link stays a link, and a file that is replaced passes on its permissions and, where the system
    allows it, its owner. What cannot be replaced (a device, a pipe, a file in a folder that cannot be
    written) is written in place.

    Parameters
    ----------
    path : path
        Of a file that may exist.

    Raises
    ------
    OSError
        If the file cannot be written; then nothing has changed.
    """
    target = os.path.realpath(path)
    before = os.stat(target) if os.path.exists(target) else None
    if before is not None and not _can_be_replaced(target, before.st_mode):
        with open(target, "wb") as file:
            yield file
        return
    if before is not None:
        with open(target, "r+b"):  # a file that is protected, or a folder, is refused as `open` does
            pass
    new = os.path.join(os.path.dirname(target), f".{token_hex(8)}.tmp")
    try:
        with open(new, "xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        if before is not None:
            _pass_on(before, new)
        os.replace(new, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(new)
        raise


def is_mount_point(path: str | os.PathLike[str]) -> bool:
    """Tell whether a file or folder is mounted by itself (known on Linux only)."""
    try:
        mounts = _MOUNTS.read_bytes().splitlines()
    except OSError:
        return False
    name = os.fsencode(path)
    for character in (b"\\", b" ", b"\t", b"\n"):
        name = name.replace(character, b"\\%03o" % character[0])
    return any(mount.split(b" ")[4] == name for mount in mounts)


def _can_be_replaced(target: str, mode: int) -> bool:
    in_folder = os.access(os.path.dirname(target), os.W_OK)
    return S_ISREG(mode) and in_folder and not is_mount_point(target)


def _pass_on(before: os.stat_result, new: str) -> None:
    """Give a file the owner and the permissions of the one that it replaces."""
    if hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(new, before.st_uid, before.st_gid)
    os.chmod(new, S_IMODE(before.st_mode))
