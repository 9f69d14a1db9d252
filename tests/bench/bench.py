# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench`: what the modules cost beside a bare script that sends the same requests, measured in turn, as medians of ratios.

    bench.py [--rounds N] [--write docs/benchmark.md] [names of parts]
"""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import ansible.release
import imports
import where
from cases import ManyUpgrades, OneUpgrade
from stage import ROOT, Stage, Took, median, paired

BEGIN, END = "<!-- begin figures -->", "<!-- end figures -->"


class Row(NamedTuple):
    """One figure: what was measured, what came out, what was wanted (empty where nothing was)."""

    what: str
    figure: str
    goal: str = ""
    met: bool | None = None


def above(took: Took, floor: Took) -> float:
    """Seconds above those of a playbook with an empty module."""
    return max(took.seconds - floor.seconds, 0.001)


def ratio(what: str, values: list[float], goal: float, most: bool = True) -> Row:
    figure = median(values)
    return Row(what, f"{figure:.2f} times", f"{'at most' if most else 'at least'} {goal:g}", figure <= goal if most else figure >= goal)


def seconds(what: str, values: list[float]) -> Row:
    return Row(what, f"{median(values):.2f} s")


def megabytes(what: str, values: list[float], goal: float | None = None) -> Row:
    return Row(what, f"{max(values):.0f} MB", f"below {goal:g}" if goal else "", max(values) < goal if goal else None)


def devices(stage: Stage, rounds: int) -> list[Row]:
    """`upgrade_devices`: time, growth, memory."""
    rows: list[Row] = []
    took: dict[int, list[float]] = {}
    for count in (1_000, 10_000, 100_000):
        one = OneUpgrade(stage, count)
        jobs: list[Callable[[], Took]] = [one.empty, one.module, one.no_change, one.script, *([one.uri] if count == 10_000 else [])]
        runs = paired(rounds, *jobs)
        took[count] = [above(module, floor) for floor, module, *dummy in runs]
        name = f"`upgrade_devices`, {count:,} devices, a twentieth exchanged"
        rows.append(seconds(f"{name}: above an empty module", took[count]))
        rows.append(seconds(f"{name}: bare script", [run[3].seconds for run in runs]))
        ratios = [above(run[1], run[0]) / run[3].seconds for run in runs]
        rows.append(ratio(f"{name}: to the script", ratios, 1.5) if count == 10_000 else Row(f"{name}: to the script", f"{median(ratios):.2f} times"))
        cpu = [(run[1].cpu - run[0].cpu) / run[3].cpu for run in runs]
        rows.append(Row(f"{name}: to the script, in processor time", f"{median(cpu):.2f} times"))
        rows.append(seconds(f"{name}: a second time, nothing to do", [above(run[2], run[0]) for run in runs]))
        rows.append(megabytes(f"{name}: largest process", [run[1].megabytes for run in runs], 150 if count == 100_000 else None))
        if count == 10_000:
            uri = [above(run[4], run[0]) / above(run[1], run[0]) for run in runs]
            rows.append(ratio("playbook of `uri` and `difference`, 10,000 devices: to the module, above an empty module", uri, 5, most=False))
            whole = [run[4].seconds / run[1].seconds for run in runs]
            rows.append(Row("the same, whole playbooks", f"{median(whole):.2f} times"))
    growth = [large / small for small, large in zip(took[10_000], took[100_000], strict=True)]
    rows.append(ratio("from 10,000 to 100,000 devices", growth, 12))
    return rows


def rollout(stage: Stage, rounds: int) -> list[Row]:
    """`rollout`: time and memory."""
    one, single, many = OneUpgrade(stage, 1_000), ManyUpgrades(stage, 1, 1_000), ManyUpgrades(stage, 100, 1_000)
    runs = paired(rounds, one.empty, many.rollout, many.no_change, many.script, single.rollout, single.script)
    # A hundred tasks take minutes: one of them.
    floor, loop, once = one.empty(), many.loop(), many.rollout()
    further = [(run[1].seconds - run[4].seconds) / (run[3].seconds - run[5].seconds) for run in runs]
    name = "`rollout`, 100 upgrades of 1,000 devices, a twentieth exchanged"
    return [
        seconds(f"{name}: above an empty module", [above(run[1], run[0]) for run in runs]),
        seconds(f"{name}: bare script with four threads", [run[3].seconds for run in runs]),
        ratio(f"{name}: to the script", [above(run[1], run[0]) / run[3].seconds for run in runs], 1.3),
        Row(f"{name}: to the script, in processor time", f"{median([(run[1].cpu - run[0].cpu) / run[3].cpu for run in runs]):.2f} times"),
        seconds("the same with one upgrade, which is mostly start: above an empty module", [above(run[4], run[0]) for run in runs]),
        seconds("the same with one upgrade: bare script", [run[5].seconds for run in runs]),
        Row("each further upgrade: to the script", f"{median(further):.2f} times"),
        seconds(f"{name}: a second time, nothing to do", [above(run[2], run[0]) for run in runs]),
        megabytes(f"{name}: largest process", [run[1].megabytes for run in runs]),
        ratio("a loop of `upgrade_devices` over the same: to `rollout`, above an empty module", [above(loop, floor) / above(once, floor)], 20, most=False),
    ]


def start(stage: Stage, rounds: int) -> list[Row]:
    """What is imported before a module begins."""
    found = imports.by_package("upgrade_devices", rounds, stage.env)
    return [Row(f"import of `upgrade_devices`: {name}", f"{milliseconds:.0f} ms") for name, milliseconds in found]


def places(stage: Stage, rounds: int) -> list[Row]:
    """Where the time of `rollout` goes."""
    found = where.by_place("rollout", ManyUpgrades(stage, 100, 1_000).alone, rounds)
    return [Row(f"`rollout`, 100 upgrades of 1,000 devices, processor time of its module: {place}", f"{taken:.2f} s") for place, taken in found]


PARTS = {"devices": devices, "rollout": rollout, "start": start, "places": places}


def table(rows: list[Row]) -> str:
    lines = ["| what | median | goal | |", "|---|---|---|---|"]
    words = {None: "", True: "met", False: "**missed**"}
    return "\n".join([*lines, *(f"| {row.what} | {row.figure} | {row.goal} | {words[row.met]} |" for row in rows)])


def machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    version = platform.python_version()
    return f"{datetime.date.today()}, {os.cpu_count()} cores, {memory:.0f} GB, Python {version}, ansible-core {ansible.release.__version__}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="paired runs of each part (%(default)s)")
    parser.add_argument("--write", type=Path, help="file whose table is replaced by this one")
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="all, unless named")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be 1 or more")
    if options.write and options.parts:
        parser.error("--write keeps the whole table: name no parts")
    if options.write and not _has_marks(ROOT / options.write):
        parser.error(f"{options.write} is no file with the lines {BEGIN} and {END}")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as folder:
        stage = Stage(Path(folder))
        try:
            for name in options.parts or PARTS:
                found = PARTS[name](stage, options.rounds)
                print(table(found), flush=True)
                rows += found
        finally:
            stage.close()
    told = f"Measured on {machine()}; medians of {options.rounds} rounds."
    print(told)
    if options.write:
        replace(ROOT / options.write, f"{told}\n\n{table(rows)}")
    return 0


def _has_marks(path: Path) -> bool:
    page = path.read_text(encoding="utf-8") if path.is_file() else ""
    return page.count(BEGIN) == page.count(END) == 1 and page.index(BEGIN) < page.index(END)


def replace(path: Path, text: str) -> None:
    """Put the figures between the two marks of a page."""
    head, rest = path.read_text(encoding="utf-8").split(BEGIN)
    path.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
