# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What one membership is to become, within which limits, and what is read of it. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .._api.status import DeviceStatus
from .plan import Plan, State, make_plan


class Listing(t.Protocol):
    """A membership as it was read. Listed is not member: ``devices`` holds the refused ones too."""

    @property
    def members(self) -> frozenset[str]: ...

    @property
    def refused(self) -> frozenset[str]: ...

    @property
    def devices(self) -> t.Mapping[str, DeviceStatus]: ...

    @property
    def status(self) -> str: ...

    @property
    def is_open(self) -> bool: ...

    @property
    def told(self) -> bool:
        """Whether the service said which devices there are, or said nothing about them."""

    def predicted(self: Listing_T, append: frozenset[str], remove: frozenset[str]) -> Listing_T:
        """What these changes would make of it."""


Listing_T = t.TypeVar("Listing_T", bound=Listing)


@dataclasses.dataclass(frozen=True)
class Limits:
    """The limits that a declaration must keep: the options of the same names."""

    allow_empty: bool
    max_removal_percent: float
    max_removals: int | None


class Veto(t.Protocol):
    """Raises RailError where removing these devices does more harm than the limits know of."""

    def __call__(self, removals: frozenset[str]) -> None: ...


@dataclasses.dataclass(frozen=True)
class Target:
    """What one membership is to become, and within which limits. ``approved`` is the one plan that may be applied, if one was approved."""

    state: State
    declared: frozenset[str]
    limits: Limits
    batch_size: int
    veto: Veto | None = None
    approved: Plan | None = None

    def plan(self, listing: Listing) -> Plan:
        """The writes that are missing in what was read."""
        return make_plan(self.state, self.declared, listing.members, listing.refused)
