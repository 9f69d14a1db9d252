# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Whether work is to stop. Asked before each request and in each pause, so that after a Ctrl-C at most the requests under way end.

A module learns it in three ways. A signal: SIGINT, SIGTERM, SIGHUP. Its *lease*, a file that its action plugin made and takes away when the
task is over, for whatever reason. And its standard output, of which nobody reads the other end any more. Of what is no module, a thread can
say for itself when it is to stop; else nothing is heeded.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import pathlib
import select
import signal
import socket
import threading
import time
import types
import typing as t

from ._errors import ThingSpaceError

# The variable of the environment that names the lease.
LEASE = "THINGSPACE_FOTA_LEASE"
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STDOUT = 1
# How long a pause goes on at most after the task was told to stop.
_SLICE = 0.25


class _Interruption:
    """What tells a module to stop.

    Args:
        lease: the path of its lease.
        signals: where Python writes the number of each signal that it handles, in whatever thread the system has delivered it. A handler would
            run in the main thread only, and not before that has something to do: here it waits for threads that send requests.
    """

    def __init__(self, lease: str | None, signals: socket.socket) -> None:
        self._lease = lease
        self._signals = signals

    @property
    def reason(self) -> str | None:
        """Why the task is to stop, None if it is not."""
        with contextlib.suppress(BlockingIOError):
            # Left where it is, for whoever asks next.
            return f"it got {signal.Signals(self._signals.recv(1, socket.MSG_PEEK)[0]).name}"
        if self._lease is not None and not pathlib.Path(self._lease).exists():
            return "its time was over, or ansible-playbook ended"
        if _unread():
            return "nobody waits for its result any more"
        return None


_current: _Interruption | None = None
_thread = threading.local()


@contextlib.contextmanager
def listening() -> t.Iterator[None]:
    """Heed what tells a module to stop, from before its first request until its result is printed."""
    global _current
    with contextlib.ExitStack() as stack:
        lease = os.environ.get(LEASE)
        stack.enter_context(_held(lease))
        signals, written = socket.socketpair()
        for end in (signals, written):
            stack.enter_context(end)
            end.setblocking(False)
        # Elsewhere Python sets no handlers.
        if threading.current_thread() is threading.main_thread():
            stack.callback(signal.set_wakeup_fd, signal.set_wakeup_fd(written.fileno(), warn_on_full_buffer=False))
            for number in _SIGNALS:
                # What was ignored before, as by nohup, stays ignored.
                if signal.getsignal(number) is not signal.SIG_IGN:
                    stack.callback(signal.signal, number, signal.signal(number, _note))
        _current = _Interruption(lease, signals)
        try:
            yield
        finally:
            _current = None


def _note(number: int, frame: types.FrameType | None) -> None:
    """Handle a signal: Python has written it down, and nothing else is to happen."""


@contextlib.contextmanager
def heeding(reason: t.Callable[[], str | None]) -> t.Iterator[None]:
    """In this thread, heed this and nothing else: an event source lives beside others in one process, and ends without them.

    Args:
        reason: why the work of the thread is to stop, None if it is not.
    """
    _thread.reason = reason
    try:
        yield
    finally:
        del _thread.reason


@contextlib.contextmanager
def _held(lease: str | None) -> t.Iterator[None]:
    """Lock the lease as long as the module runs: whoever takes it away can wait for the end of the last request."""
    try:
        file = None if lease is None else os.open(lease, os.O_RDWR)
    except OSError:
        # Taken away before the module began. So it is for whoever asks later.
        file = None
    try:
        if file is not None:
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
    finally:
        if file is not None:
            os.close(file)


def check(request: str) -> None:
    """Raise ThingSpaceError ``interrupted`` if this request must not be sent any more."""
    reason = _reason()
    if reason is not None:
        raise ThingSpaceError(f"The task was stopped ({reason}), so {request} was not sent.", "interrupted")


def pause(seconds: float) -> None:
    """Sleep, but no longer than it takes to notice that the work is to stop."""
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and _reason() is None:
        time.sleep(min(left, _SLICE))


def _reason() -> str | None:
    own: t.Callable[[], str | None] | None = getattr(_thread, "reason", None)
    return own() if own else _current.reason if _current else None


def _unread() -> bool:
    """Whether standard output is a pipe, a socket or a terminal whose other end is closed."""
    poll = select.poll()
    # Errors and hang-ups are told unasked.
    poll.register(_STDOUT, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _file, event in poll.poll(0))
