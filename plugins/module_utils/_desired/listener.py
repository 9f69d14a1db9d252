# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The declared listener of an account. Pure."""

from __future__ import annotations

import dataclasses
import typing as t

if t.TYPE_CHECKING:
    from .._api.model import Listener


@dataclasses.dataclass(frozen=True)
class DesiredListener:
    """The declared listener. Credentials that are None are not declared, empty ones are declared to be none."""

    listener: Listener
    always: bool

    def missing_in(self, found: Listener | None) -> tuple[str, ...]:
        """The fields in which what was read is another one, as far as the service tells."""
        wanted = self.listener
        if found is None:
            return tuple(name for name in ("url", "username", "password") if getattr(wanted, name))
        different = ["url"] if found.url != wanted.url else []
        if wanted.username is not None and self._differs(wanted.username, found.username):
            different.append("username")
        if wanted.password and self.always and found.password != wanted.password:
            different.append("password")
        # Whatever the reason, a registration drops what is there and not declared.
        dropped = [name for name in ("username", "password") if getattr(found, name) and not getattr(wanted, name)] if different else []
        return tuple(name for name in ("url", "username", "password") if name in different or name in dropped)

    def may_drop_unseen(self, found: Listener | None) -> bool:
        """Whether credentials that the service does not tell go with the URL, and nothing is declared about them."""
        return bool(found and found.url != self.listener.url and self.listener.username is None and found.username is None and found.password is None)

    def _differs(self, wanted: str, found: str | None) -> bool:
        if not found:
            # There is none, or the service does not tell.
            return bool(wanted) and self.always
        return found != wanted

    def shown_by(self, found: Listener | None, before: Listener | None) -> bool:
        """Whether what was read proves that a registration landed."""
        if found is None or found.url != self.listener.url:
            return False
        if before is None or before.url != found.url:
            return True
        return all((getattr(found, name) or "") == (getattr(self.listener, name) or "") for name in ("username", "password"))
