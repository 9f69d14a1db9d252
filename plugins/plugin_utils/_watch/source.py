# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The run of the event source: look, tell, keep, wait, whatever happens in between."""

from __future__ import annotations

import asyncio
import concurrent.futures
import datetime
import itertools
import logging
import random
import threading
import time
import typing as t

from ...module_utils._clock import growing
from ...module_utils._errors import ThingSpaceError, UnsettledError
from ...module_utils._text import message, told
from .changes import Look, event_id
from .look import Found, Watch
from .state import StateFile, fresh
from .trouble import Trouble

LOG = logging.getLogger("thingspace.fota.upgrade_status")
# The longest pause after failures, in seconds, unless the interval is longer or the service asks for more.
_LONGEST_PAUSE = 900
_LONGEST_RETRY_AFTER = 86_400
# Seconds in which the logout is to be answered at an end.
LOGOUT_WITHIN = 3
THREAD = "thingspace.fota.upgrade_status"
# Events that are made before the first of them is taken.
_AT_ONCE = 100
Answer_T = t.TypeVar("Answer_T")


class Queue(t.Protocol):
    """Where ansible-rulebook takes events from."""

    async def put(self, data: t.Any, /) -> None: ...


class Watcher:
    """One run of the event source.

    Args:
        queue: takes the events.
        params: the options.
        clock: seconds that never run backwards.
        sleep: waits so many of them.
    """

    def __init__(
        self,
        queue: Queue,
        params: t.Mapping[str, t.Any],
        *,
        clock: t.Callable[[], float] = time.monotonic,
        sleep: t.Callable[[float], t.Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._queue = queue
        self._params = params
        self._interval: float = params["interval"]
        self._watch = Watch(params, lambda warning: LOG.warning("%s", message(warning)))
        self._state = StateFile(params["state_file"], params["account"])
        self._memory = fresh()
        self._kept = True
        self._first = False
        self._ending: asyncio.Future[None] | None = None
        self._clock = clock
        self._sleep = sleep
        # Of the looks, and of single upgrades by their id in lower case.
        self._trouble: Trouble | None = None
        self._unreadable: dict[str, Trouble] = {}

    async def run(self) -> t.NoReturn:
        """Until it is cancelled, and then within a second, if the service answers the logout. Raises ThingSpaceError where going on is no use."""
        try:
            await self._begin()
            while True:
                await self._sleep(await self._turn())
        finally:
            self._watch.stop()
            self._ending = asyncio.ensure_future(self._end())
            await asyncio.shield(self._ending)

    async def _begin(self) -> None:
        """Load the state. If there is none, the first look is the very first."""
        memory = await _in_thread(self._state.load)
        if memory:
            self._memory = memory
        elif self._params["first_look"] == "remember":
            self._first = True
        else:
            # Kept before anything is told: the ids of the first events are the same after a crash.
            await _in_thread(lambda: self._state.keep(self._memory))

    async def _turn(self) -> float:
        """One look and what comes of it. The seconds to wait until the next."""
        began = self._clock()
        try:
            found = await _in_thread(lambda: self._watch.look(list(self._memory.records), self._due))
            if self._first:
                self._memory.remember(found.look)
                self._first = self._kept = False
            await self._tell(found.look)
            if not self._kept:
                await _in_thread(lambda: self._state.keep(self._memory))
                self._kept = True
        except ThingSpaceError as error:
            if self._watch.is_final(error):
                raise
            return await self._failed(error, began)
        if self._trouble and self._trouble.was_told:
            await self._put({"type": "source_recovered", "failures": self._trouble.failures})
        self._trouble = None
        await self._tell_unreadable(found)
        return self._interval

    def _due(self, keys: t.Iterable[str]) -> list[str]:
        """What could not be read comes last, so that it takes no time from the others, and not before the service wants it."""
        now, none = self._clock(), Trouble(0)
        troubles = {key: self._unreadable.get(key, none) for key in keys}
        return sorted((key for key, trouble in troubles.items() if trouble is none or trouble.next <= now), key=lambda key: troubles[key].failures)

    async def _tell(self, look: Look) -> None:
        events = self._memory.events(look, self._params["status"], devices=self._params["devices"], now=_now())
        # Of 100,000 devices that is work for seconds, in which the loop belongs to others.
        while made := await _in_thread(lambda: [(event, self._event(event.told)) for event in itertools.islice(events, _AT_ONCE)]):
            for event, wrapped in made:
                if event.told is not None:
                    await self._queue.put(wrapped)
                    self._kept = False
                self._memory.note(event)

    async def _tell_unreadable(self, found: Found) -> None:
        """Tell which upgrades nothing is known about. What could be read, or is not watched any more, is forgotten."""
        self._unreadable = {key: trouble for key, trouble in self._unreadable.items() if key in found.unreadable or key in found.left}
        for key, error in found.unreadable.items():
            trouble = self._unreadable.setdefault(key, Trouble(self._clock()))
            if trouble.failed(self._clock(), _asked(error)):
                LOG.warning("Look %d in a row could not read the upgrade %s: %s", trouble.failures, key or "without an id", message(error.sentence))
                await self._put({"type": "upgrade_unreadable", "upgrade_id": key or None, **_failure(trouble, error)})

    async def _failed(self, error: ThingSpaceError, began: float) -> float:
        self._trouble = self._trouble or Trouble(began)
        pause = self._pause(error, self._trouble.failures + 1)
        is_due = self._trouble.failed(self._clock(), pause)
        LOG.warning("Look %d in a row failed, the next one is in %d s: %s", self._trouble.failures, pause, message(error.sentence))
        if is_due:
            await self._put({"type": "source_error", **_failure(self._trouble, error)})
        return pause

    def _pause(self, error: ThingSpaceError, failures: int) -> float:
        """Longer after each failure, and never shorter than the service asks for."""
        return max(_asked(error), growing(failures, self._interval, max(_LONGEST_PAUSE, 2 * self._interval), random.random()))

    async def _put(self, content: dict[str, t.Any]) -> None:
        """Tell something about the source itself, which no state knows."""
        now = _now()
        name = event_id(self._memory.birth, self._memory.turn, [content["type"], now])
        await self._queue.put(self._event({"event_id": name, "time": now, **content}))

    def _event(self, content: dict[str, t.Any] | None) -> dict[str, t.Any] | None:
        # ansible-rulebook gives every event a uuid that has none.
        return content and {"meta": {"uuid": content["event_id"]}, "thingspace": told({"account": self._params["account"], **content})}

    async def _end(self) -> None:
        """Keep what was taken, in the middle of a look too, and end the session. A read that is under way is left behind in its thread."""
        try:
            await _in_thread(self._release)
        finally:
            ended = _in_thread(self._watch.end)
            # Nobody else could end a session that is being opened.
            patience = self._params["timeout"] if self._watch.is_opening else 0
            await asyncio.wait([ended], timeout=LOGOUT_WITHIN + patience)
            if not ended.done():
                LOG.warning("The service does not answer the logout. Without use the session ends by itself after 20 minutes.")

    def _release(self) -> None:
        try:
            if not self._kept:
                self._state.keep(self._memory)
        except ThingSpaceError as error:
            LOG.warning("%s The events of the last look will be told again.", message(error.sentence))
        finally:
            self._state.close()


def _in_thread(work: t.Callable[[], Answer_T]) -> asyncio.Future[Answer_T]:
    """Work in a thread of its own, which keeps no process alive: the executors of Python wait at the exit for a read that hangs."""
    future: concurrent.futures.Future[Answer_T] = concurrent.futures.Future()
    future.set_running_or_notify_cancel()

    def run() -> None:
        try:
            answer = work()
        except BaseException as error:
            future.set_exception(error)
        else:
            future.set_result(answer)

    threading.Thread(target=run, name=THREAD, daemon=True).start()
    return asyncio.wrap_future(future)


def _asked(error: ThingSpaceError) -> float:
    """The pause that the service asks for. More than a day cannot be meant."""
    return min(error.retry_after or 0.0, _LONGEST_RETRY_AFTER) if isinstance(error, UnsettledError) else 0.0


def _failure(trouble: Trouble, error: ThingSpaceError) -> dict[str, t.Any]:
    return {"failures": trouble.failures, "error": error.as_dict(), "msg": error.sentence}


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
