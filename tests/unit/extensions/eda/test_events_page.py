# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/events.md, the documentation of the event source and the sample rulebook, held against what the source does."""

from __future__ import annotations

import asyncio
import json
import re
import runpy
import typing as t

import pytest
import yaml
from ansible_collections.thingspace.fota.plugins.plugin_utils._watch import changes, trouble
from ansible_collections.thingspace.fota.plugins.plugin_utils._watch import options as watch_options
from support.checkout import ROOT
from support.run_source import path_of_source, running
from thingspace_simulator.world.model import Entry

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

PAGE = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
SAMPLE = ROOT / "extensions" / "eda" / "rulebooks" / "stop_next_wave.yml"
UPGRADE = "0a61c2d5-3c1b-4f0e-9a55-3f5d1c6b7e01"
A, B, C = "990003425730535", "990000473475989", "990013907835573"


def sample(name: str) -> t.Any:
    found = re.search(rf"<!-- sample: {name} -->\n```json\n(.*?)```", PAGE, re.DOTALL)
    assert found
    return json.loads(found[1])


def without_chance(value: dict[str, t.Any]) -> dict[str, t.Any]:
    """But ids and moments."""
    told = {name: item for name, item in value["thingspace"].items() if name not in ("event_id", "time")}
    assert value["meta"] == {"uuid": value["thingspace"]["event_id"]}
    return told


def test_the_samples_are_what_comes(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_options, "LEAST_INTERVAL", 0)
    upgrade = sim.add_upgrade(upgrade_id=UPGRADE, start_date="2026-12-01", devices=[A, B], rejected={C: "Device not found."})

    async def story() -> list[dict[str, t.Any]]:
        async with running(sim) as source:
            await source.looks()
            with sim.service.lock:
                upgrade.status, upgrade.devices[A] = "InProgress", Entry("UpgradeFailed", "no answer")
            await source.take(2)
            return source.events

    device, changed = asyncio.run(story())
    assert without_chance(changed) == without_chance(sample("upgrade_changed"))
    assert list(changed["thingspace"]) == list(sample("upgrade_changed")["thingspace"])
    part = sample("device_changed")
    assert {name: device["thingspace"][name] for name in part} == part
    assert device["thingspace"].keys() - changed["thingspace"].keys() == {"device"}
    assert changed["thingspace"].keys() - device["thingspace"].keys() == {"previous_failed_percent", "status_changed", "last"}


def test_every_option_is_documented_as_it_is() -> None:
    spec = watch_options.spec()
    told = yaml.safe_load(runpy.run_path(str(path_of_source()))["DOCUMENTATION"])["options"]
    assert told.keys() == spec.keys()
    for name, option in spec.items():
        for key in ("type", "default", "choices", "elements", "aliases"):
            assert told[name].get(key) == option.get(key), f"{name}: {key}"
        for variable in option.get("fallback", (None, []))[1]:
            assert variable in str(told[name]["description"])
    table = PAGE.split("\n## Options\n")[1].split("\n## ")[0]
    listed = [name for cell in re.findall(r"^\| (`[^|]*`) \|", table, re.MULTILINE) for name in re.findall(r"`(\w+)`", cell)]
    assert sorted(listed) == sorted(spec)
    for name in ("interval", "first_look"):
        assert re.search(rf"^\| `{name}` \| `?{spec[name]['default']}`? \|", table, re.MULTILINE)


def test_every_type_of_event_is_documented() -> None:
    table = PAGE.split("\n## What events look like\n")[1].split("\n## ")[0]
    listed = {name for cell in re.findall(r"^\| (`[^|]*`) \| [^|]* \|$", table, re.MULTILINE) for name in re.findall(r"`(\w+_\w+)`", cell)}
    sources = "".join((ROOT / "plugins" / "plugin_utils" / f"{name}.py").read_text(encoding="utf-8") for name in ("_watch/changes", "_watch/source"))
    assert listed == set(re.findall(r'"((?:upgrade|device|source)_(?:new|changed|gone|error|recovered|unreadable))"', sources))
    assert f"{trouble.TELL_AFTER} looks".replace("3", "three") in table
    assert f"{trouble.TELL_WITHIN // 60} minutes" in table
    assert trouble.TELL_AGAIN == 3600
    assert "each hour" in table


def test_the_examples_and_the_sample_have_options_that_there_are() -> None:
    blocks = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
    examples = yaml.safe_load(runpy.run_path(str(path_of_source()))["EXAMPLES"])
    rulebooks = [*blocks[0], *yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))]
    sources = [*examples, *(source for rulebook in rulebooks for source in rulebook["sources"])]
    assert len(sources) == 4
    for source in sources:
        who = {"account": "0402196254-00001", "access_token": "x", "session_token": "y"}
        watch_options.options_of({**who, **source["thingspace.fota.upgrade_status"]})
    (condition,) = (rule["condition"] for rule in rulebooks[1]["rules"] if "run_playbook" in rule["action"])
    assert blocks[1]["condition"] == condition


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", PAGE)
    assert links
    assert [link for link in links if not (ROOT / "docs" / link).exists()] == []
    assert set(re.findall(r"`thingspace\.fota\.(stop_next_wave)`", PAGE)) <= {path.stem for path in (ROOT / "playbooks").glob("*.yml")}


def test_conditions_ask_for_what_is_there() -> None:
    event = sample("upgrade_changed")["thingspace"]
    asked = set(re.findall(r"event\.thingspace\.(\w+)", SAMPLE.read_text(encoding="utf-8")))
    assert asked - event.keys() == set()
    assert "failed_percent" in asked


@pytest.mark.parametrize(("before", "now", "passes"), [(0, 1, False), (0, 2, True), (2, 3, False), (1, 20, True)])
def test_the_rule_is_for_the_event_that_passes_the_limit(before: int, now: int, passes: bool) -> None:
    """The condition of the sample, as Python reads it, over what `_watch/changes` gives."""

    def seen(failed: int) -> changes.Seen:
        counted = {"Device Accepted": 20 - failed, "UpgradeFailed": failed}
        return changes.Seen({"upgrade_id": "a", "status": "InProgress", "device_count": 20, "devices_by_status": counted}, {}, list)

    memory = changes.Memory("birth")
    memory.remember({"a": seen(before)})
    (event,) = memory.events({"a": seen(now)}, ["InProgress"], devices=False, now="")
    condition = yaml.safe_load(SAMPLE.read_text(encoding="utf-8"))[0]["rules"][0]["condition"]
    assert eval(re.sub(r"event\.thingspace\.(\w+)", r"event['\1']", condition), {"event": event.told}) == passes
