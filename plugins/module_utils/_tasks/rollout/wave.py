# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One declared upgrade in the run of a rollout: what it is, what it is to become, how far it is, what became of it."""

from __future__ import annotations

import dataclasses
import typing as t

from ..._api.account import Account
from ..._api.model import Upgrade, holds
from ..._api.status import ACCEPTED, NEW, DeviceStatus, Phase
from ..._api.version import upgrades_of
from ..._apply.progress import Progress, changes_of, landed, rejections, unknown
from ..._apply.reconcile import read_listed, reconcile
from ..._apply.schedule import Scheduler
from ..._apply.upgrade_membership import UpgradeDevices
from ..._clock import today
from ..._desired.rollout import DesiredUpgrade
from ..._errors import InputError, StateError, ThingSpaceError, failure_of
from ..._http.client import Client
from ..._plan.guardrails import check_future, check_removals, why_refused
from ..._plan.matching import single
from ..._plan.moves import Entry
from ..._plan.plan import Plan, State
from ..._plan.stages import Step
from ..._plan.target import Listing, Target
from ..._results.described import described
from ..._results.membership import Changes, Rejection
from ..._results.rollout import Action, WaveOutcome
from ..._text import first_few

_ACCEPTED = DeviceStatus(ACCEPTED, "")


@dataclasses.dataclass(frozen=True)
class Part(Target):
    """A target that is exactly these writes and no others. ``wanted`` is what it is to hold: the service may refuse what it has taken before."""

    append: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    wanted: frozenset[str] = frozenset()

    def plan(self, listing: Listing) -> Plan:
        return Plan(self.append - listing.members - listing.refused, self.remove & listing.members, (self.append | self.wanted) & listing.refused)


