# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which results of a run belong into its report."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.plugin_utils._plan_report.collector import Collector, Event
from support.plan_samples import upgrade_devices

MODULE = "thingspace.fota.upgrade_devices"
FAIL = "ansible.builtin.fail"


def event(task_id: str = "t1", host: str = "h1", action: str = MODULE, result: dict[str, t.Any] | None = None, **more: t.Any) -> Event:
    return Event(host=host, task_id=task_id, task=f"Task {task_id}", action=action, result=upgrade_devices() if result is None else result, **more)


def collected(*events: Event, failed: t.Collection[str] | None = (), check_mode: bool = False) -> tuple[list[t.Any], bool]:
    collector = Collector()
    for item in events:
        collector.started(item.task_id)
        collector.take(item)
    return collector.records(failed, check_mode)


def test_results_of_planning_modules_are_kept_without_options() -> None:
    records, check_mode = collected(event(), event(action="thingspace.fota.upgrade_info"), event(action="upgrade_devices"), event(action=FAIL))
    assert (len(records), check_mode) == (1, False)
    assert "invocation" not in records[0].result


def test_a_loop_is_its_items() -> None:
    whole = event(loop=True, result={"results": [upgrade_devices(), upgrade_devices()]})
    assert len(collected(event(item=True, loop=True), event(item=True, loop=True), whole)[0]) == 2
    # One that failed before its first item.
    broken = event(loop=True, failed=True, result={"msg": "no list"})
    assert [record.result["failed"] for record in collected(broken)[0]] == [True]


def test_tasks_in_the_background_are_followed() -> None:
    job = {"ansible_job_id": "j1", "started": 1, "finished": 0}
    start = event("t1", result=job, check_mode=False)
    status = "ansible.builtin.async_status"
    end = event("t2", action=status, result={**upgrade_devices(), **job, "finished": 1})
    assert len(collected(start, event("t2", action=status, result=job), end)[0]) == 1
    (lost,) = collected(start)[0]
    assert "runs on in the background" in lost.unknown
    assert collected(event("t2", action=status, result={**upgrade_devices(), "ansible_job_id": "of another", "finished": 1}))[0] == []
    failed = event("t2", action=status, result={"ansible_job_id": "j1", "msg": "could not find job"}, failed=True)
    assert collected(start, failed)[0][0].result["failed"] is True
    # poll greater than 0: the result itself.
    assert len(collected(event(result={**upgrade_devices(), **job, "finished": True}))[0]) == 1


def test_other_failures_are_told_without_their_message() -> None:
    other = event("t2", action=FAIL, result={"msg": "secret"}, failed=True)
    (record,) = collected(other, failed={"h1"})[0]
    assert record.result == {"failed": True, "msg": 'The task "Task t2" failed. The log of the run says why.'}
    # Rescued, or ignored.
    assert collected(other, failed={"h2"})[0] == []
    assert collected(event("t2", action=FAIL, failed=True, ignored=True), failed={"h1"})[0] == []


def test_failures_of_our_roles_are_told_unless_they_follow_a_plan() -> None:
    role = event("t2", action=FAIL, result={"msg": "the login was refused"}, failed=True, in_our_role=True)
    assert [record.result["msg"] for record in collected(role)[0]] == ["the login was refused"]
    assert len(collected(event(), role, failed={"h1"})[0]) == 1
    login = event("t2", action="thingspace.fota.session", result={"msg": "refused"}, failed=True)
    assert len(collected(login, role, failed={"h1"})[0]) == 1


@pytest.mark.parametrize("cli", [True, False])
def test_the_mode_is_that_of_the_results(cli: bool) -> None:
    planned, done = event(check_mode=True), event("t2", result=upgrade_devices(added=["1"]))
    assert collected(check_mode=cli) == ([], cli)
    assert collected(planned, check_mode=cli)[1] is True
    assert collected(done, check_mode=cli)[1] is False
    # Planned first, then applied: what was done counts.
    records, check_mode = collected(planned, done, check_mode=cli)
    assert check_mode is False
    assert [record.unknown for record in records] == [None, "1 results of check mode are left out, since other tasks of the run were applied."]
    # Applied without a change is as good as planned.
    assert collected(planned, event("t2"), check_mode=cli)[1] is True


def test_the_order_is_that_of_tasks_then_hosts() -> None:
    records, _mode = collected(event("t1", "h2"), event("t2", "h2"), event("t1", "h1"))
    assert [record.order[:2] for record in sorted(records, key=lambda record: record.order)] == [(0, "h1"), (0, "h2"), (1, "h2")]


def test_a_run_that_broke_off_says_so() -> None:
    records = collected(event(), failed=None)[0]
    assert "broke off" in records[-1].result["msg"]
