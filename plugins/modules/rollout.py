#!/usr/bin/python
# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: several scheduled upgrades of an account, declared together."""

from __future__ import annotations

DOCUMENTATION = r"""
module: rollout
short_description: Declare several ThingSpace firmware upgrades of an account together, as the waves of a rollout
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Makes one plan over several upgrades of an account, checks it as a whole before the first write, and carries it out.
  - An upgrade that does not exist yet is scheduled with its devices. For one that exists only the difference in devices is sent.
    Upgrades are never cancelled by this module.
  - A device can be in one upgrade only. One that is declared in an upgrade and is a member of another declared upgrade B(moves), whatever the
    O(upgrades[].state) of the other. It leaves before it arrives, and it counts as a removal from the upgrade that it leaves, whose guardrails hold for it.
  - Removes that would leave an upgrade without devices wait for its appends. Where moves form a circle and allow no such order, one upgrade of it
    is without devices for a moment, and the plan says which one.
  - Before the first write the task fails if a device is declared in two upgrades, if a device is in an upgrade that is not declared, if a guardrail
    forbids the removals of any upgrade, or if an upgrade that has started would have to change. The message names everything that it found.
  - A failure in one upgrade does not stop the others. Devices that could not leave an upgrade are not appended to another, and are named.
options:
  upgrades:
    description:
      - The declared upgrades. Each is known by O(upgrades[].upgrade_id), or by O(upgrades[].firmware_name), O(upgrades[].firmware_to) and
        O(upgrades[].start_date) together.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description:
          - What people call the upgrade, for messages and reports. The service does not know it.
        type: str
      upgrade_id:
        description:
          - The UUID of a scheduled upgrade.
        type: str
      firmware_name:
        description:
          - Name of the firmware.
          - An upgrade with the same firmware name, target version and start date that is RequestPending, Queued, InProgress or Finished is the
            declared one. If there is none, it is scheduled. Two are an error that names both.
        type: raw
      firmware_to:
        description:
          - Version that the devices have afterwards. Always quote it, since YAML reads 2.10 as the number 2.1.
        type: raw
      start_date:
        description:
          - The day on which the upgrade starts, as C(YYYY-MM-DD), in UTC.
          - One that is not found and whose day lies before today is never scheduled. It is reported as RV(upgrades[].action=past), with a warning,
            since the service forgets upgrades after six months and a file of last year must not flash again.
        type: str
      end_date:
        description:
          - The day on which an upgrade that is scheduled ends. Where it is not given, the service decides.
        type: str
      devices:
        description:
          - The declared devices as IMEIs, quoted strings of exactly 15 digits.
          - Exactly one of O(upgrades[].devices) and O(upgrades[].devices_file) is needed.
        type: list
        elements: str
        aliases: [imeis, device_list]
      devices_file:
        description:
          - A file with the declared devices, looked up and read as O(thingspace.fota.upgrade_devices#module:devices_file).
        type: path
      devices_column:
        description:
          - Header of the column of a CSV file that holds the devices, if it is none of V(imei), V(device_id) and V(deviceId).
        type: str
      state:
        description:
          - V(present) makes sure that at least the declared devices are in the upgrade, V(absent) that none of them is, V(exact) that exactly
            these are. It speaks of devices and never cancels an upgrade.
        type: str
        choices: [present, absent, exact]
        default: present
      allow_empty:
        description:
          - In place of O(allow_empty), for this upgrade.
        type: bool
      max_removal_percent:
        description:
          - In place of O(max_removal_percent), for this upgrade.
        type: float
      max_removals:
        description:
          - In place of O(max_removals), for this upgrade.
        type: int
      on_rejected:
        description:
          - In place of O(on_rejected), for this upgrade.
        type: str
        choices: [fail, warn, ignore]
      imei_check:
        description:
          - In place of O(imei_check), for this upgrade.
        type: str
        choices: [warn, strict, none]
      batch_size:
        description:
          - In place of O(batch_size), for this upgrade.
        type: int
  unlisted:
    description:
      - What an open upgrade of the account that is not declared does. V(fail) fails before any write and names it.
      - Whatever it is, a declared device that is a member of such an upgrade is an error. A run that appends nothing, and whose upgrades are all
        declared by their ids, does not look.
    type: str
    choices: [ignore, fail]
    default: ignore
  concurrency:
    description:
      - How many upgrades are worked on at once, each on a connection of its own.
    type: int
    default: 4
  allow_empty:
    description:
      - With O(upgrades[].state=exact) a declaration without devices fails, since its source is more often broken than empty. V(true) lets it pass.
      - It does not lift O(max_removal_percent) and O(max_removals).
    type: bool
    default: false
  max_removal_percent:
    description:
      - Fail before any write if more than this share of an upgrade's devices would be removed, with O(upgrades[].state=exact) or because devices
        move to another upgrade.
      - Holds for upgrades of at least 10 devices. V(100) lifts it.
    type: float
    default: 30
  max_removals:
    description:
      - Fail before any write if more than this number of devices would be removed from an upgrade.
    type: int
  on_rejected:
    description:
      - What a declared device that the service refuses, now or in an earlier run, does to the task, after everything else is done.
    type: str
    choices: [fail, warn, ignore]
    default: fail
  imei_check:
    description:
      - What to do about devices that do not end in their check digit (Luhn). V(warn) makes one warning for the task, V(strict) fails before any request.
    type: str
    choices: [warn, strict, none]
    default: warn
  batch_size:
    description:
      - How many devices one request carries. The service publishes no limit. An upgrade is scheduled in one request with all its devices.
    type: int
    default: 1000
  diff_limit:
    description:
      - How many additions and how many removals of each upgrade the diff lists before it says how many more there are.
      - Where more than 20 upgrades change, all together list 20 times as many, each an equal share.
    type: int
    default: 100
  result_limit:
    description:
      - How many entries all lists of the result hold together, those of all upgrades counted. Beyond it lists are cut and RV(truncated) is V(true).
        Counts stay exact. V(0) lifts it.
    type: int
    default: 10000
  expect_plan_digest:
    description:
      - The RV(plan_digest) of the plan that was approved. If the plan of this run is another one, the task fails before any write.
    type: str
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.writes
  - thingspace.fota.attributes.api_group
  - thingspace.fota.connection
notes:
  - The role P(thingspace.fota.rollout#role) reads rollout files from a Git repository and runs this module with a session of its own.
seealso:
  - module: thingspace.fota.upgrade_devices
  - module: thingspace.fota.upgrade
"""

