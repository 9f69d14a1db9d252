# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils import _clock as waiter


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pauses between two tries begin short: the simulator needs none."""
    monkeypatch.setattr(waiter, "FIRST_PAUSE", 0.02)
