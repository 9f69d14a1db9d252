#!/usr/bin/python
# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: which devices of an account have a license."""

from __future__ import annotations

DOCUMENTATION = r"""
module: license
short_description: Declare which devices of a ThingSpace account have a firmware upgrade license
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Assigns the monthly licenses (MRC) of an account to devices and takes them back (FOTA v1), so that the declared devices have one.
  - It reads who has a license, sends only the difference, and reads it again. What it reports is what is really there. Licenses are taken back before
    others are given, since there may be no other to give.
  - Taking the license from a device cancels its upgrades that have not started. The module says which these are, and refuses to do it
    unless O(allow_cancelling_upgrades=true).
  - It also declares the devices that lose their license first when the account has fewer licenses than before.
  - A request whose answer was lost is never sent again blindly. The licenses are read, and only what is still missing is sent.
  - The run that makes the difference can be seen first with C(--check --diff), and tied to what a reviewer approved with O(expect_plan_digest).
options:
  state:
    description:
      - V(present) makes sure that at least the declared devices have a license.
      - V(absent) makes sure that none of the declared devices has a license.
      - V(exact) makes sure that exactly the declared devices have a license. B(Every other device of the account loses it.)
  max_removal_percent:
    description:
      - With O(state=exact), fail before any write if more than this share of the licensed devices would lose their license.
      - Holds for accounts with at least 10 licensed devices. V(100) lifts it.
  allow_cancelling_upgrades:
    description:
      - Whether a device may lose its license while it is in an upgrade that is RequestPending or Queued, which takes it out of that upgrade.
      - If V(false), the task fails before any write (V(rail)), and RV(cancelled_upgrades) tells what is at stake.
      - The upgrades are looked at just before the first write. One that is scheduled after that is not protected.
    type: bool
    default: false
  cancellation_candidates:
    description:
      - The devices, as IMEIs, that lose their license first when the account has fewer licenses than before. After them it is those that have had
        it longest, and upgrades of these devices that have not started are cancelled.
      - The list becomes exactly this one, whatever O(state) says. V([]) deletes it. If the option is not given, the list stays as it is.
      - The order does not count. It is written after the licenses.
      - A task may give it alone, without O(devices) and O(devices_file), and then leaves all licenses as they are.
    type: list
    elements: str
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.writes
  - thingspace.fota.attributes.api_group
  - thingspace.fota.connection
  - thingspace.fota.devices
  - thingspace.fota.membership
notes:
  - An account that pays for each upgrade (EVNT) needs no licenses. M(thingspace.fota.subscription_info) tells what an account has bought.
  - Where there are not enough licenses, the service refuses the devices that get none. They are in RV(rejected), and O(on_rejected) decides.
    Check mode cannot know which these will be, and warns.
  - The service keeps the license on a device that was ever upgraded. Such a removal is refused too.
  - Of the FOTA v1 operations behind this module, the official SDK calls those that assign, remove and name candidates deprecated, without naming others.
seealso:
  - module: thingspace.fota.license_info
  - module: thingspace.fota.subscription_info
  - name: Remove licenses from devices
    description: The operation of FOTA v1 that takes licenses back.
    link: https://thingspace.verizon.com/documentation/apis/software-management/api-reference/remove-licenses-from-devices.html
  - name: Create a cancellation candidate list
    description: The operation of FOTA v1 behind O(cancellation_candidates).
    link: https://thingspace.verizon.com/documentation/apis/software-management/api-reference/create-cancellation-candidate-list.html
"""

EXAMPLES = r"""
- name: Make sure that two devices have a license
  thingspace.fota.license:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    devices:
      - "990003425730535"
      - "990000473475989"

# The license of every device that the file does not list is taken back.
- name: Give licenses to exactly the devices of a file
  thingspace.fota.license:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    devices_file: waves/canary.csv
    state: exact
    max_removals: 20

- name: Take the license back from a device, and cancel its upgrades that have not started
  thingspace.fota.license:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    devices: ["990003425730543"]
    state: absent
    allow_cancelling_upgrades: true
  register: taken

- name: Show which upgrades lost devices
  ansible.builtin.debug:
    var: taken.cancelled_upgrades

- name: Say which device loses its license first when the subscription shrinks
  thingspace.fota.license:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    cancellation_candidates: ["990003425730535"]
"""

