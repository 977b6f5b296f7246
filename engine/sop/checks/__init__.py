"""Checks of structure, one per file; each takes a loaded SOP and gives diagnostics."""

from __future__ import annotations

from typing import Final

from engine.sop.checks import (
    endless_strand,
    incurable,
    keyed_part,
    missing_translation,
    never_told,
    no_acknowledgement,
    no_way_on,
    nobody_acts,
    nobody_responsible,
    pause_and_stay,
    role_not_there,
    step_of_another_line,
    twice_named,
    unknown_action,
    unknown_document,
    unknown_fact,
    unknown_field,
    unknown_form,
    unknown_list,
    unknown_phase,
    unknown_role,
    unknown_step,
    unknown_value,
    unreachable_step,
    unused_name,
    wrong_side,
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
    unknown_fact.CHECK,
    unknown_list.CHECK,
    unknown_phase.CHECK,
    unknown_action.CHECK,
    unknown_document.CHECK,
    twice_named.CHECK,
    unreachable_step.CHECK,
    no_way_on.CHECK,
    endless_strand.CHECK,
    nobody_responsible.CHECK,
    incurable.CHECK,
    missing_translation.CHECK,
    role_not_there.CHECK,
    wrong_side.CHECK,
    nobody_acts.CHECK,
    pause_and_stay.CHECK,
    no_acknowledgement.CHECK,
    never_told.CHECK,
    unused_name.CHECK,
)
