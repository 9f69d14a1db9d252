# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Callback: reports for reviewers at the end of a run."""

from __future__ import annotations

DOCUMENTATION = r"""
name: plan
type: notification
short_description: Write what a run would change, or changed, for reviewers
version_added: 0.1.0
author:
  - thingspace.fota contributors (@thingspace-fota)
description:
  - Collects the results of M(thingspace.fota.rollout), M(thingspace.fota.upgrade_devices), M(thingspace.fota.upgrade), M(thingspace.fota.license) and
    M(thingspace.fota.callback) from all hosts, in check mode and without it.
  - At the end of the run, also of one that failed, it writes one comment for a pull request (O(markdown)) and one document for programs (O(json)).
    If neither is set, it does nothing.
  - At the start of the run the files of an earlier run are removed, so that a run which is killed leaves none. Only the approved plan that is given to the
    role P(thingspace.fota.rollout#role) as C(thingspace_rollout_approved_plan), in the extra variables or those of the first play, stays until the end.
  - A report has the mode 0600. A link in its place is replaced, and not its target; a pipe, a terminal and C(/dev/stdout) are written to.
  - A playbook that cannot be read at all is refused before any callback is loaded. Look at the exit code, too.
  - Nothing of the options of a task enters a report. Of a task that is hidden by C(no_log) only is told that it is hidden.
  - It never makes a run fail. What goes wrong in it is a warning.
requirements:
  - enable it with C(callbacks_enabled) in the section C([defaults]) of C(ansible.cfg), or with C(ANSIBLE_CALLBACKS_ENABLED)
options:
  markdown:
    description:
      - The file for the comment, at most 60,000 characters for GitHub and GitLab.
      - An empty environment variable means none.
    type: path
    env:
      - name: THINGSPACE_PLAN_MARKDOWN
    ini:
      - section: callback_thingspace_fota_plan
        key: markdown
  json:
    description:
      - The file for the document. Its keys are described in C(docs/reports.md) of the collection.
      - An empty environment variable means none.
    type: path
    env:
      - name: THINGSPACE_PLAN_JSON
    ini:
      - section: callback_thingspace_fota_plan
        key: json
seealso:
  - plugin: thingspace.fota.plan_report
    plugin_type: filter
  - plugin: thingspace.fota.plan_markdown
    plugin_type: filter
"""

import atexit
import functools
import os
import pathlib
import typing as t

from ansible import context
from ansible.plugins.callback import CallbackBase

from ..module_utils._text import message
from ..plugin_utils._plan_report import report_file
from ..plugin_utils._plan_report.collector import COLLECTION, Collector, Event
from ..plugin_utils._plan_report.document import as_json, document
from ..plugin_utils._plan_report.markdown import markdown

_APPROVED = "thingspace_rollout_approved_plan"
Handler = t.TypeVar("Handler", bound=t.Callable[..., None])


def guarded(handler: Handler) -> Handler:
    """An error in a handler is a warning, and the run goes on."""

    @functools.wraps(handler)
    def harmless(self: CallbackModule, *args: t.Any, **kwargs: t.Any) -> None:
        try:
            handler(self, *args, **kwargs)
        except Exception as error:
            self.trouble(f"{type(error).__name__}: {error}")

    return t.cast(Handler, harmless)


