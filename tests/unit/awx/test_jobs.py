# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The jobs of the sample, as an AWX runs them, against the simulator."""

from __future__ import annotations

import shutil
import typing as t
from pathlib import Path

import pytest
from support.awx_job import Awx, injected, read
from support.checkout import ROOT

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

SAMPLE = ROOT / "docs" / "sample"
ACCOUNT = "0402196254-00001"
FILES: dict[str, t.Any] = {"thingspace_rollout_files": "rollouts"}
# Where ansible-runner replaces a result by an empty one (its awx_display callback).
DROPPED = 700_000
pytestmark = pytest.mark.playbook


def imeis(count: int) -> list[str]:
    return [f"99{number:013d}" for number in range(count)]


def inputs(sim: Simulator) -> dict[str, str]:
    known = sim.credentials
    return {"app_key": known.app_key, "app_secret": known.app_secret, "username": known.username, "password": known.password, "account": ACCOUNT}


@pytest.fixture
def awx(sim: Simulator, tmp_path: Path) -> Awx:
    project = tmp_path / "checkout"
    shutil.copytree(SAMPLE, project)
    (tmp_path / "private").mkdir()
    env, dummy, arguments = injected(read(SAMPLE / "awx" / "objects.yml")["thingspace_awx_credential_type"], inputs(sim), tmp_path / "private")
    assert not arguments, "secrets among the arguments would be shown with the job"
    return Awx(tmp_path, project, {**env, "THINGSPACE_API_URL": sim.api_url})


def check_clean(sim: Simulator, *texts: str) -> None:
    """No secret in anything that was printed or kept, and no session left open."""
    auth = sim.service.auth
    assert not auth.sessions
    secrets = {sim.credentials.app_secret, sim.credentials.password, *auth.bearers, *auth.ended}
    assert len(secrets) >= 4
    for text in texts:
        assert not [secret for secret in secrets if secret in text]


def test_a_credential_becomes_environment_whose_secrets_awx_masks(sim: Simulator, tmp_path: Path) -> None:
    given = {name: f"{{{{ {value} }}}} 'quoted\"" if name == "password" else value for name, value in inputs(sim).items()}
    env, kept, arguments = injected(read(SAMPLE / "awx" / "objects.yml")["thingspace_awx_credential_type"], given, tmp_path)
    assert env == {f"THINGSPACE_{name.upper()}": value for name, value in given.items()}, "not rendered a second time"
    for name in ("app_key", "app_secret", "password"):
        assert given[name] not in str(kept)
    assert kept["THINGSPACE_ACCOUNT"] == ACCOUNT
    assert arguments == []


def test_plan_approval_apply_and_the_night_after(awx: Awx, sim: Simulator) -> None:
    plan = awx.launch("awx/plan.yml", check=True, verbosity=4, **FILES)
    assert plan.code == 0, plan.text[-3000:]
    assert not sim.writes
    assert list(plan.artifacts) == ["thingspace_rollout_expect_plan_digest"]

    # Approved. What the plan handed on goes to the apply as variables, beside the answers to the workflow's survey.
    apply = awx.launch("awx/apply.yml", verbosity=4, **FILES, **plan.artifacts)
    assert apply.code == 0, apply.text[-3000:]
    assert sorted(len(sim.members(upgrade)) for upgrade in sim.service.upgrades) == [12, 40, 150]

    upgrade = next(iter(sim.service.upgrades.values()))
    del upgrade.devices[next(iter(upgrade.devices))]
    drift = awx.launch("awx/plan.yml", check=True, thingspace_rollout_fail_on_drift=True, **FILES)
    assert drift.code == 2
    assert "Drift: 1 of 3 upgrades would change" in drift.text

    # The approved plan is another one by now, and an apply without an approval does nothing at all.
    written, logins = len(sim.writes), len(sim.logins)
    late = awx.launch("awx/apply.yml", **FILES, **plan.artifacts)
    assert late.code == 2
    assert "approved" in late.text
    for nothing in ("", " "):
        assert awx.launch("awx/apply.yml", thingspace_rollout_expect_plan_digest=nothing, **FILES).code == 2
    assert len(sim.writes) == written
    assert len(sim.logins) == logins + 1
    check_clean(sim, plan.text, apply.text, drift.text, late.text)


