# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""BEHAVIOURS.md says what the code does: nothing more, nothing less."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path

import yaml
from support.simulator_client import UPGRADE
from thingspace_simulator import Simulator
from thingspace_simulator.control import faults
from thingspace_simulator.control.log import Record
from thingspace_simulator.server import routes
from thingspace_simulator.world import model, seed
from thingspace_simulator.world.switches import Switches

ROLE = Path(__file__).resolve().parents[3] / "roles" / "simulator"
TEXT = (ROLE / "BEHAVIOURS.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    return TEXT.split(f"\n## {title}\n")[1].split("\n## ")[0]


def rows(title: str) -> list[list[str]]:
    """The cells of the rows of a section's table."""
    lines = [line for line in section(title).splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]]


def names(title: str) -> list[str]:
    return [row[0].strip("`") for row in rows(title)]


def test_every_call_is_listed() -> None:
    assert names("Calls") == [f"{route.method} {route.template}" for route in routes.ROUTES]


def test_every_operation_is_listed() -> None:
    told = next(row[1] for row in rows("Log") if row[0] == "`operation`")
    assert set(re.findall(r"`(\w+)`", told)) == {route.operation for route in routes.ROUTES}


def test_every_switch_is_listed_with_its_default() -> None:
    told = {row[0].strip("`"): row[1] for row in rows("Switches")}
    known = {}
    for item in dataclasses.fields(Switches):
        choices = item.metadata.get("choices")
        known[item.name] = ", ".join(f"`{choice}`" for choice in choices) if choices else json.dumps(item.default)
    assert told == known


def test_every_fault_is_listed_with_its_arguments() -> None:
    told = {row[0].strip("`"): set(re.findall(r"`(\w+)`", row[1])) for row in rows("Faults")}
    assert told == {name: set(arguments) for name, arguments in faults.FAULTS.items()}


def test_every_key_of_a_seed_is_listed() -> None:
    assert set(names("Seed")) == set(seed.SEED_KEYS)
    told = set(re.findall(r"`(\w+)`", section("Seed")))
    kinds = (model.Firmware, model.Device, model.Subscription, model.Callback, model.HistoryRow, model.Credentials)
    fields = {item.name for kind in kinds for item in dataclasses.fields(kind)}
    assert told >= {*fields, *seed.ACCOUNT_KEYS, *seed.UPGRADE_KEYS}


def test_the_example_is_a_seed() -> None:
    example = json.loads(section("Seed").split("```json")[1].split("```")[0])
    with Simulator(example) as sim:
        assert sim.members(UPGRADE) == {"990003425730535"}
        assert len(sim.service.accounts["0402196254-00001"].devices) == 502


def test_every_field_of_the_log_is_listed() -> None:
    assert names("Log") == [item.name for item in dataclasses.fields(Record)]


def test_every_control_call_is_listed(sim: Simulator) -> None:
    calls = sim.control.calls
    assert names("Control calls") == [f"{method} /_simulator/{name}" for method, name in calls]


def test_readme_defaults_and_argument_specs_agree() -> None:
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    specs = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    assert {name: item["default"] for name, item in specs["main"]["options"].items()} == defaults
    assert specs["stop"]["options"].items() <= specs["main"]["options"].items()
    readme = (ROLE / "README.md").read_text(encoding="utf-8")
    told = dict(re.findall(r"^\| `(thingspace_\w+)` \| `(.*?)` \|", readme, re.MULTILINE))
    assert {name: yaml.safe_load(value) for name, value in told.items()} == defaults
