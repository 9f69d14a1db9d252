# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a job leaves behind, however it ended."""

from __future__ import annotations

import dataclasses
import typing as t

from .._errors import ThingSpaceError


@dataclasses.dataclass
class Result:
    """What a module's job returns. A failure keeps its values: they tell what was done before it.

    ``unknown`` says that something was sent of which nobody knows what became. ``intact`` texts come back as they are: without it a secret option is cut
    out of every value that happens to contain it.
    """

    values: dict[str, t.Any] = dataclasses.field(default_factory=dict)
    changed: bool = False
    diff: dict[str, str] | list[dict[str, str]] | None = None
    warnings: list[str] = dataclasses.field(default_factory=list)
    failure: ThingSpaceError | None = None
    unknown: bool = False
    intact: bool = False
