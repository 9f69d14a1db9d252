# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What others wrote, as it is told: everything that can be seen is kept, and nothing of it commands."""

from __future__ import annotations

import json
import re
import textwrap
import typing as t
import unicodedata

import pytest
import yaml
from ansible_collections.thingspace.fota.plugins.module_utils import _text
from ansible_collections.thingspace.fota.plugins.module_utils._http.redact import redactor
from hypothesis import given
from hypothesis import strategies as st

# As the GitHub runner and the agent of Azure Pipelines look for them in a line.
COMMAND = re.compile(r"^\s*::[A-Za-z-]+[^:]*::|##\[|##\w+\[", re.MULTILINE)
ODD = st.lists(
    st.sampled_from(["::error::x", "::", ":", "##[error]x", "##vso[x]y", "#", "[", "\n", "\r", "\t", " ", "\x1b[31m", "\x9b", "\u202e", "\u2028"])
    | st.sampled_from(["a", '"', "\\"])
    | st.characters(),
    max_size=12,
).map("".join)


def commands(text: str) -> bool:
    return any(unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp") and character not in "\n\t" for character in text)


@pytest.mark.parametrize(
    ("written", "value", "message"),
    [
        ("Queued", "Queued", "Queued"),
        ("Zürich 東京 🚀", "Zürich 東京 🚀", "Zürich 東京 🚀"),
        ("cut \ud83d", "cut \\ud83d", "cut \\ud83d"),
        ("\x1b[31mred", "\\x1b[31mred", "\\x1b[31mred"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab", "two lines and a tab"),
        ("\u202etxt.exe", "\\u202etxt.exe", "\\u202etxt.exe"),
        ("a\u2028::error::b", "a\\u2028::error::b", "a : :error: :b"),
        ("::error::x", ": :error::x", ": :error: :x"),
        ("a\n ::error::x", "a\n : :error::x", "a : :error: :x"),
        (":::error::x", ": : :error::x", ": : :error: :x"),
        ("a ##[error]b", "a # #[error]b", "a # #[error]b"),
        ("###vso[task.complete]", "# # #vso[task.complete]", "# # #vso[task.complete]"),
        ("# 1 ## 2", "# 1 ## 2", "# 1 ## 2"),
        ("http://[::1]:80/ fe80::1", "http://[::1]:80/ fe80::1", "http://[::1]:80/ fe80::1"),
        ("http://[fe80::abcd]/", "http://[fe80::abcd]/", "http://[fe80: :abcd]/"),
    ],
)
def test_what_can_be_seen_is_kept(written: str, value: str, message: str) -> None:
    assert (_text.value(written), _text.message(written)) == (value, message)


@given(ODD, st.integers(20, 90), st.integers(0, 4))
def test_no_wrapping_makes_a_command_of_a_message(written: str, columns: int, indent: int) -> None:
    told = _text.message(f"The service said: {written}")
    assert told.isprintable()
    assert not COMMAND.search(textwrap.indent("\n".join(textwrap.wrap(told, columns)), " " * indent))
    assert not COMMAND.search(textwrap.indent(_text.lines(written), " "))


@given(ODD, ODD, st.integers(20, 90), st.booleans())
def test_no_format_of_results_makes_a_command_of_a_value(written: str, name: str, columns: int, block: bool) -> None:
    told = _text.told({"list": [written], name: written})
    for value in told.values():
        assert not commands(value if isinstance(value, str) else value[0])
    shown = yaml.dump(told, allow_unicode=True, default_flow_style=False, width=columns, indent=4, default_style="|" if block else None)
    assert not COMMAND.search(textwrap.indent(shown, "    "))
    assert not COMMAND.search(json.dumps(told, ensure_ascii=False, indent=4))


@given(st.recursive(ODD | st.integers() | st.floats() | st.none() | st.booleans(), lambda inner: st.lists(inner) | st.dictionaries(ODD, inner), max_leaves=8))
def test_what_is_told_comes_through_json_and_stays_as_it_is(values: t.Any) -> None:
    told = _text.told(values)
    sent = json.dumps(told, allow_nan=False, ensure_ascii=False).encode()
    assert json.loads(sent) == told
    assert _text.told(told) == told


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (["__ansible_type", "a"], ["service___ansible_type", "a"]),
        (["__ansible_unsafe", "service___ansible_unsafe"], ["service_service___ansible_unsafe", "service___ansible_unsafe"]),
        (["_ansible_no_log"], ["service__ansible_no_log"]),
        (["ansible_host"], ["ansible_host"]),
        (["cut\ud83d", "cut\\ud83d"], ["service_cut\\ud83d", "cut\\ud83d"]),
        (["a\x1b", "a\n", "::error::"], ["a\\x1b", "a\\n", ": :error::"]),
        (["TOKEN", "TOKEN2", "********"], ["service_********", "********2", "********"]),
    ],
)
def test_no_name_is_lost(names: list[str], told: list[str]) -> None:
    values = {name: number for number, name in enumerate(names)}
    assert _text.told({"deep": [values]}, redactor(["TOKEN"])) == {"deep": [dict(zip(told, range(len(told)), strict=True))]}


def test_numbers_that_json_or_its_readers_would_change_become_text() -> None:
    numbers = [float("nan"), float("inf"), float("-inf"), 10**400, -(2**63), 2**63 - 1, 0.5, True, None]
    assert _text.told(numbers) == ["NaN", "Infinity", "-Infinity", str(10**400), str(-(2**63)), 2**63 - 1, 0.5, True, None]
    assert _text.told(10**5000).startswith("0x")


@pytest.mark.parametrize("secret", ["se\x9bcret", "se\ud83dcret", "::secret", "##[secret", "a\nsecret", "a secret", "12345678901234567890123"])
def test_no_secret_comes_out_of_the_conversion(secret: str) -> None:
    echoes = [secret, json.dumps(secret)[1:-1], secret.encode("unicode_escape").decode(), f"\x1b{secret}\u2028"]
    parts: list[t.Any] = [{"msg": echo, echo: [echo], "before": f"x\n{echo}", "error": {"message": f"{echo}{echo}"}} for echo in echoes]
    # One that is only spelled by what is made of it.
    parts += [{"msg": secret.replace(" ", " \t")}, int(secret) if secret.isdecimal() else None]
    told = json.dumps(_text.told(parts, redactor([secret])))
    assert not [part for part in ("cret", "1234567890") if part in told]
