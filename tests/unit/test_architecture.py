# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the code to docs/architecture.md: who imports whom, what is pure, and what stands in one place only."""

from __future__ import annotations

import ast
import fnmatch
import graphlib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.checkout import ROOT

OURS = "ansible_collections.thingspace.fota."
UTILS = "plugins/module_utils/"
GROUND = ("_errors", "_text", "_clock", "_stop")
# Their files do not import each other.
ALONE = ("", "modules", "action", "callback", "filter", "inventory", "lookup")
HEADER = "\n".join(Path(__file__).read_text(encoding="utf-8").splitlines()[:3]) + "\n"
# What pure code has no use for: files, clock, chance, network, processes, the terminal.
IMPURE = {"ansible", "requests", "urllib3", "yaml", "asyncio", "concurrent", "ctypes", "fcntl", "getpass", "glob", "http", "importlib", "logging", "mmap"}
IMPURE |= {"multiprocessing", "os", "pathlib", "random", "secrets", "select", "shutil", "signal", "socket", "ssl", "subprocess", "sys", "tempfile"}
IMPURE |= {"threading", "time", "urllib.request", "uuid", "warnings"}
IMPURE_CALLS = {"input", "open", "print", "now", "today", "utcnow", "read_text", "write_text", "read_bytes", "write_bytes"}


