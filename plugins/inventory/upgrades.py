# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Inventory: the scheduled upgrades of an account as hosts."""

from __future__ import annotations

DOCUMENTATION = r"""
name: upgrades
short_description: The scheduled upgrades of a Verizon ThingSpace account as hosts
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Each upgrade of an account (FOTA v1) becomes a host, so that forks of C(ansible-playbook) and slices of AWX spread the upgrades.
  - Every host is in the group C(thingspace_upgrades), and in groups such as C(status_Queued), C(firmware_NAME) and C(start_2026_12_01). What no name of a
    group may hold becomes an underscore there.
  - Its variables are what M(thingspace.fota.upgrade_info) returns for an upgrade (C(upgrade_id), C(account), C(firmware_name), C(firmware_to),
    C(start_date), C(end_date), C(status), C(device_count), C(devices_by_status), and C(devices) if asked for). Fields that the service adds have
    C(service_) in front, so that none of them can be taken for a variable of yours. None of these values is evaluated as a template.
  - Tasks run on the controller, with its Python. C(ansible_connection) and C(ansible_python_interpreter) are set so, and can be set otherwise with O(compose).
  - The file has to end in C(thingspace.yml) or C(thingspace.yaml). Unknown keys in it are refused.
  - With both tokens it makes one request for each page of each status. Without tokens it logs in, and ends that session, also when reading
    fails. A refused login is final. All inventories and all tasks of an C(ansible-playbook) run know of it, and none of them sends it again.
  - If a task of the run has a session open for the same user, C(meta=refresh_inventory) uses it and does not end it.
  - O(account), O(api_url), the tokens and the options of the login may be templates in the file, with lookups, or encrypted with C(ansible-vault).
    Templates are not evaluated in environment variables.
  - With O(cache) the upgrades are kept, never a secret. What was kept holds for the same file, O(account), O(api_url), O(status) and O(include_devices),
    and is used without any request or login.
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [thingspace.fota.upgrades]
  status:
    description:
      - Statuses of the upgrades that become hosts. The default are all upgrades that have not ended.
    type: list
    elements: str
    choices: [RequestPending, Queued, InProgress, Finished, RequestFailed, UpgradeFailed]
    default: [RequestPending, Queued, InProgress]
  include_devices:
    description:
      - Whether each host has a variable C(devices), with status and reason of each device.
      - All of them are held in memory, 100 upgrades of 1,000 devices in 120 MB with ansible-core 2.21, and the start is slower by seconds.
    type: bool
    default: false
  hostname:
    description:
      - A Jinja2 expression over the variables of a host (without braces) that gives its name.
      - What is no letter, digit, dash, dot or underscore becomes an underscore. Two upgrades with the same name are an error.
    type: str
    default: upgrade_id
  hostvars_prefix:
    description:
      - What the names of the variables begin with, for playbooks that use one of the names for something else. Expressions here see the names with it.
    type: str
    default: ""
extends_documentation_fragment:
  - thingspace.fota.plugin_connection
  - constructed
  - inventory_cache
notes:
  - ansible-core warns of an inventory that cannot be read, and goes on without its hosts. To have it stop, set E(ANSIBLE_INVENTORY_ANY_UNPARSED_IS_FAILED).
seealso:
  - module: thingspace.fota.upgrade_info
  - module: thingspace.fota.upgrade_devices
  - module: thingspace.fota.rollout
    description: Several upgrades planned as one, with devices that move between them.
"""

