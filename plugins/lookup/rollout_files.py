# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Lookup: the upgrades that rollout files declare, ready for the module rollout."""

from __future__ import annotations

DOCUMENTATION = r"""
name: rollout_files
short_description: Read and check ThingSpace rollout files
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Reads rollout files, checks them, and returns what each account declares, ready for the module C(thingspace.fota.rollout).
    The role P(thingspace.fota.rollout#role) uses it. Use it for a look at rollout files without a run.
  - A rollout file is YAML or JSON, UTF-8 with or without BOM, LF or CRLF. Its JSON Schema is C(roles/rollout/files/rollout.schema.json), its format is
    described in C(docs/rollouts.md). Files that are encrypted with C(ansible-vault) are decrypted.
  - What stands under C(defaults) of a file is merged into its upgrades. The files of an account are put together, in the order of their names.
  - Numbers that may have lost digits (an account, an IMEI, a version without quotes), unknown and repeated keys, files of devices that are not there, and
    upgrades that are declared twice are errors. An error names the file, the line, the place in it, and tells up to ten faults together.
  - A rollout file that lies in a Git repository, and the files of devices that it names, have to lie in it, links followed, also where the way to the
    repository is a link. Nothing that Git keeps for itself is read (C(.git), or a folder with the inside of a repository), and
    no path may have a C($), which ansible-core takes for a variable of the environment. Where there is no repository,
    such as in a checkout without C(.git), give O(root).
  - Rollout files of more than 5 MB, with more than 400,000 values, or with lists and mappings more than 50 deep in each other are refused.
    Put devices into files of their own (C(devices_file)).
  - Nothing in a file is a template. What looks like one is text.
options:
  _terms:
    description:
      - Rollout files, and folders of them, relative to the working directory of C(ansible-playbook).
      - Of a folder every file that ends in C(.yml), C(.yaml) or C(.json) is read, not those in folders below it, and not hidden ones.
    type: list
    elements: str
    required: true
  root:
    description:
      - The folder that rollout files and files of devices may not lead out of, links followed, relative to the working directory of C(ansible-playbook).
        It is looked at in place of the Git repository.
      - An empty value is an error.
    type: raw
    version_added: 0.1.0
  on_error:
    description:
      - What becomes of errors. V(fail) fails the task. V(return) returns them in place of accounts, each as a failed module would return it, for a
        playbook that reports them in its own way. P(thingspace.fota.plan_report#filter) takes them.
    type: str
    choices: [fail, return]
    default: fail
notes:
  - Call it with P(ansible.builtin.query#lookup) or C(query). C(lookup) would return the one account as a dictionary, and several as a list.
  - Files of devices are not read, only looked for. The module reads them.
"""

EXAMPLES = r"""
- name: Show what a folder of rollout files declares
  ansible.builtin.debug:
    msg: "{{ item.account }}: {{ item.upgrades | map(attribute='name') | join(', ') }}"
  loop: "{{ query('thingspace.fota.rollout_files', 'rollouts') }}"
  loop_control:
    label: "{{ item.account }}"

- name: Check a file, as a job that has no access to ThingSpace can do
  ansible.builtin.assert:
    that: query('thingspace.fota.rollout_files', 'rollouts/gateways.yml') | length == 1
"""

RETURN = r"""
_raw:
  description: What each account declares, sorted by account.
  type: list
  elements: dict
  contains:
    account:
      description: The billing account.
      type: str
      sample: "0402196254-00001"
    files:
      description: The rollout files of the account, with their whole paths.
      type: list
      elements: str
      sample: ["/fleet/rollouts/gateways.yml"]
    upgrades:
      description: The declared upgrades as the module takes them, with the defaults of their file, and C(devices_file) as a whole path.
      type: list
      elements: dict
      sample:
        - name: canary
          firmware_name: GM01Q
          firmware_to: "2.10"
          start_date: "2026-12-01"
          devices_file: /fleet/rollouts/waves/canary.csv
          state: exact
    failed:
      description: True. Together with RV(_raw[].msg) and RV(_raw[].error), in place of everything else.
      type: bool
      returned: for an error, with O(on_error=return)
      sample: true
    msg:
      description: One fault, or how many more there are.
      type: str
      returned: for an error, with O(on_error=return)
      sample: "rollouts/gateways.yml line 7, upgrades[2].firmware_to: 2.10 is a number without quotes, which is read as 2.1. Quote it."
    error:
      description: The same as modules return it, with the kind V(input).
      type: dict
      returned: for an error, with O(on_error=return)
      sample: {kind: input, status: null, code: null, message: "There is no rollout file or folder 'rollout' in /fleet."}
"""

import pathlib
import typing as t

from ansible.errors import AnsibleError, AnsibleLookupError
from ansible.plugins.lookup import LookupBase

from ..module_utils import _text
from ..module_utils._desired.device_file import content_of
from ..module_utils._errors import InputError
from ..plugin_utils._rollout_files import load


class LookupModule(LookupBase):  # type: ignore[misc]  # ansible-core has no type hints
    def run(self, terms: list[t.Any], variables: dict[str, t.Any] | None = None, **kwargs: t.Any) -> list[dict[str, t.Any]]:
        self.set_options(var_options=variables, direct=kwargs)
        try:
            # An empty variable must not take the bounds away.
            root = str(kwargs["root"] or "") if "root" in kwargs else None
            declared = load.load(_texts(terms), str(pathlib.Path.cwd()), self._content, root)
            # For people alone, other than the path of a device file.
            return [{**account, "files": _text.told(account["files"])} for account in declared]
        except InputError as error:
            told = [_text.message(line) for line in error.message.split("\n")]
            if self.get_option("on_error") == "return":
                return [{"failed": True, "msg": line, "error": InputError(line).as_dict()} for line in told]
            raise AnsibleLookupError(_text.lines(error.message)) from None

    def _content(self, path: str) -> bytes:
        """What is in a file, decrypted. Raises InputError."""
        try:
            real = self._loader.get_real_file(path, decrypt=True)
        except AnsibleError as error:
            raise InputError(f"{path}: {error.message}") from None
        try:
            return content_of(real, path, load.LARGEST)
        finally:
            if real != path:
                self._loader.cleanup_tmp_file(real)


def _texts(terms: list[t.Any]) -> list[str]:
    """The terms, where a list in the list counts as its parts."""
    flat = [part for term in terms for part in (term if isinstance(term, (list, tuple)) else [term])]
    if not all(isinstance(part, str) for part in flat):
        raise InputError("Rollout files and folders are given as text or as a list of texts.")
    return [str(part) for part in flat]
