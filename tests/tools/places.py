# Copyright: (c) 2026, thingspace.fota contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things lie. Everything that the tools write is below `.build`."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build"
HOME = BUILD / "home"
CACHE = BUILD / "cache"
VENVS = BUILD / "venvs"
DEMO_VENV = BUILD / "demo-venv"
LOGS = BUILD / "logs"
LAYOUT = BUILD / "layout"
REQUIREMENTS = ROOT / "tests" / "requirements"
TARGETS = ROOT / "tests" / "integration" / "targets"
COLLECTION = Path("ansible_collections") / "thingspace" / "fota"
