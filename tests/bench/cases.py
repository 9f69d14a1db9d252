# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is measured: each function seeds its world, runs one thing, and says how long it took. Another end or other requests than should be are an error."""

from __future__ import annotations

import json
import uuid

from stage import Stage, Took, imeis

UPGRADE = "0a61c2d5-3c1b-4f0e-9a55-3f5d1c6b7e01"
Task = dict[str, object]


class OneUpgrade:
    """An upgrade of `count` devices of which a twentieth leaves and as many come."""

    def __init__(self, stage: Stage, count: int) -> None:
        self.stage = stage
        devices = imeis(0, count + count // 20)
        self._before, self._after = devices[:count], devices[count // 20 :]
        self.file = stage.folder / "declared.txt"

    def _seed(self) -> None:
        self.file.write_text("\n".join(self._after) + "\n", encoding="utf-8")
        self.stage.seed([{"upgrade_id": UPGRADE, "devices": self._before}])

    def empty(self) -> Took:
        """The floor: ansible-playbook and a module that does nothing."""
        return self.stage.playbook([{"empty": {}}])

    def module(self) -> Took:
        self._seed()
        return self._counted(self.stage.playbook([self._task()]))

    def no_change(self) -> Took:
        """After :meth:`module`."""
        return self.stage.playbook([self._task()])

    def script(self) -> Took:
        self._seed()
        return self._counted(self.stage.script("bare_devices.py", UPGRADE, str(self.file)))

    def uri(self) -> Took:
        """Tasks with `ansible.builtin.uri` and the filter `difference`."""
        self._seed()
        return self._counted(self.stage.playbook(self._uri_tasks()))

    def _counted(self, took: Took) -> Took:
        requests = self.stage.requests()
        twentieth = len(self._before) // 20
        expected = 2 + 2 * (-(-twentieth // 1000))
        if requests != expected or self.stage.members() != {UPGRADE: len(self._after)}:
            raise RuntimeError(f"{requests} requests where {expected} do it, and {self.stage.members()} devices at the end")
        return took

    def _task(self) -> Task:
        options = {"upgrade_id": UPGRADE, "devices_file": str(self.file), "state": "exact", "imei_check": "none"}
        return {"thingspace.fota.upgrade_devices": options}

    def _uri_tasks(self) -> list[Task]:
        url = "{{ lookup('env', 'THINGSPACE_API_URL') }}/fota/v1/upgrades/{{ lookup('env', 'THINGSPACE_ACCOUNT') }}/upgrade/" + UPGRADE
        headers = {"Authorization": "Bearer {{ lookup('env', 'THINGSPACE_ACCESS_TOKEN') }}", "VZ-M2M-Token": "{{ lookup('env', 'THINGSPACE_SESSION_TOKEN') }}"}
        read: Task = {"ansible.builtin.uri": {"url": url, "headers": headers, "return_content": True}}
        facts = {
            "declared": f"{{{{ lookup('ansible.builtin.file', '{self.file}').splitlines() }}}}",
            "members": "{{ upgrade.json.deviceList | map(attribute='deviceId') | list }}",
        }

        def write(kind: str, devices: str) -> Task:
            body = {"type": kind, "deviceList": "{{ item }}"}
            task: Task = {"ansible.builtin.uri": {"url": url, "headers": headers, "method": "PUT", "body_format": "json", "body": body}}
            return {**task, "loop": f"{{{{ {devices} | batch(1000) | list }}}}", "loop_control": {"label": kind}}

        check: Task = {"ansible.builtin.assert": {"that": "upgrade.json.deviceList | map(attribute='deviceId') | symmetric_difference(declared) | length == 0"}}
        return [
            {**read, "register": "upgrade"},
            {"ansible.builtin.set_fact": facts},
            write("append", "declared | difference(members)"),
            write("remove", "members | difference(declared)"),
            {**read, "register": "upgrade"},
            check,
        ]


class ManyUpgrades:
    """`upgrades` upgrades of `count` devices each, of which a twentieth leaves and as many come."""

    def __init__(self, stage: Stage, upgrades: int, count: int) -> None:
        self.stage = stage
        self._count = count
        each = count + count // 20
        self._worlds = {str(uuid.UUID(int=number + 1, version=4)): imeis(number * each, each) for number in range(upgrades)}
        self._files = {upgrade_id: stage.folder / f"{upgrade_id}.txt" for upgrade_id in self._worlds}

    def _seed(self) -> None:
        twentieth = self._count // 20
        for upgrade_id, devices in self._worlds.items():
            self._files[upgrade_id].write_text("\n".join(devices[twentieth:]) + "\n", encoding="utf-8")
        self.stage.seed([{"upgrade_id": upgrade_id, "devices": devices[: self._count]} for upgrade_id, devices in self._worlds.items()])

    def rollout(self) -> Took:
        self._seed()
        return self._counted(self.no_change(), 3 + 4 * len(self._files))

    def no_change(self) -> Took:
        """After :meth:`rollout`."""
        return self.stage.playbook([{"thingspace.fota.rollout": self._options()}])

    def alone(self) -> Task:
        """The options of a rollout whose module runs without ansible-playbook, one request after the other."""
        self._seed()
        names = {"account": "THINGSPACE_ACCOUNT", "api_url": "THINGSPACE_API_URL"}
        names |= {"access_token": "THINGSPACE_ACCESS_TOKEN", "session_token": "THINGSPACE_SESSION_TOKEN"}
        return {**self._options(), "concurrency": 1, **{option: self.stage.env[name] for option, name in names.items()}}

    def _options(self) -> Task:
        entries = [{"upgrade_id": upgrade_id, "devices_file": str(path), "state": "exact"} for upgrade_id, path in self._files.items()]
        return {"upgrades": entries, "imei_check": "none"}

    def script(self) -> Took:
        self._seed()
        given = self.stage.folder / "files.json"
        given.write_text(json.dumps({upgrade_id: str(path) for upgrade_id, path in self._files.items()}), encoding="utf-8")
        return self._counted(self.stage.script("bare_rollout.py", str(given)), 3 + 4 * len(self._files))

    def loop(self) -> Took:
        """One task for each upgrade, as a loop runs them."""
        self._seed()
        options = {"upgrade_id": "{{ item.id }}", "devices_file": "{{ item.file }}", "state": "exact", "imei_check": "none"}
        items = [{"id": upgrade_id, "file": str(path)} for upgrade_id, path in self._files.items()]
        task: Task = {"thingspace.fota.upgrade_devices": options, "loop": items, "loop_control": {"label": "{{ item.id }}"}}
        return self._counted(self.stage.playbook([task]), 4 * len(self._files))

    def _counted(self, took: Took, expected: int) -> Took:
        requests = self.stage.requests()
        wanted = dict.fromkeys(self._worlds, self._count)
        if requests != expected or self.stage.members() != wanted:
            raise RuntimeError(f"{requests} requests where {expected} do it, or not every upgrade has the devices that it should have")
        return took
