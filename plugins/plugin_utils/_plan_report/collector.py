# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which results of a run belong into its report. Knows the events of a run, and neither files nor classes of ansible-core. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

from .records import MODULES, Record, is_lost
from .rows import Result

COLLECTION = "thingspace.fota."
_OURS = frozenset(COLLECTION + module for module in MODULES)
# The fact in which the role of rollouts leaves its own report.
_REPORT = "thingspace_rollout_report"
_ASYNC_STATUS = ("async_status", "ansible.builtin.async_status", "ansible.legacy.async_status")
# Never stored, let alone told.
_DROPPED = ("invocation", "diff")


@dataclasses.dataclass(frozen=True)
class Event:
    """The end of a task on a host, or of one item of its loop."""

    host: str
    task_id: str
    task: str
    action: str
    result: Result
    in_our_role: bool = False
    check_mode: bool = False
    failed: bool = False
    unreachable: bool = False
    ignored: bool = False
    loop: bool = False
    item: bool = False


class _Taken(t.NamedTuple):
    record: Record
    check_mode: bool


class Collector:
    """Takes events as they come. Another one can be asked for the records at any time."""

    def __init__(self) -> None:
        self._taken: list[_Taken] = []
        self._foreign: list[Record] = []
        self._jobs: dict[tuple[str, str], Event] = {}
        # By host and task: a module that writes was started, and its result has not come.
        self._begun: dict[tuple[str, str], Event] = {}
        self._looped: set[tuple[str, str]] = set()
        self._tasks: dict[str, int] = {}
        self._items = 0
        # By host: a role of ours failed.
        self._broken: dict[str, _Taken] = {}

    def started(self, task_id: str) -> None:
        """Tasks stand in the report in the order in which they started, hosts of a task by name."""
        self._tasks.setdefault(task_id, len(self._tasks))

    def begin(self, event: Event) -> None:
        """A task begins on a host."""
        if event.action in _OURS:
            self._begun[event.host, event.task_id] = event

    def skip(self, host: str, task_id: str) -> None:
        """A task turns out to do nothing on a host."""
        self._begun.pop((host, task_id), None)

    def retry(self, event: Event) -> None:
        """An attempt of a task failed, and the task tries again: its last attempt is told by :meth:`take`, and does not know what this one has changed."""
        probe = Record({**event.result, "failed": True}, event.host, writes=True)
        if event.action in _OURS and not event.check_mode and (event.result.get("changed") or is_lost(probe)):
            told = f'The task "{event.task}" on {event.host} tried again after an attempt that may have changed something: what that was is not in this report.'
            self._taken.append(_Taken(Record({}, event.host, self._order(event), unknown=told, writes=True), check_mode=False))

    def take(self, event: Event) -> None:
        """Keep what belongs into the report."""
        if not event.item:
            self._begun.pop((event.host, event.task_id), None)
        if event.item:
            self._looped.add((event.host, event.task_id))
        elif event.loop and (event.host, event.task_id) in self._looped:
            # Its items came before.
            return
        job = (event.host, str(event.result.get("ansible_job_id")))
        running = "ansible_job_id" in event.result and not event.result.get("finished") and not event.failed
        if event.action in _OURS:
            if running:
                self._jobs[job] = event
            else:
                self._keep(event, event)
        elif event.action in _ASYNC_STATUS and job in self._jobs:
            if not running:
                self._keep(event, self._jobs.pop(job))
        elif (event.failed or event.unreachable) and not event.ignored:
            self._failed(event)
        elif event.in_our_role:
            self._heed(event)

    def _keep(self, event: Event, task: Event) -> None:
        flags = {"failed": event.failed, "unreachable": event.unreachable}
        result = {name: value for name, value in event.result.items() if name not in _DROPPED}
        self._taken.append(_Taken(Record({**result, **flags}, event.host, self._order(task), writes=task.action in _OURS), task.check_mode))

    def _failed(self, event: Event) -> None:
        """A task that plans nothing failed."""
        if event.in_our_role or event.action.startswith(COLLECTION):
            # After a plan it is a consequence: a role that fails when its report is written.
            if event.host not in self._broken and not any(taken.record.host == event.host for taken in self._taken):
                self._keep(event, event)
                self._broken[event.host] = self._taken[-1]
        else:
            # What it says is not ours to publish.
            told = f'The task "{event.task}" failed. The log of the run says why.'
            self._foreign.append(Record({"failed": True, "msg": told}, event.host, self._order(event), writes=False))

    def _heed(self, event: Event) -> None:
        """Where a role failed before it could plan, its own report knows the kinds of the errors and tells them one by one."""
        facts = event.result.get("ansible_facts")
        report = facts.get(_REPORT) if isinstance(facts, dict) else None
        if event.host in self._broken and isinstance(report, dict) and not report.get("upgrades") and report.get("errors"):
            broken = self._broken.pop(event.host)
            place = next(index for index, taken in enumerate(self._taken) if taken is broken)
            told = [{"failed": True, "msg": error["message"], "error": {"kind": error["kind"]} if error["kind"] else {}} for error in report["errors"]]
            self._taken[place : place + 1] = [_Taken(Record(result, event.host, self._order(event)), report["check_mode"]) for result in told]

    def _order(self, event: Event) -> tuple[t.Any, ...]:
        self._items += 1
        return (self._tasks.get(event.task_id, len(self._tasks)), event.host, self._items)

    def records(self, failed_hosts: t.Container[str] | None, check_mode: bool) -> tuple[list[Record], bool]:
        """The records, and whether they tell what would be done.

        Args:
            failed_hosts: hosts that did not come through: a failure elsewhere was rescued. None if the run broke off.
            check_mode: what holds for a run without any record.
        """
        results = [*self._taken, *self._unfinished()]
        done = [taken.record for taken in results if not taken.check_mode]
        planned = [taken.record for taken in results if taken.check_mode]
        if planned and any(record.result.get("changed") or is_lost(record) for record in done):
            records, check_mode = done, False
            records.append(Record({}, unknown=f"{len(planned)} results of check mode are left out, since other tasks of the run were applied."))
        elif results:
            records, check_mode = [taken.record for taken in results], bool(planned)
        else:
            records = []
        records += [record for record in self._foreign if failed_hosts is None or record.host in failed_hosts]
        for event in self._jobs.values():
            sentence = f'The task "{event.task}" on {event.host} runs on in the background (async): what came of it is not in this report.'
            records.append(Record({}, event.host, self._order(event), unknown=sentence, writes=True))
        if failed_hosts is None:
            records.append(Record({"failed": True, "msg": "The run broke off: what was to come later is not in this report."}, writes=False))
        return records, check_mode

    def _unfinished(self) -> t.Iterator[_Taken]:
        for event in self._begun.values():
            told = f'The task "{event.task}" had begun, and the run ended without its result.'
            yield _Taken(Record({"failed": True, "msg": told}, event.host, self._order(event), writes=True), event.check_mode)
