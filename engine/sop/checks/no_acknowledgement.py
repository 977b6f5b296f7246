"""SOP311: an acknowledgement is asked of a role that is not responsible for the step, or of nobody."""

from __future__ import annotations

from collections.abc import Iterator

from engine.diagnostics import Diagnostic, Severity
from engine.sop.checks.base import Check, outline
from engine.sop.load import SopFile
from engine.sop.model import AcknowledgedRequirement


def _run(file: SopFile) -> Iterator[Diagnostic]:
    drawn = outline(file)
    for condition in drawn.conditions:
        asked = condition.requirement
        if not isinstance(asked, AcknowledgedRequirement):
            continue
        spot = drawn.by_name.get(asked.acknowledged.of)
        if spot is not None and asked.acknowledged.by not in spot.step.responsible:
            message = f'"{asked.acknowledged.by}" can\'t acknowledge step "{spot.name}": it is not responsible there'
            hint = f"responsible: {', '.join(spot.step.responsible) or 'nobody'}"
            yield Diagnostic("SOP311", message, file.marks.value(condition.path), hint)
    for spot in drawn.spots:
        if spot.step.due is not None and spot.step.due.until is not None and not spot.step.responsible:
            message = (
                f'the deadline of step "{spot.name}" waits for an acknowledgement, and nobody is responsible there'
            )
            yield Diagnostic(
                "SOP311", message, file.marks.value((*spot.path, "due", "until")), "name who is responsible"
            )


_BAD = """\
steps:
  counselling:
    title: {en: Counselling, fr: Conseil}
    responsible: [case_manager]
    forms: [consent]
    actions:
      finish: {to: closed, by: [case_manager], requires: [{acknowledged: {by: receiving_worker, of: counselling}}]}
      stop: {to: closed, by: [case_manager]}
  closed: {end: done, title: {en: Closed, fr: Clos}}
"""

CHECK = Check(
    code="SOP311",
    title="An acknowledgement nobody can give",
    reason="What waits for it would wait for ever.",
    severity=Severity.ERROR,
    bad=_BAD,
    good=_BAD.replace("receiving_worker", "case_manager"),
    run=_run,
)
