# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""100,000 devices in a file of any kind and form, and files that are made to take long: work and memory, counted and not timed."""

from __future__ import annotations

import contextlib
import datetime
import functools
import json
import re
import typing as t
from pathlib import Path

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._desired import device_file, task_files
from ansible_collections.thingspace.fota.plugins.module_utils._desired.rollout import DesiredUpgrade, desired_upgrades
from ansible_collections.thingspace.fota.plugins.module_utils._desired.task_files import Declarations
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError
from ansible_collections.thingspace.fota.plugins.plugin_utils._action import transfer as shipping
from ansible_collections.thingspace.fota.plugins.plugin_utils._rollout_files import load as rollout_file
from ansible_collections.thingspace.fota.plugins.plugin_utils._rollout_files import nodes
from support.work_done import calls_of, lines_of, memory_of

FEW, MANY = 10_000, 100_000
Devices = t.Sequence[str]
HEAD = 'account: "0402196254-00001"\n'
START = f'{HEAD}defaults: {{firmware_name: F, firmware_to: "1"}}\nupgrades:\n- start_date: 2026-12-01\n'


def lines(devices: Devices, before: str = "", after: str = "\n") -> str:
    return "".join(f"{before}{device}{after}" for device in devices)


def quoted(devices: Devices) -> str:
    return ", ".join(f'"{device}"' for device in devices)


# File name and content by devices, and how much work and memory a device may take, where one in a text file takes 1.
FORMS: dict[str, tuple[str, t.Callable[[Devices], str], float, float]] = {
    "text": ("d.txt", lines, 1.01, 1.01),
    "text, CRLF": ("d.txt", lambda devices: lines(devices, after="\r\n"), 1.01, 1.1),
    "text, BOM and comments": ("d", lambda devices: "\ufeff" + lines(devices, "  ", "  # a van\n\n"), 1.5, 1.5),
    "CSV": ("d.csv", lambda devices: "imei\n" + lines(devices), 1.5, 1.5),
    "CSV, BOM, CRLF, quoted": ("d.csv", lambda devices: "\ufeffname;imei;site\r\n" + lines(devices, '"a;b";"', '";"two\r\nlines"\r\n'), 2, 2),
    "CSV, 20 columns": ("d.csv", lambda devices: "imei" + ",c" * 19 + "\n" + lines(devices, after=",some text" * 19 + "\n"), 1.5, 7),
    "JSON": ("d.json", lambda devices: f"[{quoted(devices)}]", 1, 1.2),
    "JSON, indented": ("d.json", lambda devices: json.dumps(devices, indent=4), 1, 1.2),
    "JSON, BOM, CRLF, unquoted": ("d.json", lambda devices: "\ufeff[\r\n" + ",\r\n".join(devices) + "]", 2, 1.2),
    "JSON, both": ("d.json", lambda devices: f"[{quoted(devices[::2])}, {', '.join(devices[1::2])}]", 1.5, 1.2),
    "YAML": ("d.yml", lambda devices: lines(devices, "- '", "'\n"), 1.5, 1.2),
    "YAML, BOM, CRLF, unquoted": ("d.yaml", lambda devices: "\ufeff---\r\n" + lines(devices, "- ", "\r\n"), 2.5, 1.2),
    "YAML in one line": ("d.yml", lambda devices: f"[{quoted(devices)}]", 1.5, 1.2),
    "YAML in one line, unquoted": ("d.yml", lambda devices: f"[{', '.join(devices)}]", 2.5, 1.2),
    "rollout": ("r.yml", lambda devices: f"{START}  devices:\n" + lines(devices, '  - "', '"\n'), 4, 1.5),
    "rollout, BOM, CRLF, unquoted": ("r.yaml", lambda devices: "\ufeff" + (f"{START}  devices:\n" + lines(devices, "  - ")).replace("\n", "\r\n"), 6, 1.5),
    "rollout in one line": ("r.yml", lambda devices: f"{START}  devices: [{quoted(devices)}]", 4, 1.5),
    "rollout, through an alias": ("r.yml", lambda devices: f"{START}  devices: &d [{quoted(devices)}]\n- {{start_date: 2026-12-02, devices: *d}}", 7, 1.5),
    "rollout, by merge keys": ("r.yml", lambda devices: f"{START}  <<: [{{devices: [{quoted(devices)}]}}, {{state: exact}}]", 4, 1.5),
    "rollout in JSON": ("r.json", lambda devices: rollout_in_json(devices, devices), 4, 1.5),
    "rollout in JSON, unquoted": ("r.json", lambda devices: rollout_in_json(devices, [int(device) for device in devices]), 6, 1.5),
}


