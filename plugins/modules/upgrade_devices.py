#!/usr/bin/python
# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: the devices of one scheduled upgrade."""

from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade_devices
short_description: Declare which devices a scheduled ThingSpace firmware upgrade contains
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Appends devices to a scheduled firmware upgrade of Verizon ThingSpace (FOTA v1) and removes devices from it, so that it contains what is declared.
  - It reads the upgrade, sends only the difference, appends before it removes, and reads the upgrade again. What it reports is what is really there.
  - Devices can be changed until the upgrade starts, that is while it is RequestPending or Queued. A task that has nothing to do succeeds in any state.
  - A request whose answer was lost is never sent again blindly. The upgrade is read, and only what is still missing is sent.
  - The run that makes the difference can be seen first with C(--check --diff), and tied to what a reviewer approved with O(expect_plan_digest).
options:
  upgrade_id:
    description:
      - The UUID of the upgrade, as the service gave it when the upgrade was scheduled.
      - In check mode only it may be empty. The plan is then made against an upgrade without devices, with a warning.
    type: str
    required: true
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.writes
  - thingspace.fota.attributes.api_group
  - thingspace.fota.connection
  - thingspace.fota.devices
  - thingspace.fota.membership
notes:
  - Devices that the upgrade lists as C(Device Rejected) are not members. They are not sent again, not removed for not being declared,
    and reported in RV(rejected) if they are declared. Devices with any other status are members. As long as the upgrade has not started, a
    status that no document has for a member makes a warning.
  - An upgrade whose list of devices the service leaves out is not taken for an empty one. With O(state=absent) and O(state=exact) the task fails
    as V(service).
seealso:
  - module: thingspace.fota.session
  - name: Modify a Scheduled Upgrade
    description: The operation of FOTA v1 behind this module.
    link: https://thingspace.verizon.com/documentation/apis/software-management/api-reference/modify-scheduled-upgrade.html
"""

EXAMPLES = r"""
- name: Make sure that two devices are in the upgrade
  thingspace.fota.upgrade_devices:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    upgrade_id: 60b5d639-ccdc-4db8-8824-069bd94c95bf
    devices:
      - "990003425730535"
      - "990000473475989"

# Devices of the upgrade that the file does not list are removed from it.
- name: Make the upgrade contain exactly the devices of a file
  thingspace.fota.upgrade_devices:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    upgrade_id: 60b5d639-ccdc-4db8-8824-069bd94c95bf
    devices_file: waves/canary.csv
    state: exact
    max_removals: 20
  register: canary

- name: Show what was done
  ansible.builtin.debug:
    msg: "{{ canary.msg }}"

- name: Keep a device out of the upgrade
  thingspace.fota.upgrade_devices:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    upgrade_id: 60b5d639-ccdc-4db8-8824-069bd94c95bf
    devices: ["990003425730535"]
    state: absent
"""

RETURN = r"""
upgrade_id:
  description: The upgrade.
  returned: always
  type: str
  sample: 60b5d639-ccdc-4db8-8824-069bd94c95bf
upgrade_status:
  description: State of the upgrade at the last read, null if it was not read.
  returned: always
  type: str
  sample: Queued
firmware_name:
  description: Name of the firmware that the upgrade installs.
  returned: always
  type: str
  sample: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
firmware_to:
  description: Version that the devices have after the upgrade.
  returned: always
  type: str
  sample: SR1.2.0.0-10657
start_date:
  description: When the upgrade starts (ISO 8601, UTC).
  returned: always
  type: str
  sample: "2026-12-01"
upgrade:
  description:
    - The upgrade at the last read, in check mode as it would be. The same dictionary as that of M(thingspace.fota.upgrade_info).
    - Null if it was not read. Fields that the service tells beyond these are kept.
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
added:
  description: Devices that this task appended, sorted. In check mode those that it would append.
  returned: always
  type: list
  elements: str
  sample: ["990003425730535"]
removed:
  description: Devices that this task removed, sorted. In check mode those that it would remove.
  returned: always
  type: list
  elements: str
  sample: ["990000473475989"]
rejected:
  description: Declared devices that the service refuses.
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
        V(append) or V(remove) if it was refused in this run, V(listed) if the upgrade lists it as rejected since an earlier one.
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
duplicates:
  description: Devices that the declaration names more than once, sorted.
  returned: always
  type: list
  elements: str
  sample: []
added_count:
  description: Number of devices in RV(added) before any cut.
  returned: always
  type: int
  sample: 1
removed_count:
  description: Number of devices in RV(removed) before any cut.
  returned: always
  type: int
  sample: 1
unchanged_count:
  description: Number of devices that were in the upgrade and stayed, null if the upgrade was not read.
  returned: always
  type: int
  sample: 9996
rejected_count:
  description: Number of devices in RV(rejected) before any cut.
  returned: always
  type: int
  sample: 0
before_count:
  description: Number of devices in the upgrade at the first read, null if it was not read.
  returned: always
  type: int
  sample: 9997
after_count:
  description: Number of devices in the upgrade at the last read, in check mode the number there would be, null if it was not read.
  returned: always
  type: int
  sample: 9997
requests:
  description: HTTP requests that the task made, tries included.
  returned: always
  type: int
  sample: 4
plan_digest:
  description:
    - SHA-256 over the sorted planned writes, the same in check mode. For O(expect_plan_digest).
    - Null if the task failed before it could plan.
  returned: always
  type: str
  sample: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
truncated:
  description: Whether O(result_limit) cut the lists.
  returned: always
  type: bool
  sample: false
msg:
  description: The counts in a line, on failure the reason.
  returned: always
  type: str
  sample: 3 added, 1 removed, 9996 unchanged, 0 rejected
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
        One of V(input), V(rail), V(state), V(rejected), V(not_visible), V(access_token), V(session_token), V(not_found), V(forbidden),
        V(dependency), V(interrupted), V(service), V(unreachable), V(internal).
      type: str
      sample: rail
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
from ..module_utils._ansible.options import connection_options, device_options, membership_options
from ..module_utils._results.membership import empty_result
from ..module_utils._tasks.upgrade_devices import job


def main() -> None:
    run(
        {"upgrade_id": {"type": "str", "required": True}, **connection_options(), **device_options(), **membership_options()},
        job,
        empty_result,
    )


if __name__ == "__main__":
    main()
