# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Filter: a report becomes a comment for reviewers."""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan_markdown
short_description: Make a comment for reviewers of a report
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Turns the document of P(thingspace.fota.plan_report#filter) into Markdown for a comment on a pull request of GitHub or a merge request of GitLab.
  - It has at most 60,000 characters, and says what was left out for that.
  - What comes from the service or from files is shown without any power, so that it can neither break the comment nor mention anybody.
options:
  _input:
    description: The document.
    type: dict
    required: true
seealso:
  - plugin: thingspace.fota.plan_report
    plugin_type: filter
  - plugin: thingspace.fota.plan
    plugin_type: callback
"""

EXAMPLES = r"""
- name: Write the comment
  ansible.builtin.copy:
    dest: plan.md
    content: "{{ [plan] | thingspace.fota.plan_report(check_mode=true) | thingspace.fota.plan_markdown }}"
  check_mode: false
"""

RETURN = r"""
_value:
  description: The Markdown.
  type: str
"""

import typing as t

from ansible.errors import AnsibleFilterError

from ..module_utils._text import message
from ..plugin_utils._plan_report.document import FORMAT_VERSION, Document
from ..plugin_utils._plan_report.markdown import markdown


def plan_markdown(document: Document) -> str:
    """The comment of a document."""
    if not isinstance(document, dict) or document.get("format_version") != FORMAT_VERSION:
        raise AnsibleFilterError(message(f"plan_markdown needs a document of plan_report, with format_version {FORMAT_VERSION}."))
    return markdown(document)


class FilterModule:
    """What Jinja is given."""

    def filters(self) -> dict[str, t.Callable[..., str]]:
        return {"plan_markdown": plan_markdown}
