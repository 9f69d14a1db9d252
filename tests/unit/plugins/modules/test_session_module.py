# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The module against the simulator: what it sends, how often, what it says, and what it must not say."""

from __future__ import annotations

import base64
import json
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._http.address import api_url_of
from support.run_module import run_module

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

TOKEN = ("POST", "/ts/v1/oauth2/token")
LOGIN = ("POST", "/m2m/v1/session/login")
LOGOUT = ("POST", "/m2m/v1/session/logout")
# Five characters that JSON, HTML, URLs and regular expressions write in another way.
HARD = 'a"b\\c&d+e%f/g ü(h'


def options(sim: Simulator, **more: t.Any) -> dict[str, t.Any]:
    who = sim.credentials
    given = {"app_key": who.app_key, "app_secret": who.app_secret, "username": who.username, "password": who.password}
    return {"api_url": sim.api_url, "retry_timeout": 0, "timeout": 5, **given, **more}


def asked(sim: Simulator) -> list[tuple[str, str]]:
    return [(record.method, record.path) for record in sim.requests]


def text_of(result: dict[str, t.Any]) -> str:
    return json.dumps(result, ensure_ascii=False)


@pytest.mark.parametrize("check", [False, True])
def test_a_login_makes_two_requests_and_no_change(sim: Simulator, check: bool) -> None:
    result = run_module("session", options(sim), check=check)
    assert result["failed"] is False
    assert result["changed"] is False
    assert asked(sim) == [TOKEN, LOGIN]
    assert result["requests"] == 2
    assert result["login_sent"] is True
    assert result["api_url"] == sim.api_url
    assert 3500 < result["expires_in"] <= 3600
    assert result["session_token"] in sim.service.auth.sessions
    assert result["access_token"] in sim.service.auth.bearers
    assert sim.requests[0].content_type == "application/x-www-form-urlencoded"
    assert (sim.requests[0].bearer, sim.requests[1].bearer) == ("basic", "right")
    assert len({record.connection for record in sim.requests}) == 1


def test_the_environment_gives_what_options_do_not(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    given = options(sim)
    for option in ("app_key", "app_secret", "username", "password", "api_url"):
        monkeypatch.setenv(f"THINGSPACE_{option.upper()}", given.pop(option))
    assert run_module("session", given)["session_token"] in sim.service.auth.sessions


def test_the_second_login_gets_the_same_bearer_whole(sim: Simulator) -> None:
    first, second = run_module("session", options(sim)), run_module("session", options(sim))
    assert first["access_token"] == second["access_token"]
    assert first["session_token"] != second["session_token"]


def test_a_short_secret_is_not_cut_out_of_the_tokens(sim: Simulator) -> None:
    bearer = run_module("session", options(sim))["access_token"]
    sim.credentials.app_secret, sim.credentials.password = bearer[3:5], "3"  # "3" is in expires_in and perhaps in the session token
    result = run_module("session", options(sim))
    assert result["access_token"] == bearer
    assert result["session_token"] in sim.service.auth.sessions
    assert isinstance(result["expires_in"], int)
    assert result.get("invocation", {}).get("module_args", {}).get("password") in (None, "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER")


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"app_key": None}, "app_key is missing for the login"),
        ({"app_key": "", "password": "  "}, "app_key, password are missing for the login"),
        ({"password": 12345678}, "password is a number and not a string"),
        ({"password": True}, "password is a boolean and"),
        ({"app_secret": 1.5}, "app_secret is a number and"),
        ({"username": ["a"]}, "username is a list or"),
        ({"password": "geh\teim"}, "password holds a line break, another control character"),
        ({"app_secret": "geheim\n"}, "app_secret holds a line break, another control character"),
        ({"password": "geh\u0085eim"}, "password holds a line break, another control character"),
        ({"app_key": "key:geheim"}, "app_key holds a colon"),
        ({"access_token": "geheim"}, "access_token and session_token are for state=absent"),
        ({"session_token": "geheim"}, "access_token and session_token are for state=absent"),
        ({"api_url": "service.example"}, "api_url must look like"),
        ({"timeout": 0}, "timeout is 0"),
        ({"state": "open"}, "value of state must be one of"),
        ({"pasword": "x"}, "Unsupported parameters"),
    ],
)
def test_bad_input_is_told_before_any_request(sim: Simulator, monkeypatch: pytest.MonkeyPatch, changes: dict[str, t.Any], says: str) -> None:
    monkeypatch.delenv("THINGSPACE_APP_KEY", raising=False)
    result = run_module("session", options(sim, **changes))
    assert result["failed"] is True
    assert says in result["msg"]
    assert result["error"]["kind"] == "input"
    assert sim.requests == []
    assert "eheim" not in text_of(result)
    assert "12345678" not in text_of(result)


