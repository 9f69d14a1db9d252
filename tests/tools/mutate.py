# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Mutation testing of the files that plan and write, by mutmut, on a copy of the tree: `mutate.py [FILE [MUTANTS]]`.

Without a file all of them. MUTANTS narrows it: words with `*` that names of functions must match, such as `x_join*`.
"""

from __future__ import annotations

import ast
import collections
import fcntl
import json
import sys
from pathlib import Path

import cores
import environment
import interpreters
import trees
import venvs
from log import Failed, Log
from places import BUILD, COLLECTION, LOGS, REQUIREMENTS, VENVS

MODULE_UTILS = "plugins/module_utils"
# Which test files exercise a file. All below tests/unit/plugins/module_utils: those of the modules take too long to be run for each mutant.
FILES = {
    "_plan/plan": ("_plan/test_plan.py", "_plan/test_approval.py"),
    "_plan/target": ("_apply/test_reconcile.py",),
    "_plan/guardrails": ("_plan/test_plan.py", "_plan/test_matching.py"),
    "_plan/moves": ("_plan/test_stages.py", "_plan/test_moves.py"),
    "_plan/stages": ("_plan/test_stages.py",),
    "_plan/matching": ("_plan/test_matching.py",),
    "_plan/comparison": ("_plan/test_matching.py",),
    "_apply/progress": ("_apply/test_progress.py", "_apply/test_reconcile.py"),
    "_apply/reconcile": ("_apply/test_reconcile.py",),
    "_apply/schedule": ("_apply/test_schedule.py",),
    "_apply/parallel": ("_tasks/rollout/test_write.py",),
    "_tasks/rollout/wave": ("_tasks/rollout/test_wave.py",),
    "_tasks/rollout/write": ("_tasks/rollout/test_write.py",),
    "_desired/rollout": ("_desired/test_rollout.py",),
    "_results/upgrade": ("_plan/test_matching.py",),
}
GOAL = 95
VENV = VENVS / "mutation"
MUTMUT = VENV / "bin" / "mutmut"
DEAD = ("killed", "timeout")


def without_decorators(source: str) -> str:
    """The same with `name = property(name)` in place of `@property`: mutmut leaves decorated functions alone."""
    lines = source.splitlines()
    found = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    for node in sorted(found, key=lambda node: -node.lineno):
        if [ast.unparse(decorator) for decorator in node.decorator_list] == ["property"] and node.end_lineno:
            lines.insert(node.end_lineno, f"{' ' * node.col_offset}{node.name} = property({node.name})")
            del lines[node.decorator_list[0].lineno - 1]
    return "\n".join(lines) + "\n"


def lay_out(log: Log, file: str) -> Path:
    """A copy in which the file stands as mutmut wants it. The folder above is where mutmut runs, so that its names are those of Python."""
    tree = trees.copy(log, "mutation")
    code = tree / MODULE_UTILS / f"{file}.py"
    code.write_text(without_decorators(code.read_text(encoding="utf-8")), encoding="utf-8")
    top = tree.parents[2]
    settings: dict[str, object] = {
        "source_paths": [str(COLLECTION / MODULE_UTILS)],
        "only_mutate": [str(COLLECTION / MODULE_UTILS / f"{file}.py")],
        "also_copy": [COLLECTION.parts[0]],
        "pytest_add_cli_args_test_selection": [str(COLLECTION / "tests/unit" / MODULE_UTILS / name) for name in FILES[file]],
        # Traces of failures take longer than the failures.
        "pytest_add_cli_args": ["-p", "no:cacheprovider", "--tb=no", "-c", str(COLLECTION / "pytest.ini")],
        # (its tests' time + constant) * multiplier; a mutant that goes round for ever is to cost half a minute.
        "timeout_constant": 4.0,
        "timeout_multiplier": 5.0,
        "use_git_change_detection": False,
    }
    told = "\n".join(f"{name} = {json.dumps(value)}" for name, value in settings.items())
    (top / "pyproject.toml").write_text(f"[tool.mutmut]\n{told}\n", encoding="utf-8")
    return top


def mutate(log: Log, file: str, narrow: list[str]) -> tuple[collections.Counter[str], list[str]]:
    """How many mutants ended how, and the differences of those that live."""
    top = lay_out(log, file)
    env = {**environment.clean([VENV / "bin"]), "HYPOTHESIS_PROFILE": "mutation"}
    module = ".".join([*COLLECTION.parts, *MODULE_UTILS.split("/"), file])
    said = log.run(["nice", "-n", "19", MUTMUT, "run", "--max-children", "2", *(f"{module}.{word}" for word in narrow)], top, env, check=False)
    if "nothing matches" in said:
        raise Failed(f"no function is called {' or '.join(narrow)}")
    if log.last_code:
        raise Failed(f"mutmut ended with exit code {log.last_code}")
    listing = log.run([MUTMUT, "results", "--all", "true"], top, env)
    rows = [line.strip().rpartition(": ") for line in listing.splitlines() if line.startswith("    ")]
    ends = {name: end for name, dummy, end in rows if end != "not checked"}
    if not ends:
        raise Failed(f"mutmut made no mutant of {file}")
    alive = [log.run([MUTMUT, "show", name], top, env).strip() for name, end in ends.items() if end not in DEAD]
    return collections.Counter(ends.values()), alive


def main(words: list[str]) -> int:
    if words and words[0] not in FILES:
        print(f"No such file: {words[0]}. There are {', '.join(FILES)}.", file=sys.stderr)
        return 2
    pair = cores.newest(*interpreters.find())
    environment.prepare(pair.python)
    bad = False
    with (BUILD / "mutation.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        venvs.make(Log(LOGS / "mutation" / "environment.log"), VENV, pair.python, [pair.core.pins, REQUIREMENTS / "unit.txt", REQUIREMENTS / "mutation.txt"])
        for file in words[:1] or FILES:
            log = Log(LOGS / "mutation" / f"{file}.log")
            try:
                ends, alive = mutate(log, file, words[1:])
            except Failed as error:
                print(f"{file}: {error}. The log is {log.path}", file=sys.stderr)
                bad = True
                continue
            share = 100 * (1 - len(alive) / ends.total())
            bad |= share < GOAL
            print(*alive, f"{file}: {ends.total()} mutants, {share:.1f} % dead: {dict(ends)}", sep="\n\n", flush=True)
    return int(bad)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
