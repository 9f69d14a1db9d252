# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an upgrade holds against what it was, or is to be, scheduled with. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._api.model import Upgrade
from .._errors import ThingSpaceError
from .._text import first_few


@dataclasses.dataclass(frozen=True)
class Comparison:
    """The declared devices against those of an upgrade."""

    missing: frozenset[str] = frozenset()
    extra: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()


def compared(declared: frozenset[str], upgrade: Upgrade, refused: frozenset[str] = frozenset()) -> Comparison:
    """Members count, not what is listed; a declared device that is listed as rejected is neither missing nor there, nor is one of ``refused``."""
    return Comparison(declared - upgrade.members - upgrade.refused - refused, upgrade.members - declared, declared & upgrade.refused)


def differs(upgrade: Upgrade, comparison: Comparison) -> str:
    """That an upgrade that was there already is not as declared."""
    return (
        f"The upgrade {upgrade.upgrade_id} is there already: {len(comparison.missing)} of the declared devices are not in it, and "
        f"{len(comparison.extra)} devices in it are not declared. This module does not change them: use thingspace.fota.upgrade_devices."
    )


def added(upgrade: Upgrade, extra: t.Collection[str]) -> str:
    """That an upgrade holds more than it was scheduled with."""
    return f"The upgrade {upgrade.upgrade_id} holds {len(extra)} devices that are not declared ({first_few(extra)}): somebody else may have added them."


def not_shown(upgrade: Upgrade, asked: int, missing: t.Collection[str]) -> ThingSpaceError:
    """That an upgrade holds less than it was scheduled with."""
    return ThingSpaceError(
        f"The upgrade {upgrade.upgrade_id} was scheduled with {asked} devices, and the service does not show {len(missing)} of them in it within "
        f"retry_timeout ({first_few(missing)}). Look at it again later, and bring in what is still missing with "
        "thingspace.fota.upgrade_devices before it starts.",
        "not_visible",
    )
