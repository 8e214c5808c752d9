"""Paths of files, and their atomic replacement: after a full disk or a crash, the previous file is intact."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from stat import S_IMODE, S_ISREG
from typing import Any, BinaryIO

from spex_plugins.errors import InputError

__all__ = ["check_can_be_written", "checked_path", "is_mount_point", "replacing"]

_MOUNTS = Path("/proc/self/mountinfo")


def checked_path(name: str, value: Any) -> str:
    """Return the path of a file as text; a number would be taken for an open file of the process.

    Parameters
    ----------
    name : str
        Of the argument.
    value : path-like
        What was given.

    Returns
    -------
    str
        As it was given, not resolved.

    Raises
    ------
    InputError
        If it is no path.
    """
    path = os.fspath(value) if isinstance(value, str | os.PathLike) else None
    if not isinstance(path, str) or not path or "\0" in path:
        raise InputError(f"{name}: must be the path of a file, got {value!r:.80}.")
    return path


@contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open a binary file that replaces another once it is complete and on the disk.

    A symbolic link is kept, and so are the permissions of the replaced file and, where the system allows it,
    its owner. What cannot be replaced (a device, a pipe, a file in a read-only folder) is written in place.

    Parameters
    ----------
    path : path-like
        Path of the file, which may exist.

    Yields
    ------
    file object
        Open for writing in binary mode.

    Raises
    ------
    InputError
        If it is no path.
    OSError
        If the file cannot be written; the previous file is then unchanged.
    """
    target = os.path.realpath(checked_path("path", path))
    before = os.stat(target) if os.path.exists(target) else None
    if before is not None and not _can_be_replaced(target, before.st_mode):
        with open(target, "wb") as file:
            yield file
        return
    if before is not None:
        with open(target, "r+b"):  # raises the OSError of `open` for a protected file or a folder
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
    except BaseException as error:
        with suppress(OSError):
            os.unlink(new)
        if isinstance(error, OSError) and error.filename == new:
            error.filename = os.fspath(path)  # the other name means nothing to the caller
        raise


def check_can_be_written(name: str, path: str | os.PathLike[str]) -> None:
    """Raise InputError where a file cannot be written, before the work that it is for.

    Parameters
    ----------
    name : str
        Of the argument.
    path : path-like
        Path of the file, which may exist.
    """
    target = os.path.realpath(checked_path(name, path))
    folder = os.path.dirname(target)
    if os.path.isdir(target):
        raise InputError(f"{name}: {os.fspath(path)} is a folder; give the path of a file.")
    if not os.path.isdir(folder):
        raise InputError(f"{name}: the folder {folder} does not exist; make it, or choose another one.")
    if not os.access(target if os.path.exists(target) else folder, os.W_OK):
        raise InputError(f"{name}: {os.fspath(path)} cannot be written; choose another path.")


def is_mount_point(path: str | os.PathLike[str]) -> bool:
    """Return whether a path is a mount point; False on systems other than Linux."""
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
    """Copy owner and permissions of the replaced file to the new one."""
    if hasattr(os, "chown"):
        with suppress(OSError):
            os.chown(new, before.st_uid, before.st_gid)
    os.chmod(new, S_IMODE(before.st_mode))
