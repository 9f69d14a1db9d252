# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Device files: text, CSV and JSON. (YAML is read on the controller, where its parser is.)"""

from __future__ import annotations

import csv
import io
import json
import pathlib
import re
import typing as t

from .._errors import InputError
from .imei import DesiredDevices, cause, declare, is_device, looks_like_a_device

COLUMNS = ("imei", "device_id", "deviceid")
# 100,000 devices take 2 MB of text, and 20 MB as a CSV file with 200 characters a line.
LARGEST = 50_000_000
MOST_ENTRIES = 1_000_000
_MOST_COLUMNS, _LONGEST_COLUMN = 20, 30
_LONGEST_NUMBER = 60
# An open quote would else make one row of the rest of the file.
_LONGEST_ROW = 1_000_000


class Entries:
    """The values of a device file and the line of each. Raises InputError for more values than may be, before they are there."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.values: list[object] = []
        self.lines: list[int] = []

    def add(self, value: object, line: int) -> None:
        if len(self.values) == MOST_ENTRIES:
            raise too_many(self.name)
        self.values.append(value)
        self.lines.append(line)

    def line(self, index: int) -> int:
        return self.lines[index]


class Number(str):
    """A number of a JSON or YAML file, as it is written there."""

    __slots__ = ()


def content_of(path: str, name: str, most: int = LARGEST) -> bytes:
    """What is in a file. Raises InputError for more than that, without reading it: /dev/zero has no end.

    Args:
        name: how to call it in errors.
    """
    try:
        with open(path, "rb") as file:
            content = file.read(most + 1)
    except OSError as error:
        raise InputError(f"{name} cannot be read: {error.strerror or error}") from None
    check_size(content, name, most)
    return content


def check_size(content: bytes, name: str, most: int = LARGEST) -> None:
    """Raise InputError for more content than that."""
    if len(content) > most:
        way_out = "Leave out columns that nobody needs here, or give its devices in several files" if most == LARGEST else "Put devices into files of their own"
        raise InputError(f"{name} is larger than {most // 1_000_000} MB, the most that is read. {way_out}.")


def kind_of(name: str) -> str:
    """What the name of a file says it is: ``csv``, ``json``, ``yaml`` or ``text``."""
    return {".csv": "csv", ".json": "json", ".yml": "yaml", ".yaml": "yaml"}.get(pathlib.PurePath(name).suffix.lower(), "text")


def parse(content: bytes, name: str, *, column: str | None = None, check_luhn: bool) -> DesiredDevices:
    """As :func:`load`, for content that is at hand. ``name`` says by its ending what it is."""
    check_size(content, name)
    text = decode(content, name)
    kind = kind_of(name)
    if column is not None and kind != "csv":
        raise InputError(f"devices_column names a column of a CSV file, and {name} is none.")
    if kind == "yaml":
        raise InputError(f"{name} is YAML, which only the controller reads: use the action plugin of thingspace.fota, not the bare module.")
    entries = _csv(text, name, column) if kind == "csv" else _json(text, name) if kind == "json" else _text(text, name)
    return check(entries, name, check_luhn=check_luhn)


def check(entries: Entries, name: str, *, check_luhn: bool) -> DesiredDevices:
    """Check and merge the entries of a file. Raises InputError that names file and line.

    Of what is no device nothing is quoted, and what is nearly one only beside a device: the file may be another one than was meant, such as a
    password of many digits, or one that a pull request has no access to.
    """
    values = entries.values
    holds_devices = any(isinstance(value, str) and is_device(value) for value in values)

    def quotable(value: object) -> bool:
        return holds_devices and looks_like_a_device(value)

    for index, value in enumerate(values):
        if isinstance(value, Number):
            if reason := distrust(value, quoted=quotable(value)):
                raise InputError(f"{name} line {entries.line(index)}: {reason}")
            values[index] = str(value)
    return declare(values, lambda index: f"{name} line {entries.line(index)}", check_luhn=check_luhn, quotable=quotable)


def too_many(name: str) -> InputError:
    """What is said of more entries than are read."""
    return InputError(f"{name} has more than {MOST_ENTRIES:,} entries, the most that is read. Give its devices in several files.")


def decode(content: bytes, name: str) -> str:
    """UTF-8 with or without BOM. Raises InputError that names file and line."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InputError(f"{name} line 1: the file is UTF-16 (what spreadsheets call Unicode text); save it as CSV UTF-8.")
    if b"\0" in content:
        # What is no text is not quoted either: /proc/self/environ behind a link holds every secret of the run.
        line = content.count(b"\n", 0, content.index(0)) + 1
        raise InputError(f"{name} line {line}: a zero byte, so this is no text file.")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"{name} line {line}: not UTF-8 (byte 0x{content[error.start]:02x}).") from None


def distrust(digits: str, *, quoted: bool = True) -> str | None:
    """Why a number without quotes is no device, None if it is one, with the number as it was written unless that is not to be told."""
    # 15 digits with no leading zero are the same number and the same text; any other number may have been another device.
    if len(digits) == 15 and digits.isascii() and digits.isdigit() and not digits.startswith("0"):
        return None
    reason = "starts with a zero, so that YAML reads an octal number" if digits.startswith("0") else cause(str(digits))
    return f"{f'{cut(digits)} is ' if quoted else ''}a number without quotes{' and' if quoted else ', which'} {reason}. Quote it."


def cut(text: str) -> str:
    """The beginning of a text that is too long to be told."""
    return text if len(text) <= _LONGEST_NUMBER else f"{text[:_LONGEST_NUMBER]}..."


