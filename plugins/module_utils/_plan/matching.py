# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which upgrade a declaration means, of those that the service lists. Pure."""

from __future__ import annotations

import typing as t

from .._api.model import Upgrade
from .._api.status import Phase
from .._errors import StateError
from .._text import one_line

if t.TYPE_CHECKING:
    from .._api.model import UpgradeKey

_SHOWN = 5
_LONGEST = 80


def matching(key: UpgradeKey, upgrades: t.Iterable[Upgrade], mine: str = "") -> list[Upgrade]:
    """The upgrades that are meant. Raises StateError where that cannot be known of one: it must be neither made a second time nor taken for gone.

    Args:
        mine: the id, in lower case, of one that is meant whatever is told of it.
    """
    upgrades = list(upgrades)
    unsure = [upgrade for upgrade in upgrades if key.may_fit(upgrade) and upgrade.phase not in (Phase.REFUSED, Phase.FAILED)]
    doubtful = [upgrade for upgrade in unsure if upgrade.upgrade_id.lower() != mine]
    if doubtful:
        told = "; ".join(
            f"{upgrade.upgrade_id} ({upgrade.status}) with firmware_name {_shown(upgrade.firmware_name)}, firmware_to {_shown(upgrade.firmware_to)}, "
            f"start_date {_shown(upgrade.start_date)}"
            for upgrade in doubtful[:_SHOWN]
        )
        more = f"; and {len(doubtful) - _SHOWN} more" if len(doubtful) > _SHOWN else ""
        raise StateError(
            f"Whether there is an upgrade {key} is not known. The service lists what may be it, and may be another one: {told}{more}. "
            "Look at it at the service. If it is the one, name it by upgrade_id; if it is not wanted, cancel it by upgrade_id."
        )
    return [upgrade for upgrade in upgrades if key.fits(upgrade) or upgrade.upgrade_id.lower() == mine]


def single(key: UpgradeKey, matches: t.Sequence[Upgrade]) -> Upgrade | None:
    """The one match, None if there is none. Raises StateError for more than one."""
    if len(matches) > 1:
        ids = ", ".join(f"{upgrade.upgrade_id} ({upgrade.status})" for upgrade in matches)
        raise StateError(f"There are {len(matches)} upgrades {key}: {ids}. Cancel all but one of them by upgrade_id.")
    return matches[0] if matches else None


def appeared(matches: t.Iterable[Upgrade], devices: frozenset[str], known: t.Container[str]) -> list[Upgrade]:
    """The upgrades that a lost request may have made.

    Args:
        matches: upgrades with its natural key.
        devices: what it asked for. Refused ones are listed too. One that lists others, or fewer, may be somebody else's.
        known: ids of those that were there before.
    """
    return [upgrade for upgrade in matches if upgrade.upgrade_id.lower() not in known and upgrade.devices.keys() | upgrade.refused == devices]


def _shown(value: str | None) -> str:
    return "none" if value is None else one_line(repr(value[:_LONGEST]))
