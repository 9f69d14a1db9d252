# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Option specs that modules share, and the options that need more checking than a type. Documented in ``doc_fragments``."""

from __future__ import annotations

import re
import typing as t
import urllib.parse

from ansible.module_utils.basic import env_fallback
from ansible_collections.thingspace.fota.plugins.module_utils._errors import InputError, ThingSpaceError

Spec = dict[str, dict[str, t.Any]]

DEFAULT_API_URL = "https://thingspace.verizon.com/api"


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


# What an entry of a rollout may set for itself.
OF_AN_ENTRY = ("allow_empty", "max_removal_percent", "max_removals", "on_rejected", "imei_check", "batch_size")


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


def account_of(value: object) -> str:
    """The account as text. Raises InputError for a number, which has lost its leading zeros before it came here."""
    if value is None or value == "":
        raise InputError('account is missing: give the billing account as a string, such as "0402196254-00001", or set THINGSPACE_ACCOUNT.')
    if not isinstance(value, (str, int, float)):
        raise InputError(f"account is {_word(value)} and must be one string.")
    if not isinstance(value, str):
        raise InputError(
            f"account is {value!r}, {_word(value)} and not a string: YAML reads an unquoted number as a number and drops or converts its "
            "leading zeros, which belong to the account. Put it in quotes."
        )
    account = value.strip()
    if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z_.-]*", account):
        raise InputError(f'account {value!r} is not an account name: letters, digits and dashes only, such as "0402196254-00001".')
    return account


def api_url_of(value: str) -> str:
    """The root of all paths, in the one spelling that all spellings of it have in common. Raises InputError for what is no plain HTTP address."""
    try:
        parts = urllib.parse.urlsplit(value.strip())
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
        # Python before 3.11 takes anything in brackets for a host.
        usable = usable and ("[" not in parts.netloc or ":" in (parts.hostname or ""))
    except ValueError:
        usable = False
    # Behind a backslash programs do not agree which host is meant.
    if not usable or parts.query or parts.fragment or re.search(r"[\s\x00-\x1f\\]", value.strip()):
        raise InputError(f"api_url must look like {DEFAULT_API_URL}: http or https, a host and a path.")
    if "@" in parts.netloc:
        raise InputError("api_url must not hold a user name or a password: the tokens have options of their own.")
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = "" if parts.port in (None, {"http": 80, "https": 443}[parts.scheme]) else f":{parts.port}"
    path = re.sub(r"/+", "/", parts.path).rstrip("/")
    return f"{parts.scheme}://{host}{port}{path}"


def is_private(api_url: str) -> bool:
    """Whether what is sent there stays unread on its way: TLS, or this very machine."""
    return urllib.parse.urlsplit(api_url).scheme == "https" or is_loopback(api_url)


def is_loopback(api_url: str) -> bool:
    """Whether it is this very machine."""
    host = urllib.parse.urlsplit(api_url).hostname or ""
    return host in ("localhost", "::1") or re.fullmatch(r"127(\.[0-9]{1,3}){3}", host) is not None


def header_value(value: str | None, option: str, kind: t.Literal["access_token", "session_token"], remedy: str) -> str:
    """A token that may stand in a header. The message never shows the value."""
    if value is None or not value.strip():
        raise ThingSpaceError(f"{option} is missing: {remedy}", kind)
    if not re.fullmatch(r"[\x21-\x7e]+", value.strip()):
        raise InputError(f"{option} holds blanks, line breaks or characters that no header may hold: it is not a token.")
    return value.strip()


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
                f"{option} is {_word(value)} and not a string: YAML may have made another value of it (leading zeros, octal, yes), and "
                "refused logins lock the user. Put it in quotes."
            )
        if re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", value):
            raise InputError(f"{option} holds a line break, another control character or bytes that are no text: check where it comes from.")
    if ":" in params["app_key"]:
        raise InputError("app_key holds a colon, which separates key and secret on their way to the service: check that it is the key alone.")
    return {option: str(params[option]) for option in options}


def _word(value: object) -> str:
    """What a value is that is no string. Not the name of its type: on the controller ansible-core has types of its own."""
    return "a boolean" if isinstance(value, bool) else "a number" if isinstance(value, (int, float)) else "a list or a dictionary"


def check_range(params: t.Mapping[str, t.Any], option: str, least: float, most: float | None = None) -> None:
    """Raise InputError if a number is given that lies outside its range."""
    value = params.get(option)
    if value is None or (value >= least and (most is None or value <= most)):
        return
    raise InputError(f"{option} is {value:g} and must be {f'at least {least:g}' if most is None else f'from {least:g} to {most:g}'}.")
