# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The two doors: OAuth bearer and session."""

from __future__ import annotations

import pytest
import requests
from support.simulator_client import ACCOUNT, UPGRADE, Client
from thingspace_simulator import Simulator

PATH = f"/upgrades/{ACCOUNT}/upgrade/{UPGRADE}"
EXPIRED = "UnifiedWebService.REQUEST_FAILED.SessionToken.Expired"


def ask_token(sim: Simulator, secret: str = "", grant: str = "client_credentials") -> requests.Response:
    owner = sim.credentials
    return requests.post(
        f"{sim.api_url}/ts/v1/oauth2/token",
        data={"grant_type": grant},
        auth=(owner.app_key, secret or owner.app_secret),
        timeout=5,
    )


def login(sim: Simulator, password: str = "") -> requests.Response:
    owner = sim.credentials
    return requests.post(
        f"{sim.api_url}/m2m/v1/session/login",
        json={"username": owner.username, "password": password or owner.password},
        headers={"Authorization": f"Bearer {sim.tokens()[0]}"},
        timeout=5,
    )


def test_the_bearer_stays_the_same_for_its_hour(sim: Simulator) -> None:
    first = ask_token(sim).json()
    sim.clock.advance(3000)
    second = ask_token(sim).json()
    assert first["access_token"] == second["access_token"]
    assert first["expires_in"] in (3599, 3600)
    assert 595 <= second["expires_in"] <= 600
    sim.clock.advance(601)
    assert ask_token(sim).json()["access_token"] != first["access_token"]


def test_refused_token_calls(sim: Simulator) -> None:
    wrong = ask_token(sim, "wrong")
    assert (wrong.status_code, wrong.json()["error"]) == (401, "invalid_client")
    assert ask_token(sim, grant="password").json()["error"] == "unsupported_grant_type"
    assert ask_token(sim, grant="").json()["error_description"] == "Missing grant_type parameter value"
    bare = requests.post(f"{sim.api_url}/ts/v1/oauth2/token", timeout=5)
    assert (bare.status_code, bare.json()["fault"]["code"]) == (401, "900902")


def test_a_revoked_bearer_is_over_for_everybody(sim: Simulator, client: Client) -> None:
    token = ask_token(sim).json()["access_token"]
    owner = sim.credentials
    answer = requests.post(
        f"{sim.api_url}/ts/v1/oauth2/revoke",
        data={"grant_type": "client_credentials", "token": token},
        auth=(owner.app_key, owner.app_secret),
        timeout=5,
    )
    assert (answer.status_code, answer.text) == (200, "")
    assert client.call("GET", PATH).json()["fault"]["code"] == "900901"


def test_both_headers_are_demanded(sim: Simulator, client: Client) -> None:
    session = client.http.headers.pop("VZ-M2M-Token")
    assert client.call("GET", PATH).json()["errorCode"].endswith("SessionToken.Format")
    client.http.headers["VZ-M2M-Token"] = "no guid"
    assert client.call("GET", PATH).json()["errorCode"].endswith("SessionToken.Invalid")
    client.http.headers["VZ-M2M-Token"] = session
    bearer = client.http.headers.pop("Authorization")
    missing = client.call("GET", PATH)
    assert (missing.status_code, missing.json()["fault"]["code"]) == (401, "900902")
    client.http.headers["Authorization"] = bearer
    assert client.call("GET", PATH).status_code == 200
    assert [(record.bearer, record.session) for record in sim.requests] == [
        ("right", "missing"),
        ("right", "wrong"),
        ("missing", "right"),
        ("right", "right"),
    ]


def test_a_session_dies_of_twenty_idle_minutes_only(sim: Simulator, client: Client) -> None:
    for dummy in range(2):
        sim.clock.advance(1190)
        assert client.call("GET", PATH).status_code == 200
    sim.clock.advance(1201)
    answer = client.call("GET", PATH)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, EXPIRED)
    assert sim.requests[-1].session == "expired"


@pytest.mark.parametrize(
    ("shape", "status", "text"),
    [
        ("uws_401", 401, EXPIRED),
        ("location", 400, "UWS verification failure (The Session has expired.)"),
        ("cloud_connector", 401, "Failure response received for UWS V1 REST accounts: [400]"),
    ],
)
def test_an_expired_session_has_four_shapes(sim: Simulator, client: Client, shape: str, status: int, text: str) -> None:
    sim.misbehave(expired_session=shape)
    sim.clock.advance(1201)
    answer = client.call("GET", PATH)
    assert answer.status_code == status
    assert text in answer.json().values()


def test_five_refused_logins_lock_the_user_for_good(sim: Simulator) -> None:
    for dummy in range(4):
        assert login(sim, "wrong").status_code == 400
    assert login(sim).status_code == 200  # four do not, and success forgets them
    for dummy in range(5):
        assert login(sim, "wrong").json()["errorCode"].endswith("Login.Invalid")
    sim.clock.advance(10**7)
    assert login(sim).json()["errorCode"].endswith("Login.Locked")
    assert len(sim.logins) == 11


def test_logout_ends_that_session_alone(sim: Simulator, client: Client) -> None:
    other = Client(sim)
    url = f"{sim.api_url}/m2m/v1/session/logout"
    assert client.http.post(url, timeout=5).json() == {"sessionToken": client.http.headers["VZ-M2M-Token"]}
    assert client.call("GET", PATH).json()["errorCode"] == EXPIRED
    assert other.call("GET", PATH).status_code == 200


def test_accounts_of_others_are_closed(client: Client) -> None:
    client.sim.load({"accounts": {ACCOUNT: {}, "0000000001-00001": {"accessible": False}, "1-1": {"active": False}}})
    client = Client(client.sim)
    codes = [client.call("GET", f"/firmware/{name}").json()["errorCode"] for name in ("0000000001-00001", "0000000002-00001")]
    assert codes == [
        "UnifiedWebService.REQUEST_FAILED.AccountName",
        "UnifiedWebService.REQUEST_FAILED.AccountNotFound",
    ]
    assert client.call("GET", "/firmware/a$b").json()["errorMessage"] == "Invalid account name format"
    assert client.call("GET", "/firmware/1-1").json()["errorMessage"] == "Inactive account"
    client.sim.misbehave(account_error="location")
    told = client.call("GET", "/firmware/404").json()["errorMessage"]
    assert told == "UWS verification failure (Could not find account 404)"


def test_paths_that_nobody_knows(sim: Simulator, client: Client) -> None:
    answer = client.call("GET", "/upgrade")
    assert (answer.status_code, answer.json()["fault"]["code"]) == (400, "900906")
    assert client.http.get(f"{sim.url}/fota/v1{PATH}", timeout=5).status_code == 404