class Wave:
    """Works on one declared upgrade, with a client of its own, so that several can be worked on at once.

    ``seen`` says that its state is known, ``past`` that it is not there and must not be scheduled any more, ``withheld`` which devices could not
    arrive, and from where, ``staying`` which ones were not removed, and where they were to go.
    """

    def __init__(self, declared: DesiredUpgrade, client: Client, account: str) -> None:
        self.declared = declared
        self.client = client
        self._account = Account(client, account)
        self.scheduler = Scheduler(self._account)
        self.progress = Progress(_nothing(declared, account))
        self.seen = False
        self.past = False
        self.plan = Plan()
        self.moves = False
        self.empty_meanwhile = False
        self.withheld: dict[str, str] = {}
        self.staying: dict[str, str] = {}
        self.predicted = False
        self.known: frozenset[str] = frozenset()
        self.failure: ThingSpaceError | None = None

    @property
    def new(self) -> bool:
        """Whether it is not there yet."""
        return not self.progress.first.upgrade_id and not self.past

    @property
    def ref(self) -> str:
        """What people find it by: its id, its natural key as long as there is none."""
        return self.progress.last.upgrade_id or self.declared.upgrade_id or str(self.declared.key)

    def found(self, upgrade: Upgrade) -> None:
        """Work on this upgrade, as it was read."""
        self.progress = Progress(upgrade)

    def read(self, upgrade_id: str) -> None:
        """GET it. Raises ThingSpaceError, ``not_found`` if it is not there, and where the service does not say which devices are in it."""
        self.found(self._listed(upgrade_id))

    def _listed(self, upgrade_id: str) -> Upgrade:
        membership = UpgradeDevices(upgrades_of(self._account), upgrade_id)
        return read_listed(membership.read, membership.name, self.client.backoff())

    def entry(self) -> Entry:
        """As the plan over all looks at it."""
        now, declared = self.progress.first, self.declared
        # The reference is the one that it was declared by: it stays the same when it is scheduled.
        wanted = frozenset() if self.past else declared.target.declared
        state = "present" if self.past else declared.target.state
        return Entry(declared.ref, str(declared), state, wanted, now.members, now.refused, now.status if now.upgrade_id else "", now.is_open, holds(now))

    def commit(self, plan: Plan, moves: bool) -> None:
        """This is what it needs. ``moves``: devices come from, or go to, other declared upgrades."""
        self.plan, self.moves = plan, moves

    @property
    def target(self) -> Target:
        """What it is to become: where devices move the agreed writes, else the declaration itself, which follows what others change meanwhile."""
        target = self.declared.target
        if not self.moves and not self.new and not self.past:
            return target
        return self._part(self.plan.append | self.plan.refused, self.plan.remove)

    @property
    def _state(self) -> State:
        # What leaves for another upgrade counts as a removal by the declaration, whatever the state.
        return "exact" if self.moves and self.plan.remove else self.declared.target.state

    def _part(self, append: frozenset[str], remove: frozenset[str]) -> Part:
        target = self.declared.target
        return Part(
            state=self._state,
            declared=target.declared,
            limits=target.limits,
            batch_size=target.batch_size,
            veto=target.veto,
            approved=self.plan,
            append=append,
            remove=remove,
            wanted=self.declared.wanted,
        )

    def check(self) -> None:
        """Raise RailError where its plan removes too much, InputError where nothing can be scheduled."""
        if self.new and not self.plan.append and self.declared.target.state != "absent":
            raise InputError("it is not there yet, and to schedule it at least one device is needed.")
        check_removals(self.declared.target.limits, self._state, len(self.plan.remove), len(self.progress.first.members))

    def lost(self, device: str) -> bool:
        """Whether this run has removed the device."""
        return device in self.progress.landed("remove")

    def got(self, device: str) -> bool:
        """Whether this run has brought the device in."""
        return device in self.progress.landed("append")

    @property
    def unknown(self) -> bool:
        """Whether nobody knows what became of a change, now that nothing more is read."""
        return self.seen and (self.scheduler.unsettled or unknown(self.progress, self.target.plan(self.progress.last)))

    @property
    def unsettled(self) -> bool:
        """Whether nobody knows what became of something that it sent."""
        return self.scheduler.unsettled or self.progress.unread or self.progress.unsettled > 0

    # what is done

    def predict(self) -> None:
        """The plan is what would land."""
        self.predicted = bool(self.plan)
        self.progress.sent = {"append": set(self.plan.append), "remove": set(self.plan.remove)}
        self.progress.last = self.progress.first.predicted(self.plan.append, self.plan.remove)

    def take(self, step: Step, held_back: t.Mapping[str, str], staying: t.Mapping[str, str], *, approved: bool, late: bool) -> None:
        """Do one step. Does not raise: a failure is kept.

        Args:
            held_back: devices to append that are still in another upgrade, and in which.
            staying: devices to remove that cannot go where they were to go, and where that was.
            approved: whether nothing but the plan may be written.
            late: whether much was done since it was read.
        """
        self.withheld.update(held_back)
        self.staying.update(staying)
        append, remove = step.append - held_back.keys(), step.remove - staying.keys()

        def work() -> None:
            if self.new and not self.progress.last.upgrade_id:
                self._make(append, approved=approved, late=late)
            elif not self.moves:
                target = dataclasses.replace(self.declared.target, approved=self.plan if approved else None)
                self._converge(target)
            elif append or remove:
                self._keep_from_emptying(step)
                self._converge(self._part(append, remove))

        self.failure = failure_of(work)

    def _keep_from_emptying(self, step: Step) -> None:
        last = self.progress.last
        if step.remove and not step.append and not step.empties and self.plan.append and last.members <= step.remove:
            raise StateError(f"None of its new devices is in, so its {len(last.members)} devices are not removed: it would be empty.")

    def _converge(self, target: Target) -> None:
        progress = self.progress
        reconcile(UpgradeDevices(upgrades_of(self._account), progress.last.upgrade_id), target, progress, self.client.backoff)
        if progress.failure is not None:
            raise progress.failure

    def check_end(self) -> None:
        """Raise StateError where somebody else has changed it meanwhile, so that it is not what is declared."""
        progress = self.progress
        if self.failure or not self.moves or progress.unread:
            return
        left = self.declared.target.plan(progress.last)
        # What was refused is told as such. What was acknowledged has been seen too: if it is seen no more, somebody has undone it.
        missing = left.append - (progress.answers["append"].keys() - progress.acknowledged("append")) - self.withheld.keys()
        extra = left.remove - (progress.answers["remove"].keys() - progress.acknowledged("remove")) - self.staying.keys()
        if missing or extra:
            self.failure = StateError(
                f"Somebody else has changed it while this run worked on it: {len(missing)} declared devices are missing ({first_few(missing) or 'none'}), "
                f"{len(extra)} others are in it ({first_few(extra) or 'none'}). Run it again."
            )

    def _make(self, devices: frozenset[str], *, approved: bool, late: bool) -> None:
        declared, scheduler, progress = self.declared, self.scheduler, self.progress
        key = declared.key
        if not devices or key is None:
            return
        try:
            # A second POST makes a second upgrade: look once more if time has passed.
            scheduler.last = single(key, scheduler.find(key)) if late else None
            if scheduler.last is None:
                scheduler.schedule(key, declared.end_date, devices, self.known, lambda: check_future(key, today()))
        finally:
            made = scheduler.last
            if made is not None and scheduler.landed:
                progress.last = made
                progress.sent["append"].update(devices)
                # What was asked for with the upgrade is not asked for again, but looked for.
                progress.answers["append"].update((device, made.devices.get(device, _ACCEPTED)) for device in devices)
        if made is None:
            return
        now = made if made.phase == Phase.REFUSED else self._listed(made.upgrade_id)
        if scheduler.landed:
            progress.last = now
            target: Target = self._part(devices, frozenset())
        else:
            # Somebody else has made it meanwhile: it is converged like any other, unless another plan was approved.
            self.found(now)
            progress = self.progress
            if approved:
                raise StateError(f"Somebody else has scheduled it meanwhile, as {now.upgrade_id}: that is not the plan that was approved.")
            target = self._part(devices, frozenset()) if self.withheld else declared.target
        try:
            if now.phase != Phase.REFUSED:
                self._converge(target)
        finally:
            # In place of whatever the waiting for its devices ended in.
            if progress.last.phase == Phase.REFUSED:
                raise StateError(why_refused(progress.last))


