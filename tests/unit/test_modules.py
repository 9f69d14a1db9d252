# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What holds for every module, by enumeration: a new one cannot be forgotten."""

from __future__ import annotations

import datetime
import importlib
import json
import re
import textwrap
import typing as t
from pathlib import Path

import pytest
import yaml
from support.checkout import ROOT
from support.run_module import run_module
from support.run_playbook import run_playbook

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

MODULES = sorted(path.stem for path in (ROOT / "plugins" / "modules").glob("*.py"))
UPGRADE = "60b5d639-ccdc-4db8-8824-069bd94c95bf"


def text_of(module: str, name: str) -> str:
    """One of the documentation blocks of a module."""
    return t.cast(str, getattr(importlib.import_module(f"ansible_collections.thingspace.fota.plugins.modules.{module}"), name))


def fragments_of(module: str) -> list[str]:
    return t.cast("list[str]", yaml.safe_load(text_of(module, "DOCUMENTATION"))["extends_documentation_fragment"])


def secrets_of(sim: Simulator) -> dict[str, str]:
    """The environment of a user of the simulator."""
    known = sim.credentials
    return {
        "THINGSPACE_API_URL": sim.api_url,
        "THINGSPACE_APP_KEY": known.app_key,
        "THINGSPACE_APP_SECRET": known.app_secret,
        "THINGSPACE_USERNAME": known.username,
        "THINGSPACE_PASSWORD": known.password,
    }


@pytest.mark.parametrize("module", MODULES)
def test_no_options_at_all_is_told_clearly(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ACCOUNT", "ACCESS_TOKEN", "SESSION_TOKEN", "APP_KEY", "APP_SECRET", "USERNAME", "PASSWORD", "API_URL"):
        monkeypatch.delenv(f"THINGSPACE_{name}", raising=False)
    result = run_module(module, {})
    assert result["failed"] is True
    assert result["error"]["kind"] in ("input", "access_token", "session_token")
    assert len(result["msg"]) > 20


@pytest.mark.parametrize("options", [{"timeout": "soon"}, {"no_such_option": 1}, {}], ids=["wrong type", "unknown option", "nothing"])
@pytest.mark.parametrize("module", MODULES)
def test_what_is_always_returned_comes_with_a_refusal_of_options_too(module: str, options: dict[str, t.Any]) -> None:
    always = {name for name, value in yaml.safe_load(text_of(module, "RETURN")).items() if value["returned"] == "always"}
    result = run_module(module, options)
    assert (result["failed"], result["changed"], result["requests"]) == (True, False, 0)
    assert result["error"]["kind"] in ("input", "access_token", "session_token")
    assert always - {"changed", "failed"} <= result.keys()


@pytest.mark.parametrize("module", MODULES)
def test_without_requests_the_task_says_what_to_install(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ansible_collections.thingspace.fota.plugins.module_utils._http.transport.HAS_REQUESTS", False)
    options: dict[str, dict[str, t.Any]] = {
        "session": {"app_key": "key-of-app", "app_secret": "secret-of-app", "username": "user-name", "password": "pass-of-user"}
    }
    common: dict[str, t.Any] = {"account": "0402196254-00001", "access_token": "a" * 20, "session_token": "b" * 20}
    own: dict[str, dict[str, t.Any]] = {
        "callback": {"url": "https://fota.example.com/callback"},
        "license": {"devices": ["990003425730535"]},
        "rollout": {"upgrades": [{"upgrade_id": UPGRADE, "devices": ["990003425730535"]}]},
        "upgrade": {"state": "absent", "upgrade_id": UPGRADE},
        "upgrade_devices": {"upgrade_id": UPGRADE, "devices": ["990003425730535"]},
    }
    result = run_module(module, options.get(module) or {**common, **own.get(module, {})})
    assert result["error"]["kind"] == "dependency"
    assert "requests" in result["msg"]


def test_the_action_group_is_every_module_that_takes_tokens() -> None:
    group = yaml.safe_load((ROOT / "meta" / "runtime.yml").read_text(encoding="utf-8"))["action_groups"]["api"]
    assert sorted(group) == [module for module in MODULES if "thingspace.fota.connection" in fragments_of(module)]
    for module in MODULES:
        assert ("thingspace.fota.attributes.api_group" in fragments_of(module)) == (module in group), module


@pytest.mark.parametrize("mode", ["--check", "--diff"])
@pytest.mark.parametrize("module", MODULES)
def test_examples_run_and_leak_nothing(sim: Simulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: str, mode: str) -> None:
    sessions: list[str] = []
    open_session = sim.service.auth.open_session

    def remember() -> str:
        sessions.append(open_session())
        return sessions[-1]

    monkeypatch.setattr(sim.service.auth, "open_session", remember)
    sim.add_upgrade(account="0402196254-00001", upgrade_id=UPGRADE, devices=["990003425730543"])
    access, session = sim.tokens()
    (tmp_path / "waves").mkdir()
    (tmp_path / "waves" / "canary.csv").write_text("imei\n990003425730535\n990003425730543\n", encoding="utf-8")
    # The dates of the examples lie in the future, whenever this runs.
    examples = re.sub(r"\b2026-12-", f"{datetime.datetime.now(datetime.timezone.utc).year + 1}-12-", text_of(module, "EXAMPLES"))
    tasks = textwrap.indent(examples, "    ")
    playbook = f"- hosts: localhost\n  gather_facts: false\n  tasks:\n{tasks}"
    # Tokens of the caller stand in a file: what is given on a command line or with `environment` is printed by ansible-core itself.
    (tmp_path / "tokens.json").write_text(json.dumps({"thingspace_access_token": access, "thingspace_session_token": session}), encoding="utf-8")
    done = run_playbook(tmp_path, playbook, mode, "-vvvv", "-e", "@tokens.json", inventory="localhost ansible_connection=local\n", **secrets_of(sim))
    assert done.code == 0, done.text
    assert not [value for value in (access, *sessions, sim.credentials.app_secret, sim.credentials.password) if value in done.text]
    if mode == "--check":
        assert sim.writes == []
