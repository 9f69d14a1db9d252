# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A text that all processes of an ansible-playbook run share, and that is on no disk: whatever ends the run, nothing is left of it.

The main process of ansible-core forks a worker for each task. Memory that it has mapped as shared before it forks is theirs too. It loads the
class of an action plugin, and with it this module, before it forks the first worker that runs one: all strategies of ansible-core look at
``BYPASS_HOST_LOOP`` of the class.
"""

from __future__ import annotations

import mmap
import multiprocessing

# Reserved, and used only as far as it is written.
_MOST = 1 << 20
_LENGTH = 4
_SLOT = _LENGTH + _MOST


class RunMemory:
    """A text in shared memory. Who writes it, and who reads it, must be alone."""

    def __init__(self) -> None:
        # One byte that says which of two slots counts: a writer that is killed half way has touched the other one.
        self._map = mmap.mmap(-1, 1 + 2 * _SLOT)

    def read(self) -> str:
        """What was written last, "" at first."""
        start = 1 + self._map[0] * _SLOT
        length = int.from_bytes(self._map[start : start + _LENGTH], "big")
        return self._map[start + _LENGTH : start + _LENGTH + length].decode()

    def write(self, text: str) -> None:
        """Replace it, whole or not at all. Raises ValueError if it is too long."""
        content = text.encode()
        if len(content) > _MOST:
            raise ValueError(f"an ansible-playbook run can remember {_MOST} bytes, and this would be {len(content)}")
        other = 1 - self._map[0]
        start = 1 + other * _SLOT
        self._map[start : start + _LENGTH + len(content)] = len(content).to_bytes(_LENGTH, "big") + content
        self._map[0] = other


def shared() -> RunMemory | None:
    """New memory of this run. None in a process that ansible-core has forked: it would share it with nobody."""
    return RunMemory() if multiprocessing.parent_process() is None else None
