# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The devices of an upgrade, as something that is brought to its target."""

from __future__ import annotations

import typing as t

from .._api.status import Operation

if t.TYPE_CHECKING:
    from .._api.model import ChangeAnswer, Upgrade
    from .._api.version import Upgrades


class UpgradeDevices:
    """The devices of one upgrade, as a membership that can be brought to a target."""

    # Appending first means that an upgrade that is to keep devices is never empty on the way: what an empty one does is undocumented.
    order: tuple[Operation, Operation] = ("append", "remove")

    def __init__(self, upgrades: Upgrades, upgrade_id: str) -> None:
        self._upgrades = upgrades
        self._upgrade_id = upgrade_id
        self.name = f"the upgrade {upgrade_id}"

    def read(self) -> Upgrade:
        """As :meth:`Upgrades.get`."""
        return self._upgrades.get(self._upgrade_id)

    def change(self, operation: Operation, devices: list[str]) -> ChangeAnswer:
        """As :meth:`Upgrades.change`."""
        return self._upgrades.change(self._upgrade_id, operation, devices)
