# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What somebody writes who needs the job done once: the requests of `upgrade_devices` and no care at all."""

from __future__ import annotations

import os
import sys

import requests

upgrade_id, path = sys.argv[1:]
session = requests.Session()
session.headers.update({"Authorization": f"Bearer {os.environ['THINGSPACE_ACCESS_TOKEN']}", "VZ-M2M-Token": os.environ["THINGSPACE_SESSION_TOKEN"]})
url = f"{os.environ['THINGSPACE_API_URL']}/fota/v1/upgrades/{os.environ['THINGSPACE_ACCOUNT']}/upgrade/{upgrade_id}"
with open(path, encoding="utf-8") as file:
    declared = {line.strip() for line in file}
members = {device["deviceId"] for device in session.get(url, timeout=60).json()["deviceList"]}
for kind, devices in (("append", sorted(declared - members)), ("remove", sorted(members - declared))):
    for start in range(0, len(devices), 1000):
        session.put(url, json={"type": kind, "deviceList": devices[start : start + 1000]}, timeout=60).raise_for_status()
members = {device["deviceId"] for device in session.get(url, timeout=60).json()["deviceList"]}
assert members == declared