def test_bytes_that_are_no_text_are_told(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINGSPACE_PASSWORD", "geheim\udcff")
    given = options(sim)
    del given["password"]
    result = run_module("session", given)
    assert "bytes that are no text" in result["msg"]
    assert "geheim" not in text_of(result)


def test_a_wrong_password_costs_one_try(sim: Simulator) -> None:
    result = run_module("session", options(sim, password="geheim", retry_timeout=60))
    assert asked(sim) == [TOKEN, LOGIN]
    assert result["failed"] is True
    assert result["login_sent"] is True
    assert (result["error"]["kind"], result["error"]["status"]) == ("login", 400)
    assert result["error"]["code"] in result["msg"]
    assert result["error"]["message"] in result["msg"]
    assert "five refusals in a row lock the user" in result["msg"]
    assert "geheim" not in text_of(result)


def test_a_wrong_app_secret_costs_no_try(sim: Simulator) -> None:
    result = run_module("session", options(sim, app_secret="geheim", retry_timeout=60))
    assert asked(sim) == [TOKEN]
    assert (result["error"]["kind"], result["error"]["code"], result["login_sent"]) == ("login", "invalid_client", False)
    assert "The login was not sent" in result["msg"]
    assert "geheim" not in text_of(result)


# fault, its arguments, the kind of the error, and what the message says
LOGIN_FAULTS: list[tuple[str, dict[str, t.Any], str, str]] = [
    ("drop_before", {}, "unreachable", "Whether the service carried it out is unknown"),
    ("drop_before", {"reset": True}, "unreachable", "Whether the service carried it out is unknown"),
    ("drop_after", {}, "unreachable", "Whether the service carried it out is unknown"),
    ("truncated", {}, "unreachable", "Whether the service carried it out is unknown"),
    ("slow", {"seconds": 2.0, "applied": True}, "unreachable", "Whether the service carried it out is unknown"),
    ("interim", {"status": 103}, "service", "Whether the service carried it out is unknown"),
    ("garbled", {"shape": "no_http", "text": "Tunnel connection failed: 502", "applied": True}, "unreachable", "Whether the service carried it out is unknown"),
    ("garbled", {"shape": "chunk_size", "text": "Connection refused", "applied": True}, "unreachable", "Whether the service carried it out is unknown"),
    ("status", {"status": 503, "applied": True}, "service", "Whether the service carried it out is unknown"),
    ("status", {"status": 429, "retry_after": 0}, "service", "Whether the service carried it out is unknown"),
    ("status", {"status": 409, "body": {}, "applied": True}, "login", "HTTP 409"),
    ("html", {"status": 401, "applied": True}, "login", "HTTP 401"),
    ("status", {"status": 408}, "service", "Whether the service carried it out is unknown"),
    ("status", {"status": 200, "body": {}}, "service", "without a session token"),
    ("status", {"status": 200, "body": {"sessionToken": "geh eim"}}, "service", "without a session token"),
    ("status", {"status": 200, "body": ["geheim"]}, "service", "without a session token"),
    ("status", {"status": 200, "body": {"sessionToken": "geheim" * 2000}}, "service", "without a session token"),
    ("status", {"status": 200, "body": "geheim"}, "service", "is not the JSON that was expected"),
    ("status", {"status": 200, "body": '{"sessionToken": "geheim'}, "service", "is not the JSON that was expected"),
    ("status", {"status": 200, "body": {"errorCode": "X.LOGIN", "errorMessage": "Not now."}}, "service", "X.LOGIN: Not now"),
    ("status", {"status": 423, "body": {"errorCode": "LOCKED", "errorMessage": "Locked."}}, "login", "LOCKED: Locked"),
    ("status", {"status": 403, "body": "no"}, "login", "HTTP 403 (no)"),
    ("html", {}, "service", "502 Bad Gateway"),
    ("xml_403", {}, "login", "HTTP 403"),
    ("redirect", {"location": "https://elsewhere.example/?token=geheim"}, "service", "redirected to https://elsewhere.example"),
    ("expired_bearer", {}, "access_token", "did not accept the access token"),
]


@pytest.mark.parametrize(("fault", "arguments", "kind", "says"), LOGIN_FAULTS)
def test_a_login_is_sent_once_whatever_comes_back(sim: Simulator, fault: str, arguments: dict[str, t.Any], kind: str, says: str) -> None:
    sim.fault("POST /session/login", fault, **arguments)
    result = run_module("session", options(sim, retry_timeout=60, timeout=1))
    assert asked(sim) == [TOKEN, LOGIN]
    assert result["failed"] is True
    assert result["error"]["kind"] == kind
    assert result["login_sent"] is True
    assert says in result["msg"]
    assert "sent again" in result["msg"] or "next try" in result["msg"]
    said = text_of(result)
    assert "geheim" not in said
    assert "geh eim" not in said
    assert not [secret for secret in sim.service.auth.secrets() if secret in said]


TOKEN_FAULTS: list[tuple[str, dict[str, t.Any], str, str]] = [
    ("drop_before", {}, "unreachable", "No whole answer"),
    ("truncated", {}, "unreachable", "No whole answer"),
    ("status", {"status": 503}, "service", "HTTP 503"),
    ("status", {"status": 429}, "service", "HTTP 429"),
    ("status", {"status": 200, "body": {"token": "geheim"}}, "service", "holds no access token"),
    ("status", {"status": 200, "body": '{"access_token": "geheim'}, "service", "is not the JSON that was expected"),
    ("status", {"status": 200, "body": "<html>geheim"}, "service", "is not the JSON that was expected"),
    ("status", {"status": 400, "body": {"fault": {"code": 900906, "message": "No matching resource"}}}, "service", "Check api_url"),
    ("status", {"status": 404, "body": "nothing here"}, "service", "Check api_url"),
    ("status", {"status": 400, "body": {"error": "invalid_request"}}, "login", "invalid_request"),
    ("xml_403", {}, "login", "HTTP 403"),
    ("redirect", {"location": "https://elsewhere.example/"}, "service", "redirected"),
]


@pytest.mark.parametrize(("fault", "arguments", "kind", "says"), TOKEN_FAULTS)
def test_without_a_bearer_no_login_is_sent(sim: Simulator, fault: str, arguments: dict[str, t.Any], kind: str, says: str) -> None:
    sim.fault("POST /oauth2/token", fault, times=None, **arguments)
    result = run_module("session", options(sim))
    assert asked(sim) == [TOKEN]
    assert (result["error"]["kind"], result["login_sent"]) == (kind, False)
    assert says in result["msg"]
    assert "The login was not sent" in result["msg"]
    assert "geheim" not in text_of(result)


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "status", "html", "truncated"])
def test_a_bearer_is_asked_for_again(sim: Simulator, fault: str) -> None:
    sim.fault("POST /oauth2/token", fault)
    result = run_module("session", options(sim, retry_timeout=30))
    assert asked(sim) == [TOKEN, TOKEN, LOGIN]
    assert result["failed"] is False
    assert result["requests"] == 3


