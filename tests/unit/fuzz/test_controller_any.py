# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""As test_service_any, through a real ansible-playbook: whatever the service answers, the result arrives, and nothing commands the screen."""

from __future__ import annotations

import json
import re
import typing as t
import unicodedata

import hypothesis
import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._errors import Kind
from fuzz.test_service_any import ANSWERS, options_of, stage
from hypothesis import given, settings
from hypothesis import strategies as st
from support.anything import spoiled
from support.result_texts import check_texts
from support.run_playbook import run_playbook
from support.worlds import Worlds
from test_modules import MODULES
from thingspace_simulator.hostile.texts import TEXTS

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

ROUNDS = 1
# What each of them reads first or writes.
OPERATIONS = {
    "callback": ["callbacks", "register", "deregister"],
    "callback_info": ["callbacks"],
    "device_info": ["devices", "history"],
    "firmware_info": ["firmware"],
    "license": ["licenses", "assign", "remove", "candidates", "by_status"],
    "license_info": ["licenses", "candidates"],
    "rollout": ["read", "by_status", "schedule", "modify"],
    "session": ["token", "login", "logout"],
    "subscription_info": ["subscription"],
    "upgrade": ["by_status", "schedule", "cancel", "read"],
    "upgrade_devices": ["read", "modify"],
    "upgrade_info": ["read", "by_status"],
}


@st.composite
def cases(draw: st.DrawFn) -> list[dict[str, t.Any]]:
    """For every module: an operation whose answer is another one than the documents show, or texts of a kind in all answers."""
    drawn = []
    for module in MODULES * ROUNDS:
        operation = draw(st.sampled_from(OPERATIONS[module]))
        answer = draw(st.none() | spoiled(ANSWERS[operation]))
        kind = draw(st.sampled_from(sorted(TEXTS)))
        drawn.append(
            {"module": module, "task": draw(st.integers(0, 9)), "operation": operation, "answer": answer, "texts": kind, "applied": draw(st.booleans())}
        )
    return drawn


def paths() -> dict[str, str]:
    """Where a fault must be for each operation."""
    from thingspace_simulator.control.log import short_path
    from thingspace_simulator.server.routes import ROUTES

    return {route.operation: f"{route.method} {short_path(route.template).partition('{')[0]}" for route in reversed(ROUTES)}


def state_of(sim: Simulator) -> str:
    account = next(iter(sim.service.accounts.values()))
    upgrades = {upgrade.id: (upgrade.status, sorted(upgrade.members())) for upgrade in sim.service.upgrades.values()}
    return json.dumps([upgrades, sorted(account.licenses), account.candidates, {name: item.url for name, item in account.callbacks.items()}])


def prepare(sim: Simulator, case: dict[str, t.Any], api_url: str) -> dict[str, t.Any]:
    """Stage a case, and return the options of its task."""
    stage(sim)
    tasks = options_of(sim, case["module"])
    sim.misbehave(texts=case["texts"])
    if case["answer"] is not None:
        sim.fault(paths()[case["operation"]], "status", times=None, status=200, body=case["answer"], applied=case["applied"])
    return {**tasks[case["task"] % len(tasks)], "api_url": api_url}


def check_screen(text: str) -> None:
    assert {character for character in text if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")} <= {"\n", "\t"}
    assert not re.search(r"^\s*::|##\[|##vso\[", text, re.MULTILINE)


@pytest.mark.slow
@given(cases())
@settings(max_examples=2, phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate], suppress_health_check=list(hypothesis.HealthCheck))
def test_any_answer_makes_a_result_that_arrives(tmp_path_factory: pytest.TempPathFactory, drawn: list[dict[str, t.Any]]) -> None:
    folder = tmp_path_factory.mktemp("playbook")
    with Worlds(len(drawn)) as worlds:
        tasks: list[dict[str, t.Any]] = []
        for number, (sim, case) in enumerate(zip(worlds.sims, drawn, strict=True)):
            options = prepare(sim, case, worlds.url_of(number))
            tasks.append({"name": f"case {number}", f"thingspace.fota.{case['module']}": options, "register": f"case_{number}", "ignore_errors": True})
        before = [state_of(sim) for sim in worlds.sims]
        results = "{{ [" + ", ".join(f"case_{number}" for number in range(len(drawn))) + "] | to_json }}"
        tasks.append({"name": "what arrived", "ansible.builtin.copy": {"content": results, "dest": str(folder / "results.json"), "mode": "0600"}})
        play = [{"hosts": "host1", "gather_facts": False, "environment": {}, "tasks": tasks}]
        run = run_playbook(folder, json.dumps(play), "--diff")
        assert run.code == 0, run.text
        check_screen(run.text)
        arrived = json.loads((folder / "results.json").read_text(encoding="utf-8"))
        for number, (case, result) in enumerate(zip(drawn, arrived, strict=True)):
            check(case, result, before[number], state_of(worlds.sims[number]))


def check(case: dict[str, t.Any], result: dict[str, t.Any], before: str, after: str) -> None:
    told = json.dumps([case, result])
    assert "requests" in result, f"a result was lost: {told}"
    assert not result.get("failed") or result["error"]["kind"] in t.get_args(Kind), told
    assert result["changed"] or before == after, f"something was changed, and that is not told: {told}"
    assert "Traceback" not in told
    check_texts({name: value for name, value in result.items() if name not in ("exception", "invocation")})
