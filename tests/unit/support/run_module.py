# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a module in this process, from its options to the JSON that it prints.

Nothing of the module is replaced: options are parsed, censored and printed by ansible-core, so that a test sees what a
playbook would see. That is why the printed text is read and ``exit_json`` is not patched.
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import types
import typing as t
from unittest import mock

import ansible.module_utils.common.warnings as recorded
import pytest
from ansible.module_utils import basic


def run_module(module: str | types.ModuleType, options: t.Mapping[str, t.Any], check: bool = False, diff: bool = False) -> dict[str, t.Any]:
    """Run a module of this collection and return its result, with ``failed`` (a bool) in it always.

    Args:
        module: its name, such as ``session``, or the imported module.
        options: what stands under it in a task.
        check: as ``--check`` would run it.
        diff: as ``--diff`` would run it.
    """
    if isinstance(module, str):
        module = importlib.import_module(f"ansible_collections.thingspace.fota.plugins.modules.{module}")
    arguments = {**options, "_ansible_check_mode": check, "_ansible_diff": diff}
    printed = io.StringIO()
    with _arguments(arguments), _own_warnings() as warnings, contextlib.redirect_stdout(printed):
        try:
            module.main()
        except SystemExit:
            pass
        else:
            raise AssertionError("the module came back without a result")
        told = warnings()
    result: dict[str, t.Any] = json.loads(printed.getvalue().strip().splitlines()[-1])
    # From 2.22 on the secrets go along for the controller to mask them in output; it takes them out of the result.
    result.pop("_ansible_new_secrets", None)
    # Newer releases wrap warnings in objects of their own; people see the sentences.
    result.pop("warnings", None)
    if told:
        result["warnings"] = told
    return {"failed": False, **result}


def tracebacks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask for tracebacks, as ``ANSIBLE_DISPLAY_TRACEBACK=error`` does: ansible-core 2.19 and newer leave them out otherwise."""
    try:
        from ansible.module_utils._internal import _traceback
    except ImportError:  # ansible-core 2.18 and older
        pass
    else:
        # The whole question, since a test that has imported controller code puts the controller's answer in its place.
        monkeypatch.setattr(_traceback, "_is_traceback_enabled", lambda event: event is _traceback.TracebackEvent.ERROR)


@contextlib.contextmanager
def _arguments(arguments: dict[str, t.Any]) -> t.Iterator[None]:
    try:
        from ansible.module_utils.testing import patch_module_args
    except ImportError:  # ansible-core 2.18 and older
        with mock.patch.object(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": arguments}).encode()):
            yield
    else:
        with patch_module_args(arguments):
            yield


@contextlib.contextmanager
def _own_warnings() -> t.Iterator[t.Callable[[], list[str]]]:
    """Warnings belong to the process, not to the run: start with none, and put nothing on the screen of the tests."""
    with contextlib.ExitStack() as stack:
        for name in ("_global_warnings", "_global_deprecations"):
            stack.enter_context(mock.patch.object(recorded, name, type(getattr(recorded, name))()))
        internal = getattr(recorded, "_internal", None)
        if internal is not None:
            # Once a test has imported controller code, ansible-core would print warnings instead of returning them.
            stack.enter_context(mock.patch.object(internal, "is_controller", False))
        yield lambda: list(recorded.get_warning_messages())
