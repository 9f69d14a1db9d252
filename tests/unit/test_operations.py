# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""docs/operations.md against the simulator's routes, the modules, and the requests that the modules really make."""

from __future__ import annotations

import re
import typing as t

import pytest
from support.checkout import ROOT
from support.run_module import run_module
from thingspace_simulator.server.routes import ROUTES

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

ACCOUNT = "0402196254-00001"
UPGRADE = "60b5d639-ccdc-4db8-8824-069bd94c95bf"
A, B = "990003425730535", "990000473475989"
FOTA = "/fota/v1"
# What each row says, as options. A row without an entry here fails.
HOW: dict[str, dict[str, t.Any]] = {
    "schedule": {"firmware_name": "F", "firmware_to": "2", "start_date": "2999-01-01", "end_date": "2999-01-08", "devices": [B], "imei_check": "none"},
    "read": {"upgrade_id": UPGRADE},
    "modify": {"upgrade_id": UPGRADE, "devices": [B], "imei_check": "none"},
    "cancel": {"upgrade_id": UPGRADE, "state": "absent"},
    "by_status": {"status": ["Queued"]},
    "history": {"devices": [A], "include_history": True},
    "firmware": {},
    "devices": {"devices": [A], "client_type": "OMADM"},
    "subscription": {},
    "licenses": {},
    "assign": {"devices": [B], "imei_check": "none"},
    "remove": {"devices": [A], "state": "absent", "allow_cancelling_upgrades": True, "imei_check": "none"},
    "set_candidates": {"cancellation_candidates": [A], "imei_check": "none"},
    "drop_candidates": {"cancellation_candidates": [], "imei_check": "none"},
    "candidates": {"include_candidates": True},
    "register": {"url": "https://listener.example/fota"},
    "callbacks": {},
    "deregister": {"state": "absent"},
}
# What has to be there before it can be taken away.
BEFORE = {"drop_candidates": "set_candidates", "deregister": "register"}


def rows() -> dict[str, tuple[str, str]]:
    """Module and options of each operation (method and path) in the table."""
    text = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    found = re.findall(r"^\| `([A-Z]+ /[^`]*)` \|[^|]*\| `(\w+)` \| ([^|]*) \| \S[^|]* \|$", text, re.MULTILINE)
    return {operation: (module, how) for operation, module, how in found}


def routes() -> dict[str, str]:
    """The simulator's name of each operation, by method and path. The second spelling of one path is left out."""
    return {
        f"{route.method} {route.template[len(FOTA) :]}": route.operation
        for route in ROUTES
        if route.template.startswith(FOTA) and "/device/" not in route.template
    }


def test_every_operation_has_a_row_and_every_row_an_operation() -> None:
    assert set(rows()) == set(routes())
    assert len(rows()) == 18


@pytest.mark.parametrize("operation", sorted(routes()))
def test_each_row_is_true(sim: Simulator, operation: str) -> None:
    module, how = rows()[operation]
    options = HOW[routes()[operation]]
    for named in re.findall(r"`(\w+)(?:: [^`]*)?`", how):
        assert named in options or named == "state"
    sim.load(
        {
            "accounts": {ACCOUNT: {"devices": [A, B], "licenses": [A]}},
            "upgrades": [{"account": ACCOUNT, "upgrade_id": UPGRADE, "status": "Queued", "devices": [A]}],
        }
    )
    access, session = sim.tokens()
    tokens = {"account": ACCOUNT, "access_token": access, "session_token": session, "api_url": sim.api_url}
    if routes()[operation] in BEFORE:
        run_module(module, {**tokens, **HOW[BEFORE[routes()[operation]]]})
    result = run_module(module, {**tokens, **options})
    assert result["failed"] is False, result["msg"]
    assert routes()[operation] in {record.operation for record in sim.requests}
