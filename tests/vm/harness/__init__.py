# SPDX-License-Identifier: MIT
"""What a scenario may use."""

from .paths import BuildError
from .scenario import Scenario

__all__ = ["BuildError", "Scenario"]
