# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""No option leads a request elsewhere than where it is meant to go. Asserted on what arrives, for every option of every module."""

from __future__ import annotations

import importlib
import json
import re
import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils import _clock as waiter
from support.checkout import ROOT
from support.run_module import run_module
from test_modules import MODULES, UPGRADE
from test_secrets import OPTIONS, A, B

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

pytestmark = pytest.mark.slow
ACCOUNT = "0402196254-00001"
HOSTILE = [
    *("../../licenses", "..%2f..%2flicenses", "\uff0e\uff0e\uff0flicenses", "..", ".", "x/../../licenses", f"{UPGRADE}/../../licenses"),
    *("x?index=0", "x#y", "x;y", "x\r\nX-Injected: 1", "x%0d%0aX-Injected: 1", "x\nX-Injected: 1", "\x00", "//other.example/"),
    *(r"\\other.example", "http://other.example/", "{{ lookup('pipe', 'id') }}", "x@other.example", "990003425730535/../x", "\u0661" * 15),
]
HEADERS = {"accept", "accept-encoding", "authorization", "connection", "content-length", "content-type", "host", "user-agent", "vz-m2m-token"}
# Of these nothing but one form can be meant: they are refused before any request.
STRICT = {"account", "upgrade_id", "devices", "cancellation_candidates"}
# These are whatever the service makes them, and become headers.
TOKENS = {"access_token", "session_token"}
Spec = dict[str, dict[str, t.Any]]


def spec_of(module: str) -> Spec:
    """The options of a module as it hands them to ansible-core."""
    found: list[Spec] = []
    code = importlib.import_module(f"ansible_collections.thingspace.fota.plugins.modules.{module}")

    def note(spec: Spec, *rest: t.Any, **more: t.Any) -> None:
        found.append(spec)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ansible_collections.thingspace.fota.plugins.module_utils._ansible.module.run", note)
        if hasattr(code, "run"):
            patch.setattr(code, "run", note)
        code.main()
    return found[0]


def spots(spec: Spec, base: dict[str, t.Any], value: str) -> t.Iterator[tuple[str, dict[str, t.Any]]]:
    """Every option that takes text, with the options of a task in which it has this value."""
    for name, what in spec.items():
        if "options" in what:
            for index, entry in enumerate(base[name]):
                for inner, changed in spots(what["options"], entry, value):
                    yield inner, {**base, name: [*base[name][:index], changed, *base[name][index + 1 :]]}
        elif what.get("type", "str") in ("str", "raw", "path") and name != "api_url":
            yield name, {**base, name: value}
        elif what.get("elements") == "str":
            yield name, {**base, name: [value]}


def tasks_of(sim: Simulator, module: str) -> list[dict[str, t.Any]]:
    access, session = sim.tokens()
    where = {"api_url": sim.api_url, "retry_timeout": 0}
    tokens = {"access_token": access, "session_token": session}
    if module == "session":
        known = sim.credentials
        login = {"app_key": known.app_key, "app_secret": known.app_secret, "username": known.username, "password": known.password}
        return [{**where, **login}, {**where, **tokens, "state": "absent"}]
    return [{**where, **tokens, "account": ACCOUNT, **options} for options in OPTIONS[module]]


@pytest.mark.parametrize("value", HOSTILE, ids=ascii)
@pytest.mark.parametrize("module", MODULES)
def test_no_option_changes_where_a_request_goes(sim: Simulator, monkeypatch: pytest.MonkeyPatch, module: str, value: str) -> None:
    monkeypatch.setattr(waiter, "FIRST_PAUSE", 0.001)
    sim.load({"accounts": {ACCOUNT: {"devices": [A, B], "licenses": [A]}}, "upgrades": [{"account": ACCOUNT, "upgrade_id": UPGRADE, "devices": [A]}]})
    spec, tried = spec_of(module), set()
    for base in tasks_of(sim, module):
        for name, options in spots(spec, base, value):
            before = len(sim.requests)
            result = run_module(module, options, check=name not in STRICT and module != "session")
            sent = sim.requests[before:]
            tried.add(name)
            assert "Traceback" not in json.dumps(result)
            # Of a cancellation the devices do not matter.
            strict = (
                name in STRICT
                and (module, name, base.get("state")) != ("upgrade", "devices", "absent")
                or (name in TOKENS and not re.fullmatch(r"[\x21-\x7e]+", value))
            )
            assert not (strict and sent), (name, options, [record.path for record in sent])
            for record in sent:
                # A path that the simulator knows, with our account and nothing quoted in it, and no other query than ours.
                assert record.operation, (name, record.path)
                assert record.path.startswith("/fota/v1/") is (module != "session")
                assert re.fullmatch(r"[/0-9A-Za-z._-]+", record.path), (name, record.path)
                assert ".." not in record.path.split("/")
                assert record.path == "/fota/v1/upgrades" or module == "session" or f"/{ACCOUNT}" in record.path
                assert record.query in ("", "clientType=OMADM", "clientType=LWM2M")
                assert set(record.header_names) <= HEADERS
    assert tried


