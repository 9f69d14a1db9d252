# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller half of the module: all logins of an ansible-playbook run pass one lock, and each is sent once."""

from __future__ import annotations

import os
import pathlib
import time
import typing as t

from ansible import constants
from ansible.plugins.action import ActionBase

from ..module_utils import _text
from ..module_utils._ansible.options import http_options, login_options, login_values
from ..module_utils._errors import InputError
from ..module_utils._http.address import DEFAULT_API_URL, api_url_of
from ..plugin_utils._action.module_action import ModuleAction
from ..plugin_utils._session.login_book import Who, hold

Result = dict[str, t.Any]


class ActionModule(ModuleAction):
    def run(self, tmp: None = None, task_vars: dict[str, t.Any] | None = None) -> Result:
        try:
            if self._task.async_val:
                raise InputError("A session cannot be opened or ended with async: the tasks that need its tokens have to wait for them anyway.")
            result: Result = ActionBase.run(self, tmp, task_vars)
            arguments = {name: _plain(value) for name, value in self._task.args.items()}
            present = arguments.get("state") in (None, "", "present")
            known = self._take_environment()
            # A logout takes nothing but the address from the environment.
            wanted = known if present else {"api_url"} & known.keys()
            arguments |= {name: known[name] for name in wanted if arguments.get(name) in (None, "")}
            return result | (self._log_in if present else self._log_out)(arguments, task_vars)
        except InputError as error:
            told = {"failed": True, "changed": False, "requests": 0, "msg": error.sentence, "error": error.as_dict()}
            return t.cast("Result", _text.told(told))
        finally:
            self._remove_tmp_path(self._connection._shell.tmpdir)

    def _log_in(self, arguments: Result, task_vars: dict[str, t.Any] | None) -> Result:
        if arguments.get("access_token") or arguments.get("session_token") or arguments.get("m2m_token"):
            return self._send(arguments, task_vars)  # it refuses them
        values = login_values(arguments)
        api_url = api_url_of(str(arguments.get("api_url") or DEFAULT_API_URL))
        who = Who(api_url, values["app_key"], values["username"])
        # The private folder of this ansible-playbook process: made by it with mode 0700, known to its workers, removed at its end.
        with hold(pathlib.Path(constants.DEFAULT_LOCAL_TMP)) as held:
            book = held.read()
            result = book.login(who, time.time())
            if result is None:
                # A host that is out of reach ends the task here, before a login is on its way.
                self.reach()
                book.send(who)
                held.write(book)
                result = self._send(arguments, task_vars)
                book.learn(who, result, time.time())
                held.write(book)
        if result.get("session_token"):
            # The last of these hides the tokens from all output and leaves them in what is registered.
            result |= {"api_url": api_url, "_ansible_no_log": True}
            # Before 2.19 ansible-core forgets that in the result of a loop, which repeats those of its items.
            self._task.no_log = True
        return result

    def _log_out(self, arguments: Result, task_vars: dict[str, t.Any] | None) -> Result:
        token = str(arguments.get("session_token") or arguments.get("m2m_token") or "").strip()
        since = time.time()
        with hold(pathlib.Path(constants.DEFAULT_LOCAL_TMP)) as held:
            book = held.read()
            result = book.logout(token, since)
            if result is None:
                book.forget(token)
                held.write(book)
                result = self._send(arguments, task_vars)
                if result.get("requests"):
                    book.learn_logout(token, result, time.time())
                    held.write(book)
        return result

    def _send(self, arguments: Result, task_vars: dict[str, t.Any] | None) -> Result:
        return self.run_module(arguments, task_vars, cut_off=True)

    def _take_environment(self) -> Result:
        """Options that the environment gives, as the controller knows it.

        The module would look at the environment of the host it runs on. It gets these instead, so that what it sends is what the book
        speaks of. They leave the ``environment`` of the task, which ansible-core prints at ``-vvv``.
        """
        of_task: dict[str, t.Any] = {}
        self._compute_environment_string(of_task)
        found = {}
        for option, spec in {**login_options(), "api_url": http_options()["api_url"]}.items():
            variable = spec["fallback"][1][0]
            value = of_task.pop(variable, None) or os.environ.get(variable)
            if value:
                found[option] = value
        if of_task or self._task.environment:
            self._task.environment = [of_task]
        return found


def _plain(value: t.Any) -> t.Any:
    """The text of a value that ansible-core keeps encrypted up to the last moment."""
    return str(value) if getattr(value, "__ENCRYPTED__", False) else value
