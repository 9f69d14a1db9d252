# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What a run remembers of its logins: the rules by table, the files by processes that fight for them."""

from __future__ import annotations

import json
import multiprocessing
import os
import typing as t
from pathlib import Path

import pytest
from ansible_collections.thingspace.fota.plugins.plugin_utils._session import login_book, run_memory
from ansible_collections.thingspace.fota.plugins.plugin_utils._session.login_book import LoginBook, Who, hold

URL = "https://service.example/api"
ANNA = Who(URL, "key", "anna")
TOKENS = {"access_token": "bearer", "session_token": "session", "expires_in": 3600, "requests": 2, "login_sent": True, "changed": False}
INPUT = {"failed": True, "msg": "ca_path is not there.", "error": {"kind": "input", "message": "m"}, "requests": 0, "login_sent": False}
DEPENDENCY = {**INPUT, "error": {"kind": "dependency", "message": "m"}}
OPTIONS = {"failed": True, "msg": "Unsupported parameters", "error": {"kind": "input", "message": "m"}}
APPLICATION = {"failed": True, "msg": "Bad key.", "error": {"kind": "login", "code": "invalid_client"}, "requests": 1, "login_sent": False}
UNREACHABLE = {**APPLICATION, "msg": "No route.", "error": {"kind": "unreachable"}}
REFUSED = {"failed": True, "msg": "Bad password.", "error": {"kind": "login", "code": "X"}, "requests": 2, "login_sent": True}
LOST = {**REFUSED, "msg": "Lost.", "error": {"kind": "unreachable"}}
# A password such as "1" or "login" is cut out of what a module returns, wherever it stands.
GARBLED = {**REFUSED, "error": {"kind": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}, "requests": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}
GARBLED_INPUT = {**REFUSED, "error": {"kind": "input"}, "requests": "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"}
CRASHED = {"failed": True, "msg": "MODULE FAILURE", "rc": 1}
NO_PYTHON = {"failed": True, "msg": "Interpreter not found.", "module_stdout": "", "module_stderr": "not found", "rc": 127}
HALF = {"changed": False, "access_token": "bearer"}

OTHER_PASSWORD = ANNA
OTHER_CASE = Who(URL, "key", " Anna")
OTHER_KEY = Who(URL, "another key", "anna")
OTHER_USER = Who(URL, "key", "bert")
OTHER_SERVICE = Who("https://staging.example/api", "key", "anna")


def after(*results: dict[str, t.Any]) -> LoginBook:
    """A book after logins of anna, each through its own file, as it is with tasks."""
    book = LoginBook()
    for result in results:
        book = LoginBook(json.loads(json.dumps(book.pages)))
        book.send(ANNA)
        book = LoginBook(json.loads(json.dumps(book.pages)))
        book.learn(ANNA, result, 1000.0)
    return book


# what the first login brought, who comes next, and the beginning of what that one is told ("" for nothing: a login of its own)
TABLE = [
    (TOKENS, ANNA, "tokens"),
    (TOKENS, OTHER_CASE, ""),
    (TOKENS, OTHER_KEY, ""),
    (TOKENS, OTHER_USER, ""),
    (TOKENS, OTHER_SERVICE, ""),
    (INPUT, ANNA, ""),
    (DEPENDENCY, ANNA, ""),
    (OPTIONS, ANNA, ""),
    (APPLICATION, ANNA, "Bad key."),
    (APPLICATION, OTHER_USER, "Bad key."),
    (APPLICATION, OTHER_KEY, ""),
    (APPLICATION, OTHER_SERVICE, ""),
    (UNREACHABLE, ANNA, "No route."),
    (UNREACHABLE, OTHER_KEY, ""),
    (REFUSED, OTHER_PASSWORD, "Bad password."),
    (REFUSED, OTHER_CASE, "Bad password."),
    (REFUSED, OTHER_KEY, "Bad password."),
    (REFUSED, OTHER_USER, ""),
    (REFUSED, OTHER_SERVICE, ""),
    (LOST, ANNA, "Lost."),
    (LOST, OTHER_KEY, "Lost."),
    (GARBLED, ANNA, "Bad password."),
    (GARBLED_INPUT, ANNA, "Bad password."),
    (CRASHED, ANNA, "A login of anna was sent"),
    (CRASHED, OTHER_KEY, "A login of anna was sent"),
    (NO_PYTHON, ANNA, ""),
    ({**NO_PYTHON, "module_stdout": "{"}, ANNA, "A login of anna was sent"),
    (HALF, ANNA, "A login of anna was sent"),
]


