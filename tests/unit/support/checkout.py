# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where this checkout is, and where Python finds it under the name of the collection."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


def layout() -> Path:
    """The folder that holds `ansible_collections`: above the tree if it lies in one, else a link to it below `.build`."""
    if ROOT.parts[-3:] == ("ansible_collections", "thingspace", "fota"):
        return ROOT.parents[3]
    top = ROOT / ".build" / "layout"
    link = top / "ansible_collections" / "thingspace" / "fota"
    link.parent.mkdir(parents=True, exist_ok=True)
    if not link.is_symlink():
        link.symlink_to(ROOT, target_is_directory=True)
    return top
