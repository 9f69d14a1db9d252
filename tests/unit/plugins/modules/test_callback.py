# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""``callback`` against the simulator over real sockets: one listener, its credentials unseen, lost answers settled."""

from __future__ import annotations

import base64
import json
import typing as t

import pytest
from support.run_module import run_module

if t.TYPE_CHECKING:
    from thingspace_simulator import Simulator

Result = dict[str, t.Any]
ACCOUNT = "0402196254-00001"
URL = "https://fota.example.com/new"
OLD = "https://old.example.com/fota"
USER, PASSWORD = "listener-user", "pa55-of-the-listener"
STORED: dict[str, t.Any] = {"username": "stored-user", "password": "stored-secret"}
GIVEN: dict[str, t.Any] = {"username": USER, "password": PASSWORD}


class Phone:
    """The listener of one account, and the task that works on it."""

    def __init__(self, sim: Simulator, **stored: str) -> None:
        sim.load({"accounts": {ACCOUNT: {"callbacks": {"Fota": stored} if stored else {}}}})
        self.sim = sim

    def run(self, check: bool = False, diff: bool = False, **options: t.Any) -> Result:
        access, session = self.sim.tokens()
        told = {"account": ACCOUNT, "access_token": access, "session_token": session, "api_url": self.sim.api_url, "retry_timeout": 2}
        result = run_module("callback", {**told, **options}, check=check, diff=diff)
        text = json.dumps(result)
        secrets = [access, session, PASSWORD, USER, *STORED.values(), *(str(options.get(name) or "-" * 99) for name in GIVEN)]
        assert not [secret for secret in secrets if secret in text]
        return result

    @property
    def stored(self) -> tuple[str, str, str] | None:
        found = self.sim.service.world.accounts[ACCOUNT].callbacks.get("Fota")
        return (found.url, found.username, found.password) if found else None

    @property
    def operations(self) -> str:
        return " ".join(record.operation for record in self.sim.requests)


@pytest.mark.parametrize("credentials", ["shown", "hidden"])
@pytest.mark.parametrize("given", [{}, GIVEN])
def test_check_change_again_undo_again(sim: Simulator, credentials: str, given: dict[str, t.Any]) -> None:
    phone = Phone(sim)
    sim.misbehave(callback_credentials=credentials)
    predicted = phone.run(url=URL, check=True, diff=True, **given)
    assert sim.writes == []
    sim.service.log.records.clear()
    done = phone.run(url=URL, diff=True, **given)
    assert phone.operations == "callbacks register callbacks"
    assert phone.stored == (URL, given.get("username", ""), given.get("password", ""))
    for result in (predicted, done):
        result.pop("requests")
        result.pop("invocation", None)
    assert predicted == done
    assert (done["changed"], done["url"], done["previous_url"]) == (True, URL, None)
    assert done["changed_fields"] == ["url", *given]
    assert done["diff"]["before"] == ""
    assert URL in done["diff"]["after"]
    again = phone.run(url=URL, diff=True, **given)
    assert (again["changed"], again["requests"], again["previous_url"]) == (False, 1, URL)
    assert again["diff"]["before"] == again["diff"]["after"]
    assert phone.run(state="absent", check=True)["changed"] is True
    assert phone.stored
    undone = phone.run(state="absent", diff=True)
    assert "deregister" in phone.operations
    assert (undone["changed"], undone["url"], undone["previous_url"]) == (True, None, URL)
    assert undone["diff"]["after"] == ""
    gone = phone.run(state="absent")
    assert (gone["changed"], gone["requests"]) == (False, 1)


def test_another_listener_is_replaced_and_the_diff_shows_it(sim: Simulator) -> None:
    phone = Phone(sim, url=OLD, **STORED)
    for check in (True, False):
        result = phone.run(url=URL, check=check, diff=True)
        assert (result["changed"], result["url"], result["previous_url"]) == (True, URL, OLD)
        assert result["diff"]["before"] == f"url: {OLD}\ncredentials: as registered\n"
        assert result["diff"]["after"] == f"url: {URL}\ncredentials: none\n"
        assert result["msg"] == f"The callback {OLD} is replaced by {URL}."
        assert (result["changed_fields"], "warnings" in result) == (["url", "username", "password"], False)
    # The credentials of the old listener do not go to the new one.
    assert phone.stored == (URL, "", "")


def test_credentials_that_may_go_unseen_are_warned_about_once(sim: Simulator) -> None:
    phone = Phone(sim, url=OLD, **STORED)
    sim.misbehave(callback_credentials="hidden")
    for check in (True, False):
        result = phone.run(url=URL, check=check)
        assert result["changed_fields"] == ["url"]
        assert len(result["warnings"]) == 1
        assert "does not tell" in result["warnings"][0]
    for declared in ({"url": URL}, {"url": OLD, "username": ""}, {"url": URL, **GIVEN}, {"url": OLD, **GIVEN}):
        assert "warnings" not in phone.run(**declared)


