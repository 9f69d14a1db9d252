# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Under which license everything is that the environments hold: nothing that could not be used together with GPL-3.0-or-later."""

from __future__ import annotations

import json
import re

import environment
from log import Failed, Log
from places import ROOT, VENVS

ALLOWED = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "GPL-3.0-or-later", "ISC", "MIT", "MIT-0", "MPL-2.0", "PSF-2.0", "Unlicense"),
    # What packages write that know no SPDX yet.
    *("Apache Software License", "BSD License", "ISC License (ISCL)", "MIT License", "Mozilla Public License 2.0 (MPL 2.0)", "Public Domain"),
    *("Python Software Foundation License", "GNU General Public License v3 or later (GPLv3+)"),
}
# Packages whose metadata does not say it: looked up by hand.
BY_HAND = {
    "sdksio-verizon-apis-sdk": "MIT",  # its file LICENSE
    "docutils": "Public Domain",  # its COPYING.rst; the GPL is that of an editor mode, which is not installed
}
ASK = """
import importlib.metadata, json
told = {}
for package in importlib.metadata.distributions():
    about = package.metadata
    classes = [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or [] if line.startswith("License ::")]
    told[package.name] = about.get("License-Expression") or " AND ".join(classes) or (about.get("License") or "").strip()
print(json.dumps(told))
"""


def strange(told: dict[str, str]) -> list[str]:
    """Packages under another license than those that are allowed, or under none that is known."""
    found = []
    for package, license in sorted(told.items()):
        words = [
            word.strip("() ") if word.count("(") != word.count(")") else word.strip() for word in re.split(r" AND | OR ", BY_HAND.get(package.lower(), license))
        ]
        if not set(words) <= ALLOWED:
            found.append(f"{package}: {license[:80] or 'no license in its metadata'}")
    return found


def check(log: Log, *venvs: str) -> str:
    """Raise Failed for what is not allowed."""
    count, found = 0, []
    for venv in venvs:
        told = json.loads(log.run([VENVS / venv / "bin" / "python", "-c", ASK], ROOT, environment.clean([VENVS / venv / "bin"])))
        count += len(told)
        found += [f"{venv}: {line}" for line in strange(told)]
    if found:
        raise Failed("licenses that are not on the list in licenses.py", found)
    if not count:
        raise Failed("nothing was looked at")
    return f"{count} packages"
