# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The environment of every command that the tools start: nothing of the user's but pip's configuration, nothing outside `.build`."""

from __future__ import annotations

import ast
import configparser
import os
import re
import subprocess
import sys
from pathlib import Path

from interpreters import Python
from places import BUILD, CACHE, HOME

# What would carry the user's accounts, tastes and folders into a test.
FOREIGN = re.compile(r"(ANSIBLE|THINGSPACE|PYTHON|XDG|MOLECULE|COVERAGE|PYTEST|GIT|MAKE|MFLAGS|VIRTUAL_ENV|PYENV|UV|GALAXY)(_.*|[A-Z].*)?$")
PROXY = re.compile(r"(https?|all|ftp|no)_proxy$", re.IGNORECASE)
# Settings of pip that would put files elsewhere.
NOT_KEPT = ("cache-dir", "log", "target", "prefix", "root", "user", "src")


def homes() -> dict[str, str]:
    """Where programs put what they keep."""
    return {
        "HOME": str(HOME),
        "XDG_CACHE_HOME": str(HOME / ".cache"),
        "XDG_CONFIG_HOME": str(HOME / ".config"),
        "XDG_DATA_HOME": str(HOME / ".local" / "share"),
        "XDG_STATE_HOME": str(HOME / ".local" / "state"),
        "ANSIBLE_HOME": str(HOME / ".ansible"),
        "PYTHONPYCACHEPREFIX": str(CACHE / "pycache"),
        "PIP_CACHE_DIR": str(HOME / ".cache" / "pip"),
        "MYPY_CACHE_DIR": str(CACHE / "mypy"),
        "RUFF_CACHE_DIR": str(CACHE / "ruff"),
        "HYPOTHESIS_STORAGE_DIRECTORY": str(CACHE / "hypothesis"),
    }


def user() -> dict[str, str]:
    """The user's own environment, for the questions only they can answer (git of the checkout, pip's configuration)."""
    return {name: value for name, value in os.environ.items() if name not in ("PYTHONPYCACHEPREFIX", "GIT_DIR", "GIT_INDEX_FILE", "GIT_WORK_TREE")}


def search_path(first: list[Path]) -> str:
    """PATH with some folders in front and without the shims of version managers: they follow the HOME that is not ours."""
    rest = [folder for folder in os.environ.get("PATH", os.defpath).split(os.pathsep) if folder and Path(folder).name != "shims"]
    return os.pathsep.join(dict.fromkeys([*map(str, first), *rest]))


def clean(first: list[Path]) -> dict[str, str]:
    """For everything but pip: no proxy either, since all tests stay on this machine."""
    kept = {name: value for name, value in os.environ.items() if not FOREIGN.match(name) and not PROXY.match(name)}
    return {**kept, **homes(), "PATH": search_path(first), "LC_ALL": "en_US.UTF-8" if sys.platform == "darwin" else "C.UTF-8", "NO_COLOR": "1"}


def for_pip() -> dict[str, str]:
    """For pip: PIP_* and the proxy stay as the user has them."""
    proxies = {name: value for name, value in os.environ.items() if PROXY.match(name)}
    netrc = Path(os.environ.get("NETRC", "~/.netrc")).expanduser()
    found = {"NETRC": str(netrc)} if netrc.is_file() else {}
    return {**clean([]), **proxies, **found, "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}


def pip_settings(listing: str) -> dict[str, dict[str, str]]:
    """Sections and settings out of what `pip config list` prints, the environment's last."""
    settings: dict[str, dict[str, str]] = {"global": {}}
    late = []
    for line in listing.splitlines():
        name, equals, value = line.partition("=")
        section, dot, key = name.rpartition(".")
        if not equals or key in NOT_KEPT:
            continue
        row = (section, key, str(ast.literal_eval(value)))
        if section == ":env:":
            late.append(row)
        else:
            settings.setdefault(section, {})[key] = row[2]
    settings["global"].update({key: value for section, key, value in late if key != "config-file"})
    return settings


def keep_pip_configuration(python: Python) -> None:
    """Write the configuration that pip has for this user to the home below `.build`.

    ansible-test hands its pip nothing but HOME, so what the user has in PIP_*, in HTTPS_PROXY or in another file would be lost.
    """
    listing = subprocess.run([python.path, "-m", "pip", "config", "list"], env=user(), capture_output=True, text=True, check=False)
    settings = pip_settings(listing.stdout)
    proxy = os.environ.get("HTTPS_PROXY") or os.environ.get("https_proxy")
    if proxy:
        settings["global"].setdefault("proxy", proxy)
    settings["global"]["disable-pip-version-check"] = "true"
    parser = configparser.RawConfigParser()
    parser.read_dict(settings)
    path = HOME / ".config" / "pip" / "pip.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(f".{os.getpid()}")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as stream:
        parser.write(stream)
    fresh.replace(path)


def prepare(python: Python) -> None:
    """Make the folders and pip's configuration."""
    for folder in (BUILD, HOME, CACHE):
        folder.mkdir(parents=True, exist_ok=True)
    keep_pip_configuration(python)
