# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Checks that read the code and run none of it, and the unit tests."""

from __future__ import annotations

import json
import os
import random
import re
import shlex
import shutil
from pathlib import Path

import environment
import trees
from log import Failed, Log
from places import BUILD, COLLECTION, ROOT, VENVS


def env(venv: str, **more: str) -> dict[str, str]:
    return {**environment.clean([VENVS / venv / "bin"]), **more}


def tool(venv: str, name: str) -> Path:
    return VENVS / venv / "bin" / name


def last(output: str) -> str:
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    return lines[-1] if lines else ""


def ruff(log: Log, venv: str) -> str:
    return last(log.run([tool(venv, "ruff"), "check", "--no-fix", "."], ROOT, env(venv)))


def yamllint(log: Log, venv: str) -> str:
    log.run([tool(venv, "yamllint"), "--strict", "."], ROOT, env(venv))
    return ""


def package(root: str, folder: str) -> list[str]:
    return ["-p", f"{root}.{folder}"] if list((ROOT / folder).rglob("*.py")) else []


def mypy(log: Log, venv: str) -> str:
    """The collection under its full name, where its imports resolve; unit tests at once; other tests, tools and the sample's scripts by folder."""
    collection = ".".join(COLLECTION.parts)
    helpers = sorted({path.parent.parent if (path.parent / "__init__.py").is_file() else path.parent for path in ROOT.glob("roles/*/files/**/*.py")})
    roots = [path for path in helpers if not any(other in path.parents for other in helpers)]
    modules = sorted({path.stem for root in roots for path in root.iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()})
    check: list[str | Path] = [tool(venv, "mypy"), "--config-file", ROOT / "mypy.ini"]
    base = [trees.link(), *roots]
    wanted: list[str | Path] = [*package(collection, "plugins"), *package(collection, "extensions"), *(word for name in modules for word in ("-p", name))]
    unit_tests = ROOT / "tests" / "unit"
    tools = ROOT / "tests" / "tools"
    folders = sorted({path.parent for path in (ROOT / "tests").rglob("*.py") if unit_tests not in path.parents})
    jobs: list[tuple[list[str | Path], list[Path]]] = [(wanted, base), (sorted(unit_tests.rglob("*.py")), [unit_tests, tools, *base])]
    jobs += [([*sorted(folder.glob("*.py"))], [folder, unit_tests, tools, *base]) for folder in folders]
    sample = ROOT / "docs" / "sample" / "ci"
    jobs += [([*sorted(sample.glob("*.py"))], [sample])]
    count, codes = 0, set()
    for words, path in jobs:
        count += files(log.run([*check, *words], ROOT, env(venv, MYPYPATH=os.pathsep.join(map(str, path))), check=False))
        codes.add(log.last_code)
    if codes != {0}:
        raise Failed("mypy objects", [line for line in log.path.read_text(encoding="utf-8").splitlines() if not line.startswith(("$ ", "(exit", "Success"))])
    return f"{count} files"


def files(output: str) -> int:
    match = re.search(r"no issues found in (\d+) source file", output)
    return int(match[1]) if match else 0


def unit(log: Log, venv: str, select: str = "", without: tuple[str, ...] = (), workers: int = 2) -> str:
    """The unit tests, without some folders. A skipped test is a failure: it would be one that should run and does not."""
    left_out = [f"--ignore=tests/unit/{folder}" for folder in without]
    chosen = shlex.split(os.environ.get("ARGS", "")) or ["-n", str(workers), "-m", select, *left_out]
    output = log.run([tool(venv, "python"), "-m", "pytest", "-q", "-ra", *chosen], ROOT, env(venv, HYPOTHESIS_PROFILE="ci"))
    said = last(output)
    if re.search(r"\b[1-9]\d* skipped", said):
        raise Failed(f"tests were skipped: {said}", [line for line in output.splitlines() if line.startswith("SKIPPED")])
    if not re.search(r"\b[1-9]\d* passed", said):
        raise Failed(f"no test ran: {said}")
    return said


def page(log: Log, venv: str) -> str:
    """The page of the role report, where there is a browser to look at it."""
    return last(log.run([tool(venv, "python"), ROOT / "tests" / "tools" / "page_in_browser.py"], ROOT, env(venv)))


def chaos(log: Log, venv: str) -> str:
    """Schedules of runs under faults, other ones each time: as many as CHAOS says, those of CHAOS_SEED if there is one, or the one in CHAOS_SCHEDULE."""
    chosen = os.environ.get("CHAOS_SEED") or str(random.SystemRandom().randrange(10**6))
    one, count = os.environ.get("CHAOS_SCHEDULE", ""), os.environ.get("CHAOS") or "1000"
    if not re.fullmatch(r"[1-9][0-9]{0,6}", count):
        raise Failed(f"CHAOS={count} is no number of schedules")
    if one and not Path(one).is_file():
        raise Failed(f"SCHEDULE={one} is no file")
    told = f"the schedule in {one}" if one else f"SEED={chosen}"
    print(f"        {told}", flush=True)
    results = BUILD / "chaos"
    if not one:
        shutil.rmtree(results, ignore_errors=True)
    words = ["-q", "-n", "0" if one else "2", "tests/unit/chaos/test_chaos.py" if one else "tests/unit/chaos"]
    log.run([tool(venv, "python"), "-m", "pytest", *words], ROOT, env(venv, HYPOTHESIS_PROFILE="ci", CHAOS=count, CHAOS_SEED=chosen))
    figures = [json.loads(path.read_text(encoding="utf-8")) for path in sorted(results.glob("figures-*.json"))]
    sums = {name: sum(part[name] for part in figures) for name in ("schedules", "runs", "requests", "faults")} if not one else {}
    return ", ".join([told, *(f"{number} {name}" for name, number in sums.items())])


def ansible_lint(log: Log, venv: str) -> str:
    tree = trees.copy(log, "ansible-lint")
    root = tree.parents[2]
    output = log.run([tool(venv, "ansible-lint"), "--offline", "--profile", "production", "--strict"], tree, env(venv, ANSIBLE_COLLECTIONS_PATH=str(root)))
    match = re.search(r"^Passed: .* in ([1-9]\d*) files processed", output, re.MULTILINE)
    if not match:
        raise Failed("ansible-lint does not say that it passed anything")
    return f"{match[1]} files"


def docs(log: Log, venv: str) -> str:
    tree = trees.copy(log, "antsibull-docs")
    command: list[str | Path] = [tool(venv, "antsibull-docs"), "lint-collection-docs", ".", "--plugin-docs", "--validate-collection-refs", "self"]
    log.run(command, tree, env(venv, ANSIBLE_COLLECTIONS_PATH=str(tree.parents[2])))
    return ""


def changelog(log: Log, venv: str) -> str:
    tree = trees.copy(log, "antsibull-changelog")
    for what in (["lint"], ["lint-changelog-yaml", "--strict", "changelogs/changelog.yaml"]):
        log.run([tool(venv, "antsibull-changelog"), *what], tree, env(venv, ANSIBLE_COLLECTIONS_PATH=str(tree.parents[2])))
    return ""
