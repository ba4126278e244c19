# SPDX-License-Identifier: MIT
"""What a scenario may import."""

from .paths import BuildError
from .scenario import Scenario

__all__ = ["BuildError", "Scenario"]
