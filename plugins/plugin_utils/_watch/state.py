# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state file of the event source: what was told so far, whole or not at all."""

from __future__ import annotations

import json
import os
import pathlib
import threading
import typing as t
import uuid

from ...module_utils._api.status import DeviceStatus
from ...module_utils._desired.upgrade import upgrade_id_of
from ...module_utils._errors import InputError, ThingSpaceError
from ...module_utils._http.json_value import too_deep
from ...module_utils._text import message
from .. import _files
from .changes import Memory, Record

_FORMAT = 1
# 100,000 devices take 2 MB.
_MOST_BYTES = 100_000_000
_MOST_COUNTED = 10**9


class StateFile:
    """Where a memory survives a restart. Without a path it does not.

    Args:
        path: the file, or None.
        account: whose upgrades it remembers; the memory of another account is refused.
    """

    def __init__(self, path: str | None, account: str) -> None:
        self._path = pathlib.Path(path) if path else None
        self._account = account
        self._lock: int | None = None
        self._ours: tuple[int, int] | None = None
        self._closed = False
        # At an end, a read or a write may still be under way in another thread.
        self._busy = threading.Lock()

    def load(self) -> Memory | None:
        """What is remembered, None if this is the first time, and from now on nobody else's. Raises InputError for a file that cannot be used."""
        with self._busy:
            # Closed by an end that came meanwhile, it would be held for ever.
            return None if self._path is None or self._closed else self._load(self._path)

    def _load(self, path: pathlib.Path) -> Memory | None:
        self._claim(path)
        try:
            memory = _read(_files.read(path, _MOST_BYTES), self._account, self._name)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            # Taken for none, a broken file would lose events without a word.
            why = error.strerror if isinstance(error, OSError) else "it is no state of this event source"
            raise InputError(f"state_file {self._name} cannot be used: {why}. Remove it to start anew, without the events since it was written.") from None
        self._ours = self._seen()
        return memory

    def keep(self, memory: Memory) -> None:
        """Write it, for the next turn. Raises ThingSpaceError."""
        with self._busy:
            # Even if it cannot be written: an id that comes twice would lose an event, one too many only repeats it.
            memory.turn += 1
            if self._path is None or self._closed:
                return
            if self._ours and self._seen() not in (self._ours, None):
                raise InputError(f"state_file {self._name} is written by another one, too. Each event source needs a file of its own, or events are lost.")
            content = _written(memory, self._account).encode()
            if len(content) > _MOST_BYTES:
                raise ThingSpaceError(f"state_file {self._name} cannot be written: it would be larger than {_MOST_BYTES // 1_000_000} MB.", "service")
            try:
                _files.replace(self._path, content)
            except OSError as error:
                raise ThingSpaceError(f"state_file {self._name} cannot be written: {error.strerror}.", "service") from None
            self._ours = self._seen()

    def close(self) -> None:
        """Let others have it."""
        with self._busy:
            self._closed = True
            if self._lock is not None:
                os.close(self._lock)
                self._lock = None

    @property
    def _name(self) -> str:
        return message(str(self._path))

    def _claim(self, path: pathlib.Path) -> None:
        try:
            # The file itself is another one after each write. This one stays: removed, it could be locked by two.
            self._lock = _files.claim(_files.folder_of(path) / f".{path.name}.lock")
        except BlockingIOError:
            raise InputError(f"state_file {self._name} is in use by another event source. Each needs a file of its own, or events are lost.") from None
        except FileNotFoundError:
            raise InputError(f"state_file {self._name} cannot be written: there is no such folder.") from None
        except OSError as error:
            raise InputError(f"state_file {self._name} cannot be locked with a file beside it: {error.strerror}.") from None

    def _seen(self) -> tuple[int, int] | None:
        try:
            found = t.cast(pathlib.Path, self._path).stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns


def fresh() -> Memory:
    """A memory of nothing."""
    return Memory(str(uuid.uuid4()))


def _written(memory: Memory, account: str) -> str:
    """JSON. The devices of an upgrade stand under their status and reason, which are few: 100,000 of them take 2 MB."""
    records = {}
    for key, record in memory.records.items():
        groups: dict[DeviceStatus, list[str]] = {}
        for device, standing in record.devices.items():
            groups.setdefault(standing, []).append(device)
        records[key] = {"facts": record.facts, "devices": [[*standing, devices] for standing, devices in groups.items()]}
    return json.dumps({"format": _FORMAT, "account": account, "birth": memory.birth, "turn": memory.turn, "upgrades": records})


def _read(content: bytes, account: str, name: str) -> Memory:
    """Everything is checked that events tell as certain, or that is counted with: others may have written the file. Raises ValueError and its like."""
    state = json.loads(content.decode())
    if state["format"] != _FORMAT:
        raise ValueError
    if _text(state["account"]) != account:
        owner = message(state["account"])[:60]
        raise InputError(f"state_file {name} belongs to the account {owner}, and account is {account}. Each account needs a file of its own.")
    records = {_id(key): _record(key, value) for key, value in state["upgrades"].items()}
    return Memory(_text(state["birth"]), _number(state["turn"]), records)


def _record(key: str, value: dict[str, t.Any]) -> Record:
    facts = dict(value["facts"])
    if _id(facts["upgrade_id"]).lower() != key or too_deep(facts):
        raise ValueError
    _text(facts["status"])
    _number(facts["device_count"])
    for status, number in facts["devices_by_status"].items():
        _text(status)
        _number(number)
    for optional in ("account", "firmware_name", "firmware_to", "start_date", "end_date"):
        if facts.get(optional) is not None:
            _text(facts[optional])
    groups = [(DeviceStatus(_text(status), _text(reason)), devices) for status, reason, devices in value["devices"]]
    return Record(facts, {_text(device): standing for standing, devices in groups for device in devices})


def _id(value: object) -> str:
    """Rules may hand ids to playbooks, where a template would be run."""
    text = _text(value)
    try:
        if upgrade_id_of(text) == text:
            return text
    except InputError:
        pass
    raise ValueError


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError
    return value


def _number(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_COUNTED:
        raise ValueError
    return value
