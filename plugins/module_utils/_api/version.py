# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a version of the API offers: the upgrades of one account, as :mod:`model` knows them. How it spells them is its own business."""

from __future__ import annotations

import typing as t

from .account import Account
from .model import Capabilities, ChangeAnswer, Upgrade
from .status import Operation, Phase
from .v1 import upgrades as v1


class Upgrades(t.Protocol):
    """The upgrades of one account. Everything raises ThingSpaceError; what writes raises UnsettledError where only reading can tell what became of it."""

    can: Capabilities

    def get(self, upgrade_id: str) -> Upgrade:
        """One upgrade with all its devices, page by page where the version has pages. ``not_found`` if there is none."""

    def in_phases(self, *phases: Phase, without: t.Collection[str] = ()) -> list[Upgrade]:
        """All upgrades in these phases, each once: one that moves on meanwhile as it was seen last. Their devices may be left out.

        Args:
            without: ids in lower case whose devices nobody wants to know.
        """

    def with_devices(self, upgrades: t.Iterable[Upgrade], *, needed: bool = True) -> list[Upgrade]:
        """The upgrades, each with its devices.

        Args:
            needed: one that does not tell them, or is listed and not there, is an error. Otherwise one that is not there is left out.
        """

    def change(self, upgrade_id: str, operation: Operation, devices: list[str]) -> ChangeAnswer:
        """Send one batch."""

    def schedule(self, firmware_name: str, firmware_to: str, start_date: str, end_date: str | None, devices: t.Iterable[str]) -> Upgrade:
        """Make one upgrade. What the service has accepted, which is not yet scheduled: sent again, it makes a second one."""

    def cancel(self, upgrade_id: str) -> None:
        """Cancel one upgrade."""


def upgrades_of(account: Account) -> Upgrades:
    """The upgrades of an account in the version of the API that serves them."""
    return v1.Upgrades(account)
