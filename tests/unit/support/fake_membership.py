# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A membership in memory that does what a test tells it, where the simulator would be too slow. Devices are single letters."""

from __future__ import annotations

import collections
import dataclasses
import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._api.model import ChangeAnswer
from ansible_collections.thingspace.fota.plugins.module_utils._api.status import DeviceStatus, Operation
from ansible_collections.thingspace.fota.plugins.module_utils._clock import Backoff

IN = DeviceStatus("Device Accepted", "")
OUT = DeviceStatus("Device Rejected", "not eligible")
DONE = {"append": DeviceStatus("AddDeviceSucceed", ""), "remove": DeviceStatus("RemoveDeviceSucceed", "")}
NO = DeviceStatus("AddDeviceFailed", "no such device")

Self = t.TypeVar("Self", bound="Scripted")


@dataclasses.dataclass(frozen=True)
class Seen:
    """A membership as it was read."""

    members: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    status: str = "Queued"
    is_open: bool = True
    told: bool = True

    @property
    def devices(self) -> t.Mapping[str, DeviceStatus]:
        return {**dict.fromkeys(self.members, IN), **dict.fromkeys(self.refused, OUT)}

    def predicted(self, append: frozenset[str], remove: frozenset[str]) -> Seen:
        raise AssertionError("a run predicts nothing")


def seen(members: str = "", refused: str = "", **more: t.Any) -> Seen:
    return Seen(frozenset(members), frozenset(refused), **more)


class Scripted:
    """Knows what was called, and what a test wants to happen at the next call of a kind: each step is used up by one.

    A step is an exception to raise, something to answer with (nothing is done then), or something to call first, which may give either.
    None leaves the call alone.
    """

    def __init__(self) -> None:
        self.calls: list[str] = []
        self._steps: dict[str, collections.deque[t.Any]] = collections.defaultdict(collections.deque)

    def then(self: Self, call: str, *steps: t.Any) -> Self:
        self._steps[call].extend(steps)
        return self

    def step(self, call: str, told: str) -> t.Any:
        self.calls.append(told)
        step = self._steps[call].popleft() if self._steps[call] else None
        if callable(step):
            step = step()
        if isinstance(step, Exception):
            raise step
        return step


class FakeMembership(Scripted):
    """Does every change, unless a step says otherwise."""

    name = "the upgrade X"
    order: tuple[Operation, Operation] = ("append", "remove")

    def __init__(self, members: str = "", refused: str = "") -> None:
        super().__init__()
        self.now = seen(members, refused)

    def do(self, operation: Operation, devices: str) -> None:
        """As if it had been asked for, by whomever."""
        members = self.now.members | set(devices) if operation == "append" else self.now.members - set(devices)
        self.now = dataclasses.replace(self.now, members=members)

    def done_but(self, operation: Operation, devices: str, answer: t.Any) -> t.Callable[[], t.Any]:
        """A step: these devices are done, and the answer is an error, or something else."""

        def step() -> t.Any:
            self.do(operation, devices)
            return answer

        return step

    def read(self) -> Seen:
        step = self.step("read", "read")
        return step if isinstance(step, Seen) else self.now

    def change(self, operation: Operation, devices: list[str]) -> ChangeAnswer:
        step = self.step(operation, f"{operation} {''.join(devices)}")
        if isinstance(step, ChangeAnswer):
            return step
        if step is not None:
            return ChangeAnswer(t.cast("dict[str, DeviceStatus]", step))
        self.do(operation, "".join(devices))
        return ChangeAnswer(dict.fromkeys(devices, DONE[operation]))


class Clock:
    """Time that passes only in pauses."""

    def __init__(self) -> None:
        self.now = 0.0
        self.pauses: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def backoff(self, timeout: float = 10) -> Backoff:
        return Backoff(timeout, clock=lambda: self.now, sleep=self.sleep, jitter=lambda: 1.0)
