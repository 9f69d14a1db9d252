# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller half of every module that takes a device file: finds it, and sends it along where the module cannot read it itself."""

from __future__ import annotations

import contextlib
import pathlib
import typing as t

from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.thingspace.fota.plugins.module_utils import _text
from ansible_collections.thingspace.fota.plugins.module_utils._device_file import content_of
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError
from ansible_collections.thingspace.fota.plugins.plugin_utils._lock import alone
from ansible_collections.thingspace.fota.plugins.plugin_utils._shipping import as_text, is_yaml

Values = dict[str, t.Any]


class DeviceFileAction(ActionBase):  # type: ignore[misc]  # ansible-core has no type hints
    """What an action plugin ``ActionModule`` of such a module inherits from."""

    TRANSFERS_FILES = True
    # The name of a lock that only one task of a run may hold, None where tasks do not get into each other's way.
    lock: str | None = None

    def __init__(self, *arguments: t.Any, **named: t.Any) -> None:
        super().__init__(*arguments, **named)
        # In the background the module would outlive the lock.
        self._supports_async = self.lock is None

    # The return values of a task that failed before its job began, from the options as they were given.
    untouched: t.Callable[[Values], Values]

    def declarations(self, arguments: Values) -> list[Values]:
        """The parts of the options that may name a file; they may be changed in place."""
        return [arguments]

    def place(self, number: int, declaration: Values) -> str:
        """How an error begins that is about one of them."""
        return ""

    def run(self, tmp: None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        # ansible-core before 2.17 does not let a module see a null: it stands for no value, but for an upgrade that is yet to be scheduled, and
        # for the digest of a plan that failed, which must not let every plan pass.
        kept = ("upgrade_id", "expect_plan_digest")
        arguments = {name: "" if value is None else value for name, value in self._task.args.items() if value is not None or name in kept}
        wrap_async = bool(self._task.async_val) and not self._connection.has_native_async
        try:
            for number, declaration in enumerate(self.declarations(arguments)):
                if declaration.get("devices_file") == "":
                    del declaration["devices_file"]
                if declaration.get("devices_file"):
                    try:
                        self._make_readable(declaration, f"devices-{number}.txt")
                    except InputError as error:
                        raise error.reworded(f"{self.place(number, declaration)}{error.message}") from None
            with alone(pathlib.Path(constants.DEFAULT_LOCAL_TMP), self.lock) if self.lock else contextlib.nullcontext():
                result |= self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=wrap_async)
        except InputError as error:
            told = {**self.untouched(arguments), "failed": True, "changed": False, "requests": 0, "msg": error.sentence, "error": error.as_dict()}
            result |= _text.told(told)
        finally:
            if not wrap_async:
                self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def _make_readable(self, arguments: Values, name: str) -> None:
        """Let the options name a file which the module can read. Raises InputError that names the user's file.

        Args:
            name: of the file on the host of the module, where it is sent there.
        """
        try:
            path = self._find_needle("files", str(arguments["devices_file"]))
            real = self._loader.get_real_file(path, decrypt=True)
        except AnsibleError as error:
            raise InputError(f"devices_file: {error.message}") from None
        here = self._connection.transport == "local" and not self._connection.become
        if here and real == path and not is_yaml(path):
            arguments["devices_file"] = path
            return
        try:
            content = content_of(real, f"devices_file {path}")
        finally:
            if real != path:
                self._loader.cleanup_tmp_file(real)
        text = as_text(content, path, arguments.pop("devices_column", None))
        folder = self._connection._shell.tmpdir or self._make_tmp_path()
        shipped = self._connection._shell.join_path(folder, name)
        self._transfer_data(shipped, text)
        self._fixup_perms2((folder, shipped))
        arguments["devices_file"] = shipped
