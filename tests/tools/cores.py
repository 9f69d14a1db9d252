# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which ansible-core runs on which Python. A file `tests/requirements/core-X.Y.txt` adds a core."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from interpreters import Python
from places import REQUIREMENTS

OLDEST = "2.16"


@dataclass(frozen=True)
class Core:
    series: str
    version: str
    pins: Path
    first: tuple[int, int]
    last: tuple[int, int]

    @property
    def final(self) -> bool:
        return re.fullmatch(r"[\d.]+", self.version) is not None

    def pythons(self, found: list[Python]) -> list[Python]:
        """The interpreters that upstream supports on the controller for this core, oldest first."""
        return [python for python in found if self.first <= python.minor <= self.last]


def minor(text: str) -> tuple[int, int]:
    major, dot, rest = text.partition(".")
    return int(major), int(rest)


def read(path: Path) -> Core:
    text = path.read_text(encoding="utf-8")
    span = re.search(r"^# python: (\S+) (\S+)$", text, re.MULTILINE)
    version = re.search(r"^ansible-core==(\S+)$", text, re.MULTILINE)
    if not span or not version:
        raise ValueError(f"{path.name} names no ansible-core or no range of Pythons")
    return Core(path.stem.removeprefix("core-"), version[1], path, minor(span[1]), minor(span[2]))


def every() -> list[Core]:
    """Every supported ansible-core, oldest first."""
    return sorted((read(path) for path in REQUIREMENTS.glob("core-*.txt")), key=lambda core: minor(core.series))


@dataclass(frozen=True)
class Pair:
    """An ansible-core on a Python."""

    core: Core
    python: Python

    @property
    def supported(self) -> bool:
        """Whether upstream supports the pair; ansible-test refuses to start on any other."""
        return bool(self.core.pythons([self.python]))

    @property
    def slug(self) -> str:
        return f"core-{self.core.series}-py{self.python.short}"

    def __str__(self) -> str:
        return f"ansible-core {self.core.version} on {self.python}"


def newest(found: list[Python], lacking: Sequence[Python] = ()) -> Pair:
    """The newest final core that the interpreters allow, on the newest of them. Those that cannot make environments are told if there is none."""
    for core in reversed(every()):
        pythons = core.pythons(found)
        if core.final and pythons:
            return Pair(core, pythons[-1])
    told = "".join(f" {python.lack}." for python in lacking)
    raise SystemExit(f"No Python was found that a supported ansible-core runs on: Python 3.11 or newer, with venv, is needed.{told}")


def oldest(found: list[Python]) -> Pair:
    """The oldest core on the oldest interpreter that it supports, else on the oldest that is there at all."""
    core = next(core for core in every() if core.series == OLDEST)
    return Pair(core, (core.pythons(found) or found)[0])


def all_pairs(found: list[Python]) -> list[Pair]:
    """Every core on the newest interpreter that it supports, the oldest core as in `oldest`."""
    pairs = [oldest(found)]
    for core in every():
        pythons = core.pythons(found)
        if core.series != OLDEST and pythons:
            pairs.append(Pair(core, pythons[-1]))
    return pairs
