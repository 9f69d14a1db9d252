# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rollout files as people write them: what they mean, and what a mistake in them is called."""

from __future__ import annotations

import json
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.thingspace.fota.plugins.module_utils._desired import device_file
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError
from ansible_collections.thingspace.fota.plugins.plugin_utils._action import transfer
from ansible_collections.thingspace.fota.plugins.plugin_utils._action import transfer as shipping
from ansible_collections.thingspace.fota.plugins.plugin_utils._rollout_files import defaults as rollout_defaults
from ansible_collections.thingspace.fota.plugins.plugin_utils._rollout_files import load as rollout_file
from ansible_collections.thingspace.fota.plugins.plugin_utils._rollout_files import nodes
from hypothesis import given
from hypothesis import strategies as st

A, B = "004401234567012", "990000473475989"
ID = "60b5d639-ccdc-4db8-8824-069bd94c95bf"
HEAD = 'account: "0402196254-00001"\n'
Values = dict[str, t.Any]


@pytest.fixture(params=[True, False], ids=["with libyaml", "without"])
def either_parser(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyYAML has two parsers, whose sentences differ."""
    for parser in (nodes, transfer):
        monkeypatch.setattr(parser, "_LOADER", yaml.CSafeLoader if request.param else yaml.SafeLoader)


class Repository:
    """A folder ``rollouts`` with some waves in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("rollouts/waves/1.csv", "rollouts/waves/2.csv"):
            self.write(name, "imei\n")

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def load(self, *terms: str) -> list[Values]:
        return rollout_file.load(terms or ("rollouts",), str(self.folder), lambda path: Path(path).read_bytes())

    def upgrades(self, content: str | bytes, name: str = "rollouts/a.yml") -> list[Values]:
        self.write(name, content)
        (account,) = self.load(name)
        return t.cast("list[Values]", account["upgrades"])

    def error(self, content: str | bytes, name: str = "rollouts/a.yml") -> str:
        self.write(name, content)
        return self.refused(name)

    def refused(self, *terms: str) -> str:
        with pytest.raises(InputError) as caught:
            self.load(*terms)
        assert str(caught.value) == caught.value.message
        return caught.value.message


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    return Repository(tmp_path)


SAMPLE = """# A comment
account: "0402196254-00001"
defaults: {firmware_name: F, firmware_to: "2.10", state: exact, devices_file: waves/1.csv}
upgrades:
  - {name: canary, start_date: 2026-12-01}
  - name: wave 1
    start_date: "2026-12-08"
    devices_file: waves/2.csv
    max_removal_percent: 50
"""


@pytest.mark.parametrize(
    "content",
    [SAMPLE, SAMPLE.replace("\n", "\r\n"), "\ufeff" + SAMPLE, "---\n" + SAMPLE + "...\n", SAMPLE.encode("utf-8-sig").replace(b"\n", b"\r\n")],
    ids=["LF", "CRLF", "BOM", "marks", "BOM and CRLF"],
)
def test_a_file_means_what_it_says(repository: Repository, either_parser: None, content: str | bytes) -> None:
    waves = repository.folder / "rollouts" / "waves"
    common = {"firmware_name": "F", "firmware_to": "2.10", "state": "exact"}
    assert repository.upgrades(content) == [
        {**common, "name": "canary", "start_date": "2026-12-01", "devices_file": str(waves / "1.csv")},
        {**common, "name": "wave 1", "start_date": "2026-12-08", "devices_file": str(waves / "2.csv"), "max_removal_percent": 50},
    ]


def test_json_means_the_same(repository: Repository) -> None:
    document = yaml.safe_load(SAMPLE.replace("2026-12-01", '"2026-12-01"'))
    text = json.dumps({"$schema": "rollout.schema.json", **document}, indent="\t")
    assert repository.upgrades(text, "rollouts/a.json") == repository.upgrades(SAMPLE)


MERGED = {
    "devices replace a default devices_file": ({"devices_file": "f.csv", "devices_column": "c"}, {"devices": [A]}, {"devices": [A]}),
    "devices_file replaces default devices": ({"devices": [A]}, {"devices_file": "f"}, {"devices_file": "f"}),
    "a default column is for CSV files": ({"devices_column": "c"}, {"devices_file": "f.txt"}, {"devices_file": "f.txt"}),
    "a default column holds for CSV files": ({"devices_column": "c"}, {"devices_file": "F.CSV"}, {"devices_file": "F.CSV", "devices_column": "c"}),
    "an own column stays": ({}, {"devices_file": "f", "devices_column": "c"}, {"devices_file": "f", "devices_column": "c"}),
    "an id replaces a natural key": ({"firmware_name": "F", "firmware_to": "1", "start_date": "d", "end_date": "e"}, {"upgrade_id": ID}, {"upgrade_id": ID}),
    "a natural key replaces an id": ({"upgrade_id": ID, "firmware_to": "1"}, {"firmware_name": "F"}, {"firmware_name": "F", "firmware_to": "1"}),
    "part of a key is completed": ({"firmware_name": "F"}, {"start_date": "d"}, {"firmware_name": "F", "start_date": "d"}),
    "an own value wins": ({"state": "exact", "batch_size": 5}, {"state": "absent"}, {"state": "absent", "batch_size": 5}),
}


@pytest.mark.parametrize(("defaults", "own", "expected"), MERGED.values(), ids=MERGED)
def test_what_an_upgrade_says_replaces_the_defaults(defaults: Values, own: Values, expected: Values) -> None:
    before = (dict(defaults), dict(own))
    assert rollout_defaults.merged(defaults, own) == expected
    assert (defaults, own) == before


def test_written_digits_are_kept(repository: Repository, either_parser: None) -> None:
    (upgrade,) = repository.upgrades(
        HEAD + f'upgrades:\n- {{upgrade_id: {ID}, devices: [990000473475989, "{A}", {A[:-1]}9, " {B} "], max_removals: 3.0, max_removal_percent: 2.5}}\n'
    )
    # PyYAML takes what begins with a zero and holds an 8 or a 9 for text.
    assert upgrade["devices"] == [B, A, "004401234567019", f" {B} "]
    assert (upgrade["max_removals"], type(upgrade["max_removals"]), upgrade["max_removal_percent"]) == (3, int, 2.5)


@pytest.mark.parametrize("where", ["an upgrade", "the defaults"])
def test_every_integer_of_the_schema_arrives_as_one(repository: Repository, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    schema = json.loads(rollout_file.SCHEMA.read_text(encoding="utf-8"))
    # One that comes later, and one deeper down, as gates will have them.
    schema["$defs"]["batch_size"] = {"$ref": "#/$defs/later"}
    schema["$defs"]["later"] = {"type": "integer"}
    schema["$defs"]["max_removal_percent"] = {"type": "object", "properties": {"deep": {"type": "array", "items": {"$ref": "#/$defs/later"}}}}
    path = repository.write("other.schema.json", json.dumps(schema))
    monkeypatch.setattr(rollout_file, "SCHEMA", path)
    options = "max_removals: 3.0, batch_size: 2.0, max_removal_percent: {deep: [1.0, 2]}"
    text = HEAD + f"defaults: {{devices: []{', ' + options if 'defaults' in where else ''}}}\nupgrades:\n- {{upgrade_id: {ID}"
    (upgrade,) = repository.upgrades(f"{text}{'' if 'defaults' in where else ', ' + options}}}\n")
    found = [upgrade["max_removals"], upgrade["batch_size"], *upgrade["max_removal_percent"]["deep"]]
    assert [(type(value), value) for value in found] == [(int, 3), (int, 2), (int, 1), (int, 2)]


def entry(text: str) -> str:
    return f"{HEAD}defaults: {{firmware_name: F, firmware_to: '1', devices: []}}\nupgrades:\n- {{start_date: 2026-12-01, {text}}}\n"


QUOTE = "number without quotes"
FAULTS: dict[str, tuple[str, list[str]]] = {
    "an account that is a number": (entry("state: exact").replace('"0402196254-00001"', "402196254"), ["a.yml line 1, account: 402196254", QUOTE, "Quote it."]),
    "an account in octal": (entry("state: exact").replace('"0402196254-00001"', "0402106254"), ["account: 0402106254 is a number", "Quote it."]),
    "no account": ("upgrades: [{devices: []}]", ["a.yml line 1, account: is missing."]),
    "an account with a blank": (entry("name: x").replace("254-", "254 "), ["'0402196254 00001' is not an account name"]),
    "an account as a block": (entry("name: x").replace('"0402196254-00001"', "|\n  0402196254-00001"), ["-00001\\n' is not an account"]),
    "an id with a line end": (f'{HEAD}upgrades: [{{upgrade_id: "{ID}\\n", devices: []}}]', ["upgrades[0].upgrade_id: ", "is not a UUID"]),
    "a day with a line end": (entry('end_date: "2026-12-31\\n"'), ["'2026-12-31\\n' is not a day as YYYY-MM-DD."]),
    "a name with a line end": (entry('name: "a\\n"'), ["'a\\n' holds a character that cannot be seen"]),
    "an octal device": (entry("devices: [1, '2', 004401234567012]"), ["line 4, upgrades[0].devices[2]: 004401234567012 is a number", "octal", "Quote it"]),
    "an exponent": (entry("devices: [9.9E+14]"), ["upgrades[0].devices[0]: 9.9E+14 is a number", "exponent", "Quote it"]),
    "an exponent that YAML takes for text": (entry("devices: [1e15]"), ["upgrades[0].devices[0]: '1e15' is a number with an exponent"]),
    "a decimal point": (entry("devices: [990003425730535.0]"), ["upgrades[0].devices[0]: 990003425730535.0 is a number", "decimal point"]),
    "underscores": (entry("devices: [990_003_425_730_535]"), ["upgrades[0].devices[0]: 990_003_425_730_535 is a number without quotes"]),
    "14 digits": (entry("devices: [99000342573053]"), ["upgrades[0].devices[0]: 99000342573053 is a number", "has 14 digits"]),
    "a short device": (entry("devices: ['1']"), ["upgrades[0].devices[0]: '1' has 1 digits"]),
    "a device that is a list": (entry("devices: [[1]]"), ["upgrades[0].devices[0]: is a list and must be 15 digits in quotes."]),
    "a device that is nothing": (entry("devices: [~]"), ["upgrades[0].devices[0]: has no value and must be 15 digits in quotes."]),
    "a version that is a number": (entry("firmware_to: 2.10"), ["[0].firmware_to: 2.10 is a number without quotes, which is read as 2.1. Quote it."]),
    "a version in the defaults": (entry("name: x").replace("'1'", "2.10"), ["line 2, defaults.firmware_to: 2.10 is a number without quotes"]),
    "a name that is a boolean": (entry("name: on"), ["upgrades[0].name: on is read as true and must be text. Quote it."]),
    "a name of two lines": (entry('name: "a\\nb"'), ["upgrades[0].name: 'a\\nb' holds a character that cannot be seen"]),
    "an octal limit": (entry("max_removals: 010"), ["upgrades[0].max_removals: 010 is a number that is not read as it is written"]),
    "base 60": (entry("max_removals: 1:30"), ["upgrades[0].max_removals: 1:30 is a number that is not read as it is written"]),
    "a share that is no number": (entry("max_removal_percent: .nan"), ["upgrades[0].max_removal_percent: .nan"]),
    "a limit in quotes": (entry("max_removals: '3'"), ["upgrades[0].max_removals: '3' is text and must be a whole number."]),
    "a broken limit": (entry("max_removals: 1.5"), ["upgrades[0].max_removals: 1.5 is a number and must be a whole number."]),
    "a share beyond 100": (entry("max_removal_percent: 101"), ["upgrades[0].max_removal_percent: 101 must be from 0 to 100."]),
    "no batch": (entry("batch_size: 0"), ["upgrades[0].batch_size: 0 must be at least 1."]),
    "yes in quotes": (entry("allow_empty: 'yes'"), ["upgrades[0].allow_empty: 'yes' is text and must be true or false."]),
    "another state": (entry("state: exat"), ["upgrades[0].state: 'exat' must be present, absent or exact. Did you mean exact?"]),
    "a state that is a list": (entry("state: [exact]"), ["upgrades[0].state: must be one word."]),
    "no value": (entry("max_removals: ~"), ["upgrades[0].max_removals: has no value and must be a whole number."]),
    "an unknown key": (entry("device_file: x"), ["line 4, upgrades[0].device_file: is no known key. Did you mean devices_file?"]),
    "a key like no other": (entry("xyzzy: x"), ["upgrades[0].xyzzy: is no known key. Known are name, upgrade_id, firmware_name"]),
    "an unknown key at the top": (
        HEAD + "upgrade: []\nupgrades: []",
        ["line 2, upgrade: is no known key. Did you mean upgrades?", "line 3, upgrades: is empty."],
    ),
    "a name in the defaults": (entry("state: exact").replace("{firm", "{name: x, firm"), ["defaults.name: is no known key"]),
    "a key twice": (entry("state: exact,\n   state: absent"), ["line 5, upgrades[0].state: is there twice, first in line 4."]),
    "a key that is a number": (entry("1: x"), ["line 4, upgrades[0]: has a key that is no text: 1. Put it in quotes."]),
    "a key that is a list": (entry("? [a] : x"), ["has a key that is no text: a list or a mapping"]),
    "devices and a file": (entry("devices: [], devices_file: waves/1.csv"), ["line 4, upgrades[0]: has devices and devices_file: give one of them."]),
    "an id and a name": (entry(f"upgrade_id: {ID}"), ["upgrades[0]: has upgrade_id and start_date"]),
    "no id": (entry("upgrade_id: x").replace("start_date: 2026-12-01, ", ""), ["upgrades[0].upgrade_id: 'x' is not a UUID"]),
    "no devices": (HEAD + f"upgrades:\n- upgrade_id: {ID}", ["line 3, upgrades[0]: has neither devices nor devices_file, and defaults have none."]),
    "half a key": (HEAD + "upgrades: [{firmware_to: '1', devices: []}]", ["upgrades[0]: firmware_name, start_date are missing: an upgrade is known by"]),
    "a column without a file": (entry("devices_column: c, devices: []"), ["upgrades[0].devices_column: names a column of a CSV file, and there is no"]),
    "a day that is none": (entry("end_date: 2026-02-30"), ["upgrades[0].end_date: end_date '2026-02-30' is not a day"]),
    "a moment": (entry("end_date: 2026-12-08 10:00:00"), ["upgrades[0].end_date: '2026-12-08 10:00:00' is not a day as YYYY-MM-DD."]),
    "an end before the start": (entry("end_date: 2026-11-30"), ["upgrades[0].end_date: 2026-11-30 lies before start_date 2026-12-01."]),
    "no such file": (entry("devices_file: waves/9.csv"), ["line 4, upgrades[0].devices_file: 'waves/9.csv' is not there (", "/rollouts/waves/9.csv)."]),
    "a folder": (entry("devices_file: waves"), ["upgrades[0].devices_file: 'waves' is a folder"]),
    "an empty path": (entry("devices_file: ''"), ["upgrades[0].devices_file: '' is empty."]),
    "a path that is too long": (entry(f"devices_file: {'x' * 5000}"), ["upgrades[0].devices_file: 'xxx"]),
    "a tag": (entry("name: !!binary abc"), ["upgrades[0].name: has the tag !!binary, which has no meaning here."]),
    "inline vault": (entry("name: !vault x"), ["upgrades[0].name: has the tag !vault, which has no meaning here. Encrypt the whole file instead."]),
    "a tagged list": (entry("devices: !!set {a}"), ["upgrades[0].devices: has the tag !!set"]),
    "a tab": (f"{HEAD}upgrades:\n\t- devices: []\n", ["rollouts/a.yml line 3: there is a tab in the indentation"]),
    "a tab behind blanks": (f"{HEAD}upgrades:\n  - devices: []\n  \tname: x\n", ["rollouts/a.yml line 4: there is a tab in the indentation"]),
    "no YAML": (f"{HEAD}upgrades: [", ["rollouts/a.yml line ", ": not YAML: "]),
    "a colon too many": (f"{HEAD}upgrades: a: b", ["rollouts/a.yml line 2: not YAML: mapping values are not allowed"]),
    "two documents": (f"{SAMPLE}---\n{SAMPLE}", ["rollouts/a.yml line 10: not YAML: "]),
    "a control character": (f"{HEAD}upgrades: [\x07]", ["rollouts/a.yml line 2: not YAML: "]),
    "an escape of nothing": (entry('name: "\\UFFFFFFFF"'), ["not YAML: "]),
    "an unknown anchor": (entry("name: *nowhere"), ["line 4: not YAML: ", "alias"]),
    "nothing": ("", ["rollouts/a.yml: the file is empty."]),
    "a comment": ("# later\n", ["rollouts/a.yml: the file is empty."]),
    "a list": ("- a\n", ["rollouts/a.yml line 1: is no rollout file: that is a mapping with account and upgrades."]),
    "a word": ("later", ["rollouts/a.yml line 1: is no rollout file: that is a mapping with account and upgrades."]),
    "an alias in its anchor": (f"{HEAD}upgrades: &u [*u]", ["rollouts/a.yml line 2: an alias stands inside of its own anchor."]),
    "a merge of a list": (entry("<<: [1]"), ["upgrades[0]: has a merge key << of something that is no mapping."]),
    "deep lists": (f"{HEAD}upgrades: {'[' * 100_000}", ["rollouts/a.yml line 2: lists and mappings stand more than 50 deep in each other."]),
    "deep mappings": (f"{HEAD}upgrades: {'{a: ' * 100_000}", ["rollouts/a.yml line 2: lists and mappings stand more than 50 deep in each other."]),
}


@pytest.mark.parametrize(("content", "says"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told_with_its_place_and_its_cure(repository: Repository, either_parser: None, content: str, says: list[str]) -> None:
    error = repository.error(content)
    assert all(word in error for word in says), error


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"\xff\xfea", "rollouts/a.yml line 1: the file is UTF-16"),
        (b"a: b\nc: \xe9\n", "rollouts/a.yml line 2: not UTF-8 (byte 0xe9)."),
    ],
)
def test_other_encodings_are_told(repository: Repository, content: bytes, says: str) -> None:
    assert says in repository.error(content)


JSON_FAULTS = {
    "no JSON": ('{"account": 1\n"x": 1}', ["a.json line 2: not JSON: "]),
    "an octal device": ('{"upgrades": [{"devices": [\n004401234567012]}]}', ["a.json line 2: not JSON: a number that starts with a zero"]),
    "a version": ('{"account": "a", "upgrades": [{"firmware_to": 2.10}]}', ["a.json, upgrades[0].firmware_to: 2.10 is a number without quotes"]),
    "a big number": ('{"account": "a", "upgrades": [{"devices": [9.9E+14]}]}', ["a.json, upgrades[0].devices[0]: 9.9E+14 is a number"]),
    "infinity": ('{"account": "a", "upgrades": [{"max_removal_percent": Infinity, "batch_size": 1e999}]}', ["percent: Infinity", "batch_size: 1e999"]),
    "a huge number": (f'{{"account": {"9" * 10000}, "upgrades": []}}', ["a.json, account: 999"]),
    "a key twice": ('{"account": "a", "account": "b", "upgrades": []}', ["a.json, account: is there twice."]),
    "nothing": (" \n", ["a.json: the file is empty."]),
    "null": ("null", ["a.json: is no rollout file: that is a mapping with account and upgrades."]),
    "deep lists": ("[" * 100_000, ["a.json: lists and mappings stand more than 50 deep in each other."]),
}


@pytest.mark.parametrize(("content", "says"), JSON_FAULTS.values(), ids=JSON_FAULTS)
def test_a_fault_of_a_json_file_is_told(repository: Repository, content: str, says: list[str]) -> None:
    error = repository.error(content, "rollouts/a.json")
    assert all(word in error for word in says), error


def test_ten_faults_are_told_together_and_the_rest_is_counted(repository: Repository) -> None:
    repository.write("rollouts/a.yml", entry("devices: [1, 2, 3, 4, 5, 6], state: x"))
    repository.write("rollouts/b.yml", "\tx")
    repository.write("rollouts/c.yml", entry("devices: [1, 2, 3, 4, 5, 6], state: x"))
    lines = repository.refused().splitlines()
    assert [line.split(" ")[0] for line in lines] == ["rollouts/a.yml"] * 7 + ["rollouts/b.yml"] + ["rollouts/c.yml"] * 2 + ["..."]
    assert lines[-1] == "... and 5 more."


def test_a_fault_of_the_defaults_is_told_once(repository: Repository) -> None:
    content = HEAD + "defaults: {firmware_name: F, firmware_to: '1', devices_file: x}\nupgrades: [{start_date: 2026-12-01}, {start_date: 2026-12-02}]"
    assert len(repository.error(content).splitlines()) == 1


def test_anchors_aliases_and_merge_keys_work(repository: Repository, either_parser: None) -> None:
    content = f"""{HEAD}
upgrades:
  - &canary
    name: canary
    firmware_name: &f F
    firmware_to: "1"
    start_date: &day 2026-12-01
    end_date: *day
    devices: &devices [990000473475989, "{A}"]
  - <<: *canary
    name: wave
    start_date: 2026-12-02
    end_date: 2026-12-03
    devices: *devices
"""
    first, second = repository.upgrades(content)
    assert first == {"name": "canary", "firmware_name": "F", "firmware_to": "1", "start_date": "2026-12-01", "end_date": "2026-12-01", "devices": [B, A]}
    assert second == {**first, "name": "wave", "start_date": "2026-12-02", "end_date": "2026-12-03"}


def test_a_fault_in_what_was_merged_is_found_where_it_stands(repository: Repository) -> None:
    content = f"{HEAD}upgrades:\n- &a {{firmware_name: F, firmware_to: 2.10, start_date: 2026-12-01, devices: []}}\n- <<: *a\n  start_date: 2026-12-02\n"
    assert [line.split(":")[0] for line in repository.error(content).splitlines()] == [
        "rollouts/a.yml line 3, upgrades[0].firmware_to",
        "rollouts/a.yml line 3, upgrades[1].firmware_to",
    ]


@pytest.mark.parametrize("merge", [False, True])
def test_a_billion_laughs_end_at_once(repository: Repository, either_parser: None, merge: bool) -> None:
    lines = [f"a0: &a0 {{{', '.join(f'k{index}: x' for index in range(9))}}}" if merge else "a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    for step in range(1, 30):
        many = ", ".join([f"*a{step - 1}"] * 9)
        lines.append(f"a{step}: &a{step} {{<<: [{many}]}}" if merge else f"a{step}: &a{step} [{many}]")
    assert "it holds more than 400,000 values, with those that aliases stand for" in repository.error("\n".join(lines))


def test_a_template_is_text(repository: Repository) -> None:
    template = "{{ lookup('pipe', 'id') }}"
    (upgrade,) = repository.upgrades(entry(f'name: "{template}"'))
    assert upgrade["name"] == template


def of(account: str, *upgrades: str) -> str:
    return f'account: "{account}"\nupgrades:\n' + "".join(f"- {{firmware_name: F, firmware_to: '1', devices: [], {upgrade}}}\n" for upgrade in upgrades)


def test_files_of_an_account_come_together(repository: Repository) -> None:
    repository.write("rollouts/b.yaml", of("B", "start_date: 2026-12-01", "start_date: 2026-12-02"))
    repository.write("rollouts/c.YML", of("A", "start_date: 2026-12-01"))
    repository.write("rollouts/a.json", json.dumps({"account": "B", "upgrades": [{"upgrade_id": ID, "devices": []}]}))
    repository.write("rollouts/.hidden.yml", "\t")
    repository.write("rollouts/notes.txt", "\t")
    repository.write("rollouts/below/x.yml", "\t")
    (repository.folder / "rollouts" / "folder.yml").mkdir()
    first, second = repository.load()
    where = repository.folder / "rollouts"
    assert (first["account"], first["files"], len(first["upgrades"])) == ("A", [str(where / "c.YML")], 1)
    assert (second["account"], second["files"]) == ("B", [str(where / "a.json"), str(where / "b.yaml")])
    assert [upgrade.get("upgrade_id") or upgrade["start_date"] for upgrade in second["upgrades"]] == [ID, "2026-12-01", "2026-12-02"]


@pytest.mark.parametrize("first", ["start_date: 2026-12-01", f"upgrade_id: {ID}"])
def test_an_upgrade_that_is_declared_twice_names_both_files(repository: Repository, first: str) -> None:
    content = of("A", first)
    if ID in first:
        content = content.replace("firmware_name: F, firmware_to: '1', ", "")
    repository.write("rollouts/a.yml", content)
    repository.write("rollouts/b.yml", content.replace(ID, ID.upper()).replace("A", "A"))
    error = repository.refused()
    assert error.startswith("rollouts/b.yml line 3, upgrades[0]: the upgrade ")
    assert "is declared in rollouts/a.yml line 3, upgrades[0] as well. Declare it once." in error
    # Another account has upgrades of its own.
    repository.write("rollouts/b.yml", content.replace('"A"', '"B"'))
    assert len(repository.load()) == 2


def test_a_name_is_there_once_in_an_account(repository: Repository) -> None:
    repository.write("rollouts/a.yml", of("A", "start_date: 2026-12-01, name: canary"))
    repository.write("rollouts/b.yml", of("A", "start_date: 2026-12-02, name: ' canary'"))
    assert repository.refused() == "rollouts/b.yml line 3, upgrades[0].name: ' canary' is the name of rollouts/a.yml line 3, upgrades[0] as well."


def test_a_file_that_is_meant_twice_is_read_once(repository: Repository) -> None:
    repository.write("rollouts/a.yml", SAMPLE)
    (account,) = repository.load("rollouts", "rollouts/a.yml", str(repository.folder / "rollouts/../rollouts"))
    assert len(account["upgrades"]) == 2


def test_paths_are_relative_to_their_file(repository: Repository) -> None:
    repository.write("lists/1.txt", "")
    (upgrade,) = repository.upgrades(entry("devices_file: ../lists/./1.txt"))
    assert upgrade["devices_file"] == str(repository.folder / "lists" / "1.txt")
    (upgrade,) = repository.upgrades(entry(f"devices_file: {repository.folder}/lists/1.txt"))
    assert upgrade["devices_file"] == str(repository.folder / "lists" / "1.txt")


def test_what_lies_outside_of_the_repository_is_not_read(repository: Repository) -> None:
    secret = repository.write("runner/key.csv", "imei\nthe-password\n")
    (repository.folder / "rollouts" / "link.csv").symlink_to(secret)
    ways = ["../runner/key.csv", str(secret), "link.csv"]
    assert [repository.upgrades(entry(f"devices_file: {way}"))[0]["devices_file"] != "" for way in ways] == [True] * 3
    repository.write("rollouts/.git/config", "the-password")
    for way in [*ways, "../runner/gone.csv", "../runner"]:
        error = repository.error(entry(f"devices_file: {way}"))
        assert error.startswith(f"rollouts/a.yml line 4, upgrades[0].devices_file: '{way[:20]}")
        # Whether it is there at all is not told.
        assert f" leads out of the Git repository {repository.folder / 'rollouts'}, to " in error
    assert repository.upgrades(entry("devices_file: waves/1.csv"))
    # A rollout file, too. What is wrong with it would be told.
    repository.write("runner/vault", "the-password")
    (repository.folder / "rollouts" / "b.yml").symlink_to("../runner/vault")
    assert repository.refused().startswith(f"rollouts/b.yml leads out of the Git repository {repository.folder / 'rollouts'}, to ")
    assert "the-password" not in repository.refused()
    # The folder may be a link on the way to the repository.
    (repository.folder / "rollouts" / "b.yml").unlink()
    (repository.folder / "way").symlink_to("rollouts")
    assert repository.load("way")


def test_a_link_on_the_way_does_not_lift_the_bounds(repository: Repository) -> None:
    repository.write("secret.txt", "the-password")
    repository.write("repo/.git/config", "")
    repository.write("repo/rollouts/a.yml", entry("devices_file: ../../secret.txt"))
    (repository.folder / "elsewhere").mkdir()
    (repository.folder / "elsewhere" / "link").symlink_to("../repo/rollouts")
    (repository.folder / "elsewhere" / "file.yml").symlink_to("../repo/rollouts/a.yml")
    (repository.folder / "elsewhere" / "twice").symlink_to("link")
    out = f"leads out of the Git repository {repository.folder / 'repo'}, to "
    # By a link, a path through its link is another one than the kernel's: that is told by the file.
    for way in ("repo/rollouts", "elsewhere/link", "elsewhere/twice", "elsewhere/link/../link"):
        (repository.folder / "repo/rollouts/a.yml").write_text(entry(f"devices_file: {repository.folder}/secret.txt"), encoding="utf-8")
        assert out in repository.refused(way), way
    assert out in repository.refused("elsewhere/file.yml")
    # A repository whose folder of rollouts is a link out of it.
    repository.write("outside/b.yml", "the-password")
    (repository.folder / "repo" / "other").symlink_to("../outside")
    (repository.folder / "repo" / "far").symlink_to("../elsewhere/to-outside")
    (repository.folder / "elsewhere" / "to-outside").symlink_to("../outside")
    for way in ("repo/other", "repo/far", "repo/other/b.yml"):
        assert out in repository.refused(way)
    # Nor does a link into another repository.
    repository.write("outside/.git/config", "")
    assert out in repository.refused("repo/other")


GITS = {
    "a clone below": ("sub/.git/config", "sub/.git/config"),
    "a worktree": (".git", ".git"),
    "a submodule": ("modules/one/.git", "modules/one/.git"),
    "another spelling": (".GIT/config", ".GIT/config"),
    "a bare clone": ("cache/fleet.git/config", "cache/fleet.git/config"),
    "deep inside": ("sub/.git/modules/x/logs/HEAD", "sub/.git/modules/x/logs/HEAD"),
    "a link": ("sub/.git/config", "waves/link.csv"),
}


@pytest.mark.parametrize("in_repository", [True, False])
@pytest.mark.parametrize(("place", "way"), GITS.values(), ids=GITS)
def test_what_git_keeps_for_itself_is_not_read(repository: Repository, place: str, way: str, in_repository: bool) -> None:
    path = repository.write(f"rollouts/{place}", "url = https://the-password@example.com\n")
    if in_repository and not place.startswith(".git"):
        repository.write("rollouts/.git/HEAD", "")
    if "bare" in path.parts or path.parent.name == "fleet.git":
        for name in ("HEAD", "objects", "refs"):
            (path.parent / name).mkdir()
    (repository.folder / "rollouts/waves/link.csv").symlink_to(path)
    error = repository.error(entry(f"devices_file: {way}"))
    assert "leads to what Git keeps for itself" in error
    assert "the-password" not in error


def test_a_root_holds_where_there_is_no_repository(repository: Repository) -> None:
    repository.write("secret.txt", "the-password")
    repository.write("rollouts/a.yml", entry("devices_file: waves/1.csv"))
    (repository.folder / "way").symlink_to("rollouts")

    def load(root: str, term: str = "rollouts") -> list[Values]:
        return rollout_file.load([term], str(repository.folder), lambda path: Path(path).read_bytes(), root)

    for root in (".", "rollouts", "way", str(repository.folder)):
        assert load(root)
        assert load(root, "way/a.yml")
    for way in ("../secret.txt", f"{repository.folder}/secret.txt", "link.txt"):
        repository.write("rollouts/a.yml", entry(f"devices_file: {way}"))
        (repository.folder / "rollouts/link.txt").unlink(missing_ok=True)
        (repository.folder / "rollouts/link.txt").symlink_to("../secret.txt")
        assert load(".")
        with pytest.raises(InputError, match=f"leads out of the folder {repository.folder}/rollouts, to "):
            load("way")
    with pytest.raises(InputError, match="rollouts/a.yml leads out of the folder "):
        load("rollouts/waves")
    # The root is what counts, also where a repository is smaller.
    repository.write("rollouts/.git/HEAD", "")
    assert load(".")
    for root in ("", " ", "gone", "secret.txt", "\0"):
        with pytest.raises(InputError, match="The root .* is no folder"):
            load(root)


DOLLARS = ["d/$WHERE/fleet.csv", "d/${WHERE}/fleet.csv", "d/.${EMPTY}./.${EMPTY}./fleet.csv", "d/$PASSWORD", "link.csv", "d/$/fleet.csv", "d/$$"]


@pytest.mark.parametrize("way", DOLLARS)
def test_no_variable_of_the_environment_leads_elsewhere(repository: Repository, way: str) -> None:
    # What reads a file would put its value there, after all that is checked here.
    real = "d/$WHERE/fleet.csv" if way == "link.csv" else way
    repository.write(f"rollouts/{real}", "imei\n")
    (repository.folder / "rollouts" / "link.csv").symlink_to(real)
    error = repository.error(entry(f'devices_file: "{way}"'))
    assert f"upgrades[0].devices_file: '{way}' has a $ in its path, and what opens it would put a variable of the environment there." in error
    # Neither does it lead to a rollout file.
    repository.write("rollouts/$WHERE.yml", SAMPLE)
    assert repository.refused("rollouts/$WHERE.yml").startswith("rollouts/$WHERE.yml has a $ in its path")


SECRET = "hunter2-4711"
SECRETS = [
    SECRET, f"{SECRET}\n", f"{SECRET}\nx\n", f"password: {SECRET}\n", f"{SECRET}: x\n", f"- {SECRET}\n", f'["{SECRET}"]', f'{{"{SECRET}": 1}}', f"[{SECRET}",
    f"'{SECRET}", f'"{SECRET}', f"*{SECRET}", f"[*{SECRET}]", f"&{SECRET} x", f"[&{SECRET} x, *x]", f"!{SECRET} x", f"[!{SECRET} x]", f"!{SECRET}! x",
    f"%{SECRET}\n---\nx", f"%TAG ! {SECRET}\n---\nx", f"? {SECRET}\n: [x", f"{SECRET}: {SECRET}: x", f"\t{SECRET}", f"[core]\n\turl = {SECRET}\n",
    f"imei\n{SECRET}\n", f"device_id,{SECRET}\nx,y\n", f"990003425730535,{SECRET}\n", f"{SECRET}\x07",
    f"@{SECRET}", f"`{SECRET}`", f"<<: {SECRET}", f'"\\x{SECRET}"', f"[{SECRET}]: x", f"upgrade_token: {SECRET}\nother: {SECRET}\n", f"{SECRET} {SECRET}",
    f"- {SECRET}: a\n  {SECRET}: b\n", f"!!{SECRET} x", f"!<tag:yaml.org,2002:{SECRET}> x", f"- !!{SECRET} x", f"[!<!vault{SECRET}> x]", f"!vault{SECRET} x",
    f"!!python/object/apply:{SECRET} [x]", f"account: {SECRET}\n{SECRET}: x\n", f"account: {{user: {SECRET}}}\n{SECRET}: !{SECRET} x\n",
    f"<<: {{{SECRET}: 1, {SECRET}: 2}}", f"account: x\ndefaults: {{{SECRET}: x}}\n",
    # Passwords that are nearly devices: of digits alone, or of little else.
    *(form.replace("@", secret) for secret in ("pw9914711990", "99147-11990-12", "9914711990", "4711.99120381", "99147 11990 12", "+991471199012")
      for form in ("@", "@\nx\n", "- @", "['@']", '["@"]', "[@]", "@: x", "{@: x}", "- {@: x}", "imei\n@\n", "user,token\nx,@\n", "@,token\nx,@\n")),
]


@pytest.mark.parametrize("name", ["d.txt", "d.csv", "d.json", "d.yml", "r.yml", "r.json"])
@pytest.mark.parametrize("secret", SECRETS)
def test_nothing_is_quoted_of_a_file_that_holds_no_devices(repository: Repository, either_parser: None, name: str, secret: str) -> None:
    # The password of a vault lies in the workspace, and a pull request may name any file of it, by a link with any ending.
    if name.startswith("r"):
        told = repository.error(secret, f"rollouts/{name}")
    else:
        with pytest.raises(InputError) as caught:
            device_file.parse(shipping.as_text(secret.encode(), name, None), "d.txt", check_luhn=False)
        told = caught.value.message
        if name != "d.yml":
            with pytest.raises(InputError) as caught:
                device_file.parse(secret.encode(), name, check_luhn=False)
            assert told == caught.value.message
    assert name in told
    assert "hunter2" not in told
    assert "4711" not in told
    assert "user" not in told


@pytest.mark.parametrize(
    ("terms", "says"),
    [
        (["nope"], "There is no rollout file or folder 'nope' in /"),
        ([""], "There is no rollout file or folder ''"),
        ([], "No rollout files are given."),
        (["rollouts/waves"], "There is no rollout file in the folder rollouts/waves: none that ends in .yml, .yaml, .json."),
        (["x" * 5000], "cannot be read"),
        (["~\0"], "'~\\x00'"),
        (["~no-such-user/rollouts"], "There is no rollout file or folder '~no-such-user/rollouts'"),
    ],
)
def test_a_place_without_files_is_an_error(repository: Repository, terms: list[str], says: str) -> None:
    with pytest.raises(InputError) as caught:
        rollout_file.load(terms, str(repository.folder), lambda path: b"")
    assert says in caught.value.message


def test_the_schema_is_shipped() -> None:
    assert rollout_file.SCHEMA.parts[-4:] == ("roles", "rollout", "files", "rollout.schema.json")


SCALARS = st.sampled_from(["", "~", "1", "2.10", "010", "1e9", ".inf", "yes", "2026-12-01", "!x y", "'a'", '"b"', "*a", "&a b", "<<", "{}", "[]", "-", "? x"])
KEYS = st.sampled_from(["account", "defaults", "upgrades", "devices", "name", "state", "<<", "1", "batch_size", "start_date"])


@given(st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.lists(st.tuples(KEYS, inner), max_size=4), max_leaves=12))
def test_whatever_is_written_ends_in_an_error_of_ours(tmp_path_factory: pytest.TempPathFactory, tree: t.Any) -> None:
    def text(node: t.Any) -> str:
        if isinstance(node, str):
            return node
        pairs = bool(node) and isinstance(node[0], tuple)
        return "{" + ", ".join(f"{key}: {text(value)}" for key, value in node) + "}" if pairs else "[" + ", ".join(map(text, node)) + "]"

    content = text(tree)
    path = tmp_path_factory.getbasetemp() / "any.yml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InputError, match=r"any\.yml"):
        rollout_file.load([str(path)], "/", lambda path: content.encode())