@pytest.mark.parametrize(("cursor", "asked"), [("..", 1), (".", 1), ("", 1), ("\ud800", 1), ("../../licenses", 2), ("0?x=1", 2), ("0\r\nX: 1", 2)])
def test_what_the_service_names_leads_nowhere_either(sim: Simulator, cursor: str, asked: int) -> None:
    sim.load({"accounts": [ACCOUNT]})
    page = {"accountName": ACCOUNT, "hasMoreData": True, "lastSeenDeviceId": cursor, "deviceList": [{"deviceId": A}]}
    sim.fault("GET /devices", "status", status=200, body=page)
    result = run_module("device_info", tasks_of(sim, "device_info")[0] | {"devices": [B], "include_history": False})
    assert result["error"]["kind"] == "service" or asked == 2
    assert len(sim.requests) == asked
    for record in sim.requests:
        assert record.path.count("/") == 6, record.path
        assert record.path.startswith(f"/fota/v1/devices/{ACCOUNT}/index/")
        assert (record.query, set(record.header_names) <= HEADERS) == ("", True)


WRONG_URLS = [
    *(
        "",
        "thingspace",
        "ftp://127.0.0.1/api",
        "file:///etc/passwd",
        "http://",
        "http:///api",
        "//127.0.0.1/api",
        "http://127.0.0.1:0/api",
        "http://127.0.0.1:99999/",
    ),
    *("http://me:secret@127.0.0.1/api", "http://me@127.0.0.1/api", "http://127.0.0.1/api?x=1", "http://127.0.0.1/api#x", "http://127.0.0.1/a pi"),
    *("http://127.0.0.1/\r\nX-Injected: 1", "http://127.0.0.1\\@other.example/", "http://other.example\\.localhost/", "http://[::1/api", "http://[other]/"),
]


@pytest.mark.parametrize("module", MODULES)
def test_an_api_url_that_is_no_plain_address_is_refused(sim: Simulator, module: str) -> None:
    sim.load({"accounts": [ACCOUNT]})
    for url in WRONG_URLS:
        for options in tasks_of(sim, module):
            result = run_module(module, {**options, "api_url": url})
            assert (result["error"]["kind"], result["requests"]) == ("input", 0), (url, result["msg"])
            assert "secret" not in result["msg"]
    assert sim.requests == []


@pytest.mark.parametrize("module", MODULES)
def test_no_module_follows_a_redirect(sim: Simulator, module: str) -> None:
    from thingspace_simulator import Simulator as Other

    with Other() as elsewhere:
        for number in range(len(tasks_of(sim, module))):
            sim.load({"accounts": [ACCOUNT]})
            sim.fault("* /", "redirect", times=None, location=f"{elsewhere.api_url}/fota/v1/firmware/{ACCOUNT}", status=307)
            result = run_module(module, tasks_of(sim, module)[number])
            assert "edirect" in result["msg"]
        assert elsewhere.requests == []


@pytest.mark.parametrize(
    ("url", "warned"),
    [
        ("http://thingspace.example/api", True),
        ("http://127.0.0.1.other.example", True),
        ("http://localhost.other.example", True),
        ("http://192.0.2.1", True),
        ("http://2130706433", True),
        ("http://[::ffff:192.0.2.1]", True),
        ("https://thingspace.example/api", False),
        ("http://127.8.0.1:1/api", False),
        ("http://LOCALHOST:1/api", False),
        ("http://[::1]:1/api", False),
    ],
)
@pytest.mark.parametrize("module", MODULES)
def test_no_tls_is_warned_of_except_on_this_machine(sim: Simulator, monkeypatch: pytest.MonkeyPatch, module: str, url: str, warned: bool) -> None:
    # Nothing leaves this machine: whatever is asked for is asked of a proxy that is not there.
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for options in tasks_of(sim, module):
        result = run_module(module, {**options, "api_url": url})
        assert result["error"]["kind"] == "unreachable" or (module == "session" and result["failed"]), result["msg"]
        assert sum("api_url" in warning and "not https" in warning for warning in result.get("warnings", [])) == warned


def test_nothing_opens_a_connection_but_the_connector_that_warns() -> None:
    """So what holds for the modules holds for the roles, the inventory plugin and the event source."""
    places = [path for folder in ("plugins", "extensions", "roles", "playbooks") for path in (ROOT / folder).rglob("*") if path.suffix in (".py", ".yml")]
    ours = [path for path in places if "thingspace_simulator" not in path.parts]
    opening = re.compile(
        r"\bTransport\(|^\s*(?:import|from) (?:requests|urllib3|urllib\.request|http\.client|socket|aiohttp|httpx)\b|open_url|fetch_url|builtin\.uri\b", re.M
    )
    found = {str(path.relative_to(ROOT)) for path in ours if opening.search(path.read_text(encoding="utf-8"))}
    # The sockets of _stop are a pair within the process, by which a signal wakes who waits.
    pair = "plugins/module_utils/_stop.py"
    assert found == {"plugins/module_utils/_ansible/connection.py", "plugins/module_utils/_http/transport.py", pair}
    assert set(re.findall(r"socket\.(\w+)\(|\.(connect\w*)\(", (ROOT / pair).read_text(encoding="utf-8"))) == {("socketpair", "")}
    assert len(ours) > 80


def test_the_proxies_of_the_environment_do_not_see_what_is_meant_for_this_machine(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    sim.load({"accounts": [ACCOUNT]})
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    assert run_module("firmware_info", tasks_of(sim, "firmware_info")[0])["failed"] is False
