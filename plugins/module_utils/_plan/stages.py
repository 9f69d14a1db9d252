# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""In which order the writes of several upgrades are sent. Pure.

A device that moves leaves before it arrives. Removes that would leave an upgrade without devices wait for its appends. Where a
cycle of moves allows no such order, one upgrade of the cycle is empty for a moment.
"""

from __future__ import annotations

import dataclasses
import typing as t

from .moves import Move
from .plan import Plan


@dataclasses.dataclass(frozen=True)
class Step:
    """Writes to one upgrade: appends before removes. ``empties`` says that it is without devices for a moment after it."""

    ref: str
    append: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    empties: bool = False


@dataclasses.dataclass(frozen=True)
class Start:
    """What an upgrade holds, and which writes it needs. ``new`` is one that is yet to be scheduled, with all its devices at once."""

    members: frozenset[str]
    plan: Plan
    new: bool = False


Stage = tuple[Step, ...]


def stages(starts: t.Mapping[str, Start], moves: t.Iterable[Move]) -> list[Stage]:
    """The steps in their order. Those of one round do not depend on each other; each round needs the ones before it.

    Args:
        starts: every upgrade, by its reference.
        moves: their moves; the plans hold them as removes and appends.
    """
    return list(_Order(starts, moves).rounds())


class _Order:
    def __init__(self, starts: t.Mapping[str, Start], moves: t.Iterable[Move]) -> None:
        self._new = {ref for ref, start in starts.items() if start.new}
        self._count = {ref: len(start.members) for ref, start in starts.items()}
        self._append = {ref: set(start.plan.append) for ref, start in starts.items()}
        self._remove = {ref: set(start.plan.remove) for ref, start in starts.items()}
        self._sources: dict[tuple[str, str], list[str]] = {}
        self._targets: dict[tuple[str, str], str] = {}
        for device, source, target in moves:
            self._sources.setdefault((target, device), []).append(source)
            self._targets[source, device] = target

    def rounds(self) -> t.Iterator[Stage]:
        while any(self._append.values()) or any(self._remove.values()):
            steps = [step for ref in self._append if (step := self._next(ref))]
            if not steps:
                steps = self._release() or self._empty()
            for step in steps:
                self._append[step.ref] -= step.append
                self._remove[step.ref] -= step.remove
                self._count[step.ref] += len(step.append) - len(step.remove)
            yield tuple(steps)

    def _next(self, ref: str) -> Step | None:
        """What can be done to an upgrade now."""
        append = frozenset(device for device in self._append[ref] if self._is_free(ref, device))
        if ref in self._new and len(append) < len(self._append[ref]):
            return None
        waits = len(append) < len(self._append[ref])
        empties = self._count[ref] + len(append) == len(self._remove[ref])
        remove = frozenset() if waits and empties else frozenset(self._remove[ref])
        return Step(ref, append, remove) if append or remove else None

    def _is_free(self, ref: str, device: str) -> bool:
        return not any(device in self._remove[source] for source in self._sources.get((ref, device), ()))

    # When nothing can be done any more, each upgrade that has removes left would be empty after them, and each of them waits for devices
    # that another of them holds: walking back from source to source ends in a circle. An upgrade whose devices go to two others has two.

    def _release(self) -> list[Step]:
        """Let single devices go on ways that lead back: their arrival lets the upgrades of that circle go on."""
        ways, steps = self._ways(), list[Step]()
        for ref, targets in ways.items():
            back = [device for target, device in sorted(targets.items()) if _leads(ways, target, ref)]
            if back and self._count[ref] > 1:
                steps.append(Step(ref, remove=frozenset(back[:1])))
        return steps

    def _empty(self) -> list[Step]:
        """Empty one upgrade of each circle for a moment. With nothing to release each upgrade has one device left, so there are only circles."""
        ways, chosen = self._ways(), list[str]()
        for ref in ways:
            if not any(_leads(ways, ref, other) for other in chosen):
                chosen.append(ref)
        return [Step(ref, remove=frozenset(self._remove[ref]), empties=True) for ref in chosen]

    def _ways(self) -> dict[str, dict[str, str]]:
        """Of each upgrade that has removes left: where its devices go, with the first of them that goes there."""
        ways: dict[str, dict[str, str]] = {}
        for ref, devices in self._remove.items():
            if devices:
                targets = ways.setdefault(ref, {})
                for device in devices:
                    target = self._targets.get((ref, device))
                    if target is not None and device < targets.get(target, "~"):
                        targets[target] = device
        return ways


def _leads(ways: t.Mapping[str, t.Iterable[str]], start: str, goal: str) -> bool:
    seen, waiting = {start}, [start]
    while waiting:
        ref = waiting.pop()
        if ref == goal:
            return True
        more = set(ways.get(ref, ())) - seen
        seen |= more
        waiting += more
    return False
