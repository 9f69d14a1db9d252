# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Holds the code against the table and the rules of docs/house.md."""

from __future__ import annotations

import ast
import dataclasses
import fnmatch
import functools
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COLLECTION = "ansible_collections.thingspace.fota."
HEADER = (
    "# Copyright: (c) 2026, thingspace.fota contributors\n"
    "# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)\n"
    "# SPDX-License-Identifier: GPL-3.0-or-later\n"
)
LINES = 200
# What a room that is "(pure)" has no use for: files, clock, chance, network, processes, the terminal.
IMPURE = {"ansible", "requests", "urllib3", "yaml"}
IMPURE |= {"asyncio", "concurrent", "ctypes", "fcntl", "ftplib", "getpass", "glob", "http", "importlib", "logging", "mmap", "multiprocessing", "os", "pathlib"}
IMPURE |= {"random", "secrets", "select", "selectors", "shutil", "signal", "smtplib", "socket", "socketserver", "sqlite3", "ssl", "subprocess", "sys"}
IMPURE |= {"tempfile", "threading", "time", "urllib.request", "uuid", "warnings", "webbrowser"}
IMPURE_CALLS = {"input", "open", "print", "now", "today", "utcnow", "read_text", "write_text", "read_bytes", "write_bytes"}


@dataclasses.dataclass(frozen=True)
class Row:
    """A row of the table: a room or a pattern of rooms, whether it is pure, and patterns of what it may import."""

    room: str
    pure: bool
    may_import: tuple[str, ...]

    def holds(self, path: str) -> bool:
        """Whether a file, given without its suffix, is this room or lies in it."""
        parts = path.split("/")
        return any(fnmatch.fnmatchcase("/".join(parts[:end]), self.room) for end in range(1, len(parts) + 1))


