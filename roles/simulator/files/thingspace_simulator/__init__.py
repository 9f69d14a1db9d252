# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A stateful model of Verizon ThingSpace FOTA v1, as its documents describe it, on loopback.

Standard library only. ``Simulator`` is the whole Python API; ``python -m thingspace_simulator``
serves the same as a process.
"""

from __future__ import annotations

from .simulator import Simulator

__all__ = ["Simulator"]
