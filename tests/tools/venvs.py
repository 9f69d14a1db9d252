# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Virtual environments below `.build`, made anew when their pins change."""

from __future__ import annotations

import fcntl
import hashlib
import re
import shutil
from pathlib import Path

import environment
from interpreters import Python
from log import Failed, Log
from places import REQUIREMENTS, ROOT

CONSTRAINTS = REQUIREMENTS / "constraints.txt"
MARK = "complete"


def files(pins: list[Path]) -> list[Path]:
    return [*pins, CONSTRAINTS]


def digest(python: Python, pins: list[Path]) -> str:
    """Changes with the pins, with the interpreter and with the folder, which stands in every script of an environment."""
    parts = [str(python), str(python.path), str(ROOT), *(path.read_text(encoding="utf-8") for path in files(pins))]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]


def canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def pinned(pins: list[Path]) -> set[str]:
    """Packages that the files give one exact version."""
    return {canonical(match[1]) for path in files(pins) for match in re.finditer(r"^([\w.-]+)==", path.read_text(encoding="utf-8"), re.MULTILINE)}


def install(log: Log, folder: Path, python: Python, pins: list[Path]) -> None:
    env = environment.for_pip()
    log.run([python.path, "-m", "venv", "--clear", folder], ROOT, env)
    pip: list[str | Path] = [folder / "bin" / "python", "-m", "pip"]
    wanted: list[str | Path] = [word for path in pins for word in ("--requirement", path)]
    log.run([*pip, "install", "--quiet", "--constraint", CONSTRAINTS, *wanted], ROOT, env)
    log.run([*pip, "check"], ROOT, env)
    frozen = {canonical(line.split("==")[0]) for line in log.run([*pip, "list", "--format", "freeze"], ROOT, env).splitlines() if "==" in line}
    loose = frozen - pinned(pins) - {"pip"} - (set() if python.minor >= (3, 12) else {"setuptools"})
    if loose:
        raise Failed(f"{CONSTRAINTS.name} does not pin {', '.join(sorted(loose))}")


def make(log: Log, folder: Path, python: Python, pins: list[Path]) -> str:
    """Make the environment unless it is there; says what was done."""
    mark = folder / MARK
    wanted = digest(python, pins)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if mark.is_file() and mark.read_text(encoding="utf-8") == wanted:
            return f"{python}, kept"
        shutil.rmtree(folder, ignore_errors=True)
        install(log, folder, python, pins)
        mark.write_text(wanted, encoding="utf-8")
    return f"{python}, new"