@dataclasses.dataclass(frozen=True)
class House:
    """A tree with its table. Every check returns what it found wrong, one sentence each."""

    root: Path

    @functools.cached_property
    def rows(self) -> list[Row]:
        text = (self.root / "docs" / "house.md").read_text(encoding="utf-8")
        cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if re.match(r"\| `(plugins|roles|extensions)/", line)]
        return [Row(room.strip("`"), "(pure)" in why, tuple(re.findall(r"`([^`]+)`", allowed))) for room, why, allowed in cells]

    def files(self, *folders: str) -> Iterator[tuple[str, ast.Module]]:
        for folder in folders:
            for path in sorted((self.root / folder).rglob("*.py")):
                yield path.relative_to(self.root).as_posix(), ast.parse(path.read_text(encoding="utf-8"))

    def row_of(self, room: str) -> Row | None:
        return next((row for row in self.rows if row.holds(room)), None)

    def is_file(self, room: str) -> bool:
        return (self.root / f"{room}.py").is_file() or (self.root / room / "__init__.py").is_file()

    def imports(self, name: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
        """Line and dotted name of everything that a file imports, relative ones spelled out."""
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((node.lineno, alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = node.module or ""
                if node.level:
                    folder = name.split("/")[: -node.level]
                    base = COLLECTION + ".".join([*folder, base]).strip(".")
                for alias in node.names:
                    whole = f"{base}.{alias.name}"
                    yield node.lineno, whole if base.startswith(COLLECTION) and self.is_file(own(whole)) else base

    def rooms_imported(self, name: str, tree: ast.Module) -> Iterator[tuple[int, str]]:
        return ((line, own(dotted)) for line, dotted in self.imports(name, tree) if dotted.startswith(COLLECTION))

    def check_rows(self) -> Iterator[str]:
        """Every file has a row, and the table names nothing that it has no row for."""
        for name, _tree in self.files("plugins", "extensions"):
            if not name.startswith("plugins/doc_fragments/") and not name.endswith("__init__.py") and not self.row_of(name[:-3]):
                yield f"{name} has no row in docs/house.md"
        for row in self.rows:
            for word in row.may_import:
                if not any(names(word, other.room) for other in self.rows):
                    yield f"docs/house.md: {row.room} may import {word}, which has no row"

    def check_imports(self) -> Iterator[str]:
        """A file imports only the rooms that its row allows."""
        for name, tree in self.files("plugins", "extensions"):
            row = self.row_of(name[:-3])
            for line, room in self.rooms_imported(name, tree):
                fragments = name.startswith("plugins/doc_fragments/") and room.startswith("plugins/doc_fragments/")
                if not fragments and not (row and (row.holds(room) and "*" not in row.room or any(names(word, room) for word in row.may_import))):
                    yield f"{name}:{line} imports {room}: docs/house.md does not allow it"

    def check_permissions(self) -> Iterator[str]:
        """The table allows nothing that nobody needs."""
        imported = [(name[:-3], room) for name, tree in self.files("plugins", "extensions") for _line, room in self.rooms_imported(name, tree)]
        for row in self.rows:
            for word in row.may_import:
                if not any(row.holds(name) and names(word, room) for name, room in imported):
                    yield f"docs/house.md: {row.room} may import {word}, and does not"

    def check_simulator(self) -> Iterator[str]:
        """The simulator has the standard library and itself."""
        for name, tree in self.files("roles"):
            folder = name.partition("/files/")[0] + "/files"
            for line, dotted in self.imports(name, tree):
                top = dotted.split(".")[0]
                inside = dotted.startswith(COLLECTION + folder.replace("/", ".")) or self.is_file(f"{folder}/{top}")
                if not inside and top not in sys.stdlib_module_names:
                    yield f"{name}:{line} imports {dotted}: roles have the standard library only"

    def impurities(self, name: str, tree: ast.Module) -> Iterator[str]:
        for line, dotted in self.imports(name, tree):
            parts = dotted.split(".")
            if IMPURE & {".".join(parts[:end]) for end in range(1, len(parts) + 1)}:
                yield f"{name}:{line} imports {dotted}"
        for called, line in calls(tree):
            if called in IMPURE_CALLS:
                yield f"{name}:{line} calls {called}()"

    def check_purity(self) -> Iterator[str]:
        """A pure room does no input and output, and neither does any room behind it."""
        trees = dict(self.files("plugins", "extensions"))
        for name in trees:
            row = self.row_of(name[:-3])
            reached = [name] if row and row.pure else []
            for file in reached:  # grows while it is walked
                yield from (f"{name} must be pure: {what}" for what in self.impurities(file, trees[file]))
                behind = [f"{room}.py" for line, room in self.rooms_imported(file, trees[file])]
                reached += [other for other in behind if other in trees and other not in reached]

    def check_requests(self) -> Iterator[str]:
        for name, tree in self.files("plugins", "extensions"):
            for line, dotted in self.imports(name, tree):
                if dotted.split(".")[0] in ("requests", "urllib3") and name != "plugins/module_utils/_http.py":
                    yield f"{name}:{line} imports {dotted}: only _http does"

    def check_exits(self) -> Iterator[str]:
        for name, tree in self.files("plugins", "extensions"):
            for called, line in calls(tree):
                if called in ("exit_json", "fail_json") and name != "plugins/module_utils/_module.py":
                    yield f"{name}:{line} calls {called}: only _module does"

    def check_heads(self) -> Iterator[str]:
        """Licence first, then the future of annotations before any other import."""
        for name, tree in self.files("plugins", "roles", "tests", "extensions"):
            text = (self.root / name).read_text(encoding="utf-8")
            if not text and name.endswith("__init__.py"):
                continue
            if not text.removeprefix("#!/usr/bin/python\n").startswith(HEADER):
                yield f"{name} does not start with the licence header"
            first = next((node for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom))), None)
            if not isinstance(first, ast.ImportFrom) or first.module != "__future__" or first.names[0].name != "annotations":
                yield f"{name} does not start with 'from __future__ import annotations'"

    def check_sizes(self) -> Iterator[str]:
        for name, tree in self.files("plugins", "roles", "tests/tools", "extensions"):
            count = lines_of_code((self.root / name).read_text(encoding="utf-8"), tree)
            if count > LINES:
                yield f"{name} has {count} lines of code: more than one reason to change?"


def own(dotted: str) -> str:
    return dotted.removeprefix(COLLECTION).replace(".", "/")


def names(word: str, room: str) -> bool:
    """Whether a word of the last column, such as `_errors` or `plugin_utils/*`, means a room."""
    return any(fnmatch.fnmatchcase(room, pattern) for pattern in (f"plugins/{word}", f"plugins/module_utils/{word}", f"plugins/plugin_utils/{word}", word))


def calls(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, (ast.Name, ast.Attribute)):
            yield node.func.id if isinstance(node.func, ast.Name) else node.func.attr, node.lineno


def lines_of_code(text: str, tree: ast.Module) -> int:
    """Lines that are neither empty nor comments nor in a block of documentation at the top level."""
    values = [(node, node.value) for node in tree.body if isinstance(node, (ast.Expr, ast.Assign))]
    blocks = [node for node, value in values if isinstance(value, ast.Constant) and isinstance(value.value, str)]
    skipped = {line for node in blocks for line in range(node.lineno, (node.end_lineno or node.lineno) + 1)}
    return sum(1 for number, line in enumerate(text.splitlines(), 1) if number not in skipped and line.strip() and not line.lstrip().startswith("#"))


CHECKS = [House.check_rows, House.check_imports, House.check_permissions, House.check_simulator, House.check_purity, House.check_requests]
CHECKS += [House.check_exits, House.check_heads, House.check_sizes]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_the_code_keeps_the_house(check: Callable[[House], Iterator[str]]) -> None:
    assert list(check(House(ROOT))) == []


def test_no_path_of_a_machine_is_kept() -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")
    texts = {name: (ROOT / name).read_bytes() for name in tracked if name and (ROOT / name).is_file()}
    assert len(texts) > 100
    assert [name for name, text in texts.items() if re.search(rb"(?<![\w.-])/(home|root|Users|work)/\w", text)] == []


def test_the_table_is_read() -> None:
    assert len(House(ROOT).rows) > 10
    assert sum(row.pure for row in House(ROOT).rows) >= 4
    assert list(House(ROOT).files("plugins"))


# The checks themselves: a small house in order, and each fault planted in it.

TABLE = """
| room | reason to change | may import (of ours) |
|---|---|---|
| `plugins/modules/*` | an option | `_module`, `_job` |
| `plugins/action/*` | the controller | `plugin_utils/*` |
| `plugins/plugin_utils/_ship` | shipping | - |
| `plugins/module_utils/_module` | exits | - |
| `plugins/module_utils/_job` | the job | `_plan`, `_http` |
| `plugins/module_utils/_http` | HTTP | - |
| `plugins/module_utils/_plan` | planning (pure) | `_more` |
| `plugins/module_utils/_more` | more | - |
| `roles/simulator/files/sim` | the model | nothing of ours |
| `extensions/eda/source/*` | a source | `_ship` |
"""
OURS = f"from {COLLECTION}plugins"
START = f"{HEADER}from __future__ import annotations\n"
ROOMS = {
    "plugins/modules/thing.py": f"{OURS}.module_utils import _job\n{OURS}.module_utils._module import run\n",
    "plugins/action/thing.py": f"{OURS}.plugin_utils._ship import ship\n",
    "plugins/doc_fragments/a.py": f"{OURS}.doc_fragments import b\n",
    "plugins/doc_fragments/b.py": "",
    "plugins/plugin_utils/_ship.py": "import os\n",
    "plugins/module_utils/_module.py": "def run(module):\n    module.exit_json(changed=False)\n",
    "plugins/module_utils/_job.py": f"{OURS}.module_utils._plan import plan\nfrom ._http import get\n",
    "plugins/module_utils/_http.py": "try:\n    import requests\nexcept ImportError:\n    pass\n",
    "plugins/module_utils/_plan.py": f"import re\n{OURS}.module_utils._more import more\n",
    "plugins/module_utils/_more.py": "import dataclasses\n",
    "extensions/eda/source/thing.py": f"{OURS}.plugin_utils._ship import ship\n",
    "roles/simulator/files/sim/__init__.py": "import http.server\nfrom .state import State\nfrom sim import state\n",
    "roles/simulator/files/sim/state.py": "State = dict\n",
}


def build(root: Path) -> House:
    for name, text in ROOMS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(START + text, encoding="utf-8")
    (root / "docs").mkdir()
    (root / "docs" / "house.md").write_text(TABLE, encoding="utf-8")
    return House(root)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__.removeprefix("check_"))