def test_an_unreachable_service_got_nothing(sim: Simulator) -> None:
    given = options(sim)
    sim.stop()
    result = run_module("session", given)
    assert (result["error"]["kind"], result["login_sent"]) == ("unreachable", False)
    assert "The login was not sent" in result["msg"]


@pytest.mark.parametrize("on", ["POST /oauth2/token", "POST /session/login"])
@pytest.mark.parametrize("status", [400, 503])
def test_a_service_that_echoes_secrets_is_censored(sim: Simulator, on: str, status: int) -> None:
    sim.credentials.app_secret = sim.credentials.password = HARD
    basic = base64.b64encode(f"{sim.credentials.app_key}:{HARD}".encode()).decode()
    bearer, dummy = sim.tokens()
    echo = {"errorCode": f"C{HARD}", "errorMessage": f"Bad: {HARD}, Basic {basic}, Bearer {bearer}"}
    sim.fault(on, "status", times=None, status=status, body=echo)
    result = run_module("session", options(sim))
    said = text_of(result)
    assert "********" in result["error"]["message"]
    for secret in (HARD, json.dumps(HARD)[1:-1], basic, bearer if "login" in on else basic):
        assert secret not in said
        assert secret[:9] not in said


def test_half_a_secret_at_the_end_of_a_long_message_is_censored(sim: Simulator) -> None:
    password = sim.credentials.password
    body = {"errorCode": "X", "errorMessage": "x" * 290 + password}
    sim.fault("POST /session/login", "status", status=400, body=body)
    said = text_of(run_module("session", options(sim)))
    assert "xxx***" in said
    assert "x" + password[:3] not in said