def _nothing(declared: DesiredUpgrade, account: str) -> Upgrade:
    key = declared.key
    name, version, start = (key.firmware_name, key.firmware_to, key.start_date) if key else (None, None, None)
    return Upgrade("", account, name, version, start, declared.end_date, NEW, {})


def rejected_of(wave: Wave) -> tuple[Rejection, ...]:
    """Declared devices that the service refuses."""
    return rejections(wave.progress, wave.target.plan(wave.progress.last))


def outcome_of(wave: Wave, digest: str | None, moved: t.Container[tuple[str, str]]) -> WaveOutcome:
    """What happened to it, or would happen.

    Args:
        digest: of its part of the plan.
        moved: devices that moved, each with the references of the two upgrades.
    """
    last, declared = wave.progress.last, wave.declared
    duplicates, requests = declared.declaration.duplicates, wave.client.requests
    if not wave.seen:
        return WaveOutcome(duplicates=duplicates, upgrade_id=declared.upgrade_id, name=declared.name, requests=requests)
    missing = wave.target.plan(last)
    changes = changes_of(wave.progress, missing, Changes(duplicates=duplicates, plan_digest=digest))
    known: dict[str, t.Any] = {field.name: getattr(changes, field.name) for field in dataclasses.fields(changes)}
    changed = landed(wave.progress, missing) or wave.scheduler.landed or wave.scheduler.unsettled
    action: Action = "past" if wave.past else "none" if not changed else "schedule" if wave.new else "change"
    shown = last.upgrade_id or wave.predicted
    return WaveOutcome(
        **known,
        upgrade_id=last.upgrade_id or declared.upgrade_id,
        upgrade_status=last.status if last.upgrade_id else None,
        firmware_name=last.firmware_name,
        firmware_to=last.firmware_to,
        start_date=last.start_date,
        upgrade={**described(last, include_devices=False), "upgrade_id": last.upgrade_id or None} if shown else None,
        name=declared.name,
        changed=changed,
        action=action,
        moved_in=sum((device, wave.ref) in moved for device in changes.added),
        moved_out=sum((device, wave.ref) in moved for device in changes.removed),
        empty_meanwhile=wave.empty_meanwhile,
        requests=requests,
        failure=wave.failure,
    )
