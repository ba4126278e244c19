# SPDX-License-Identifier: MIT
"""Where things lie, and what goes wrong there."""

import pathlib

VM = pathlib.Path(__file__).resolve().parents[1]
ROOT = VM.parents[1]
BUILD = ROOT / "build" / "vm"
GUEST = VM / "guest"
USER = VM / "user"
SCENARIOS = VM / "scenarios"


class BuildError(Exception):
    """What the compiler said."""
