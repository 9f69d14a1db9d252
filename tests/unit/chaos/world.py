# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Runs a schedule: a simulator, a clock that nobody waits for, and a witness that notes who changed what."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime
import tempfile
import threading
import time
import typing as t
from pathlib import Path
from unittest import mock

from ansible_collections.thingspace.fota.plugins.module_utils import _clock as waiter
from ansible_collections.thingspace.fota.plugins.module_utils._http import transport
from ansible_collections.thingspace.fota.plugins.plugin_utils._session.login_book import LoginBook, Who
from support.run_module import run_module
from thingspace_simulator import Simulator
from thingspace_simulator.auth.doorkeeper import Doorkeeper
from thingspace_simulator.control.faults import Fault
from thingspace_simulator.control.log import Record
from thingspace_simulator.server.application import Application
from thingspace_simulator.server.messages import Request
from thingspace_simulator.world.lifecycle import Judge
from thingspace_simulator.world.model import ACCEPTED, IN_PROGRESS, NOT_STARTED, OPEN, REJECTED, Entry, Upgrade

from chaos.schedules import DEVICES, NEW, PAST, THERE, Json
from chaos.stop import Stopper

ACCOUNT = "0402196254-00001"
POOL = [str(990000000000000 + number) for number in range(DEVICES)]
STANDING = (*OPEN, "Finished")
# Real seconds, of which there are as few as possible: a client's patience, and an answer that takes longer.
_PATIENCE, _SLOW = 0.25, 0.4
_WRITES = {"modify", "schedule", "cancel"}
# Faults after which the client has not seen what was meant.
_SPOILED = {"html", "truncated", "slow", "status", "garbled", "interim", "leave_out"}


@dataclasses.dataclass(frozen=True)
class Snap:
    """An upgrade at a moment. ``unchecked`` are members that may yet be refused; ``hidden`` says that reads still show an older list."""

    slot: str
    status: str
    members: frozenset[str] = frozenset()
    rejected: frozenset[str] = frozenset()
    unchecked: frozenset[str] = frozenset()
    hidden: bool = False

    @property
    def started(self) -> bool:
        return self.status not in NOT_STARTED


World = dict[str, Snap]
Cause = t.Literal["ours", "service", "others"]


@dataclasses.dataclass(frozen=True)
class Moment:
    """A request that was handled, or something that happened before it. ``clean``: its answer arrived as it was meant."""

    cause: Cause
    before: World
    after: World
    record: Record | None = None
    upgrade_id: str = ""
    refused: bool = False

    @property
    def operation(self) -> str:
        return self.record.operation if self.record else ""

    @property
    def clean(self) -> bool:
        return self.record is not None and self.record.status == 200 and not set(self.record.faults) & _SPOILED

    def changed(self, upgrade_id: str) -> tuple[frozenset[str], frozenset[str]]:
        """Devices that came in and went out."""
        before, after = (members(world, upgrade_id) for world in (self.before, self.after))
        return after - before, before - after


@dataclasses.dataclass
class Run:
    """One run of a module, and everything that happened meanwhile.

    ``names`` are the ids that people knew before it, ``refusals`` devices that the service never takes, ``doomed`` those that it has taken and is going
    to refuse. ``predicted`` is the result of the same run in check mode. ``stopped`` is the number of the last request that had come when the module knew
    that it was to stop, 0 if nobody told it so.
    """

    module: str
    step: Json
    options: Json
    check: bool
    result: Json
    before: World
    after: World
    records: list[Record]
    moments: list[Moment]
    names: dict[str, str]
    valid: bool
    refusals: frozenset[str]
    doomed: frozenset[str]
    switches: Json
    predicted: Json | None = None
    seconds: float = 0.0
    stopped: int = 0

    @property
    def quiet(self) -> bool:
        """Whether nothing stood in its way."""
        return self.valid and not any(record.faults for record in self.records)

    @property
    def blind(self) -> bool:
        """Whether the service does not say which devices an upgrade holds."""
        return bool(self.switches["device_lists"] == "missing")

    @property
    def odd_words(self) -> bool:
        """Whether refused devices are listed in words that no document has."""
        return bool(self.switches["rejected_status"] != "Device Rejected" and self.switches["device_statuses"] == "spaced")

    @property
    def writes(self) -> list[Record]:
        return [record for record in self.records if record.write]


