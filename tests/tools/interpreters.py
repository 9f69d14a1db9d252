# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which Pythons this machine has: those on PATH that answer, and those that pyenv keeps."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

WANTED = tuple((3, minor) for minor in range(10, 16))
# The base interpreter, so that neither a version manager's shim nor a virtual environment stands in between.
ASK = """
import sys
try:
    import ensurepip, venv
except ImportError:
    venv = None
print("%d.%d.%d" % sys.version_info[:3], "ok" if venv else "lacks-venv", getattr(sys, "_base_executable", None) or sys.executable)
"""


@dataclass(frozen=True, order=True)
class Python:
    release: tuple[int, int, int]
    path: Path
    has_venv: bool = True

    @property
    def minor(self) -> tuple[int, int]:
        return self.release[:2]

    @property
    def short(self) -> str:
        return "{}.{}".format(*self.minor)

    @property
    def lack(self) -> str:
        """Why it is of no use, for people."""
        return f"{self} ({self.path}) lacks venv: install python{self.short}-venv, or what your system calls it"

    def __str__(self) -> str:
        return "Python {}.{}.{}".format(*self.release)


def ask(path: Path) -> Python | None:
    """The interpreter behind a path; None if it does not answer, as the shim of a version that is not active."""
    try:
        answer = subprocess.run([path, "-c", ASK], capture_output=True, text=True, timeout=30, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    match = re.match(r"(\d+)\.(\d+)\.(\d+) (\S+) (.+)", answer)
    if not match:
        return None
    return Python((int(match[1]), int(match[2]), int(match[3])), Path(match[5]), match[4] == "ok")


def newest_first(folder: Path) -> list[int]:
    return [-int(number) for number in re.findall(r"\d+", folder.name)]


def candidates() -> list[Path]:
    """Paths to try, in the order of preference: PATH, then what pyenv keeps."""
    folders = [Path(folder) for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder]
    versions = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    folders += [path / "bin" for path in sorted(versions.glob("*"), key=newest_first)]
    folders = [folder for folder in folders if not (folder.name == "shims" and (folder.parent / "versions").is_dir())]
    names = ["python3", *("python{}.{}".format(*version) for version in WANTED)]
    return [folder / name for folder in folders for name in names if (folder / name).is_file()]


def find() -> tuple[list[Python], list[Python]]:
    """One interpreter of each wanted version, oldest first; and those that cannot make environments."""
    found: dict[tuple[int, int], Python] = {}
    lacking: dict[tuple[int, int], Python] = {}
    for path in candidates():
        python = ask(path)
        if python and python.minor in WANTED:
            (found if python.has_venv else lacking).setdefault(python.minor, python)
    return sorted(found.values()), sorted(python for minor, python in lacking.items() if minor not in found)
