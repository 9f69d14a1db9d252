# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a report reaches its file: whole or not at all."""

from __future__ import annotations

import errno
import os
import pathlib
import stat

from .. import _files

# What the system itself keeps there stays as it is: /dev/stdout is a link, and to a file where the output is redirected.
_OF_THE_SYSTEM = (pathlib.Path("/dev"), pathlib.Path("/proc"))


def remove(path: pathlib.Path) -> None:
    """Remove the report of an earlier run, of a link the link. Devices, pipes and folders stay. Raises OSError."""
    try:
        place = _files.folder_of(path) / path.name
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return
    if (stat.S_ISREG(mode) or stat.S_ISLNK(mode)) and not _is_of_the_system(place):
        place.unlink(missing_ok=True)


def write(path: pathlib.Path, text: str) -> None:
    """Replace a file, and let nobody but its owner read it: it lists devices. A link is replaced, not its target. Raises OSError."""
    content = text.encode("utf-8", "backslashreplace")
    _files.folder_of(path).mkdir(parents=True, exist_ok=True)
    place = _files.folder_of(path) / path.name
    if _is_of_the_system(place):
        _append(place, content, 0)
    elif _is_device(place):
        _append(place, content, os.O_NOFOLLOW)
    else:
        _files.replace(place, content)


def write_file(path: pathlib.Path, text: str) -> pathlib.Path:
    """The same, but for a file alone: nothing is written to a pipe, and no device is replaced. Where it is now, without links. Raises OSError."""
    place = _files.folder_of(path) / path.name
    if _is_of_the_system(place) or _is_device(place):
        raise OSError(errno.EINVAL, "it is neither a file nor a place for a new one", str(path))
    write(place, text)
    return place


def _is_of_the_system(place: pathlib.Path) -> bool:
    # /dev/shm is for everybody's files.
    return any(folder in place.parents for folder in _OF_THE_SYSTEM) and pathlib.Path("/dev/shm") not in place.parents


def _is_device(place: pathlib.Path) -> bool:
    """Whether it is a terminal, a pipe or the like. A link to one is a link."""
    try:
        mode = place.lstat().st_mode
    except FileNotFoundError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISLNK(mode) or stat.S_ISDIR(mode))


def _append(place: pathlib.Path, content: bytes, flags: int) -> None:
    with open(os.open(place, os.O_WRONLY | os.O_APPEND | flags), "wb") as file:
        file.write(content)
