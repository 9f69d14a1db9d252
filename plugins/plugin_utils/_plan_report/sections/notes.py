# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Warnings and digests of a report. Pure."""

from __future__ import annotations

from ..document import NOTHING_PLANNED, Document
from ..escape import Clipper
from .devices import folded

_LONGEST_WARNING = 600


def warnings(document: Document, clipper: Clipper, most: int) -> tuple[list[str], int]:
    """What the modules warn about, and how many warnings are left out."""
    told = document["warnings"]
    lines = [f"- {clipper.prose(warning, _LONGEST_WARNING)}" for warning in told[:most]]
    return (["Warnings:", "", *lines, ""] if lines else []), max(0, len(told) - most)


def digests(document: Document, clipper: Clipper, most: int) -> tuple[list[str], int]:
    """The checksum of what a plan would write, and what it is for."""
    # Nobody has to approve that nothing is written, nor a plan that is refused.
    known = {key: digest for key, digest in document["plan_digests"].items() if digest != NOTHING_PLANNED}
    if not document["check_mode"] or not document["drift"] or document["failed"]:
        return [], 0
    what = "a checksum of all devices that this plan adds and removes. Given to the run that applies it as `expect_plan_digest`, any other plan is refused."
    if len(known) < 2:
        return [f"Digest {clipper.code(digest, 64)}: {what}" for digest in known.values()], 0
    lines = [f"- {clipper.code(key)}: {clipper.code(digest, 64)}" for key, digest in list(known.items())[:most]]
    whole = f"Digest of all together {clipper.code(document['plan_digest'], 64)}, to compare two reports"
    return folded(f"Digests: each is {what.replace('`', '')}", [*lines, "", whole]), max(0, len(known) - most)
