# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Controller half of every module: it keeps tokens out of files, and lets the module make requests only as long as its task lasts."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pathlib
import signal
import threading
import types
import typing as t

from ansible import constants
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.action import ActionBase

from ...module_utils import _text
from ...module_utils._errors import ThingSpaceError
from ...module_utils._stop import LEASE
from .._lock import alone
from .lease import Lease, wait_for_the_last

Values = dict[str, t.Any]
# How long a request may take, if the option says nothing that can be meant, and how much longer than its parts it is waited for.
_TIMEOUT, _GRACE = 60, 30
_GLANCE = 0.2


class ModuleAction(ActionBase):  # type: ignore[misc]  # ansible-core has no type hints
    """What an action plugin ``ActionModule`` inherits from."""

    # The name of a lock that only one task of a run may hold, None where tasks do not get into each other's way.
    lock: str | None = None
    # Options of which a null is not the same as none. ansible-core before 2.17 does not let a module see it, so it becomes an empty text.
    nullable: tuple[str, ...] = ()

    def __init__(self, *arguments: t.Any, **named: t.Any) -> None:
        super().__init__(*arguments, **named)
        # In the background the module would outlive the lock.
        self._supports_async = self.lock is None

    # The return values of a task that failed before its job began, from the options as they were given.
    empty_result: t.Callable[[Values], Values] = staticmethod(lambda arguments: {})

    def prepare(self, arguments: Values) -> None:
        """Change the options into those of the module. Raises ThingSpaceError."""

    def run(self, tmp: None = None, task_vars: Values | None = None) -> Values:
        result: Values = super().run(tmp, task_vars)
        arguments = {name: "" if value is None and name in self.nullable else value for name, value in self._task.args.items()}
        try:
            self.prepare(arguments)
            result |= self.run_module(arguments, task_vars)
        except ThingSpaceError as error:
            told = {**self.empty_result(arguments), "failed": True, "changed": False, "requests": 0, "msg": error.sentence, "error": error.as_dict()}
            result |= _text.told(told)
        finally:
            if not self._in_background:
                self._remove_tmp_path(self._connection._shell.tmpdir)
        return result

    def run_module(self, arguments: Values, task_vars: Values | None, *, cut_off: bool = False) -> Values:
        """Run the module, alone if there is a lock. Raises ThingSpaceError if it was not begun.

        Args:
            cut_off: whether the ``timeout`` of the task ends it at once, as it does with other modules. Else the module can tell what it has done.
        """
        if self._in_background:
            return t.cast("Values", self._execute_module(module_args=arguments, task_vars=task_vars, wrap_async=True))
        folder = pathlib.Path(constants.DEFAULT_LOCAL_TMP)
        with contextlib.ExitStack() as stack:
            if self.lock:
                with _on_alarm(_too_late):
                    stack.enter_context(alone(folder, self.lock))
                    self.reach()
                    wait_for_the_last(folder, self.lock)
            lease = Lease(folder, self.lock or "task", None if self._is_here else self._where)
            stack.enter_context(_with_parent(lambda: self._orphaned(lease)))
            if lease.elsewhere:
                stack.enter_context(_ending_children())
            if cut_off or lease.elsewhere:
                return self._execute_leased(lease, arguments, task_vars)
            with _on_alarm(_once(lease.take_back, 2 * _seconds(arguments.get("timeout")) + _GRACE)) as alarms:
                result = self._execute_leased(lease, arguments, task_vars)
        if alarms and result.get("failed"):
            result["msg"] = f"The task's timeout ({self._task.timeout} s) was over. {result.get('msg', '')}"
        return result

    def reach(self) -> None:
        """Raise AnsibleConnectionFailure if the host is away, before anything is on its way. No folder is made for it."""
        if self._connection.transport != "local":
            self._low_level_execute_command("exit 0", sudoable=False)

    def _execute_leased(self, lease: Lease, arguments: Values, task_vars: Values | None) -> Values:
        """A module that was cut off leaves its lease behind, taken back: see :func:`wait_for_the_last`."""
        environment = self._task.environment
        given = environment if isinstance(environment, list) else [environment] if environment else []
        if not lease.elsewhere:
            self._task.environment = [*given, {LEASE: str(lease.path)}]
        try:
            result: Values = self._execute_module(module_args=arguments, task_vars=task_vars)
        except BaseException as error:
            lease.take_back()
            if lease.elsewhere:
                _end_children()
            if isinstance(error, Exception) and not isinstance(error, AnsibleConnectionFailure):
                # Such as a password for become that is wrong: it never began.
                lease.end()
            raise
        finally:
            self._task.environment = environment
        lease.end()
        return result

    def _orphaned(self, lease: Lease) -> None:
        """The process of ansible-playbook is gone, so nobody will take the result."""
        lease.take_back()
        if lease.elsewhere:
            # All that can be done: the module notices that nobody reads what it prints. An ssh that lives on would read it.
            _end_children()
            os._exit(1)

    @property
    def _in_background(self) -> bool:
        return bool(self._task.async_val) and not self._connection.has_native_async

    @property
    def _is_here(self) -> bool:
        """Whether the module runs on this machine, as this user."""
        return self._connection.transport == "local" and not self._connection.become

    @property
    def _where(self) -> str:
        user = f" (become {self._connection.become.name})" if self._connection.become else ""
        return f"{self._play_context.remote_addr or 'another host'}{user}"

    def _is_pipelining_enabled(self, module_style: str, wrap_async: bool = False) -> bool:
        """Hand the module over in a pipe where that can be done: a file would hold the tokens, and stay if this process is killed."""
        if not wrap_async and not self._connection.become:
            with contextlib.suppress(KeyError, AttributeError):
                self._connection.set_option("pipelining", True)
        return bool(super()._is_pipelining_enabled(module_style, wrap_async))


