# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Option specs that modules share, and the options that need more checking than a type. Documented in ``doc_fragments``."""

from __future__ import annotations

import re
import typing as t

from ansible.module_utils.basic import env_fallback

from .._desired.checks import OF_AN_ENTRY, kind_of
from .._errors import InputError
from .._http.address import DEFAULT_API_URL

Spec = dict[str, dict[str, t.Any]]


def http_options() -> Spec:
    """Where the service is and how patient to be: for every module."""
    return {
        "api_url": {"type": "str", "default": DEFAULT_API_URL, "fallback": (env_fallback, ["THINGSPACE_API_URL"])},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "timeout": {"type": "int", "default": 60},
        "retry_timeout": {"type": "int", "default": 60},
    }


def login_options() -> Spec:
    """What a login takes. Raw, so that a number is refused and not made a string, which may be another password."""
    return {
        "app_key": {"type": "raw", "no_log": True, "fallback": (env_fallback, ["THINGSPACE_APP_KEY"])},
        "app_secret": {"type": "raw", "no_log": True, "fallback": (env_fallback, ["THINGSPACE_APP_SECRET"])},
        "username": {"type": "raw", "fallback": (env_fallback, ["THINGSPACE_USERNAME"])},
        "password": {"type": "raw", "no_log": True, "fallback": (env_fallback, ["THINGSPACE_PASSWORD"])},
    }


def connection_options() -> Spec:
    """What every module that takes tokens takes."""
    return {
        "account": {"type": "raw", "aliases": ["account_name"], "fallback": (env_fallback, ["THINGSPACE_ACCOUNT"])},
        "access_token": {"type": "str", "no_log": True, "fallback": (env_fallback, ["THINGSPACE_ACCESS_TOKEN"])},
        "session_token": {"type": "str", "no_log": True, "aliases": ["m2m_token"], "fallback": (env_fallback, ["THINGSPACE_SESSION_TOKEN"])},
        **http_options(),
    }


def device_options() -> Spec:
    """The declared devices: a list or a file. That it is exactly one of them is checked with the rest of the input."""
    return {
        "devices": {"type": "list", "elements": "str", "aliases": ["imeis", "device_list"]},
        "devices_file": {"type": "path"},
        "devices_column": {"type": "str"},
        "imei_check": {"type": "str", "choices": ["warn", "strict", "none"], "default": "warn"},
    }


def membership_options() -> Spec:
    """How a membership is declared, guarded, written and reported."""
    return {
        "state": {"type": "str", "choices": ["present", "absent", "exact"], "default": "present"},
        "allow_empty": {"type": "bool", "default": False},
        "max_removal_percent": {"type": "float", "default": 30},
        "max_removals": {"type": "int"},
        "on_rejected": {"type": "str", "choices": ["fail", "warn", "ignore"], "default": "fail"},
        "batch_size": {"type": "int", "default": 1000},
        "diff_limit": {"type": "int", "default": 100},
        "result_limit": {"type": "int", "default": 10000},
        "expect_plan_digest": {"type": "str"},
    }


def rollout_options() -> Spec:
    """Several upgrades, each as a module of one upgrade takes it; what stands at the top holds for those that say nothing."""
    shared = {**device_options(), **membership_options()}
    overrides = {name: {key: value for key, value in shared[name].items() if key != "default"} for name in OF_AN_ENTRY}
    entry: Spec = {
        "name": {"type": "str"},
        "upgrade_id": {"type": "str"},
        "firmware_name": {"type": "raw"},
        "firmware_to": {"type": "raw"},
        "start_date": {"type": "str"},
        "end_date": {"type": "str"},
        **{name: shared[name] for name in ("devices", "devices_file", "devices_column", "state")},
        **overrides,
    }
    return {
        "upgrades": {"type": "list", "elements": "dict", "required": True, "options": entry},
        **{name: shared[name] for name in (*OF_AN_ENTRY, "diff_limit", "result_limit", "expect_plan_digest")},
        "unlisted": {"type": "str", "choices": ["ignore", "fail"], "default": "ignore"},
        "concurrency": {"type": "int", "default": 4},
    }


def login_values(params: t.Mapping[str, t.Any]) -> dict[str, str]:
    """The four values of a login. Raises InputError, without showing one, if a login with them would be in vain."""
    options = login_options()
    missing = [option for option in options if params.get(option) is None or str(params[option]).strip() == ""]
    if missing:
        variables = ", ".join(options[option]["fallback"][1][0] for option in missing)
        verb = "is" if len(missing) == 1 else "are"
        raise InputError(f"{', '.join(missing)} {verb} missing for the login: give them as options or in the environment ({variables}).")
    for option in options:
        value = params[option]
        if not isinstance(value, str):
            raise InputError(
                f"{option} is {kind_of(value)} and not a string: YAML may have made another value of it (leading zeros, octal, yes), and "
                "refused logins lock the user. Put it in quotes."
            )
        if re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", value):
            raise InputError(f"{option} holds a line break, another control character or bytes that are no text: check where it comes from.")
    if ":" in params["app_key"]:
        raise InputError("app_key holds a colon, which separates key and secret on their way to the service: check that it is the key alone.")
    return {option: str(params[option]) for option in options}