@pytest.mark.parametrize(("first", "who", "told"), TABLE)
def test_who_is_told_what_after_a_login(first: dict[str, t.Any], who: Who, told: str) -> None:
    result = after(first).login(who, 1001.0)
    if told == "":
        assert result is None
        return
    assert result is not None
    assert (result["requests"], result["login_sent"], result["changed"]) == (0, False, False)
    if told == "tokens":
        assert (result["access_token"], result["session_token"], result["expires_in"]) == ("bearer", "session", 3599)
        assert "failed" not in result
    else:
        assert result["failed"] is True
        assert result["msg"].startswith(told)
        assert result["msg"].endswith("no request was made.")
        assert result["error"]["kind"]


def test_an_empty_book_knows_nothing() -> None:
    assert LoginBook().login(ANNA, 0.0) is None


def test_a_login_on_its_way_is_known_before_its_outcome() -> None:
    book = LoginBook()
    book.send(ANNA)
    result = book.login(OTHER_KEY, 0.0)
    assert result is not None
    assert result["error"]["kind"] == "unreachable"


def test_a_success_after_a_failure_that_sent_nothing_counts() -> None:
    result = after(INPUT, TOKENS).login(ANNA, 1000.0)
    assert result is not None
    assert result["session_token"] == "session"


def test_tokens_are_good_as_long_as_the_bearer() -> None:
    book = after(TOKENS)
    assert book.login(ANNA, 4599.0) is not None
    assert book.login(ANNA, 4600.0) is None


def test_a_bearer_without_an_end_is_good_for_the_run() -> None:
    result = after({**TOKENS, "expires_in": None}).login(ANNA, 10.0**9)
    assert result is not None
    assert result["expires_in"] is None


def test_a_forgotten_session_is_opened_anew() -> None:
    book = after(TOKENS)
    book.forget("another session")
    assert book.login(ANNA, 1000.0) is not None
    book.forget("session")
    assert book.login(ANNA, 1000.0) is None


ENDED = {"changed": False, "requests": 1, "msg": "The session is ended."}
NOT_ENDED = {"failed": True, "requests": 1, "msg": "No route.", "error": {"kind": "unreachable"}}


@pytest.mark.parametrize(
    ("result", "token", "since", "told"),
    [
        (ENDED, "session", 0.0, True),
        (ENDED, "session", 9999.0, True),
        (ENDED, "another", 0.0, False),
        (NOT_ENDED, "session", 999.0, True),  # waited while somebody else failed: the same answer is good for both
        (NOT_ENDED, "session", 1001.0, False),  # came later: a try of its own
    ],
)
def test_who_is_told_what_after_a_logout(result: dict[str, t.Any], token: str, since: float, told: bool) -> None:
    book = after(TOKENS)
    book.learn_logout("session", result, 1000.0)
    answer = LoginBook(json.loads(json.dumps(book.pages))).logout(token, since)
    assert (answer is not None) is told
    if answer:
        assert answer["requests"] == 0
        assert answer["msg"] == result["msg"]
        assert answer.get("failed", False) is result.get("failed", False)


def test_a_session_token_that_comes_again_is_open_again() -> None:
    book = after(TOKENS)
    book.learn_logout("session", ENDED, 1000.0)
    book.send(ANNA)
    book.learn(ANNA, TOKENS, 1000.0)
    assert book.logout("session", 0.0) is None


def test_a_session_that_is_kept_apart_is_nobody_elses_and_in_nobodys_way() -> None:
    book = LoginBook()
    book.send(ANNA)
    book.keep_apart(ANNA)
    assert book.login(ANNA, 0.0) is None
    book = after(REFUSED)
    book.keep_apart(OTHER_USER)
    assert book.login(ANNA, 0.0) is not None


def test_an_ended_session_is_remembered_without_its_token() -> None:
    book = after(TOKENS)
    book.forget("session")
    book.learn_logout("session", ENDED, 1000.0)
    assert '"session"' not in json.dumps(book.pages)


