# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The one family of errors: everything that a task can fail with, told apart by ``kind``."""

from __future__ import annotations

import traceback
import typing as t

from ._text import one_line

Kind = t.Literal[
    "input",
    "rail",
    "state",
    "rejected",
    "not_visible",
    "access_token",
    "session_token",
    "not_found",
    "forbidden",
    "login",
    "timeout",
    "interrupted",
    "dependency",
    "service",
    "unreachable",
    "internal",
]
Error = t.TypeVar("Error", bound="ThingSpaceError")
_LONGEST = 300


class ThingSpaceError(Exception):
    """A failure with a sentence for people and a ``kind`` for playbooks.

    ``status`` is the HTTP status and ``code`` the service's own error code, where an answer came; ``detail`` is the
    service's own message (``message`` of the returned error), the sentence itself where the service said nothing.
    """

    def __init__(self, message: str, kind: Kind, *, status: int | None = None, code: str | None = None, detail: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.kind: Kind = kind
        self.status = status
        self.code = code
        self.detail = detail
        # What was done before it, where a task can do things half.
        self.done: str | None = None
        # The traceback of a mistake of ours.
        self.exception: str | None = None

    def reworded(self: Error, message: str) -> Error:
        """The same failure in another sentence: what was raised stays as it is, for whoever has it already."""
        return self._like(message=message)

    def after(self: Error, done: str) -> Error:
        """The same failure, which also tells what was done before it."""
        return self._like(done=done)

    def _like(self: Error, **changes: str) -> Error:
        other = type(self).__new__(type(self), *self.args)
        other.__dict__.update(self.__dict__, **changes)
        return other

    @property
    def sentence(self) -> str:
        """The ``msg`` of a failed task."""
        return f"{self.message} ({self.done})" if self.done else self.message

    def as_dict(self) -> dict[str, str | int | None]:
        """The ``error`` of a failed task."""
        return {"kind": self.kind, "status": self.status, "code": self.code, "message": self.detail or self.message}


class InternalError(ThingSpaceError):
    """A mistake of ours, with its traceback: nothing that a user or the service could mend."""

    def __init__(self, mistake: Exception) -> None:
        said = one_line(str(mistake))[:_LONGEST]
        super().__init__(f"A mistake in this collection, please report it: {type(mistake).__name__}{f': {said}' if said else ''}.", "internal")
        self.exception = "".join(traceback.format_exception(type(mistake), mistake, mistake.__traceback__))


class InputError(ThingSpaceError):
    """What the user gave cannot be meant. Raised before any write."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "input")


class RailError(ThingSpaceError):
    """Writes that a guardrail forbids. None of them was sent; earlier ones of the run may have been."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "rail")


class StateError(ThingSpaceError):
    """The upgrade is not in a state in which the plan may be applied."""

    def __init__(self, message: str) -> None:
        super().__init__(message, "state")


def failure_of(work: t.Callable[[], object]) -> ThingSpaceError | None:
    """What the work fails with, None if it does not: a mistake of ours must not swallow what is known to have landed before it."""
    try:
        work()
    except ThingSpaceError as error:
        return error
    except Exception as mistake:
        return InternalError(mistake)
    return None


def not_known(failure: Error, what: str, unread: ThingSpaceError) -> Error:
    """The failure of a write of which nobody knows what became: its answer was lost, and so was the read that was to tell.

    Args:
        what: what may have happened, such as "the upgrade was cancelled".
        unread: what the read failed with. That the task was stopped, or that a token is over, outweighs what was lost before.
    """
    said = f"{failure.message.rstrip('.')}. Whether {what} is not known, since it could not be read again: {unread.message}"
    return failure._like(message=said, kind=unread.kind if unread.kind in ("interrupted", "access_token", "session_token") else failure.kind)


class UnsettledError(ThingSpaceError):
    """A request after which the caller cannot know what the service did, or must not hurry to ask again.

    ``carried_out`` is False where the request was surely not sent, as there was no connection, None where only reading can
    tell. ``retry_after`` is the pause in seconds that the service asked for.
    """

    def __init__(
        self,
        message: str,
        kind: Kind,
        *,
        carried_out: bool | None,
        retry_after: float | None = None,
        status: int | None = None,
        code: str | None = None,
        detail: str | None = None,
    ) -> None:
        super().__init__(message, kind, status=status, code=code, detail=detail)
        self.carried_out = carried_out
        self.retry_after = retry_after