def test_what_may_be_secret_in_a_url_is_compared_and_not_shown(sim: Simulator) -> None:
    phone = Phone(sim, url=f"{OLD}?code=stored-secret;sig=stored-secret#stored-secret")
    first = phone.run(url=f"{URL};x={PASSWORD}?code={PASSWORD}", diff=True)
    assert (first["previous_url"], first["url"]) == (f"{OLD}?code=********;sig=********#********", f"{URL};x=********?code=********")
    assert phone.run(url=f"{URL};x={PASSWORD}?code={PASSWORD}")["changed"] is False
    # A difference that is blotted out is told in words.
    second = phone.run(url=f"{URL};x={PASSWORD}?code={USER}", diff=True)
    assert (second["changed"], phone.stored) == (True, (f"{URL};x={PASSWORD}?code={USER}", "", ""))
    assert second["diff"]["before"] != second["diff"]["after"]
    assert "another one in what is blotted out" in second["msg"]
    said = f"no {PASSWORD}, {URL};x={PASSWORD}?code={USER}"
    for on in ("POST /callbacks", "DELETE /callbacks"):
        sim.fault(on, do="status", status=400, body={"errorCode": "X", "errorMessage": said})
    assert phone.run(url=OLD)["failed"] is True
    assert phone.run(state="absent")["failed"] is True


@pytest.mark.parametrize("name", ["FOTA ", "fota"])
def test_a_listener_is_removed_by_the_name_that_was_read(sim: Simulator, name: str) -> None:
    phone = Phone(sim)
    sim.load({"accounts": {ACCOUNT: {"callbacks": {name: {"url": OLD}}}}})
    result = phone.run(state="absent")
    assert (result["failed"], result["changed"]) == (False, True)
    assert sim.service.world.accounts[ACCOUNT].callbacks == {}


def test_update_password(sim: Simulator) -> None:
    phone = Phone(sim, url=URL, username=USER, password="another")
    assert phone.run(url=URL, **GIVEN)["changed"] is False
    predicted = phone.run(url=URL, update_password="always", check=True, **GIVEN)
    assert predicted["changed_fields"] == ["password"]
    done = phone.run(url=URL, update_password="always", diff=True, **GIVEN)
    assert (done["changed"], phone.stored) == (True, (URL, USER, PASSWORD))
    assert done["diff"]["before"] != done["diff"]["after"]
    assert phone.run(url=URL, update_password="always", **GIVEN)["changed"] is False
    # A service that does not tell is told every time.
    sim.misbehave(callback_credentials="hidden")
    for _turn in range(2):
        assert phone.run(url=URL, update_password="always", **GIVEN)["changed"] is True
    assert phone.run(url=URL, **GIVEN)["changed"] is False


def test_another_user_is_a_change_where_the_service_tells_it(sim: Simulator) -> None:
    phone = Phone(sim, url=URL, **STORED)
    assert phone.run(url=URL)["changed"] is False
    result = phone.run(url=URL, **GIVEN)
    assert (result["changed"], result["changed_fields"], phone.stored) == (True, ["username"], (URL, USER, PASSWORD))
    assert result["msg"].endswith("registered again with other credentials.")
    assert phone.run(url=URL, username="")["changed"] is True
    assert phone.stored == (URL, "", "")
    assert phone.run(url=URL, username="")["changed"] is False


def test_the_listener_of_somebody_else_is_not_removed(sim: Simulator) -> None:
    phone = Phone(sim, url=OLD)
    assert phone.run(state="absent", url=URL)["changed"] is False
    assert phone.run(state="absent", url=OLD)["changed"] is True
    assert phone.stored is None


# -- lost answers and a service in trouble

LOST: list[dict[str, t.Any]] = [
    {"do": "drop_after"},
    {"do": "drop_before"},
    {"do": "status", "status": 503, "applied": True},
    {"do": "status", "status": 429},
    {"do": "status", "status": 429, "applied": True},
    {"do": "status", "status": 303, "applied": True},
    {"do": "garbled", "shape": "no_http", "text": "Tunnel connection failed: 502", "applied": True},
    {"do": "html", "status": 502},
    {"do": "html", "status": 200, "applied": True},
    {"do": "html", "status": 403, "applied": True},
    {"do": "status", "status": 409, "body": {}, "applied": True},
    {"do": "status", "status": 404, "body": ""},
    {"do": "truncated"},
]


