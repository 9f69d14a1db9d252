# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/rollouts.md against what it describes: the schema, the options of the role, and its own examples."""

from __future__ import annotations

import json
import re
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.thingspace.fota.plugins.plugin_utils._rollout_files import load as rollout_file
from support.checkout import ROOT

PAGE = (ROOT / "docs" / "rollouts.md").read_text(encoding="utf-8")
SCHEMA = json.loads(rollout_file.SCHEMA.read_text(encoding="utf-8"))
ROLE = ROOT / "roles" / "rollout"
BLOCKS = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


def table(title: str, number: int = 0) -> list[list[str]]:
    """The cells of a table of a section, without its head."""
    section = PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]
    tables = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))] for line in tables[number].splitlines()[2:]]


def test_every_key_of_a_file_is_told() -> None:
    properties = SCHEMA["properties"]
    rows = table("Rollout files")
    assert {row[0].strip("`") for row in rows} == properties.keys()
    assert [row[0].strip("`") for row in rows if "Needed" in row[1]] == SCHEMA["required"]


def test_every_key_of_an_upgrade_is_told_as_the_schema_has_it() -> None:
    rows = {row[0].strip("`"): row for row in table("Rollout files", 1)}
    upgrade = SCHEMA["properties"]["upgrades"]["items"]["properties"]
    assert list(rows) == list(upgrade)
    for key, (_name, _what, value, default) in rows.items():
        part = SCHEMA["$defs"][key]
        if "enum" in part:
            assert re.findall(r"`(\w+)`", value) == part["enum"], key
        if "default" in part:
            assert default == f"`{json.dumps(part['default']).strip(chr(34))}`", key
        else:
            assert not default.startswith("`"), key
        limits = [str(part[limit]) for limit in ("minimum", "maximum") if limit in part]
        assert re.findall(r"(?:from|to) (\d+)", value) == limits, key


def test_every_option_of_the_role_is_told_with_its_default() -> None:
    options = yaml.safe_load((ROLE / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]["options"]
    defaults = yaml.safe_load((ROLE / "defaults" / "main.yml").read_text(encoding="utf-8"))
    rows = {row[0].strip("`"): row[1].strip("`") for row in table("Options of the role")}
    assert rows.keys() == options.keys()
    assert (rows["thingspace_rollout_files"] == "needed") is options["thingspace_rollout_files"]["required"] is True
    assert defaults.keys() <= options.keys()
    for name, default in defaults.items():
        told = rows[name]
        assert told == json.dumps(default).strip('"') or told in str(default), name
        assert options[name].get("default", "") == default or "lookup" in default, name


@pytest.mark.parametrize("text", [block for block in BLOCKS if "account:" in block])
def test_the_files_that_are_shown_are_right(tmp_path: Path, text: str) -> None:
    for name in re.findall(r"devices_file: (\S+?)[,}\n]", text):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("", encoding="utf-8")
    (tmp_path / "a.yml").write_text(text, encoding="utf-8")
    (found,) = rollout_file.load(["a.yml"], str(tmp_path), lambda path: Path(path).read_bytes())
    assert found["account"] == "0402196254-00001"
    assert SCHEMA["$id"] in PAGE


def test_links_lead_somewhere() -> None:
    for page in (ROOT / "docs" / "rollouts.md", ROLE / "README.md"):
        for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            path, _mark, anchor = link.partition("#")
            target = page.parent / path if path else page
            assert target.exists(), link
            titles = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
            assert not anchor or anchor in [re.sub(r"[^a-z0-9 -]", "", title.lower()).replace(" ", "-") for title in titles], link


def test_the_playbooks_are_named_as_they_are() -> None:
    playbooks = {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
    assert set(re.findall(r"ansible-playbook thingspace\.fota\.(\w+)", PAGE)) == {"plan", "apply"}
    for page in sorted((ROOT / "docs").rglob("*.md")):
        for name in re.findall(r"ansible-playbook thingspace\.fota\.(\w+)", page.read_text(encoding="utf-8")):
            assert name in playbooks, f"{page.name} names a playbook that is not there"
    plan: list[dict[str, t.Any]] = yaml.safe_load((ROOT / "playbooks" / "plan.yml").read_text(encoding="utf-8"))
    assert [play["check_mode"] for play in plan] == [True]
