# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the import of a module costs, by package. As ansible-core sends it: an archive of sources, which Python compiles each time."""

from __future__ import annotations

import collections
import re
import statistics
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import ansible
from stage import ROOT

GROUPS = {"ansible_collections": "this collection", "ansible": "ansible-core", "requests": "requests", "urllib3": "requests", "charset_normalizer": "requests"}
GROUPS |= {"idna": "requests", "certifi": "requests"}
PACKAGE = "ansible_collections/thingspace/fota/plugins"


def by_package(module: str, rounds: int, env: Mapping[str, str]) -> list[tuple[str, float]]:
    """Milliseconds of each group of packages, medians."""
    found: dict[str, list[float]] = collections.defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        archive = Path(folder) / "module.zip"
        _pack(archive)
        for dummy in range(rounds):
            once = _once(archive, f"ansible_collections.thingspace.fota.plugins.modules.{module}", env)
            for name in (*dict.fromkeys(GROUPS.values()), "standard library"):
                found[name].append(once[name])
    return [(name, statistics.median(values)) for name, values in found.items()]


def _pack(archive: Path) -> None:
    core = Path(ansible.__file__).parent
    ours = {path: f"{PACKAGE}/{path.relative_to(ROOT / 'plugins')}" for path in (ROOT / "plugins").glob("module*/*.py")}
    needed = [core / "release.py", *(core / "module_utils").rglob("*.py")]
    theirs = {path: f"ansible/{path.relative_to(core)}" for path in needed}
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("ansible/__init__.py", "")
        for path, name in {**ours, **theirs}.items():
            packed.write(path, name)
        for end in range(1, len(PACKAGE.split("/")) + 1):
            packed.writestr("/".join([*PACKAGE.split("/")[:end], "__init__.py"]), "")
        for folder in ("modules", "module_utils"):
            packed.writestr(f"{PACKAGE}/{folder}/__init__.py", "")


def _once(archive: Path, module: str, env: Mapping[str, str]) -> dict[str, float]:
    code = f"import sys; sys.path.insert(0, {str(archive)!r}); import {module}"
    done = subprocess.run([sys.executable, "-X", "importtime", "-c", code], env=env, capture_output=True, text=True, check=True)
    taken: dict[str, float] = collections.defaultdict(float)
    for own, name in re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", done.stderr, re.MULTILINE):
        taken[GROUPS.get(name.split(".")[0], "standard library")] += int(own) / 1000
    return taken
