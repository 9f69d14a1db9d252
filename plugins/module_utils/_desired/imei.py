# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a device identifier is: an IMEI, a string of exactly 15 digits. Pure."""

from __future__ import annotations

import collections
import dataclasses
import re
import typing as t

from .._errors import InputError

_IMEI = re.compile(r"[0-9]{15}")
_SHOWN = 5
_LONGEST = 30


@dataclasses.dataclass(frozen=True)
class DesiredDevices:
    """The declared devices, checked.

    ``duplicates`` are devices given more than once, ``doubtful`` those whose last digit is not their Luhn check digit; both sorted.
    """

    devices: frozenset[str]
    duplicates: tuple[str, ...] = ()
    doubtful: tuple[str, ...] = ()


def declare(
    values: t.Iterable[object], place: t.Callable[[int], str], *, check_luhn: bool, quotable: t.Callable[[object], bool] = lambda _value: True
) -> DesiredDevices:
    """Check and merge the values of a declaration. Raises InputError that names the first malformed ones.

    Args:
        values: devices as they were given.
        place: says where the n-th value stands, such as ``devices[3]`` or ``line 4``; called for malformed values only.
        quotable: whether an error may quote a value. What stands in a file may be a secret.
    """
    values = list(values)
    texts = [value.strip() if isinstance(value, str) else "" for value in values]
    malformed = [(index, values[index]) for index, text in enumerate(texts) if not _IMEI.fullmatch(text)]
    if malformed:
        named = "; ".join(f"{place(index)}: {_quoted(value) if quotable(value) else ''}{cause(value)}" for index, value in malformed[:_SHOWN])
        more = f"; and {len(malformed) - _SHOWN} more" if len(malformed) > _SHOWN else ""
        count = "1 malformed device" if len(malformed) == 1 else f"{len(malformed)} malformed devices"
        raise InputError(f"{count} (a device is an IMEI, a quoted string of exactly 15 digits). {named}{more}")
    devices = frozenset(texts)
    duplicates = [device for device, count in collections.Counter(texts).items() if count > 1] if len(devices) < len(texts) else []
    doubtful = tuple(sorted(device for device in devices if not passes_luhn(device))) if check_luhn else ()
    return DesiredDevices(devices, tuple(sorted(duplicates)), doubtful)


def cause(value: object) -> str:
    """Why a value is no device, with the likely mistake behind it."""
    if not isinstance(value, str):
        return f"is a {type(value).__name__}, not a string"
    text = value.strip()
    if not text:
        return "is empty"
    # No two parts that may take the same digits: a line of 30,000 of them would keep the run busy for minutes.
    if re.fullmatch(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]+", text) or re.fullmatch(r"[0-9]+\.[0-9]*", text):
        return "is a number with an exponent or a decimal point: a spreadsheet or YAML took the IMEI for a number; export it as text and quote it"
    if re.search(r"[\s,;]", text):
        return "holds blanks or separators inside: give one device an entry"
    if not re.fullmatch(r"[0-9]+", text):
        return "holds other characters than the digits 0 to 9"
    if len(text) == 16:
        return "has 16 digits: that is an IMEISV, whose last two digits are a software version; give the 15-digit IMEI"
    if len(text) == 14:
        return "has 14 digits: the check digit or a leading zero is missing (an unquoted number loses its leading zeros), or it is a MEID"
    if len(text) < 14:
        return f"has {len(text)} digits: probably an unquoted IMEI with a leading zero, which YAML reads as an octal number; quote it"
    return f"has {len(text)} digits"


def passes_luhn(device: str) -> bool:
    """Whether the last digit is the check digit that 3GPP TS 23.003 annex B prescribes (Luhn)."""
    digits = device.encode()
    # Doubling maps 0..9 to 0,2,4,6,8,1,3,5,7,9 (the sum of the digits of the double).
    return (sum(digits[0::2]) - 48 * 8 + sum(_DOUBLED[digit] for digit in digits[1::2])) % 10 == 0


_DOUBLED = {48 + digit: (2 * digit) % 10 + (2 * digit) // 10 for digit in range(10)}


def doubt(declaration: DesiredDevices) -> str | None:
    """One sentence about all devices that fail the Luhn check, None if there are none."""
    if not declaration.doubtful:
        return None
    count = len(declaration.doubtful)
    first = ", ".join(declaration.doubtful[:_SHOWN])
    which = f"{first} and {count - _SHOWN} more" if count > _SHOWN else first
    return f"{count} of {len(declaration.devices)} devices do not end in their Luhn check digit, perhaps mistyped: {which}"


def is_device(text: str) -> bool:
    """Whether a text is a device, blanks around it left aside."""
    return _IMEI.fullmatch(text.strip()) is not None


def looks_like_a_device(value: object) -> bool:
    """Whether a value is a text so near to a device that it is hardly anything else, such as a password: ten digits or more, and few other characters."""
    if not isinstance(value, str) or len(value) > _LONGEST:
        return False
    digits = sum(map(value.count, "0123456789"))
    return digits >= 10 and len(value) - digits <= 4


def _quoted(value: object) -> str:
    text = repr(value)
    return (text if len(text) <= 60 else text[:57] + "...") + " "