def rollout_in_json(devices: Devices, declared: t.Sequence[t.Any]) -> str:
    upgrade = {"firmware_name": "F", "firmware_to": "1", "start_date": "2026-12-01", "devices": declared}
    return json.dumps({"account": "0402196254-00001", "upgrades": [upgrade]}, indent=4)


@functools.cache
def devices(count: int) -> Devices:
    return [str(990_000_000_000_000 + 7 * number) for number in range(count)]


def read(folder: Path, name: str, content: bytes) -> t.Collection[str]:
    """The devices of a file the way a task reads it: YAML on the controller, everything else in the module as well."""
    if name.startswith("d"):
        text = shipping.as_text(content, name, None)
        return device_file.parse(*((text, "d.txt") if shipping.is_yaml(name) else (content, name)), check_luhn=False).devices
    (account,) = rollout_file.load([name], str(folder), lambda _path: content)
    return t.cast("list[str]", account["upgrades"][0]["devices"])


@pytest.fixture(scope="module")
def text_file(tmp_path_factory: pytest.TempPathFactory) -> dict[int, tuple[int, int]]:
    """Work and memory of the plain text file."""

    def measured(count: int) -> tuple[int, int]:
        content = lines(devices(count)).encode()
        folder = tmp_path_factory.getbasetemp()
        return calls_of(lambda: read(folder, "d.txt", content)), memory_of(lambda: read(folder, "d.txt", content)) if count == FEW else 0

    return {count: measured(count) for count in (FEW, MANY)}


@pytest.mark.slow
@pytest.mark.parametrize("form", FORMS)
def test_a_large_file_of_any_form_is_read(tmp_path: Path, text_file: dict[int, tuple[int, int]], form: str) -> None:
    name, make, work, memory = FORMS[form]
    (tmp_path / name).touch()
    for count in (FEW, MANY):
        content = make(devices(count)).encode()
        found: list[t.Collection[str]] = []
        # The square of it would show in the small file already, before it takes hours in the large one.
        assert calls_of(lambda content=content, found=found: found.append(read(tmp_path, name, content))) < work * text_file[count][0]  # type: ignore[misc]
        assert sorted(found[0]) == devices(count)
    few = make(devices(FEW)).encode()
    assert memory_of(lambda: read(tmp_path, name, few)) < memory * text_file[FEW][1]


