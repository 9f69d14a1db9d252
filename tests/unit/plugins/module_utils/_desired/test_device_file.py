# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Device files of every kind, as people and spreadsheets make them."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
import yaml
from ansible_collections.thingspace.fota.plugins.module_utils._desired import device_file
from ansible_collections.thingspace.fota.plugins.module_utils._desired.task_files import Declarations
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError
from ansible_collections.thingspace.fota.plugins.plugin_utils._action import transfer as shipping
from ansible_collections.thingspace.fota.plugins.plugin_utils._action.transfer import as_text, is_yaml
from hypothesis import given
from hypothesis import strategies as st

A, B = "004401234567012", "990000473475989"


def read(name: str, content: str | bytes, column: str | None = None) -> set[str]:
    """Read a file the way a task would: YAML on the controller, everything else in the module."""
    raw = content.encode() if isinstance(content, str) else content
    if is_yaml(name):
        return set(device_file.parse(as_text(raw, name, column), "devices.txt", check_luhn=False).devices)
    return set(device_file.parse(raw, name, column=column, check_luhn=False).devices)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("d.txt", f"# canary\n{A}\n\n  {B}  # van 7\n"),
        ("d.txt", f"\ufeff{A}\r\n{B}\r\n"),
        ("devices", f"{A}\n{B}"),
        ("d.csv", f"imei\n{A}\n{B}\n"),
        ("d.csv", f'\ufeffname;IMEI\r\nvan;{A}\r\n\r\n"a;b";{B}\r\n'),
        ("d.csv", f'"device_id"\t"x"\n"{A}"\t1\n"{B}"\t2\n'),
        ("D.CSV", f'site,deviceId\n"two\nlines",{A}\nx,{B}\n'),
        ("d.json", json.dumps([A, B])),
        ("d.json", f'["{A}", {B}]'),
        ("d.yml", f"- '{A}'\n- \"{B}\"\n"),
        ("d.yaml", f"\ufeff---\r\n# c\r\n['{A}',\r\n {B}]\r\n"),
    ],
)
def test_every_kind_of_file_is_read(name: str, content: str) -> None:
    assert read(name, content) == {A, B}


@pytest.mark.parametrize(
    ("name", "content", "line", "reason"),
    [
        ("d.txt", f"{A}\n12345\n", 2, "5 digits"),
        ("d.csv", f"imei\n{A}\n9.9E+14\n", 3, "exponent"),
        ("d.csv", f'imei,note\n{A},"two\nlines"\n44,x\n', 4, "octal"),
        ("d.csv", f"name,imei\nvan,{A}\nlorry\n", 3, "1 columns"),
        ("d.csv", "serial,name\n1,2\n", 1, "no column imei, device_id or deviceId"),
        ("d.csv", "imei,device_id\n", 1, "2 columns"),
        ("d.csv", "\n\n", 1, "no header line"),
        ("d.csv", f'imei\n"{A}\n', 2, "unexpected end of data"),
        ("d.txt", b"\xff\xfe1\x000\x00", 1, "UTF-16"),
        ("d.txt", f"{A}\nm\u00fcller\n".encode("latin-1"), 2, "not UTF-8"),
        ("d.json", f'[\n "{A}",\n 4401234567012\n]', 3, "without quotes"),
        ("d.json", f'["{A}",\n9.9E+14]', 2, "without quotes"),
        ("d.json", f'[\n"{A}", null]', 2, "NoneType"),
        ("d.json", f'["{A}",\n\n["{B}"]]', 3, "list"),
        ("d.json", '{"devices": []}', 1, "an object"),
        ("d.json", "[\n1,,]", 2, "not JSON"),
        ("d.json", "[" * 100_000, 1, "not"),
        ("d.yml", f"- '{A}'\n- {A}\n", 2, "octal"),
        ("d.yml", "- 9.9E+14\n", 1, "without quotes"),
        ("d.yml", f"- '{A}'\n- 990_003_425_730_535\n", 2, "without quotes"),
        ("d.yml", f"- '{A}'\n-\n", 2, "no text but null"),
        ("d.yml", f"- '{A}'\n- 2026-12-01\n", 2, "no text but timestamp"),
        ("d.yml", f"- '{A}'\n- !vault x\n", 2, "no text but vault"),
        ("d.yml", f"- '{A}'\n- \0\n", 2, "a zero byte"),
        ("d.txt", f"{A}\n1\0002\n", 2, "a zero byte"),
        ("d.yml", "- \x01\n", None, "not YAML"),
        ("d.json", "[\n 004401234567012]", 2, "starts with a zero"),
        ("d.json", "[[" + "9" * 5000 + '],\n"x"]', 1, "list"),
        ("d.yml", "devices:\n  - 1\n", 1, "one YAML list"),
        ("d.yml", f"- '{A}'\n- [1]\n", 2, "not a device"),
        ("d.yml", f"- &a '{A}'\n- *a\n", 2, "alias"),
        ("d.yml", f"- '{A}'\n---\n- '{B}'\n", 2, "one YAML list"),
        ("d.yml", f"- '{A}'\n\t- x\n", 2, "not YAML"),
        ("d.yml", "", 1, "one YAML list"),
    ],
)
def test_errors_name_file_and_line(name: str, content: str | bytes, line: int | None, reason: str) -> None:
    with pytest.raises(InputError) as caught:
        read(name, content)
    assert (f"{name} line {line}" if line else name) in caught.value.message
    assert reason in caught.value.message


