# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an upgrade is found, scheduled, cancelled and waited for: the only place that makes and ends upgrades.

POST has no idempotency key. A POST whose answer was lost is settled by reading the reports and never sent again, and HTTP 429 is such an
answer: it may come although the POST was carried out, and what was made may be listed late. One that was surely not sent is sent again after another look.
"""

from __future__ import annotations

import typing as t

from .._api.account import Account
from .._api.model import Upgrade, UpgradeKey, is_gone
from .._api.status import CURRENT, Phase
from .._api.version import upgrades_of
from .._clock import Backoff
from .._errors import Kind, StateError, ThingSpaceError, UnsettledError, not_known
from .._plan.guardrails import check_cancellable
from .._plan.matching import appeared, matching, single
from .sent_note import SentNote


class Scheduler:
    """Works on one upgrade of an account.

    ``last`` is the upgrade as it was seen last, ``landed`` whether this scheduler is known to have made or cancelled it, ``unsettled``
    whether it may have, and no read could tell: they tell the truth whenever a method raises. ``refused_at_once`` are devices that the
    answer to the POST refused.
    """

    def __init__(self, account: Account) -> None:
        self._account = account
        self._upgrades = upgrades_of(account)
        self.last: Upgrade | None = None
        self.landed = False
        self.unsettled = False
        self.refused_at_once: frozenset[str] = frozenset()
        # The upgrade that was made, as a read has shown it.
        self._shown: Upgrade | None = None

    def get(self, upgrade_id: str) -> Upgrade | None:
        """The upgrade, None if the service does not know it."""
        try:
            return self._upgrades.get(upgrade_id)
        except ThingSpaceError as error:
            if error.kind == "not_found":
                return None
            raise

    def find(self, key: UpgradeKey, phases: t.Collection[Phase] = CURRENT, mine: str = "") -> list[Upgrade]:
        """The upgrades with this natural key and in one of these phases. As :func:`matching`."""
        return self._upgrades.with_devices(matching(key, self._upgrades.in_phases(*phases), mine), needed=False)

    def refused_before(self, key: UpgradeKey) -> list[Upgrade]:
        """Upgrades with this natural key that the service refused as a whole."""
        return self.find(key, [Phase.REFUSED])

    def schedule(self, key: UpgradeKey, end_date: str | None, devices: frozenset[str], known: t.Container[str], veto: t.Callable[[], None]) -> None:
        """Make the upgrade, unless somebody else makes it meanwhile. Then ``landed`` stays false.

        Args:
            veto: raises StateError where it is too late, asked before every request.
            known: ids, in lower case, of upgrades with this key that are there already.
        """
        backoff, note = self._account.backoff(), SentNote(self._account.api_url, self._account.name, str(key))
        if note.there:
            raise StateError(
                f"An earlier task of this run has sent the request that schedules {key}, what became of it is not known, and no report shows the upgrade yet. "
                "It is not sent again in this run, since that could make a second one. Run the playbook again later: it looks for the upgrade first."
            )
        while True:
            veto()
            note.write()
            try:
                self.last = made = self._upgrades.schedule(key.firmware_name, key.firmware_to, key.start_date, end_date, devices)
                self.landed = True
            except UnsettledError as failure:
                if failure.carried_out is not False:
                    self._settle(failure, key, devices, known)
                    note.clear()
                    return
                note.clear()
                again = backoff.wait(failure.retry_after)
                if again:
                    self.last = single(key, _standing(self._matches(failure, key)))
                if self.last is not None:
                    # Nothing was sent, so it is somebody else's.
                    return
                if not again or backoff.over:
                    raise
            except ThingSpaceError:
                note.clear()
                raise
            else:
                self.refused_at_once = made.refused
                self._confirm(key, made.upgrade_id.lower())
                note.clear()
                return

    def _matches(self, failure: UnsettledError, key: UpgradeKey) -> list[Upgrade]:
        """Every upgrade that a POST may have made, and others. Without them nobody knows what became of it."""
        try:
            return self.find(key, [*CURRENT, Phase.REFUSED])
        except ThingSpaceError as error:
            self.unsettled = True
            kind = error.kind if error.kind == "interrupted" else failure.kind
            raise _unknown(failure, f"the reports cannot be read ({error.message.rstrip('.')})", kind) from None

    def _confirm(self, key: UpgradeKey, made: str) -> None:
        """Read the reports until they show the upgrade that was made: the next run, and the next host, ask nothing else.

        Raises StateError if somebody else has made the same meanwhile.
        """
        backoff = self._account.backoff()
        while True:
            matches = self.find(key, mine=made)
            shown = [upgrade for upgrade in matches or self.refused_before(key) if upgrade.upgrade_id.lower() == made]
            if shown:
                # The checks may have ended meanwhile, and have refused it as a whole.
                self.last = shown[-1] if shown[-1].phase == Phase.REFUSED else self.last
                self._shown = shown[-1]
                single(key, matches)
                return
            if not backoff.wait():
                raise ThingSpaceError(
                    f"The service accepted the upgrade {made} and does not show it in its reports within retry_timeout. Run the task again only when it is "
                    "shown: what is not shown would be scheduled a second time.",
                    "not_visible",
                )

    def _settle(self, failure: UnsettledError, key: UpgradeKey, devices: frozenset[str], known: t.Container[str]) -> None:
        """Read what became of a POST that may have been carried out. What it made may come into the reports late."""
        backoff = self._account.backoff()
        pause = failure.retry_after
        while True:
            # A pause that the service asked for and that is too long would leave no time for a look.
            again = backoff.wait(pause) or (pause is not None and backoff.wait())
            pause = None
            matches = self._matches(failure, key)
            mine, standing = appeared(matches, devices, known), _standing(matches)
            if mine:
                self.last, self.landed, self._shown = mine[-1], True, mine[-1]
                # It may not be alone.
                single(key, standing)
                return
            if again:
                continue
            self.unsettled = True
            others = ", ".join(upgrade.upgrade_id for upgrade in standing)
            also = f"; there is {others}, but not with the devices that were sent, so that somebody else may have made it" if others else ""
            raise _unknown(failure, f"it did not come into the reports within retry_timeout{also}")

    def look_back(self, made: Upgrade, devices: frozenset[str]) -> Upgrade:
        """The upgrade that was made as a read shows it: with all devices that were sent with it, or as it is when ``retry_timeout`` is over.

        A device that the answer to the POST has refused need not be shown. Where others are missing, ``last`` is what was read too.
        """
        unseen, now, wanted = self._account.backoff(), self._shown or made, devices - self.refused_at_once
        while wanted - now.devices.keys() and not is_gone(now) and unseen.wait():
            self.last = now = self.get(now.upgrade_id) or now
        if wanted - now.devices.keys():
            self.last = now
        return now

    def cancel(self, upgrade: Upgrade) -> None:
        """Cancel an upgrade that has not started. Raises StateError if it starts meanwhile."""
        backoff = self._account.backoff()
        self.last, sent = upgrade, False
        while True:
            try:
                self._upgrades.cancel(upgrade.upgrade_id)
                self.landed = True
                return
            except UnsettledError as error:
                failure: ThingSpaceError = error
                sent = sent or error.carried_out is not False
                again = backoff.wait(error.retry_after)
            except ThingSpaceError as error:
                # That it is not there may be said of another path, too: a look decides.
                failure, again = error, False
            try:
                now = self.get(upgrade.upgrade_id)
            except ThingSpaceError as unread:
                if not sent:
                    raise failure from None
                self.unsettled = True
                raise not_known(failure, f"the upgrade {upgrade.upgrade_id} was cancelled", unread) from None
            if now is None or is_gone(now):
                self.landed = sent
                self.last = self.last if sent else None
                return
            self.last = now
            check_cancellable(now)
            if failure.kind == "not_found":
                told = f"The upgrade {now.upgrade_id} is still {now.status}, though its cancellation was answered as if it were not there. {failure.message}"
                raise ThingSpaceError(told, "service", status=failure.status, code=failure.code, detail=failure.detail)
            if not again or backoff.over:
                raise failure

    def wait(self, timeout: float) -> None:
        """Wait until the service has decided about the last upgrade. No look starts later than ``timeout`` seconds after the first pause began."""
        patience, unseen = Backoff(timeout), self._account.backoff()
        while self.last is not None and self.last.phase == Phase.CHECKING:
            upgrade_id = self.last.upgrade_id
            if not patience.wait():
                raise ThingSpaceError(f"The upgrade {upgrade_id} is still {self.last.status} after wait_timeout ({timeout:g} s).", "timeout")
            now = self.get(upgrade_id)
            if now is not None:
                self.last = self._shown = now
            elif not unseen.wait():
                raise ThingSpaceError(f"The service accepted the upgrade {upgrade_id} and does not show it within retry_timeout.", "not_visible")


def _standing(matches: t.Iterable[Upgrade]) -> list[Upgrade]:
    return [upgrade for upgrade in matches if upgrade.phase != Phase.REFUSED]


def _unknown(lost: UnsettledError, why: str, kind: Kind | None = None) -> ThingSpaceError:
    return ThingSpaceError(
        f"{lost.message.rstrip('.')}. Whether the upgrade was scheduled is not known: {why}. It was not sent again, since that could make a second one. "
        "Run the task again later: it looks for the upgrade first.",
        kind or lost.kind,
        status=lost.status,
        code=lost.code,
        detail=lost.detail,
    )
