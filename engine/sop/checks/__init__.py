"""Checks of structure, one per file; each takes a loaded SOP and gives diagnostics."""

from __future__ import annotations

from typing import Final

from engine.sop.checks import (
    keyed_part,
    step_of_another_line,
    unknown_field,
    unknown_form,
    unknown_role,
    unknown_step,
    unknown_value,
)
from engine.sop.checks.base import Check

CHECKS: Final[tuple[Check, ...]] = (
    unknown_step.CHECK,
    step_of_another_line.CHECK,
    unknown_role.CHECK,
    unknown_form.CHECK,
    unknown_field.CHECK,
    unknown_value.CHECK,
    keyed_part.CHECK,
)
