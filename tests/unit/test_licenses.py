# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What users have to install, and under which license each file is."""

from __future__ import annotations

import ast
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path

import pytest
import yaml
from support.checkout import ROOT

sys.path.append(str(ROOT / "tests" / "tools"))
import licenses

# urllib3 comes with requests, yaml with ansible-core.
OF_OTHERS = {"ansible", "ansible_collections", "requests", "urllib3", "yaml"}
# Files without a place for a header, or for the user to copy: prose, data, settings. COPYING holds for them as well.
DATA = [
    *("*.md", "*.png", "*.csv", "*.json", "COPYING", "requirements.txt", "galaxy.yml", "meta/*.yml", "changelogs/*.yaml", "changelogs/fragments/*"),
    "docs/sample/*",
]
LEFT_OUT = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["build_ignore"]


def shipped() -> list[Path]:
    """Files of the tarball."""
    found = subprocess.run(["git", "ls-files"], cwd=ROOT, check=True, capture_output=True, text=True).stdout.splitlines()
    return [ROOT / name for name in found if not any(fnmatch(part, pattern) for part in (name, name.split("/")[0]) for pattern in LEFT_OUT)]


def test_every_file_of_the_tarball_says_its_license_or_is_data() -> None:
    files = [path for path in shipped() if path.is_file()]
    assert len(files) > 150
    code = [path for path in files if not any(fnmatch(str(path.relative_to(ROOT)), pattern) for pattern in DATA)]
    assert len(code) > 120
    assert not [path for path in files if path.suffix == ".py" and path not in code and "sample" not in path.parts]
    without = [path for path in code if "SPDX-License-Identifier: GPL-3.0-or-later" not in path.read_text(encoding="utf-8")[:600]]
    assert without == []


def test_users_install_ansible_core_and_requests_and_nothing_else() -> None:
    assert (ROOT / "requirements.txt").read_text(encoding="utf-8").split() == ["requests"]
    assert yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["dependencies"] == {}
    assert yaml.safe_load((ROOT / "meta" / "execution-environment.yml").read_text(encoding="utf-8"))["dependencies"] == {"python": "requirements.txt"}
    imported = set()
    for path in [*(ROOT / "plugins").rglob("*.py"), *(ROOT / "extensions").rglob("*.py"), *(ROOT / "roles").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name.split(".")[0] for name in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add((node.module or "").split(".")[0])
    assert imported - set(sys.stdlib_module_names) - {"thingspace_simulator"} == OF_OTHERS


@pytest.mark.parametrize(
    ("license", "fine"),
    [("MIT", True), ("Apache-2.0 OR BSD-2-Clause", True), ("MIT AND Proprietary", False), ("", False), ("GPL-2.0-only", False), ("ISC License (ISCL)", True)],
)
def test_other_licenses_are_found(license: str, fine: bool) -> None:
    assert (licenses.strange({"package": license}) == []) is fine


def test_every_promise_of_the_threat_model_is_held_by_a_test_that_is_there() -> None:
    text = (ROOT / "docs" / "threat-model.md").read_text(encoding="utf-8").partition("## What we promise")[2].partition("## What we do not")[0]
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    assert len(rows) > 10
    for row in rows:
        tests = row.split("|")[2].replace("`", "").split(",")
        assert [name.strip() for name in tests if not (ROOT / "tests" / "unit" / name.strip()).is_file()] == []