class CallbackModule(CallbackBase):  # type: ignore[misc]  # ansible-core has no type hints
    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "notification"
    CALLBACK_NAME = "thingspace.fota.plan"
    CALLBACK_NEEDS_ENABLED = True

    def __init__(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().__init__(*args, **kwargs)
        self._collector = Collector()
        self._paths: dict[str, pathlib.Path] = {}
        self._troubles: list[str] = []
        self._process: int | None = None
        self._ended = False
        self._removed = False

    def set_options(self, *args: t.Any, **kwargs: t.Any) -> None:
        super().set_options(*args, **kwargs)
        for option in ("markdown", "json"):
            value = self.get_option(option)
            # An empty variable of the environment would be the working directory.
            if value and os.environ.get(f"THINGSPACE_PLAN_{option.upper()}") != "":
                self._paths[option] = pathlib.Path(value)
        self.disabled = not self._paths

    def trouble(self, sentence: str) -> None:
        """Say what went wrong, on the screen and in the report."""
        self._display.warning(message(f"The report for reviewers (thingspace.fota.plan) is not complete. {sentence}"))
        self._troubles.append(sentence)

    # The run.

    @guarded
    def v2_playbook_on_start(self, playbook: t.Any) -> None:
        self._ended = False
        if self._process is None:
            self._process = os.getpid()
            atexit.register(self._broke_off)

    @guarded
    def v2_playbook_on_play_start(self, play: t.Any) -> None:
        if self._removed:
            return
        self._removed = True
        given = [getattr(play.get_variable_manager(), "_extra_vars", {}).get(_APPROVED), play.vars.get(_APPROVED)]
        for path in self._paths.values():
            if not any(_may_be(path, value) for value in given):
                report_file.remove(path)

    @guarded
    def v2_playbook_on_task_start(self, task: t.Any, is_conditional: bool) -> None:
        self._collector.started(task._uuid)

    @guarded
    def v2_playbook_on_handler_task_start(self, task: t.Any) -> None:
        self._collector.started(task._uuid)

    @guarded
    def v2_playbook_on_stats(self, stats: t.Any) -> None:
        self._ended = True
        self._write({host for host in stats.processed if stats.failures.get(host) or stats.dark.get(host)})

    @guarded
    def _broke_off(self) -> None:
        """The process ends: tell of a run that never came to its end. The processes of tasks are none of ours."""
        if not self._ended and os.getpid() == self._process:
            self._write(None)

    def _write(self, failed_hosts: set[str] | None) -> None:
        records, check_mode = self._collector.records(failed_hosts, bool(context.CLIARGS.get("check")))
        report = document(records, check_mode, [f"This report is not complete. {sentence}" for sentence in self._troubles])
        for option, path in self._paths.items():
            try:
                report_file.write(path, markdown(report) if option == "markdown" else as_json(report))
            except Exception as error:
                self._display.warning(message(f"The report for reviewers (thingspace.fota.plan) cannot be written to {path}: {error}"))

    @guarded
    def v2_runner_on_start(self, host: t.Any, task: t.Any) -> None:
        # A template, which is not known yet, is none that says check mode.
        event = Event(host=host.get_name(), task_id=task._uuid, task=task.get_name(), action=_action_of(task), result={}, check_mode=task.check_mode is True)
        self._collector.begin(event)

    # The results.

    @guarded
    def v2_runner_on_skipped(self, result: t.Any) -> None:
        self._collector.skip(result._host.get_name(), result._task._uuid)

    @guarded
    def v2_runner_on_ok(self, result: t.Any) -> None:
        self._take(result)

    @guarded
    def v2_runner_on_failed(self, result: t.Any, ignore_errors: bool = False) -> None:
        self._take(result, failed=True, ignored=ignore_errors)

    @guarded
    def v2_runner_on_unreachable(self, result: t.Any) -> None:
        self._take(result, unreachable=True, ignored=bool(result._task.ignore_unreachable))

    @guarded
    def v2_runner_retry(self, result: t.Any) -> None:
        self._collector.retry(self._event(result, failed=True))

    @guarded
    def v2_runner_item_on_ok(self, result: t.Any) -> None:
        self._take(result, item=True)

    @guarded
    def v2_runner_item_on_failed(self, result: t.Any) -> None:
        self._take(result, failed=True, item=True, ignored=bool(result._task.ignore_errors))

    def _take(self, result: t.Any, **flags: bool) -> None:
        self._collector.take(self._event(result, **flags))

    def _event(self, result: t.Any, *, failed: bool = False, unreachable: bool = False, ignored: bool = False, item: bool = False) -> Event:
        task = result._task
        role = task._role
        return Event(
            host=result._host.get_name(),
            task_id=task._uuid,
            task=task.get_name(),
            action=_action_of(task),
            result=result._result,
            in_our_role=bool(role) and str(role.get_name()).startswith(COLLECTION),
            check_mode=bool(task.check_mode),
            failed=failed,
            unreachable=unreachable,
            ignored=ignored,
            loop=bool(task.loop or task.loop_with),
            item=item,
        )


def _may_be(path: pathlib.Path, value: t.Any) -> bool:
    """Whether a variable names this file, or may name it once it is templated."""
    return bool(value) and ("{{" in str(value) or pathlib.Path(str(value)).expanduser().resolve() == path.resolve())


def _action_of(task: t.Any) -> str:
    """The full name of what the task runs, however short it is written.

    A templated action is resolved late or, by older releases, never: then its name and the collections of the task must do.
    """
    # Not the property of 2.19 and newer, which warns of templates.
    resolved = getattr(task, "_resolved_action", None) or getattr(task, "__dict__", {}).get("resolved_action")
    if resolved:
        return str(resolved)
    action = str(task.action)
    if "." not in action and COLLECTION.rstrip(".") in (task.collections or []):
        return COLLECTION + action
    return action
