# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The session of what runs for long: how often it logs in, whatever happens to it."""

from __future__ import annotations

import typing as t

import pytest
from ansible_collections.thingspace.fota.plugins.module_utils._api.account import Account
from ansible_collections.thingspace.fota.plugins.module_utils._api.v1.upgrades import upgrades_by_status
from ansible_collections.thingspace.fota.plugins.module_utils._errors import ThingSpaceError, UnsettledError
from ansible_collections.thingspace.fota.plugins.plugin_utils._session.signed_in import SignedIn

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

ACCOUNT = "0402196254-00001"
BEARER, LOGIN, LOGOUT = "/ts/v1/oauth2/token", "/m2m/v1/session/login", "/m2m/v1/session/logout"


def signed_in(sim: Simulator, **more: t.Any) -> SignedIn:
    who = sim.credentials
    login = {"app_key": who.app_key, "app_secret": who.app_secret, "username": who.username, "password": who.password}
    tokens = {"access_token": None, "session_token": None}
    patience = {"timeout": 5, "retry_timeout": 0, "validate_certs": True, "ca_path": None}
    return SignedIn({"api_url": sim.api_url, **patience, **tokens, **login, **more}, lambda warning: None, clock=sim.clock.now)


def look(session: SignedIn) -> None:
    upgrades_by_status(Account(session.connector().authorized(), ACCOUNT), ["Queued"])


def paths(sim: Simulator, *wanted: str) -> list[str]:
    return [record.path for record in sim.requests if record.path in wanted]


def test_one_login_and_its_end(sim: Simulator) -> None:
    with signed_in(sim) as session:
        look(session)
        look(session)
    assert paths(sim, BEARER, LOGIN, LOGOUT) == [BEARER, LOGIN, LOGOUT]


def test_tokens_that_are_given_are_neither_got_nor_ended_nor_renewed(sim: Simulator) -> None:
    access_token, session_token = sim.tokens()
    before = len(sim.requests)
    with signed_in(sim, access_token=access_token, session_token=session_token, password="wrong") as session:
        look(session)
        refusal = ThingSpaceError("over", "session_token")
        with pytest.raises(ThingSpaceError) as caught:
            session.renew(refusal)
        assert caught.value is refusal
    assert [record.path for record in sim.requests[before:] if "/session/" in record.path or "oauth2" in record.path] == []


def test_one_token_alone_is_no_reason_to_log_in(sim: Simulator) -> None:
    with signed_in(sim, access_token="abc") as session, pytest.raises(ThingSpaceError) as caught:
        look(session)
    assert caught.value.kind == "session_token"
    assert sim.requests == []


def test_a_bearer_that_expired_is_followed_by_another_one_for_the_same_session(sim: Simulator) -> None:
    with signed_in(sim) as session:
        look(session)
        for _hour in range(5):
            # The bearer lives for an hour, a session for 20 minutes of silence.
            for _step in range(4):
                sim.clock.advance(900)
                try:
                    look(session)
                except ThingSpaceError as error:
                    session.renew(error)
                    look(session)
    assert paths(sim, LOGIN, LOGOUT) == [LOGIN, LOGOUT]
    assert len(paths(sim, BEARER)) == 6


REFUSED_BEARER = {"do": "status", "status": 401, "body": '{"fault": {"code": 900901, "message": "Invalid Credentials"}}'}


@pytest.mark.parametrize(
    ("fault", "logins", "bearers"),
    [({"do": "expired_session"}, 2, 2), ({"do": "expired_bearer"}, 1, 2), (REFUSED_BEARER, 2, 3)],
    ids=["session", "bearer", "a bearer that is handed out again"],
)
def test_what_died_is_renewed_and_no_more(sim: Simulator, fault: dict[str, t.Any], logins: int, bearers: int) -> None:
    with signed_in(sim) as session:
        look(session)
        sim.fault("GET /reports", **fault)
        with pytest.raises(ThingSpaceError) as caught:
            look(session)
        session.renew(caught.value)
        look(session)
    assert len(paths(sim, LOGIN)) == logins
    assert len(paths(sim, BEARER)) == bearers


def test_a_refused_login_is_final(sim: Simulator) -> None:
    with signed_in(sim, password="wrong") as session:
        for _try in range(8):
            with pytest.raises(ThingSpaceError) as caught:
                look(session)
            assert caught.value.kind == "login"
            assert "wrong" not in caught.value.sentence
            assert session.final
    assert paths(sim, LOGIN, LOGOUT) == [LOGIN]


@pytest.mark.parametrize(
    "fault",
    [{"do": "drop_after"}, {"do": "truncated"}, {"do": "status", "status": 429}, {"do": "status", "status": 503}, {"do": "interim"}]
    + [{"do": "status", "status": 200, "body": {"sessionToken": None}}, {"do": "redirect", "location": "http://127.0.0.1:1"}]
    + [{"do": "garbled", "shape": shape, "text": "Tunnel connection failed: 502", "applied": True} for shape in ("no_http", "reason", "chunk_size")],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
def test_a_login_that_may_have_been_sent_is_not_sent_again(sim: Simulator, fault: dict[str, t.Any]) -> None:
    sim.fault("POST /m2m/v1/session/login", times=None, **fault)
    with signed_in(sim) as session:
        for _try in range(8):
            with pytest.raises(ThingSpaceError) as caught:
                look(session)
            assert "not sent" not in caught.value.message.replace("not sent again", "")
        assert session.final
        assert session.login_sent
    assert len(paths(sim, LOGIN)) == 1


def test_a_login_that_was_never_sent_may_be_tried_for_ever(sim: Simulator) -> None:
    sim.fault("POST /ts/v1/oauth2/token", "status", times=8, status=503)
    with signed_in(sim) as session:
        for _try in range(8):
            with pytest.raises(ThingSpaceError):
                look(session)
            assert not session.final
        look(session)
    assert paths(sim, LOGIN, LOGOUT) == [LOGIN, LOGOUT]


def test_sessions_that_die_at_once_are_not_opened_for_ever(sim: Simulator) -> None:
    sim.fault("GET /reports", "expired_session", times=None)
    refused: list[UnsettledError] = []
    with signed_in(sim) as session:
        for _minute in range(180):
            try:
                look(session)
            except UnsettledError as error:
                refused.append(error)
            except ThingSpaceError as error:
                session.renew(error)
            sim.clock.advance(60)
        assert not session.final
    assert len(paths(sim, LOGIN)) == 3 * 6
    assert {error.kind for error in refused} == {"session_token"}
    assert all(0 < (error.retry_after or 0) <= 3600 for error in refused)
    assert "6 logins within an hour" in refused[0].sentence


def test_who_looks_seldom_may_log_in_each_time(sim: Simulator) -> None:
    with signed_in(sim) as session:
        for _look in range(9):
            # After a pause the bearer is dead, the session is dead, or both are.
            for _renewal in range(2):
                try:
                    look(session)
                except ThingSpaceError as error:
                    session.renew(error)
            look(session)
            sim.clock.advance(1260)
    assert len(paths(sim, LOGIN)) == 9