# A file that is made to take long: its name, and its content by how large it is.
HOSTILE: dict[str, tuple[str, t.Callable[[int], str]]] = {
    "one merge key many times": ("r.yml", lambda n: f"{HEAD}a: &a {{{keys(n // 16)}}}\nupgrades:\n- <<: [{', '.join(['*a'] * (n // 8))}]\n"),
    "merge keys in a chain": ("r.yml", lambda n: f"{HEAD}a0: &a0 {{}}\n" + "".join(f"a{i}: &a{i} {{<<: *a{i - 1}, k{i}: x}}\n" for i in range(1, n // 24))),
    "merge keys of one another": ("r.yml", lambda n: f"{HEAD}a: [&a {{{keys(n // 16)}}}, {', '.join(['{<<: *a}'] * (n // 16))}]\n"),
    "aliases of a list": ("r.yml", lambda n: f"{HEAD}a: &a [{'x,' * (n // 4)}]\nupgrades: [{'*a,' * (n // 6)}]\n"),
    "aliases of an upgrade": ("r.yml", lambda n: f"{START}  devices: [{quoted(devices(n // 30))}]\n- &a {{devices: []}}\n" + "- *a\n" * (n // 10)),
    "devices of the defaults": (
        "r.yml",
        lambda n: f"{HEAD}defaults: {{devices: [{quoted(devices(n // 40))}]}}\nupgrades:\n" + "- {state: exact}\n" * (n // 32),
    ),
    "a flat list": ("r.yml", lambda n: f"{HEAD}upgrades: [{'1,' * (n // 2)}]"),
    "a flat list in JSON": ("r.json", lambda n: f'{{"account": "A", "upgrades": [{"1," * (n // 2)}1]}}'),
    "devices that are none": ("r.yml", lambda n: f"{START}  devices: [{'1,' * (n // 2)}]"),
    "unknown keys": ("r.yml", lambda n: f"{START}" + "".join(f"  device_files{i}: x\n" for i in range(n // 24))),
    "keys that are there twice": ("r.yml", lambda n: f"{START}" + "  name: x\n" * (n // 10)),
    "keys that are no text": ("r.yml", lambda n: f"{START}" + "".join(f"  {i}: x\n" for i in range(n // 10))),
    "anchors": ("r.yml", lambda n: f"{START}  devices: [{', '.join(f'&a{i} x' for i in range(n // 10))}]"),
    "directives": ("r.yml", lambda n: "".join(f"%TAG !a{i}! tag:x\n" for i in range(n // 20)) + "--- a\n"),
    "directives of devices": ("d.yml", lambda n: "".join(f"%TAG !a{i}! tag:x\n" for i in range(n // 20)) + "--- a\n"),
    "documents": ("r.yml", lambda n: "--- a\n" * (n // 6)),
    "depth": ("r.yml", lambda n: HEAD + "upgrades: " + "[" * n),
    "depth in JSON": ("r.json", lambda n: "[" * n),
    "many upgrades": (
        "r.yml",
        lambda n: START + "  devices: []\n" + "".join(f"- {{start_date: 2026-12-01, name: n{i}, devices: []}}\n" for i in range(n // 50)),
    ),
    "bad numbers": ("d.json", lambda n: "[" + ", ".join(["1e5"] * (n // 5)) + "]"),
    "bad numbers at the end": ("d.json", lambda n: "[" + ", ".join([*devices(n // 17), "1"]) + "]"),
    "bad devices": ("d.json", lambda n: json.dumps(["x"] * (n // 5))),
    "lists in a list": ("d.json", lambda n: "[" + ", ".join(["[1]"] * (n // 5)) + "]"),
    "bad lines": ("d.txt", lambda n: "1\n" * (n // 2)),
    "empty lines": ("d.txt", lambda n: "\n" * n),
    "columns": ("d.csv", lambda n: "x," * (n // 2) + "\n"),
    "short rows": ("d.csv", lambda n: "x,imei\n" + ",\n" * (n // 2)),
    "an open quote": ("d.csv", lambda n: 'imei\n"' + "1\n" * (n // 2)),
}


def keys(count: int) -> str:
    return ", ".join(f"key{number}: x" for number in range(count))


@pytest.mark.parametrize("which", HOSTILE)
def test_what_is_made_to_take_long_is_refused_or_read_in_time(tmp_path: Path, which: str) -> None:
    name, make = HOSTILE[which]
    (tmp_path / name).touch()

    def refused_or_read(size: int) -> None:
        with contextlib.suppress(InputError):
            read(tmp_path, name, make(size).encode())

    # An upgrade takes 400 lines of Python, and an alias of one is five characters. The square of it would be 50,000 lines for each.
    size = 50_000
    assert lines_of(lambda: refused_or_read(size), 100 * size) < 100 * size


# The smallest values there are, as many as a file can hold: its name, and its content by how large it is.
SMALLEST: dict[str, tuple[str, t.Callable[[int], str]]] = {
    "lines": ("d.txt", lambda n: "1\n" * (n // 2)),
    "rows": ("d.csv", lambda n: "imei\n" + "1\n" * (n // 2)),
    "columns": ("d.csv", lambda n: "," * (n // 2) + "\n" + "," * (n // 2)),
    "quoted lines in a row": ("d.csv", lambda n: "imei\n" + '"a\n",' * (n // 6)),
    "numbers in JSON": ("d.json", lambda n: "[" + "1," * (n // 2) + "1]"),
    "texts in JSON": ("d.json", lambda n: "[" + '"a",' * (n // 4) + '""]'),
    "lists in JSON": ("d.json", lambda n: "[" + "[]," * (n // 3) + "[]]"),
    "mappings in JSON": ("d.json", lambda n: "[" + "{}," * (n // 3) + "{}]"),
    "a mapping in JSON": ("d.json", lambda n: '{"a":1' + "".join(f',"{i}":1' for i in range(n // 8)) + "}"),
    "numbers in YAML": ("d.yml", lambda n: "[" + "1," * (n // 2) + "1]"),
    "devices of a rollout": ("r.yml", lambda n: f"{START}  devices: [{'1,' * (n // 2)}]"),
    "devices of a rollout in JSON": ("r.json", lambda n: '{"upgrades": [' + "1," * (n // 2) + "1]}"),
    "keys of a rollout in JSON": ("r.json", lambda n: '{"upgrades": {"a":1' + "".join(f',"{i}":1' for i in range(n // 8)) + "}}"),
}


@pytest.mark.parametrize("which", SMALLEST)
def test_limits_hold_before_the_memory_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str) -> None:
    # Where all limits are a fiftieth: with files of 50 MB that hold nothing but ones it was 2.6 GB.
    monkeypatch.setattr(device_file, "MOST_ENTRIES", device_file.MOST_ENTRIES // 50)
    monkeypatch.setattr(device_file, "_LONGEST_ROW", device_file._LONGEST_ROW // 50)
    monkeypatch.setattr(nodes, "MOST_VALUES", nodes.MOST_VALUES // 50)
    name, make = SMALLEST[which]
    (tmp_path / name).touch()
    content = make((device_file.LARGEST if name.startswith("d") else rollout_file.LARGEST) // 50).encode()

    def refused() -> None:
        with pytest.raises(InputError, match=r"more than [\d,]+ (entries|characters|values)|no column"):
            read(tmp_path, name, content)

    assert memory_of(refused) < (10 if name.startswith("d") else 25) * len(content)


NO_OPTIONS = ["name", "upgrade_id", "firmware_name", "firmware_to", "end_date", "devices", "devices_column", "allow_empty", "max_removals"]
NO_OPTIONS += ["max_removal_percent", "on_rejected", "imei_check", "batch_size"]
AT_THE_TOP = {"allow_empty": False, "max_removals": None, "max_removal_percent": 30, "on_rejected": "fail", "imei_check": "none", "batch_size": 1000}


def declared(paths: t.Iterable[Path | str], state: str = "absent") -> list[DesiredUpgrade]:
    """What upgrades mean that name these files, an upgrade a file."""
    first = datetime.date(2999, 1, 1)
    entries = [
        {**dict.fromkeys(NO_OPTIONS), "firmware_name": "F", "firmware_to": "1", "start_date": str(first + datetime.timedelta(number)), "state": state}
        | {"devices_file": str(path)}
        for number, path in enumerate(paths)
    ]
    return desired_upgrades({**AT_THE_TOP, "upgrades": entries}, first)


def test_a_file_is_read_once_in_a_task_however_many_upgrades_name_it_and_how(tmp_path: Path) -> None:
    (tmp_path / "d.txt").write_text(lines(devices(FEW)), encoding="utf-8")
    (tmp_path / "folder").symlink_to(".")
    for number in range(50):
        (tmp_path / f"link.{number}").symlink_to("d.txt")
    names = ["d.txt", "./d.txt", "folder/d.txt", *(f"link.{number}" for number in range(50))]
    paths = [f"{tmp_path}/{name}" for name in names]
    once = calls_of(lambda: declared(paths[:1]))
    assert calls_of(lambda: declared(paths)) < 1.5 * once
    assert memory_of(lambda: declared(paths)) < 1.5 * memory_of(lambda: declared(paths[:1]))


def test_a_file_is_read_by_its_ending_and_column(tmp_path: Path) -> None:
    one, other, third = devices(3)
    (tmp_path / "d.csv").write_text(f"imei,spare\n{one},{other}\n", encoding="utf-8")
    (tmp_path / "link.CSV").symlink_to("d.csv")
    (tmp_path / "d.txt").write_text(third, encoding="utf-8")
    files = Declarations()
    found = [files.load(str(tmp_path / name), column=column, check_luhn=False) for name, column in (("d.csv", None), ("link.CSV", "spare"), ("d.txt", None))]
    assert [set(declaration.devices) for declaration in found] == [{one}, {other}, {third}]
    (tmp_path / "link.txt").symlink_to("d.csv")
    with pytest.raises(InputError, match=r"link\.txt line 1"):
        files.load(str(tmp_path / "link.txt"), check_luhn=False)
    # Of what fails no check digit is kept where nobody wants to know.
    assert [bool(files.load(str(tmp_path / "d.txt"), check_luhn=check).doubtful) for check in (False, True, False)] == [False, True, False]


@pytest.mark.slow
def test_a_task_has_a_limit_of_devices_that_is_wide_enough(tmp_path: Path) -> None:
    most = [str(990_000_000_000_000 + number) for number in range(1_000_000)]
    (tmp_path / "d.txt").write_text(lines(most), encoding="utf-8")
    for number in range(1000):
        (tmp_path / f"{number}.txt").write_text(lines(most[1000 * number : 1000 * number + 1000]), encoding="utf-8")
    assert sum(len(upgrade.wanted) for upgrade in declared([tmp_path / f"{number}.txt" for number in range(1000)], "exact")) == 1_000_000
    assert len(declared([tmp_path / "d.txt"], "exact")[0].wanted) == 1_000_000
    assert len(declared([tmp_path / "d.txt"] * 2)) == 2
    with pytest.raises(InputError) as caught:
        declared([tmp_path / "d.txt"] * 1000)
    assert caught.value.message.startswith("upgrades[2]: up to here 3,000,000 devices are declared, where one counts for each upgrade that declares it")
    assert "a task takes at most 2,000,000. Give some of the upgrades to another run." in caught.value.message


def test_a_task_has_a_limit_of_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Files of no device, or of the same one over and over, count too.
    monkeypatch.setattr(task_files, "LARGEST_TOGETHER", 1_000_000)
    for number in range(3):
        (tmp_path / f"{number}.txt").write_text("#" * 400_000, encoding="utf-8")
    assert declared([tmp_path / "0.txt", tmp_path / "1.txt", tmp_path / "1.txt"])
    with pytest.raises(InputError, match=r"/2\.txt and the device files before it are larger than 1 MB together, the most that a task reads\. Leave out"):
        declared([tmp_path / f"{number}.txt" for number in range(3)])


@pytest.mark.parametrize("name", ["r.yml", "r.json"])
def test_no_pattern_sees_a_text_without_an_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    # What a pattern does with a text cannot be counted: with one of 60,000 characters it was busy for 37 seconds.
    seen: list[str] = []
    found = re.search

    def search(pattern: str, text: str) -> re.Match[str] | None:
        seen.append(text)
        return found(pattern, text)

    monkeypatch.setattr(re, "search", search)
    long = "a" * 60_000 + "\x01"
    schema = json.loads(rollout_file.SCHEMA.read_text(encoding="utf-8"))
    options = [option for option, rule in schema["$defs"].items() if rule.get("type") == "string"]
    upgrades = [{option: long} for option in options] + [{"devices": [long]}]
    content = json.dumps({"account": long, "$schema": long, "defaults": {option: long for option in options if option != "name"}, "upgrades": upgrades})
    (tmp_path / name).touch()
    with pytest.raises(InputError, match="has 60,001 characters, and at most"):
        read(tmp_path, name, content.encode())
    assert len(options) >= 8
    assert not [text for text in seen if "a" * 1001 in text]


def test_every_text_with_a_pattern_has_a_longest_length() -> None:
    def patterns(rule: t.Any) -> t.Iterator[dict[str, t.Any]]:
        if isinstance(rule, dict):
            if isinstance(rule.get("pattern"), str):
                yield rule
            for part in rule.values():
                yield from patterns(part)

    found = list(patterns(json.loads(rollout_file.SCHEMA.read_text(encoding="utf-8"))))
    assert len(found) >= 8
    assert all(rule.get("maxLength", 10_000) <= 1000 for rule in found), found


def test_limits_name_themselves_and_the_way_out(tmp_path: Path) -> None:
    for name in ("r.yml", "r.json", "d.txt", "d.yml"):
        (tmp_path / name).touch()
    for name, content, says in (
        ("r.yml", b"#" * 5_000_001, "r.yml is larger than 5 MB, the most that is read. Put devices into files of their own"),
        ("d.txt", b"#" * 50_000_001, "d.txt is larger than 50 MB, the most that is read. Leave out columns that nobody needs here, or give its devices in"),
        ("d.yml", b"#" * 50_000_001, "d.yml is larger than 50 MB"),
        ("d.txt", b"1\n" * 1_000_001, "d.txt has more than 1,000,000 entries, the most that is read. Give its devices in several files."),
        ("r.yml", f"{HEAD}a: [{'x,' * 400_001}]".encode(), "holds more than 400,000 values, with those that aliases stand for. Put devices into files"),
        ("r.json", json.dumps(["x"] * 400_001).encode(), "holds more than 400,000 values"),
    ):
        with pytest.raises(InputError) as caught:
            read(tmp_path, name, content)
        assert says in caught.value.message


def test_a_file_without_an_end_is_not_read_to_it() -> None:
    with pytest.raises(InputError, match="/dev/zero is larger than 50 MB"):
        Declarations().load("/dev/zero", check_luhn=True)