def test_no_file_holds_the_book(tmp_path: Path) -> None:
    with hold(tmp_path) as held:
        held.write(after(TOKENS))
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("thingspace_fota_logins.lock", b"")]


def test_a_book_in_a_file_is_one_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(login_book, "_MEMORY", None)
    os.mkfifo(tmp_path / "thingspace_fota_logins.json")
    with hold(tmp_path) as held, pytest.raises(OSError, match="a pipe"):
        held.read()


def test_runs_have_books_of_their_own(tmp_path: Path) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    for folder, result in zip(folders, (TOKENS, REFUSED), strict=True):
        with hold(folder) as held:
            assert held.read().login(ANNA, 1000.0) is None
            held.write(after(result))
    for folder, failed in zip(folders, (None, True), strict=True):
        with hold(folder) as held:
            known = held.read().login(ANNA, 1000.0)
            assert known is not None
            assert known.get("failed") is failed


@pytest.fixture(params=["memory", "file"])
def _kept(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the memory that processes share, and where there is none, in a file."""
    if request.param == "file":
        monkeypatch.setattr(login_book, "_MEMORY", None)


def test_a_worker_has_no_memory_to_share() -> None:
    """It would remember the login of one host and of no other."""
    queue: multiprocessing.SimpleQueue[bool] = multiprocessing.get_context("fork").SimpleQueue()
    process = multiprocessing.get_context("fork").Process(target=lambda: queue.put(run_memory.shared() is None))
    process.start()
    assert queue.get()
    process.join()
    assert run_memory.shared() is not None


def test_a_memory_that_is_too_small_is_an_error_and_keeps_what_it_has() -> None:
    memory = run_memory.RunMemory()
    memory.write("ü" * 1000)
    with pytest.raises(ValueError, match="can remember"):
        memory.write("x" * (1 << 20) + "x")
    assert memory.read() == "ü" * 1000
    memory.write("shorter")
    assert memory.read() == "shorter"


@pytest.mark.usefixtures("_kept")
def test_what_is_written_is_read(tmp_path: Path) -> None:
    with hold(tmp_path) as held:
        assert held.read().login(ANNA, 1000.0) is None
        held.write(after(TOKENS))
    with hold(tmp_path) as held:
        assert held.read().login(ANNA, 1000.0) is not None


def _write_and_die_half_way(memory: run_memory.RunMemory) -> None:
    # The text of the other slot is there, and the byte that makes it count is not.
    start = 1 + (1 - memory._map[0]) * run_memory._SLOT
    memory._map[start : start + 20] = b"x" * 20
    os._exit(9)


def test_a_write_that_was_killed_half_way_is_in_nobodys_way() -> None:
    memory = run_memory.RunMemory()
    memory.write("before")
    process = multiprocessing.get_context("fork").Process(target=_write_and_die_half_way, args=(memory,))
    process.start()
    process.join(30)
    assert memory.read() == "before"
    memory.write("after")
    assert memory.read() == "after"


def _one_login(folder: Path, log: Path) -> None:
    with hold(folder) as held:
        book = held.read()
        if book.login(ANNA, 0.0) is None:
            book.send(ANNA)
            held.write(book)
            with log.open("a") as file:
                file.write("login\n")
            book.learn(ANNA, REFUSED, 0.0)
            held.write(book)


@pytest.mark.usefixtures("_kept")
def test_processes_wait_for_each_other(tmp_path: Path) -> None:
    fork = multiprocessing.get_context("fork")
    log = tmp_path / "log"
    processes = [fork.Process(target=_one_login, args=(tmp_path, log)) for dummy in range(12)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(30)
    assert [process.exitcode for process in processes] == [0] * 12
    assert log.read_text() == "login\n"


def _hold_and_die(folder: Path) -> None:
    with hold(folder) as held:
        book = held.read()
        book.send(ANNA)
        held.write(book)
        os._exit(9)


@pytest.mark.usefixtures("_kept")
def test_a_killed_holder_lets_go_and_leaves_its_word(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=_hold_and_die, args=(tmp_path,))
    process.start()
    process.join(30)
    with hold(tmp_path) as held:
        result = held.read().login(ANNA, 0.0)
    assert result is not None
    assert "ended without an outcome" in result["msg"]
