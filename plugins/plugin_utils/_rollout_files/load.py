# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rollout files: read, held against the schema, and put together by account."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import pathlib
import typing as t

from ...module_utils._desired import device_file, upgrade
from ...module_utils._errors import InputError
from . import messages as words
from . import paths as places
from .defaults import KEY, SOURCES, Values, merged
from .document import Document, read
from .messages import Fault
from .nodes import MOST_VALUES
from .schema import Flaw, Path, flaws, with_integers

Reader = t.Callable[[str], bytes]
SCHEMA = pathlib.Path(__file__).resolve().parents[3] / "roles" / "rollout" / "files" / "rollout.schema.json"
# 100,000 devices take 3.5 MB in a file that is indented.
LARGEST = 5_000_000
# Of one file. More of them tell nobody anything.
MOST_FAULTS = 1000


@dataclasses.dataclass(frozen=True)
class _Entry:
    """An upgrade of a file, and where it stands."""

    file: _File
    index: int
    values: Values

    @property
    def where(self) -> str:
        path: Path = ("upgrades", self.index)
        return words.where_of(self.file.name, self.file.document.line(path), path)

    def place(self, key: str) -> Path:
        """Where a value comes from: this entry or the defaults."""
        own = self.file.value["upgrades"][self.index]
        return ("defaults", key) if key not in own and key in self.file.value.get("defaults", {}) else ("upgrades", self.index, key)

    def fault(self, path: Path, sentence: str) -> Fault:
        return self.file.fault(path, sentence)


class _File:
    """A rollout file."""

    def __init__(self, path: str, name: str, document: Document, bounds: tuple[pathlib.Path, ...]) -> None:
        self.path = path
        self.bounds = bounds
        self.name = name
        self.document = document
        self.value = t.cast("Values", document.value)

    def fault(self, path: Path, sentence: str) -> Fault:
        return Fault(sentence, self.name, self.document.line(path), path)

    def wrong(self, schema: Values) -> list[Fault]:
        """What makes the file unusable, in its order."""
        value = self.document.value
        if not isinstance(value, dict) or "upgrades" not in value:
            # Of another file, which may hold secrets, not even the keys and the tags are told.
            return [self.fault((), f"is no rollout file: {_what_else(value)}.")]
        found = [Fault(trouble.sentence, self.name, trouble.line, trouble.path) for trouble in self.document.troubles]
        told = {fault.path for fault in found}
        wrong: list[Flaw] = []
        for flaw in flaws(schema, value):
            if flaw.path not in told:
                told.add(flaw.path)
                wrong.append(flaw)
            if len(wrong) == MOST_FAULTS:
                break
        wrong.sort(key=lambda flaw: self.document.line(flaw.path) or 0)
        # No other than the first are shown, and words take long to find.
        found += [self.fault(flaw.path, words.sentence_of(flaw, self.document) if index < words.SHOWN else "") for index, flaw in enumerate(wrong)]
        return sorted(found, key=lambda fault: fault.line or 0)

    def entries(self, schema: Values) -> list[_Entry]:
        """The upgrades with the defaults in them, of a file that is as the schema wants it."""
        value = with_integers(schema, schema, self.value)
        return [_Entry(self, index, merged(value.get("defaults", {}), own)) for index, own in enumerate(value["upgrades"])]


def load(terms: t.Sequence[str], folder: str, reader: Reader, root: str | None = None) -> list[Values]:
    """The declared upgrades of each account, sorted by account. Raises InputError that names files and places.

    Args:
        terms: files and folders.
        folder: what they are relative to.
        reader: gives the content of a file; raises InputError.
        root: the folder that nothing may lead out of, in place of the Git repository of each file.
    """
    root = None if root is None else places.root_of(root, folder)
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    files: list[_File] = []
    faults: list[Fault] = []
    entries: list[_Entry] = []
    for path in places.paths(terms, folder):
        name = places.shown(path, folder)
        bounds = places.bounds(path, root)
        if way_out := places.astray(path, bounds):
            faults.append(Fault(f"{name} {way_out}"))
            continue
        try:
            content = reader(path)
            device_file.check_size(content, name, LARGEST)
            file = _File(path, name, read(device_file.decode(content, name), name), bounds)
        except InputError as error:
            faults.append(Fault(error.message))
            continue
        wrong = file.wrong(schema)
        if not wrong:
            files.append(file)
            own = file.entries(schema)
            entries += own
            wrong = _too_many(file, own) or list(itertools.islice((fault for entry in own for fault in _settle(entry)), MOST_FAULTS))
        faults += wrong
        if len(wrong) >= MOST_FAULTS:
            # Which is where the search ended.
            break
    of: dict[str, list[_Entry]] = {account: [] for account in sorted(file.value["account"] for file in files)}
    for entry in entries:
        of[entry.file.value["account"]].append(entry)
    if not faults:
        faults = [fault for group in of.values() for fault in _twice(group)]
    if faults:
        raise words.refusal(list(dict.fromkeys(faults)), at_least=len(faults) >= MOST_FAULTS)
    return [
        {
            "account": account,
            "files": list(dict.fromkeys(entry.file.path for entry in group)),
            "upgrades": [entry.values for entry in group],
        }
        for account, group in of.items()
    ]


