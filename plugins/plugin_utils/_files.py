# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a private file is written and read: whole or not at all, for its owner alone, never through a link.

What an OSError of this file says (``strerror``) completes a sentence.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import pathlib
import stat
import tempfile

_NO_FILE = "it is no file but a folder, a pipe, a socket or a device"


def replace(path: pathlib.Path, content: bytes) -> None:
    """Replace a file, with the mode 0600, so that it is whole whenever the process or the machine stops. Raises OSError.

    A link is replaced, not its target: a link that somebody committed, or left in /tmp, would else choose which file is overwritten.
    Links on the way to the folder are followed, except for those that :func:`folder_of` refuses. The folder has to be there.
    """
    folder = folder_of(path)
    target = folder / path.name
    if not path.name or target.is_dir() and not target.is_symlink():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    # Exclusive and with a name that nobody can guess, so that what others have put there is not written through.
    handle, unfinished = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=folder)
    try:
        with open(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        pathlib.Path(unfinished).replace(target)
    except BaseException:
        pathlib.Path(unfinished).unlink(missing_ok=True)
        raise
    # The file is there. Not every file system can also promise that its name survives the end of the machine.
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read(path: pathlib.Path, most: int) -> bytes:
    """Read a file that only we can have written. Raises OSError: FileNotFoundError if there is none, and for what is no such file.

    Nothing of a pipe, a device, or an endless file is waited for or read.

    Args:
        most: bytes that it may have.
    """
    with open(_open(path, os.O_RDONLY), "rb") as file:
        found = os.fstat(file.fileno())
        if found.st_uid not in (os.geteuid(), 0):
            raise PermissionError(errno.EACCES, "it belongs to another user", str(path))
        if found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            raise PermissionError(errno.EACCES, "others may write it, too. If nobody did, take that away (chmod 600)", str(path))
        content = file.read(most + 1) if found.st_size <= most else None
        if content is None or len(content) > most:
            raise OSError(errno.EFBIG, f"it is larger than {most // 1_000_000} MB", str(path))
        return content


def claim(path: pathlib.Path) -> int:
    """Hold the lock of a file until the descriptor is closed, or the process ends. Raises OSError, BlockingIOError if somebody else holds it."""
    lock = _open(path, os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(lock)
        raise
    return lock


def _open(path: pathlib.Path, flags: int) -> int:
    """A descriptor of a regular file. Opening a pipe would else wait for its other end."""
    try:
        descriptor = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY, 0o600)
    except OSError as error:
        odd = {errno.ELOOP: "it is a link. Give the file itself", errno.EISDIR: _NO_FILE, errno.ENXIO: _NO_FILE}
        if error.errno in odd:
            raise OSError(error.errno, odd[error.errno], str(path)) from None
        raise
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, _NO_FILE, str(path))
    return descriptor


def folder_of(path: pathlib.Path) -> pathlib.Path:
    """The folder that holds a path, links resolved. Raises OSError.

    A link in a folder like /tmp has to belong to us or to the owner of that folder. The kernel demands it of the last part of a path only
    (fs.protected_symlinks), and so another user of the machine could lead us into a folder of ours.
    """
    whole = path.absolute()
    for link in reversed(whole.parents):
        around = link.parent.stat() if link.is_symlink() else None
        if around and stat.S_ISVTX & around.st_mode and stat.S_IWOTH & around.st_mode and link.lstat().st_uid not in (os.geteuid(), around.st_uid):
            raise PermissionError(errno.EACCES, "a link of another user leads there", str(link))
    # Not of pathlib: that raises RuntimeError for links in a circle.
    return pathlib.Path(os.path.realpath(whole.parent))