@contextlib.contextmanager
def _on_alarm(act: t.Callable[[], bool]) -> t.Iterator[list[bool]]:
    """Do something before ansible-core does what it does when the ``timeout`` of a task is over, or instead of it.

    Args:
        act: whether it is instead. May raise.
    """
    usual = signal.getsignal(signal.SIGALRM)
    alarms: list[bool] = []
    # Without a timeout there is no handler, and outside of the main thread there is no way to set one.
    if not callable(usual) or threading.current_thread() is not threading.main_thread():
        yield alarms
        return

    def heed(number: int, frame: types.FrameType | None) -> None:
        alarms.append(act())
        if not alarms[-1]:
            usual(number, frame)

    signal.signal(signal.SIGALRM, heed)
    try:
        yield alarms
    finally:
        signal.signal(signal.SIGALRM, usual)


def _once(act: t.Callable[[], None], patience: int) -> t.Callable[[], bool]:
    """At the first alarm, act and wait for another one."""
    done: list[bool] = []

    def heed() -> bool:
        first = not done
        if first:
            done.append(True)
            act()
            signal.alarm(patience)
        return first

    return heed


def _too_late() -> bool:
    raise ThingSpaceError("The task's timeout was over while it waited for another task of this run to end. Nothing was sent.", "interrupted")


def _seconds(timeout: object) -> int:
    try:
        return max(1, min(int(str(timeout)), 86_400))
    except ValueError:
        return _TIMEOUT


@contextlib.contextmanager
def _with_parent(orphaned: t.Callable[[], None]) -> t.Iterator[None]:
    """Act if the process that started this one has ended, or ends. A signal to ansible-playbook alone ends it without a word to its workers."""
    parent, ended = multiprocessing.parent_process(), threading.Event()
    if parent is None:
        yield
        return

    def watch() -> None:
        # Its sentinel would not do: later workers inherit the other end.
        while os.getppid() == parent.pid:
            if ended.wait(_GLANCE):
                return
        orphaned()

    watcher = threading.Thread(target=watch, daemon=True)
    # Signals are for the main thread, which alone can act on them: one that the system gave to this thread would wait until the task is done.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        watcher.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    try:
        yield
    finally:
        ended.set()
        watcher.join()


@contextlib.contextmanager
def _ending_children() -> t.Iterator[None]:
    """At SIGTERM too, with which ansible-core before 2.19 ends its workers at Ctrl-C."""
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL or threading.current_thread() is not threading.main_thread():
        yield
        return

    def heed(number: int, frame: types.FrameType | None) -> None:
        _end_children()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, heed)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def _end_children() -> None:
    """End what this process has started, such as ssh. Where the system does not list processes as files, it lives on."""
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            # The name of the command stands before it in brackets, and may hold some.
            if path.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[1] == str(os.getpid()):
                os.kill(int(path.parent.name), signal.SIGTERM)