EXAMPLES = r"""
- name: Declare two waves, each device in one of them
  thingspace.fota.rollout:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    upgrades:
      - name: canary
        upgrade_id: 60b5d639-ccdc-4db8-8824-069bd94c95bf
        devices_file: waves/canary.csv
        max_removal_percent: 50
      # Scheduled if it is not there yet.
      - name: wave 1
        firmware_name: GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
        firmware_to: SR1.2.0.0-10657
        start_date: "2026-12-08"
        devices: ["990000473475989"]
        state: exact
  register: rollout

- name: Show what came of each upgrade
  ansible.builtin.debug:
    msg: "{{ item.name }}: {{ item.msg }}"
  loop: "{{ rollout.upgrades }}"
  loop_control:
    label: "{{ item.name }}"
"""

RETURN = r"""
account:
  description: The billing account.
  returned: always
  type: str
  sample: 0402196254-00001
upgrades:
  description: What was done to each declared upgrade, in check mode what would be done. In the order of the declaration.
  returned: always
  type: list
  elements: dict
  contains:
    name:
      description: What people call it, or its id, or firmware and day.
      type: str
      sample: canary
    changed:
      description: Whether something was changed in it.
      type: bool
      sample: true
    action:
      description: >-
        V(none), V(change) if devices were appended or removed, V(schedule) if it was scheduled, V(past) if it is not there and its day is over.
      type: str
      sample: change
    upgrade_id:
      description: The upgrade, null for one that is yet to be scheduled.
      type: str
      sample: 60b5d639-ccdc-4db8-8824-069bd94c95bf
    upgrade_status:
      description: State of the upgrade at the last read, null if it was not read.
      type: str
      sample: Queued
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
    upgrade:
      description:
        - The upgrade at the last read, in check mode as it would be. The same dictionary as that of M(thingspace.fota.upgrade_info).
        - Null if it was not read. Fields that the service tells beyond these are kept.
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
      description: Devices that this run appended, sorted. In check mode those that it would append.
      type: list
      elements: str
      sample: ["990003425730535"]
    removed:
      description: Devices that this run removed, sorted. In check mode those that it would remove.
      type: list
      elements: str
      sample: ["990000473475989"]
    rejected:
      description: Declared devices that the service refuses.
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
      type: list
      elements: str
      sample: []
    added_count:
      description: Number of devices in RV(upgrades[].added) before any cut.
      type: int
      sample: 1
    removed_count:
      description: Number of devices in RV(upgrades[].removed) before any cut.
      type: int
      sample: 1
    unchanged_count:
      description: Number of devices that were in the upgrade and stayed, null if the upgrade was not read.
      type: int
      sample: 9996
    rejected_count:
      description: Number of devices in RV(upgrades[].rejected) before any cut.
      type: int
      sample: 0
    before_count:
      description: Number of devices in the upgrade at the first read, null if it was not read.
      type: int
      sample: 9997
    after_count:
      description: Number of devices in the upgrade at the last read, in check mode the number there would be, null if it was not read.
      type: int
      sample: 9997
    moved_in_count:
      description: How many of the added devices come from another declared upgrade.
      type: int
      sample: 1
    moved_out_count:
      description: How many of the removed devices go to another declared upgrade.
      type: int
      sample: 0
    empty_meanwhile:
      description: Whether moves in a circle leave it without devices for a moment.
      type: bool
      sample: false
    requests:
      description: HTTP requests made for this upgrade.
      type: int
      sample: 4
    plan_digest:
      description: SHA-256 over the sorted writes that are planned for this upgrade. Null if there is no plan.
      type: str
      sample: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
    truncated:
      description: Whether O(result_limit) had cut lists when this upgrade was told.
      type: bool
      sample: false
    msg:
      description: The counts in a line.
      type: str
      sample: 3 added, 1 removed, 9996 unchanged, 0 rejected
    error:
      description: Why this upgrade failed, null if it did not.
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
moved:
  description: Devices that moved from one declared upgrade to another, in check mode those that would.
  returned: always
  type: list
  elements: dict
  contains:
    device_id:
      description: The device.
      type: str
      sample: "990003425730535"
    from:
      description: The upgrade that it leaves.
      type: str
      sample: 7d9e40b8-52f3-4b6a-8c1d-e2a4f6b80c02
    to:
      description: The upgrade that it goes to. Firmware and day of one that is yet to be scheduled.
      type: str
      sample: 60b5d639-ccdc-4db8-8824-069bd94c95bf
unlisted:
  description:
    - Open upgrades of the account that are not declared, each as M(thingspace.fota.upgrade_info) returns it without devices.
    - Empty also where nobody had to look, because nothing is appended and every upgrade is declared by its id.
  returned: always
  type: list
  elements: dict
  sample: []
added_count:
  description: Number of devices appended, moved ones too, in all upgrades together.
  returned: always
  type: int
  sample: 3
removed_count:
  description: Number of devices removed, moved ones too, in all upgrades together.
  returned: always
  type: int
  sample: 3
unchanged_count:
  description: Number of devices that stayed, in all upgrades together. Null if none was read.
  returned: always
  type: int
  sample: 3
rejected_count:
  description: Number of declared devices that the service refuses, in all upgrades together.
  returned: always
  type: int
  sample: 3
before_count:
  description: Number of devices at the first reads, in all upgrades together. Null if none was read.
  returned: always
  type: int
  sample: 3
after_count:
  description: Number of devices at the last reads, in all upgrades together. Null if none was read.
  returned: always
  type: int
  sample: 3
moved_count:
  description: Number of devices in RV(moved) before any cut.
  returned: always
  type: int
  sample: 1
scheduled_count:
  description: Number of upgrades that were scheduled.
  returned: always
  type: int
  sample: 0
past_count:
  description: Number of declared upgrades that are not there and whose day is over.
  returned: always
  type: int
  sample: 0
requests:
  description: HTTP requests that the task made, tries included.
  returned: always
  type: int
  sample: 9
plan_digest:
  description:
    - SHA-256 over the sorted planned writes of all upgrades, the same in check mode. For O(expect_plan_digest).
    - Null if the task failed before it could plan.
  returned: always
  type: str
  sample: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
truncated:
  description: Whether O(result_limit) cut lists.
  returned: always
  type: bool
  sample: false
msg:
  description: The counts in a line, on failure the reason.
  returned: always
  type: str
  sample: "2 upgrades: 3 added, 1 removed (1 of them moved from one to another), 9996 unchanged, 0 rejected"
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
from ..module_utils._ansible.options import connection_options, rollout_options
from ..module_utils._results.rollout import empty_result
from ..module_utils._tasks.rollout.task import job


def main() -> None:
    run({**rollout_options(), **connection_options()}, job, empty_result)


if __name__ == "__main__":
    main()
