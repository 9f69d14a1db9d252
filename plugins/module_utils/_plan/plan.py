# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which writes lead from what is there to what is declared, and whether they are those that were approved. Pure."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import typing as t

from .._api.status import Operation
from .._errors import InputError, StateError

State = t.Literal["present", "absent", "exact"]


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


def check_given(expected: str | None) -> None:
    """Raise InputError for an empty digest: whoever gives one wants no other plan, and an empty one would let every plan pass."""
    if expected is not None and not expected.strip():
        raise InputError("expect_plan_digest is empty: give the digest of the approved plan, or leave the option out.")


def check_plan(expected: str | None, digest: str | None, plans: t.Iterable[Plan]) -> None:
    """Raise StateError if a digest was approved and the plan has another one.

    Args:
        digest: of these plans together.
    """
    if expected is None or expected.strip().lower() == digest:
        return
    plans = list(plans)
    append, remove = sum(len(plan.append) for plan in plans), sum(len(plan.remove) for plan in plans)
    raise StateError(
        f"The plan is not the one that was approved: expect_plan_digest is {expected.strip()[:64]}, and this plan ({append} to append, "
        f"{remove} to remove) has {digest}. Nothing was written; have the new plan reviewed."
    )


OPERATIONS: tuple[Operation, Operation] = ("append", "remove")


def sides(plan: Plan, order: tuple[Operation, Operation]) -> list[tuple[Operation, frozenset[str]]]:
    """What a plan appends and removes, in this order."""
    return [(operation, plan.append if operation == "append" else plan.remove) for operation in order]