def test_a_house_in_order_passes(tmp_path: Path, check: Callable[[House], Iterator[str]]) -> None:
    assert list(check(build(tmp_path))) == []


UTILS = "plugins/module_utils"
PLAN = f"{UTILS}/_plan.py"
JOB = f"{UTILS}/_job.py"
STATE = "roles/simulator/files/sim/state.py"
FAULTS = {
    "a room without a row": (House.check_rows, f"{UTILS}/_new.py", "", "has no row"),
    "another room than its job": (House.check_imports, "plugins/modules/thing.py", f"{OURS}.module_utils._http import get", f"imports {UTILS}/_http"),
    "a room by name": (House.check_imports, PLAN, f"{OURS}.module_utils import _http", f"imports {UTILS}/_http"),
    "a room by import": (House.check_imports, PLAN, f"import {COLLECTION}plugins.module_utils._job", f"imports {UTILS}/_job"),
    "a relative import": (House.check_imports, PLAN, "from . import _http", f"imports {UTILS}/_http"),
    "an import inside a function": (House.check_imports, f"{UTILS}/_more.py", "def f():\n    from ._plan import plan", f"imports {UTILS}/_plan"),
    "a module imports another": (House.check_imports, "plugins/modules/other.py", f"{OURS}.modules.thing import x", "imports plugins/modules/thing"),
    "an extension without a row": (House.check_rows, "extensions/eda/other.py", "", "has no row"),
    "an extension imports another room": (House.check_imports, "extensions/eda/source/thing.py", f"{OURS}.module_utils import _job", f"imports {UTILS}/_job"),
    "an extension knows requests": (House.check_requests, "extensions/eda/source/thing.py", "import requests", "imports requests"),
    "a test is imported": (House.check_imports, PLAN, f"from {COLLECTION}tests.unit.conftest import sim", "imports tests/unit"),
    "a fragment imports a room": (House.check_imports, "plugins/doc_fragments/a.py", f"{OURS}.module_utils._plan import x", f"imports {UTILS}/_plan"),
    "the simulator imports a package": (House.check_simulator, STATE, "import requests", "imports requests"),
    "the simulator imports a room": (House.check_simulator, STATE, f"{OURS}.module_utils._plan import x", "imports ansible_collections"),
    "a clock": (House.check_purity, PLAN, "import time", "imports time"),
    "part of a package": (House.check_purity, PLAN, "from os import path", "imports os"),
    "urllib.request": (House.check_purity, PLAN, "import urllib.request", "imports urllib.request"),
    "a file": (House.check_purity, PLAN, "def f():\n    return open('x')", "calls open()"),
    "today": (House.check_purity, PLAN, "import datetime\nNOW = datetime.datetime.now()", "calls now()"),
    "Ansible": (House.check_purity, PLAN, "from ansible.module_utils.basic import env_fallback", "imports ansible"),
    "impure by way of another": (House.check_purity, f"{UTILS}/_more.py", "import socket", "_more.py:5 imports socket"),
    "requests elsewhere": (House.check_requests, JOB, "def f():\n    import requests", "imports requests"),
    "an exit elsewhere": (House.check_exits, JOB, "def f(module):\n    module.fail_json(msg='')", "calls fail_json"),
    "a permission that nobody uses": (House.check_permissions, JOB, "", "may import _plan, and does not"),
    "too long": (House.check_sizes, JOB, "x = 1\n" * 201, "202 lines of code"),
}