RETURN = r"""
account:
  description: The account.
  returned: always
  type: str
  sample: "0402196254-00001"
total_licenses:
  description: Licenses that the account has, null if they were not read.
  returned: always
  type: int
  sample: 9000
assigned_licenses:
  description: Licenses that devices have, as the service counts them at the last read. In check mode the number there would be. Null if they were not read.
  returned: always
  type: int
  sample: 1000
cancelled_upgrades:
  description:
    - Scheduled upgrades that lost devices because these lost their license. In check mode those that would lose devices.
    - If the task was refused for that reason, those that would have lost devices.
  returned: always
  type: list
  elements: dict
  contains:
    upgrade_id:
      description: The upgrade.
      type: str
      sample: 60b5d639-ccdc-4db8-8824-069bd94c95bf
    firmware_name:
      description: Name of the firmware that it installs.
      type: str
      sample: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
    start_date:
      description: When it starts (ISO 8601, UTC).
      type: str
      sample: "2026-12-01"
    device_count:
      description: Number of devices that it loses, before any cut.
      type: int
      sample: 1
    devices:
      description: The devices that it loses, sorted.
      type: list
      elements: str
      sample: ["990003425730543"]
candidates_added:
  description: Cancellation candidates that this task added, sorted. In check mode those that it would add.
  returned: always
  type: list
  elements: str
  sample: ["990003425730535"]
candidates_removed:
  description: Cancellation candidates that this task removed, sorted. In check mode those that it would remove.
  returned: always
  type: list
  elements: str
  sample: []
candidates_added_count:
  description: Number of devices in RV(candidates_added) before any cut.
  returned: always
  type: int
  sample: 1
candidates_removed_count:
  description: Number of devices in RV(candidates_removed) before any cut.
  returned: always
  type: int
  sample: 0
candidates_count:
  description: Number of cancellation candidates at the end, null if they were not read, which they are only for O(cancellation_candidates).
  returned: always
  type: int
  sample: 1
added:
  description: Devices that this task gave a license, sorted. In check mode those that it would give one.
  returned: always
  type: list
  elements: str
  sample: ["990003425730535"]
removed:
  description: Devices that this task took the license from, sorted. In check mode those that it would take it from.
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
        V(append) if it gets no license, V(remove) if it keeps its license.
      type: str
      sample: append
    status:
      description: The status that the service gave.
      type: str
      sample: LicenseAssignFailed
    reason:
      description: The reason that the service gave.
      type: str
      sample: No license available
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
  description: Number of devices that had a license and kept it, null if the licenses were not read.
  returned: always
  type: int
  sample: 9996
rejected_count:
  description: Number of devices in RV(rejected) before any cut.
  returned: always
  type: int
  sample: 0
before_count:
  description: Number of devices with a license at the first read, null if the licenses were not read.
  returned: always
  type: int
  sample: 9997
after_count:
  description: Number of devices with a license at the last read, in check mode the number there would be, null if the licenses were not read.
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
    - It covers the cancellation candidates, and which upgrades lose which devices.
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
  sample: "3 added, 1 removed, 996 unchanged, 0 rejected; scheduled upgrades that lose devices: 1"
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
      sample: Device list is empty
"""

from ..module_utils._ansible.module import run
from ..module_utils._ansible.options import Spec, connection_options, device_options, membership_options
from ..module_utils._results.license import empty_result
from ..module_utils._tasks.license import job


def main() -> None:
    own: Spec = {
        "allow_cancelling_upgrades": {"type": "bool", "default": False},
        "cancellation_candidates": {"type": "list", "elements": "str"},
    }
    run({**own, **connection_options(), **device_options(), **membership_options()}, job, empty_result)


if __name__ == "__main__":
    main()
