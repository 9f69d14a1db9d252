# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One at a time among the hosts, forks and plays of an ansible-playbook run."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import typing as t


@contextlib.contextmanager
def alone(folder: pathlib.Path, name: str) -> t.Iterator[None]:
    """Wait until nobody holds the lock of this name, and hold it. The system releases it if this process is killed.

    Args:
        folder: a folder of this run alone, which others cannot read.
    """
    lock = os.open(folder / f"thingspace_fota_{name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)
