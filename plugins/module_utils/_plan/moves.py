# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One plan over several upgrades of an account: who moves where, and what forbids it. Pure."""

from __future__ import annotations

import collections
import dataclasses
import itertools
import typing as t

from .._errors import Kind
from .._text import first_few
from .plan import Plan, State, make_plan

_SHOWN = 3
# Pairs of upgrades that a sentence names: of a hundred upgrades there are thousands.
_MOST = 10


class Move(t.NamedTuple):
    """A device that leaves one declared upgrade for another; both by their reference."""

    device: str
    source: str
    target: str


@dataclasses.dataclass(frozen=True)
class Problem:
    """Why the plan must not be applied."""

    kind: Kind
    text: str


@dataclasses.dataclass(frozen=True)
class Entry:
    """One declared upgrade, and what it holds now.

    ``ref`` tells it from the others, ``name`` stands in sentences. ``status`` is the service's word, empty for one that is yet to be
    scheduled. ``holds`` says whether its members are taken (it may still start, or runs), ``open`` whether they can be changed.
    """

    ref: str
    name: str
    state: State
    declared: frozenset[str]
    members: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    status: str = ""
    is_open: bool = True
    holds: bool = True

    def __str__(self) -> str:
        return self.name

    @property
    def wanted(self) -> frozenset[str]:
        """The devices that it is to hold."""
        return frozenset() if self.state == "absent" else self.declared


@dataclasses.dataclass(frozen=True)
class Joint:
    """What several upgrades together need: the writes of each by its reference, the moves among them, and what forbids it all.

    ``giving`` are the upgrades that lose devices to others which their own declaration would have left where they are.
    """

    plans: t.Mapping[str, Plan]
    moves: tuple[Move, ...] = ()
    problems: tuple[Problem, ...] = ()
    giving: frozenset[str] = frozenset()


def check_disjoint(wanted: t.Iterable[tuple[object, frozenset[str]]]) -> Problem | None:
    """A device can be in one upgrade only.

    Args:
        wanted: each upgrade, as sentences name it, and the devices that it is to hold.
    """
    wanted = list(wanted)
    repeated = _repeated(devices for dummy, devices in wanted)
    owner: dict[str, object] = {}
    twice: dict[tuple[object, object], list[str]] = collections.defaultdict(list)
    for upgrade, devices in wanted if repeated else ():
        for device in devices & repeated:
            first = owner.setdefault(device, upgrade)
            if first is not upgrade:
                twice[first, upgrade].append(device)
    if not twice:
        return None
    told = "; ".join(f"{first_few(devices)} in {first} and in {second}" for (first, second), devices in itertools.islice(twice.items(), _MOST))
    told += f"; and {len(twice) - _MOST} more pairs of upgrades" if len(twice) > _MOST else ""
    return Problem("input", f"A device can be in one upgrade only, and is declared twice: {told}.")


def _repeated(groups: t.Iterable[frozenset[str]]) -> frozenset[str]:
    """What is in more than one of them."""
    groups = list(groups)
    if len(frozenset().union(*groups)) == sum(map(len, groups)):
        return frozenset()
    seen: set[str] = set()
    repeated: set[str] = set()
    for group in groups:
        repeated |= seen & group
        seen |= group
    return frozenset(repeated)


def join(entries: t.Sequence[Entry]) -> Joint:
    """Plan all declared upgrades together."""
    own = {entry.ref: make_plan(entry.state, entry.declared, entry.members, entry.refused) for entry in entries}
    leaving, moves, problems = _meet([entry for entry in entries if entry.holds], own)
    plans = {ref: dataclasses.replace(plan, remove=plan.remove | leaving[ref]) if leaving[ref] else plan for ref, plan in own.items()}
    twice = check_disjoint((entry, entry.wanted) for entry in entries if entry.holds)
    problems = [*([twice] if twice else []), *problems]
    for entry in entries:
        plan = plans[entry.ref]
        if plan and not entry.is_open:
            change = f"{len(plan.append)} to append, {len(plan.remove)} to remove"
            problems.append(Problem("state", f"{entry} is {entry.status}: devices can be changed only before it starts, and it needs {change}."))
    giving = frozenset(ref for ref, plan in plans.items() if len(plan.remove) > len(own[ref].remove))
    return Joint(plans, tuple(sorted(moves)), tuple(problems), giving)


def _meet(entries: t.Sequence[Entry], own: t.Mapping[str, Plan]) -> tuple[dict[str, set[str]], list[Move], list[Problem]]:
    """The devices that are to be in one upgrade and are in another: what leaves each, the moves, and what cannot leave."""
    # Of all devices, which may be many, only those are looked at that come to an upgrade, or are in two.
    coming = frozenset().union(*(own[entry.ref].append for entry in entries))
    seen = coming | _repeated(entry.members for entry in entries)
    holders: dict[str, list[Entry]] = collections.defaultdict(list)
    for entry in entries:
        for device in entry.members & seen:
            holders[device].append(entry)
    leaving: dict[str, set[str]] = collections.defaultdict(set)
    stuck: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    moves: list[Move] = []
    for entry in entries:
        arriving = own[entry.ref].append
        for device in (entry.wanted & holders.keys()) - entry.refused:
            for holder in holders[device]:
                if holder is entry:
                    continue
                if not holder.is_open:
                    stuck[str(entry), f"{holder}, which is {holder.status}"].append(device)
                    continue
                leaving[holder.ref].add(device)
                if device in arriving:
                    moves.append(Move(device, holder.ref, entry.ref))
    return leaving, moves, _told(stuck, "{} declared in {} cannot leave {}.")


def taken(entries: t.Sequence[Entry], others: t.Sequence[tuple[str, frozenset[str]]]) -> tuple[Problem, ...]:
    """Declared devices that somebody else's upgrade holds.

    Args:
        entries: the declared upgrades.
        others: upgrades that are not declared and hold devices, as sentences name them, with their members.
    """
    if not others:
        return ()
    targets = [(str(entry), entry.wanted - entry.refused) for entry in entries if entry.holds]
    wanted = frozenset().union(*(devices for dummy, devices in targets))
    found: dict[tuple[str, str], list[str]] = collections.defaultdict(list)
    for other, members in others:
        held = members & wanted
        for target, devices in targets if held else ():
            if devices & held:
                found[target, other] += devices & held
    return tuple(_told(found, "{} declared in {} held by {}, which is not declared here."))


def _told(found: t.Mapping[tuple[str, str], t.Collection[str]], sentence: str) -> list[Problem]:
    problems = [Problem("state", sentence.format(first_few(devices), *pair)) for pair, devices in itertools.islice(found.items(), _MOST)]
    if len(found) > _MOST:
        problems.append(Problem("state", f"And the like for {len(found) - _MOST} more pairs of upgrades."))
    return problems