def test_rollout_files_are_those_of_the_project(awx: Awx, sim: Simulator, tmp_path: Path) -> None:
    """The survey takes any text, and a fault of a file is told with the start of what is in it."""
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.yml").write_text("a private key\n", encoding="utf-8")
    (awx.project / "rollouts" / "out").symlink_to(outside)
    (awx.project / "rollouts" / "out.yml").symlink_to(outside / "secret.yml")
    for files in (str(outside), "rollouts/../../outside", "rollouts/out", "rollouts/out.yml", "awx", "rollouts\n", ["rollouts", str(outside)]):
        job = awx.launch("awx/plan.yml", check=True, thingspace_rollout_files=files)
        assert job.code == 2, (files, job.text[-2000:])
        assert "has to be the folder rollouts of the project" in job.text
        assert "a private key" not in job.text
    job = awx.launch("awx/apply.yml", thingspace_rollout_files=str(outside), thingspace_rollout_expect_plan_digest="0" * 64)
    assert "has to be the folder rollouts of the project" in job.text
    assert not sim.requests
    assert awx.launch("awx/plan.yml", check=True, thingspace_rollout_files="rollouts/gateways.yml").code == 0


def test_an_approval_counts_once(awx: Awx, sim: Simulator) -> None:
    """A relaunch has the variables of the first launch, so an approved digest too."""
    plan = awx.launch("awx/plan.yml", check=True, **FILES)
    again = awx.launch("awx/apply.yml", awx_job_launch_type="relaunch", **FILES, **plan.artifacts)
    assert again.code == 2
    assert "An approval counts once" in again.text
    survey: dict[str, t.Any] = {"thingspace_upgrade_id": "x", "thingspace_devices": "990003425730535", "thingspace_expect_plan_digest": "0" * 64}
    again = awx.launch("awx/devices.yml", awx_job_launch_type="relaunch", **survey)
    assert again.code == 2
    assert "An approval counts once" in again.text
    assert not sim.writes
    # Planning again is fine, and so is what a workflow starts.
    assert awx.launch("awx/plan.yml", check=True, awx_job_launch_type="relaunch", **FILES).code == 0
    assert awx.launch("awx/apply.yml", awx_job_launch_type="workflow", **FILES, **plan.artifacts).code == 0


def test_devices_typed_into_a_survey(awx: Awx, sim: Simulator) -> None:
    upgrade = sim.add_upgrade(account=ACCOUNT, devices=imeis(3))
    more = ["990003425730535", "990003425730524", "004401234567012", "004401234567020", "004401234567038"]
    survey: dict[str, t.Any] = {
        "thingspace_upgrade_id": upgrade.id,
        "thingspace_devices": "{}\r\n{}\n{}, {};{}\n\n".format(*more),
        "thingspace_devices_state": "present",
    }
    plan = awx.launch("awx/devices.yml", check=True, **survey)
    assert plan.code == 0, plan.text[-3000:]
    assert not sim.writes
    apply = awx.launch("awx/devices.yml", verbosity=4, **survey, **plan.artifacts)
    assert apply.code == 0, apply.text[-3000:]
    assert sim.members(upgrade.id) == {*imeis(3), *more}
    check_clean(sim, plan.text, apply.text)


def test_devices_are_not_changed_without_a_plan(awx: Awx, sim: Simulator) -> None:
    for devices, digest in (("990003425730535", ""), ("990003425730535", " "), (990003425730535, "given"), (" ", "given")):
        job = awx.launch("awx/devices.yml", thingspace_upgrade_id="x", thingspace_devices=devices, thingspace_expect_plan_digest=digest)
        assert job.code == 2
        assert ("digest" if not digest.strip() else "must be text") in job.text
    assert not sim.requests


def test_thirty_thousand_devices_leave_their_results_whole(awx: Awx, sim: Simulator) -> None:
    devices = imeis(30_000)
    typed = sim.add_upgrade(account=ACCOUNT, devices=["990003425730535"])
    job = awx.launch("awx/devices.yml", check=True, verbosity=1, thingspace_upgrade_id=typed.id, thingspace_devices="\n".join(devices))
    assert job.code == 0, job.text[-3000:]
    [result] = job.results("thingspace.fota.upgrade_devices")
    assert result["added_count"] == 30_000
    assert len(str(result)) < DROPPED

    declared = awx.project / "rollouts"
    (declared / "waves" / "canary.csv").write_text("imei\n" + "\n".join(devices) + "\n", encoding="utf-8")
    job = awx.launch("awx/plan.yml", check=True, verbosity=1, **FILES)
    assert job.code == 0, job.text[-3000:]
    results = job.results("thingspace.fota.rollout")
    assert results
    assert all(result.get("plan_digest") or result.get("results") for result in results), "an empty result is one that was dropped"
    for result in results:
        assert len(str(result)) < DROPPED
