# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the event source looks at the upgrades of an account. It blocks: it belongs into a thread of its own."""

from __future__ import annotations

import dataclasses
import threading
import typing as t

from ...module_utils import _stop
from ...module_utils._ansible.connection import Connector
from ...module_utils._api.account import Account
from ...module_utils._api.model import Upgrade
from ...module_utils._api.v1.upgrades import Upgrades, upgrades_by_status
from ...module_utils._desired.upgrade import upgrade_id_of
from ...module_utils._errors import InputError, ThingSpaceError, UnsettledError
from ...module_utils._results.described import described
from .._session.signed_in import SignedIn
from .changes import Look, Seen

_TOKENS = ("access_token", "session_token")
# Reads of single upgrades whose answers are lost, after which the others wait for the next look: each may have taken minutes.
_MOST_LOST = 3
# Stands for the id of what has none that could be told.
NAMELESS = ""
Due = t.Callable[[t.Iterable[str]], t.Iterable[str]]


@dataclasses.dataclass(frozen=True)
class Found:
    """What a look found, and which upgrades it could not read, by their id in lower case. Of these nothing is known: they stay as they were.

    Those that are ``left`` have to be read one by one too, and were not asked for this time.
    """

    look: Look
    unreadable: t.Mapping[str, ThingSpaceError]
    left: t.Collection[str]


class Watch:
    """Looks at the upgrades of one account, with one session for as long as it lives.

    Args:
        params: the options of the event source.
        warn: gets each warning.
    """

    def __init__(self, params: t.Mapping[str, t.Any], warn: t.Callable[[str], None]) -> None:
        self._params = params
        self._warn = warn
        self._given = any(params[name] for name in _TOKENS)
        self._wanted = None if params["upgrade_ids"] is None else {upgrade_id.lower() for upgrade_id in params["upgrade_ids"]}
        self._session = SignedIn(params, warn)
        self._looked = False
        self._stopped = threading.Event()

    def look(self, told: t.Iterable[str], due: Due = list) -> Found:
        """Every upgrade with a watched status, and what became of those that were told before. Raises ThingSpaceError if there is no look at all.

        Args:
            told: ids in lower case.
            due: takes the ids of upgrades that are to be read one by one, and gives those that may be asked for now, the most urgent first.

        It ends soon after :meth:`stop` in another thread: no request is sent any more, and no pause lasts.

        A bearer and a session that died are renewed, each once in a look: after a long pause both are dead.
        """
        with _stop.heeding(lambda: "the event source is to end" if self._stopped.is_set() else None):
            return self._look(told, due)

    def _look(self, told: t.Iterable[str], due: Due) -> Found:
        renewed: set[str] = set()
        while True:
            connector = self._session.connector()
            try:
                found = self._found(connector, told, due)
            except ThingSpaceError as error:
                if error.kind not in _TOKENS or error.kind in renewed:
                    raise
                renewed.add(error.kind)
                self._session.renew(error)
            else:
                self._looked = True
                return found

    def is_final(self, error: ThingSpaceError) -> bool:
        """Whether looking again is no use, or forbidden: a refused login, tokens that were given and died, what cannot be meant."""
        at_first = error.kind == "forbidden" and not self._looked
        return at_first or self._session.final or error.kind in ("input", "dependency", "login") or (self._given and error.kind in _TOKENS)

    def stop(self) -> None:
        """Let a look in another thread end."""
        self._stopped.set()

    @property
    def is_opening(self) -> bool:
        """Whether a session is being opened, whose login must not be abandoned: nobody would end it."""
        return self._session.is_opening

    def end(self) -> None:
        """End the session, if it is ours; a look has to be stopped before."""
        try:
            self._session.end(self._params["timeout"])
        except ThingSpaceError as error:
            self._warn(error.sentence)

    def _found(self, connector: Connector, told: t.Iterable[str], due: Due) -> Found:
        account = Account(connector.authorized(), self._params["account"])
        look: dict[str, Seen | None] = {}
        unreadable: dict[str, ThingSpaceError] = {}
        unlisted: list[str] = []
        for upgrade in upgrades_by_status(account, self._params["status"], unreadable=lambda row, error: unreadable.update({_key_of_row(row): error})):
            try:
                key = _key_of(upgrade)
                if upgrade.told:
                    look[key] = _seen(upgrade, is_listed=True)
                else:
                    unlisted.append(key)
            except ThingSpaceError as error:
                unreadable[NAMELESS] = error
        if self._wanted is not None:
            look = {key: seen for key, seen in look.items() if key in self._wanted}
            unreadable = {key: error for key, error in unreadable.items() if key in self._wanted}
            unlisted = [key for key in unlisted if key in self._wanted]
        # Those that were told have left the watched statuses, and their last event is still to come; of the others no report lists the devices.
        keys = [key for key in dict.fromkeys([*told, *unlisted]) if key not in look and key not in unreadable]
        _ask_for(Upgrades(account), due(keys), set(unlisted), look, unreadable)
        return Found(look, unreadable, [key for key in keys if key not in look and key not in unreadable])


def _ask_for(
    upgrades: Upgrades, keys: t.Iterable[str], listed: t.Collection[str], look: dict[str, Seen | None], unreadable: dict[str, ThingSpaceError]
) -> None:
    """Read upgrades one by one. One that cannot be read stops no other."""
    lost = 0
    for key in keys:
        try:
            look[key] = _one(upgrades, key, is_listed=key in listed)
        except ThingSpaceError as error:
            if error.kind == "interrupted":
                raise
            unreadable[key] = error
            lost += isinstance(error, UnsettledError)
            # If the tokens are dead, the next look knows it from the lists, and renews them. If not, this upgrade alone is refused so.
            if error.kind in _TOKENS or lost == _MOST_LOST:
                return


def _key_of(upgrade: Upgrade) -> str:
    """The id in lower case. Raises ThingSpaceError for one that is none.

    Rules hand ids to playbooks as extra variables, which Ansible evaluates as templates: a service that names an upgrade ``{{ ... }}``
    would run commands there.
    """
    try:
        return upgrade_id_of(upgrade.upgrade_id).lower()
    except InputError:
        raise ThingSpaceError("The service names an upgrade by something that is no UUID, which no rule shall be given.", "service") from None


def _key_of_row(row: object) -> str:
    try:
        return upgrade_id_of(str(row.get("id"))).lower() if isinstance(row, dict) else NAMELESS
    except InputError:
        return NAMELESS


def _seen(upgrade: Upgrade, *, is_listed: bool) -> Seen:
    """An upgrade as events tell it. Raises ThingSpaceError for one whose devices are not told."""
    if upgrade.unlisted:
        raise ThingSpaceError(upgrade.unlisted, "service")

    def listed() -> list[dict[str, t.Any]]:
        return t.cast("list[dict[str, t.Any]]", described(upgrade, include_devices=True)["devices"])

    return Seen(described(upgrade, include_devices=False), upgrade.devices, listed, is_listed)


def _one(upgrades: Upgrades, upgrade_id: str, *, is_listed: bool) -> Seen | None:
    try:
        return _seen(upgrades.get(upgrade_id), is_listed=is_listed)
    except ThingSpaceError as error:
        if error.kind != "not_found":
            raise
        return None