def test_a_logout_ends_the_session_and_leaves_the_bearer(sim: Simulator) -> None:
    access_token, session_token = sim.tokens()
    given = {"state": "absent", "api_url": sim.api_url, "access_token": access_token, "session_token": session_token}
    for message in ("The session is ended.", "The session was over already."):
        result = run_module("session", given, check=True)
        assert result["failed"] is False
        assert (result["changed"], result["requests"], result["msg"]) == (False, 1, message)
    assert asked(sim) == [LOGOUT, LOGOUT]
    assert session_token not in sim.service.auth.sessions
    assert sim.service.auth.current_bearer().token == access_token


@pytest.mark.parametrize("shape", ["uws", "uws_401", "location", "cloud_connector"])
def test_a_session_that_died_is_ended_whatever_the_service_calls_it(sim: Simulator, shape: str) -> None:
    access_token, session_token = sim.tokens()
    sim.misbehave(expired_session=shape)
    sim.clock.advance(1300)
    result = run_module("session", {"state": "absent", "api_url": sim.api_url, "access_token": access_token, "session_token": session_token})
    assert result["failed"] is False
    assert result["msg"] == "The session was over already."


def test_a_session_token_that_is_none_is_no_session_that_is_over(sim: Simulator) -> None:
    given = {"state": "absent", "api_url": sim.api_url, "access_token": sim.tokens()[0], "session_token": "mistyped"}
    result = run_module("session", given)
    assert (result["failed"], result["error"]["kind"]) == (True, "session_token")
    assert "nothing was ended" in result["msg"]


def test_a_logout_that_cannot_end_the_session_is_a_failure(sim: Simulator) -> None:
    access_token, session_token = sim.tokens()
    wrong = run_module("session", {"state": "absent", "api_url": sim.api_url, "access_token": "wrong", "session_token": session_token})
    sim.clock.advance(3700)
    expired = run_module("session", {"state": "absent", "api_url": sim.api_url, "access_token": access_token, "session_token": session_token})
    for result in (wrong, expired):
        assert (result["failed"], result["error"]["kind"]) == (True, "access_token")
        assert "ends by itself" in result["msg"]


