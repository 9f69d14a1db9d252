# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The image of the jobs, as far as that goes without a container engine: what ansible-builder makes of it, and what it would install."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import ansible_collections
import pytest
import yaml
from support.checkout import ROOT

BIN = Path(sys.executable).parent
SAMPLE = ROOT / "docs" / "sample"
# Seconds each: not for make test-quick.
pytestmark = pytest.mark.playbook


def builder(*arguments: str, folder: Path) -> str:
    env = {**os.environ, "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]]), "HOME": str(folder)}
    done = subprocess.run([str(BIN / "ansible-builder"), *arguments], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_context_of_the_image(tmp_path: Path) -> None:
    shutil.copytree(SAMPLE, tmp_path / "checkout")
    builder("create", "--file", "awx/execution-environment.yml", "--context", "context", "--output-filename", "Containerfile", folder=tmp_path / "checkout")
    context = tmp_path / "checkout" / "context"
    containerfile = (context / "Containerfile").read_text(encoding="utf-8")
    for part in ('ARG EE_BASE_IMAGE="fedora@sha256:', 'ARG PYPKG="python3"', "ansible-core==2.21", "ansible-runner==2.4"):
        assert part in containerfile
    wanted = yaml.safe_load((context / "_build" / "requirements.yml").read_text(encoding="utf-8"))
    assert [collection["name"] for collection in wanted["collections"]] == ["thingspace.fota"]


def test_what_it_would_install_for_the_collection_installs(tmp_path: Path) -> None:
    """The build asks the collection for its Python packages, in this way."""
    above = Path(next(iter(ansible_collections.__path__))).parent
    builder("introspect", str(above), "--write-pip", "pip.txt", "--write-bindep", "bindep.txt", folder=tmp_path)
    wanted = (tmp_path / "pip.txt").read_text(encoding="utf-8")
    assert "requests" in wanted
    assert not (tmp_path / "bindep.txt").exists() or not (tmp_path / "bindep.txt").read_text(encoding="utf-8").strip()
    pins = ROOT / "tests" / "requirements" / "constraints.txt"
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(tmp_path / "site"), "--requirement", "pip.txt", "--constraint", str(pins)]
    subprocess.run(install, cwd=tmp_path, check=True)
    found = subprocess.run([sys.executable, "-S", "-c", "import requests"], env={"PYTHONPATH": str(tmp_path / "site")}, check=False)
    assert found.returncode == 0