EXAMPLES = r"""
# fleet.thingspace.yml, with all secrets in the environment:
# THINGSPACE_APP_KEY, THINGSPACE_APP_SECRET, THINGSPACE_USERNAME, THINGSPACE_PASSWORD.
---
plugin: thingspace.fota.upgrades
account: "0402196254-00001"

# The secrets somewhere else, readable names, groups and variables of your own, and no request for ten minutes.
---
plugin: thingspace.fota.upgrades
account: "0402196254-00001"
access_token: "{{ lookup('ansible.builtin.env', 'FLEET_ACCESS_TOKEN') }}"
session_token: "{{ lookup('ansible.builtin.env', 'FLEET_SESSION_TOKEN') }}"
status: [RequestPending, Queued]
hostname: firmware_to ~ '_' ~ start_date ~ '_' ~ upgrade_id[:8]
compose:
  wave_file: "'waves/' ~ start_date ~ '.csv'"
groups:
  big: device_count > 10000
keyed_groups:
  - key: firmware_to
    prefix: version
strict: true
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/thingspace
cache_timeout: 600
"""

import pathlib
import re
import typing as t

from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

from ..module_utils import _text
from ..module_utils._ansible.connection import Connector
from ..module_utils._api.account import Account
from ..module_utils._api.v1.upgrades import upgrades_by_status, with_devices
from ..module_utils._desired.checks import account_of
from ..module_utils._errors import InputError, ThingSpaceError
from ..module_utils._http.address import api_url_of
from ..module_utils._results.described import described
from ..plugin_utils._inventory import hosts
from ..plugin_utils._inventory.trust import no_template, template
from ..plugin_utils._session.inventory import within

Values = dict[str, t.Any]

