# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may be done about an upgrade, and how it is told. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._errors import StateError, ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._key import FAILED, REFUSED, Seen
from ansible_collections.thingspace.fota.plugins.module_utils._moves import some
from ansible_collections.thingspace.fota.plugins.module_utils._outcome import Budget, Rejection
from ansible_collections.thingspace.fota.plugins.module_utils._text import one_line

# How an upgrade ends by the documents (P1-schedule-firmware-upgrade, PG-campaign-lifecycle-flow-for-v2). No list of v1 has a word for cancelled, those of
# v2 and v3 have several; what is being cancelled is not gone.
_CANCELLED = ("cancelled", "canceled", "aborted")
_ENDS = frozenset({REFUSED, FAILED, "finished", "campaignended", "campaignfailed"})
_SHOWN = 5

Action = t.Literal["none", "schedule", "cancel"]


def is_gone(upgrade: Seen) -> bool:
    """Whether nothing is left that could be cancelled."""
    return upgrade.phase == REFUSED or upgrade.phase.endswith(_CANCELLED)


def holds(upgrade: Seen) -> bool:
    """Whether its devices are taken, as it may still start, or runs: always, unless its status is one of the ends that the documents know."""
    return upgrade.phase not in _ENDS and not is_gone(upgrade)


def check_standing(upgrade: Seen) -> None:
    """Raise StateError for an upgrade that will not run."""
    if upgrade.phase == REFUSED:
        raise StateError(why_refused(upgrade))
    if is_gone(upgrade):
        raise StateError(f"The upgrade {upgrade.upgrade_id} is {upgrade.status}: somebody else has cancelled it.")


def check_cancellable(upgrade: Seen) -> None:
    """Raise StateError for an upgrade that has started."""
    if not upgrade.is_open:
        raise StateError(
            f"The upgrade {upgrade.upgrade_id} is {upgrade.status}: it can be cancelled only before it starts (while it is RequestPending or Queued)."
        )


def reasons(upgrade: Seen, devices: t.Iterable[str]) -> str:
    """Why devices were refused, the first few of them."""
    ordered = sorted(devices)
    told = "; ".join(f"{device}: {(upgrade.devices[device][1] or upgrade.devices[device][0] or 'no reason given').rstrip('.')}" for device in ordered[:_SHOWN])
    return told + (f"; and {len(ordered) - _SHOWN} more" if len(ordered) > _SHOWN else "")


def why_refused(upgrade: Seen) -> str:
    """Why an upgrade was refused as a whole, device by device as far as the service says so."""
    told = reasons(upgrade, upgrade.refused or upgrade.devices.keys())
    return f"The upgrade {upgrade.upgrade_id} was refused by the service ({upgrade.status}). {told or 'It lists no device, and so no reason'}."


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The declared devices against those of an upgrade."""

    missing: frozenset[str] = frozenset()
    extra: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()


def compared(declared: frozenset[str], upgrade: Seen, refused: frozenset[str] = frozenset()) -> Comparison:
    """Members count, not what is listed; a declared device that is listed as rejected is neither missing nor there, nor is one of ``refused``."""
    return Comparison(declared - upgrade.members - upgrade.refused - refused, upgrade.members - declared, declared & upgrade.refused)


def differs(upgrade: Seen, comparison: Comparison) -> str:
    """That an upgrade that was there already is not as declared."""
    return (
        f"The upgrade {upgrade.upgrade_id} is there already: {len(comparison.missing)} of the declared devices are not in it, and "
        f"{len(comparison.extra)} devices in it are not declared. This module does not change them: use thingspace.fota.upgrade_devices."
    )


def added(upgrade: Seen, extra: t.Collection[str]) -> str:
    """That an upgrade holds more than it was scheduled with."""
    return f"The upgrade {upgrade.upgrade_id} holds {len(extra)} devices that are not declared ({some(extra)}): somebody else may have added them."


def not_shown(upgrade: Seen, asked: int, missing: t.Collection[str]) -> ThingSpaceError:
    """That an upgrade holds less than it was scheduled with."""
    return ThingSpaceError(
        f"The upgrade {upgrade.upgrade_id} was scheduled with {asked} devices, and the service does not show {len(missing)} of them in it within "
        f"retry_timeout ({some(missing)}). Look at it again later, and bring in what is still missing with thingspace.fota.upgrade_devices before it starts.",
        "not_visible",
    )


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What happened, or would happen, to one upgrade. ``before`` and ``after`` are upgrades in the shape in which they are returned."""

    action: Action = "none"
    before: t.Mapping[str, t.Any] | None = None
    after: t.Mapping[str, t.Any] | None = None
    upgrade_id: str | None = None
    missing_count: int | None = None
    extra_count: int | None = None
    rejected: tuple[Rejection, ...] = ()
    duplicates: tuple[str, ...] = ()
    msg: str = "nothing was done"

    def values(self, budget: Budget) -> dict[str, t.Any]:
        """The return values."""
        rejected = budget.take([item._asdict() for item in self.rejected], lambda item: 70 + sum(map(len, item.values())))
        duplicates = budget.take(self.duplicates, lambda device: len(device) + 4)
        upgrade = self.after or self.before
        return {
            "action": self.action,
            "upgrade": dict(upgrade) if upgrade else None,
            "upgrade_id": upgrade["upgrade_id"] if upgrade else self.upgrade_id,
            "devices_missing_count": self.missing_count,
            "devices_extra_count": self.extra_count,
            "rejected": rejected,
            "rejected_count": len(self.rejected),
            "duplicates": duplicates,
            "truncated": budget.truncated,
            "msg": self.msg,
        }

    def diff(self) -> dict[str, str]:
        """The upgrade in lines; of its devices their number, since they are the business of ``upgrade_devices``."""
        sides = {"before": self.before, "after": self.after}
        return {**{side: _lines(value) for side, value in sides.items()}, **{f"{side}_header": _header(value) for side, value in sides.items()}}


def summary(verb: str, upgrade: t.Mapping[str, t.Any] | None, *, done: bool) -> str:
    """What was done, in a line."""
    if upgrade is None:
        return "nothing to cancel" if verb == "cancelled" else "nothing was done"
    key = f"{upgrade['firmware_name']} to {upgrade['firmware_to']} on {upgrade['start_date']}"
    return f"{verb if done else 'unchanged'}: {key}, {upgrade['device_count']} devices, {upgrade['status']}"


def untouched(params: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """The return values of a task that failed before its job began, from the options as they were given."""
    return Outcome(upgrade_id=params.get("upgrade_id") or None).values(Budget(0))


def _lines(upgrade: t.Mapping[str, t.Any] | None) -> str:
    if upgrade is None:
        return ""
    names = ("firmware_name", "firmware_to", "start_date", "end_date")
    lines = [f"{name}: {one_line(str(upgrade[name]))}" for name in names if upgrade[name] is not None]
    return "\n".join([*lines, f"devices: {upgrade['device_count']}"]) + "\n"


def _header(upgrade: t.Mapping[str, t.Any] | None) -> str:
    return "no upgrade" if upgrade is None else f"upgrade {upgrade['upgrade_id'] or 'that is not scheduled yet'} ({upgrade['status']})"
