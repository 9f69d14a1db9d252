# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What an ansible-playbook run remembers of a request that makes something, and of which nobody knows what became of it.

A later task of the same run, for the next host or as a retry, would look too early, find nothing and send it again. So the request is noted before
it is sent, in the folder of the run, where the lease of the module lies. What ends a module half way leaves the note behind. A module that has no
lease, as it runs on another machine or as another user, keeps none.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib

from .._errors import StateError
from .._stop import LEASE


class SentNote:
    """The note of one request.

    Args:
        what: what it makes, and where.
    """

    def __init__(self, *what: str) -> None:
        lease = os.environ.get(LEASE)
        name = hashlib.sha256(json.dumps(what).encode()).hexdigest()
        self._path = pathlib.Path(lease).parent / f"thingspace_fota_sent_{name}" if lease else None

    @property
    def there(self) -> bool:
        """Whether an earlier task has sent it and does not know what became of it."""
        try:
            return self._path is not None and bool(self._path.stat())
        except FileNotFoundError:
            return False
        except OSError:
            # What cannot be looked at may be there.
            return True

    def write(self) -> None:
        """It is about to be sent. Raises StateError where that cannot be noted: another task of the run might send it again."""
        try:
            if self._path is not None:
                self._path.touch(0o600)
        except OSError as error:
            raise StateError(
                f"Nothing was sent: the folder of this run ({self._path.parent if self._path else ''}) takes no note of it ({error.strerror}). "
                "Make room in it, or let ansible-core use another folder (ANSIBLE_LOCAL_TEMP)."
            ) from None

    def clear(self) -> None:
        """It was not carried out, or what it has made is shown."""
        # A note that stays only keeps the run from sending it again.
        with contextlib.suppress(OSError):
            if self._path is not None:
                self._path.unlink(missing_ok=True)
