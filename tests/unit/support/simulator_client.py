# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A plain client that is not the collection's own."""

from __future__ import annotations

from typing import Any

import requests
from thingspace_simulator import Simulator

ACCOUNT = "0402196254-00001"
UPGRADE = "60b5d639-ccdc-4db8-8824-069bd94c95bf"
A, B, C, D = "990003425730535", "990000473475989", "990013907835573", "004401234567012"


class Client:
    """requests with both tokens."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self.http = requests.Session()
        self.http.trust_env = False
        access, session = sim.tokens()
        self.http.headers.update({"Authorization": f"Bearer {access}", "VZ-M2M-Token": session})

    def call(self, method: str, path: str, body: Any = None, **options: Any) -> requests.Response:
        return self.http.request(method, f"{self.sim.api_url}/fota/v1{path}", json=body, timeout=10, allow_redirects=False, **options)

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def upgrade(self, upgrade_id: str = UPGRADE) -> Any:
        return self.get(f"/upgrades/{ACCOUNT}/upgrade/{upgrade_id}")

    def listed(self, upgrade_id: str = UPGRADE) -> dict[str, str]:
        """{imei: status} as the service shows it."""
        return {item["deviceId"]: item["status"] for item in self.upgrade(upgrade_id)["deviceList"]}

    def put(self, operation: str, *devices: str, upgrade_id: str = UPGRADE) -> requests.Response:
        body = {"type": operation, "deviceList": list(devices)}
        return self.call("PUT", f"/upgrades/{ACCOUNT}/upgrade/{upgrade_id}", body)

    def outcome(self, operation: str, *devices: str) -> list[tuple[str, str, str]]:
        answer = self.put(operation, *devices)
        assert answer.status_code == 200, answer.text
        return [(item["deviceId"], item["status"], item["Reason"]) for item in answer.json()["deviceList"]]
