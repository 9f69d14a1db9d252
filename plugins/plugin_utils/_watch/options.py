# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The options of the event source, held to the rules of the modules' options."""

from __future__ import annotations

import typing as t

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from ...module_utils._ansible.options import Spec, connection_options, login_options, login_values
from ...module_utils._api.status import OPEN, STATUSES, Phase, statuses_in
from ...module_utils._desired.checks import account_of, check_range
from ...module_utils._desired.upgrade import upgrade_id_of
from ...module_utils._errors import InputError

LEAST_INTERVAL = 10


def spec() -> Spec:
    """Every option, as a module would declare it."""
    return {
        **connection_options(),
        **login_options(),
        "interval": {"type": "float", "default": 300},
        "status": {"type": "list", "elements": "str", "choices": list(STATUSES), "default": list(statuses_in(*OPEN, Phase.RUNNING))},
        "upgrade_ids": {"type": "list", "elements": "str"},
        "devices": {"type": "bool", "default": True},
        "state_file": {"type": "path"},
        "first_look": {"type": "str", "choices": ["remember", "report"], "default": "remember"},
    }


def options_of(args: t.Mapping[str, t.Any]) -> dict[str, t.Any]:
    """What a rulebook and the environment give. Raises InputError with one sentence, before any request."""
    known = spec()
    unknown = sorted({str(name) for name in args} - known.keys() - {alias for option in known.values() for alias in option.get("aliases", ())})
    if unknown:
        raise InputError(f"There is no option {', '.join(unknown)}. The options are {', '.join(known)}.")
    result = ArgumentSpecValidator(known).validate(dict(args))
    if result.error_messages:
        raise InputError(" ".join(f"{message.rstrip('.')}." for message in result.error_messages))
    params: dict[str, t.Any] = result.validated_parameters
    params["account"] = account_of(params["account"])
    check_range(params, "interval", LEAST_INTERVAL, 86_400)
    check_range(params, "timeout", 1, 86_400)
    check_range(params, "retry_timeout", 0, 86_400)
    for name in ("status", "upgrade_ids"):
        if params[name] == []:
            raise InputError(f"{name} is empty: there would be nothing to watch.")
    if params["upgrade_ids"] is not None:
        params["upgrade_ids"] = [upgrade_id_of(value) for value in params["upgrade_ids"]]
    if not params["access_token"] and not params["session_token"]:
        login_values(params)
    return params
