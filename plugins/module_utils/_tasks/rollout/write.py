# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The writes of a rollout, several upgrades at once: round after round, and nothing that waits for what has failed."""

from __future__ import annotations

import typing as t

from ..._apply.parallel import run_in_parallel
from ..._errors import StateError
from ..._plan.moves import Move
from ..._plan.stages import Stage, Step
from ..._text import first_few
from .wave import Wave


def write(waves: t.Mapping[str, Wave], rounds: t.Iterable[Stage], moves: t.Sequence[Move], concurrency: int, *, approved: bool) -> None:
    """Send the writes. Does not raise: each wave keeps its failure.

    Args:
        waves: the declared upgrades by their reference.
        approved: whether nothing but the plan may be written.
    """
    sources: dict[tuple[str, str], list[Wave]] = {}
    targets: dict[tuple[str, str], Wave] = {}
    for device, source, target in moves:
        sources.setdefault((target, device), []).append(waves[source])
        targets[source, device] = waves[target]
    for number, steps in enumerate(rounds):

        def take(step: Step, late: bool = number > 0) -> None:
            waves[step.ref].take(step, _held_back(step, sources), _staying(step, targets), approved=approved, late=late)

        run_in_parallel(take, [step for step in steps if waves[step.ref].failure is None], concurrency)
    for wave in waves.values():
        wave.check_end()
        _tell_withheld(wave)
    _tell_stranded(waves, moves)


def _held_back(step: Step, sources: t.Mapping[tuple[str, str], t.Sequence[Wave]]) -> dict[str, str]:
    """Devices that have not left: their removal failed or was refused, or nobody knows."""
    held: dict[str, str] = {}
    for device in step.append:
        for source in sources.get((step.ref, device), ()):
            if device in source.progress.last.members:
                held[device] = str(source.declared)
    return held


def _staying(step: Step, targets: t.Mapping[tuple[str, str], Wave]) -> dict[str, str]:
    """Devices whose new upgrade has failed meanwhile: they would be in none."""
    return {device: str(target.declared) for device in step.remove if (target := targets.get((step.ref, device))) and target.failure}


def _tell_withheld(wave: Wave) -> None:
    for devices, sentence in (
        (wave.withheld, "Not appended, since they are not known to have left where they are: {}."),
        (wave.staying, "Not removed, since the upgrade that they were to move to has failed: {}."),
    ):
        places: dict[str, list[str]] = {}
        for device, place in devices.items():
            places.setdefault(place, []).append(device)
        if places:
            word = "still in" if devices is wave.withheld else "for"
            _add(wave, sentence.format("; ".join(f"{first_few(named)} {word} {place}" for place, named in places.items())))


def _tell_stranded(waves: t.Mapping[str, Wave], moves: t.Iterable[Move]) -> None:
    """A device that has left and not arrived is in no upgrade: whoever reads the failure must know."""
    ways: dict[tuple[str, str], list[str]] = {}
    for device, source, target in moves:
        there = waves[target].got(device) or device in waves[target].progress.last.members
        if waves[source].lost(device) and not there and device not in waves[target].withheld:
            ways.setdefault((source, target), []).append(device)
    for (source, target), devices in ways.items():
        lost = "did not arrive: no upgrade of this rollout holds them"
        arrived = "may not have arrived: look before they are put elsewhere" if waves[target].unsettled else lost
        _add(waves[target], f"{first_few(devices)} left {waves[source].declared} and {arrived}.")


def _add(wave: Wave, sentence: str) -> None:
    if wave.failure is None:
        wave.failure = StateError(sentence)
    else:
        wave.failure = wave.failure.reworded(f"{wave.failure.message.rstrip('.')}. {sentence}")
