# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which writes lead from what is to what is declared. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

State = t.Literal["present", "absent", "exact"]
Operation = t.Literal["append", "remove"]


@dataclasses.dataclass(frozen=True)
class Plan:
    """The devices to append and to remove, and the declared devices that the service has refused before."""

    append: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.append or self.remove)


def make_plan(state: State, declared: t.AbstractSet[str], members: t.AbstractSet[str], refused: t.AbstractSet[str]) -> Plan:
    """Plan one upgrade.

    Args:
        declared: the devices of the declaration.
        members: the devices of the upgrade.
        refused: devices that the upgrade lists as rejected. They are never sent again and never removed for not being declared.
    """
    if state == "absent":
        return Plan(remove=frozenset(declared & members))
    return Plan(
        append=frozenset(declared - members - refused),
        remove=frozenset(members - declared) if state == "exact" else frozenset(),
        refused=frozenset(declared & refused),
    )


def batches(devices: t.Iterable[str], size: int) -> t.Iterator[list[str]]:
    """The devices, sorted, in lists of at most ``size``."""
    ordered = sorted(devices)
    for start in range(0, len(ordered), size):
        yield ordered[start : start + size]


# What a plan writes to, as it enters the digest: the id of an upgrade, a list such as ``licenses``, or all that an upgrade is scheduled with.
Target: t.TypeAlias = "str | tuple[str | None, ...]"


def plan_digest(plans: t.Mapping[tuple[str, Target], Plan]) -> str:
    """SHA-256, in hexadecimal, over the sorted planned writes.

    Each is a line of JSON, where every text ends where it ends: joined with blanks, the firmware "A to B" in version "C" would be "A" in version
    "B to C", and a line end in a name would make one upgrade two.

    Args:
        plans: the plan of each (account, target).
    """
    lines = []
    for (account, target), plan in plans.items():
        writes: tuple[tuple[Operation, frozenset[str]], ...] = (("append", plan.append), ("remove", plan.remove))
        lines += [json.dumps([account, target, operation, sorted(devices)]) for operation, devices in writes if devices]
    digest = hashlib.sha256()
    for line in sorted(lines):
        digest.update(f"{line}\n".encode("ascii"))
    return digest.hexdigest()
