# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How the event source looks at the upgrades of an account. It blocks: it belongs into a thread."""

from __future__ import annotations

import typing as t

from ansible_collections.thingspace.fota.plugins.module_utils._connector import Connector
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError, ThingSpaceError
from ansible_collections.thingspace.fota.plugins.module_utils._fota import Account
from ansible_collections.thingspace.fota.plugins.module_utils._reports import upgrades_by_status
from ansible_collections.thingspace.fota.plugins.module_utils._upgrades import Upgrade, Upgrades, described, upgrade_id_of
from ansible_collections.thingspace.fota.plugins.plugin_utils._changes import Look, Seen
from ansible_collections.thingspace.fota.plugins.plugin_utils._signed_in import SignedIn

_TOKENS = ("access_token", "session_token")


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

    def look(self, told: t.Collection[str]) -> Look:
        """Every upgrade with a watched status, and what became of those that were told before. Raises ThingSpaceError.

        A bearer and a session that died are renewed, each once in a look: after a long pause both are dead.
        """
        renewed: set[str] = set()
        while True:
            connector = self._session.connector()
            try:
                found = self._found(connector, told)
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

    def end(self) -> None:
        """End the session, if it is ours."""
        try:
            self._session.end()
        except ThingSpaceError as error:
            self._warn(error.sentence)

    def _found(self, connector: Connector, told: t.Collection[str]) -> Look:
        account = Account(connector.authorized(), self._params["account"])
        listed = {upgrade.upgrade_id.lower(): _seen(upgrade) for upgrade in upgrades_by_status(account, self._params["status"])}
        found: dict[str, Seen | None] = {key: seen for key, seen in listed.items() if self._wanted is None or key in self._wanted}
        # They have left the watched statuses, and their last event is still to be told.
        return {**found, **{key: _one(Upgrades(account), key) for key in told if key not in found}}


def _seen(upgrade: Upgrade) -> Seen:
    """An upgrade as events tell it. Raises ThingSpaceError for an id that is none.

    Rules hand ids to playbooks as extra variables, which Ansible evaluates as templates: a service that names an upgrade ``{{ ... }}``
    would run commands there.
    """
    try:
        upgrade_id_of(upgrade.upgrade_id)
    except InputError:
        raise ThingSpaceError("The service names an upgrade by something that is no UUID, which no rule shall be given.", "service") from None

    def listed() -> list[dict[str, t.Any]]:
        return t.cast("list[dict[str, t.Any]]", described(upgrade, include_devices=True)["devices"])

    return Seen(described(upgrade, include_devices=False), upgrade.devices, listed)


def _one(upgrades: Upgrades, upgrade_id: str) -> Seen | None:
    try:
        return _seen(upgrades.get(upgrade_id))
    except ThingSpaceError as error:
        if error.kind != "not_found":
            raise
        return None
