# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What ThingSpace knows: accounts, devices, firmware, upgrades."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, field
from typing import NamedTuple

REQUEST_PENDING = "RequestPending"
QUEUED = "Queued"
REQUEST_FAILED = "RequestFailed"
IN_PROGRESS = "InProgress"
FINISHED = "Finished"
UPGRADE_FAILED = "UpgradeFailed"
CANCELLED = "Cancelled"  # our word: the documents have none
STATUSES = (REQUEST_PENDING, QUEUED, REQUEST_FAILED, IN_PROGRESS, FINISHED, UPGRADE_FAILED)
OPEN = (REQUEST_PENDING, QUEUED, IN_PROGRESS)
NOT_STARTED = (REQUEST_PENDING, QUEUED)

ACCEPTED = "Device Accepted"
REJECTED = "Device Rejected"
REMOVED = "Device Removed"  # our word, used only where removed devices stay listed

NOT_FOUND = "Device not found."
NOT_ELIGIBLE = "Device not eligible for service."
ELSEWHERE = "Device scheduled for firmware-upgrade previously, it needs to be completed first."


class Entry(NamedTuple):
    """A device in an upgrade's list. Listed is not member."""

    status: str
    reason: str = ""

    @property
    def member(self) -> bool:
        return self.status not in (REJECTED, REMOVED)


@dataclass
class Upgrade:
    """A scheduled firmware upgrade. ``devices`` is the truth, ``shown`` what reads still see."""

    account: str
    firmware_name: str
    firmware_to: str
    start_date: str
    end_date: str | None = None
    status: str = QUEUED
    devices: dict[str, Entry] = field(default_factory=dict)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    row: int = 0
    starts_at: float | None = None
    ends_at: float | None = None
    started: float | None = None
    unsettled: set[str] = field(default_factory=set)
    pending_reads: int = 0
    shown: dict[str, Entry] | None = None
    hidden_reads: int = 0
    visible_at: float = 0.0
    reported_at: float = 0.0

    def members(self) -> set[str]:
        return {imei for imei, entry in self.devices.items() if entry.member}

    def hide_changes(self, reads: int, until: float) -> None:
        """Reads go on seeing today's list for ``reads`` reads and until ``until``."""
        if self.shown is None:
            self.shown = dict(self.devices)
        self.hidden_reads, self.visible_at = reads, until

    def seen(self, now: float, counts: bool) -> dict[str, Entry]:
        """The list that a read gets to see; one that ``counts`` brings the truth nearer."""
        if self.shown is None:
            return self.devices
        if self.hidden_reads <= 0 and now >= self.visible_at:
            self.shown = None
            return self.devices
        if counts and self.hidden_reads > 0:
            self.hidden_reads -= 1
        return self.shown


@dataclass
class Device:
    """A device of an account as its list shows it."""

    imei: str
    mdn: str = ""
    model: str = "Model"
    make: str = "Make"
    firmware: str = ""
    eligible: bool = True
    client_type: str = "OMADM"
    upgrade_time: str = "01/01/1900 0:0:0"


@dataclass
class Firmware:
    """A firmware that can be flashed: from one version of a make and model to another."""

    firmware_name: str
    to_version: str
    from_version: str = ""
    participant_name: str = "Participant"
    launch_date: str = "2018-04-01T16:03:00.000Z"
    release_note: str = ""
    model: str = "Model"
    make: str = "Make"


@dataclass
class HistoryRow:
    """One past upgrade of one device."""

    upgrade_id: str
    firmware_from: str
    firmware_to: str
    start_date: str
    upgrade_start_time: str
    status: str = "UpgradeSuccess"
    reason: str = "success"


@dataclass
class Subscription:
    """What an account has bought. MRC alone means that a device needs a license."""

    purchase_type: str = "TS-HFOTA-EVNT,TS-HFOTA-MRC"
    license_count: int = 9000
    update_time: str = "2018-03-02T16:03:06.000Z"

    @property
    def needs_license(self) -> bool:
        return self.purchase_type == "TS-HFOTA-MRC"


@dataclass
class Callback:
    """A registered listener."""

    url: str
    username: str = ""
    password: str = field(default="", repr=False)


@dataclass
class Account:
    """A billing account; ``accessible`` is false where it is not the user's."""

    name: str
    accessible: bool = True
    active: bool = True
    subscription: Subscription = field(default_factory=Subscription)
    firmware: list[Firmware] = field(default_factory=list)
    devices: dict[str, Device] = field(default_factory=dict)
    licenses: dict[str, str] = field(default_factory=dict)
    candidates: list[str] = field(default_factory=list)
    candidates_time: str = ""
    callbacks: dict[str, Callback] = field(default_factory=dict)
    history: dict[str, list[HistoryRow]] = field(default_factory=dict)


@dataclass
class Credentials:
    """The application and the one user of the simulator."""

    app_key: str = "simulator-key"
    app_secret: str = field(default="simulator-secret", repr=False)
    username: str = "simulator-user"
    password: str = field(default="simulator-password", repr=False)


@dataclass
class World:
    """Everything a seed describes."""

    credentials: Credentials = field(default_factory=Credentials)
    accounts: dict[str, Account] = field(default_factory=dict)
    upgrades: dict[str, Upgrade] = field(default_factory=dict)
    refusals: dict[str, str] = field(default_factory=dict)
    rows: int = 0

    def register(self, upgrade: Upgrade) -> Upgrade:
        """Put an upgrade on record, behind the older ones."""
        self.rows += 1
        upgrade.row = self.rows
        self.upgrades[upgrade.id] = upgrade
        return upgrade
