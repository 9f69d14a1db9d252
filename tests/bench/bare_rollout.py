# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The same for many upgrades at once: the requests of `rollout` over four connections, and no care at all. Its input is JSON, id to file."""

from __future__ import annotations

import json
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import requests

with open(sys.argv[1], encoding="utf-8") as given:
    files = json.load(given)
account = f"{os.environ['THINGSPACE_API_URL']}/fota/v1/{{}}/{os.environ['THINGSPACE_ACCOUNT']}"
local = threading.local()


def session() -> requests.Session:
    if not hasattr(local, "session"):
        local.session = requests.Session()
        local.session.headers.update({"Authorization": f"Bearer {os.environ['THINGSPACE_ACCESS_TOKEN']}"})
        local.session.headers.update({"VZ-M2M-Token": os.environ["THINGSPACE_SESSION_TOKEN"]})
    kept: requests.Session = local.session
    return kept


def members(upgrade_id: str) -> set[str]:
    answer = session().get(f"{account.format('upgrades')}/upgrade/{upgrade_id}", timeout=60).json()
    return {device["deviceId"] for device in answer["deviceList"]}


def held(status: str) -> set[str]:
    answer = session().get(f"{account.format('reports')}/status/{status}/index/0", timeout=60).json()
    return {device["deviceId"] for upgrade in answer["reportList"] if upgrade["id"] not in files for device in upgrade["deviceList"]}


def converge(upgrade_id: str) -> None:
    with open(files[upgrade_id], encoding="utf-8") as file:
        declared = {line.strip() for line in file}
    now = members(upgrade_id)
    for kind, devices in (("append", sorted(declared - now)), ("remove", sorted(now - declared))):
        for start in range(0, len(devices), 1000):
            body = {"type": kind, "deviceList": devices[start : start + 1000]}
            session().put(f"{account.format('upgrades')}/upgrade/{upgrade_id}", json=body, timeout=60).raise_for_status()
    assert members(upgrade_id) == declared


with ThreadPoolExecutor(4) as pool:
    assert not any(pool.map(held, ("RequestPending", "Queued", "InProgress")))
    list(pool.map(converge, files))
