# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state of the simulated ThingSpace, under one lock."""

from __future__ import annotations

import threading

from .auth.doorkeeper import Doorkeeper
from .control.faults import Fault
from .control.log import Log
from .server.messages import invalid
from .world.clock import Clock
from .world.model import Account, Upgrade, World
from .world.switches import Switches


class Service:
    """Everything handlers read and change. Hold ``lock`` while doing so."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.clock = Clock()
        self.switches = Switches()
        self.faults: list[Fault] = []
        self.world = World()
        self.auth = Doorkeeper(self.world.credentials, self.switches, self.clock)
        self.log = Log(self.scrub)

    def become(self, world: World, switches: Switches, faults: list[Fault]) -> None:
        """Start anew with another world: nobody is logged in, the log is empty."""
        self.world, self.switches, self.faults = world, switches, faults
        self.auth = Doorkeeper(world.credentials, switches, self.clock)
        self.log = Log(self.scrub)

    @property
    def upgrades(self) -> dict[str, Upgrade]:
        return self.world.upgrades

    @property
    def accounts(self) -> dict[str, Account]:
        return self.world.accounts

    def account(self, name: str) -> Account:
        """An account that the user may use (the door was passed already)."""
        return self.world.accounts[name]

    def upgrade(self, account: str, upgrade_id: str) -> Upgrade:
        """An upgrade of that account, or the error that the documents have for it."""
        if not upgrade_id or set(upgrade_id.lower()) - set("0123456789abcdef-"):
            raise invalid("Invalid uuid")
        upgrade = self.world.upgrades.get(upgrade_id.lower())
        if upgrade is None or upgrade.account != account:
            raise invalid("Invalid upgradeId", status=int(self.switches.unknown_upgrade))
        return upgrade

    def scrub(self, text: str) -> str:
        """A text without the secrets and tokens that this service knows."""
        listeners = (listener for account in self.accounts.values() for listener in account.callbacks.values())
        for secret in (*self.auth.secrets(), *(listener.password for listener in listeners)):
            if len(secret) > 3 and secret in text:
                text = text.replace(secret, "[hidden]")
        return text