def _what_else(value: object) -> str:
    if not isinstance(value, dict):
        return "that is a mapping with account and upgrades"
    return "it has no upgrades" if "account" in value else "it has neither account nor upgrades"


def _too_many(file: _File, entries: list[_Entry]) -> list[Fault]:
    """Devices of the defaults count for each upgrade that has them: a short file could declare billions."""
    if sum(len(entry.values.get("devices", ())) for entry in entries) <= MOST_VALUES:
        return []
    sentence = f"declare more than {MOST_VALUES:,} devices, where those of the defaults count for each upgrade. Put them into files (devices_file)."
    return [file.fault(("upgrades",), sentence)]


def _settle(entry: _Entry) -> t.Iterator[Fault]:
    """Make the values of an entry those that the module takes; gives what no schema can find."""
    values = entry.values
    here: Path = ("upgrades", entry.index)
    if not any(source in values for source in SOURCES):
        yield entry.fault(here, "has neither devices nor devices_file, and defaults have none.")
    if "devices_column" in values and "devices_file" not in values:
        yield entry.fault(entry.place("devices_column"), "names a column of a CSV file, and there is no devices_file.")
    missing = [key for key in KEY if key not in values]
    if "upgrade_id" not in values and missing:
        verb = "is" if len(missing) == 1 else "are"
        yield entry.fault(here, f"{', '.join(missing)} {verb} missing: an upgrade is known by upgrade_id, or by {', '.join(KEY[:2])} and {KEY[2]} together.")
    yield from _wrong_days(entry)
    if "devices" in values:
        yield from _take_devices(entry)
    if "devices_file" in values:
        yield from _take_file(entry)


def _wrong_days(entry: _Entry) -> t.Iterator[Fault]:
    days = {}
    for key in ("start_date", "end_date"):
        try:
            if key in entry.values:
                days[key] = upgrade.day_of(entry.values[key], key)
        except InputError as error:
            yield entry.fault(entry.place(key), error.message)
    if len(days) == 2 and days["end_date"] < days["start_date"]:
        yield entry.fault(entry.place("end_date"), f"{days['end_date']} lies before start_date {days['start_date']}.")


def _take_devices(entry: _Entry) -> t.Iterator[Fault]:
    place = entry.place("devices")
    devices: list[str] = []
    for index, device in enumerate(entry.values["devices"]):
        written = device
        if not isinstance(device, str):
            written = entry.file.document.written((*place, index))
            reason = device_file.distrust(written)
            if reason:
                yield entry.fault((*place, index), reason)
        devices.append(written)
    entry.values["devices"] = devices


def _take_file(entry: _Entry) -> t.Iterator[Fault]:
    given = entry.values["devices_file"]
    path = pathlib.Path(os.path.normpath(pathlib.Path(entry.file.path).parent / given))
    # First, so that nobody learns which files there are elsewhere.
    trouble = places.astray(str(path), entry.file.bounds)
    try:
        what = None if path.is_file() else "is a folder" if path.is_dir() else "is not there"
    except OSError as error:
        what = f"cannot be looked for: {error.strerror}"
    trouble = trouble or (f"{what} ({path})." if what else None)
    if trouble:
        yield entry.fault(entry.place("devices_file"), f"{words.shown(given)} {trouble}")
    entry.values["devices_file"] = str(path)


def _twice(entries: t.Sequence[_Entry]) -> t.Iterator[Fault]:
    """Upgrades and names that an account has more than once."""
    names: dict[str, _Entry] = {}
    known: dict[object, _Entry] = {}
    for entry in entries:
        values = entry.values
        upgrade_id = values.get("upgrade_id")
        key = upgrade_id.lower() if upgrade_id else str(upgrade.key_of(values))
        first = known.setdefault(key, entry)
        if first is not entry:
            yield entry.fault(("upgrades", entry.index), f"the upgrade {upgrade_id or key} is declared in {first.where} as well. Declare it once.")
        if "name" in values:
            first = names.setdefault(values["name"].strip(), entry)
            if first is not entry:
                yield entry.fault(("upgrades", entry.index, "name"), f"{words.shown(values['name'])} is the name of {first.where} as well.")