class Tree:
    """The Python files below some folders of a checkout, by path, and what each of them imports."""

    def __init__(self, root: Path, *folders: str) -> None:
        self.root = root
        paths = sorted(path for folder in folders for path in (root / folder).rglob("*.py"))
        self.files = {path.relative_to(root).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in paths}
        self.page = (root / "docs" / "architecture.md").read_text(encoding="utf-8")

    def imports(self, name: str) -> Iterator[tuple[ast.stmt, str]]:
        """Every imported module by its dotted name, or by its path without suffix if it is ours."""
        for node in ast.walk(self.files[name]):
            if isinstance(node, ast.Import):
                yield from ((node, self._package(self._path(alias.name))) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._path(node.module or "")
                if node.level:
                    base = "/".join([*name.split("/")[: -node.level], *filter(None, (node.module or "").split("."))])
                for alias in node.names:
                    yield node, f"{base}/{alias.name}" if f"{base}/{alias.name}.py" in self.files else self._package(base)

    def _path(self, dotted: str) -> str:
        if dotted.startswith(OURS):
            return dotted.removeprefix(OURS).replace(".", "/")
        inside = f"roles/simulator/files/{dotted.replace('.', '/')}"
        return inside if f"{inside}.py" in self.files or f"{inside}/__init__.py" in self.files else dotted

    def _package(self, path: str) -> str:
        return f"{path}/__init__" if f"{path}/__init__.py" in self.files else path

    def rules(self) -> dict[str, tuple[str, ...]]:
        """Of each folder what it may import besides the ground and itself."""
        section = self.page.partition("## Who may import whom")[2].partition("\n## ")[0]
        rows = re.findall(r"^\| (`[^|]+) \| [^|]+ \| ([^|]+) \|$", section, re.MULTILINE)
        return {folder: tuple(re.findall("`([^`]+)`", allowed)) for folders, allowed in rows for folder in re.findall("`([^`]+)`", folders)}

    def pure(self) -> list[str]:
        """The files that are pure by the page."""
        sentence = self.page.partition("spells them out.\n")[2].partition(" are pure:")[0]
        without = [word for words in re.findall(r"\(without ([^)]+)\)", sentence) for word in re.findall("`([^`]+)`", words)]
        named = re.findall("`([^`]+)`", re.sub(r"\(without [^)]+\)", "", sentence))
        places = [f"plugins/{word}" if word.startswith("plugin_utils") else UTILS + word for word in named]
        found = [name for name in self.files if any(name == f"{place}.py" or name.startswith(f"{place}/") for place in places)]
        return [name for name in found if Path(name).stem not in without]


def misplaced(tree: Tree) -> Iterator[str]:
    rules = tree.rules()
    for name in tree.files:
        folder = next((folder for folder in sorted(rules, key=len, reverse=True) if name.removeprefix("plugins/").startswith(f"{folder}/")), "")
        for node, other in tree.imports(name):
            if not other.startswith(("plugins/", "roles/", "tests/")) or name.startswith("plugins/doc_fragments/"):
                continue
            short = other.removeprefix(UTILS).removeprefix("plugins/")
            inside = folder not in ALONE and other.startswith((f"plugins/{folder}/", f"{folder}/"))
            grounded = name.removeprefix(UTILS)[:-3] in GROUND and short in GROUND
            allowed = any(fnmatch.fnmatchcase(short, word) for word in rules.get(folder, ()))
            if not (inside or grounded or allowed or (folder and short in GROUND)):
                yield f"{name}:{node.lineno} imports {other}, which docs/architecture.md does not allow"


def circles(tree: Tree) -> Iterator[str]:
    graph = {name: {f"{other}.py" for _node, other in tree.imports(name)} & tree.files.keys() - {name} for name in tree.files}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        yield " -> ".join(error.args[1])


def impure(tree: Tree) -> Iterator[str]:
    for start in tree.pure():
        reached = [start]
        for name in reached:  # grows while it is walked
            for node, other in tree.imports(name):
                if any(other == word or other.startswith(f"{word}.") for word in IMPURE):
                    yield f"{start} must be pure: {name}:{node.lineno} imports {other}"
                reached += [f"{other}.py"] * (f"{other}.py" in tree.files and f"{other}.py" not in reached)
            asked = [(called, line) for called, line in calls(tree.files[name]) if called in IMPURE_CALLS]
            yield from (f"{start} must be pure: {name}:{line} calls {called}()" for called, line in asked)


def scattered(tree: Tree) -> Iterator[str]:
    """What has one place."""
    for name, body in tree.files.items():
        if not name.startswith("roles/") and name != f"{UTILS}_http/transport.py":
            others = [other for _node, other in tree.imports(name) if other.split(".")[0] in ("requests", "urllib3")]
            yield from (f"{name} imports {other}: only _http/transport does" for other in others)
        if name != f"{UTILS}_ansible/module.py":
            yield from (f"{name}:{line} calls {called}: only _ansible/module does" for called, line in calls(body) if called in ("exit_json", "fail_json"))


def spelled_out(tree: Tree) -> Iterator[str]:
    """Imports that are not relative, where they could be."""
    for name in tree.files:
        for node, other in tree.imports(name):
            if name.startswith("plugins/") and isinstance(node, ast.ImportFrom) and not node.level and other.startswith("plugins/"):
                yield f"{name}:{node.lineno} spells out {other}"


def foreign(tree: Tree) -> Iterator[str]:
    """The simulator has the standard library and itself."""
    for name in tree.files:
        if name.startswith("roles/"):
            for node, other in tree.imports(name):
                if not other.startswith("roles/") and other.split(".")[0] not in sys.stdlib_module_names:
                    yield f"{name}:{node.lineno} imports {other}"


def headless(tree: Tree) -> Iterator[str]:
    """License first, then the future of annotations before any other import."""
    for name, body in tree.files.items():
        text = (tree.root / name).read_text(encoding="utf-8")
        if text and not text.removeprefix("#!/usr/bin/python\n").startswith(HEADER):
            yield f"{name} does not start with the license header"
        first = next((node for node in body.body if isinstance(node, (ast.Import, ast.ImportFrom))), None)
        if first is not None and not (isinstance(first, ast.ImportFrom) and first.module == "__future__"):
            yield f"{name} does not start with 'from __future__ import annotations'"


def calls(body: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(body):
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr, node.lineno


Check = Callable[[Tree], Iterator[str]]
CHECKS: list[Check] = [misplaced, circles, impure, scattered, spelled_out, foreign]
FOLDERS = ("plugins", "extensions", "roles")


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_the_code_keeps_the_architecture(check: Check) -> None:
    tree = Tree(ROOT, *FOLDERS)
    assert len(tree.rules()) > 10
    assert len(tree.pure()) > 30
    assert list(check(tree)) == []


def test_every_file_has_its_head() -> None:
    assert list(headless(Tree(ROOT, *FOLDERS, "tests"))) == []


def test_no_path_of_a_machine_is_kept() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    texts = {name: (ROOT / name).read_bytes() for name in tracked if name and (ROOT / name).is_file()}
    assert len(texts) > 100
    assert [name for name, text in texts.items() if re.search(rb"(?<![\w.-])/(home|root|Users|work)/\w", text)] == []


# The checks themselves: each finds what is planted in a small tree that is in order.
START = f"{HEADER}from __future__ import annotations\n"
FILES = {
    f"{UTILS}_errors.py": "import re\n",
    f"{UTILS}_http/transport.py": "import requests\nfrom .._errors import X\n",
    f"{UTILS}_api/account.py": "from .._http.transport import X\n",
    f"{UTILS}_api/model.py": "import dataclasses\n",
    f"{UTILS}_plan/plan.py": "from .._api.model import X\n",
    f"{UTILS}_ansible/module.py": "def run(module):\n    module.exit_json()\n",
    "plugins/modules/thing.py": "from ..module_utils._ansible import module\n",
    "plugins/plugin_utils/_watch/changes.py": "from ...module_utils._api.model import X\n",
    "roles/simulator/files/thingspace_simulator/__init__.py": "from .state import State\n",
    "roles/simulator/files/thingspace_simulator/state.py": "import http.server\n",
    "extensions/eda/source.py": f"from {OURS}plugins.plugin_utils._watch.changes import X\n",
}
PLAN, STATE = f"{UTILS}_plan/plan.py", "roles/simulator/files/thingspace_simulator/state.py"
PLANTED: dict[str, tuple[Check, str, str]] = {
    "a folder that is not allowed": (misplaced, PLAN, "from .._http.transport import X"),
    "by name": (misplaced, PLAN, "from .._http import transport"),
    "inside a function": (misplaced, PLAN, "def f():\n    from .._api.account import X"),
    "a module another module": (misplaced, "plugins/modules/other.py", "from .thing import X"),
    "a folder without a rule": (misplaced, f"{UTILS}_new/x.py", "from .._api.model import X"),
    "the ground what stands on it": (misplaced, f"{UTILS}_errors.py", "from ._api.model import X"),
    "an extension the transport": (misplaced, "extensions/eda/source.py", f"from {OURS}plugins.module_utils._http.transport import X"),
    "a circle": (circles, f"{UTILS}_api/model.py", "from .._plan.plan import X"),
    "a circle of the simulator": (circles, STATE, "import thingspace_simulator"),
    "a clock": (impure, PLAN, "import time"),
    "a part of a package": (impure, PLAN, "from os import path"),
    "a file": (impure, PLAN, "def f():\n    return open('x')"),
    "impure by way of another": (impure, f"{UTILS}_api/model.py", "import socket"),
    "requests elsewhere": (scattered, PLAN, "def f():\n    import requests"),
    "an exit elsewhere": (scattered, PLAN, "def f(module):\n    module.fail_json(msg='')"),
    "an import that is spelled out": (spelled_out, PLAN, f"from {OURS}plugins.module_utils._errors import X"),
    "a package in the simulator": (foreign, STATE, "import requests"),
    "the collection in the simulator": (foreign, STATE, f"from {OURS}plugins.module_utils._errors import X"),
}


def build(root: Path) -> Path:
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(START + text, encoding="utf-8")
    (root / "docs").mkdir()
    (root / "docs" / "architecture.md").write_text((ROOT / "docs" / "architecture.md").read_text(encoding="utf-8"), encoding="utf-8")
    return root


def test_a_tree_in_order_passes(tmp_path: Path) -> None:
    tree = Tree(build(tmp_path), *FOLDERS)
    assert [found for check in (*CHECKS, headless) for found in check(tree)] == []


@pytest.mark.parametrize(("check", "name", "text"), PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found(tmp_path: Path, check: Check, name: str, text: str) -> None:
    file = build(tmp_path) / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{START}{text}\n", encoding="utf-8")
    assert list(check(Tree(tmp_path, *FOLDERS)))


@pytest.mark.parametrize("text", ["from __future__ import annotations\n", HEADER + "import os\n"])
def test_a_wrong_head_is_found(tmp_path: Path, text: str) -> None:
    (build(tmp_path) / PLAN).write_text(text, encoding="utf-8")
    assert list(headless(Tree(tmp_path, *FOLDERS)))
