# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No secret in what any module returns, whatever the service does and says. By enumeration of modules and troubles."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils import _clock as waiter
from support.run_module import run_module
from test_modules import MODULES, UPGRADE

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

A, B = "990003425730535", "990000473475989"
SECRETS = ("listener-user-name", "listener-pass-word")
OPTIONS: dict[str, list[dict[str, t.Any]]] = {
    "callback": [{"url": "https://fota.example.com/x", "username": SECRETS[0], "password": SECRETS[1]}, {"state": "absent"}],
    "callback_info": [{}],
    "device_info": [{"devices": [A], "include_history": True}],
    "firmware_info": [{}],
    "license": [{"devices": [B]}, {"devices": [A], "state": "absent", "cancellation_candidates": [A], "on_rejected": "warn"}],
    "license_info": [{"include_candidates": True}],
    "rollout": [
        {
            "upgrades": [
                {"upgrade_id": UPGRADE, "devices": [], "state": "exact", "allow_empty": True, "name": "canary"},
                {"firmware_name": "F", "firmware_to": "2", "start_date": "2999-01-01", "devices": [A, B]},
            ]
        }
    ],
    "subscription_info": [{}],
    "upgrade": [
        {"firmware_name": "F", "firmware_to": "2", "start_date": "2999-01-01", "devices": [A]},
        {"upgrade_id": UPGRADE, "state": "absent"},
    ],
    "upgrade_devices": [{"upgrade_id": UPGRADE, "devices": [B], "on_rejected": "warn"}],
    "upgrade_info": [{"upgrade_id": UPGRADE, "include_devices": True}, {"status": ["Queued"]}],
}
# An answer to everything that repeats what was sent where nobody looks for it: as a status, as the name of a field.
ECHOING: dict[str, t.Any] = {"id": UPGRADE, "status": "Queued", "startDate": "2999-01-01", "ECHO": {"ECHO": 1}, "hasMoreData": False}
ECHOING["deviceList"] = [{"deviceId": A, "status": "ECHO", "resultReason": "ECHO", "ECHO": ["ECHO"]}]
ECHOING["reportList"] = [dict(ECHOING)]
TROUBLES: dict[str, dict[str, t.Any]] = {
    "nothing": {},
    "refused": {"do": "status", "status": 400, "body": {"errorCode": "X ECHO", "errorMessage": "no ECHO"}},
    "forbidden": {"do": "status", "status": 403, "body": "<am:fault><am:code>1</am:code><am:message>ECHO</am:message></am:fault>"},
    "unknown": {"do": "status", "status": 404, "body": {"errorCode": "X", "errorMessage": "ECHO"}},
    "broken": {"do": "status", "status": 500, "body": {"fault": {"code": 1, "message": "ECHO", "description": "ECHO"}}},
    "page": {"do": "status", "status": 502, "body": "<html><title>ECHO</title>ECHO</html>"},
    "nonsense": {"do": "status", "status": 200, "body": "ECHO"},
    "cut": {"do": "status", "status": 200, "body": '{"ECHO'},
    "odd": {"do": "status", "status": 200, "body": {"error": "ECHO", "error_description": "ECHO"}},
    "echoing": {"do": "status", "status": 200, "body": ECHOING},
    "lost": {"do": "drop_after"},
    "session": {"do": "expired_session"},
    "bearer": {"do": "expired_bearer"},
    "redirect": {"do": "redirect", "location": "http://127.0.0.1:1/ECHO"},
}


def test_every_module_that_takes_tokens_is_here() -> None:
    assert sorted(OPTIONS) == [module for module in MODULES if module != "session"]


@pytest.mark.parametrize("trouble", sorted(TROUBLES))
@pytest.mark.parametrize("method", ["GET", "*"])
@pytest.mark.parametrize("module", sorted(OPTIONS))
def test_no_secret_comes_out(sim: Simulator, monkeypatch: pytest.MonkeyPatch, module: str, method: str, trouble: str) -> None:
    monkeypatch.setattr(waiter, "FIRST_PAUSE", 0.001)
    stored = ("stored-user-name", "stored-pass-word")
    listener = {"Fota": {"url": "https://old.example/x", "username": stored[0], "password": stored[1]}}
    account = {"devices": [A, B], "licenses": [A], "callbacks": listener}
    sim.load({"accounts": {"0402196254-00001": account}, "upgrades": [{"account": "0402196254-00001", "upgrade_id": UPGRADE, "devices": [A]}]})
    access, session = sim.tokens()
    basic = base64.b64encode(f"{SECRETS[0]}:{SECRETS[1]}".encode()).decode()
    echo = f"<{access}> {session} {' '.join(SECRETS)} {basic}"
    fault = json.loads(json.dumps(TROUBLES[trouble]).replace("ECHO", json.dumps(echo)[1:-1]))
    tokens = {"account": "0402196254-00001", "access_token": access, "session_token": session, "api_url": sim.api_url, "retry_timeout": 0}
    for options in OPTIONS[module]:
        for check in (True, False):
            if fault:
                sim.fault(f"{method} /", **fault, times=None, nth=1 if method == "GET" else 2)
            result = json.dumps(run_module(module, {**tokens, **options}, check=check, diff=True))
            given = [secret for secret in SECRETS if secret in json.dumps(options)]
            leaked = [secret for secret in (access, session, *given, *stored, *([basic] if given else [])) if secret in result]
            assert leaked == [], result
            assert "Traceback" not in result
            sim.service.faults.clear()
