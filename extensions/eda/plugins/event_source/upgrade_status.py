# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Event source: what changes in the upgrades of an account."""

from __future__ import annotations

DOCUMENTATION = r"""
short_description: Events for each change of status of ThingSpace firmware upgrades and of their devices
description:
  - Looks at the upgrades of an account of Verizon ThingSpace (FOTA v1) again and again, and tells what has changed since the last look.
  - It logs in once, keeps its session, renews it when it dies, and ends it. A refused login ends the source, since five in a row lock the user for good.
  - What goes wrong for a while is waited for, longer each time. Rules hear of it after three looks, or before a long pause.
  - An upgrade that cannot be read stops no other.
  - docs/events.md of the collection says what the events look like and what is promised about them.
options:
  account:
    description:
      - The billing account, with its leading zeros, in quotes. Environment variable THINGSPACE_ACCOUNT.
    type: raw
    required: true
    aliases: [account_name]
  app_key:
    description: [Key of the application. Environment variable THINGSPACE_APP_KEY.]
    type: raw
  app_secret:
    description: [Secret of the application. Environment variable THINGSPACE_APP_SECRET.]
    type: raw
  username:
    description: [Name of the user. Environment variable THINGSPACE_USERNAME.]
    type: raw
  password:
    description: [Password of the user. Environment variable THINGSPACE_PASSWORD.]
    type: raw
  access_token:
    description:
      - A bearer, instead of a login, together with session_token. The source ends when one of them does. Environment variable THINGSPACE_ACCESS_TOKEN.
    type: str
  session_token:
    description: [The session token that goes with access_token. Environment variable THINGSPACE_SESSION_TOKEN.]
    type: str
    aliases: [m2m_token]
  api_url:
    description: [Where the ThingSpace API is, the root of all its paths. Environment variable THINGSPACE_API_URL.]
    type: str
    default: https://thingspace.verizon.com/api
  validate_certs:
    description: [Whether the certificate of the service is checked.]
    type: bool
    default: true
  ca_path:
    description: [A file or folder with the certificates of the authorities to trust.]
    type: path
  timeout:
    description: [Seconds to wait for a connection, and for the next part of an answer.]
    type: int
    default: 60
  retry_timeout:
    description: [Seconds after a failure in which a read of a look is tried again, before the look has failed.]
    type: int
    default: 60
  interval:
    description:
      - Seconds between two looks, from 10 to 86400. With more than 20 minutes the session dies in between, and each look logs in.
    type: float
    default: 300
  status:
    description:
      - Statuses of the upgrades to watch. An upgrade that leaves them has its last event then.
    type: list
    elements: str
    choices: [RequestPending, Queued, InProgress, Finished, RequestFailed, UpgradeFailed]
    default: [RequestPending, Queued, InProgress]
  upgrade_ids:
    description: [Watch only these upgrades.]
    type: list
    elements: str
  devices:
    description:
      - Whether each device has events of its own. Without them the events of an upgrade tell how many devices have which status.
    type: bool
    default: true
  state_file:
    description:
      - Where to keep what was told, so that a restart neither repeats nor loses events. Each source needs a file of its own.
      - Without it, what changes while the source does not run has no event.
    type: path
  first_look:
    description:
      - What the very first look does, when there is no state. V(remember) takes what it finds for known, V(report) has an event for each upgrade.
    type: str
    choices: [remember, report]
    default: remember
"""

EXAMPLES = r"""
- thingspace.fota.upgrade_status:
    account: "0402196254-00001"
    interval: 300
    state_file: /var/lib/rulebook/upgrades.json

# Only what becomes of two waves, without an event for each device.
- thingspace.fota.upgrade_status:
    account: "0402196254-00001"
    upgrade_ids:
      - 0a61c2d5-3c1b-4f0e-9a55-3f5d1c6b7e01
      - 7d9e40b8-52f3-4b6a-8c1d-e2a4f6b80c02
    devices: false
    first_look: report
"""

import os
import pathlib
import sys
import typing as t

# ansible-rulebook runs this file by its path and knows nothing of the loader of collections (ansible_rulebook/engine.py, runpy.run_path).
# Without it the collection is a package like any other, in the folder above ansible_collections. Links stay as they are: behind them
# the folder may have another name.
_ABOVE = str(pathlib.Path(__file__).absolute()).rpartition(f"{os.sep}ansible_collections{os.sep}")[0]
if _ABOVE and _ABOVE not in sys.path:
    sys.path.insert(0, _ABOVE)

from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._text import message
from ansible_collections.thingspace.fota.plugins.plugin_utils._watch.options import options_of
from ansible_collections.thingspace.fota.plugins.plugin_utils._watch.source import Queue, Watcher


async def main(queue: Queue, args: dict[str, t.Any]) -> None:
    """What ansible-rulebook calls: runs until it is cancelled, or until going on is no use."""
    try:
        await Watcher(queue, options_of(args)).run()
    except ThingSpaceError as error:
        # ansible-rulebook prints every place that an error came through. The sentence says it all, and may quote what others wrote.
        raise ThingSpaceError(message(error.sentence), error.kind, status=error.status, code=error.code, detail=error.detail) from None
