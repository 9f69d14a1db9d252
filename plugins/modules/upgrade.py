#!/usr/bin/python
# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: schedule or cancel one upgrade."""

from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade
short_description: Schedule or cancel a ThingSpace firmware upgrade
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Schedules a firmware upgrade of Verizon ThingSpace (FOTA v1) for a list of devices, unless it is there already, or cancels one that has not started.
  - The service knows an upgrade by a UUID that it makes up itself. Here an upgrade is known by O(firmware_name), O(firmware_to) and O(start_date) together.
    One with these three that is RequestPending, Queued, InProgress or Finished is the declared one, and is never scheduled a second time.
    One that was refused as a whole (RequestFailed) or could not be run (UpgradeFailed) is scheduled anew.
  - An upgrade that is not found and whose O(start_date) lies before today (UTC) is never scheduled. The service forgets upgrades six months after their
    end, and a wave that is still in Git must not flash its devices again.
  - A request to schedule is sent at most once without an answer. If its answer is lost, the reports tell what became of it. If the upgrade does not come
    into the reports within O(retry_timeout), the task fails and says so, and a later run looks for it first. An upgrade that appears with other devices
    than those that were sent is not taken for it.
  - A request that was surely not sent, or was answered with HTTP 429, is sent again after another look at the reports. If several were carried out all the
    same, the task fails and names them all.
  - That the service accepts an upgrade does not mean that it schedules it, since its checks come later. O(wait=true) waits for them.
  - The devices of an upgrade that is there already are compared with the declared ones, and not changed. M(thingspace.fota.upgrade_devices) does that.
  - An upgrade that was scheduled is read again. If it does not hold all devices that were sent with it within O(retry_timeout), the task fails as
    V(not_visible).
options:
  state:
    description:
      - V(present) makes sure that the upgrade is scheduled, is running or has finished.
      - V(absent) makes sure that the upgrade will not start. One that the service does not know, or has refused as a whole (RequestFailed), is fine. One that
        has started, whatever its end (InProgress, Finished, UpgradeFailed), fails as V(state). Devices, dates of end and waiting do not matter then.
    type: str
    choices: [present, absent]
    default: present
  firmware_name:
    description:
      - Name of the firmware, as the service lists it.
      - Has to be a string.
    type: raw
  firmware_to:
    description:
      - Version that the devices have after the upgrade, as the service lists it.
      - Has to be a string. Put it in quotes, since YAML reads 2.10 as the number 2.1, which is another version.
    type: raw
  start_date:
    description:
      - The day on which the upgrade starts, as C(YYYY-MM-DD), in UTC. It starts about midnight UTC, and one for today within about two hours.
      - A moment is accepted if it is midnight UTC, since templates and YAML may make one of a day.
    type: str
  end_date:
    description:
      - The day on which the upgrade ends, as C(YYYY-MM-DD), in UTC.
      - Older documents of the service have no such thing, newer ones demand it. It is sent if it is given.
      - It is no part of what an upgrade is known by. Another end of an upgrade that is there already makes a warning.
    type: str
  upgrade_id:
    description:
      - With O(state=absent) the UUID of the upgrade to cancel, instead of O(firmware_name), O(firmware_to) and O(start_date).
      - In check mode it may be empty, for an upgrade that check mode has just predicted. There is nothing to cancel then.
    type: str
  wait:
    description:
      - Whether to wait until the service has checked the upgrade, that is until it leaves RequestPending.
      - If the service refuses the upgrade as a whole (RequestFailed), the task fails as V(state), with the reasons device by device.
        Refused devices of an upgrade that is scheduled make a warning. Look at RV(rejected) to judge about them.
    type: bool
    default: false
  wait_timeout:
    description:
      - How many seconds O(wait) lasts. Then the task fails as V(timeout), with the upgrade as it is. No look at the upgrade starts later.
    type: int
    default: 600
  result_limit:
    description:
      - How many entries RV(rejected) and RV(duplicates) hold together. Beyond it, and beyond 400,000 characters, they are cut and RV(truncated) is V(true).
        V(0) lifts it.
    type: int
    default: 10000
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.writes
  - thingspace.fota.attributes.api_group
  - thingspace.fota.connection
  - thingspace.fota.devices
notes:
  - O(devices) or O(devices_file) is needed to schedule an upgrade, not for one that is there already. At least one device has to be declared then.
  - Two tasks that schedule the same upgrade at the same moment make two, since the service has no means against it. The next run fails and names both.
seealso:
  - module: thingspace.fota.session
  - module: thingspace.fota.upgrade_devices
  - name: Schedule a Firmware Upgrade
    description: The operation of FOTA v1 behind O(state=present).
    link: https://thingspace.verizon.com/documentation/apis/software-management/api-reference/schedule-firmware-upgrade.html
  - name: Cancel an Upgrade
    description: The operation of FOTA v1 behind O(state=absent).
    link: https://thingspace.verizon.com/documentation/apis/software-management/api-reference/cancel-an-upgrade.html
"""

EXAMPLES = r"""
- name: Schedule an upgrade for the devices of a file, and wait until the service has checked it
  thingspace.fota.upgrade:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    firmware_name: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
    firmware_to: SR1.2.0.0-10657
    start_date: "2026-12-01"
    end_date: "2026-12-14"
    devices_file: waves/canary.csv
    wait: true
  register: canary

