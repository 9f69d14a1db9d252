# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrades by status (reference section 2.5)."""

from __future__ import annotations

import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._fota import Account
from ansible_collections.thingspace.fota.plugins.module_utils._upgrades import Upgrade, upgrade_of

# In the order in which an upgrade passes through them: read in this order, one that moves meanwhile is seen at least once.
STATUSES = ("RequestPending", "Queued", "InProgress", "Finished", "RequestFailed", "UpgradeFailed")


def upgrades_by_status(account: Account, statuses: t.Collection[str]) -> list[Upgrade]:
    """All upgrades with one of these statuses, whatever the order in which they are asked for. Raises ThingSpaceError.

    One that moves from a status to the next between two reads is listed once, as it was seen last.
    """
    found: dict[str, Upgrade] = {}
    for status in (status for status in STATUSES if status in statuses):
        for page in account.pages("reports", "status", status, more="hasMoreFlag", cursor="lastSeenUpgradeId"):
            listed = page.get("reportList")
            if not isinstance(listed, (list, type(None))):
                raise ThingSpaceError("The service answered with something that is no page of upgrades.", "service")
            for body in listed or []:
                upgrade = upgrade_of(body, account.name)
                found.pop(upgrade.upgrade_id.lower(), None)
                found[upgrade.upgrade_id.lower()] = upgrade
    return list(found.values())
