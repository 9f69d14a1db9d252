# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The picture of the waves. Pure."""

from __future__ import annotations

from ..escape import label
from ..rows import Row

_LABEL = 36
_BAR = 40


def picture(rows: list[tuple[int, Row]]) -> list[str]:
    """Devices of each upgrade before and after, as bars in a fenced block."""
    known = [(number, row) for number, row in rows if row["before"] is not None and row["after"] is not None]
    widest = max((row["before"] + row["added_count"] for _number, row in known), default=0)
    if not widest:
        return []
    digits = max(6, *(len(f"{row[side]:,}") for _number, row in known for side in ("before", "after")))
    head = f"{'':{_LABEL + 5}} {'before':>{digits}} -> {'after':<{digits}}  = stays  - leaves  + arrives"
    lines = ["Devices of each upgrade before and after:", "", "```text", head]
    for number, row in known:
        leaves, arrives = row["removed_count"], row["added_count"]
        parts = ((max(0, row["before"] - leaves), "="), (leaves, "-"), (arrives, "+"))
        drawn = "".join(sign * _length(count, widest) for count, sign in parts)
        lines.append(f"{number:>3}  {label(row['name'], _LABEL)} {row['before']:>{digits},} -> {row['after']:<{digits},}  {drawn}".rstrip())
    return [*lines, "```", ""]


def _length(count: int, widest: int) -> int:
    return max(1, round(count * _BAR / widest)) if count else 0
