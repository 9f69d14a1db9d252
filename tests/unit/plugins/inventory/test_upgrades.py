# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The inventory against the simulator, in this process; what needs ansible-core around it is in test_upgrades_run.py."""

from __future__ import annotations

import dataclasses
import json
import os
import re
import time
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.doc_fragments import constructed, inventory_cache
from ansible_collections.thingspace.fota.plugins.doc_fragments import plugin_connection
from ansible_collections.thingspace.fota.plugins.inventory import upgrades
from ansible_collections.thingspace.fota.plugins.module_utils._ansible import options
from ansible_collections.thingspace.fota.plugins.modules import upgrade_info
from ansible_collections.thingspace.fota.plugins.plugin_utils._inventory import hosts as upgrade_hosts
from ansible_collections.thingspace.fota.plugins.plugin_utils._session.login_book import Who, hold
from support.run_module import run_module

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

ACCOUNT = "0402196254-00001"
FIRST, SECOND = "60b5d639-ccdc-4db8-8824-069bd94c95bf", "7d9e40b8-52f3-4b6a-8c1d-e2a4f6b80c02"
NAME = upgrades.InventoryModule.NAME
LOGIN = ("token", "login")
OPEN = ("by_status", "by_status", "by_status")
HERE = {"ansible_connection", "ansible_python_interpreter", "inventory_file", "inventory_dir"}


def option_definitions() -> dict[str, t.Any]:
    fragments = [plugin_connection, constructed, inventory_cache]
    texts = [upgrades.DOCUMENTATION, *(fragment.ModuleDocFragment.DOCUMENTATION for fragment in fragments)]
    return {name: option for text in texts for name, option in yaml.safe_load(text)["options"].items()}


@dataclasses.dataclass
class Inventories:
    """Reads inventory files as one ansible-playbook run would, one after the other."""

    folder: Path
    sim: Simulator
    data: InventoryData = dataclasses.field(default_factory=InventoryData)
    warnings: list[str] = dataclasses.field(default_factory=list)

    def read(self, text: str = "", *, use_cache: bool = True, name: str = "a.thingspace.yml", **options: t.Any) -> InventoryData:
        """Read a file with these options, and ``text`` as it is."""
        path = self.folder / name
        given = {"plugin": NAME, "account": ACCOUNT, "api_url": self.sim.api_url, "retry_timeout": 0, **options}
        written = {option: value for option, value in given.items() if value is not None and f"{option}:" not in text}
        path.write_text(f"{text}\n{yaml.safe_dump(written)}", encoding="utf-8")
        plugin = upgrades.InventoryModule()
        plugin._load_name, plugin._redirected_names, plugin.ansible_name, plugin.ansible_aliases = NAME, [NAME], NAME, [NAME]
        assert plugin.verify_file(str(path))
        plugin.display = self
        plugin.parse(self.data, DataLoader(), str(path), cache=use_cache)
        if plugin.get_option("cache"):
            plugin.update_cache_if_changed()
        return self.data

    def refused(self, text: str = "", **options: t.Any) -> str:
        """What a reading says that fails."""
        with pytest.raises(AnsibleError) as caught:
            self.read(text, **options)
        assert not self.data.hosts
        return str(caught.value)

    def warning(self, text: str, **dummy: t.Any) -> None:
        """The part of a display that is wanted here."""
        self.warnings.append(text)

    def vvv(self, dummy: str) -> None:
        """As above."""

    @property
    def asked(self) -> tuple[str, ...]:
        """The operations since the last time that this was asked."""
        names = tuple(record.operation for record in self.sim.requests)
        self.sim.service.log.records.clear()
        return names


