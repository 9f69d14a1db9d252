#!/usr/bin/python
# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: the scheduled upgrades of an account."""

from __future__ import annotations

DOCUMENTATION = r"""
module: upgrade_info
short_description: Show the firmware upgrades of a Verizon ThingSpace account
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Reads upgrades of Verizon ThingSpace (FOTA v1), one by its id or all with certain statuses. Every page is read.
  - Devices are counted by status. They are listed too if they are asked for.
  - The service forgets upgrades that ended more than six months ago.
options:
  upgrade_id:
    description:
      - The UUID of one upgrade. If the account has no such upgrade, RV(upgrades) is empty and the task succeeds.
      - Excludes O(status).
    type: str
  status:
    description:
      - Statuses of the upgrades to show. The default are all upgrades that have not ended.
      - The report is read once for each status, in the order in which an upgrade passes through them. An upgrade that moves on meanwhile is listed
        once, with the status that was seen last.
    type: list
    elements: str
    choices: [RequestPending, Queued, InProgress, Finished, RequestFailed, UpgradeFailed]
    default: [RequestPending, Queued, InProgress]
  include_devices:
    description:
      - Whether each upgrade lists its devices, with status and reason.
      - 1,000 devices take about 85,000 characters of the result. C(ansible-runner), and so AWX, drops a result of more than 700,000 characters whole.
    type: bool
    default: false
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.info
  - thingspace.fota.attributes.api_group
  - thingspace.fota.connection
seealso:
  - module: thingspace.fota.upgrade_devices
  - module: thingspace.fota.firmware_info
  - name: Get Upgrades by Status
    description: The operation of FOTA v1 behind O(status).
    link: https://thingspace.verizon.com/documentation/apis/software-management/api-reference/get-upgrades-by-status.html
  - name: Get Upgrade Information
    description: The operation of FOTA v1 behind O(upgrade_id).
    link: https://thingspace.verizon.com/documentation/apis/software-management/api-reference/get-upgrade-information.html
"""

EXAMPLES = r"""
- name: Show what is scheduled or running
  thingspace.fota.upgrade_info:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
  register: open

- name: Show how many devices each upgrade has
  ansible.builtin.debug:
    msg: "{{ item.firmware_name }} on {{ item.start_date }}: {{ item.devices_by_status }}"
  loop: "{{ open.upgrades }}"
  loop_control:
    label: "{{ item.upgrade_id }}"

- name: Read one upgrade with its devices
  thingspace.fota.upgrade_info:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    upgrade_id: 60b5d639-ccdc-4db8-8824-069bd94c95bf
    include_devices: true
  register: canary

- name: Name the devices that were refused
  ansible.builtin.debug:
    msg: "{{ item.device_id }}: {{ item.reason }}"
  loop: "{{ canary.upgrades | map(attribute='devices') | flatten | selectattr('status', 'eq', 'Device Rejected') }}"
  loop_control:
    label: "{{ item.device_id }}"

- name: List what failed in the last six months
  thingspace.fota.upgrade_info:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    status: [RequestFailed, UpgradeFailed]
"""

RETURN = r"""
upgrades:
  description:
    - The upgrades, those of one status oldest first.
    - Fields that the service adds are kept, in snake_case, with C(service_) before a name that is taken.
  returned: success
  type: list
  elements: dict
  contains:
    upgrade_id:
      description: The UUID of the upgrade.
      type: str
      sample: 60b5d639-ccdc-4db8-8824-069bd94c95bf
    account:
      description: The account of the upgrade.
      type: str
      sample: "0402196254-00001"
    firmware_name:
      description: Name of the firmware that it installs.
      type: str
      sample: SEQUANSCommunications_GM01Q_SR1.2.0.0-10512_SR1.2.0.0-10657
    firmware_to:
      description: Version that the devices have afterwards.
      type: str
      sample: SR1.2.0.0-10657
    start_date:
      description: When it starts (ISO 8601, UTC).
      type: str
      sample: "2026-12-01"
    end_date:
      description: When it ends (ISO 8601, UTC), null if the service gives no date.
      type: str
      sample: "2026-12-08"
    status:
      description: The status as the service spells it.
      type: str
      sample: Queued
    device_count:
      description: Number of listed devices, the refused ones included.
      type: int
      sample: 2
    devices_by_status:
      description: Number of listed devices by their status, as the service spells it.
      type: dict
      sample: {"Device Accepted": 1, "Device Rejected": 1}
    devices:
      description: The listed devices, sorted, the refused ones included. Only with O(include_devices=true).
      type: list
      elements: dict
      sample:
        - device_id: "990003425730535"
          status: Device Accepted
          reason: success
requests:
  description: HTTP requests that the task made, tries included.
  returned: always
  type: int
  sample: 3
error:
  description: What went wrong, for playbooks.
  returned: failure
  type: dict
  contains:
    kind:
      description: >-
        One of V(input), V(access_token), V(session_token), V(not_found), V(forbidden), V(dependency), V(interrupted), V(service), V(unreachable),
        V(internal).
      type: str
      sample: session_token
    status:
      description: HTTP status of the answer, null if there was none.
      type: int
      sample: 400
    code:
      description: The service's own error code, null if there was none.
      type: str
      sample: UnifiedWebService.REQUEST_FAILED.SessionToken.Expired
    message:
      description: The service's own message, or the reason.
      type: str
      sample: The session has expired
"""

import typing as t

from ..module_utils._ansible.connection import Connector
from ..module_utils._ansible.module import run
from ..module_utils._ansible.options import connection_options
from ..module_utils._api.account import Account
from ..module_utils._api.model import Upgrade
from ..module_utils._api.status import OPEN, STATUSES, Phase, statuses_in
from ..module_utils._api.v1.upgrades import Upgrades, upgrades_by_status, with_devices
from ..module_utils._desired.checks import account_of
from ..module_utils._desired.upgrade import upgrade_id_of
from ..module_utils._errors import ThingSpaceError
from ..module_utils._results.described import described
from ..module_utils._results.result import Result


def one(account: Account, upgrade_id: str) -> list[Upgrade]:
    """The upgrade with this id, if there is one."""
    try:
        return [Upgrades(account).get(upgrade_id)]
    except ThingSpaceError as error:
        if error.kind != "not_found":
            raise
        return []


def job(params: t.Mapping[str, t.Any], connector: Connector, check_mode: bool) -> Result:
    name = account_of(params["account"])
    if check_mode and params["upgrade_id"] is not None and not params["upgrade_id"].strip():
        return Result(
            {"upgrades": []}, warnings=["upgrade_id is empty: there is nothing to show yet, as check mode predicts an upgrade that is yet to be scheduled."]
        )
    upgrade_id = None if params["upgrade_id"] is None else upgrade_id_of(params["upgrade_id"])
    account = Account(connector.authorized(), name)
    found = one(account, upgrade_id) if upgrade_id else with_devices(account, upgrades_by_status(account, params["status"]), needed=False)
    return Result(
        {"upgrades": [described(upgrade, include_devices=params["include_devices"]) for upgrade in found]},
        warnings=[upgrade.unlisted for upgrade in found if upgrade.unlisted],
    )


def main() -> None:
    run(
        {
            "upgrade_id": {"type": "str"},
            "status": {"type": "list", "elements": "str", "choices": list(STATUSES), "default": list(statuses_in(*OPEN, Phase.RUNNING))},
            "include_devices": {"type": "bool", "default": False},
            **connection_options(),
        },
        job,
        mutually_exclusive=[("upgrade_id", "status")],
    )


if __name__ == "__main__":
    main()