@pytest.mark.parametrize(("check", "name", "text", "says"), FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_found(tmp_path: Path, check: Callable[[House], Iterator[str]], name: str, text: str, says: str) -> None:
    house = build(tmp_path)
    (tmp_path / name).write_text(START + text, encoding="utf-8")
    assert says in "\n".join(check(house))


HEADS = [("x = 1\n", "licence header"), (HEADER + "import os\n", "from __future__"), (HEADER + '"""Doc."""\n', "from __future__")]


@pytest.mark.parametrize(("text", "says"), HEADS)
def test_a_wrong_head_is_found(tmp_path: Path, text: str, says: str) -> None:
    house = build(tmp_path)
    (tmp_path / "plugins/module_utils/_job.py").write_text(text, encoding="utf-8")
    assert says in "\n".join(house.check_heads())


def test_a_word_without_a_row_is_found(tmp_path: Path) -> None:
    house = build(tmp_path)
    (tmp_path / "docs" / "house.md").write_text(TABLE.replace("`_more` |", "`_gone` |"), encoding="utf-8")
    assert "may import _gone, which has no row" in "\n".join(house.check_rows())


def test_documentation_is_not_code() -> None:
    text = '"""Doc."""\n\n# comment\nDOCUMENTATION = r"""\nmodule: x\n"""\n\nx = 1  # code\n\n\ndef f() -> str:\n    """Counts: not at the top level."""\n'
    assert lines_of_code(text, ast.parse(text)) == 3
