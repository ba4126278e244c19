# SPDX-License-Identifier: MIT
"""What a scenario may import."""

from .paths import BuildError, Missing
from .scenario import Scenario

__all__ = ["BuildError", "Missing", "Scenario"]
