# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What may happen to a request about upgrades: faults of the simulator, for tests that try everything."""

from __future__ import annotations

import typing as t

TROUBLES: list[dict[str, t.Any]] = [
    {"do": "drop_before"},
    {"do": "drop_before", "reset": True},
    {"do": "drop_after"},
    {"do": "status", "status": 429},
    {"do": "status", "status": 500},
    {"do": "status", "status": 400},
    {"do": "status", "status": 503, "applied": True},
    {"do": "html", "status": 502},
    {"do": "html", "status": 200, "applied": True},
    {"do": "truncated"},
    {"do": "expired_bearer"},
    {"do": "expired_session"},
    {"do": "start_upgrade"},
    {"do": "cancel_upgrade"},
]