@pytest.fixture
def inventories(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Inventories:
    """An account with an upgrade, the credentials of its user in the environment, and a run of its own."""
    constants.config.initialize_plugin_configuration_definitions("inventory", NAME, option_definitions())
    (tmp_path / "run").mkdir()
    monkeypatch.setattr(constants, "DEFAULT_LOCAL_TMP", str(tmp_path / "run"))
    for name in [name for name in os.environ if name.startswith(("ANSIBLE_INVENTORY", "ANSIBLE_CACHE", "THINGSPACE_"))]:
        monkeypatch.delenv(name)
    for name in ("app_key", "app_secret", "username", "password"):
        monkeypatch.setenv(f"THINGSPACE_{name.upper()}", getattr(sim.credentials, name))
    sim.add_upgrade(account=ACCOUNT, upgrade_id=FIRST, firmware_name="Canary 1.0", firmware_to="2.0", start_date="2099-12-01", devices=["990003425730535"])
    return Inventories(tmp_path, sim)


def groups_of(data: InventoryData, host: str) -> set[str]:
    return {group.name for group in data.hosts[host].get_groups()} - {"all"}


# Hosts, variables, groups


def test_a_host_is_what_upgrade_info_returns(inventories: Inventories) -> None:
    access, session = inventories.sim.tokens()
    options = {"account": ACCOUNT, "api_url": inventories.sim.api_url, "access_token": access, "session_token": session}
    for include in (False, True):
        data = inventories.read(include_devices=include)
        (told,) = run_module("upgrade_info", {**options, "include_devices": include})["upgrades"]
        found = {name: value for name, value in data.hosts[FIRST].vars.items() if name not in HERE}
        assert found == told
        assert ("devices" in found) is include


def test_tasks_run_here_with_this_python(inventories: Inventories) -> None:
    found = inventories.read().hosts[FIRST].vars
    assert (found["ansible_connection"], found["ansible_python_interpreter"]) == ("local", "{{ ansible_playbook_python }}")
    assert inventories.read(compose={"ansible_connection": "'ssh'"}).hosts[FIRST].vars["ansible_connection"] == "ssh"


def test_groups_are_there_by_status_firmware_and_start(inventories: Inventories) -> None:
    inventories.sim.add_upgrade(account=ACCOUNT, upgrade_id=SECOND, firmware_name="F", start_date="2099-12-08", status="Finished")
    inventories.sim.misbehave(date_format="datetime")
    data = inventories.read(status=["Finished", "Queued"])
    assert groups_of(data, FIRST) == {"thingspace_upgrades", "status_Queued", "firmware_Canary_1_0", "start_2099_12_01"}
    assert groups_of(data, SECOND) == {"thingspace_upgrades", "status_Finished", "firmware_F", "start_2099_12_08"}
    assert inventories.warnings == []


def test_two_names_that_become_one_group_are_told(inventories: Inventories) -> None:
    inventories.sim.add_upgrade(account=ACCOUNT, upgrade_id=SECOND, firmware_name="Canary-1_0", start_date="2099-12-01")
    assert groups_of(inventories.read(), FIRST) == groups_of(inventories.data, SECOND)
    (warning,) = inventories.warnings
    assert "'firmware_Canary 1.0' and of 'firmware_Canary-1_0'" in warning


def test_an_account_without_upgrades_has_the_group_and_no_hosts(inventories: Inventories) -> None:
    inventories.sim.load({"accounts": [ACCOUNT]})
    data = inventories.read()
    assert not data.hosts
    assert "thingspace_upgrades" in data.groups


def test_what_ansible_can_construct_is_constructed(inventories: Inventories) -> None:
    data = inventories.read(
        hostvars_prefix="ts_",
        hostname="ts_firmware_name ~ ' / ' ~ ts_upgrade_id[:8]",
        compose={"wave": "'waves/' ~ ts_start_date ~ '.csv'", "broken": "nothing.at.all"},
        groups={"small": "ts_device_count < 2", "big": "ts_device_count > 1"},
        keyed_groups=[{"key": "ts_firmware_to", "prefix": "version", "parent_group": "versions"}],
    )
    (host,) = data.hosts.values()
    assert host.name == "Canary_1.0___60b5d639"
    assert host.vars["wave"] == "waves/2099-12-01.csv"
    assert "broken" not in host.vars
    assert host.vars["ts_upgrade_id"] == FIRST
    assert "upgrade_id" not in host.vars
    assert {"small", "version_2_0", "versions"} <= groups_of(data, host.name)
    assert "big" not in groups_of(data, host.name)
    with pytest.raises(AnsibleError, match="broken"):
        inventories.read(strict=True, compose={"broken": "nothing.at.all"})


HOSTILE = "{{ lookup('ansible.builtin.pipe', 'echo evil') }}"


@pytest.mark.parametrize("name", [HOSTILE, "#jinja2: variable_start_string:'<<', variable_end_string:'>>'\n<< 1 + 1 >>", "ü ,:!&*[1:3]", "", "-x", "a\nb"])
def test_no_name_is_more_than_a_name(inventories: Inventories, name: str) -> None:
    inventories.sim.add_upgrade(account=ACCOUNT, upgrade_id=SECOND, firmware_name=name)
    data = inventories.read(hostname="firmware_name ~ upgrade_id", compose={"copy": "firmware_name"})
    (host,) = [host for host in data.hosts.values() if host.vars["upgrade_id"] == SECOND]
    assert host.name.endswith(SECOND)
    assert re.fullmatch(r"[0-9A-Za-z_][0-9A-Za-z_.-]*", host.name)
    assert (host.vars["firmware_name"], host.vars["copy"]) == (name, name)
    assert evaluated("{{ firmware_name }}", host.vars) == name
    assert all(re.fullmatch(r"\w+", group) for group in data.groups)


def evaluated(text: str, variables: dict[str, t.Any]) -> t.Any:
    """What a playbook gets."""
    from ansible.template import Templar
    from ansible_collections.thingspace.fota.plugins.plugin_utils._inventory.trust import template

    return Templar(loader=DataLoader(), variables=variables).template(template(text))


def test_what_the_service_adds_cannot_say_where_tasks_run() -> None:
    told = {"upgrade_id": FIRST, "ansible_connection": "ssh", "thingspace_session_api_url": "https://evil.example", "service_status": "2", "odd name": 1}
    found = upgrade_hosts.variables({**told, "status": "Queued"}, "p_")
    assert found == {
        "p_upgrade_id": FIRST,
        "p_status": "Queued",
        "p_service_ansible_connection": "ssh",
        "p_service_thingspace_session_api_url": "https://evil.example",
        "p_service_status": "2",
        "p_service_odd_name": 1,
    }


# Sessions


def test_one_login_that_is_ended(inventories: Inventories) -> None:
    inventories.read()
    assert inventories.asked == (*LOGIN, *OPEN, "logout")
    assert not inventories.sim.service.auth.sessions


def test_a_token_that_the_service_repeats_is_in_no_variable(inventories: Inventories) -> None:
    access, session = inventories.sim.tokens()
    row = {"id": FIRST, "status": "Queued", "firmwareName": f"F {session}", access: "x", "note": f"Bearer {access}", "deviceList": []}
    page = json.dumps({"hasMoreFlag": False, "reportList": [row]})
    inventories.sim.fault("GET /reports", "status", status=200, body=page)
    data = inventories.read(access_token=access, session_token=session, status=["Queued"])
    (variables,) = (host.get_vars() for host in data.hosts.values())
    assert not [secret for secret in (access, session) if secret in repr(variables)]


def test_tokens_that_are_given_win_and_live_on(inventories: Inventories) -> None:
    access, session = inventories.sim.tokens()
    inventories.read(access_token=access, m2m_token=session, password="wrong")
    assert inventories.asked == OPEN
    assert session in inventories.sim.service.auth.sessions


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ({"do": "status", "status": 401, "body": '{"fault": {"code": 900901, "message": "Invalid Credentials"}}'}, "access token"),
        ({"do": "status", "status": 200, "body": "<html><title>Portal</title>Please log in</html>"}, "not JSON"),
        ({"do": "status", "status": 502, "body": "<html>Bad gateway</html>"}, "HTTP 502"),
        ({"do": "status", "status": 200, "body": {"reportList": [{"id": 1}]}}, "no upgrade"),
        ({"do": "drop_after"}, "GET"),
        ({"do": "expired_session"}, "session"),
    ],
)
def test_the_session_ends_when_reading_fails_too(inventories: Inventories, fault: dict[str, t.Any], says: str) -> None:
    inventories.sim.fault("GET /reports", **fault)
    assert says in inventories.refused()
    assert inventories.asked == (*LOGIN, "by_status", "logout")
    assert list(inventories.sim.service.auth.sessions) == []


