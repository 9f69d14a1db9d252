# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Results of modules become one document: what would change or was changed, for people and for machines. Pure."""

from __future__ import annotations

import hashlib
import json
import typing as t

from ...module_utils._text import message
from ...module_utils._text import told as made_safe
from .merge import Sighting, merged, overlap
from .records import Part, Record, part_of
from .rows import Row

FORMAT_VERSION = 1
Document = dict[str, t.Any]
NOTHING_PLANNED = hashlib.sha256(b"").hexdigest()


def document(records: t.Iterable[Record], check_mode: bool, troubles: t.Sequence[str] = ()) -> Document:
    """The document of a run.

    Args:
        records: results in the order in which they came.
        check_mode: whether they tell what would be done.
        troubles: further warnings.
    """
    told = [(record, part_of(record)) for record in records if not record.result.get("skipped")]
    parts = [part for _record, part in told]
    rows = merged(_sightings(told, "rows"), check_mode)
    licenses = merged(_sightings(told, "licenses"), check_mode)
    callbacks = merged(_sightings(told, "callbacks"), check_mode)
    moved, moved_count = _moves(parts)
    errors = _unlike(error for part in parts for error in part.errors)
    digests = _digests(parts)
    # Names of tasks and hosts, and what ansible-core says itself, have not passed a module.
    safe: Document = made_safe(
        {
            "format_version": FORMAT_VERSION,
            "check_mode": check_mode,
            "drift": _drift(parts),
            "failed": bool(errors),
            "changes_known": not any(part.lost for part in parts),
            "plan_digest": _one_digest(digests),
            "plan_digests": digests,
            "truncated": any(part.truncated for part in parts),
            "counts": _counts(rows, moved_count),
            "errors": errors,
            "warnings": list(dict.fromkeys(map(message, [*troubles, *(warning for part in parts for warning in part.warnings)]))),
            "upgrades": rows,
            "moved": moved,
            "licenses": licenses,
            "callbacks": callbacks,
        }
    )
    return safe


def as_json(document: Document) -> str:
    """The document as the filter ``to_nice_json`` writes it."""
    return json.dumps(document, indent=4, sort_keys=True)


def _sightings(told: list[tuple[Record, Part]], kind: str) -> t.Iterator[Sighting]:
    for place, (record, part) in enumerate(told):
        for index, row in enumerate(getattr(part, kind)):
            yield Sighting(row, record.host, (*(record.order or (place,)), index))


def _moves(parts: list[Part]) -> tuple[list[Row], int]:
    """Moves of all results, each once, and how many there are though lists may be cut."""
    distinct: list[Part] = []
    for part in parts:
        if part.moved_count and not any((part.moved, part.moved_count, part.digests) == (other.moved, other.moved_count, other.digests) for other in distinct):
            distinct.append(part)
    moves: dict[tuple[t.Any, ...], Row] = {}
    count = 0
    for part in distinct:
        own = {(item["device_id"], item["from"], item["to"]): item for item in part.moved}
        count += part.moved_count - overlap(own, moves)
        moves |= own
    return list(moves.values()), count


def _unlike(errors: t.Iterable[Row]) -> list[Row]:
    return list({tuple(error.items()): error for error in errors}.values())


def _counts(rows: list[Row], moved: int) -> dict[str, int]:
    def total(name: str) -> int:
        return sum(row[name] or 0 for row in rows)

    def acts(action: str) -> int:
        return sum(row["action"] == action for row in rows)

    return {
        "upgrades": len(rows),
        "changed": sum(row["changed"] for row in rows),
        "scheduled": acts("schedule"),
        "cancelled": acts("cancel"),
        "added": total("added_count"),
        "removed": total("removed_count"),
        "moved": moved,
        "unchanged": total("unchanged_count"),
        "rejected": total("rejected_count"),
        "before": total("before"),
        "after": total("after"),
        "past": acts("past"),
    }


def _drift(parts: list[Part]) -> bool | None:
    known = [part.drift for part in parts]
    if True in known:
        return True
    return None if None in known or not known else False


def _digests(parts: list[Part]) -> dict[str, str]:
    """The digest of each upgrade or account. Where tasks planned several things for one of them, a digest over theirs."""
    found: dict[str, set[str]] = {}
    for part in parts:
        for key, digest in part.digests.items():
            found.setdefault(key, set()).add(digest)
    digests = {}
    for key, several in sorted(found.items()):
        # Of several hosts one applied the plan, and the others found nothing left to do.
        writing = sorted(several - {NOTHING_PLANNED}) or [NOTHING_PLANNED]
        digests[key] = writing[0] if len(writing) == 1 else _over([[key, digest] for digest in writing])
    return digests


def _one_digest(digests: dict[str, str]) -> str | None:
    if len(digests) < 2:
        return next(iter(digests.values()), None)
    return _over([[key, digest] for key, digest in sorted(digests.items())])


def _over(pairs: list[list[str]]) -> str:
    """A digest over keys and digests. JSON says where each of them ends, whatever a key holds."""
    return hashlib.sha256(json.dumps(pairs).encode("ascii")).hexdigest()
