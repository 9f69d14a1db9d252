# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a device is, and what is said about values that are none."""

from __future__ import annotations

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._desired.imei import cause, declare, doubt, passes_luhn
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError
from hypothesis import given
from hypothesis import strategies as st

IMEIS = st.from_regex(r"[0-9]{15}", fullmatch=True)


def index(position: int) -> str:
    return f"devices[{position}]"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("4001234567012", "octal"),
        ("990000000000000.0", "decimal point"),
        ("9.9E+14", "exponent"),
        ("9900034257305355", "IMEISV"),
        ("99000342573053", "check digit or a leading zero"),
        ("9900034257305351234", "19 digits"),
        ("99000342573 0535", "blanks or separators"),
        ("990003425730535,990000473475989", "separators"),
        ("99000342573053X", "other characters"),
        ("٩٩٠٠٠٣٤٢٥٧٣٠٥٣٥", "other characters"),
        ("", "empty"),
        ("   ", "empty"),
        (None, "NoneType"),
        (990003425730535, "int"),
    ],
)
def test_malformed_values_are_refused_with_their_likely_cause(value: object, reason: str) -> None:
    assert reason in cause(value)
    with pytest.raises(InputError) as caught:
        declare(["990003425730535", value], index, check_luhn=True)
    assert "devices[1]" in caught.value.message
    assert reason in caught.value.message


def test_many_malformed_values_make_one_readable_sentence() -> None:
    with pytest.raises(InputError) as caught:
        declare(["x" * 500] * 1000, index, check_luhn=False)
    assert "1000 malformed devices" in caught.value.message
    assert "and 995 more" in caught.value.message
    assert len(caught.value.message) < 900


@given(st.lists(IMEIS), st.sampled_from(["", " ", "\t", "\n "]))
def test_a_declaration_holds_each_device_once_and_tells_the_rest(devices: list[str], blank: str) -> None:
    declared = declare([blank + device + blank for device in devices], index, check_luhn=False)
    assert declared.devices == set(devices)
    assert list(declared.duplicates) == sorted({device for device in devices if devices.count(device) > 1})


@given(st.from_regex(r"[0-9]{14}", fullmatch=True))
def test_exactly_one_last_digit_passes_luhn(body: str) -> None:
    total = sum(int(digit) if position % 2 == 0 else sum(divmod(2 * int(digit), 10)) for position, digit in enumerate(body))
    assert [digit for digit in "0123456789" if passes_luhn(body + digit)] == [str(-total % 10)]


def test_doubtful_devices_make_one_sentence() -> None:
    # Numbers of Verizon's own pages: only the first passes (P1).
    sentence = doubt(declare(["900000000000001", "990003425730535", "990000473475989"], index, check_luhn=True))
    assert sentence is not None
    assert sentence.startswith("2 of 3 devices")
    assert doubt(declare(["900000000000001"], index, check_luhn=True)) is None