def test_another_protocol_behind_the_port_is_told_at_once(sim: Simulator) -> None:
    result = run_module("session", options(sim, api_url=sim.api_url.replace("http://", "https://"), retry_timeout=30))
    assert result["error"]["kind"] == "unreachable"
    assert "No TLS connection" in result["msg"]


def test_a_ca_path_that_is_not_there_sends_nothing(sim: Simulator) -> None:
    result = run_module("session", options(sim, api_url="https://127.0.0.1:9/api", ca_path="/nonexistent"))
    assert (result["error"]["kind"], result["requests"]) == ("input", 0)


@pytest.mark.parametrize("odd", ["a pipe", "a device", "a large file"])
@pytest.mark.parametrize("variable", [None, "REQUESTS_CA_BUNDLE"])
def test_a_ca_that_nobody_should_read_is_refused(sim: Simulator, tmp_path: Path, odd: str, variable: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "ca"
    if odd == "a pipe":
        os.mkfifo(path)
    elif odd == "a device":
        path.symlink_to("/dev/zero")
    else:
        path.touch()
        os.truncate(path, 10_000_001)
    # Where somebody listens, for a CA is looked at late.
    given = {"api_url": sim.api_url.replace("http://", "https://")} | ({} if variable else {"ca_path": str(path)})
    if variable:
        monkeypatch.setenv(variable, str(path))
    result = run_module("session", options(sim, **given))
    assert (result["error"]["kind"], result["requests"], result["login_sent"]) == ("input", 0, False)
    assert f"{path}, has to be a file of at most 10 MB, or a folder" in result["msg"]


@pytest.mark.parametrize(
    ("spelled", "told"),
    [
        ("HTTPS://Thingspace.Verizon.COM:443//api//", "https://thingspace.verizon.com/api"),
        ("http://[::1]:80/api", "http://[::1]/api"),
        ("http://127.0.0.1:18080/API", "http://127.0.0.1:18080/API"),
    ],
)
def test_all_spellings_of_an_address_are_one(spelled: str, told: str) -> None:
    assert api_url_of(spelled) == told


@pytest.mark.parametrize(("fault", "kind"), [("drop_before", "unreachable"), ("status", "service"), ("html", "service"), ("redirect", "service")])
def test_a_logout_that_fails_says_so(sim: Simulator, fault: str, kind: str) -> None:
    access_token, session_token = sim.tokens()
    sim.fault("POST /session/logout", fault)
    result = run_module("session", {"state": "absent", "api_url": sim.api_url, "access_token": access_token, "session_token": session_token})
    assert result["failed"] is True
    assert result["error"]["kind"] == kind
    assert "ends by itself after 20 minutes" in result["msg"]
    assert access_token not in text_of(result)
    assert session_token not in text_of(result)
    assert asked(sim) == [LOGOUT]


@pytest.mark.parametrize(
    ("tokens", "kind"),
    [
        ({}, "access_token"),
        ({"session_token": "b"}, "access_token"),
        ({"access_token": "a", "m2m_token": ""}, "session_token"),
        ({"access_token": "a\nb", "session_token": "b"}, "input"),
    ],
)
def test_a_logout_needs_both_tokens(sim: Simulator, monkeypatch: pytest.MonkeyPatch, tokens: dict[str, str], kind: str) -> None:
    # Its tokens have no environment: what the service hands out again within the hour would come back censored from the next login.
    monkeypatch.setenv("THINGSPACE_ACCESS_TOKEN", "a")
    monkeypatch.setenv("THINGSPACE_SESSION_TOKEN", "b")
    result = run_module("session", {"state": "absent", "api_url": sim.api_url, **tokens})
    assert result["error"]["kind"] == kind
    assert sim.requests == []


def test_tokens_of_the_environment_are_no_matter_of_a_login(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THINGSPACE_ACCESS_TOKEN", "a")
    monkeypatch.setenv("THINGSPACE_SESSION_TOKEN", "b")
    assert run_module("session", options(sim))["failed"] is False
