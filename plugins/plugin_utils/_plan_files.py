# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How a report reaches its file: whole or not at all."""

from __future__ import annotations

import contextlib
import os
import pathlib


def remove(path: pathlib.Path) -> None:
    """Remove the report of an earlier run. Devices and pipes stay. Raises OSError."""
    if path.is_file() or path.is_symlink() and not path.exists():
        path.resolve().unlink(missing_ok=True)


def write(path: pathlib.Path, text: str) -> None:
    """Replace a file, and let nobody but its owner read it: it lists devices. Raises OSError."""
    content = text.encode("utf-8", "backslashreplace")
    target = path.resolve()
    if target.exists() and not target.is_file():
        # A terminal or a pipe; of a folder the system says what is wrong.
        target.write_bytes(content)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.new")
    try:
        unfinished.unlink(missing_ok=True)
        with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        unfinished.replace(target)
    finally:
        with contextlib.suppress(FileNotFoundError):
            unfinished.unlink()
