# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The device files of one task: each is read once, however many upgrades name it, and all of them together have a limit."""

from __future__ import annotations

import os
import typing as t

from .._errors import InputError
from . import device_file
from .imei import DesiredDevices

# 2,000,000 devices, which are the most that a task may declare, as CSV files with 250 characters a line.
LARGEST_TOGETHER = 500_000_000
Read = t.TypeVar("Read")


class TaskFiles(t.Generic[Read]):
    """What was read of each file, by all that decides what it means."""

    def __init__(self) -> None:
        self._read: dict[tuple[object, ...], Read] = {}
        self._size = 0

    def once(self, path: str, how: tuple[object, ...], read: t.Callable[[], Read]) -> Read:
        """What is read of a file, by whichever links it is named.

        Args:
            path: its ending says what it is.
            how: what else decides what is read of it.
            read: reads it.
        """
        key = (os.path.realpath(path), device_file.kind_of(path), *how)
        if key not in self._read:
            self._read[key] = read()
        return self._read[key]

    def count(self, path: str, content: bytes) -> None:
        """Raise InputError if the files that were read are too large together with this one."""
        self._size += len(content)
        if self._size > LARGEST_TOGETHER:
            raise InputError(
                f"{path} and the device files before it are larger than {LARGEST_TOGETHER // 1_000_000} MB together, the most that a task reads. "
                "Leave out columns that nobody needs here, or give some of the upgrades to another run."
            )


class Declarations:
    """The declarations of the device files of a task."""

    def __init__(self) -> None:
        self._files: TaskFiles[DesiredDevices] = TaskFiles()

    def load(self, path: str, *, column: str | None = None, check_luhn: bool) -> DesiredDevices:
        """Read, check and merge a device file; its ending says what it is: ``.csv``, ``.json``, anything else is text with one device a line.

        Args:
            column: header of the CSV column that holds the devices.

        Raises InputError that names file and line.
        """

        def read() -> DesiredDevices:
            content = device_file.content_of(path, f"devices_file {path}")
            self._files.count(path, content)
            return device_file.parse(content, path, column=column, check_luhn=check_luhn)

        return self._files.once(path, (column, check_luhn), read)
