# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tarball that users get: built, looked into, installed without a network, verified, judged as by the public index, and used."""

from __future__ import annotations

import re
import shutil
import tarfile
from pathlib import Path

import environment
import targets
import trees
from cores import Pair
from log import Failed, Log
from places import BUILD, COLLECTION, VENVS

DIST = BUILD / "dist"
INSTALLED = BUILD / "installed"
# What may lie at the top of the tarball. Anything else is missing in `build_ignore` of galaxy.yml, or here.
CONTENT = {"CHANGELOG.md", "CONTRIBUTING.md", "COPYING", "FILES.json", "MANIFEST.json", "README.md", "SECURITY.md", "requirements.txt"}
CONTENT |= {"changelogs", "docs", "extensions", "meta", "playbooks", "plugins", "roles"}

# Roles of a collection are described by their argument_specs.yml.
NO_META = "Could not get role description, no role metadata found"


def galaxy(pair: Pair) -> list[str | Path]:
    return [VENVS / pair.slug / "bin" / "ansible-galaxy", "collection"]


def env(pair: Pair) -> dict[str, str]:
    return environment.clean([VENVS / pair.slug / "bin"])


def tarball() -> Path:
    return next(DIST.glob("thingspace-fota-*.tar.gz"))


def build(log: Log, pair: Pair) -> str:
    shutil.rmtree(DIST, ignore_errors=True)
    tree = trees.copy(log, "build")
    log.run([*galaxy(pair), "build", "--output-path", DIST], tree, env(pair))
    with tarfile.open(tarball()) as archive:
        names = [member.name for member in archive if member.isfile()]
    stray = sorted({name.split("/")[0] for name in names} - CONTENT)
    if stray:
        raise Failed(f"the tarball holds what users have no use for: {', '.join(stray)}")
    return f"{tarball().name}, {len(names)} files, {tarball().stat().st_size // 1024} kB"


def install(log: Log, pair: Pair) -> str:
    """Install into an empty folder and compare every file with the manifest."""
    shutil.rmtree(INSTALLED, ignore_errors=True)
    where: list[str | Path] = ["--collections-path", INSTALLED]
    log.run([*galaxy(pair), "install", "--offline", tarball(), *where], BUILD, env(pair))
    output = log.run([*galaxy(pair), "verify", "--offline", "thingspace.fota", *where], BUILD, env(pair))
    if "thingspace.fota" not in output or not (INSTALLED / COLLECTION / "MANIFEST.json").is_file():
        raise Failed("nothing was verified")
    return ""


def importer(log: Log, venv: str) -> str:
    """What the public index would say about the tarball."""
    folder = BUILD / "trees" / "importer"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    output = log.run([VENVS / venv / "bin" / "python", "-m", "galaxy_importer.main", tarball()], folder, environment.clean([VENVS / venv / "bin"]))
    loud = [line for line in output.splitlines() if re.match(r"(ERROR|WARNING|CRITICAL)\b", line) and NO_META not in line]
    if loud:
        raise Failed("galaxy-importer objects", loud)
    if "Importer processing completed successfully" not in output:
        raise Failed("galaxy-importer did not say that it succeeded")
    return ""


def use(log: Log, pair: Pair, pythons: list[Path]) -> str:
    """The integration targets against the installed collection: what a file missing in the tarball breaks."""
    return targets.play(log, pair.slug, INSTALLED, pythons, "play-installed")
