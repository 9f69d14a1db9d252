# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The title of a report with its totals, and what stops the run. Pure."""

from __future__ import annotations

from ..document import Document
from ..escape import Clipper
from ..rows import Row

LONGEST_NAME = 100
_LONGEST_ERROR = 1500
_KINDS = {
    "rail": "a guardrail forbids it",
    "state": "an upgrade or the plan is not in the state for it",
    "input": "the declaration cannot be meant",
    "rejected": "the service refuses devices",
    "not_visible": "the service does not show a change",
    "access_token": "the login is missing or over",
    "session_token": "the login is missing or over",
    "login": "the login was refused",
    "not_found": "the service does not know it",
    "forbidden": "the account is not this user's",
    "timeout": "it took too long",
    "interrupted": "it was stopped",
    "dependency": "a library is missing",
    "service": "the service failed",
    "unreachable": "the service could not be reached",
    "internal": "a mistake in the collection",
}


def of(count: int, word: str) -> str:
    """A count with its word."""
    return f"{count:,} {word}" + ("" if count == 1 else "s")


def own_changes(row: Row) -> tuple[int, int]:
    """Devices that no other declared upgrade gives or gets."""
    return max(0, row["added_count"] - row["moved_in_count"]), max(0, row["removed_count"] - row["moved_out_count"])


def title(document: Document) -> str:
    """What it is, and the totals."""
    counts, rows = document["counts"], document["upgrades"]
    refused = any(error["kind"] in ("rail", "state") for error in document["errors"]) and (document["check_mode"] or not counts["changed"])
    fate = " REFUSED" if refused else " FAILED" if document["failed"] else ""
    applied = fate or (" applied" if document["drift"] else "")
    what = f"Firmware rollout plan{fate}" if document["check_mode"] else f"Firmware rollout{applied}"
    pairs = [own_changes(row) for row in rows]
    told = [(sum(pair[0] for pair in pairs), "added"), (sum(pair[1] for pair in pairs), "removed"), (counts["moved"], "moved")]
    among = f" in {counts['changed']:,} of {of(counts['upgrades'], 'upgrade')}"
    parts = [", ".join(f"{count:,} {word}" for count, word in told) + among] if any(count for count, _word in told) else []
    parts += [f"{of(counts[name], 'upgrade')} {name}" for name in ("scheduled", "cancelled") if counts[name]]
    for kind, word in (("licenses", "licenses"), ("callbacks", "listener")):
        parts += [f"{word} changed"] if any(row["changed"] for row in document[kind]) else []
    if not parts:
        parts = [_nothing(document)]
    elif not document["changes_known"]:
        parts.append(f"what else {_passive(document)} is not known")
    parts += [f"{counts[name]:,} {word}" for name, word in (("rejected", "rejected"), ("past", "past")) if counts[name]]
    return f"## {what}: {'; '.join(parts)}"


def _passive(document: Document) -> str:
    return "would be changed" if document["check_mode"] else "was changed"


def _nothing(document: Document) -> str:
    counts = document["counts"]
    # A row that changed without a device that is known to have come or gone: a request was sent, and its answer was lost.
    doubtful = document["failed"] and (counts["changed"] or any(row["changed"] for kind in ("licenses", "callbacks") for row in document[kind]))
    # A plan that failed before it was made says nothing about what an apply would do.
    unplanned = document["failed"] and document["check_mode"] and document["drift"] is None
    if not document["changes_known"] or doubtful or unplanned:
        return f"what {_passive(document)} is not known"
    if document["failed"]:
        return f"nothing {_passive(document)}"
    if document["drift"] is False:
        devices = f", {of(counts['upgrades'], 'upgrade')} with {of(counts['before'], 'device')} as declared" if document["upgrades"] else ""
        return f"no changes{devices}"
    return "changes that are hidden" if document["drift"] else "nothing was planned"


def stops(document: Document, clipper: Clipper, most: int) -> tuple[list[str], int]:
    """What stops the run, in bold, and how much of it is left out. What several hosts say is said once."""
    told: dict[tuple[str | None, ...], list[str]] = {}
    for error in document["errors"]:
        if any(_tells(other, error) for other in document["errors"]):
            continue
        about = error["name"] or error["account"]
        told.setdefault((error["kind"], about, error["message"]), []).append(error["host"])
    lines = []
    for (kind, about, message), hosts in list(told.items())[:most]:
        why = _KINDS.get(kind or "", "the task failed")
        where = f" {clipper.code(about, LONGEST_NAME)}:" if about else ""
        named = sorted({host for host in hosts if host})
        on = f" (hosts {', '.join(clipper.code(host, 40) for host in named[:5])}{', ...' if len(named) > 5 else ''})" if len(named) > 1 else ""
        word = "Refused" if kind in ("rail", "state", "input") else "Failed"
        lines += [f"**{word}: {why}.{where} {clipper.prose(message, _LONGEST_ERROR)}**{on}", ""]
    if not document["changes_known"] and not document["check_mode"]:
        lines += ["**What was changed is not known: a result, or an answer of the service, was lost. Look at the upgrades before you run it again.**", ""]
    return lines, max(0, len(told) - most)


def _tells(whole: Row, error: Row) -> bool:
    """Whether the error of a whole rollout, which names the upgrades that failed, tells that of an upgrade, too."""
    same = whole["name"] is None and (whole["account"], whole["host"]) == (error["account"], error["host"])
    told = whole["message"] or ""
    return bool(same and error["name"] and any(f"{error['name']}{mark}" in told for mark in (": ", " (")))