- name: Show the upgrade
  ansible.builtin.debug:
    msg: "{{ canary.upgrade }}"

- name: Cancel it
  thingspace.fota.upgrade:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    firmware_name: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
    firmware_to: SR1.2.0.0-10657
    start_date: "2026-12-01"
    state: absent

- name: Cancel an upgrade that is known by its UUID
  thingspace.fota.upgrade:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    upgrade_id: 60b5d639-ccdc-4db8-8824-069bd94c95bf
    state: absent
"""

RETURN = r"""
action:
  description: V(schedule) or V(cancel) if that was done, in check mode if it would be; else V(none).
  returned: always
  type: str
  sample: schedule
upgrade:
  description:
    - The upgrade as it is, in check mode as it would be. After a cancellation as it was before.
    - Null if there is none. Fields that the service tells beyond these are kept.
  returned: always
  type: dict
  contains:
    upgrade_id:
      description: The UUID, null for an upgrade that check mode predicts.
      type: str
      sample: 60b5d639-ccdc-4db8-8824-069bd94c95bf
    account:
      description: The billing account.
      type: str
      sample: 0402196254-00001
    firmware_name:
      description: Name of the firmware that the upgrade installs.
      type: str
      sample: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
    firmware_to:
      description: Version that the devices have after the upgrade.
      type: str
      sample: SR1.2.0.0-10657
    start_date:
      description: When the upgrade starts (ISO 8601, UTC).
      type: str
      sample: "2026-12-01"
    end_date:
      description: When the upgrade ends (ISO 8601, UTC), null if the service does not tell.
      type: str
      sample: "2026-12-14"
    status:
      description: State of the upgrade.
      type: str
      sample: Queued
    device_count:
      description: Number of devices that the upgrade lists, rejected ones too.
      type: int
      sample: 2
    devices_by_status:
      description: The same by status, as the service spells it.
      type: dict
      sample: {"Device Accepted": 1, "Device Rejected": 1}
upgrade_id:
  description: The UUID of the upgrade, null if there is none and for one that check mode predicts.
  returned: always
  type: str
  sample: 60b5d639-ccdc-4db8-8824-069bd94c95bf
devices_missing_count:
  description:
    - How many declared devices are not in the upgrade, whether it was there already or was scheduled by this task. Those in RV(rejected) do not count.
    - Null if there is none, or nothing was declared.
  returned: always
  type: int
  sample: 0
devices_extra_count:
  description:
    - How many devices in the upgrade are not declared.
    - Null if there is none, or nothing was declared.
  returned: always
  type: int
  sample: 0
rejected:
  description: Declared devices that the service refuses, as far as it has checked them yet.
  returned: always
  type: list
  elements: dict
  contains:
    device_id:
      description: The device.
      type: str
      sample: "990013907835573"
    operation:
      description: >-
        V(append) if it was refused after this task scheduled the upgrade, V(listed) if an upgrade that was there already lists it as rejected.
      type: str
      sample: append
    status:
      description: The status that the service gave.
      type: str
      sample: Device Rejected
    reason:
      description: The reason that the service gave.
      type: str
      sample: Device not found.
rejected_count:
  description: Number of devices in RV(rejected) before any cut.
  returned: always
  type: int
  sample: 1
duplicates:
  description: Devices that the declaration names more than once, sorted.
  returned: always
  type: list
  elements: str
  sample: []
truncated:
  description: Whether O(result_limit) cut the lists.
  returned: always
  type: bool
  sample: false
requests:
  description: HTTP requests that the task made, tries included.
  returned: always
  type: int
  sample: 6
msg:
  description: What was done, or would be done, in a line, on failure the reason.
  returned: always
  type: str
  sample: "scheduled: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657 to SR1.2.0.0-10657 on 2026-12-01, 2 devices, Queued"
changes_known:
  description:
    - V(false) where a change was sent and nobody knows what became of it. C(changed) is V(true) then, so that handlers run.
    - Look at what is there, or run the task again later - it sends only what is still missing then.
  returned: failure, where it is not known
  type: bool
  sample: false
error:
  description: What went wrong, for playbooks.
  returned: failure
  type: dict
  contains:
    kind:
      description: >-
        One of V(input), V(state), V(timeout), V(not_visible), V(access_token), V(session_token), V(not_found), V(forbidden), V(dependency),
        V(interrupted), V(service), V(unreachable), V(internal).
      type: str
      sample: state
    status:
      description: HTTP status of the answer, null if there was none.
      type: int
      sample: 400
    code:
      description: The service's own error code, null if there was none.
      type: str
      sample: INVALID_PARAMETER
    message:
      description: The service's own message, or the reason.
      type: str
      sample: Invalid upgradeId
"""

from ..module_utils._ansible.module import run
from ..module_utils._ansible.options import connection_options, device_options
from ..module_utils._results.upgrade import empty_result
from ..module_utils._tasks.upgrade import job


def main() -> None:
    run(
        {
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
            "firmware_name": {"type": "raw"},
            "firmware_to": {"type": "raw"},
            "start_date": {"type": "str"},
            "end_date": {"type": "str"},
            "upgrade_id": {"type": "str"},
            "wait": {"type": "bool", "default": False},
            "wait_timeout": {"type": "int", "default": 600},
            "result_limit": {"type": "int", "default": 10000},
            **connection_options(),
            **device_options(),
        },
        job,
        empty_result,
    )


if __name__ == "__main__":
    main()
