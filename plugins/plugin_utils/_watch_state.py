# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The state file of the event source: what was told so far, whole or not at all."""

from __future__ import annotations

import json
import os
import pathlib
import tempfile
import typing as t
import uuid

from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError, ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._standing import Standing
from ansible_collections.thingspace.fota.plugins.plugin_utils._changes import Memory, Record, numbers

_FORMAT = 1


class StateFile:
    """Where a memory survives a restart. Without a path it does not.

    Args:
        path: the file, or None.
        account: whose upgrades it remembers; the memory of another account is refused.
    """

    def __init__(self, path: str | None, account: str) -> None:
        self._path = pathlib.Path(path) if path else None
        self._account = account
        self._ours: tuple[int, int] | None = None

    def load(self) -> Memory | None:
        """What is remembered, None if this is the first time. Raises InputError for a file that cannot be used."""
        if self._path is None:
            return None
        try:
            memory = _read(self._path.read_text(encoding="utf-8"), self._account)
        except FileNotFoundError:
            if not self._path.resolve().parent.is_dir():
                raise InputError(f"state_file {self._path} cannot be written: there is no such folder.") from None
            return None
        except (OSError, ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            # Taken for none, a broken file would lose events without a word.
            why = error.strerror if isinstance(error, OSError) else "it is no state of this event source"
            raise InputError(f"state_file {self._path} cannot be used: {why}. Remove it to start anew, without the events since it was written.") from None
        self._ours = self._seen()
        return memory

    def keep(self, memory: Memory) -> None:
        """Write it, for the next turn. Raises ThingSpaceError."""
        # Even if it cannot be written: an id that comes twice would lose an event, one too many only repeats it.
        memory.turn += 1
        if self._path is None:
            return
        if self._ours and self._seen() not in (self._ours, None):
            raise InputError(f"state_file {self._path} is written by another one, too. Each event source needs a file of its own, or events are lost.")
        try:
            _replace(self._path, _written(memory, self._account))
        except OSError as error:
            raise ThingSpaceError(f"state_file {self._path} cannot be written: {error.strerror}.", "service") from None
        self._ours = self._seen()

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
        groups: dict[Standing, list[str]] = {}
        for device, standing in record.devices.items():
            groups.setdefault(standing, []).append(device)
        records[key] = {"facts": record.facts, "devices": [[*standing, devices] for standing, devices in groups.items()]}
    return json.dumps({"format": _FORMAT, "account": account, "birth": memory.birth, "turn": memory.turn, "upgrades": records})


def _read(text: str, account: str) -> Memory:
    state = json.loads(text)
    if state["format"] != _FORMAT:
        raise ValueError
    if state["account"] != account:
        raise InputError(f"state_file belongs to the account {state['account']}, and account is {account}. Each account needs a file of its own.")
    records = {}
    for key, value in state["upgrades"].items():
        groups = [(Standing(str(status), str(reason)), devices) for status, reason, devices in value["devices"]]
        facts = dict(value["facts"])
        if numbers(facts)["upgrade_id"].lower() != key:
            raise ValueError
        records[key] = Record(facts, {str(device): standing for standing, devices in groups for device in devices})
    return Memory(str(state["birth"]), int(state["turn"]), records)


def _replace(path: pathlib.Path, text: str) -> None:
    """Replace a file that only its owner may read. It is whole whenever the machine stops. Raises OSError."""
    target = path.resolve()
    handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)  # mode 0600
    try:
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        pathlib.Path(name).replace(target)
    except BaseException:
        pathlib.Path(name).unlink(missing_ok=True)
        raise
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
