# SPDX-License-Identifier: MIT
"""Paths, and the error of a build."""

import pathlib

VM = pathlib.Path(__file__).resolve().parents[1]
ROOT = VM.parents[1]
BUILD = ROOT / "build" / "vm"
GUEST = VM / "guest"
USER = VM / "user"
SCENARIOS = VM / "scenarios"


class BuildError(Exception):
    """The output of a build that failed."""


class Missing(Exception):
    """Why a scenario cannot run here."""
