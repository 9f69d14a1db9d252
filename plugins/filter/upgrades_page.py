# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: upgrades become a page for operators."""

from __future__ import annotations

DOCUMENTATION = r"""
name: upgrades_page
short_description: Make a web page of the firmware upgrades of an account
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Turns the upgrades that M(thingspace.fota.upgrade_info) returns with its devices into one HTML page, to be opened from a file. It shows what needs attention
    first, progress by status and by reason, the waves on a time line, and the devices that failed.
  - The page loads nothing and runs nothing. What comes from the service is shown as text without any power.
  - The role P(thingspace.fota.report#role) reads the upgrades and writes the page.
options:
  _input:
    description:
      - RV(thingspace.fota.upgrade_info#module:upgrades) of M(thingspace.fota.upgrade_info) with
        O(thingspace.fota.upgrade_info#module:include_devices=true). All of one account.
    type: list
    elements: dict
    required: true
  account:
    description: The account. If it is not given, that of the upgrades.
    type: str
  title:
    description: Title of the page.
    type: str
    default: Firmware upgrades
  generated:
    description: When the upgrades were read (ISO 8601, UTC). Now, if it is not given. Its day is the today of the page, of a year from 1970 to 9998.
    type: str
  job:
    description: What made the page, such as V(AWX job 42).
    type: str
  commit:
    description: The commit of the repository that it was made with.
    type: str
  statuses:
    description: The statuses that were read, if not all. The page says so.
    type: list
    elements: str
  devices:
    description:
      - RV(thingspace.fota.device_info#module:devices) of M(thingspace.fota.device_info). A device of an upgrade that has started then counts as done, too,
        if it has the firmware of that upgrade.
    type: list
    elements: dict
  limit:
    description: How many devices the lists of failures name together. The page says how many more there are.
    type: int
    default: 5000
  error:
    description: Why the upgrades could not be read. The page shows that instead.
    type: str
seealso:
  - module: thingspace.fota.upgrade_info
  - plugin: thingspace.fota.report
    plugin_type: role
"""

EXAMPLES = r"""
- name: Read the upgrades
  thingspace.fota.upgrade_info:
    account: "0402196254-00001"
    access_token: "{{ thingspace_access_token }}"
    session_token: "{{ thingspace_session_token }}"
    status: [RequestPending, Queued, InProgress, Finished, RequestFailed, UpgradeFailed]
    include_devices: true
  register: account

- name: Write the page
  ansible.builtin.copy:
    dest: report.html
    content: "{{ account.upgrades | thingspace.fota.upgrades_page(account='0402196254-00001') }}"
    mode: "0600"
"""

RETURN = r"""
_value:
  description: The page.
  type: str
"""

import datetime
import json
import pathlib
import re
import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._text import message
from ..plugin_utils._upgrades_page import page
from ..plugin_utils._upgrades_page.model import account_of

_COLLECTION = pathlib.Path(__file__).resolve().parents[2]
_YEARS = range(1970, 9999)
_NEEDED = ("upgrade_id", "status", "start_date", "firmware_to", "devices")


def upgrades_page(
    upgrades: t.Any,
    account: str | None = None,
    title: str | None = None,
    generated: str | None = None,
    job: str | None = None,
    commit: str | None = None,
    statuses: t.Sequence[str] | None = None,
    devices: t.Sequence[t.Mapping[str, t.Any]] | None = None,
    limit: int = 5000,
    error: str | None = None,
) -> str:
    """The page of what upgrade_info returned."""
    if not isinstance(upgrades, (list, tuple)) or not all(isinstance(upgrade, dict) and all(name in upgrade for name in _NEEDED) for upgrade in upgrades):
        raise AnsibleFilterError("upgrades_page needs the upgrades of thingspace.fota.upgrade_info, with include_devices.")
    about = page.About(
        account=str(account or next((upgrade.get("account") or "" for upgrade in upgrades), "")),
        generated=_moment(generated),
        title=str(title or ""),
        job=str(job or ""),
        commit=str(commit or ""),
        version=_version(),
        statuses=[str(status) for status in statuses or ()],
        compared=devices is not None,
    )
    if error:
        return page.failed(about, str(error))
    if not isinstance(devices, (list, tuple, type(None))) or not all(isinstance(device, dict) and "device_id" in device for device in devices or ()):
        raise AnsibleFilterError("upgrades_page: devices must be those of thingspace.fota.device_info.")
    firmware = {device["device_id"]: device.get("firmware") or "" for device in devices or ()}
    return page.page(about, account_of(upgrades, firmware), _number(limit))


def _number(given: t.Any) -> int:
    try:
        return int(given)
    except (TypeError, ValueError, OverflowError):
        raise AnsibleFilterError(message(f"upgrades_page: limit is {given!r}, which is no whole number.")) from None


def _moment(text: str | None) -> datetime.datetime:
    """A moment in UTC."""
    if not text:
        return datetime.datetime.now(datetime.timezone.utc)
    try:
        moment = datetime.datetime.fromisoformat(str(text).strip().replace("Z", "+00:00").replace(" +00:00", "+00:00"))
    except ValueError:
        raise AnsibleFilterError(message(f"upgrades_page: generated is {text!r}, which is no moment such as 2026-12-01T06:00:00Z.")) from None
    # The time line reaches months before and after its today: at the edge of the calendar there are none.
    if moment.year not in _YEARS:
        raise AnsibleFilterError(message(f"upgrades_page: generated is {text!r}. Its year must be from {_YEARS[0]} to {_YEARS[-1]}."))
    return moment.astimezone(datetime.timezone.utc) if moment.tzinfo else moment.replace(tzinfo=datetime.timezone.utc)


def _version() -> str:
    """The version of this collection: of its manifest, or in a checkout of galaxy.yml."""
    try:
        return str(json.loads((_COLLECTION / "MANIFEST.json").read_text(encoding="utf-8"))["collection_info"]["version"])
    except (OSError, ValueError, KeyError):
        pass
    try:
        found = re.search(r"^version: *(\S+)", (_COLLECTION / "galaxy.yml").read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else ""


class FilterModule:
    """What Jinja is given."""

    def filters(self) -> dict[str, t.Callable[..., str]]:
        return {"upgrades_page": upgrades_page}
