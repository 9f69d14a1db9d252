# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller half of every module that takes a device file: finds it, and sends it along where the module cannot read it itself."""

from __future__ import annotations

from ansible.errors import AnsibleError

from ...module_utils._desired.device_file import content_of
from ...module_utils._desired.task_files import TaskFiles
from ...module_utils._errors import InputError
from .module_action import ModuleAction, Values
from .transfer import as_text, is_yaml


class DeviceFileAction(ModuleAction):
    """What an action plugin ``ActionModule`` of such a module inherits from."""

    # For an upgrade that is yet to be scheduled, and for the digest of a plan that failed, which must not let every plan pass.
    nullable = ("upgrade_id", "expect_plan_digest")

    def declarations(self, arguments: Values) -> list[Values]:
        """The parts of the options that may name a file; they may be changed in place."""
        return [arguments]

    def place(self, number: int, declaration: Values) -> str:
        """How an error begins that is about one of them."""
        return ""

    def prepare(self, arguments: Values) -> None:
        for name in [name for name, value in arguments.items() if value is None]:
            del arguments[name]
        files: TaskFiles[str | None] = TaskFiles()
        for number, declaration in enumerate(self.declarations(arguments)):
            if declaration.get("devices_file") == "":
                del declaration["devices_file"]
            if declaration.get("devices_file"):
                try:
                    self._make_readable(declaration, f"devices-{number}.txt", files)
                except InputError as error:
                    raise error.reworded(f"{self.place(number, declaration)}{error.message}") from None

    def _make_readable(self, arguments: Values, name: str, files: TaskFiles[str | None]) -> None:
        """Let the options name a file which the module can read. Raises InputError that names the user's file.

        Args:
            name: of the file on the host of the module, where it is sent there.
            files: those of the task, by where each was sent to.
        """
        try:
            path = self._find_needle("files", str(arguments["devices_file"]))
        except AnsibleError as error:
            raise InputError(f"devices_file: {error.message}") from None
        column = None if arguments.get("devices_column") is None else str(arguments["devices_column"])
        shipped = files.once(path, (column,), lambda: self._shipped(path, column, name, files))
        arguments["devices_file"] = shipped or path
        if shipped:
            arguments.pop("devices_column", None)

    def _shipped(self, path: str, column: str | None, name: str, files: TaskFiles[str | None]) -> str | None:
        """Where the devices of a file were sent to, None where the module can read the file itself."""
        try:
            real = self._loader.get_real_file(path, decrypt=True)
        except AnsibleError as error:
            raise InputError(f"devices_file: {error.message}") from None
        if self._is_here and real == path and not is_yaml(path):
            return None
        try:
            content = content_of(real, f"devices_file {path}")
        finally:
            if real != path:
                self._loader.cleanup_tmp_file(real)
        files.count(path, content)
        text = as_text(content, path, column)
        folder = self._connection._shell.tmpdir or self._make_tmp_path()
        shipped = str(self._connection._shell.join_path(folder, name))
        self._transfer_data(shipped, text)
        self._fixup_perms2((folder, shipped))
        return shipped