def unquoted(sentence: str) -> str:
    """What a parser says about a file, without what it quotes of it. Its own words in quotes begin with a bracket or are one character."""
    return re.sub(r"""(['"])(?!<)[^'"]{2,}\1""", "...", sentence)


def _lines(text: str, newline: str | None) -> t.Iterator[str]:
    # Not io.StringIO, which takes four bytes for each character.
    return io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8", newline=newline)


def _text(text: str, name: str) -> Entries:
    entries = Entries(name)
    for line, content in enumerate(_lines(text, None), 1):
        device = content.partition("#")[0].strip()
        if device:
            entries.add(device, line)
    return entries


class _Rows:
    """The rows of a CSV file that hold something, each with the line in which it begins. Raises InputError."""

    def __init__(self, text: str, name: str) -> None:
        self._name = name
        # Where the row begins that is read, and how long it is so far.
        self._start, self._length = 1, 0
        header_line = next((line for line in _lines(text, "") if line.strip()), "")
        # Spreadsheets write the separator of their locale.
        separator = max(",;\t", key=header_line.count)
        self._reader = csv.reader(self._measured(_lines(text, "")), delimiter=separator, strict=True)

    def _measured(self, lines: t.Iterator[str]) -> t.Iterator[str]:
        for line in lines:
            self._length += len(line)
            if self._length > _LONGEST_ROW:
                raise InputError(f"{self._name} line {self._start}: a row of more than {_LONGEST_ROW:,} characters. Is a quote open?")
            yield line

    def __iter__(self) -> t.Iterator[tuple[int, list[str]]]:
        try:
            for row in self._reader:
                start, self._start, self._length = self._start, self._reader.line_num + 1, 0
                if any(cell.strip() for cell in row):
                    yield start, row
        except csv.Error as error:
            raise InputError(f"{self._name} line {self._start}: {error}.") from None


def _csv(text: str, name: str, column: str | None) -> Entries:
    entries = Entries(name)
    rows = iter(_Rows(text, name))
    line, header = next(rows, (1, []))
    if not header:
        raise InputError(f"{name} line 1: no header line. The first line must name the column of the devices: imei, device_id or deviceId.")
    position = _column(header, column)
    if position is None:
        raise InputError(f"{name} line {line}: {_no_column(header, column, next(rows, (0, []))[1])}")
    for line, row in rows:
        if position >= len(row):
            raise InputError(f"{name} line {line}: has {len(row)} columns, and the devices stand in column {position + 1}.")
        entries.add(row[position], line)
    return entries


def _columns(header: list[str], column: str | None) -> list[int]:
    return [index for index, cell in enumerate(map(str.strip, header)) if (cell == column if column is not None else cell.lower() in COLUMNS)]


def _column(header: list[str], column: str | None) -> int | None:
    wanted = _columns(header, column)
    return wanted[0] if len(wanted) == 1 else None


def _no_column(header: list[str], column: str | None, row: list[str]) -> str:
    """Why a header does not name the column of the devices. It is quoted if devices stand below it: else it may be no header but a secret."""
    asked = f"named {column!r}" if column is not None else "imei, device_id or deviceId"
    count = len(_columns(header, column))
    what = f"{count} columns" if count else "no column"
    told = f" ({_few([cell.strip() for cell in header])})" if any(map(is_device, row)) else ""
    return f"{what} {asked} in the header{told}. Name the right one with devices_column."


def _few(names: list[str]) -> str:
    """The columns of a header, cut: a file that was named by mistake is not to be read in an error."""
    shown = [name if len(name) <= _LONGEST_COLUMN else f"{name[:_LONGEST_COLUMN]}..." for name in names[:_MOST_COLUMNS]]
    return ", ".join([*shown, *([f"and {len(names) - _MOST_COLUMNS} more"] if len(names) > _MOST_COLUMNS else [])])


def _json(text: str, name: str) -> Entries:
    # Before they are made: each takes a hundred bytes and more, and two in a file.
    if text.count(",") >= MOST_ENTRIES:
        raise too_many(name)
    try:
        values = json.loads(text, parse_int=Number, parse_float=Number, parse_constant=Number)
    except json.JSONDecodeError as error:
        raise InputError(f"{name} line {error.lineno}: not JSON: {no_json(error)}.") from None
    except RecursionError:
        raise InputError(f"{name} line 1: not a JSON list of devices, but lists in lists.") from None
    if not isinstance(values, list):
        raise InputError(f"{name} line 1: not a JSON list of devices, but {_kind(values)}.")
    return _JsonEntries(name, values, text)


def no_json(error: json.JSONDecodeError) -> str:
    """Why a text is not JSON."""
    zero = error.doc[error.pos - 1 : error.pos] == "0" and error.doc[error.pos : error.pos + 1].isdigit()
    return "a number that starts with a zero; it would lose the zero or be read as octal, quote it" if zero else error.msg


def _kind(value: object) -> str:
    return {dict: "an object", str: "a string", Number: "a number", bool: "a boolean", type(None): "null"}.get(type(value), "something else")


class _JsonEntries(Entries):
    """Elements of a JSON list, whose lines are looked for only when an error needs one: the parser does not tell them."""

    def __init__(self, name: str, values: list[object], text: str) -> None:
        super().__init__(name)
        self.values = values
        self._text = text

    def line(self, index: int) -> int:
        decoder = json.JSONDecoder(parse_int=Number, parse_float=Number, parse_constant=Number)
        position = self._text.index("[") + 1
        for step in range(index + 1):
            while self._text[position] in " \t\r\n,":
                position += 1
            if step < index:
                position = decoder.raw_decode(self._text, position)[1]
        return self._text.count("\n", 0, position) + 1
