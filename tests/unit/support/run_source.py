# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs the event source as ansible-rulebook does: the file by its path, its ``main`` with a queue of one place."""

from __future__ import annotations

import asyncio
import contextlib
import runpy
import typing as t
from pathlib import Path

import ansible_collections
from thingspace_simulator import Simulator

ACCOUNT = "0402196254-00001"
BEARER, LOGIN, LOGOUT = "/ts/v1/oauth2/token", "/m2m/v1/session/login", "/m2m/v1/session/logout"
Told = dict[str, t.Any]


def path_of_source() -> Path:
    """Where ansible-rulebook would find the file."""
    collections = Path(next(iter(t.cast("t.Iterable[str]", ansible_collections.__path__))))
    return collections / "thingspace" / "fota" / "extensions" / "eda" / "plugins" / "event_source" / "upgrade_status.py"


def options(sim: Simulator, **more: t.Any) -> dict[str, t.Any]:
    """What a rulebook gives, with looks as often as a test needs them."""
    who = sim.credentials
    login = {"app_key": who.app_key, "app_secret": who.app_secret, "username": who.username, "password": who.password}
    return {"account": ACCOUNT, "api_url": sim.api_url, "interval": 0.02, "timeout": 5, "retry_timeout": 0, **login, **more}


class Source:
    """The running source."""

    def __init__(self, sim: Simulator, args: dict[str, t.Any]) -> None:
        self._sim = sim
        self._queue: asyncio.Queue[dict[str, t.Any]] = asyncio.Queue(1)
        self.events: list[dict[str, t.Any]] = []
        self.task = asyncio.create_task(runpy.run_path(str(path_of_source()))["main"](self._queue, args))

    async def take(self, number: int = 1) -> list[Told]:
        """The next events, without what surrounds them."""
        taken = []
        for _event in range(number):
            getting = asyncio.ensure_future(self._queue.get())
            await asyncio.wait([getting, self.task], timeout=10, return_when=asyncio.FIRST_COMPLETED)
            if not getting.done():
                getting.cancel()
                raise AssertionError(f"no event: {self.task}")
            self.events.append(getting.result())
            taken.append(getting.result()["thingspace"])
        return taken

    async def looks(self, number: int = 2) -> None:
        """Wait until that many looks have begun and ended from now on, and see that they had no event."""
        before = self._looks()
        while self._looks() < before + number + 1:
            assert not self.task.done()
            await asyncio.sleep(0.005)
        assert self._queue.empty()

    async def stop(self) -> None:
        """As ansible-rulebook ends a source that has not ended by itself."""
        if self.task.done():
            return
        self.task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self.task

    def _looks(self) -> int:
        return sum(record.path.endswith("/InProgress/index/0") for record in self._sim.requests)


@contextlib.asynccontextmanager
async def running(sim: Simulator, **more: t.Any) -> t.AsyncIterator[Source]:
    """The source, until the end of the block."""
    source = Source(sim, options(sim, **more))
    try:
        yield source
    finally:
        await source.stop()


async def failure(sim: Simulator, **more: t.Any) -> Exception:
    """What the source ends with by itself."""
    source = Source(sim, options(sim, **more))
    try:
        await asyncio.wait_for(source.task, 10)
    except Exception as error:
        return error
    raise AssertionError("it came back")


def paths(sim: Simulator, *wanted: str) -> list[str]:
    """What was asked of the given paths, in order."""
    return [record.path for record in sim.requests if record.path in wanted]
