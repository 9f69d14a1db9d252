#!/usr/bin/python
# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Module: the devices of an account, and their past upgrades."""

from __future__ import annotations

DOCUMENTATION = r"""
module: device_info
short_description: Show the devices of a Verizon ThingSpace account, and their past upgrades
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Lists the devices that Verizon ThingSpace (FOTA v1) knows under an account, with their firmware and whether they can be upgraded.
  - Every page of the list is read, 1,000 devices each. With O(devices) reading ends as soon as all of them are found.
  - 1,000 devices take about 190,000 characters of the result. C(ansible-runner), and so AWX, drops a result of more than 700,000 characters whole.
options:
  devices:
    description:
      - Show only these devices, IMEIs as strings of exactly 15 digits. Always quote them, since YAML reads an unquoted IMEI with a leading zero as an
        octal number, which is another number.
      - An empty list shows none. Devices that the account does not list are reported in RV(missing).
    type: list
    elements: str
    aliases: [imeis, device_list]
  client_type:
    description:
      - Show only devices with this kind of client. One of O(devices) that has another kind counts as missing.
    type: str
    choices: [OMADM, LWM2M]
  include_history:
    description:
      - Whether each device tells its upgrades of the last six months. The service remembers no older ones, so that a device without history may well
        have been upgraded before.
      - Takes one request for each device, one after the other on one connection. That is why it is allowed with O(devices) only.
    type: bool
    default: false
extends_documentation_fragment:
  - thingspace.fota.attributes
  - thingspace.fota.attributes.info
  - thingspace.fota.attributes.api_group
  - thingspace.fota.connection
seealso:
  - module: thingspace.fota.firmware_info
  - module: thingspace.fota.license_info
  - name: Get Device List
    description: The operation of FOTA v1 behind this module.
    link: https://thingspace.verizon.com/documentation/apis/software-management/api-reference/get-device-list.html
  - name: Get Device Upgrade History
    description: The operation of FOTA v1 behind O(include_history).
    link: https://thingspace.verizon.com/documentation/apis/software-management/api-reference/get-device-upgrade-history.html
"""

EXAMPLES = r"""
- name: List all devices that speak OMA-DM
  thingspace.fota.device_info:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    client_type: OMADM
  register: fleet

- name: Count the devices by firmware
  ansible.builtin.debug:
    msg: "{{ dict(fleet.devices | groupby('firmware') | map('first') | zip(fleet.devices | groupby('firmware') | map('last') | map('length'))) }}"

- name: See what became of two devices
  thingspace.fota.device_info:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    devices:
      - "990003425730535"
      - "990000473475989"
    include_history: true
  register: looked_at

- name: Show devices that the account does not have
  ansible.builtin.debug:
    var: looked_at.missing
"""

RETURN = r"""
devices:
  description:
    - The devices, sorted.
    - Fields that the service adds are kept, in snake_case, with C(service_) before a name that is taken.
  returned: success
  type: list
  elements: dict
  contains:
    device_id:
      description: The IMEI, a string of exactly 15 digits.
      type: str
      sample: "990003425730535"
    mdn:
      description: The telephone number of the device.
      type: str
      sample: "5102250123"
    model:
      description: Its model.
      type: str
      sample: GM01Q
    make:
      description: Its make.
      type: str
      sample: SEQUANS Communications
    firmware:
      description: The version of its firmware.
      type: str
      sample: SR1.2.0.0-10512
    fota_eligible:
      description: Whether it can be upgraded over the air.
      type: bool
      sample: true
    license_assigned:
      description: Whether it has a license.
      type: bool
      sample: true
    upgrade_time:
      description: When it was last upgraded (ISO 8601, UTC). A day in the year 1900 is how the service says never.
      type: str
      sample: "2018-03-03T16:03:33Z"
    history:
      description:
        - Its upgrades of the last six months, as the service orders them. Only with O(include_history=true).
      type: list
      elements: dict
      sample:
        - device_id: "990003425730535"
          upgrade_id: 60b5d639-ccdc-4db8-8824-069bd94c95bf
          account: "0402196254-00001"
          firmware_from: SR1.2.0.0-10512
          firmware_to: SR1.2.0.0-10657
          start_date: "2018-03-05"
          upgrade_start_time: "2018-03-05T19:07:21Z"
          status: UpgradeSuccess
          reason: success
missing:
  description: Those of O(devices) that the account does not list, sorted. Empty without O(devices).
  returned: success
  type: list
  elements: str
  sample: ["990013907835573"]
requests:
  description: HTTP requests that the task made, tries included.
  returned: always
  type: int
  sample: 4
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
from ..module_utils._api.v1.inventory import CLIENT_TYPES, Fleet
from ..module_utils._desired.checks import account_of
from ..module_utils._desired.imei import declare
from ..module_utils._errors import InputError
from ..module_utils._results.result import Result


def job(params: t.Mapping[str, t.Any], connector: Connector, _check_mode: bool) -> Result:
    name = account_of(params["account"])
    wanted: frozenset[str] | None = None
    if params["devices"] is not None:
        wanted = declare(params["devices"], lambda index: f"devices[{index}]", check_luhn=False).devices
    elif params["include_history"]:
        raise InputError("include_history takes one request for each device: say with devices which ones.")
    fleet = Fleet(Account(connector.authorized(), name))
    found = fleet.devices(params["client_type"], wanted)
    devices = [found[device] for device in sorted(found)]
    if params["include_history"]:
        devices = [{**device, "history": fleet.history(device["device_id"])} for device in devices]
    return Result({"devices": devices, "missing": sorted((wanted or frozenset()) - found.keys())})


def main() -> None:
    run(
        {
            "devices": {"type": "list", "elements": "str", "aliases": ["imeis", "device_list"]},
            "client_type": {"type": "str", "choices": list(CLIENT_TYPES)},
            "include_history": {"type": "bool", "default": False},
            **connection_options(),
        },
        job,
    )


if __name__ == "__main__":
    main()
