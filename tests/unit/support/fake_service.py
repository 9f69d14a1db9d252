# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Upgrades of one account in memory, behind the methods of a client, where the simulator would be too slow. Devices are single letters."""

from __future__ import annotations

import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._api.model import UpgradeKey
from ansible_collections.thingspace.fota.plugins.module_utils._api.status import Operation
from ansible_collections.thingspace.fota.plugins.module_utils._clock import Backoff
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._http.client import Client

from support.fake_membership import DONE, Clock, Scripted

ACCOUNT = "0402196254-00001"
KEY = UpgradeKey("F", "2.1", "2999-01-01")
Body = dict[str, t.Any]


class FakeService(Scripted):
    """Calls are told as ``GET U``, ``PUT U append ab``, ``POST ab``, ``DELETE U`` and ``LIST Queued``; steps go by the first word."""

    api_url = "https://fake.example/api"
    received = 0

    def __init__(self, timeout: float = 10) -> None:
        super().__init__()
        self.upgrades: dict[str, Body] = {}
        self.posted: list[Body] = []
        self.clock = Clock()
        self._timeout = timeout

    @property
    def client(self) -> Client:
        return t.cast("Client", self)

    def backoff(self) -> Backoff:
        return self.clock.backoff(self._timeout)

    def add(self, upgrade_id: str, members: str = "", refused: str = "", status: str = "Queued", key: UpgradeKey = KEY) -> Body:
        devices = [*((device, "Device Accepted", "") for device in members), *((device, "Device Rejected", "not eligible") for device in refused)]
        body: Body = {"id": upgrade_id, "accountName": ACCOUNT, "status": status, "endDate": "2999-02-01"}
        body |= {"firmwareName": key.firmware_name, "firmwareTo": key.firmware_to, "startDate": key.start_date}
        body["deviceList"] = [{"deviceId": device, "status": word, "resultReason": why} for device, word, why in devices]
        self.upgrades[upgrade_id] = body
        return body

    def held(self, upgrade_id: str) -> str:
        listed = self.upgrades[upgrade_id]["deviceList"]
        return "".join(sorted(item["deviceId"] for item in listed if item["status"] != "Device Rejected"))

    def change(self, upgrade_id: str, operation: Operation, devices: t.Iterable[str]) -> None:
        devices = set(devices)
        kept = [item for item in self.upgrades[upgrade_id]["deviceList"] if item["deviceId"] not in devices]
        added = [{"deviceId": device, "status": "Device Accepted"} for device in sorted(devices)] if operation == "append" else []
        self.upgrades[upgrade_id]["deviceList"] = kept + added

    def read(self, path: str) -> t.Any:
        resource, account, *rest = path.split("/")[3:]
        assert account == ACCOUNT
        if resource == "upgrades":
            return self.step("GET", f"GET {rest[1]}") or self._there(rest[1])
        # All of a status is one page.
        assert (rest[0], rest[2:]) == ("status", ["index", "0"])
        listed = [dict(body) for body in self.upgrades.values() if body["status"] == rest[1]]
        return self.step("LIST", f"LIST {rest[1]}") or {"reportList": listed, "hasMoreData": False}

    def write(self, method: str, path: str, body: t.Any = None) -> t.Any:
        if method == "POST":
            self.posted.append(body)
            return self.step("POST", f"POST {''.join(body['deviceList'])}") or self.make(body)
        upgrade_id = path.split("/")[-1]
        if method == "DELETE":
            step = self.step("DELETE", f"DELETE {upgrade_id}")
            self._there(upgrade_id)
            if step is None:
                del self.upgrades[upgrade_id]
            return step or {"success": True}
        operation, devices = body["type"], body["deviceList"]
        step = self.step("PUT", f"PUT {upgrade_id} {operation} {''.join(devices)}")
        if step is None:
            self.change(upgrade_id, operation, devices)
            step = {"deviceList": [{"deviceId": device, "status": DONE[t.cast("Operation", operation)].status} for device in devices]}
        return step

    def make(self, body: Body, upgrade_id: str = "") -> Body:
        """What a POST makes."""
        key = UpgradeKey(body["firmwareName"], body["firmwareTo"], body["startDate"])
        return dict(self.add(upgrade_id or f"N{len(self.posted)}", "".join(body["deviceList"]), status="RequestPending", key=key))

    def _there(self, upgrade_id: str) -> Body:
        if upgrade_id not in self.upgrades:
            raise ThingSpaceError(f"There is no {upgrade_id}.", "not_found")
        return dict(self.upgrades[upgrade_id])