@pytest.mark.parametrize("credentials", ["shown", "hidden"])
@pytest.mark.parametrize("fault", LOST)
def test_a_registration_without_an_answer_is_settled(sim: Simulator, fault: dict[str, t.Any], credentials: str) -> None:
    phone = Phone(sim, url=OLD, **STORED)
    sim.misbehave(callback_credentials=credentials)
    sim.fault("POST /callbacks", **fault)
    result = phone.run(url=URL, **GIVEN)
    assert (result["failed"], result["changed"], phone.stored) == (False, True, (URL, USER, PASSWORD))
    applied = fault["do"] in ("drop_after", "truncated") or fault.get("applied")
    assert len(sim.writes) == (1 if applied else 2)


@pytest.mark.parametrize("credentials", ["shown", "hidden"])
def test_a_lost_change_of_the_password_alone(sim: Simulator, credentials: str) -> None:
    phone = Phone(sim, url=URL, username=USER, password="another")
    sim.misbehave(callback_credentials=credentials)
    sim.fault("POST /callbacks", do="drop_after")
    result = phone.run(url=URL, update_password="always", **GIVEN)
    assert (result["failed"], result["changed"], phone.stored) == (False, True, (URL, USER, PASSWORD))
    assert len(sim.writes) == (1 if credentials == "shown" else 2)


@pytest.mark.parametrize("fault", LOST)
def test_a_removal_without_an_answer_is_settled(sim: Simulator, fault: dict[str, t.Any]) -> None:
    phone = Phone(sim, url=OLD)
    sim.fault("DELETE /callbacks", **fault)
    result = phone.run(state="absent")
    assert (result["failed"], result["changed"], phone.stored) == (False, True, None)


def test_a_listener_that_goes_meanwhile_is_fine(sim: Simulator) -> None:
    phone = Phone(sim, url=OLD)
    sim.fault("DELETE /callbacks", do="status", status=400, applied=True, body='{"errorCode": "X", "errorMessage": "Callback not registered"}')
    assert phone.run(state="absent")["failed"] is False


def test_a_refusal_names_no_secret(sim: Simulator) -> None:
    phone = Phone(sim, url=OLD, **STORED)
    said = f"cannot use {USER}/{PASSWORD} instead of {STORED['username']}/{STORED['password']}"
    for status in (400, 503):
        sim.fault("POST /callbacks", do="status", status=status, times=None, body=json.dumps({"errorCode": "X", "errorMessage": said}))
        result = phone.run(url=URL, retry_timeout=0, **GIVEN)
        assert (result["failed"], result["changed"], result["error"]["status"]) == (True, False, 400)
        assert result["url"] == OLD
        assert "cannot use" in result["msg"]


