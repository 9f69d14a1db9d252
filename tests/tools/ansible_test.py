# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""ansible-test, held to having tested something: it ends with exit code 0 when it skipped everything."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import environment
import targets
import trees
from cores import Pair
from interpreters import Python
from log import Failed, Log
from places import ROOT, VENVS

# What a machine may lack: PowerShell, of which the collection has none, and a Python, which the closing line of the suite names.
MAY_SKIP = re.compile(r'Required program "pwsh" not found|Skipping sanity test "\S+" on Python \S+ because it could not be found|tests disabled by default')
SKIPPED = re.compile(r"^WARNING: .*(?:[Ss]kipp|Required program|Excluding|No tests).*$", re.MULTILINE)
# Tests that find files to look at in every state of this collection.
ALWAYS = ("ansible-doc", "changelog", "compile", "import", "no-smart-quotes", "pep8", "pylint", "runtime-metadata", "validate-modules", "yamllint")


def command(pair: Pair, name: str) -> list[str | Path]:
    folder = VENVS / pair.slug / "bin"
    return [folder / "python", folder / "ansible-test", name, "--local", "--color", "no"]


def env(pair: Pair, found: Sequence[Python]) -> dict[str, str]:
    """PATH leads to the environment first, then to every interpreter that was found."""
    return environment.clean([VENVS / pair.slug / "bin", *(python.path.parent for python in reversed(found))])


def refuse_skips(output: str) -> None:
    skipped = [line for line in SKIPPED.findall(output) if not MAY_SKIP.search(line)]
    if skipped:
        raise Failed(f"something was skipped: {skipped[0]}", skipped)


def start(log: Log, pair: Pair, found: Sequence[Python], name: str, words: Sequence[str]) -> str:
    trees.put_get_pip(VENVS / pair.slug)
    tree = trees.copy(log, f"{name}-{pair.slug}")
    ignored = sorted(path.name for path in tree.glob("tests/sanity/ignore-*.txt"))
    if ignored:
        raise Failed(f"sanity runs without exceptions here, yet there is {', '.join(ignored)}")
    return log.run([*command(pair, name), *words], tree, env(pair, found), check=False)


def judge(log: Log, output: str, show: str = "") -> None:
    """Fail for an exit code or for something left out; `show` picks the lines that say why, else they are the last ones."""
    if log.last_code:
        lines = [line for line in output.splitlines() if re.match(show, line)] if show else []
        raise Failed(f"ansible-test ended with exit code {log.last_code}", lines)
    refuse_skips(output)


def idle_tests(output: str) -> set[str]:
    """Names of sanity tests that found nothing to look at on any Python."""
    started: dict[str, bool] = {}
    for name, rest in re.findall(r'^Running sanity test "([^"]+)"[^\n]*\n([^\n]*)', output, re.MULTILINE):
        started[name] = started.get(name, False) or not rest.startswith("No tests applicable")
    return {name for name in ALWAYS if not started.get(name)}


def sanity(log: Log, pair: Pair, found: Sequence[Python]) -> str:
    chosen = shlex.split(os.environ.get("ARGS", ""))
    # The requirements of pylint in a release candidate name an archive outside of the package index.
    skip = [] if pair.core.final else ["--skip-test", "pylint"]
    output = start(log, pair, found, "sanity", ["-v", *skip, *chosen])
    judge(log, output, show="ERROR|FATAL")
    idle = idle_tests(output) - ({"pylint"} if skip else set())
    if idle and not chosen:
        raise Failed(f"these tests looked at nothing: {', '.join(sorted(idle))}")
    tests = set(re.findall(r'^Running sanity test "([^"]+)"', output, re.MULTILINE))
    imported = set(re.findall(r'^Running sanity test "import" on Python (\S+)', output, re.MULTILINE))
    return f"{len(tests)} tests, imports on {', '.join(python.short for python in found if python.short in imported)}"


def integration(log: Log, pair: Pair, found: Sequence[Python]) -> str:
    """The integration targets under ansible-test where it knows the Python and can live with the folder, else under ansible-playbook."""
    wanted = targets.wanted()
    if not pair.supported or " " in str(ROOT):
        collections = trees.copy(log, f"collection-{pair.slug}").parents[2]
        said = targets.play(log, pair.slug, collections, [python.path.parent for python in found], f"play-{pair.slug}")
        return f"{said}, by ansible-playbook: ansible-test does not support {'a folder with a space' if pair.supported else pair.python}"
    output = start(log, pair, found, "integration", ["--continue-on-error", *(wanted if os.environ.get("ARGS") else [])])
    parts = re.split(r"^Running (\S+) integration test (?:role|script)", output, flags=re.MULTILINE)
    ran = dict(zip(parts[1::2], parts[2::2], strict=True))
    broken = {name: text for name, text in ran.items() if re.search(r"^ERROR: Command", text, re.MULTILINE)}
    if broken:
        raise targets.failure(broken)
    judge(log, output)
    missing = [name for name in wanted if name not in ran]
    if missing:
        raise Failed(f"these targets did not run: {', '.join(missing)}")
    for name in wanted:
        targets.did_something(ran[name], name)
    return f"{len(ran)} targets"
