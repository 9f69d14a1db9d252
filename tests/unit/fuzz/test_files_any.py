# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whatever the author of a pull request writes into a device file or a rollout file: values or an error of ours, soon and short."""

from __future__ import annotations

import json
import time
import typing as t
from pathlib import Path

import pytest
import yaml
from ansible_collections.thingspace.fota.plugins.module_utils._desired import device_file
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError
from ansible_collections.thingspace.fota.plugins.plugin_utils._action import transfer as shipping
from ansible_collections.thingspace.fota.plugins.plugin_utils._rollout_files import document as written
from ansible_collections.thingspace.fota.plugins.plugin_utils._rollout_files import load as rollout_file
from ansible_collections.thingspace.fota.plugins.plugin_utils._rollout_files import nodes
from hypothesis import given, settings
from hypothesis import strategies as st
from support.anything import ANYTHING, DEPTHS, A, nested, share, spoiled

NAMES = st.sampled_from(["d.txt", "d.csv", "d.json", "d.yml", "d"])
PIECES = [
    *("imei", "device_id", A, f'"{A}"', f"- '{A}'", "- ", "[", "]", "{", "}", ",", ";", ":", "#", "\t", "\n", "\r\n", "\r", " ", '"', "'", "\\", "|", ">"),
    *("&a ", "*a", "<<: ", "? ", "---\n", "...\n", "%YAML 9.9\n", "%TAG ! tag:x,1:\n", "!!python/object/apply:os.system", "!!int ", "!!binary ", "!vault |"),
    *("\x00", "\x1b", "\ufeff", "\u2028", "\x85", "\\ud800", '"\\UFFFFFFFF"', '"\\x', "{{ lookup('env', 'HOME') }}", "9" * 400, "0x1F", "1e400", ".inf", "NaN"),
]
TEXTS = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), max_size=12).map("".join)
CONTENTS = st.one_of(
    st.binary(max_size=60),
    TEXTS.map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.tuples(TEXTS, st.sampled_from(["utf-16", "utf-32", "utf-8-sig", "latin-1", "utf-7"])).map(lambda pair: pair[0].encode(pair[1], "replace")),
)
# Minutes would be too long for anything that fits in a pull request; the machine that tests it may be slow.
SOON = 20.0


def refused(read: t.Callable[[], object]) -> str:
    """What is said about it, empty if it was read. Any other exception fails the test."""
    start, said = time.monotonic(), ""
    try:
        read()
    except InputError as error:
        said = error.message
    assert len(said) < 20_000
    assert time.monotonic() - start < SOON
    return said


def both(content: bytes, name: str, column: str | None = None) -> str:
    """As the controller reads a device file, and as the module does where it reads the file itself."""
    here = refused(lambda: shipping.as_text(content, name, column))
    if not shipping.is_yaml(name):
        assert refused(lambda: device_file.parse(content, name, column=column, check_luhn=True)) == here
    return here


@given(NAMES, CONTENTS, st.sampled_from([None, "imei", "", "\n"]))
def test_any_device_file_is_read_or_refused(name: str, content: bytes, column: str | None) -> None:
    said = both(content, name, column)
    assert not said or name in said


@pytest.mark.parametrize("parser", ["libyaml", "python"])
@given(content=CONTENTS)
def test_any_yaml_is_read_or_refused_whatever_the_parser(parser: str, content: bytes) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if parser == "python":
            patch.setattr(shipping, "_LOADER", yaml.SafeLoader)
            patch.setattr(nodes, "_LOADER", yaml.SafeLoader)
        both(content, "d.yml")
        refused(lambda: written.read(device_file.decode(content, "r.yml"), "r.yml"))


@given(NAMES, DEPTHS, st.sampled_from([None, "imei"]), st.sampled_from([f'["{A}", {{}}]', "[{}, 1]", "{}"]))
@settings(max_examples=share(2))
def test_any_depth_is_refused(name: str, depth: int, key: str | None, around: str) -> None:
    content = around.replace("{}", nested(depth, key=key)).encode()
    assert both(content, name)


