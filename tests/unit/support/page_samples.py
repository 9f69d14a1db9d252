# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrades as `upgrade_info` returns them, for the tests of the page."""

from __future__ import annotations

import typing as t

Upgrade = dict[str, t.Any]

ACCOUNT = "0402196254-00001"
TODAY = "2026-11-23T06:00:00Z"
OLD, NEW = "SR1.2.0.0-10512", "SR1.2.0.0-10657"
STATUSES = ["RequestPending", "Queued", "InProgress", "Finished", "RequestFailed", "UpgradeFailed"]
DONE, FAILED, WAITS, REFUSED = ("UpgradeSuccess", "success"), ("UpgradeFailed", "Download timed out."), ("Device Accepted", "success"), "Device Rejected"
# What a name must not be able to do: run, load, break out, turn the writing, be a template.
EVIL = [
    "</title></style></script><img src=x onerror=alert(1)>",
    '"><svg onload=alert(1)>',
    "' onmouseover='alert(1)",
    "<!-- <b>&lt;script src=http://127.0.0.1:9/x></script>",
    "javascript:alert(1)\u202e\u0000\ud800",
    "{{ lookup('ansible.builtin.pipe', 'touch evil') }}",
]


def imeis(first: int, count: int) -> list[str]:
    """Devices with numbers in a row."""
    return [f"{99000000000000 + number:015d}" for number in range(first, first + count)]


def listed(names: t.Iterable[str], status: str = "Device Accepted", reason: str | None = "success") -> list[Upgrade]:
    """Devices of one standing."""
    return [{"device_id": name, "status": status, "reason": reason} for name in names]


def upgrade(number: int, status: str, start: str | None, devices: t.Sequence[Upgrade] = (), end: str | None = None, **more: t.Any) -> Upgrade:
    """An upgrade as the module returns it."""
    names = {"firmware_name": f"SEQUANSCommunications_GM01Q_{OLD}_{NEW}", "firmware_to": NEW, "start_date": start, "end_date": end}
    told = {"upgrade_id": f"{number:08d}-ccdc-4db8-8824-069bd94c95bf", "account": ACCOUNT, **names, "status": status}
    return {**told, "device_count": len(devices), "devices_by_status": {}, "devices": list(devices), **more}


def a_rollout() -> list[Upgrade]:
    """A rollout half way, and what can go wrong with one. The picture in the documentation shows it."""
    canary = [*listed(imeis(0, 48), *DONE), *listed(imeis(48, 2), *FAILED)]
    first = [*listed(imeis(100, 1130), *DONE), *listed(imeis(1230, 37), *FAILED), *listed(imeis(1267, 9), "UpgradeFailed", "Battery too low.")]
    second = [*listed(imeis(2000, 1700), *DONE), *listed(imeis(3700, 2240)), *listed(imeis(5940, 60), *FAILED)]
    refused = [*listed(imeis(15000, 14), REFUSED, "Device not found."), *listed(imeis(15014, 5), REFUSED, "Device not eligible for service.")]
    third = [*listed(imeis(6000, 9000)), *refused]
    return [
        upgrade(1, "Finished", "2026-09-14", canary, "2026-09-18", firmware_to=OLD, firmware_name="SEQUANSCommunications_GM01Q_SR1.1_SR1.2.0.0-10512"),
        upgrade(2, "Finished", "2026-10-12", listed(imeis(0, 50), *DONE), "2026-10-16"),
        upgrade(3, "UpgradeFailed", "2026-10-19", listed(imeis(100, 1176)), "2026-10-23"),
        upgrade(4, "Finished", "2026-10-26", first, "2026-11-01"),
        upgrade(5, "InProgress", "2026-11-16", second, "2026-11-29"),
        upgrade(6, "Queued", "2026-11-24", listed(imeis(15100, 2500)), "2026-11-30"),
        upgrade(7, "Queued", "2026-12-07", third, "2026-12-20"),
        upgrade(8, "RequestPending", "2026-12-21", listed(imeis(17600, 4000), "RequestPending", None)),
        upgrade(9, "RequestFailed", "2026-12-07", listed(imeis(21600, 3), REFUSED, "Unknown client device type."), firmware_to="SR2.0.0.0-11001"),
    ]


def hostile() -> list[Upgrade]:
    """Everything that the service tells is an attack."""
    found = []
    for number, text in enumerate(EVIL):
        names = {"firmware_name": text, "firmware_to": text, "end_date": text, "upgrade_id": text}
        devices = [*listed([text], text, text), *listed([f"9900000000{number:05d}"], "UpgradeFailed", text)]
        found.append(upgrade(number, text, f"2026-11-{number + 10}{text}", devices, **names))
        found.append(upgrade(number + 50, "Finished", None, devices, **names))
    return found


def a_large_account(devices: int = 100_000) -> list[Upgrade]:
    """A large fleet in forty waves, twice: half a year of upgrades. Many fail, for reasons that name the device."""
    share = devices // 40
    found = []
    for number in range(40):
        part = imeis(number * share, share)
        start = f"2026-{7 + number // 10:02d}-{1 + number % 10 * 3:02d}"
        good, bad = part[share // 10 :], part[: share // 10]
        told = [{"device_id": name, "status": "UpgradeFailed", "reason": f"Device {name} did not answer."} for name in bad[: share // 50]]
        ended = [*listed(good, *DONE), *listed(bad[share // 50 :], *FAILED), *told]
        found.append(upgrade(number, "Finished", start, ended, firmware_to=OLD))
        found.append(upgrade(number + 100, "Finished", start.replace("2026-1", "2026-0"), ended))
    return found