@pytest.mark.parametrize("password", [PASSWORD, "pa55>>of??the~~listener"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_refusal_names_no_secret_in_base64(sim: Simulator, encode: t.Callable[[bytes], bytes], password: str) -> None:
    phone = Phone(sim, url=OLD, **STORED)
    pairs = [(USER, password), tuple(STORED.values())]
    basic = [encode(":".join(pair).encode()).decode().rstrip("=") for pair in pairs]
    sim.fault("POST /callbacks", do="status", status=400, body={"errorCode": "X", "errorMessage": "bad auth Basic " + "==, ".join(basic)})
    result = phone.run(url=URL, username=USER, password=password)
    assert "bad auth" in result["msg"]
    assert not [text for text in basic if text in json.dumps(result)]


def test_a_failed_read_names_no_secret(sim: Simulator) -> None:
    phone = Phone(sim, url=OLD, **STORED)
    for nth in (1, 2):
        said = f"cannot marshal {' '.join(STORED.values())}"
        sim.fault("GET /callbacks", do="status", status=500, nth=nth, times=None, body={"errorCode": "X", "errorMessage": said})
        error = phone.run(url=URL, retry_timeout=0)["error"]
        assert (error["kind"], error["status"], error["code"]) == ("service", 500, "X")


def test_answers_that_quote_what_is_stored_stay_unseen(sim: Simulator) -> None:
    phone = Phone(sim, url=OLD, **STORED)
    for body in (json.dumps(STORED)[:-1], json.dumps(STORED) + "<html>", json.dumps([STORED["password"]])):
        sim.fault("GET /callbacks", do="status", status=200, body=body)
        assert phone.run(url=URL, retry_timeout=0)["failed"] is True
    assert sim.writes == []


def test_a_user_name_that_is_part_of_the_url_leaves_it_whole(sim: Simulator) -> None:
    access, session = sim.tokens()
    told = {"account": ACCOUNT, "access_token": access, "session_token": session, "api_url": sim.api_url}
    result = run_module("callback", {**told, "url": URL, "username": "fota", "password": "example"})
    assert (result["url"], result["name"]) == (URL, "Fota")
    assert '"example"' not in json.dumps(result)


@pytest.mark.parametrize("shape", ["uws", "uws_401", "location", "cloud_connector"])
def test_an_expired_session(sim: Simulator, shape: str) -> None:
    phone = Phone(sim, url=OLD)
    for on in ("GET /callbacks", "POST /callbacks"):
        sim.fault(on, do="expired_session", shape=shape)
        result = phone.run(url=URL, **GIVEN)
        assert (result["error"]["kind"], result["changed"]) == ("session_token", False)
    assert phone.stored == (OLD, "", "")


def test_an_answer_whose_read_back_fails_is_a_change(sim: Simulator) -> None:
    phone = Phone(sim, url=OLD)
    sim.fault("GET /callbacks", do="expired_session", nth=2)
    result = phone.run(url=URL)
    assert (result["failed"], result["changed"], result["url"], result["previous_url"]) == (True, True, URL, OLD)


@pytest.mark.parametrize(
    "fault",
    [{"do": "drop_after"}, {"do": "status", "status": 429}, {"do": "status", "status": 429, "applied": True}, {"do": "status", "status": 303, "applied": True}]
    + [{"do": "html", "status": 403, "applied": True}, {"do": "status", "status": 425, "body": "", "applied": True}],
)
def test_a_lost_answer_that_cannot_be_read_counts_as_changed(sim: Simulator, fault: dict[str, t.Any]) -> None:
    phone = Phone(sim, url=OLD)
    sim.fault("POST /callbacks", **fault)
    sim.fault("GET /callbacks", do="expired_session", nth=2)
    result = phone.run(url=URL)
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "session_token", True)
    assert "Whether the callback was changed is not known" in result["msg"]


ODD: list[dict[str, t.Any]] = [
    {"url": OLD},
    {"name": None, "url": OLD},
    {"name": " ", "url": OLD},
    {"name": 7, "url": OLD},
    {"Name": "Fota", "Url": OLD},
    {"name": "FotaService", "url": OLD},
    {"name": "FOTA v1", "url": OLD},
    {"name": "Fo-ta", "url": OLD},
]


@pytest.mark.parametrize("odd", ODD, ids=str)
@pytest.mark.parametrize("beside", [[], [{"name": "Other", "url": URL}]])
def test_a_listener_that_may_be_that_of_fota_is_not_taken_for_none(sim: Simulator, odd: dict[str, t.Any], beside: list[dict[str, t.Any]]) -> None:
    phone = Phone(sim, url=OLD)
    sim.fault("GET /callbacks", do="status", status=200, body=[*beside, odd], times=None)
    tasks: list[dict[str, t.Any]] = [{"state": "absent"}, {"state": "absent", "url": OLD}, {"url": URL}]
    for options in tasks:
        result = phone.run(**options)
        assert (result["failed"], result["error"]["kind"], result["changed"], sim.writes) == (True, "service", False, [])


@pytest.mark.parametrize("others", [[], None, [{"name": "Other", "url": URL}], [{"name": "Photo", "url": URL}]])
def test_listeners_of_other_services_are_none(sim: Simulator, others: object) -> None:
    phone = Phone(sim)
    sim.fault("GET /callbacks", do="status", status=200, body=json.dumps(others), times=None)
    assert phone.run(state="absent")["msg"] == "No callback is registered, unchanged."


# -- input


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ({}, "url is missing"),
        ({"url": "ftp://x"}, "https"),
        ({"url": "https://"}, "https"),
        ({"url": "https://x/ y"}, "https"),
        ({"url": f"https://{USER}:{PASSWORD}@x/"}, "user name"),
        ({"url": URL, "username": USER}, "go together"),
        ({"url": URL, "password": PASSWORD}, "go together"),
        ({"url": URL, "username": USER, "password": 123456789}, "quotes"),
        ({"url": URL, "account": 402196254}, "quotes"),
    ],
)
def test_input_that_cannot_be_meant_fails_before_any_request(sim: Simulator, options: dict[str, t.Any], text: str) -> None:
    access, session = sim.tokens()
    told = {"account": ACCOUNT, "access_token": access, "session_token": session, "api_url": sim.api_url}
    result = run_module("callback", {**told, **options})
    assert (result["failed"], result["error"]["kind"], result["changed"]) == (True, "input", False)
    assert text in result["msg"]
    assert PASSWORD not in json.dumps({name: value for name, value in result.items() if name != "invocation"})
    assert sim.requests == []


def test_a_listener_without_tls_is_warned_about(sim: Simulator) -> None:
    result = Phone(sim).run(url="http://fota.example.com/")
    assert any("not https" in warning for warning in result["warnings"])
