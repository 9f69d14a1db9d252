# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How an upgrade becomes a host of an inventory: its name, its variables, its groups. Pure.

Upgrades are dictionaries, as ``_results/described`` makes them: that is how they lie in the cache, too.
"""

from __future__ import annotations

import collections
import re
import typing as t

from ...module_utils._api.fields import merge_unique
from ...module_utils._errors import InputError

Upgrade = t.Mapping[str, t.Any]
GROUP = "thingspace_upgrades"
_DOCUMENTED = (
    "upgrade_id",
    "account",
    "firmware_name",
    "firmware_to",
    "start_date",
    "end_date",
    "status",
    "device_count",
    "devices_by_status",
    "devices",
)


def variables(upgrade: Upgrade, prefix: str) -> dict[str, t.Any]:
    """The variables of a host.

    Those of a host win over those of a playbook's groups, and ``ansible_*`` say where tasks run. So what the service tells beyond its
    documents may not choose a name of its own here: all of it stands under ``service_``.
    """
    ours = {name: upgrade[name] for name in _DOCUMENTED if name in upgrade}
    more = ((_service(name), value) for name, value in upgrade.items() if name not in ours)
    return {f"{prefix}{name}": value for name, value in merge_unique(ours, more).items()}


def are_upgrades(kept: object) -> bool:
    """Whether what lay in a cache, where anything may lie, can become hosts."""
    return isinstance(kept, list) and all(map(_is_upgrade, kept))


def groups(upgrade: Upgrade) -> list[str]:
    """The groups that every such host is in, before their names are made safe."""
    kinds = {"status": upgrade.get("status"), "firmware": upgrade.get("firmware_name"), "start": (upgrade.get("start_date") or "")[:10]}
    return [f"{kind}_{value}" for kind, value in kinds.items() if value]


def host_name(value: object, upgrade_id: str) -> str:
    """A name that neither a host pattern nor a file name can mistake. Raises InputError."""
    if not isinstance(value, str) or not value.strip():
        raise InputError(f"hostname gives no text for the upgrade {upgrade_id}.")
    name = re.sub(r"[^0-9A-Za-z_.-]", "_", value.strip())
    # Patterns begin with ~ or !, options of a command line with -, hidden files with a dot.
    return re.sub(r"^[.-]", "_", name)


def by_name(names: t.Iterable[str], upgrades: t.Iterable[Upgrade]) -> dict[str, Upgrade]:
    """Each upgrade under the name of its host. Raises InputError for a name that two have: one would hide the other."""
    found: dict[str, Upgrade] = {}
    for name, upgrade in zip(names, upgrades, strict=True):
        if name in found:
            raise InputError(
                f"The upgrades {found[name]['upgrade_id']} and {upgrade['upgrade_id']} would both be the host {name}: let hostname tell them apart, "
                "with upgrade_id[:8] in it for example."
            )
        found[name] = upgrade
    return found


def shared_groups(safe: t.Iterable[tuple[str, str]]) -> list[str]:
    """A sentence for each group whose safe name stands for several values. Takes pairs of the safe name and what it was made of."""
    made_of: dict[str, set[str]] = collections.defaultdict(set)
    for name, raw in safe:
        made_of[name].add(raw)
    return [
        f"The group {name} holds the upgrades of {' and of '.join(repr(raw) for raw in sorted(raws))}, since group names have letters, digits and _ only."
        for name, raws in made_of.items()
        if len(raws) > 1
    ]


def _is_upgrade(kept: object) -> bool:
    return isinstance(kept, dict) and isinstance(kept.get("upgrade_id"), str) and isinstance(kept.get("start_date"), (str, type(None)))


def _service(name: str) -> str:
    return "service_" + re.sub(r"[^0-9a-z_]", "_", name.removeprefix("service_"))