def test_a_logout_that_fails_is_a_warning(inventories: Inventories) -> None:
    inventories.sim.fault("POST /session/logout", "status", status=503)
    assert FIRST in inventories.read().hosts
    assert len(inventories.warnings) == 1
    assert "ends by itself" in inventories.warnings[0]


def test_many_inventories_of_one_user_make_one_refused_login(inventories: Inventories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINGSPACE_PASSWORD", "wrong-one")
    said = [inventories.refused(name=f"{number}.thingspace.yml", account=f"0402196254-0000{number}") for number in range(6)]
    assert inventories.asked == LOGIN
    assert all("refused the login of" in text and "wrong-one" not in text for text in said)
    assert all("no request was made" in text for text in said[1:])


def who(inventories: Inventories) -> Who:
    return Who(inventories.sim.api_url, inventories.sim.credentials.app_key, inventories.sim.credentials.username)


def test_what_an_inventory_learned_a_task_knows(inventories: Inventories, monkeypatch: pytest.MonkeyPatch) -> None:
    inventories.read()
    with hold(inventories.folder / "run") as held:
        assert held.read().login(who(inventories), time.time()) is None, "the tokens of an ended session were handed out"
    monkeypatch.setenv("THINGSPACE_PASSWORD", "wrong-one")
    inventories.data = InventoryData()
    inventories.refused()
    with hold(inventories.folder / "run") as held:
        told = held.read().login(who(inventories), time.time())
    assert told is not None
    assert (told["failed"], told["error"]["kind"]) == (True, "login")
    assert not [path for path in (inventories.folder / "run").iterdir() if "wrong-one" in path.read_text("utf-8")]


@pytest.mark.parametrize(
    ("request_", "fault", "others"),
    [
        ("POST /session/login", {"do": "drop_after"}, True),
        ("POST /oauth2/token", {"do": "status", "status": 401, "body": {"error": "invalid_client"}}, False),
        ("POST /oauth2/token", {"do": "status", "status": 503}, False),
    ],
    ids=["lost", "application refused", "no bearer"],
)
def test_whose_trouble_a_failed_login_is(inventories: Inventories, request_: str, fault: dict[str, t.Any], others: bool) -> None:
    """With another application the user may try again, unless the service may have counted the login."""
    inventories.sim.fault(request_, **fault)
    inventories.refused()
    assert "no request was made" in inventories.refused()
    with hold(inventories.folder / "run") as held:
        book = held.read()
    assert book.login(who(inventories), time.time()) is not None
    assert (book.login(dataclasses.replace(who(inventories), app_key="another"), time.time()) is not None) is others


@pytest.mark.parametrize("alive", [True, False])
def test_the_session_of_a_task_is_used_and_left_open(inventories: Inventories, alive: bool) -> None:
    access, session = inventories.sim.tokens()
    with hold(inventories.folder / "run") as held:
        book = held.read()
        book.send(who(inventories))
        book.learn(who(inventories), {"access_token": access, "session_token": session, "expires_in": 3600}, time.time())
        held.write(book)
    if not alive:
        inventories.sim.clock.advance(1300)
    inventories.read()
    assert inventories.asked == (OPEN if alive else ("by_status", *LOGIN, *OPEN, "logout"))
    assert (session in inventories.sim.service.auth.sessions) is alive
    with hold(inventories.folder / "run") as held:
        assert (held.read().login(who(inventories), time.time()) is not None) is alive


# Options


def test_the_options_of_both_fragments_are_those_of_the_modules() -> None:
    told = option_definitions()
    for name, spec in {**options.connection_options(), **options.login_options()}.items():
        variables = spec["fallback"][1] if "fallback" in spec else []
        assert [variable["name"] for variable in told[name].get("env", [])] == variables, name
        assert told[name].get("default") == spec.get("default"), name
        assert told[name].get("aliases", []) == spec.get("aliases", []), name
        # What may be secret is raw: ansible-core quotes a value that has the wrong type.
        assert told[name]["type"] == ("raw" if spec["type"] == "str" else spec["type"]), name
        assert "environment variable" not in " ".join(told[name]["description"]), name
    info = yaml.safe_load(upgrade_info.DOCUMENTATION)["options"]["status"]
    assert {name: told["status"][name] for name in ("type", "choices", "default")} == {name: info[name] for name in ("type", "choices", "default")}


def test_values_of_the_file_are_templates_and_those_of_the_environment_are_not(inventories: Inventories, monkeypatch: pytest.MonkeyPatch) -> None:
    inventories.sim.load({"credentials": {"app_key": "k{{ 1 }}", "app_secret": "{% s", "username": "u", "password": "{{ p"}})
    for name in ("app_key", "app_secret", "username"):
        monkeypatch.setenv(f"THINGSPACE_{name.upper()}", getattr(inventories.sim.credentials, name))
    monkeypatch.setenv("MY_PASSWORD", "{{ p")
    inventories.read(password="{{ lookup('env', 'MY_PASSWORD') }}", account=None, account_name="{{ '0402196254-' ~ '00001' }}")
    assert inventories.asked == (*LOGIN, *OPEN, "logout")


@pytest.mark.parametrize(
    ("text", "options", "says"),
    [
        ("account: 40219625400001", {}, "account is 40219625400001, a number and not a string"),
        ("account: ''", {}, "account is missing"),
        ("account: {a: b}", {}, "account is a list or a dictionary"),
        ("account: a/b", {}, "not an account name"),
        ("password: 12345678", {}, "password is a number"),
        ("password: '{{ hush-hush'", {}, "password looks like a template"),
        ("password: '{{ no_such_variable }}'", {}, "'no_such_variable' is undefined"),
        ("access_token: [hush-hush]", {}, "access_token is no text"),
        ("access_token: hush-hush", {}, "session_token is missing"),
        ("access_token: 'hush hush'", {"session_token": "x"}, "not a token"),
        ("status: [Queued, Hush]", {}, "status"),
        ("status: []", {}, "status is empty"),
        ("stats: [Queued]", {}, "Unknown options in this file: stats"),
        ("account: a\naccount_name: b", {}, "are one option"),
        ("timeout: 0", {}, "timeout is 0"),
        ("timeout: soon", {"password": "hush-hush"}, "timeout"),
        ("api_url: https://user:hush-hush@example.com/api", {}, "must not hold a user name"),
        ("api_url: ftp://example.com", {}, "api_url must look like"),
        ("hostname: nothing.there", {}, "hostname cannot be evaluated for the upgrade"),
        ("hostname: '{{ upgrade_id }}'", {}, "hostname cannot be evaluated for the upgrade"),
        ("hostname: device_count", {}, "hostname gives no text"),
        ("hostname: \"''\"", {}, "hostname gives no text"),
        ("plugin: amazon.aws.aws_ec2", {}, "plugin"),
    ],
)
def test_what_cannot_be_meant_is_told(inventories: Inventories, text: str, options: dict[str, t.Any], says: str) -> None:
    said = inventories.refused(text, **options)
    assert says in said
    assert "hush" not in said
    assert "login" not in inventories.asked or "hostname" in says


def test_two_upgrades_with_one_name_are_an_error(inventories: Inventories) -> None:
    inventories.sim.add_upgrade(account=ACCOUNT, upgrade_id=SECOND, firmware_name="Canary:1.0")
    said = inventories.refused(hostname="firmware_name")
    assert FIRST in said
    assert SECOND in said
    assert "hostname" in said


def test_other_files_are_left_to_others(tmp_path: Path) -> None:
    plugin = upgrades.InventoryModule()
    for name, wanted in {"thingspace.yml": True, "a.thingspace.yaml": True, "thingspace.json": False, "upgrades.yml": False}.items():
        (tmp_path / name).write_text("{}", encoding="utf-8")
        assert plugin.verify_file(str(tmp_path / name)) is wanted
    assert plugin.verify_file(str(tmp_path / "gone.thingspace.yml")) is False


def test_plain_http_to_elsewhere_is_a_warning(inventories: Inventories) -> None:
    inventories.refused(api_url="http://thingspace.invalid/api", timeout=1)
    assert ["not https" in warning for warning in inventories.warnings] == [True]


def test_without_requests_it_says_what_to_install(inventories: Inventories, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.thingspace.fota.plugins.module_utils._http.transport.HAS_REQUESTS", False)
    assert "requests" in inventories.refused()


# The cache


def cached(inventories: Inventories, **options: t.Any) -> tuple[str, ...]:
    """What a reading with a cache asks the service."""
    inventories.data = InventoryData()
    kept = {"cache": True, "cache_plugin": "jsonfile", "cache_connection": str(inventories.folder / "cache")}
    inventories.read(**{**kept, **options})
    return inventories.asked


ASKED = (*LOGIN, *OPEN, "logout")


def test_a_hit_makes_no_request_and_no_login(inventories: Inventories, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {"compose": {"x": "firmware_name"}}
    assert cached(inventories, **options) == ASKED
    first = inventories.data.hosts[FIRST].vars, groups_of(inventories.data, FIRST)
    for name in ("APP_KEY", "APP_SECRET", "USERNAME", "PASSWORD"):
        monkeypatch.delenv(f"THINGSPACE_{name}")
    assert cached(inventories, **options) == ()
    assert (inventories.data.hosts[FIRST].vars, groups_of(inventories.data, FIRST)) == first


@pytest.mark.parametrize("other", [{"account": "0402196254-00002"}, {"status": ["Queued"]}, {"include_devices": True}, {"api_url": "localhost"}])
def test_what_was_kept_for_another_question_is_no_answer(inventories: Inventories, other: dict[str, t.Any]) -> None:
    inventories.sim.add_upgrade(account="0402196254-00002", upgrade_id=SECOND)
    cached(inventories)
    if "api_url" in other:
        other = {"api_url": inventories.sim.api_url.replace("127.0.0.1", "localhost")}
    assert cached(inventories, **other)[:2] == LOGIN
    assert cached(inventories, **other) == ()


@pytest.mark.parametrize("age", ["fresh", "expired", "flushed", "broken"])
def test_how_long_it_is_kept(inventories: Inventories, age: str) -> None:
    cached(inventories)
    (file,) = (inventories.folder / "cache").iterdir()
    if age == "expired":
        os.utime(file, (time.time() - 601, time.time() - 601))
    elif age == "broken":
        file.write_text("{")
    asked = cached(inventories, cache_timeout=600, use_cache=age != "flushed")
    assert asked == (() if age == "fresh" else ASKED)
    assert bool(inventories.warnings) is (age == "broken")
    assert FIRST in inventories.data.hosts
    assert cached(inventories, cache_timeout=600) == ()


SPOILT: dict[str, t.Callable[[str], str]] = {
    "a list": lambda text: "[]",
    "no ids": lambda text: text.replace("upgrade_id", "id"),
    "a number as a day": lambda text: re.sub(r'(start_date\\?": )\\?"[^"]*"', r"\g<1>5", text),
}


@pytest.mark.parametrize("spoilt", SPOILT.values(), ids=SPOILT)
def test_a_cache_with_something_else_in_it_is_no_answer(inventories: Inventories, spoilt: t.Callable[[str], str]) -> None:
    cached(inventories)
    (file,) = (inventories.folder / "cache").iterdir()
    file.write_text(spoilt(file.read_text("utf-8")), "utf-8")
    assert cached(inventories) == ASKED
    assert FIRST in inventories.data.hosts
    assert cached(inventories) == ()


def test_no_secret_is_kept(inventories: Inventories, monkeypatch: pytest.MonkeyPatch) -> None:
    sessions: list[str] = []
    open_session = inventories.sim.service.auth.open_session

    def remember() -> str:
        sessions.append(open_session())
        return sessions[-1]

    monkeypatch.setattr(inventories.sim.service.auth, "open_session", remember)
    cached(inventories, include_devices=True)
    secrets = [*sessions, *inventories.sim.service.auth.secrets()]
    assert len(secrets) > 3
    # What a run remembers of its logins is in memory: all it has in its folder is a lock.
    texts = [path.read_text("utf-8") for folder in ("cache", "run") for path in (inventories.folder / folder).iterdir()]
    assert len(texts) == 2
    texts += [json.dumps(host.vars) for host in inventories.data.hosts.values()]
    assert FIRST in "".join(texts)
    assert [secret for secret in secrets for text in texts if secret in text] == []