@pytest.mark.parametrize("name", ["d.txt", "d.csv", "d.json", "d.yml"])
@pytest.mark.parametrize(
    "entry", ["9" * 100_000, "9" * 100_000 + "x", "+" * 100_000, "9." * 50_000, " " * 100_000 + "x", "1e" * 50_000, '"' * 100_000], ids=lambda text: text[:3]
)
def test_a_huge_entry_is_refused_soon(name: str, entry: str) -> None:
    line = {"d.json": f"[{entry}]", "d.yml": f"- {entry}", "d.csv": f"imei\n{entry}"}.get(name, entry)
    quoted = {"d.json": json.dumps([entry]), "d.yml": f"- {json.dumps(entry)}", "d.csv": "imei\n" + json.dumps(entry)}.get(name, entry)
    for text in (line, quoted):
        assert 0 < len(both(text.encode(), name)) < 2000


@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!python/name:os.system", "!vault", "!unsafe", "!!binary", "!!set", "!!omap"])
@pytest.mark.parametrize("value", ["x", "[x]", "{x: y}"])
def test_tags_make_nothing(tag: str, value: str) -> None:
    assert both(f"- {tag} {value}".encode(), "d.yml")
    for text in (f"account: {tag} {value}", f"{tag} {value}"):
        document = refused(lambda text=text: written.read(text, "r.yml"))  # type: ignore[misc]
        assert document or written.read(text, "r.yml").troubles


GOOD: t.Any = {
    "account": "A",
    "defaults": {"firmware_name": "F", "firmware_to": "1", "state": "exact", "max_removals": 3},
    "upgrades": [{"name": "canary", "start_date": "2026-12-01", "devices": [A], "max_removal_percent": 50.5, "batch_size": 10, "allow_empty": True}],
}


def load(folder: Path, files: t.Mapping[str, bytes], *terms: str) -> str:
    """Put files there and load them."""
    for path in folder.iterdir():
        path.unlink()
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return refused(lambda: rollout_file.load(terms or [str(folder)], str(folder), lambda path: Path(path).read_bytes()))


ENDINGS = st.sampled_from(["r.yml", "r.json"])


@given(ENDINGS, CONTENTS)
def test_any_rollout_file_is_loaded_or_refused(tmp_path_factory: pytest.TempPathFactory, name: str, content: bytes) -> None:
    assert name in load(tmp_path_factory.mktemp("r"), {name: content})


@given(ENDINGS, spoiled(GOOD))
def test_what_is_nearly_right_is_loaded_or_refused(tmp_path_factory: pytest.TempPathFactory, name: str, value: t.Any) -> None:
    said = load(tmp_path_factory.mktemp("r"), {name: json.dumps(value).encode()})
    assert not said or name in said


@given(ENDINGS, DEPTHS, st.sampled_from([None, "upgrades", "devices"]), st.sampled_from(["{}", '{{"account": {}}}', '{{"upgrades": {}}}']))
@settings(max_examples=share(2))
def test_any_depth_of_a_rollout_file_is_refused(tmp_path_factory: pytest.TempPathFactory, name: str, depth: int, key: str | None, around: str) -> None:
    assert name in load(tmp_path_factory.mktemp("r"), {name: around.format(nested(depth, key=key)).encode()})


PATHS = st.lists(
    st.sampled_from(["..", ".", "/", "~", "~nobody-at-all", "a", "\x00", "\ud800", "{{ x }}", "$HOME", "%2f", " ", "x" * 300, "\n"]), max_size=4
).map("".join)


@given(ENDINGS, PATHS | st.text(max_size=5))
def test_any_path_of_a_device_file_is_found_or_refused(tmp_path_factory: pytest.TempPathFactory, name: str, path: str) -> None:
    upgrade = {**GOOD["upgrades"][0], "devices_file": path}
    del upgrade["devices"]
    said = load(tmp_path_factory.mktemp("r"), {name: json.dumps({**GOOD, "upgrades": [upgrade]}).encode()})
    assert name in said


@given(PATHS | st.text(max_size=5))
def test_any_term_is_found_or_refused(tmp_path_factory: pytest.TempPathFactory, term: str) -> None:
    folder = tmp_path_factory.mktemp("r")
    refused(lambda: rollout_file.load([term], str(folder), lambda path: b"[]"))


@given(ENDINGS, ANYTHING)
def test_anything_is_no_rollout(tmp_path_factory: pytest.TempPathFactory, name: str, value: t.Any) -> None:
    assert name in load(tmp_path_factory.mktemp("r"), {name: json.dumps(value).encode()})
