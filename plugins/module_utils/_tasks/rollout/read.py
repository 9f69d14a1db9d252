# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a rollout finds at the service: the declared upgrades, those of old that were refused, and those that are not declared."""

from __future__ import annotations

import typing as t

from ..._api.account import Account
from ..._api.model import Upgrade, holds
from ..._api.status import OPEN, Phase
from ..._api.version import upgrades_of
from ..._apply.parallel import run_in_parallel
from ..._clock import today
from ..._desired.rollout import check_same
from ..._plan.guardrails import why_refused
from ..._plan.matching import matching, single
from .wave import Wave

# Upgrades that hold their devices: those that have not started, and those that run.
_HOLDING = (*OPEN, Phase.RUNNING)


class Reader:
    """Reads for the waves of one account. All methods raise ThingSpaceError. ``warnings`` grows."""

    def __init__(self, account: Account, waves: t.Sequence[Wave], concurrency: int) -> None:
        self._upgrades = upgrades_of(account)
        self._waves = waves
        self._concurrency = concurrency
        # What is listed as holding its devices, and what the natural keys of the waves are looked for in.
        self._listed: list[Upgrade] | None = None
        self._finished: list[Upgrade] = []
        self.warnings: list[str] = []

    @property
    def has_listed(self) -> bool:
        """Whether the reports were read."""
        return self._listed is not None

    def find(self) -> None:
        """GET every declared upgrade. One that is declared by its id and not there is ``not_found``; by natural key, it is new or past."""
        if any(wave.declared.key for wave in self._waves):
            listed, self._finished = (self._upgrades.in_phases(*phases) for phases in (_HOLDING, [Phase.ENDED]))
            # One that has moved meanwhile is in both.
            ended = {upgrade.upgrade_id.lower() for upgrade in self._finished}
            self._listed = [upgrade for upgrade in listed if upgrade.upgrade_id.lower() not in ended]
        there = [(wave, upgrade_id) for wave in self._waves if (upgrade_id := wave.declared.upgrade_id or self._by_key(wave))]
        check_same([wave.declared for wave, dummy in there], [upgrade_id.lower() for dummy, upgrade_id in there])
        run_in_parallel(lambda pair: pair[0].read(pair[1]), there, self._concurrency)
        for wave in self._waves:
            wave.seen = True

    def _by_key(self, wave: Wave) -> str | None:
        key = wave.declared.key
        match = single(key, matching(key, [*(self._listed or ()), *self._finished])) if key else None
        if key and not match and key.start_date < today().isoformat() and wave.declared.target.state != "absent":
            wave.past = True
            self.warnings.append(
                f"{wave.declared} is not there, and its day lies in the past: it is not scheduled. The service forgets an upgrade six months after its end."
            )
        return match.upgrade_id if match else None

    def others(self) -> list[Upgrade]:
        """Upgrades that hold devices and are not declared."""
        own = {wave.progress.first.upgrade_id.lower() for wave in self._waves}
        if self._listed is None:
            self._listed = self._upgrades.in_phases(*_HOLDING, without=own)
        return self._upgrades.with_devices(upgrade for upgrade in self._listed if holds(upgrade) and upgrade.upgrade_id.lower() not in own)

    def heed_refused(self, waves: t.Sequence[Wave]) -> None:
        """Tell upgrades that are to be scheduled from those that the service refused as a whole before."""
        if not waves:
            return
        refused = self._upgrades.in_phases(Phase.REFUSED)
        for wave in waves:
            before = [upgrade for upgrade in refused if wave.declared.key and wave.declared.key.fits(upgrade)]
            wave.known = frozenset(upgrade.upgrade_id.lower() for upgrade in before)
            if before:
                self.warnings.append(f"{wave.declared} is scheduled anew. {why_refused(before[-1])}")
