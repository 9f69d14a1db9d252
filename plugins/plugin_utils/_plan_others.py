# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The rest of a report: licences, listeners, warnings, digests. Pure."""

from __future__ import annotations

from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_document import NOTHING_PLANNED, Document
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_escape import Clipper
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_head import of
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_lists import Lists, folded
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_rows import Row

_LONGEST_WARNING = 600


def licenses_and_callbacks(document: Document, lists: Lists, clipper: Clipper, most: int) -> tuple[list[str], int]:
    """What else changes in the account, and how many rows of it are left out."""
    licenses, callbacks = ([row for row in document[kind] if row["changed"] or row["error"]] for kind in ("licenses", "callbacks"))
    lines: list[str] = []
    for row in licenses[:most]:
        lines += _license(row, lists, clipper)
    for row in callbacks[:most]:
        before, after = (clipper.code(row[name], 200) if row[name] else "none" for name in ("previous_url", "url"))
        fields = f" ({', '.join(clipper.code(field, 40) for field in row['changed_fields'])})" if row["changed_fields"] else ""
        lines += [f"**Listener** of {clipper.code(row['account'])}, to which the service reports upgrades: {before} -> {after}{fields}", ""]
    return lines, sum(max(0, len(rows) - most) for rows in (licenses, callbacks))


def _license(row: Row, lists: Lists, clipper: Clipper) -> list[str]:
    losing = row["cancelled_upgrades"]
    lines = [
        f"**Licences** of {clipper.code(row['account'])}, without which a device cannot be upgraded: {row['added_count']:,} given, "
        f"{row['removed_count']:,} taken, {row['rejected_count']:,} rejected",
        "",
    ]
    if losing:
        told = ", ".join(f"{clipper.code(item['upgrade_id'], 40)} ({of(item['device_count'], 'device')})" for item in losing[:20])
        rest = f", and {len(losing) - 20:,} more upgrades that the JSON report names" if len(losing) > 20 else ""
        lines += [f"**Scheduled upgrades that lose devices with the licences: {told}{rest}**", ""]
    kinds = {"added": "given", "removed": "taken", "candidates_added": "first to lose theirs, new", "candidates_removed": "first to lose theirs, no more"}
    listed = [lists.devices(words, row[name], row[f"{name}_count"]) for name, words in kinds.items() if row[f"{name}_count"]]
    rejected = [item["device_id"] or "" for item in row["rejected"]]
    listed += [lists.devices("rejected", rejected, row["rejected_count"])] if row["rejected_count"] else []
    return lines + (folded("Licences of devices", listed) if listed else [])


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