PASSWORD = "THINGSPACE_PASSWORD=the-password"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        # What the kernel tells of a process stands in one line, with zero bytes between the variables.
        *((name, f"PATH=/bin\0{PASSWORD}\0") for name in ("d", "d.txt", "d.csv", "d.json", "d.yml")),
        ("d.csv", f"PATH=/usr/bin:/bin {PASSWORD} and more\n"),
        ("d.csv", f"{'x,' * 30}the-password\n"),
    ],
)
def test_what_was_named_by_mistake_is_not_read_out(name: str, content: str) -> None:
    # A link in a pull request may lead anywhere.
    with pytest.raises(InputError) as caught:
        read(name, content)
    assert "the-password" not in caught.value.message


@pytest.mark.parametrize("entry", ["9" * 30_000, "9" * 30_000 + "x", "9." * 15_000, '"' + "9" * 30_000 + '"'])
@pytest.mark.parametrize("name", ["d.txt", "d.csv", "d.json", "d.yml"])
def test_a_line_without_an_end_is_refused_at_once_and_not_told_whole(name: str, entry: str) -> None:
    content = {"d.csv": f"imei\n{entry}", "d.json": f"[{entry}]", "d.yml": f"- {entry}"}.get(name, entry)
    start = time.monotonic()
    with pytest.raises(InputError) as caught:
        read(name, content)
    assert len(caught.value.message) < 500
    # It was minutes.
    assert time.monotonic() - start < 5


def test_the_other_parser_of_yaml_refuses_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for loader in (shipping._LOADER, yaml.SafeLoader):
        monkeypatch.setattr(shipping, "_LOADER", loader)
        with pytest.raises(InputError, match=r"d\.yml.*: not YAML: "):
            read("d.yml", '- "\\UFFFFFFFF"')


def test_a_named_column_is_taken_from_csv_only() -> None:
    assert read("d.csv", f"imei,spare\n{A},{B}\n", "spare") == {B}
    for name, content in (("d.csv", "imei\n"), ("d.txt", ""), ("d.yml", "[]")):
        with pytest.raises(InputError):
            read(name, content, "spare")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"gone\.csv cannot be read: No such file"):
        Declarations().load(str(tmp_path / "gone.csv"), check_luhn=True)


def test_duplicates_survive_the_way_to_another_host() -> None:
    shipped = as_text(f"['{A}', '{B}', '{A}']".encode(), "d.yml", None)
    assert device_file.parse(shipped, "devices.txt", check_luhn=False).duplicates == (A,)


@given(st.sampled_from(["d.txt", "d.csv", "d.json", "d.yml"]), st.one_of(st.binary(max_size=60), st.text(max_size=60).map(str.encode)), st.booleans())
def test_any_content_is_read_or_refused_with_its_name(name: str, content: bytes, with_header: bool) -> None:
    try:
        devices = read(name, b"imei\n" * with_header + content)
    except InputError as error:
        if name not in error.message:
            raise AssertionError(error.message) from error
    else:
        assert all(len(device) == 15 and device.isdigit() for device in devices)