_TEXTS = ("account", "api_url", "access_token", "session_token", "app_key", "app_secret", "username", "password")
_OTHERS = ("validate_certs", "ca_path", "timeout", "retry_timeout")
_HERE = {"ansible_connection": template("local"), "ansible_python_interpreter": template("{{ ansible_playbook_python }}")}


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):  # type: ignore[misc]  # ansible-core has no type hints
    NAME = "thingspace.fota.upgrades"

    def verify_file(self, path: str) -> bool:
        return path.endswith(("thingspace.yml", "thingspace.yaml")) and bool(super().verify_file(path))

    def parse(self, inventory: t.Any, loader: t.Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        try:
            self._check_keys(config)
            params = self._params(config)
            self._populate(self._upgrades(path, params, cache))
        except ThingSpaceError as error:
            raise AnsibleParserError(_text.message(error.sentence)) from None

    def _check_keys(self, config: t.Mapping[str, t.Any]) -> None:
        """A misspelt option would be one that was never given."""
        names = {name: [name, *option.get("aliases", [])] for name, option in self.option_definitions.items()}
        unknown = sorted(str(key) for key in config if key not in {spelling for spellings in names.values() for spelling in spellings})
        if unknown:
            raise InputError(f"Unknown options in this file: {', '.join(unknown)}. There are {', '.join(sorted(names))}.")
        for spellings in names.values():
            given = [spelling for spelling in spellings if spelling in config]
            if len(given) > 1:
                raise InputError(f"{' and '.join(given)} are one option: give one of them.")

    def _params(self, config: t.Mapping[str, t.Any]) -> Values:
        """The options of a connection and of a login, checked as far as it can be done without a request."""
        params = {name: self._text(name, name in config or name in _aliased(config)) for name in _TEXTS}
        params |= {name: self.get_option(name) for name in _OTHERS}
        for name in ("access_token", "session_token"):
            if params[name] is not None and not isinstance(params[name], str):
                raise InputError(f"{name} is no text.")
        if not self.get_option("status"):
            raise InputError("status is empty: no upgrade would be a host.")
        return {**params, "account": account_of(params["account"]), "api_url": api_url_of(str(params["api_url"]))}

    def _text(self, name: str, in_file: bool) -> t.Any:
        """The value of an option; a template only where the file gives it, since a secret in the environment may look like one."""
        value = self.get_option(name)
        if not isinstance(value, (str, bool, int, float, list, dict, type(None))):
            return str(value)  # what ansible-core keeps encrypted up to the last moment
        if not in_file or not isinstance(value, str):
            return value
        try:
            return self.templar.template(value)
        except AnsibleError as error:
            # ansible-core quotes what it cannot evaluate, which may be a password with a brace in it.
            whole = re.fullmatch(r"\s*\{\{.*\}\}\s*", value, re.DOTALL)
            raise InputError(f"{name} looks like a template, and cannot be evaluated: {error if whole else 'its value is not shown'}") from None

    def _upgrades(self, path: str, params: Values, cache: bool) -> list[Values]:
        """What the cache holds for these very options, else what the service has."""
        key = self.get_cache_key(path)
        options = {name: self.get_option(name) for name in ("status", "include_devices")}
        question = {"format": 1, "account": params["account"], "api_url": params["api_url"], **options}
        if cache and self.get_option("cache"):
            kept = self._kept(key)
            if isinstance(kept, dict) and kept.get("question") == question and hosts.are_upgrades(kept.get("upgrades")):
                return t.cast("list[Values]", _text.told(kept["upgrades"]))

        def read(connector: Connector) -> list[Values]:
            client = connector.authorized()
            account = Account(client, params["account"])
            found = with_devices(account, upgrades_by_status(account, options["status"]), needed=False)
            for sentence in filter(None, (upgrade.unlisted for upgrade in found)):
                self._warn(sentence)
            return [_text.told(described(upgrade, include_devices=options["include_devices"]), client.hide) for upgrade in found]

        upgrades = within(params, self._warn, pathlib.Path(constants.DEFAULT_LOCAL_TMP), read)
        if self.get_option("cache"):
            self._cache[key] = {"question": question, "upgrades": upgrades}
        return upgrades

    def _warn(self, sentence: str) -> None:
        self.display.warning(_text.message(sentence))

    def _kept(self, key: str) -> t.Any:
        try:
            return self._cache[key]
        except KeyError:
            return None
        except (AnsibleError, TypeError) as error:  # TypeError: ansible-core 2.21, of a file with other JSON than its own
            self._warn(f"The cache cannot be read, so the service is asked: {error}")
            return None

    def _populate(self, upgrades: list[Values]) -> None:
        """Hosts, variables and groups; nothing before all names are known to be good."""
        prefix, strict = self.get_option("hostvars_prefix"), self.get_option("strict")
        found = [no_template(hosts.variables(upgrade, prefix)) for upgrade in upgrades]
        names = [self._host_name(values, upgrade["upgrade_id"]) for values, upgrade in zip(found, upgrades, strict=True)]
        raw_groups = {name: hosts.groups(upgrade) for name, upgrade in hosts.by_name(names, upgrades).items()}
        safe = {raw: str(self._sanitize_group_name(raw)) for raws in raw_groups.values() for raw in raws}
        for warning in hosts.shared_groups((name, raw) for raw, name in safe.items()):
            self._warn(warning)
        self.inventory.add_group(hosts.GROUP)
        for name, values in zip(names, found, strict=True):
            self.inventory.add_host(name, hosts.GROUP)
            for variable, value in {**_HERE, **values}.items():
                self.inventory.set_variable(name, variable, value)
            for raw in raw_groups[name]:
                self.inventory.add_host(name, self.inventory.add_group(safe[raw]))
            self._set_composite_vars(self.get_option("compose"), values, name, strict=strict)
            self._add_host_to_composed_groups(self.get_option("groups"), values, name, strict=strict)
            self._add_host_to_keyed_groups(self.get_option("keyed_groups"), values, name, strict=strict)

    def _host_name(self, values: Values, upgrade_id: str) -> str:
        try:
            value = self._compose(template(str(self.get_option("hostname"))), values)
        except AnsibleError as error:
            raise InputError(f"hostname cannot be evaluated for the upgrade {upgrade_id}: {error}") from None
        return hosts.host_name(value, upgrade_id)


def _aliased(config: t.Mapping[str, t.Any]) -> set[str]:
    """Options that a file gives by their other name."""
    return {name for alias, name in {"account_name": "account", "m2m_token": "session_token"}.items() if alias in config}
