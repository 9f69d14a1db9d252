# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The lease of a module: leave to make requests, which its task can take back, and of which others can see whether it is still in use.

It is a file in the folder of the run. The module, see ``_stop``, holds a lock on it as long as it runs, and looks before each request whether
the file is still where it was. To take it back is to rename it. Whoever then gets the lock knows that the module has ended, or that it has
not begun and will find no lease. A module that runs on another machine, or as another user, gets no lease that it could lock: of it nobody
can know that, once its task was cut off.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import uuid

from ...module_utils._errors import StateError

_USED, _OVER = ".lease", ".over"


class Lease:
    """A lease that a task gives.

    Args:
        folder: of the run.
        name: what it is about; see :func:`wait_for_the_last`.
        elsewhere: where the module runs if it cannot lock the file, for a sentence.
    """

    def __init__(self, folder: pathlib.Path, name: str, elsewhere: str | None = None) -> None:
        self.path = folder / f"thingspace_fota_{name}_{uuid.uuid4().hex}{_USED}"
        self.elsewhere = elsewhere
        with open(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
            file.write(elsewhere or "")

    def take_back(self) -> None:
        """Let no further request begin."""
        with contextlib.suppress(FileNotFoundError):
            self.path.rename(self.path.with_suffix(_OVER))

    def end(self) -> None:
        """The module has ended."""
        for suffix in (_USED, _OVER):
            self.path.with_suffix(suffix).unlink(missing_ok=True)


def wait_for_the_last(folder: pathlib.Path, name: str) -> None:
    """Wait for the end of modules whose tasks were cut off. Raises StateError where nobody can know of it.

    Call it where only one task at a time gives leases of this name.
    """
    for path in sorted(folder.glob(f"thingspace_fota_{name}_*")):
        if path.suffix not in (_USED, _OVER):
            continue
        over = path.rename(path.with_suffix(_OVER))
        elsewhere = over.read_text(encoding="utf-8")
        if elsewhere:
            raise StateError(
                f"An earlier task of this run was cut off while its module ran on {elsewhere}, where it may still make requests. Nothing was sent, since "
                "that could schedule an upgrade twice. Look at the upgrades, and run the playbook again."
            )
        with open(over, "rb+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            over.unlink()
