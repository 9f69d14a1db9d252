# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declared upgrades of a rollout: from options to what they mean. Nothing is asked of the service here."""

from __future__ import annotations

import dataclasses
import datetime
import typing as t

from .._api.model import UpgradeKey
from .._errors import InputError, ThingSpaceError
from .._plan.moves import check_disjoint
from .._plan.target import Target
from .checks import OF_AN_ENTRY
from .imei import DesiredDevices, doubt
from .membership import checked_doubt, desired_devices, target_of
from .task_files import Declarations
from .upgrade import check_dates, day_of, key_of, upgrade_id_of

if t.TYPE_CHECKING:
    from .checks import Params

# Each device counts for each upgrade that declares it: a file of a few lines could else declare billions.
MOST_DEVICES = 2_000_000
_OF_THE_KEY = ("firmware_name", "firmware_to", "start_date", "end_date")


@dataclasses.dataclass(frozen=True)
class DesiredUpgrade:
    """One declared upgrade: known by its id, or by its natural key and then scheduled if it is not there."""

    name: str
    upgrade_id: str | None
    key: UpgradeKey | None
    end_date: str | None
    declaration: DesiredDevices
    target: Target
    on_rejected: str

    @property
    def ref(self) -> str:
        """What tells it from the others before anything was read."""
        return self.upgrade_id.lower() if self.upgrade_id else str(self.key)

    @property
    def wanted(self) -> frozenset[str]:
        """The devices that it is to hold."""
        return frozenset() if self.target.state == "absent" else self.target.declared

    def __str__(self) -> str:
        return self.name if self.name in (self.upgrade_id, str(self.key)) else f"{self.name} ({self.upgrade_id or self.key})"


def desired_upgrades(params: Params, today: datetime.date) -> list[DesiredUpgrade]:
    """The entries of ``upgrades``, checked each for itself and together. Raises InputError, and RailError for an empty declaration."""
    found: list[DesiredUpgrade] = []
    files = Declarations()
    count = 0
    for index, entry in enumerate(params["upgrades"]):
        try:
            found.append(_one({**entry, **{name: params[name] if entry[name] is None else entry[name] for name in OF_AN_ENTRY}}, files))
            count += len(found[-1].declaration.devices)
            if count > MOST_DEVICES:
                raise InputError(
                    f"up to here {count:,} devices are declared, where one counts for each upgrade that declares it, and a task takes at most "
                    f"{MOST_DEVICES:,}. Give some of the upgrades to another run."
                )
        except ThingSpaceError as error:
            named = entry["name"] or entry["upgrade_id"]
            raise error.reworded(f"upgrades[{index}]{f' ({named})' if named else ''}: {error.message}") from None
    if not found:
        raise InputError("upgrades is empty: a rollout declares at least one upgrade.")
    check_same(found, [upgrade.ref for upgrade in found])
    # One of an earlier time may have run long ago, with devices that are upgraded again now.
    problem = check_disjoint((upgrade, upgrade.wanted) for upgrade in found if upgrade.key is None or upgrade.key.start_date >= today.isoformat())
    if problem:
        raise InputError(problem.text)
    return found


def check_same(upgrades: t.Sequence[DesiredUpgrade], refs: t.Sequence[str]) -> None:
    """Raise InputError if two entries are the same upgrade, by what they are known by."""
    first: dict[str, DesiredUpgrade] = {}
    for upgrade, ref in zip(upgrades, refs, strict=True):
        other = first.setdefault(ref, upgrade)
        if other is not upgrade:
            both = f"{other} and {upgrade}" if str(other) != str(upgrade) else f"Two entries {upgrade}"
            raise InputError(f"{both} are the same upgrade ({ref}): declare each upgrade once, with all its devices.")


def doubts(params: Params, upgrades: t.Iterable[DesiredUpgrade]) -> str | None:
    """One sentence for the whole task about devices that fail their check digit, from entries that want to be warned."""
    pairs = zip(upgrades, params["upgrades"], strict=True)
    warned = [upgrade.declaration for upgrade, entry in pairs if (entry["imei_check"] or params["imei_check"]) == "warn"]
    every = frozenset().union(*(declaration.devices for declaration in warned))
    return doubt(DesiredDevices(every, (), tuple(sorted({device for declaration in warned for device in declaration.doubtful}))))


def _one(params: dict[str, t.Any], files: Declarations) -> DesiredUpgrade:
    upgrade_id = (params["upgrade_id"] or "").strip()
    key = end_date = None
    if not upgrade_id:
        key = key_of(params)
        end_date = day_of(params["end_date"], "end_date") if params["end_date"] not in (None, "") else None
        check_dates(key, end_date)
    elif given := [option for option in _OF_THE_KEY if params[option] not in (None, "")]:
        raise InputError(f"upgrade_id and {', '.join(given)} are given: an upgrade is known by either its upgrade_id or its firmware and start_date.")
    declaration = desired_devices(params, files)
    checked_doubt(params, declaration)
    name = (params["name"] or "").strip() or upgrade_id or str(key)
    known = upgrade_id_of(upgrade_id) if upgrade_id else None
    return DesiredUpgrade(name, known, key, end_date, declaration, target_of(params, declaration), params["on_rejected"])