def members(world: World, upgrade_id: str) -> frozenset[str]:
    return world[upgrade_id].members if upgrade_id in world else frozenset()


class _Clock(threading.local):
    """Seconds that passed in a thread: those that it would have slept."""

    now = 0.0


class _Impatient(transport.Transport):
    """Does not wait long in real seconds, which the option cannot say."""

    def __init__(self, api_url: str, **given: t.Any) -> None:
        super().__init__(api_url, **{**given, "timeout": _PATIENCE})


class _Neighbour(Fault):
    """Somebody else is faster."""

    def __init__(self, on: str, nth: int, act: t.Callable[[], None]) -> None:
        super().__init__(on, "another_writer", nth)
        self._act = act

    def prepare(self, auth: Doorkeeper, upgrades: dict[str, Upgrade], request: Request) -> None:
        self._act()


class Play:
    """One schedule in one simulator, which is as new."""

    def __init__(self, sim: Simulator, schedule: Json) -> None:
        self._sim = sim
        self._service = sim.service
        self._clock = _Clock()
        self._moments: list[Moment] = []
        self._busy = 0
        self._book = LoginBook()
        self._ids: dict[str, str] = {}
        self.day = (datetime.datetime.now(datetime.timezone.utc).date() + datetime.timedelta(days=7)).isoformat()
        self.past_day = (datetime.datetime.now(datetime.timezone.utc).date() - datetime.timedelta(days=3)).isoformat()
        sim.load(None)
        self._settle_in(schedule)
        self._last = self._look()
        self.tokens = sim.tokens()
        # Of each ansible-playbook run, whether the session logins in it were answered with a session.
        self.logins: list[list[bool]] = [[]]

    def _settle_in(self, schedule: Json) -> None:
        sim = self._sim
        sim.misbehave(**schedule.get("switches", {}))
        for slot in THERE:
            status = schedule.get("status", {}).get(slot, "Queued")
            if status == "missing":
                continue
            inside = [POOL[number] for number, home in enumerate(schedule.get("home", "")) if home == slot]
            if status == "RequestPending" and not inside:
                status = "Queued"
            listed = {POOL[number]: "Device not found." for number in schedule.get("listed", {}).get(slot, ()) if POOL[number] not in inside}
            sim.add_upgrade(**self.key(slot), account=ACCOUNT, status=status, devices=inside, rejected=listed)
        homes = {device for upgrade in sim.service.upgrades.values() for device in upgrade.devices}
        sim.refuse({POOL[number] for number in schedule.get("unknown", ())} - homes)

    def key(self, slot: str) -> Json:
        return {"firmware_name": f"Firmware {slot}", "firmware_to": "2.1", "start_date": self.past_day if slot == PAST else self.day}

    # the witness

    def _look(self) -> World:
        now = self._service.clock.now()
        return {
            upgrade.id: Snap(
                upgrade.firmware_name[-1],
                upgrade.status,
                frozenset(upgrade.members()),
                frozenset(device for device, entry in upgrade.devices.items() if entry.status == REJECTED),
                frozenset(upgrade.unsettled),
                upgrade.shown is not None and (upgrade.hidden_reads > 0 or now < upgrade.visible_at) or now < upgrade.reported_at,
            )
            for upgrade in self._service.upgrades.values()
        }

    def _note(self, cause: Cause, **more: t.Any) -> None:
        before, self._last = self._last, self._look()
        if cause != "others" or before != self._last:
            self._moments.append(Moment(cause, before, self._last, **more))

    def _witnessed(self, handle: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def value(application: Application, request: Request, route: t.Any) -> t.Any:
            # The simulator holds its lock here.
            self._note("others")
            record = next(record for record in reversed(self._service.log.records) if record.connection == request.connection)
            refused = True
            try:
                answer = handle(application, request, route)
                refused = False
            finally:
                cause: Cause = "ours" if record.operation in _WRITES else "service"
                self._note(cause, record=record, upgrade_id=request.params.get("upgrade_id", ""), refused=refused)
            return answer

        return value

    def _counted(self, handle: t.Callable[..., t.Any]) -> t.Callable[..., t.Any]:
        def handled(application: Application, request: Request) -> t.Any:
            with self._service.lock:
                self._busy += 1
            try:
                return handle(application, request)
            finally:
                with self._service.lock:
                    self._busy -= 1

        return handled

    @contextlib.contextmanager
    def watched(self) -> t.Iterator[None]:
        """Watch the simulator, and let nobody sleep."""
        times = {"clock": lambda: self._clock.now, "sleep": self._sleep, "jitter": lambda: 0.5}
        with contextlib.ExitStack() as stack:
            stack.enter_context(mock.patch.dict(waiter.Backoff.__init__.__kwdefaults__ or {}, times))
            self._stopper = Stopper(Path(stack.enter_context(tempfile.TemporaryDirectory())))
            stack.enter_context(mock.patch.object(Application, "_value", self._witnessed(Application._value)))
            stack.enter_context(mock.patch.object(Application, "handle", self._counted(Application.handle)))
            yield

    def _sleep(self, seconds: float) -> None:
        self._clock.now += seconds
        with self._service.lock:
            self._service.clock.advance(seconds)

    def _calm(self) -> None:
        """Wait for requests whose client has given up."""
        while True:
            with self._service.lock:
                if not self._busy:
                    return
            time.sleep(0.01)

    # what others do

    def id_of(self, slot: str) -> str:
        """The id by which people know it: of the one that stands, else of the last one that did. Empty if there never was one."""
        with self._service.lock:
            there = [upgrade for upgrade in self._service.upgrades.values() if upgrade.firmware_name == f"Firmware {slot}"]
        for upgrade in sorted(there, key=lambda one: one.status in STANDING):
            self._ids[slot] = upgrade.id
        return self._ids.get(slot, "")

    def act(self, what: Json) -> None:
        """Others respect the rules of the service: a device is in one upgrade, and nothing is changed that has started."""
        service, slot = self._service, what["slot"]
        upgrade = service.upgrades.get(self.id_of(slot))
        free = {POOL[number] for number in what.get("add", ())} - service.world.refusals.keys()
        free -= {device for other in service.upgrades.values() if other.status in OPEN and other is not upgrade for device in other.members()}
        if what["do"] == "schedule":
            if (upgrade is None or upgrade.status not in STANDING) and free:
                made = Upgrade(ACCOUNT, f"Firmware {slot}", "2.1", self.day, devices=dict.fromkeys(sorted(free), Entry(ACCEPTED, "success")))
                service.world.register(made)
        elif upgrade is None or upgrade.status not in NOT_STARTED:
            return
        elif what["do"] == "start":
            upgrade.status = IN_PROGRESS
        elif what["do"] == "cancel":
            del service.upgrades[upgrade.id]
        else:
            for number in what.get("remove", ()):
                upgrade.devices.pop(POOL[number], None)
            upgrade.devices.update(dict.fromkeys(sorted(free), Entry(ACCEPTED, "success")))

    def _trouble(self, fault: Json) -> Fault:
        fault = dict(fault)
        place, nth, do = fault.pop("on"), fault.pop("nth", 1), fault.pop("do")
        method, dummy, slot = place.partition(" ")
        named = {"any": "* /", "reports": "GET /reports", "login": "POST /session/login", "token": "POST /oauth2/token"}
        on = named.get(place) or f"{method} /upgrades" + (f"/{ACCOUNT}/upgrade/{self.id_of(slot)}" if slot else "")
        if do == "stop":
            return _Neighbour(on, nth, lambda: self._stopper.stop(fault["how"], self._service.log.records[-1].number))
        if do in ("start", "cancel", "write", "schedule"):
            return _Neighbour(on, nth, lambda: self.act({"do": do, **fault}))
        if do == "refuse":
            fault["devices"] = {POOL[number]: "Internal error" for number in fault["devices"]}
        if do == "leave_out":
            fault["devices"] = [POOL[number] for number in fault["devices"]]
        if do == "slow":
            fault["seconds"] = _SLOW
        return Fault(on, do, nth, fault.pop("times", 1), fault)

    # what we do

    def run(self, module: str, options: Json, step: Json, *, check: bool, faults: t.Sequence[Json]) -> Run:
        """One run of a module, with the tokens that are there."""
        access, session = self.tokens
        valid = self._awake()
        with self._service.lock:
            self._note("others")
            doomed = frozenset(device for upgrade in self._service.upgrades.values() for device in self._doomed(upgrade))
        names = {slot: self.id_of(slot) for slot in (*THERE, NEW, PAST)}
        first_record, first_moment, before = len(self._service.log.records), len(self._moments), self._last
        self._service.faults[:] = [self._trouble(fault) for fault in faults]
        given = {"account": ACCOUNT, "access_token": access, "session_token": session, "imei_check": "none"} if module != "session" else {}
        start = self._clock.now
        with contextlib.ExitStack() as stack:
            if any(fault["do"] == "slow" for fault in faults):
                stack.enter_context(mock.patch.object(transport, "Transport", _Impatient))
            stack.enter_context(self._stopper.ready())
            result = self.execute(module, {"api_url": self._sim.api_url, **given, **options}, check=check)
            self._calm()
        with self._service.lock:
            self._service.faults.clear()
            self._note("others")
        records, moments = self._service.log.records[first_record:], self._moments[first_moment:]
        refusals = frozenset(self._service.world.refusals)
        known = (names, valid, refusals, doomed, self._service.switches.as_dict())
        seconds, stopped = self._clock.now - start, self._stopper.told
        return Run(module, step, options, check, result, before, self._last, records, moments, *known, seconds=seconds, stopped=stopped)

    def execute(self, module: str, options: Json, *, check: bool) -> Json:
        """Run a module, and return its result."""
        return run_module(module, options, check=check)

    def _doomed(self, upgrade: Upgrade) -> set[str]:
        """Devices that the service is still going to refuse."""
        judge = Judge(self._service, upgrade)
        return {device for device in upgrade.unsettled if judge.refusal(device)}

    def _awake(self) -> bool:
        """Whether the tokens are good, and for a while."""
        auth = self._service.auth
        with self._service.lock:
            bearer, used = auth.bearers.get(self.tokens[0]), auth.sessions.get(self.tokens[1])
            now = self._service.clock.now()
            return bool(bearer and bearer.expires > now + 60 and used is not None and now - used < 1140)

    def renew(self, count: t.Callable[[Run], None]) -> None:
        """Whoever sees that a session is over starts the playbook anew."""
        if not self._awake():
            run = self.log_in({"run": "login", "new_play": True})
            if run:
                count(run)

    def fresh_tokens(self) -> None:
        self.tokens = self._sim.tokens()

    def log_in(self, step: Json) -> Run | None:
        """The module ``session`` under the rules that hold for one ansible-playbook run. None where they allow no request."""
        if step.get("new_play"):
            self._book = LoginBook()
            self.logins.append([])
        own = self._sim.credentials
        options = {"app_key": own.app_key, "app_secret": own.app_secret, "username": own.username, "password": own.password}
        options |= {"password": "wrong"} if step.get("wrong") else {}
        who = Who(self._sim.api_url, own.app_key, own.username)
        result, run = self._book.login(who, self._service.clock.now()), None
        if result is None:
            self._book.send(who)
            run = self.run("session", options, step, check=bool(step.get("check")), faults=step.get("faults", ()))
            result = run.result
            self._book.learn(who, result, self._service.clock.now())
            self.logins[-1] += [not result["failed"] for record in run.records if record.login]
        if not result.get("failed"):
            self.tokens = (result["access_token"], result["session_token"])
        return run

    def log_out(self, step: Json) -> Run:
        access, session = self.tokens
        self._book.forget(session)
        return self.run("session", {"state": "absent", "access_token": access, "session_token": session}, step, check=False, faults=())

    def pass_time(self, seconds: float) -> None:
        with self._service.lock:
            self._service.clock.advance(seconds)
