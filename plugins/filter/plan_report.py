# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: results of modules become a document for machines."""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_report
short_description: Make a report of what tasks of this collection would change or changed
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Turns registered results of M(thingspace.fota.rollout), M(thingspace.fota.upgrade_devices), M(thingspace.fota.upgrade),
    M(thingspace.fota.license) and M(thingspace.fota.callback) into one document, the same that
    P(thingspace.fota.plan#callback) writes as JSON.
  - Results about the same upgrade become one row, so that nothing is counted twice.
  - Nothing of the options of a task enters the document.
options:
  _input:
    description:
      - The results, in the order of their tasks. The result of a loop may stand for its items, and a result alone for a list of one.
      - Skipped results count for nothing.
    type: list
    elements: dict
    required: true
  check_mode:
    description: Whether the results come from check mode, so that they tell what would be done.
    type: bool
    default: false
  host:
    description: The host whose results they are, mostly C(inventory_hostname). It only is told.
    type: str
seealso:
  - plugin: thingspace.fota.plan_markdown
    plugin_type: filter
  - plugin: thingspace.fota.plan
    plugin_type: callback
"""

EXAMPLES = r"""
- name: Plan
  thingspace.fota.upgrade_devices:
    upgrade_id: 60b5d639-ccdc-4db8-8824-069bd94c95bf
    devices_file: waves/canary.csv
    state: exact
  check_mode: true
  register: plan

- name: Write the report
  ansible.builtin.copy:
    dest: plan.json
    content: "{{ [plan] | thingspace.fota.plan_report(check_mode=true, host=inventory_hostname) | to_nice_json }}"
  check_mode: false
"""

RETURN = r"""
_value:
  description: The document, as C(docs/reports.md) of the collection describes it.
  type: dict
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ..plugin_utils._plan_report.document import Document, document
from ..plugin_utils._plan_report.records import Record


def plan_report(results: t.Any, check_mode: bool = False, host: str | None = None) -> Document:
    """The document of registered results."""
    given = [results] if isinstance(results, dict) else results
    if not isinstance(given, (list, tuple)):
        raise AnsibleFilterError("plan_report needs a list of results of modules.")
    flat: list[t.Any] = []
    for result in given:
        flat += _items(result)
    if not all(isinstance(result, dict) for result in flat):
        raise AnsibleFilterError("plan_report needs results of modules: one of them is no dictionary.")
    return document([Record(result, host) for result in flat], bool(check_mode))


def _items(result: t.Any) -> list[t.Any]:
    """A result, or the results of a loop."""
    items = result.get("results") if isinstance(result, dict) else None
    if not isinstance(items, (list, tuple)):
        return [result]
    # ansible-core before 2.19 takes the warnings from the items and gives them to the loop.
    if items and all(isinstance(item, dict) and "warnings" not in item for item in items) and result.get("warnings"):
        return [{**items[0], "warnings": result["warnings"]}, *items[1:]]
    return list(items)


class FilterModule:
    """What Jinja is given."""

    def filters(self) -> dict[str, t.Callable[..., Document]]:
        return {"plan_report": plan_report}
